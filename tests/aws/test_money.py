"""Every way that money can come and go wrong has its defined end, seen at the provider's own books."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from checkout.messages import PaymentBody
from checkout.pay import start_payment
from quanyi.errors import Conflict, Invalid, KeyReused
from quanyi.orders.books import books
from quanyi.orders.journal import balances
from quanyi.orders.model import Order
from quanyi.orders.refunds import asked_again, with_allowance, with_refund
from quanyi.payments.port import Captured, Method, ProviderUnavailable, RefundTold, TakenBack
from quanyi.payments.receipt import book, book_refund, book_taken_back
from quanyi.payments.registry import Kind, Providers
from quanyi.payments.settings import ProviderSettings
from tests.aws.conftest import Cloud
from tests.aws.market import SITE, START, Market
from tests.aws.memory import MemoryCloud
from tests.aws.psp import Psp

PRICE = 1999


@pytest.fixture
def psp() -> Psp:
    return Psp()


@pytest.fixture(params=["moto", "memory"])
def market(request: pytest.FixtureRequest, cloud: Cloud, psp: Psp) -> Market:
    """On both of the tests' DynamoDBs: what holds on moto must hold on the fast one that `make prove` runs on."""
    made = Market(cloud if request.param == "moto" else MemoryCloud())  # type: ignore[arg-type]
    made.offer(psp)
    made.sku()
    made.stock("ik-month", 5)
    return made


def opened(market: Market, order: Order, key: str = "p1") -> str:
    return start_payment(market.shop, SITE, order.id, key, PaymentBody(provider="psp"))[1].id


def hear(market: Market, fact: Captured) -> Order:
    return book(market.shop.orders, market.workflow, "psp", fact, market.now)  # type: ignore[arg-type]


def paid(market: Market, psp: Psp, quantity: int = 1) -> tuple[Order, str]:
    order = market.place(quantity=quantity)
    payment = opened(market, order)
    hear(market, psp.pay(payment, quantity * PRICE))
    market.run()
    return market.order(order), payment


def same_books(market: Market, psp: Psp, order: Order) -> Order:
    """What the shop believes to have taken and sent is what the provider took and sent; nothing is owed."""
    now = market.order(order)
    assert sum(f.amount for f in psp.taken.values()) == sum(p.captured for p in now.payments)
    assert sum(r.amount for r in psp.sent.values()) == sum(
        s.amount for r in now.refunds for s in r.shares if s.state == "succeeded" and not s.outside
    )
    assert books(now).owed == 0
    market.check_nothing_is_wrong()
    return now


def test_money_in_another_currency_goes_back_whole_when_the_order_ends(market: Market, psp: Psp) -> None:
    order = market.place()
    hear(market, psp.pay(opened(market, order), PRICE, "USD"))
    assert market.order(order).state == "awaiting_payment"
    market.later(minutes=16)
    market.sweep()
    market.run()
    done = same_books(market, psp, order)
    assert (done.state, [r.currency for r in psp.sent.values()]) == ("refunded", ["USD"])
    assert done.settled_at


def test_money_in_another_currency_and_then_the_right_one(market: Market, psp: Psp) -> None:
    order = market.place()
    hear(market, psp.pay(opened(market, order), PRICE, "USD"))
    hear(market, psp.pay(opened(market, order, "p2"), PRICE))
    market.run()
    done = same_books(market, psp, order)
    assert (done.state, [(r.currency, r.amount) for r in psp.sent.values()]) == ("fulfilled", [("USD", PRICE)])


def test_too_little_is_topped_up(market: Market, psp: Psp) -> None:
    order = market.place()
    hear(market, psp.pay(opened(market, order), 999))
    rest, payment = start_payment(market.shop, SITE, order.id, "p2", PaymentBody(provider="psp"))
    assert payment.amount == PRICE - 999
    hear(market, psp.pay(payment.id, 1000))
    market.run()
    assert same_books(market, psp, rest).state == "fulfilled"


