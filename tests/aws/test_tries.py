"""Opening ways to pay an order: only while it waits for money, and what becomes of those that were never opened."""

from datetime import timedelta
from typing import NoReturn

import pytest

from checkout.messages import PaymentBody
from checkout.pay import start_payment
from quanyi.errors import Conflict
from quanyi.payments.breaker import Unasked
from quanyi.payments.port import NotMade, ProviderUnavailable, TakenBack
from quanyi.payments.receipt import book_taken_back
from tests.aws.market import SITE, Market
from tests.aws.psp import Psp
from tests.aws.test_money import PRICE, hear, market, opened, psp, same_books

__all__ = ["market", "psp"]


@pytest.mark.parametrize("fault", [Unasked("paused"), NotMade("too little")], ids=["paused", "refused"])
def test_a_try_that_its_provider_never_heard_of_keeps_nothing_waiting(
    market: Market, psp: Psp, fault: Exception
) -> None:
    """While the provider is down: it cannot be asked about what it never got."""
    first, second = market.place(), market.place()
    create, psp.create = psp.create, lambda intent: raising(fault)  # type: ignore[method-assign]
    for order in (first, second):
        for key in ("p1", "p2"):
            with pytest.raises(type(fault)):
                opened(market, order, key)
    psp.create, psp.down = create, True  # type: ignore[method-assign]
    assert {p.state for p in market.order(first).payments} == {"failed"}
    assert market.cancel(first).state == "cancelled"
    psp.down = False
    hear(market, psp.pay(opened(market, second), PRICE))
    market.run()
    assert same_books(market, psp, second).state == "fulfilled"


def test_a_try_that_a_call_before_had_sent_stays_open(market: Market, psp: Psp) -> None:
    order = market.place()
    create = psp.create
    psp.create = lambda intent: (create(intent), raising(ProviderUnavailable("the reply is lost")))[0]  # type: ignore[method-assign]
    with pytest.raises(ProviderUnavailable):
        opened(market, order)
    psp.create = lambda intent: raising(Unasked("paused"))  # type: ignore[method-assign]
    with pytest.raises(Unasked):
        opened(market, order)
    assert [p.state for p in market.order(order).payments] == ["open"]
    market.cancel(order)
    assert set(psp.tries.values()) == {"closed"}


def test_a_paid_or_ended_order_hands_out_no_way_to_pay(market: Market, psp: Psp) -> None:
    order = market.place()
    body = PaymentBody(provider="psp")
    (one, two) = (start_payment(market.shop, SITE, order.id, key, body)[1] for key in ("p1", "p2"))
    assert start_payment(market.shop, SITE, order.id, "p2", body)[1] == two
    hear(market, psp.pay(one.id, PRICE))
    answered = start_payment(market.shop, SITE, order.id, "p1", body)[1]
    assert (answered.id, answered.state, answered.action) == (one.id, "captured", {})
    with pytest.raises(Conflict):
        start_payment(market.shop, SITE, order.id, "p2", body)
    other = market.place()
    start_payment(market.shop, SITE, other.id, "p1", body)
    market.later(minutes=15)
    with pytest.raises(Conflict):
        start_payment(market.shop, SITE, other.id, "p1", body)


def test_an_order_that_is_paid_while_a_try_is_opened_hands_it_out_to_nobody(market: Market, psp: Psp) -> None:
    order = market.place()
    one = opened(market, order)
    create = psp.create
    psp.create = lambda intent: (hear(market, psp.pay(one, PRICE)), create(intent))[1]  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        opened(market, order, "p2")
    market.run()
    assert set(psp.tries.values()) == {"captured", "closed"}
    assert same_books(market, psp, order).settled


def test_another_slow_payment_within_what_the_order_waits_anyhow(market: Market, psp: Psp) -> None:
    order = market.place()
    market.later(minutes=10)
    slow = PaymentBody(provider="psp", method="slow")
    order, _ = start_payment(market.shop, SITE, order.id, "k1", slow)
    market.shop.orders.change(
        order, lambda it: it.model_copy(update={"expires_at": it.expires_at + timedelta(minutes=20)})
    )
    market.later(minutes=10)
    again, _ = start_payment(market.shop, SITE, order.id, "k2", slow)
    assert again.expires_at == order.expires_at + timedelta(minutes=20)


def test_what_went_back_of_an_advance_is_asked_for_again(market: Market, psp: Psp) -> None:
    order = market.place()
    first = opened(market, order)
    hear(market, psp.pay(first, 999))
    told = TakenBack(first, "console-1", 400, "CNY", "refunded in the console")
    psp.pulled.append((market.order(order).payments[0].transaction or "", 400))
    book_taken_back(market.shop.orders, market.workflow, "psp", told, market.now)  # type: ignore[arg-type]
    _, rest = start_payment(market.shop, SITE, order.id, "p2", PaymentBody(provider="psp"))
    assert rest.amount == PRICE - 599
    hear(market, psp.pay(rest.id, rest.amount))
    market.run()
    assert market.order(order).state == "fulfilled"
    market.check_nothing_is_wrong()


def raising(fault: Exception) -> NoReturn:
    raise fault
