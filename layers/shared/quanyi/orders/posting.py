"""One entry of an order's journal; `orders.journal` says which accounts there are and what is posted."""

from pydantic import BaseModel, ConfigDict, Field

from quanyi.clock import Timestamp


class Posting(BaseModel):
    """Accounts and amounts that add up to zero, debit positive; `rev` is the write of the order that it came with."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    rev: int
    at: Timestamp
    lines: dict[str, int]
    parts: dict[str, dict[str, int]] = Field(default_factory=dict)
    """What of `lines` moved for the goods of which line of the order, by its number. Empty where there is one line."""
    came_back: dict[str, int] = Field(default_factory=dict)
    """What of `lines` providers have again of refunds that had arrived: by the accounts alone it could be a payment."""
