"""Starting to pay an order, and giving an order up."""

from datetime import timedelta

from checkout.messages import PaymentBody
from checkout.place import free_cards, purchases_of
from checkout.wiring import Shop
from quanyi.callers import Caller
from quanyi.errors import Conflict
from quanyi.ids import derived_id
from quanyi.orders.changes import ended, with_payment
from quanyi.orders.model import Order, OrderState, Payment
from quanyi.payments.port import Captured, Intent
from quanyi.payments.receipt import book


def start_payment(shop: Shop, caller: Caller, order_id: str, key: str, body: PaymentBody) -> tuple[Order, str]:
    """Opens a payment at a provider and answers the order and the payment's id; the same key opens it once.

    The provider is told an earlier deadline than ours, so that a payment made in time there is in time here.
    Raises NotFound, NoSuchProvider, Conflict (paid, expired, cancelled), ProviderUnavailable.
    """
    now = shop.now()
    provider = shop.providers.choose(body.provider)
    order = shop.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    payment_id = derived_id("P", order.id, body.provider, key)
    if (known := order.payment(payment_id)) is not None and (known.action or known.state != "open"):
        return order, payment_id
    left = order.expires_at - now
    intent = Intent(
        payment=payment_id,
        order=order.id,
        amount=order.total - order.captured,
        currency=order.currency,
        deadline=order.expires_at - min(timedelta(seconds=60), left * 0.2),
        title=", ".join(line.titles.get(order.language) or next(iter(line.titles.values())) for line in order.lines)[
            :100
        ],
    )
    payment = Payment(id=payment_id, provider=body.provider, amount=intent.amount, created_at=now)
    # Ours first: a payment that the provider knows and we don't could be captured without an order to book it on.
    order = shop.orders.change(order, lambda it: with_payment(it, payment, now))
    action = provider.create(intent)
    return shop.orders.change(order, lambda it: _with_action(it, payment_id, action)), payment_id


def cancel(shop: Shop, caller: Caller, order_id: str) -> Order:
    """The buyer gives an unpaid order up; its cards are free at once. Raises NotFound, Conflict (paid meanwhile)."""
    order = shop.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    if order.state == "cancelled":
        return order
    if order.state != "awaiting_payment":
        raise Conflict("Only an order that waits for its payment can be cancelled.", state=order.state)
    ended_order = give_up(shop, order, "cancelled", "by the buyer")
    if ended_order.state != "cancelled":
        raise Conflict("The order was paid meanwhile.", state=ended_order.state)
    return ended_order


def give_up(shop: Shop, order: Order, to: OrderState, reason: str) -> Order:
    """Closes the payments at their providers, ends the order, then frees what it held, in this order: nobody can pay
    an order whose cards are gone unless the provider lets them, and then the money is booked and sent back.

    A provider that says the money was faster gets it booked instead. An unclear answer changes nothing: try later.
    """
    for payment in order.payments:
        if payment.state != "open":
            continue
        answer = shop.providers.get(payment.provider).close(payment.id)
        if isinstance(answer, Captured):
            return book(shop.orders, shop.workflow, payment.provider, answer, shop.now())
        if answer == "unknown":
            return order
    cards = [unit.card for unit in order.units if unit.card]
    attempt = order.attempt
    order = shop.orders.change(order, lambda it: ended(it, to, reason) if it.state == "awaiting_payment" else it)
    if order.state == to:
        if order.attempt == attempt:
            free_cards(shop, order, cards)
        shop.members.give_back(order.member, purchases_of(order))
    return order


def _with_action(order: Order, payment_id: str, action: dict[str, object]) -> Order:
    payments = tuple(p.model_copy(update={"action": action}) if p.id == payment_id else p for p in order.payments)
    return order.model_copy(update={"payments": payments})
