"""What all parts of an order's document are: frozen, and deaf to fields that a later version wrote."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
