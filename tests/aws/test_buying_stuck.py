"""Buying that meets what nobody hopes for: nothing stays where it is for ever, and nothing turns in circles."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fulfill.fulfil import fulfil
from quanyi.callers import Caller
from quanyi.cards.model import hold_name
from quanyi.errors import Busy
from quanyi.orders.buying import being_bought
from quanyi.orders.model import Order
from quanyi.supply import port
from reorder.buy import buy
from reorder.messages import PurchaseView, ResolveBody
from reorder.placing import resolve
from reorder.sending import ask
from reorder.watch import recover_bought
from tests.aws.bazaar import Bazaar, states
from tests.aws.conftest import Cloud

OPERATOR = Caller(role="operator", key_id="K1")


@pytest.fixture
def bazaar(cloud: Cloud) -> Bazaar:
    made = Bazaar(cloud)
    made.sku(sourcing="on_demand", hold="payment", on_shortage="backlog")
    return made


@contextmanager
def broken_off(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Every run ends after it wrote its purchases down, before it does anything with them."""

    def gone(*_: Any) -> None:
        raise Busy

    with monkeypatch.context() as patched:
        patched.setattr("reorder.buy.pursue", gone)
        yield


def unsent(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch, quantity: int = 1) -> Order:
    order = bazaar.pay(bazaar.place(quantity=quantity))
    with broken_off(monkeypatch):
        buy(bazaar.buying, order.id, order.attempt)
    assert states(bazaar.purchases()) == ["approved"]
    return order


def test_a_person_is_called_when_there_is_no_supplier_to_ask_any_more(bazaar: Bazaar) -> None:
    bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    order = bazaar.bought()
    del bazaar.sellers["acme"]  # deleted, or its credentials are gone
    bazaar.sweep_purchases(hours=2)
    (po,) = bazaar.purchases()
    assert po.due_at
    assert po.due_at > bazaar.now, "not asked about every minute"
    bazaar.sweep_purchases(hours=23)
    (po,) = bazaar.purchases()
    assert (po.state, po.for_person) == ("confirmed", True)
    body = {"outcome": "succeeded", "reason": "by mail", "cards": [{"number": "A1B2C3D4E5"}]}
    resolve(bazaar.buying, OPERATOR, po.id, ResolveBody.model_validate(body))
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"