def test_too_little_goes_back_when_the_time_is_over(market: Market, psp: Psp) -> None:
    order = market.place()
    hear(market, psp.pay(opened(market, order), 999))
    market.later(minutes=16)
    market.sweep()
    market.run()
    assert same_books(market, psp, order).state == "refunded"


def test_the_second_of_two_payments_in_flight_is_closed_or_sent_back(market: Market, psp: Psp) -> None:
    order = market.place()
    one, two = opened(market, order), opened(market, order, "p2")
    hear(market, psp.pay(one, PRICE))
    market.run()
    assert psp.tries[two] == "closed"
    assert market.order(order).settled
    hear(market, psp.pay(two, PRICE))  # the shopper was a moment faster than the closing
    market.run()
    done = same_books(market, psp, order)
    assert (done.state, books(done).refunded) == ("fulfilled", PRICE)


def test_a_second_payment_whose_notification_is_lost_is_found_and_sent_back(market: Market, psp: Psp) -> None:
    order = market.place()
    one, two = opened(market, order), opened(market, order, "p2")
    psp.pay(two, PRICE)
    hear(market, psp.pay(one, PRICE))
    market.run()
    assert books(same_books(market, psp, order)).refunded == PRICE


def test_a_lost_notification_is_found_long_before_the_deadline(market: Market, psp: Psp) -> None:
    order = market.place()
    psp.pay(opened(market, order), PRICE)
    market.later(minutes=2, seconds=1)
    market.sweep()
    market.run()
    assert same_books(market, psp, order).state == "fulfilled"


def test_an_open_payment_is_asked_about_ever_more_rarely(market: Market, psp: Psp) -> None:
    order = market.place()
    opened(market, order)
    asked: list[float] = []
    ask = psp.query
    psp.query = lambda known: (asked.append((market.now - START).total_seconds() / 60), ask(known))[1]  # type: ignore[method-assign]
    for _ in range(61):
        market.later(seconds=15)
        market.sweep()
    assert len(asked) == 3
    assert asked[0] >= 2
    assert all(later >= 2 * sooner for sooner, later in pairwise(asked))
    assert market.order(order).state == "expired"


def test_a_provider_that_is_down_keeps_the_order_until_it_answers(market: Market, psp: Psp) -> None:
    order = market.place()
    payment = opened(market, order)
    psp.down = True
    market.later(minutes=16)
    market.sweep()
    assert market.order(order).state == "awaiting_payment"
    with pytest.raises(Conflict):
        market.cancel(order)
    psp.down = False
    psp.pay(payment, PRICE)
    market.later(minutes=2)
    market.sweep()
    market.run()
    assert same_books(market, psp, order).state == "fulfilled"


def test_a_provider_that_never_answers_does_not_keep_cards_for_ever(market: Market, psp: Psp) -> None:
    order = market.place(quantity=5)
    payment = opened(market, order)
    psp.down = True
    market.later(days=2)
    market.sweep()
    assert market.order(order).state == "awaiting_payment"
    market.later(minutes=11)  # it looks every ten by then
    market.sweep()
    assert market.order(order).state == "expired"
    other = market.pay(market.place(quantity=5))
    market.run()
    assert market.order(other).state == "fulfilled"
    psp.down = False
    hear(market, psp.pay(payment, 5 * PRICE))
    market.run()
    assert same_books(market, psp, order).state == "refunded"


@pytest.mark.parametrize("how", ["lost", "never"])
def test_an_unclear_refund_is_asked_about_and_done_once(market: Market, psp: Psp, how: str) -> None:
    order, _ = paid(market, psp)
    psp.unclear = [how]
    refund(market, order)
    market.run()
    done = same_books(market, psp, order)
    assert (done.state, len(psp.sent), set(psp.asked)) == ("refunded", 1, {f"{done.refunds[0].id}-0"})


