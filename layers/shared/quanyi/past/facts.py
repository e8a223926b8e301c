"""A past order's facts, in the same words as those of an order of the shop's own (`facts.of_order`): a pure function of
what is known of it, and what is known later has all facts of what was known before.

Their ids begin with `X`: they come from elsewhere, and no order of ours has them.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from quanyi.facts.model import Fact, FactKind
from quanyi.past.model import PastLine, PastOrder

REVENUE = "revenue:@0"
"""Of no tax class: what tax a platform's sales bear is not told by its exports."""
Accounts = dict[str, int]

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
        fields = {"quantity": line.quantity, "amount": line.amount, **_of_line(number, line)}
        yield _fact(order, "sold", order.paid_at, str(number), **fields)
    yield from _entry(order, "paid", order.paid_at, {order.account: order.total, "owed": -order.total}, {})
    if order.delivered_at:
        yield from _delivery(order, order.paid_at, order.delivered_at)
    for number, back in enumerate(order.backs):
        yield _fact(order, "refund_asked", back.at, str(number), amount=back.total, reason=ELSEWHERE)
        goods = {key: {REVENUE: amount, "owed": -amount} for key, amount in back.amounts.items() if back.delivered}
        money = {order.account: -back.total, "owed": back.total}
        yield from _entry(order, f"back{number}", back.at, money, goods)


def _delivery(order: PastOrder, paid_at: datetime, at: datetime) -> Iterator[Fact]:
    """What had gone back before was never delivered."""
    # Where an export tells one moment for both, nobody has waited, and it tells nothing of how long it takes.
    seconds = int((at - paid_at).total_seconds()) if at != paid_at else None
    goods: dict[str, Accounts] = {}
    for number, line in enumerate(order.lines):
        value = line.amount - order.gone_back(line.key, delivered=False)
        if value or not line.amount:
            goods[line.key] = {"owed": value, REVENUE: -value}
            fields = {"quantity": line.quantity, "seconds": seconds, **_of_line(number, line)}
            yield _fact(order, "delivered", at, str(number), **fields)
    yield from _entry(order, "delivered", at, {}, goods)


def _entry(order: PastOrder, name: str, at: datetime, money: Accounts, goods: dict[str, Accounts]) -> Iterator[Fact]:
    """As an entry of a journal is told: what moved for the goods of each line, and the rest; all of it in one where
    there is one line."""
    alone = len(order.lines) == 1
    rest = Counter(money)
    for number, line in enumerate(order.lines):
        moved = goods.get(line.key, {})
        if alone:
            rest.update(moved)
        elif any(moved.values()):
            fields = {"accounts": moved, "reason": name, **_of_line(number, line)}
            yield _fact(order, "posted", at, name, str(number), **fields)
    if left := {account: amount for account, amount in sorted(rest.items()) if amount}:
        of_line = _of_line(0, order.lines[0]) if alone else {}
        yield _fact(order, "posted", at, name, accounts=left, reason=name, **of_line)


def _of_line(number: int, line: PastLine) -> dict[str, Any]:
    return {"line": number, "sku": line.sku, "product": line.product, "category": line.category}


def _fact(order: PastOrder, kind: FactKind, at: datetime, *which: str, **fields: Any) -> Fact:
    common: dict[str, Any] = {"channel": order.channel, "buyer": order.buyer, "currency": order.currency}
    return Fact("#".join((order.id, kind, *which)), kind, at, order.id, **{**common, **fields})
