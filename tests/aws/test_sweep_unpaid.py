"""The sweep of unpaid orders gets to every order, whatever one of the payment providers does."""

from datetime import timedelta
from itertools import pairwise
from typing import Literal, NoReturn

import pytest

from checkout.messages import PaymentBody
from checkout.patience import SECONDS, SILENT_AFTER
from checkout.pay import start_payment
from checkout.sweep import sweep
from quanyi.orders.model import Order
from quanyi.payments.port import Captured, Try
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud
from tests.aws.psp import Psp

WORKERS = 8


class Watched(Psp):
    """Remembers what it was asked about."""

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        self.asked.append(known.payment)
        return super().close(known)

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        self.asked.append(known.payment)
        return super().query(known)


@pytest.fixture
def psp() -> Watched:
    return Watched()


@pytest.fixture
def market(psp: Watched) -> Market:
    made = Market(MemoryCloud())  # type: ignore[arg-type]
    made.offer(psp)
    made.sku()
    made.stock("ik-month", 40)
    return made


def waiting(market: Market, provider: str, count: int) -> list[Order]:
    """Orders with an open try there, each of another buyer."""
    buyers = [{"email": f"{provider}{number}@example.com"} for number in range(count)]
    placed = [market.place(contact=buyer) for buyer in buyers]
    return [start_payment(market.shop, SITE, it.id, "p", PaymentBody(provider=provider))[0] for it in placed]


def states(market: Market, orders: list[Order]) -> set[str]:
    return {market.order(order).state for order in orders}


def test_a_provider_that_is_down_keeps_no_order_of_another_waiting(market: Market, psp: Watched) -> None:
    silent, others = waiting(market, "psp", 20), waiting(market, "sandbox", 3)
    psp.down = True
    market.later(minutes=16)
    sweep(market.shop)
    assert states(market, others) == {"expired"}
    assert states(market, silent) == {"awaiting_payment"}
    assert len(psp.asked) < SILENT_AFTER + WORKERS, "the rest of them is not asked about in this run"
    psp.asked.clear()
    market.later(seconds=30)
    sweep(market.shop)
    assert psp.asked == [], "they wait behind what is due now"
    psp.down = False
    market.later(minutes=1)
    sweep(market.shop)
    assert states(market, silent) == {"expired"}
    assert len(market.cards_in("available")) == 40
    market.check_nothing_is_wrong()


def test_the_longer_it_is_silent_the_more_rarely_it_is_asked(market: Market, psp: Watched) -> None:
    (order,) = waiting(market, "psp", 1)
    psp.down = True
    market.later(minutes=15)
    start = market.now
    asked: list[timedelta] = []
    for _ in range(120):
        market.later(minutes=1)
        psp.asked.clear()
        sweep(market.shop)
        if psp.asked:
            asked.append(market.now - start)
    gaps = [later - sooner for sooner, later in pairwise(asked)]
    assert gaps == sorted(gaps)
    assert timedelta(minutes=10) <= max(gaps) <= timedelta(minutes=11)
    assert len(asked) < 20
    assert market.order(order).state == "awaiting_payment"


def test_a_clear_answer_forgives_unclear_ones(market: Market, psp: Watched) -> None:
    """A payment that is being processed is unclear too, and no sign that the provider is down."""
    orders = waiting(market, "psp", 20)
    stuck = {order.payments[0].id for order in orders[::4]}
    close = psp.close
    psp.close = lambda known: "unknown" if known.payment in stuck else close(known)  # type: ignore[method-assign]
    market.later(minutes=16)
    for _ in range(3):
        sweep(market.shop)
        market.later(minutes=1, seconds=1)
    assert [market.order(order).state for order in orders].count("expired") == 15


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_a_purchase_comes_back_though_whoever_ended_the_order_broke_off(
    market: Market, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    market.sku("rare", limit_per_buyer=1)
    market.stock("rare", 2)
    order = market.place("rare", member="same", contact={})
    with monkeypatch.context() as dying:
        dying.setattr(type(market.shop.members), "give_back", lambda *_: raising(RuntimeError("the process is gone")))
        if how == "cancelled":
            with pytest.raises(RuntimeError):
                market.cancel(order)
        else:
            market.later(minutes=16)
            sweep(market.shop)
    assert market.order(order).state == how
    market.later(minutes=25)
    sweep(market.shop)
    assert market.place("rare", member="same", contact={}).state == "awaiting_payment"
    market.check_nothing_is_wrong()


def raising(fault: Exception) -> NoReturn:
    raise fault


@pytest.mark.parametrize("later", [{"minutes": 3}, {"minutes": 16}])
def test_a_run_that_has_no_time_left_leaves_orders_to_the_next_but_frees_cards(
    market: Market, psp: Watched, later: dict[str, float]
) -> None:
    dead = market.place()
    market.shop.orders.change(dead, lambda it: it.model_copy(update={"state": "cancelled", "due_at": None}))
    market.later(minutes=21)
    orders = waiting(market, "psp", 3)
    market.later(**later)
    hours = iter((0.0, SECONDS))
    before = [market.order(order) for order in orders]
    sweep(market.shop, lambda: next(hours, SECONDS))
    assert psp.asked == []
    assert [market.order(order) for order in orders] == before
    assert len(market.cards_in("available")) == 37
    sweep(market.shop)
    assert {payment.id for order in before for payment in order.payments} == set(psp.asked)
