"""Selling to another shop's account: the same checkout by another door, paid at once.

An order is asked for under the buyer's key. The key is taken first; then the order is placed as any other, and paid
from the account. Whether it is refused for good or paid for is one item's condition, so that of two copies of a request
that come at once none is told "refused" while the other is charged.
"""

from functools import partial
from json import dumps

from checkout.messages import LineBody, OrderBody
from checkout.pay import MARGIN, give_up
from checkout.place import QuoteOutdated, order_id_of, place_order, price
from checkout.wiring import Shop, Supplying
from quanyi.accounts.declined import Declined
from quanyi.accounts.messages import SupplyOrderBody, SupplyOrderView
from quanyi.accounts.model import Account, Contract, Supplied
from quanyi.accounts.standing import CANCELLED, GAVE_UP, standing, undelivered
from quanyi.callers import Caller
from quanyi.catalog.accounts import AccountInvalid
from quanyi.errors import Busy, Conflict, Invalid, KeyReused, NotFound, NotOnSale, OverLimit, Refusal, SoldOut
from quanyi.http import log
from quanyi.orders.changes import not_made, unpaid, with_payment
from quanyi.orders.model import Order, Payment
from quanyi.orders.numbers import payment_number
from quanyi.orders.pricing import Wanted
from quanyi.orders.refunds import with_refund
from quanyi.payments.account import ACCOUNT
from quanyi.payments.port import Captured, Intent, NotMade
from quanyi.payments.receipt import book, needs_workflow, try_of
from quanyi.risk.refusals import TooManyUnpaid

MOST_UNITS = 1000
"""Of one order; the contract allows for more."""
SOLD = frozenset({"card", "voucher", "topup"})
"""Kinds of SKUs that the contract has words for."""


def supply(
    supplying: Supplying, account: Account, body: SupplyOrderBody, speaks: Contract = "quanyi"
) -> SupplyOrderView:
    """Places an order and charges it to the account, once for its key. Raises Declined (nothing was done for it, and
    nothing will be), Busy (nobody can tell yet)."""
    shop = supplying.shop
    asked = Supplied(
        channel=account.channel,
        key=body.key,
        order=order_id_of(shop, account.channel, _number(body.key)),
        asked=_asked(shop, body),
        code=body.code,
        quantity=body.quantity,
        notify_url=body.notify_url or "",
        speaks=speaks,
        at=shop.now(),
    )
    supplied = supplying.accounts.begin(asked)
    if supplied.refused and supplied.asked in ("", asked.asked):
        raise Declined(supplied.refused)
    if supplied.asked != asked.asked:
        raise Declined("key_reused")
    if not supplied.taken:
        try:
            order = _placed(supplying, account, body)
            _pay(supplying, supplied, order)
        except Declined as declined:
            supplied = supplying.accounts.refuse(supplied, declined.code)
            if supplied.refused:
                _give_back(shop, supplied)
                raise Declined(supplied.refused) from None
            # A copy of this request came further in the same moment.
    else:
        _paid_order(shop, supplied)  # a copy that charged it may have died before it was booked
    return _standing(supplying, supplied)


def stands(supplying: Supplying, account: Account, key: str) -> SupplyOrderView:
    """How an order stands, without its cards. Raises Declined (`not_found`), Busy (it is being placed)."""
    supplied = supplying.accounts.supplied(account.channel, key)
    if supplied is None:
        raise Declined("not_found", key)
    return _standing(supplying, supplied)


def cancel_supplied(supplying: Supplying, account: Account, key: str) -> SupplyOrderView:
    """Gives back what is not delivered, and not being bought; a key that is not known is closed. Answers how the order
    stands then. Raises Busy."""
    shop = supplying.shop
    nothing = Supplied(
        channel=account.channel,
        key=key,
        order=order_id_of(shop, account.channel, _number(key)),
        asked="",
        at=shop.now(),
        refused="cancelled",
    )
    supplied = supplying.accounts.begin(nothing)
    if not supplied.taken:
        supplied = supplying.accounts.refuse(supplied, "cancelled")
    if supplied.refused:
        _give_back(shop, supplied)
        return _standing(supplying, supplied)
    order = _paid_order(shop, supplied)
    if order.paid_at and undelivered(order):
        now, by = shop.now(), f"account:{account.channel}"
        order = shop.orders.change(
            order,
            lambda it: with_refund(it, undelivered(it), reason=CANCELLED, by=by, now=now) if undelivered(it) else it,
        )
        if needs_workflow(order):
            shop.workflow.start(order)
        if order.wait_token:
            shop.workflow.wake(order.wait_token)
    return _standing(supplying, supplied)


def _number(key: str) -> str:
    """Apart from the numbers that the channel's own server gives to orders."""
    return f"supply:{key}"


def _asked(shop: Shop, body: SupplyOrderBody) -> str:
    account = sorted((name, value.reveal()) for name, value in body.account.items())
    return shop.keyring.mac("contact", "supplied", body.code, str(body.quantity), dumps(account))


def _standing(supplying: Supplying, supplied: Supplied) -> SupplyOrderView:
    order = supplying.shop.orders.find([supplied.order]).get(supplied.order)
    view = standing(supplied, order)
    if view is None:
        raise Busy("this very order is being placed")
    return view


