"""Money that a person sends back: whole units, or some of the price of units that stay."""

from datetime import datetime

from aftersales.messages import RefundBody
from aftersales.wiring import Aftersales
from quanyi.callers import Caller
from quanyi.errors import Conflict, Invalid
from quanyi.ids import derived_id
from quanyi.orders.model import Order
from quanyi.orders.refunds import with_allowance, with_refund
from quanyi.orders.returns import Refund
from quanyi.replay import body_hash, must_repeat
from quanyi.risk.refunding import Asking, judge_refund


def refund_order(desk: Aftersales, caller: Caller, order_id: str, key: str, body: RefundBody) -> tuple[Order, Refund]:
    """Decides on a refund, on the order as it stands, and lets the workflow send it: goods first, then the money.

    The same call again answers the same refund, as it is by then. Raises Forbidden, NotFound, KeyReused, Invalid
    (`currency_mismatch`, `amount_too_large`, `line_unknown`), Conflict (`disputed`; units that are refunded already,
    or an order that is not paid), ReviewNeeded, ApprovalUsed, RiskRefused.
    """
    caller.needs("support", "operator")
    if body.despite_risk:
        caller.needs("operator")
    request = derived_id("Q", order_id, caller.key_id, key)
    asked, now = f"{request}:{body_hash(order_id, body=body)}", desk.now()
    order = desk.orders.get(order_id)
    seen = _judge(desk, order, caller, body, asked, now)
    order = desk.orders.change(order, lambda it: _refunding(it, caller, body, asked, now, seen=seen), optional=True)
    desk.let_go_on(order)
    refund = _asked_for(order, asked)
    assert refund
    return order, refund


def _judge(desk: Aftersales, order: Order, caller: Caller, body: RefundBody, asked: str, now: datetime) -> bool:
    """What the shop's rules make of that refund, unless it was made already. Answers whether what it is about had been
    revealed. Raises as they say, and what stands against it anyway."""
    if _asked_for(order, asked):
        return False
    new = _refunding(order, caller, body, asked, now).refunds[-1]
    return judge_refund(desk.risk, desk.cards, order, new, Asking(asked, caller.role, body.despite_risk), now)


def _asked_for(order: Order, asked: str) -> Refund | None:
    """The refund of that request. Raises KeyReused where it was asked for something else."""
    request, _, body = asked.partition(":")
    found = next((refund for refund in order.refunds if refund.asked.partition(":")[0] == request), None)
    if found:
        must_repeat(found.asked.partition(":")[2], body)
    return found


def _refunding(
    order: Order, caller: Caller, body: RefundBody, asked: str, now: datetime, *, seen: bool = False
) -> Order:
    if _asked_for(order, asked):
        return order
    if not order.paid_at:
        raise Conflict("An order that is not paid has nothing to refund.", state=order.state)
    if order.frozen and not body.despite_case:
        raise Conflict("The payment is disputed: it may be taken back too.", reason="disputed", cases=[*order.frozen])
    units = _chosen(order, body)
    if not units:
        raise Conflict("Nothing of this is left to refund.", state=order.state)
    who = {"reason": body.reason, "by": caller.name}
    if body.amount is None:
        order = with_refund(order, units, **who, now=now, of=("waiting", "delivered"), asked=asked)
    elif body.amount.currency != order.currency:
        raise Invalid("The currency is not the order's.", reason="currency_mismatch")
    else:
        order = with_allowance(order, body.amount.amount, units, **who, now=now, asked=asked, seen=seen)
    return order.model_copy(update={"changed_by": caller.name})


def _chosen(order: Order, body: RefundBody) -> list[str]:
    """The units named, and those of the lines that are still there: waiting or delivered, for an amount delivered."""
    unknown = [number for number in body.lines if number >= len(order.lines)]
    if unknown:
        raise Invalid("The order has no such line.", reason="line_unknown", lines=unknown)
    there = ("delivered",) if body.amount else ("waiting", "delivered")
    anything = not body.lines and not body.units
    left = [u.id for u in order.units if u.state in there and (anything or u.line in body.lines)]
    return list(dict.fromkeys([*body.units, *left]))
