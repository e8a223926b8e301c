"""Every minute: orders whose payment deadline passed, orders whose call died, and cards that no order needs any more.

Each step may be repeated; what it does not finish, the next minute does.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import Any

from checkout.pay import give_up
from checkout.place import free_unrecorded, purchases_of
from checkout.wiring import Shop, shop
from quanyi.cards.model import HELD_SHARDS, hold_name
from quanyi.errors import NotFound
from quanyi.http import log, place
from quanyi.orders.changes import ask_again
from quanyi.orders.model import Order
from quanyi.payments.port import Captured, NoSuchProvider
from quanyi.payments.receipt import book, try_of

AT_MOST = 2000
"""Items a run: the schedule comes again in a minute."""

KEEP = timedelta(hours=1)


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every minute. Answers how many orders and cards it ended and freed."""
    found = sweep(shop())
    log().info("swept", extra=found)
    return found


def sweep(shop: Shop) -> dict[str, int]:
    orders = _each(shop.orders.due("unpaid", shop.now()), lambda order: _sweep_order(shop, order))
    held = (card for shard in range(HELD_SHARDS) for card in shop.cards.held_until(shard, shop.now(), limit=100))
    return {"orders": orders, "cards": _each(held, lambda card: _sweep_card(shop, card))}


def _each(ids: Iterable[str], act: Callable[[str], bool]) -> int:
    """How many acts did something. One that fails is logged and left for the next run; the others go on."""

    def guarded(item: str) -> bool:
        try:
            return act(item)
        except Exception as fault:  # noqa: BLE001 - one item's fault must not stop the others
            log().error("sweep failed", extra={"item": item, "fault": type(fault).__name__, "at": place(fault)})
            return False

    with ThreadPoolExecutor(8) as several:
        return sum(several.map(guarded, islice(ids, AT_MOST)))


def _sweep_order(shop: Shop, order_id: str) -> bool:
    now = shop.now()
    try:
        order = shop.orders.get(order_id)
    except NotFound:
        return False
    if order.state == "placing" and order.due_at and order.due_at <= now:
        free_unrecorded(shop, order)
        shop.members.give_back(order.member, purchases_of(order))
        shop.risk.holds.release(order)
        shop.orders.drop(order)
        return True
    if order.state == "awaiting_payment" and order.expires_at <= now:
        return give_up(shop, order, "expired", "not paid in time").state == "expired"
    if order.state == "awaiting_payment" and order.due_at and order.due_at <= now:
        return _ask(shop, order)
    return False


def _ask(shop: Shop, order: Order) -> bool:
    """Asks the providers about payments that are open for long: a notification can be lost. What was paid is booked."""
    for payment in order.open_tries:
        try:
            answer = shop.providers.get(payment.provider).query(try_of(payment, order.currency))
        except NoSuchProvider:
            continue
        if isinstance(answer, Captured):
            book(shop.orders, shop.workflow, payment.provider, answer, shop.now(), shop.keyring)
            return True
    shop.orders.change(order, lambda it: ask_again(it, shop.now()) if it.state == "awaiting_payment" else it)
    return False


def _sweep_card(shop: Shop, card_id: str) -> bool:
    """Frees a card unless its order still counts on it."""
    now = shop.now()
    card = shop.cards.get(card_id)
    if card is None or card["state"] != "reserved":
        return False
    order = shop.orders.find([card["hold"].split("#")[0]]).get(card["hold"].split("#")[0])
    if order is not None and _counts_on(order, card_id, card["hold"]):
        shop.cards.keep(card_id, hold=card["hold"], until=now + KEEP)
        return False
    return shop.cards.release(card_id, hold=card["hold"])


def _counts_on(order: Order, card_id: str, hold: str) -> bool:
    if order.state in ("expired", "cancelled", "refunded"):
        return False
    return any(
        unit.card == card_id and unit.state in ("waiting", "delivered") and hold == hold_name(order.id, unit.hold or 0)
        for unit in order.units
    )