def test_a_refund_that_stays_unclear_is_asked_about_by_the_sweep_for_days(market: Market, psp: Psp) -> None:
    order, _ = paid(market, psp)
    psp.unclear = ["never"]
    refund(market, order)
    psp.on_refund = lambda: setattr(psp, "down", True)
    for _ in range(40):
        market.run()
        market.later(minutes=2)
        market.sweep()
    assert market.order(order).refunds[0].state == "requested"
    assert len(market.workflow.started) < 12
    psp.down, psp.on_refund = False, lambda: None
    market.later(hours=2)
    market.sweep()
    market.run()
    assert same_books(market, psp, order).state == "refunded"


def test_a_refused_refund_waits_for_a_person_and_the_console_settles_it(market: Market, psp: Psp) -> None:
    order, payment = paid(market, psp)
    psp.unclear = ["refused"]
    refund(market, order)
    market.run()
    stuck = market.order(order)
    assert (stuck.state, stuck.waits_for_person, books(stuck).owed) == ("refunding", True, PRICE)
    told = TakenBack(payment, "console-1", PRICE, "CNY", "refunded in the console")
    for _ in range(2):
        book_taken_back(market.shop.orders, market.workflow, "psp", told, market.now)  # type: ignore[arg-type]
    market.run()
    done = market.order(order)
    assert (done.state, books(done).owed, len(done.refunds)) == ("refunded", 0, 1)


def test_refunds_of_one_payment_keep_their_distance(market: Market, psp: Psp) -> None:
    psp.refund_gap = timedelta(seconds=5)
    order, _ = paid(market, psp, 3)
    times: list[float] = []
    psp.on_refund = lambda: times.append((market.now - START).total_seconds())
    for unit in ("0-0", "0-1", "0-2"):
        refund(market, order, [unit])
    market.run()
    assert same_books(market, psp, order).state == "refunded"
    assert all(later - sooner >= 5 for sooner, later in pairwise(times))
    assert len(times) == 3


def test_a_refund_that_the_provider_tells_of_needs_no_question(market: Market, psp: Psp) -> None:
    order, payment = paid(market, psp)
    refund(market, order)
    key = f"{market.order(order).refunds[0].id}-0"
    told = RefundTold(payment, key, "succeeded")
    for _ in range(2):
        book_refund(market.shop.orders, psp, told, market.now)
    market.run()
    assert market.order(order).state == "refunded"
    assert psp.asked == []


def test_a_refund_that_fails_after_it_had_arrived_is_owed_again(market: Market, psp: Psp) -> None:
    order, payment = paid(market, psp)
    refund(market, order)
    market.run()
    assert market.order(order).state == "refunded"
    (key,) = psp.sent
    told = RefundTold(payment, key, "failed")
    stale = book_refund(market.shop.orders, psp, told, market.now)
    assert stale.state == "refunded", "an old notification that comes late: the provider says that it is done"
    psp.down = True
    with pytest.raises(ProviderUnavailable):
        book_refund(market.shop.orders, psp, told, market.now)
    psp.down = False
    psp.sent.clear()
    for _ in range(2):
        book_refund(market.shop.orders, psp, told, market.now)
    stuck = market.order(order)
    assert (stuck.state, stuck.units[0].state, books(stuck).owed) == ("refunding", "refunding", PRICE)
    assert (stuck.waits_for_person, len(stuck.journal[-1].lines)) == (True, 2)
    market.later(hours=1)
    market.sweep()
    market.run()
    assert market.order(order) == stuck, "it waits for a person"


def test_a_failed_refund_that_is_asked_for_again_hears_of_its_own_end_only(market: Market, psp: Psp) -> None:
    order, payment = paid(market, psp)
    psp.unclear = ["refused"]
    refund(market, order)
    market.run()
    failed = market.order(order).refunds[0]
    order = market.shop.orders.change(order.id, lambda it: asked_again(it, failed.id, market.now))
    market.workflow.start(order)
    market.run()
    told = RefundTold(payment, f"{failed.id}-0", "failed")
    book_refund(market.shop.orders, psp, told, market.now)
    assert same_books(market, psp, order).state == "refunded"
    assert psp.asked == [f"{failed.id}-0"] * 2


