"""Sending a purchase, once in its life, and asking about it any number of times."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from quanyi.errors import Conflict, NotFound
from quanyi.ids import new_id
from quanyi.orders.accounts import opened
from quanyi.orders.buying import being_bought
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order
from quanyi.purchases.changes import cancelled, sent, unsent
from quanyi.purchases.model import PurchaseOrder
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.vault.sealing import Tampered
from reorder.applying import apply
from reorder.taking import take
from reorder.wiring import Buying

HELD_AGAIN = timedelta(minutes=10)
GONE = port.Answer("unknown", reason="supplier_gone")


def send(buying: Buying, po: PurchaseOrder, account: Mapping[str, Secret] | None = None) -> PurchaseOrder:
    """Sends an approved purchase, if nobody else has, and answers it as it stands then. `account` is whom a top-up is
    for, by the supplier's own names. Raises Busy."""
    try:
        supplier, adapter = buying.supplier(po.supplier)
    except (NotFound, Conflict) as refusal:
        return _unsent(buying, po, refusal.code)
    if not supplier.enabled:
        return _unsent(buying, po, "supplier_disabled")
    sender = new_id("", buying.draw)
    try:
        po = buying.purchases.change(po, lambda it: sent(it, sender, buying.now()))
    except Conflict:
        return buying.purchases.get(po.id)
    wanted: dict[str, Any] = {
        "purchase": po.id,
        "code": po.code,
        "quantity": po.quantity,
        "most": po.most,
        "currency": po.currency,
        "notify_url": supplier.notify_url,
        "at": buying.now(),
    }
    if po.purpose == "topup":
        answer = adapter.recharge(port.Recharge(**wanted, account=account or {}))
    else:
        answer = adapter.order(port.Wanted(**wanted))
    return take(buying, po, supplier, answer)


def ask(buying: Buying, po: PurchaseOrder) -> PurchaseOrder:
    """Asks the supplier how a purchase that was sent stands, and applies what comes of it. Raises Busy."""
    if po.sent_at is None:
        return po
    try:
        supplier, adapter = buying.supplier(po.supplier)
    except (NotFound, Conflict):  # deleted, or without credentials: nobody can be asked, and a person must hear of it
        return take(buying, po, None, GONE)
    return take(buying, po, supplier, adapter.query(port.Asked(po.id, po.number, po.purpose == "topup", po.sent_at)))


def send_for_order(buying: Buying, po: PurchaseOrder) -> PurchaseOrder:
    """Sends what is bought for a buyer's order, once the order says that it is being bought. What nobody waits for any
    more is cancelled. Raises Busy."""
    try:
        order = buying.orders.get(po.order)
        if order.risk == "refused" or not _is_waited_for(order, po):
            return _call_off(buying, po, "nobody_waits")
        if is_held(order, buying.now()):
            again = buying.now() + HELD_AGAIN
            return buying.purchases.change(po, lambda it: it.model_copy(update={"due_at": again}))
        order = buying.orders.change(order, lambda it: being_bought(it, po.units, po.id))
        if not all(order.unit(unit).purchase == po.id for unit in po.units):
            return _call_off(buying, po, "nobody_waits")
        account = _account(buying, order, po) if po.purpose == "topup" else None
    except (NotFound, Tampered):
        return _call_off(buying, po, "account_gone")
    return send(buying, po, account)


def _is_waited_for(order: Order, po: PurchaseOrder) -> bool:
    """By whoever still pays for it: a provider may have taken the money back meanwhile."""
    return any(order.unit(unit).state == "waiting" and order.unit(unit).value > 0 for unit in po.units)


def pursue(buying: Buying, po: PurchaseOrder) -> PurchaseOrder:
    """Does what is next for a purchase that was approved. Raises Busy."""
    if po.under_way:
        return ask(buying, po)
    if po.state == "approved" and po.order:
        return send_for_order(buying, po)
    return apply(buying, po)


def _unsent(buying: Buying, po: PurchaseOrder, reason: str) -> PurchaseOrder:
    """A definite failure: its supplier never heard of it, and never will."""
    return apply(buying, buying.purchases.change(po, lambda it: unsent(it, reason, buying.now())))


def _call_off(buying: Buying, po: PurchaseOrder, reason: str) -> PurchaseOrder:
    try:
        po = buying.purchases.change(po, lambda it: cancelled(it, "system", reason, buying.now()))
    except Conflict:
        return buying.purchases.get(po.id)  # somebody has sent it
    return apply(buying, po)


def _account(buying: Buying, order: Order, po: PurchaseOrder) -> Mapping[str, Secret]:
    """By the supplier's names. Raises NotFound when the member was erased, and the account with them, Tampered when it
    cannot be read."""
    account = opened(order, order.unit(po.units[0]), buying.members.data_key(order.member))
    return {po.fields.get(name, name): Secret(value) for name, value in account.values.items()}
