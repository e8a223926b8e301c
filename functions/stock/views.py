"""What the stock routes answer. A card's view has no field that a secret could be in."""

from typing import Self

from pydantic import Field

from quanyi.batches.model import Batch
from quanyi.cards.model import CardState
from quanyi.clock import NEVER, Timestamp, moment
from quanyi.http import View
from quanyi.money import Money
from quanyi.table import Item


class CardView(View):
    id: str
    state: CardState
    sku: str
    channel: str
    batch: str
    import_id: str | None = None
    line: int | None = None
    expires_at: Timestamp | None = None
    sell_by: Timestamp | None = None
    order: str | None = Field(None, description="The order it was delivered to")
    unit: str | None = None
    held_by: str | None = Field(None, description="The order that holds it")
    hold_until: Timestamp | None = None
    delivered_at: Timestamp | None = None
    revealed_at: Timestamp | None = Field(None, description="When the buyer first saw it")
    changed_by: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, item: Item) -> Self:
        def at(name: str) -> Timestamp | None:
            found = moment(item[name]) if name in item else None
            return None if found == NEVER else found

        return cls(
            id=item["card_id"],
            state=item["state"],
            sku=item["sku"],
            channel=item["channel"],
            batch=item["batch"],
            import_id=item.get("import_id"),
            line=item.get("line"),
            expires_at=at("expires_at"),
            sell_by=at("sell_by"),
            order=item.get("order"),
            unit=item.get("unit"),
            held_by=item["hold"].rpartition("#")[0] if "hold" in item and item["state"] == "reserved" else None,
            hold_until=at("hold_until"),
            delivered_at=at("delivered_at"),
            revealed_at=at("revealed_at"),
            changed_by=item.get("changed_by"),
            reason=item.get("reason"),
        )


class CardPage(View):
    items: list[CardView]
    next: str | None = None


class FoundCards(View):
    """What one pasted secret was; in the order they were pasted, since a secret is never repeated."""

    cards: list[CardView]


class Found(View):
    items: list[FoundCards]


class PageDone(View):
    changed: int
    skipped: int = Field(description="Cards whose state did not allow it, or that were as wanted already")
    next: str | None = Field(None, description="Call again with this as `cursor`; null: the whole batch is done")


class BatchView(View):
    id: str
    sku: str
    supplier: str
    unit_cost: Money
    channel: str | None
    import_id: str | None
    created_at: Timestamp
    size: int | None = Field(
        description="Cards that came in; null while an import still brings some. Of vouchers made on sale: so far"
    )
    counts: dict[str, int] = Field(description="Cards by state")

    @classmethod
    def of(cls, batch: Batch, counts: dict[str, int]) -> Self:
        return cls(
            id=batch.id,
            sku=batch.sku,
            supplier=batch.supplier,
            unit_cost=batch.unit_cost,
            channel=batch.channel,
            import_id=batch.import_id,
            created_at=batch.created_at,
            # Nothing ends a batch of vouchers that are made on sale; and no card ever leaves a batch.
            size=batch.size if batch.size is not None or batch.import_id else sum(counts.values()),
            counts=counts,
        )


class BatchPage(View):
    items: list[BatchView]
    next: str | None = None


class ChannelLevels(View):
    channel: str
    counts: dict[str, int]


class StockLevels(View):
    sku: str
    counts: dict[str, int] = Field(description="Cards by state, all channels together")
    channels: list[ChannelLevels]


class LevelsOfSeveral(View):
    items: list[StockLevels]
