"""A past order's facts, in the same words as those of an order of the shop's own (`facts.of_order`): a pure function of
what is known of it, and what is known later has all facts of what was known before.

Their ids begin with `X`: they come from elsewhere, and no order of ours has them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from quanyi.facts.model import Fact, FactKind
from quanyi.past.model import Back, PastLine, PastOrder

REVENUE = "revenue:@0"
"""Of no tax class: what tax a platform's sales bear is not told by its exports."""
ELSEWHERE = "elsewhere"
"""Why a refund was asked for, as far as it is known here."""


def facts_of(order: PastOrder) -> list[Fact]:
    return list(_facts(order))


def _facts(order: PastOrder) -> Iterator[Fact]:
    units = sum(line.quantity for line in order.lines)
    yield _fact(order, "placed", order.placed_at, quantity=units, amount=order.total)
    if order.paid_at is None:
        return
    for number, line in enumerate(order.lines):
        name, of_line = str(number), _of_line(number, line)
        yield _fact(order, "sold", order.paid_at, name, quantity=line.quantity, amount=line.amount, **of_line)
        yield from _paid(order, order.paid_at, name, line, of_line)
        yield from _delivered(order, order.paid_at, name, line, of_line)
    for number, back in enumerate(order.backs):
        yield _fact(order, "refund_asked", back.at, str(number), amount=back.total, reason=ELSEWHERE)
        yield from _returned(order, number, back)


def _paid(order: PastOrder, at: datetime, name: str, line: PastLine, of_line: dict[str, Any]) -> Iterator[Fact]:
    if line.amount:
        accounts = {order.account: line.amount, "owed": -line.amount}
        yield _fact(order, "posted", at, "paid", name, accounts=accounts, **of_line)


def _delivered(
    order: PastOrder, paid_at: datetime, name: str, line: PastLine, of_line: dict[str, Any]
) -> Iterator[Fact]:
    """What had gone back before was never delivered."""
    if order.delivered_at is None:
        return
    value = line.amount - order.gone_back(line.key, delivered=False)
    if line.amount and not value:
        return
    # Where an export tells one moment for both, nobody has waited, and it tells nothing of how long it takes.
    seconds = int((order.delivered_at - paid_at).total_seconds()) if order.delivered_at != paid_at else None
    at = order.delivered_at
    yield _fact(order, "delivered", at, name, quantity=line.quantity, seconds=seconds, **of_line)
    if value:
        yield _fact(order, "posted", at, "delivered", name, accounts={"owed": value, REVENUE: -value}, **of_line)


def _returned(order: PastOrder, number: int, back: Back) -> Iterator[Fact]:
    for place, line in enumerate(order.lines):
        if amount := back.amounts.get(line.key, 0):
            accounts = {order.account: -amount, REVENUE if back.delivered else "owed": amount}
            which = "back", str(number), str(place)
            yield _fact(order, "posted", back.at, *which, accounts=accounts, **_of_line(place, line))


def _of_line(number: int, line: PastLine) -> dict[str, Any]:
    return {"line": number, "sku": line.sku, "product": line.product, "category": line.category}


def _fact(order: PastOrder, kind: FactKind, at: datetime, *which: str, **fields: Any) -> Fact:
    common: dict[str, Any] = {"channel": order.channel, "buyer": order.buyer, "currency": order.currency}
    return Fact("#".join((order.id, kind, *which)), kind, at, order.id, **common, **fields)
