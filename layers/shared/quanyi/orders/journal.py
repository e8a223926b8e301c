"""The order's journal: double entries, written with the order itself whenever its money or goods move.

No balance is kept anywhere to be counted up by many writers. What every account holds because of this one order follows
from the order (`balances`); a write posts how that differs from what was posted before, so that the journal, the order
and the fact are one conditional write, and every entry adds up to zero.

Accounts, debit positive, in minor units of the order's currency (another one is named behind the account: `stock:USD`):

    provider:<name>   money that a payment provider holds for the shop
    fees              what providers kept
    owed              to the buyer: units that wait, refunds on their way
    surplus           to the buyer: money that pays for nothing, and advances on an order that is not paid whole
    revenue:<class>@<rate>   delivered units, by tax class and rate in basis points (the price includes the tax)
    stock             what the shop paid for cards that left it
    cost              of cards that buyers have
    loss              of cards whose money went back after somebody had seen them; and what a provider took back beyond
                      what was left of a payment
    supplier          bad cards that were replaced: to be claimed from their suppliers
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from quanyi.orders.model import Line, Order, Unit
from quanyi.orders.posting import Posting


def balances(order: Order) -> dict[str, int]:
    """What each account holds because of this order; they add up to zero in each currency."""
    found: Counter[str] = Counter()
    providers = {payment.id: payment for payment in order.payments}
    for payment in order.payments:
        found[_in(f"provider:{payment.provider}", payment.currency)] += payment.captured - payment.fee
        found[_in("fees", payment.currency)] += payment.fee
    for refund in order.refunds:
        for share in refund.shares:
            if share.state == "succeeded":
                payment = providers[share.payment]
                found[_in(f"provider:{payment.provider}", payment.currency)] -= share.amount + share.excess
                found[_in("loss", payment.currency)] += share.excess
    for payment in order.payments:
        if payment.currency:
            found[_in("surplus", payment.currency)] -= payment.captured - _sent(order, payment.id)
    waiting = sum(unit.value for unit in order.units if unit.state == "waiting") if order.paid_at else 0
    found["owed"] -= waiting + order.going_back
    found["surplus"] -= order.surplus
    for unit in order.units:
        _goods(found, order, unit)
    return {account: amount for account, amount in sorted(found.items()) if amount}


def posted(order: Order, at: datetime) -> Order:
    """The order with one more entry, if anything moved since the last one."""
    lines, parts = _moved(balances(order), (posting.lines for posting in order.journal)), _parts(order)
    if not lines and not parts:
        return order
    posting = Posting(rev=order.rev, at=at, lines=lines, parts=parts, came_back=_came_back(order))
    return order.model_copy(update={"journal": (*order.journal, posting)})


def _came_back(order: Order) -> dict[str, int]:
    """Since the last entry."""
    now: Counter[str] = Counter()
    for payment in order.payments:
        now[_in(f"provider:{payment.provider}", payment.currency)] += payment.came_back
    return _moved(now, (posting.came_back for posting in order.journal))


def _parts(order: Order) -> dict[str, dict[str, int]]:
    """What moved for the goods of each line, where there are several: reports tell products apart by it."""
    if len(order.lines) == 1:
        return {}
    found = {str(number): Counter[str]() for number in range(len(order.lines))}
    for unit in order.units:
        _goods(found[str(unit.line)], order, unit)
    before = {line: [posting.parts.get(line, {}) for posting in order.journal] for line in found}
    return {line: moved for line, now in found.items() if (moved := _moved(now, before[line]))}


def _moved(now: Mapping[str, int], before: Iterable[Mapping[str, int]]) -> dict[str, int]:
    known: Counter[str] = Counter()
    for lines in before:
        known.update(lines)
    moved = {account: now.get(account, 0) - known[account] for account in sorted({*now, *known})}
    return {account: amount for account, amount in moved.items() if amount}


def revenue_account(line: Line) -> str:
    return f"revenue:{line.tax_class}@{line.tax_rate}"


def _goods(found: Counter[str], order: Order, unit: Unit) -> None:
    if unit.state == "delivered":
        found[revenue_account(order.lines[unit.line])] -= unit.value
    has = unit.state == "delivered" or unit.goods in ("out", "lost")
    if unit.cost and has:
        found[_in("loss" if unit.goods == "lost" else "cost", unit.cost_currency)] += unit.cost
        found[_in("stock", unit.cost_currency)] -= unit.cost
    for old in unit.replaced:
        found[_in("supplier", old.cost_currency)] += old.cost
        found[_in("stock", old.cost_currency)] -= old.cost


def _sent(order: Order, payment_id: str) -> int:
    shares = (share for r in order.refunds for share in r.shares if share.payment == payment_id)
    return sum(share.amount for share in shares if share.state == "succeeded")


def _in(account: str, currency: str | None) -> str:
    return f"{account}:{currency}" if currency else account
