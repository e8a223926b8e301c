"""Starting to pay an order, and giving an order up."""

from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from checkout.messages import PaymentBody
from checkout.patience import Patience
from checkout.place import free_cards, purchases_of
from checkout.wiring import Shop
from quanyi.callers import Caller
from quanyi.errors import Conflict, Invalid, KeyReused
from quanyi.orders.changes import closed, ended, let_go, not_made, unpaid, with_payment
from quanyi.orders.model import Order, OrderState, Payment
from quanyi.orders.numbers import payment_number
from quanyi.orders.promise import payable
from quanyi.payments.breaker import Unasked
from quanyi.payments.port import Captured, Created, Intent, Method, NoSuchProvider, NotMade
from quanyi.payments.receipt import book, needs_workflow, try_of

MARGIN = timedelta(seconds=60)
"""A provider's deadline is that much before ours, so that a payment made in time there is in time here."""


def start_payment(
    shop: Shop, caller: Caller, order_id: str, key: str, body: PaymentBody, api_url: str = ""
) -> tuple[Order, Payment]:
    """Opens a payment at a provider and answers the order and the payment; the same key opens it once.

    Only an open try of an order that waits for its money has something to do for the shopper (`action`). Raises
    NotFound, NoSuchProvider, Conflict (paid, expired, cancelled), Invalid (`payer_missing`, `too_late`), KeyReused,
    ProviderUnavailable.
    """
    now = shop.now()
    order = shop.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    payment_id = payment_number(order.id, body.provider, key)
    known = order.payment(payment_id)
    if known is not None and body.method not in ("", known.method):
        raise KeyReused("This Idempotency-Key opened a payment of another method.")
    if known is not None and known.state in ("captured", "closed"):
        return order, known.model_copy(update={"action": {}})
    _must_wait(order, now)
    if known is not None and known.state == "open" and known.action:
        return order, known
    provider, method = shop.providers.choose(body.provider, body.method, order.channel, order.currency)
    if method.needs_payer and not body.payer:
        raise Invalid("This method needs `payer`: the shopper's openid.", reason="payer_missing")
    until = _until(shop, order, method, now)
    expires_at = max(order.expires_at, until) if until else order.expires_at
    payment = (
        known
        if known and known.state == "open"
        else Payment(
            id=payment_id,
            provider=body.provider,
            method=method.name,
            payer=body.payer,
            amount=unpaid(order),
            created_at=now,
            deadline=expires_at - min(MARGIN, (expires_at - now) * 0.2),
        )
    )
    # Ours first: a payment that the provider knows and we don't could be captured without an order to book it on.
    order = shop.orders.change(order, lambda it: _with_try(it, payment, now, until))
    payment = order.payment(payment_id) or payment
    try:
        created = shop.providers.create(provider, _intent(order, payment, caller, body, api_url))
    except (Unasked, NotMade):
        # Nobody can pay it there: it must not keep the order from being cancelled, or from ending in time. A call
        # before this one may have got through.
        if known is None or known.state == "failed":
            shop.orders.change(order, lambda it: not_made(it, payment_id))
        raise
    order = shop.orders.change(order, lambda it: _with_action(it, payment_id, created))
    _must_wait(order, shop.now())
    opened = order.payment(payment_id)
    assert opened
    return order, opened.model_copy(update={"action": created.action})


def _must_wait(order: Order, now: datetime) -> None:
    """Whoever gets a way to pay will use it. Raises Conflict."""
    if order.state != "awaiting_payment" or now >= order.expires_at:
        raise Conflict("This order does not wait for a payment.", state=order.state)


def _with_try(order: Order, payment: Payment, now: datetime, until: datetime | None) -> Order:
    """Over what is unpaid when it is written: money may have come or gone since the order was read."""
    return with_payment(order, payment.model_copy(update={"amount": unpaid(order)}), now, until)


