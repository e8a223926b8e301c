"""A supplier's statement of a day against our purchase orders: what is right, what is to be claimed, and what to do.

What was charged for a purchase is its charges less what was given back. What is owed follows from what came in good
order: the supplier's own total where it told one, else the unit cost, for as many cards as were received.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from quanyi.catalog.model import Model
from quanyi.clock import Timestamp
from quanyi.purchases.model import PurchaseOrder

LineKind = Literal[
    "other_amount",
    "charged_for_nothing",
    "charged_for_missing",
    "unknown_charge",
    "other_currency",
    "not_charged",
    "open",
]
HARMLESS: frozenset[LineKind] = frozenset({"not_charged", "open"})
"""Nothing is claimed, and nobody is told: it may still come right."""

WHAT_TO_DO: dict[LineKind, str] = {
    "other_amount": "Compare the price with the supplier's; claim what is above what was agreed.",
    "charged_for_nothing": "It failed or was cancelled, and was charged: claim all of it.",
    "charged_for_missing": "Cards that are missing, were known already or are not valid were charged: claim them.",
    "unknown_charge": "No purchase order of ours: ask the supplier what it is for, and claim it.",
    "other_currency": "It was charged in another currency than agreed: ask the supplier.",
    "not_charged": "It came and is not charged yet: it may stand in the next day's statement.",
    "open": "How it ended is not known yet: compare again once it is.",
}


class Row(Model):
    """A line of a statement (`supply.port.StatementRow`): minor units that were taken, or given back (negative)."""

    purchase: str = ""
    number: str = ""
    amount: int
    currency: str
    at: Timestamp | None = None


class Line(Model):
    """Something that differs. `claim` is what is to be claimed, minor units of the supplier's currency."""

    kind: LineKind
    purchase: str = ""
    number: str = ""
    charged: int = 0
    owed: int = 0
    claim: int = 0


class Comparison(Model):
    """Of one day. `matched` are purchase orders whose charge is right."""

    matched: tuple[str, ...] = ()
    lines: tuple[Line, ...] = Field(default=())

    @property
    def differences(self) -> int:
        return sum(line.kind not in HARMLESS for line in self.lines)

    @property
    def claim(self) -> int:
        return sum(line.claim for line in self.lines)


def owed_for(po: PurchaseOrder) -> int:
    """Minor units, for what came in good order."""
    if po.state in ("failed", "cancelled"):
        return 0
    whole = po.total if po.cost is None else min(po.cost, po.most * po.quantity)
    return whole * po.received // po.quantity


def compared(known: Mapping[str, PurchaseOrder], rows: Sequence[Row], currency: str) -> Comparison:
    """`known` are the supplier's purchase orders of the day, and those that the rows name, by id and by number."""
    charged: dict[str, int] = {}
    lines: list[Line] = []
    by_number = {po.number: po.id for po in known.values() if po.number}
    for row in rows:
        purchase = row.purchase if row.purchase in known else by_number.get(row.number, "")
        if row.currency != currency:
            lines.append(Line(kind="other_currency", purchase=purchase, number=row.number, charged=row.amount))
        elif purchase:
            charged[purchase] = charged.get(purchase, 0) + row.amount
        else:
            over = max(0, row.amount)
            unknown = Line(kind="unknown_charge", purchase=row.purchase, number=row.number)
            lines.append(unknown.model_copy(update={"charged": row.amount, "claim": over}))
    matched: list[str] = []
    for po in sorted(known.values(), key=lambda po: po.id):
        line = _line(po, charged.get(po.id))
        if line:
            lines.append(line)
        elif po.id in charged and po.received:
            matched.append(po.id)
    return Comparison(matched=tuple(matched), lines=tuple(lines))


def _line(po: PurchaseOrder, charged: int | None) -> Line | None:
    if po.is_open:
        return Line(kind="open", purchase=po.id, number=po.number, charged=charged or 0) if po.sent_at else None
    owed = owed_for(po)
    if charged is None:
        return Line(kind="not_charged", purchase=po.id, number=po.number, owed=owed) if owed else None
    if charged == owed:
        return None
    kind: LineKind = "other_amount"
    if not owed:
        kind = "charged_for_nothing"
    elif po.received < po.quantity and charged > owed:
        kind = "charged_for_missing"
    over = max(0, charged - owed)
    return Line(kind=kind, purchase=po.id, number=po.number, charged=charged, owed=owed, claim=over)


def ids_in(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row.purchase for row in rows if row.purchase))
