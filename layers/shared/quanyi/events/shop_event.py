"""What every event is."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from quanyi.clock import Timestamp


class ShopEvent(BaseModel):
    """What every event says. Its name, the class's, is the bus's `detail-type`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: Annotated[Literal[1], Field(description="version of this event's form")] = 1
    id: Annotated[str, Field(description="of this event, the same whenever it is sent again")]
    at: Annotated[Timestamp, Field(description="when it was written, in whole seconds")]