def test_a_refund_that_is_sent_again_keeps_its_distance(market: Market, psp: Psp) -> None:
    psp.refund_gap = timedelta(seconds=60)
    order, _ = paid(market, psp)
    times: list[float] = []
    psp.on_refund = lambda: times.append((market.now - START).total_seconds())
    psp.unclear = ["never", "never"]
    refund(market, order)
    for _ in range(20):
        market.run()
        market.later(seconds=15)
        market.sweep()
    assert same_books(market, psp, order).state == "refunded"
    assert len(times) == 3
    assert all(later - sooner >= 60 for sooner, later in pairwise(times))


def test_a_lost_dispute_takes_the_worth_of_what_was_delivered(market: Market, psp: Psp) -> None:
    order, payment = paid(market, psp, 2)
    told = TakenBack(payment, "dp_1", PRICE + 1, "CNY", "dispute lost")
    for _ in range(2):
        book_taken_back(market.shop.orders, market.workflow, "psp", told, market.now)  # type: ignore[arg-type]
    done = market.order(order)
    assert books(done).model_dump() == {
        "captured": 2 * PRICE,
        "delivered": PRICE - 1,
        "refunded": PRICE + 1,
        "owed": 0,
    }
    assert (done.state, done.settled) == ("partially_refunded", True)
    more = replace(told, reference="dp_2", amount=2 * PRICE)
    other = replace(told, reference="dp_3", amount=1, currency="USD")
    with pytest.raises(Conflict):
        book_taken_back(market.shop.orders, market.workflow, "psp", other, market.now)  # type: ignore[arg-type]
    for _ in range(2):
        book_taken_back(market.shop.orders, market.workflow, "psp", more, market.now)  # type: ignore[arg-type]
    done = market.order(order)
    assert books(done).model_dump() == {"captured": 2 * PRICE, "delivered": 0, "refunded": 2 * PRICE, "owed": 0}
    assert [share.excess for refund in done.refunds for share in refund.shares] == [0, PRICE + 1]
    assert (balances(done)["provider:psp"], balances(done)["loss"]) == (-PRICE - 1, PRICE + 1), "the shop's loss"
    assert done.settled


def test_some_of_the_price_goes_back_while_the_goods_stay(market: Market, psp: Psp) -> None:
    order, _ = paid(market, psp, 3)
    units = [u.id for u in order.units]
    order = market.shop.orders.change(
        order, lambda it: with_allowance(it, 1000, units, reason="goodwill", by="support:S", now=market.now)
    )
    market.workflow.start(order)
    market.run()
    done = same_books(market, psp, order)
    assert (done.state, books(done).delivered, [u.back for u in done.units]) == (
        "partially_refunded",
        3 * PRICE - 1000,
        [334, 333, 333],
    )
    refund(market, done, units)
    market.run()
    assert books(same_books(market, psp, order)).refunded == 3 * PRICE
    with pytest.raises(Invalid):
        with_allowance(paid(market, psp)[0], PRICE + 1, ["0-0"], reason="r", by="s", now=market.now)


def test_a_key_opens_one_payment_of_one_method(market: Market, psp: Psp) -> None:
    order = market.place()
    body = PaymentBody(provider="psp", method="slow")
    first = start_payment(market.shop, SITE, order.id, "k", body)[1]
    assert start_payment(market.shop, SITE, order.id, "k", body)[1] == first
    with pytest.raises(KeyReused):
        start_payment(market.shop, SITE, order.id, "k", PaymentBody(provider="psp", method="quick"))
    assert len(psp.tries) == 1