def _placed(supplying: Supplying, account: Account, body: SupplyOrderBody) -> Order:
    """Raises Declined, Busy."""
    shop, now = supplying.shop, supplying.shop.now()
    shared_too = _may_buy(supplying, account)
    if body.currency != account.currency:
        raise Declined("other_currency")
    if body.quantity > MOST_UNITS:
        raise Declined("bad_quantity")
    try:
        priced = price(shop, account.channel, [Wanted(body.code, body.quantity)], now)
        if priced.lines[0].kind not in SOLD or not priced.total:
            raise Declined("not_on_sale")
        if priced.currency != account.currency:
            raise Declined("other_currency")
        if priced.lines[0].unit_price > body.most:
            raise Declined("price_above_most")
        caller = Caller(
            role="storefront", key_id=f"account:{account.channel}", channel=account.channel, shared_too=shared_too
        )
        order = place_order(shop, caller, _number(body.key), _shop_order(body), resold=True)
    except Busy:
        raise
    except QuoteOutdated:
        raise Busy("the SKU changed while it was being ordered") from None
    except Refusal as refusal:
        raise Declined(_word(refusal)) from None
    # It was placed at the price of that moment, which may be another than that a moment before.
    if order.lines[0].unit_price > body.most:
        raise Declined("price_above_most")
    return order


def _may_buy(supplying: Supplying, account: Account) -> bool:
    """Answers whether the channel may sell from shared stock. Raises Declined."""
    try:
        channel = supplying.channels.channel(account.channel)
    except NotFound:
        raise Declined("account_disabled") from None
    if not (account.enabled and channel.enabled):
        raise Declined("account_disabled")
    return channel.shared_too


def _shop_order(body: SupplyOrderBody) -> OrderBody:
    """Each is a member of its own: what is sealed for one order is erased with it, and a limit per buyer is one for
    each order."""
    line = LineBody(sku=body.code, quantity=body.quantity, accounts=(body.account,) if body.account else ())
    return OrderBody(lines=[line], member=body.key)


def _word(refusal: Refusal) -> str:
    match refusal:
        case SoldOut():
            return "sold_out"
        case NotOnSale():
            return "not_on_sale"
        case OverLimit():
            return "bad_quantity"
        case AccountInvalid():
            return "bad_account"
        case KeyReused():
            return "key_reused"
        case TooManyUnpaid():
            return "too_many_requests"
        case Invalid():
            return "bad_quantity" if "too_many" in str(refusal.extra.get("reason")) else "invalid_request"
        case _:
            return refusal.code


def _pay(supplying: Supplying, supplied: Supplied, order: Order) -> None:
    """Charges the account and books it. Raises Declined, Busy. Once the account is charged it raises Busy at most: what
    was not booked then, the sweep books."""
    shop, now = supplying.shop, supplying.shop.now()
    if order.paid_at:
        return
    number = payment_number(order.id, ACCOUNT, "")
    deadline = order.expires_at - min(MARGIN, (order.expires_at - now) * 0.2)
    payment = Payment(id=number, provider=ACCOUNT, amount=order.total, created_at=now, deadline=deadline)
    try:
        order = shop.orders.change(
            order, lambda it: with_payment(it, payment.model_copy(update={"amount": unpaid(it)}), now)
        )
    except Conflict:  # its time was over, or a copy of this request has paid it
        if shop.orders.get(order.id).paid_at:
            return
        raise Declined(GAVE_UP) from None
    payment = order.payment(number) or payment
    try:
        shop.providers.get(ACCOUNT).create(
            Intent(payment=number, amount=payment.amount, currency=order.currency, deadline=deadline, title="")
        )
    except NotMade as refused:
        shop.orders.change(order, partial(not_made, payment_id=number))
        why = refused.extra.get("reason")
        raise Declined(str(why) if why in ("no_balance", "account_disabled") else GAVE_UP) from None
    _booked(shop, order)


def _booked(shop: Shop, order: Order) -> Order:
    """Books what the account was charged. A charge that does not fit its order is a person's to look at."""
    payment = order.payment(payment_number(order.id, ACCOUNT, ""))
    taken = payment and shop.providers.get(ACCOUNT).query(try_of(payment, order.currency))
    if not isinstance(taken, Captured):
        return order
    try:
        return book(shop.orders, shop.workflow, ACCOUNT, taken, shop.now())
    except Busy:
        raise
    except Refusal as refusal:
        log().error("a charge is not booked", extra={"order": order.id, "code": refusal.code})
        return order


def _paid_order(shop: Shop, supplied: Supplied) -> Order:
    """Of one that the account was charged for: with that booked."""
    order = shop.orders.get(supplied.order)
    return order if order.paid_at else _booked(shop, order)


def _give_back(shop: Shop, supplied: Supplied) -> None:
    """What an order that is refused for good still holds. The sweep does it too."""
    order = shop.orders.find([supplied.order]).get(supplied.order)
    if order is not None and order.state == "awaiting_payment":
        give_up(shop, order, "cancelled", "refused to its buyer")