def test_a_person_is_called_for_what_faults_at_each_look(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    bazaar.bought()

    def broken(_: port.Asked) -> port.Answer:
        raise RuntimeError

    monkeypatch.setattr(acme, "query", broken)
    bazaar.sweep_purchases(hours=2)
    (po,) = bazaar.purchases()
    assert po.due_at
    assert po.due_at > bazaar.now
    bazaar.sweep_purchases(hours=23)
    assert bazaar.purchases()[0].for_person


def test_a_bought_card_that_was_lost_is_bought_anew(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    order = bazaar.bought()
    (po,) = bazaar.purchases()
    acme.finish(po.id)
    bazaar.later(minutes=1)
    ask(bazaar.buying, po)
    (unit,) = bazaar.order(order).units
    assert unit.card
    # Its hold ended before the order knew of it: somebody else has it now.
    assert bazaar.works.cards.release(unit.card, hold=hold_name(order.id, unit.hold or 0))
    bazaar.works.cards.quarantine(unit.card, by="x", reason="x")
    acme.mood = lambda _: "ok"
    bazaar.run()
    order = bazaar.order(order)
    assert order.state == "fulfilled"
    assert order.units[0].card != unit.card
    assert list(acme.sent.values()) == [1, 1]


@pytest.mark.parametrize("named", [False, True])
def test_what_is_bought_for_a_refused_order_is_not_sent(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    acme = bazaar.seller("acme")
    bazaar.sells("acme", daily_limit=1)
    order = unsent(bazaar, monkeypatch)
    (po,) = bazaar.purchases()
    if named:
        bazaar.buying.orders.change(order.id, lambda it: being_bought(it, po.units, po.id))
    bazaar.buying.orders.change(order.id, lambda it: it.model_copy(update={"risk": "refused"}))
    bazaar.sweep_purchases()
    bazaar.later(minutes=5)
    bazaar.sweep()
    bazaar.run()
    (po,) = bazaar.purchases()
    assert (po.state, po.applied, po.due_at) == ("cancelled", True, None)
    assert bazaar.order(order).state == "refunded"
    assert not acme.sent


def test_no_more_is_bought_than_units_still_wait(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    order = unsent(bazaar, monkeypatch, quantity=3)
    bazaar.stock("ik-month", 1)
    fulfil(bazaar.works, order.id, order.attempt)
    bazaar.sweep_purchases()
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    assert len(acme.cards_made) == 2
    assert not bazaar.cards_in("available")


def test_a_run_ends_in_time_however_much_is_to_be_sent(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def slow(_: str) -> str:
        clock[0] += 8
        return "ok"

    monkeypatch.setattr("reorder.buy.time.monotonic", lambda: clock[0])
    acme = bazaar.seller("acme", slow)
    bazaar.sells("acme", most=1)
    order = bazaar.pay(bazaar.place(quantity=20))
    assert buy(bazaar.buying, order.id, order.attempt)["outcome"] == "fulfil"
    assert 0 < acme.sent.total() <= 12
    for _ in range(5):
        clock[0] = 0.0
        buy(bazaar.buying, order.id, order.attempt)
    assert sorted(acme.sent.values()) == [1] * 20


def test_a_slow_supplier_does_not_keep_the_sweep_from_the_others(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
) -> None:
    bazaar.sku("other", sourcing="on_demand", hold="payment", on_shortage="backlog")
    silent, other = bazaar.seller("silent", "lost_after"), bazaar.seller("other", "slow")
    silent.deaf = True
    bazaar.sells("silent", most=1)
    bazaar.sells("other", "other")
    bazaar.bought(quantity=30)
    bazaar.later(seconds=20)
    bazaar.bought("other")
    with monkeypatch.context() as patched:
        patched.setattr("reorder.sweep.SLOW", -1.0, raising=False)  # whatever is asked is slow
        bazaar.sweep_purchases(minutes=5)
    assert 0 < silent.asked.total() <= 13
    assert other.asked.total() == 1
    assert all(po.due_at and po.due_at > bazaar.now for po in bazaar.purchases()), "the next run begins with others"
    silent.deaf = False
    for _ in range(4):
        bazaar.sweep_purchases(minutes=20)
    assert states(bazaar.purchases()).count("received") == 30


def test_what_is_being_bought_does_not_queue_for_stock(bazaar: Bazaar) -> None:
    bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    bazaar.bought()
    assert not bazaar.works.backlog.waiting("ik-month", 10)


def test_what_nobody_offers_queues_for_stock(bazaar: Bazaar) -> None:
    bazaar.seller("acme", "refuse")
    bazaar.sells("acme")
    bazaar.bought()
    assert len(bazaar.works.backlog.waiting("ik-month", 10)) == 1


@pytest.mark.parametrize("cost", [-1, 10**15])
def test_a_cost_that_cannot_be_stops_nothing(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch, cost: int) -> None:
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    told = acme._told
    monkeypatch.setattr(acme, "_told", lambda known: port.Answer("done", cards=told(known).cards, cost=cost))
    assert bazaar.bought().state == "fulfilled"
    assert PurchaseView.of(bazaar.purchases()[0]).charged is None


def test_a_charge_above_what_was_agreed_is_told_and_counts(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    told = acme._told
    monkeypatch.setattr(acme, "_told", lambda known: port.Answer("done", cards=told(known).cards, cost=4201))
    order = bazaar.bought(quantity=2)
    assert [unit.cost for unit in order.units] == [2101, 2101]
    assert "more than" in (PurchaseView.of(bazaar.purchases()[0]).what_to_do or "")


def test_the_same_empty_end_told_twice_is_no_contradiction(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    bazaar.bought()
    (po,) = bazaar.purchases()
    acme.orders[po.id] |= {"state": "done", "cards": []}
    for _ in range(2):
        po = ask(bazaar.buying, bazaar.buying.purchases.get(po.id))
    assert (po.state, po.short, po.contradicted) == ("received", 1, False)


def test_texts_that_no_item_takes_stop_nothing(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    told = acme._told
    lie: dict[str, Any] = {"number": "9" * 500_000, "reason": "half \ud800 of it"}
    monkeypatch.setattr(acme, "_told", lambda known: port.Answer("done", cards=told(known).cards, **lie))
    assert bazaar.bought().state == "fulfilled"
    assert bazaar.purchases()[0].reason == "half ? of it"


def test_people_hear_of_paid_units_that_nobody_delivers_and_that_it_is_over(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme", "refuse")
    bazaar.sells("acme")
    bazaar.sku("no-wait", sourcing="on_demand", hold="payment", on_shortage="refund")
    bazaar.sells("acme", "no-wait")
    order = bazaar.bought()
    assert not told(bazaar), "a moment ago it was paid"
    for _ in range(40):
        bazaar.later(minutes=30)
        bazaar.sweep()
        bazaar.run()
    alert = told(bazaar)["ik-month"]
    assert (alert["order"], alert["waiting"]) == (order.id, 1)
    (unit,) = bazaar.order(order).units
    assert unit.tries >= 15
    assert unit.tried == ("acme",)
    acme.mood = lambda _: "ok"
    bazaar.later(hours=1)
    bazaar.sweep()
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    recover_bought(restocking(bazaar))
    assert told(bazaar)
    bazaar.later(hours=2)
    recover_bought(restocking(bazaar))
    assert not told(bazaar)
    acme.mood = lambda _: "refuse"
    assert bazaar.bought("no-wait").state == "refunded"
    assert [*told(bazaar)] == ["no-wait"], "at once, as its money went back"


def test_a_unit_that_is_never_delivered_goes_back_when_its_promise_is_over(bazaar: Bazaar) -> None:
    bazaar.sku("day", sourcing="on_demand", hold="payment", on_shortage="backlog", backlog_hours=24)
    acme = bazaar.seller("acme", "refuse")
    bazaar.sells("acme", "day")
    order = bazaar.bought("day")
    for _ in range(47):
        bazaar.later(minutes=30)
        bazaar.sweep()
        bazaar.run()
    assert bazaar.order(order).state == "fulfilling"
    assert acme.sent.total() > 20, "until then it is looked for"
    bazaar.later(hours=1)
    bazaar.sweep()
    bazaar.run()
    assert bazaar.order(order).state == "refunded"


def told(bazaar: Bazaar) -> dict[str, Mapping[str, Any]]:
    return {alert.subject: alert.facts for alert in bazaar.buying.alerts.open_ones("sku_not_bought")}


def restocking(bazaar: Bazaar) -> Any:
    return SimpleNamespace(buying=bazaar.buying)