def test_an_order_waits_as_long_as_a_method_that_cannot_close_sooner(market: Market, psp: Psp) -> None:
    order = market.place()
    market.later(minutes=14)
    order, payment = start_payment(market.shop, SITE, order.id, "k", PaymentBody(provider="psp", method="slow"))
    assert payment.deadline
    assert payment.deadline - market.now >= timedelta(minutes=30)
    assert order.expires_at > payment.deadline
    for _ in range(30):
        market.later(minutes=1)
        market.sweep()
    hear(market, psp.pay(payment.id, PRICE))
    assert market.order(order).attempt == 1, "in time: the card that was held is the one delivered"
    market.run()
    assert same_books(market, psp, order).state == "fulfilled"


def test_nobody_holds_stock_for_ever_by_opening_slow_payments(market: Market, psp: Psp) -> None:
    order = market.place()
    slow = PaymentBody(provider="psp", method="slow")
    order, _ = start_payment(market.shop, SITE, order.id, "k1", slow)
    until = order.expires_at
    market.later(minutes=20)
    with pytest.raises(Invalid):
        start_payment(market.shop, SITE, order.id, "k2", slow)
    assert market.order(order).expires_at == until


def test_a_provider_that_fails_leaves_an_order_that_another_can_be_paid_with(market: Market, psp: Psp) -> None:
    order = market.place()
    psp.down = True
    with pytest.raises(ProviderUnavailable):
        opened(market, order)
    psp.down = False
    hear(market, psp.pay(opened(market, order, "p2"), PRICE))
    market.run()
    assert same_books(market, psp, order).state == "fulfilled"


def test_a_card_that_comes_back_wakes_who_waits_for_one(market: Market, psp: Psp) -> None:
    market.sku("rare", hold="payment", on_shortage="backlog", backlog_hours=48)
    market.stock("rare", 1)
    first, second = (market.place("rare", key=key) for key in ("1", "2"))
    for order in (first, second):
        hear(market, psp.pay(opened(market, order), PRICE))
        market.run()
    assert market.order(second).wait_token
    woken: list[str] = []
    market.workflow.wake = lambda token: bool(woken.append(token)) or True  # type: ignore[method-assign]
    refund(market, first)
    market.run()
    assert woken == [market.order(second).wait_token or f"token-{second.id}-1"]
    market.run()
    assert (market.order(first).state, market.order(second).state) == ("refunded", "fulfilled")


def test_who_waits_is_woken_even_if_the_step_broke_off(
    market: Market, psp: Psp, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, _ = paid(market, psp)
    woken: list[str] = []

    def broken_once(works: object, sku: str, cards: int) -> None:
        woken.append(sku)
        if len(woken) == 1:
            raise RuntimeError("the process is gone")

    monkeypatch.setattr("fulfill.refund._wake_waiting", broken_once)
    refund(market, order)
    with pytest.raises(RuntimeError):
        market.run()
    market.run()
    assert woken == ["ik-month", "ik-month"]
    assert same_books(market, psp, order).units[0].goods == "returned"


def refund(market: Market, order: Order, units: list[str] | None = None) -> Order:
    chosen = units or [u.id for u in order.units]
    order = market.shop.orders.change(
        order.id, lambda it: with_refund(it, chosen, reason="r", by="support:S", now=market.now, of=("delivered",))
    )
    market.workflow.start(order)
    return order


def settings() -> ProviderSettings:
    return ProviderSettings(name="psp", updated_at=START)


def kind(psp: Psp) -> Kind:
    quick, slow = Method("quick"), Method("slow", least=timedelta(minutes=30))
    return Kind("PSP", "tests.aws.psp:Psp", (quick, slow), frozenset({"CNY"}))


def test_what_is_offered_follows_channel_currency_and_client(psp: Psp) -> None:
    class Table:
        def every(self) -> dict[str, ProviderSettings]:
            return {"psp": settings().model_copy(update={"channels": ("site",), "methods": ("slow",)})}

    providers = Providers({}, Table(), kinds={"psp": kind(psp)})  # type: ignore[arg-type]
    assert [o.method.name for o in providers.offers("site", "CNY", "desktop")] == ["slow"]
    assert providers.offers("app", "CNY", None) == []
    assert providers.offers("site", "USD", None) == []
