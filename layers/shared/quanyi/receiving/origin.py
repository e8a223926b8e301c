"""Where cards that arrive come from, and what all of them share."""

from dataclasses import dataclass

from quanyi.catalog.model import CardFormat
from quanyi.money import Money


@dataclass(frozen=True)
class Origin:
    """`import_id` is the import's or the purchase order's: a card that bears it is this delivery's own. `channel` None:
    any channel may sell them."""

    import_id: str
    sku: str
    channel: str | None
    supplier: str
    unit_cost: Money
    format: CardFormat
    issuer: str
    zone: str
    shards: int = 1
