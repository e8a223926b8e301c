"""What a function learns from its environment: small frozen models, read once, on first use."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Subclass it with the names a function needs; `read()` fills `orders_table` from `ORDERS_TABLE`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str = "production"
    shop_time_zone: str = "Asia/Shanghai"

    @classmethod
    def read(cls) -> Self:
        """Raises pydantic's ValidationError naming the variables that are missing."""
        return cls.model_validate({name.lower(): value for name, value in os.environ.items() if value != ""})
