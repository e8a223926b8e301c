"""The backlog: paid units that wait for stock, first come first served, a queue per SKU in the orders table.

    BACKLOG#<sku>    <paid at>#<order>#<unit>

An arriving card is put straight into the hold of the head of the queue, never into the pool first, so that no new
buyer can overtake. `give` then writes the card onto the entry; the table's stream wakes the order.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from quanyi.cards.model import SHARED, NewCard, held_attributes, hold_name
from quanyi.clock import stamp
from quanyi.orders.model import Order
from quanyi.table import ConditionFailed, Item, Table

UNSERVED = "attribute_exists(pk) AND attribute_not_exists(card)"


@dataclass(frozen=True)
class Entry:
    """One waiting unit. `attempt` names the hold that a card for it goes into."""

    sku: str
    place: str
    order: str
    unit: str
    attempt: int
    channel: str
    card: str | None = None

    def serves(self, card_channel: str) -> bool:
        """A shared card serves everybody, an allocated one its channel."""
        return card_channel in (SHARED, self.channel)


@dataclass(frozen=True)
class Backlog:
    """`table` is the orders table."""

    table: Table

    def join(self, order: Order, unit_id: str) -> None:
        """Queues a paid unit; harmless when it waits already (its place stays). What an earlier wait of the unit left
        behind, for a card that was bad, is replaced."""
        assert order.paid_at
        unit = order.unit(unit_id)
        item = {
            **_key(unit.sku, f"{stamp(order.paid_at)}#{order.id}#{unit_id}"),
            "v": 1,
            "order": order.id,
            "unit": unit_id,
            "attempt": order.attempt,
            "channel": order.channel,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            if failed.item.get("card") in [old.card for old in unit.replaced]:
                self.table.put(item, condition="card = :bad", bad=failed.item["card"])

    def leave(self, order: Order, unit_id: str) -> None:
        """The unit waits no longer. Harmless when repeated."""
        assert order.paid_at
        self.table.delete(_key(order.unit(unit_id).sku, f"{stamp(order.paid_at)}#{order.id}#{unit_id}"))

    def waiting(self, sku: str, limit: int) -> list[Entry]:
        """The head of the queue: entries that have no card yet, oldest first. Consistent."""
        found = self.table.query_all(
            "pk = :pk", pk=f"BACKLOG#{sku}", limit=100, consistent=True, filter="attribute_not_exists(card)"
        )
        return [entry_of(item) for item in islice(found, limit)]

    def give(self, entry: Entry, card_id: str) -> bool:
        """Writes the card onto the entry; False when the unit waits no longer or has a card: release it then."""
        try:
            self.table.update(_key(entry.sku, entry.place), "SET card = :card", condition=UNSERVED, card=card_id)
        except ConditionFailed as failed:
            return failed.item.get("card") == card_id
        return True


def held_for(entry: Entry, card: NewCard, until: datetime) -> dict[str, object]:
    """Attributes that put a new card into the entry's hold instead of its pool (for `CardsTable.insert`)."""
    return held_attributes(card.card_id, hold_name(entry.order, entry.attempt), until)


def entry_of(item: Item) -> Entry:
    return Entry(
        sku=item["pk"].removeprefix("BACKLOG#"),
        place=item["sk"],
        order=item["order"],
        unit=item["unit"],
        attempt=item["attempt"],
        channel=item["channel"],
        card=item.get("card"),
    )


def _key(sku: str, place: str) -> dict[str, str]:
    return {"pk": f"BACKLOG#{sku}", "sk": place}
