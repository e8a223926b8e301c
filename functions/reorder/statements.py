"""Suppliers' statements against our purchase orders: compared by night where the supplier has an API for it, and when a
person sends its lines. What is right becomes `reconciled`, what is to be claimed stands on the purchase order.

    STATEMENT#<supplier>   <day>   the comparison, as it was last made
"""

from datetime import date, datetime, timedelta
from typing import Any

from quanyi.alerts.model import Finding
from quanyi.callers import Caller
from quanyi.claims.table import ChargeBacks
from quanyi.clock import end_of_day, stamp
from quanyi.errors import NotFound, Refusal
from quanyi.http import log
from quanyi.money import Money
from quanyi.purchases.changes import reconciled
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.statement import Comparison, Row, compared, ids_in
from quanyi.purchases.table import LISTED, LISTED_INDEX, from_item
from quanyi.supply import port
from quanyi.supply.table import SuppliersTable
from quanyi.table import Item
from reorder.statement_messages import StatementBody, StatementView
from reorder.telling import tell
from reorder.wiring import Buying

BEFORE = timedelta(days=3)
"""A purchase was made so long before it was sent at most, to be looked for by its day."""
MOST_LINES = 500
"""That are kept; all are counted, and claimed."""


def compare(buying: Buying, caller: Caller, body: StatementBody) -> StatementView:
    """Compares the lines that were sent, or that the supplier's API tells. The same again is harmless.

    Raises NotFound (supplier), NotOffered (it tells none: send its lines), NoAnswer."""
    caller.needs("operator")
    rows = told_by(buying, body.supplier, body.day) if body.rows is None else [row.to_row() for row in body.rows]
    return keep(buying, body.supplier, body.day, rows, caller.name)


def kept(buying: Buying, caller: Caller, supplier: str, day: date) -> StatementView:
    """Raises NotFound."""
    caller.needs("operator", "support", "analyst")
    item = buying.purchases.table.get(statement_key(supplier, day))
    if item is None:
        raise NotFound("statement")
    return StatementView.of(item, bad_cards(buying, supplier, day))


def compare_all(buying: Buying, suppliers: SuppliersTable, day: date) -> int:
    """Of every supplier that tells its statement; answers how many. One that does not answer is another night's."""
    done = 0
    for supplier in suppliers.every():
        try:
            _, adapter = buying.supplier(supplier.id)
            if "statement" not in adapter.abilities:
                continue
            keep(buying, supplier.id, day, told_by(buying, supplier.id, day), "system")
            done += 1
        except Refusal as refusal:
            log().warning("no statement", extra={"supplier": supplier.id, "code": refusal.code})
    return done


def told_by(buying: Buying, supplier: str, day: date) -> list[Row]:
    """Raises NotFound, NotOffered, NoAnswer."""
    _, adapter = buying.supplier(supplier)
    if "statement" not in adapter.abilities:
        raise port.NotOffered("This supplier tells no statement: send its lines along.")
    return [
        Row(purchase=row.purchase, number=row.number, amount=row.amount, currency=row.currency, at=row.at)
        for row in adapter.statement(day.isoformat())
        if row.kind != "other"
    ]


def keep(buying: Buying, supplier_id: str, day: date, rows: list[Row], by: str) -> StatementView:
    """Compares, writes what follows onto the purchase orders, then the comparison, then tells. Repeatable."""
    supplier, _ = buying.supplier(supplier_id)
    known = _of_day(buying, supplier_id, day)
    named = buying.purchases.find(ids_in(rows))
    known |= {po.id: po for po in named.values() if po.supplier == supplier_id}
    found = compared(known, rows, supplier.currency)
    for purchase in found.matched:
        po = buying.purchases.change(purchase, lambda it: _reconciled(it, day.isoformat(), by))
        tell(buying, po)
    for line in found.lines:
        if line.purchase in known and line.claim:
            buying.purchases.change(line.purchase, lambda it, claim=line.claim: _claimed(it, claim, by))
    item = _item(buying, supplier_id, supplier.currency, day, found, len(rows), by)
    buying.purchases.table.put(item)
    _tell(buying, supplier_id, supplier.currency, day, found)
    return StatementView.of(item, bad_cards(buying, supplier_id, day))


def bad_cards(buying: Buying, supplier: str, day: date) -> list[Money]:
    """What each card cost that was found bad that day, and is to be credited (`/v1/admin/charge-backs`)."""
    first, last = _moments(buying, day)
    charges = ChargeBacks(buying.purchases.table)
    return [found.cost for found, _ in charges.between(first, last, supplier, limit=None)]


def statement_key(supplier: str, day: date) -> dict[str, str]:
    return {"pk": f"STATEMENT#{supplier}", "sk": day.isoformat()}


def _reconciled(po: PurchaseOrder, day: str, by: str) -> PurchaseOrder:
    if po.state == "reconciled" or not po.applied:
        return po
    return reconciled(po, day, by).model_copy(update={"claim": 0})


def _claimed(po: PurchaseOrder, claim: int, by: str) -> PurchaseOrder:
    return po if po.claim == claim else po.model_copy(update={"claim": claim, "changed_by": by})


def _of_day(buying: Buying, supplier: str, day: date) -> dict[str, PurchaseOrder]:
    """Those that were sent that day, by the shop's clock."""
    first, last = _moments(buying, day)
    items = buying.purchases.table.query_all(
        "#list = :list AND listed BETWEEN :first AND :last",
        index=LISTED_INDEX,
        filter="supplier = :supplier",
        list=LISTED,
        first=stamp(first - BEFORE),
        last=stamp(last),
        supplier=supplier,
    )
    found = (from_item(item) for item in items)
    return {po.id: po for po in found if po.sent_at and first <= po.sent_at < last}


def _moments(buying: Buying, day: date) -> tuple[datetime, datetime]:
    """The day's first moment, and the first one after it."""
    return end_of_day(f"{day - timedelta(days=1)}", buying.zone), end_of_day(f"{day}", buying.zone)


def _item(buying: Buying, supplier: str, currency: str, day: date, found: Comparison, rows: int, by: str) -> Item:
    return {
        **statement_key(supplier, day),
        "v": 1,
        "supplier": supplier,
        "currency": currency,
        "day": day.isoformat(),
        "compared_at": stamp(buying.now()),
        "compared_by": by,
        "rows": rows,
        "matched": len(found.matched),
        "differences": found.differences,
        "claim": found.claim,
        "lines": [line.model_dump() for line in found.lines[:MOST_LINES]],
    }


def _tell(buying: Buying, supplier: str, currency: str, day: date, found: Comparison) -> None:
    subject, now = f"{supplier}#{day}", buying.now()
    if not found.differences:
        buying.alerts.recover("statement_differs", subject, now)
        return
    facts: dict[str, Any] = {"supplier": supplier, "day": f"{day}", "differences": found.differences}
    facts |= {"claim": found.claim, "currency": currency} if found.claim else {}
    buying.alerts.raise_(Finding(kind="statement_differs", subject=subject, severity="warning", facts=facts), now)