def _until(shop: Shop, order: Order, method: Method, now: datetime) -> datetime | None:
    """Until when an order must wait for a method that its provider cannot close sooner. Granted within the order's own
    payment time only: nobody holds stock for ever by opening one payment after another. Raises Invalid (`too_late`)."""
    if not method.least:
        return None
    until = now + method.least + 2 * MARGIN
    if until <= order.expires_at:
        return None
    if until > order.created_at + timedelta(seconds=shop.payment_seconds) + method.least + 2 * MARGIN:
        raise Invalid("It is too late for this method; choose another or order anew.", reason="too_late")
    return until


def _intent(order: Order, payment: Payment, caller: Caller, body: PaymentBody, api_url: str) -> Intent:
    titles = (line.titles.get(order.language) or next(iter(line.titles.values())) for line in order.lines)
    return Intent(
        payment=payment.id,
        amount=payment.amount,
        currency=order.currency,
        deadline=payment.deadline or order.expires_at,
        title=", ".join(titles)[:100],
        method=payment.method,
        notify_url=f"{api_url}/v1/payments/{payment.provider}/notify",
        return_url=body.return_url,
        payer=payment.payer,
        ip=body.client_ip or caller.ip,
    )


def cancel(shop: Shop, caller: Caller, order_id: str) -> Order:
    """The buyer gives an unpaid order up; its cards are free at once. Raises NotFound, Conflict (paid meanwhile)."""
    order = shop.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    if order.state == "cancelled":
        return order
    if order.state != "awaiting_payment":
        raise Conflict("Only an order that waits for its payment can be cancelled.", state=order.state)
    ended_order = give_up(shop, order, "cancelled", "by the buyer")
    if ended_order.state == "awaiting_payment":
        raise Conflict("A payment provider does not let go of a payment yet; try again.", state=ended_order.state)
    if ended_order.state != "cancelled":
        raise Conflict("The order was paid meanwhile.", state=ended_order.state)
    return ended_order


def give_up(shop: Shop, order: Order, to: OrderState, reason: str, patience: Patience | None = None) -> Order:
    """Closes the payments at their providers, ends the order, then frees what it held, in this order: nobody can pay
    an order whose cards are gone unless the provider lets them, and then the money is booked and sent back.

    A provider that says the money was faster gets it booked instead. An unclear answer changes nothing: try later, but
    not for ever: the order holds its cards.
    """
    patience = patience or Patience()
    shut: list[str] = []
    for payment in order.open_tries:
        answer = patience.ask(payment.provider, partial(_close, shop, order, payment))
        if isinstance(answer, Captured):
            return book(shop.orders, shop.workflow, payment.provider, answer, shop.now(), shop.keyring)
        if answer == "unknown" and payable(payment, shop.now()):
            return order
        shut.append(payment.id)
    cards = [unit.card for unit in order.units if unit.card]
    attempt = order.attempt
    order = shop.orders.change(order, lambda it: _ended(it, to, reason, shut))
    if order.state == to:
        # The cards last: as long as one is held, the sweep comes by it to what broke off here. To an order without a
        # card it comes by the order, which is due until it is let go.
        shop.members.give_back(order.member, purchases_of(order))
        if order.attempt == attempt:
            free_cards(shop, order, cards)
        order = shop.orders.change(order, let_go)
        if needs_workflow(order):
            shop.workflow.start(order)
    return order


def _close(shop: Shop, order: Order, payment: Payment) -> Captured | Literal["closed", "unknown"]:
    try:
        return shop.providers.get(payment.provider).close(try_of(payment, order.currency))
    except NoSuchProvider:
        return "unknown"


def _ended(order: Order, to: OrderState, reason: str, shut: list[str]) -> Order:
    order = closed(order, shut)
    # A payment that was opened meanwhile has to be closed first: the next call does.
    return ended(order, to, reason) if order.state == "awaiting_payment" and not order.open_tries else order


def _with_action(order: Order, payment_id: str, created: Created) -> Order:
    kept = {"reference": created.reference} | ({} if created.fleeting else {"action": created.action})

    def opened(payment: Payment) -> Payment:
        # Another call under the same key may have believed that it was not made.
        open_again = {"state": "open"} if payment.state == "failed" else {}
        return payment.model_copy(update=kept | open_again) if payment.id == payment_id else payment

    return order.model_copy(update={"payments": tuple(map(opened, order.payments))})
