"""Every minute: orders whose payment deadline passed, orders whose call died, and cards that no order needs any more.

Each step may be repeated; what it does not finish, the next minute does. Cards come first: they ask nobody but our own
tables, so that no payment provider can keep them from buyers.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, Literal

from checkout.patience import Patience
from checkout.pay import give_up
from checkout.place import free_unrecorded, purchases_of
from checkout.wiring import Shop, shop
from quanyi.cards.model import HELD_SHARDS, hold_name
from quanyi.errors import NotFound
from quanyi.http import log, place
from quanyi.orders.changes import ask_again, close_again, let_go
from quanyi.orders.model import Order, Payment
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


def sweep(shop: Shop, monotonic: Callable[[], float] = time.monotonic) -> dict[str, int]:
    held = (card for shard in range(HELD_SHARDS) for card in shop.cards.held_until(shard, shop.now(), limit=100))
    cards = _each(held, lambda card: _sweep_card(shop, card))
    patience = Patience(monotonic)
    orders = _each(shop.orders.due("unpaid", shop.now()), lambda order: _sweep_order(shop, patience, order))
    return {"orders": orders, "cards": cards}


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


def _sweep_order(shop: Shop, patience: Patience, order_id: str) -> bool:
    now = shop.now()
    if patience.over:
        return False
    try:
        order = shop.orders.get(order_id)
    except NotFound:
        return False
    if order.due_at is None or order.due_at > now:
        return False
    if order.state == "placing":
        free_unrecorded(shop, order)
        shop.members.give_back(order.member, purchases_of(order))
        shop.risk.holds.release(order)
        shop.orders.drop(order)
        return True
    if order.state in ("expired", "cancelled"):
        # Whoever ended it broke off before its purchases were given back.
        shop.members.give_back(order.member, purchases_of(order))
        shop.orders.change(order, let_go)
        return True
    if order.state != "awaiting_payment":
        return False
    if order.expires_at > now:
        return _ask(shop, patience, order)
    order = give_up(shop, order, "expired", "not paid in time", patience)
    if order.open_tries and not patience.over:
        # Behind the others, or orders of a provider that is down would be all that a run gets to.
        shop.orders.change(order, lambda it: close_again(it, now))
    return order.state == "expired"


def _ask(shop: Shop, patience: Patience, order: Order) -> bool:
    """Asks the providers about payments that are open for long: a notification can be lost. What was paid is booked."""
    for payment in order.open_tries:
        answer = patience.ask(payment.provider, partial(_query, shop, order, payment))
        if isinstance(answer, Captured):
            book(shop.orders, shop.workflow, payment.provider, answer, shop.now(), shop.keyring)
            return True
    if patience.over:
        return False
    shop.orders.change(order, lambda it: ask_again(it, shop.now()) if it.state == "awaiting_payment" else it)
    return False


def _query(shop: Shop, order: Order, payment: Payment) -> Captured | Literal["open", "closed", "unknown"]:
    try:
        return shop.providers.get(payment.provider).query(try_of(payment, order.currency))
    except NoSuchProvider:
        return "unknown"


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
    if order is not None and order.state in ("expired", "cancelled"):
        # Whoever ended it broke off before its cards were free, perhaps before its purchases were given back.
        shop.members.give_back(order.member, purchases_of(order))
    return shop.cards.release(card_id, hold=card["hold"])


def _counts_on(order: Order, card_id: str, hold: str) -> bool:
    if order.state in ("expired", "cancelled", "refunded"):
        return False
    return any(
        unit.card == card_id and unit.state in ("waiting", "delivered") and hold == hold_name(order.id, unit.hold or 0)
        for unit in order.units
    )
