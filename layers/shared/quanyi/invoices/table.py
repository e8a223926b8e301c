"""Where invoices live: beside their order, on the orders table.

    ORDER#<id>   INVOICE    the order's invoice; `due` is `invoices#<state>` while it waits for the shop

Those that wait are found by the index that sweeps use, oldest first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quanyi.clock import stamp
from quanyi.errors import Busy, Malformed
from quanyi.invoices.model import OPEN, Invoice, OpenState
from quanyi.orders.table import DUE_INDEX
from quanyi.table import ConditionFailed, Item, Table, decode_cursor, encode_cursor

UNCHANGED = "rev = :seen"
NEW = "attribute_not_exists(pk)"
_CURSOR = ("pk", "sk", "due", "due_at")


@dataclass(frozen=True)
class InvoicesTable:
    """`table` is the orders table."""

    table: Table

    def get(self, order_id: str) -> Invoice | None:
        """Consistent."""
        item = self.table.get(_key(order_id))
        return Invoice.model_validate(item) if item else None

    def find(self, order_ids: Sequence[str]) -> dict[str, Invoice]:
        """By order."""
        items = self.table.get_many([_key(order_id) for order_id in order_ids])
        return {item["order"]: Invoice.model_validate(item) for item in items}

    def change(
        self, order_id: str, decide: Callable[[Invoice | None], Invoice | None], tries: int = 10
    ) -> Invoice | None:
        """Applies `decide` until its answer is written against an unchanged invoice; an equal answer writes nothing.
        Whatever `decide` raises goes through; contention that does not end is Busy."""
        current = self.get(order_id)
        for _ in range(tries):
            wanted = decide(current)
            if wanted is None or wanted == current:
                return wanted
            written = wanted.model_copy(update={"rev": wanted.rev + 1})
            try:
                if current:
                    self.table.put(_item(written), condition=UNCHANGED, seen=current.rev)
                else:
                    self.table.put(_item(written), condition=NEW)
            except ConditionFailed as failed:
                current = Invoice.model_validate(failed.item) if failed.item else None
            else:
                return written
        raise Busy("the invoice is contended")

    def waiting(self, state: OpenState, limit: int, cursor: str | None = None) -> tuple[list[str], str | None]:
        """Orders whose invoice waits in that state, longest first, and the cursor that goes on. A hint: read the
        invoice before showing it. Raises Malformed (cursor)."""
        start = decode_cursor(cursor, _CURSOR)
        if start and (start["due"] != _due(state) or start["sk"] != "INVOICE"):
            raise Malformed("The cursor is of another list.")
        page = self.table.query("due = :due", index=DUE_INDEX, limit=limit, start=start, due=_due(state))
        return [item["pk"].removeprefix("ORDER#") for item in page.items], encode_cursor(page.next)


def _key(order_id: str) -> dict[str, str]:
    return {"pk": f"ORDER#{order_id}", "sk": "INVOICE"}


def _due(state: OpenState) -> str:
    return f"invoices#{state}"


def _item(invoice: Invoice) -> Item:
    item: Item = invoice.model_dump(mode="json", exclude={"sealed"}, exclude_defaults=True)
    item |= {**_key(invoice.order), "v": invoice.v, "rev": invoice.rev, "state": invoice.state}
    item["sealed"] = invoice.sealed
    for state in OPEN:
        if invoice.state == state:
            item |= {"due": _due(state), "due_at": stamp(invoice.since)}
    return item
