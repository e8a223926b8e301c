"""Refunds that people decide on, and what becomes of the goods: against reveals, crashes and themselves."""

from collections.abc import Callable
from typing import Any

import pytest

from aftersales import refunds
from aftersales.messages import RefundBody
from aftersales.refunding import refund_order
from fulfill.fulfil import fulfil
from fulfill.refund import send_refunds
from fulfill.wait import wait
from quanyi.callers import Caller
from quanyi.cards.model import hold_name
from quanyi.cards.table import CardsTable
from quanyi.errors import Conflict, Forbidden, Invalid, KeyReused, OrderFull
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.buying import unavailable
from quanyi.orders.model import Order
from quanyi.orders.returns import Refund
from tests.aws.after_sale import SUPPORT, card, delivered, desk_of, sent_back, shown
from tests.aws.conftest import Call, Cloud
from tests.aws.faults import MODES, Faults, insist
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud


@pytest.fixture
def market(cloud: Cloud) -> Market:
    market = Market(cloud)
    market.sku("ik-month")
    market.stock("ik-month", 4)
    return market


def refund(market: Market, order: Order, key: str = "r1", **body: Any) -> Refund:
    asked = RefundBody.model_validate({"reason": "the buyer asked", **body})
    return refund_order(desk_of(market), SUPPORT, order.id, key, asked)[1]


def test_what_nobody_has_seen_is_sold_again(market: Market) -> None:
    order = delivered(market, 2)
    cards = [unit.card for unit in order.units]
    made = refund(market, order)
    assert (made.amount, made.units, made.by) == (3998, ("0-0", "0-1"), "support:SU1")
    assert market.order(order).state == "refunding"
    assert [unit.withheld or unit.number for unit in shown(market, order)] == [None, None], "not theirs any more"
    market.run()
    order = market.order(order)
    assert (order.state, [unit.goods for unit in order.units]) == ("refunded", ["returned"] * 2)
    assert sent_back(market) == [3998]
    assert len(market.cards_in("available")) == 4
    for left in cards:
        assert {"order", "unit", "hold", "delivered_at", "revealed_at"}.isdisjoint(card(market, left))
    again = delivered(market, 4, seen=True)
    assert {unit.card for unit in again.units} >= set(cards)
    market.check_nothing_is_wrong()


def test_no_refund_is_decided_on_that_an_order_may_have_no_room_for(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = delivered(market, 2)
    refund(market, order, units=["0-0"])
    monkeypatch.setattr("quanyi.orders.table.MOST_BYTES", 100)
    with pytest.raises(OrderFull):
        refund(market, order, key="r2", units=["0-1"])
    assert refund(market, order, units=["0-0"]).units == ("0-0",)
    market.run()
    assert (market.order(order).state, sent_back(market)) == ("partially_refunded", [1999])


def test_what_was_seen_is_lost_and_out_of_use(market: Market) -> None:
    order = delivered(market, 1, seen=True)
    refund(market, order)
    market.run()
    order = market.order(order)
    assert (order.state, order.units[0].goods) == ("refunded", "lost")
    assert card(market, order.units[0].card)["state"] == "quarantined"
    posted = [posting.lines for posting in order.journal]
    assert sum(lines.get("loss", 0) for lines in posted) == 1500
    assert sum(lines.get("cost", 0) for lines in posted) == 0


def test_lines_units_and_amounts(market: Market) -> None:
    market.sku("nf-month", price=1000)
    market.stock("nf-month", 2)
    lines = [{"sku": "ik-month", "quantity": 2}, {"sku": "nf-month", "quantity": 2}]
    order = market.pay(market.place(lines=lines))
    market.run()
    part = refund(market, order, "r1", amount={"amount": 101, "currency": "CNY"}, lines=[1])
    assert dict(part.parts) == {"1-0": 51, "1-1": 50}
    assert refund(market, order, "r2", units=["1-0"]).amount == 949
    assert refund(market, order, "r3", lines=[1]).amount == 950, "what is left of the line"
    market.run()
    assert market.order(order).state == "partially_refunded"
    assert refund(market, order, "r4").amount == 3998
    market.run()
    assert market.order(order).state == "refunded"
    assert sent_back(market) == [101, 949, 950, 3998]
    with pytest.raises(Conflict):
        refund(market, order, "r5")


def test_the_same_call_again_is_the_same_refund(market: Market) -> None:
    order = delivered(market, 2)
    first = refund(market, order, units=["0-0"])
    assert refund(market, order, units=["0-0"]).id == first.id
    with pytest.raises(KeyReused):
        refund(market, order, units=["0-1"])
    market.run()
    assert refund(market, order, units=["0-0"]).state == "succeeded"
    other = RefundBody(reason="the buyer asked", units=("0-1",))
    colleague = Caller(role="operator", key_id="OP1")
    assert refund_order(desk_of(market), colleague, order.id, "r1", other)[1].id != first.id, "a key is its caller's"
    assert market.order(order).changed_by == "operator:OP1"


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"lines": [1]}, Invalid, "line_unknown"),
        ({"units": ["0-7"]}, Conflict, None),
        ({"amount": {"amount": 10, "currency": "USD"}}, Invalid, "currency_mismatch"),
        ({"amount": {"amount": 0, "currency": "CNY"}}, Invalid, "amount_too_large"),
        ({"amount": {"amount": 3999, "currency": "CNY"}}, Invalid, "amount_too_large"),
    ],
)
def test_what_the_books_do_not_allow_changes_nothing(
    market: Market, cloud: Cloud, body: dict[str, Any], kind: type[Conflict], reason: str | None
) -> None:
    order = delivered(market, 2)
    before = cloud.contents()
    with pytest.raises(kind) as refused:
        refund(market, order, **body)
    assert refused.value.extra.get("reason") == reason
    assert cloud.contents() == before


def test_only_support_refunds_and_only_what_was_paid(market: Market, cloud: Cloud) -> None:
    order = market.place()
    before = cloud.contents()
    with pytest.raises(Conflict):
        refund(market, order)
    with pytest.raises(Forbidden):
        refund_order(desk_of(market), SITE, order.id, "r1", RefundBody(reason="mine"))
    assert cloud.contents() == before


def test_a_disputed_payment_is_not_sent_back_twice_by_accident(market: Market) -> None:
    order = delivered(market)
    market.shop.orders.change(order, lambda it: it.model_copy(update={"frozen": ("D1",)}))
    with pytest.raises(Conflict) as refused:
        refund(market, order)
    assert refused.value.extra == {"reason": "disputed", "cases": ["D1"]}
    assert refund(market, order, despite_case=True).amount == 1999


def test_a_waiting_unit_goes_back_without_waiting_any_longer(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(market.workflow, "wake", woken.append)
    market.sku("rare", on_shortage="backlog", hold="payment", backlog_hours=48)
    order = market.pay(market.place("rare", 2))
    assert market.run()[-1] == "WaitForStockOrPerson"
    refund(market, order, units=["0-0"])
    assert woken == [market.order(order).wait_token]
    market.run()
    order = market.order(order)
    assert [unit.state for unit in order.units] == ["refunded", "waiting"]
    waiting = [item for item in market.cloud.contents("OrdersTable")["OrdersTable"] if item["pk"] == "BACKLOG#rare"]
    assert [item["unit"] for item in waiting] == ["0-1"]


def test_an_execution_about_to_sleep_sees_the_refund(market: Market) -> None:
    market.sku("rare", on_shortage="backlog", hold="payment")
    order = market.pay(market.place("rare", 2))
    assert fulfil(market.works, order.id, 1)["outcome"] == "buy"
    market.works.orders.change(order.id, lambda it: unavailable(it, ["0-0", "0-1"], market.now, ever=False))
    assert fulfil(market.works, order.id, 1)["outcome"] == "wait"
    refund(market, order, units=["0-0"])
    wait(market.works, order.id, 1, "token")
    assert market.order(order).wait_token is None


def test_a_card_held_for_a_unit_that_was_refunded_is_free_again(market: Market) -> None:
    order = market.pay(market.place(quantity=2))
    first, second = (unit.card or "" for unit in order.units)
    hold = hold_name(order.id, 1)
    # An execution that is on its way has delivered one card already, and not told the order.
    market.works.cards.deliver(first, hold=hold, order=order.id, unit="0-0", now=market.now)
    refund(market, order)
    market.run()
    order = market.order(order)
    assert (order.state, [unit.goods for unit in order.units]) == ("refunded", ["returned"] * 2)
    assert len(market.cards_in("available")) == 4
    assert not market.works.cards.deliver(second, hold=hold, order=order.id, unit="0-1", now=market.now), "too late"
    market.check_nothing_is_wrong()


def test_a_card_that_went_back_is_not_taken_from_the_units_next_door(market: Market) -> None:
    """Taken back, then drawn by another unit of the same order, before the order knew of the former."""
    market.sku("rare", on_shortage="backlog", hold="payment")
    (only,) = market.stock("rare", 1)
    order = market.pay(market.place("rare", 2))
    market.run()
    order = market.order(order)
    has = next(unit for unit in order.units if unit.card)
    refund(market, order, units=[has.id])
    assert market.works.cards.take_back(only, order=order.id, unit=has.id)
    market.run()
    order = market.order(order)
    other = next(unit for unit in order.units if unit.id != has.id)
    assert (order.unit(has.id).goods, other.state, other.card) == ("returned", "delivered", only)
    assert shown(market, order)[order.units.index(other)].number
    market.check_nothing_is_wrong()


def before_once(patch: pytest.MonkeyPatch, method: str, first: Callable[[], Any]) -> None:
    """Something else happens right before the card is written."""
    real, todo = getattr(CardsTable, method), [first]

    def late(*args: Any, **kwargs: Any) -> Any:
        if todo:
            todo.pop()()
        return real(*args, **kwargs)

    patch.setattr(CardsTable, method, late)


def test_a_refund_that_is_faster_than_the_reveal(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    order = delivered(market)
    before_once(monkeypatch, "mark_revealed", lambda: (refund(market, order), market.run()))
    (unit,) = shown(market, order)
    assert (unit.number, unit.withheld) == (None, True)
    assert market.order(order).units[0].goods == "returned"
    assert card(market, order.units[0].card)["state"] == "available"


def test_a_reveal_that_is_faster_than_the_refund(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    order = delivered(market)
    seen: list[Any] = []
    mark = lambda: seen.append(  # noqa: E731 - a reveal that has read the order before
        market.works.cards.mark_revealed(order.units[0].card or "", order=order.id, now=market.now)
    )
    before_once(monkeypatch, "take_back", mark)
    refund(market, order)
    market.run()
    assert seen
    assert market.order(order).units[0].goods == "lost"
    assert card(market, order.units[0].card)["state"] == "quarantined"
    assert sent_back(market) == [1999], "the buyer has it all the same"


def test_a_crashed_step_opens_the_pool_again(market: Market, cloud: Cloud) -> None:
    order = delivered(market, 4)
    pool = card(market, order.units[0].card)["pool"]
    refund(market, order)
    for unit in order.units:
        market.works.cards.take_back(unit.card or "", order=order.id, unit=unit.id)
    (listed,) = market.works.pools.every("ik-month", fresh=True)
    market.works.pools.close(listed)
    send_refunds(market.works, order.id, market.order(order).attempt)
    assert [one.name() for one in market.works.pools.every("ik-month", fresh=True)] == [pool]


@pytest.mark.parametrize("mode", MODES)
def test_any_single_fault_refunds_once_and_settles_the_goods_once(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    for number in range(1, 60):
        sku = f"sku{number}"
        market.sku(sku)
        market.stock(sku, 2)
        order = delivered(market, 2, sku, key=sku)
        seen, unseen = order.units
        market.works.cards.mark_revealed(seen.card or "", order=order.id, now=market.now)
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            insist(market, faults, lambda order=order: refund(market, order))
            insist(market, faults, market.run)
        market.later(minutes=3)
        market.sweep()
        market.run()
        order = market.order(order)
        assert (order.state, len(order.refunds)) == ("refunded", 1), (mode, number, faults.calls)
        assert [unit.goods for unit in order.units] == ["lost", "returned"], (mode, number, faults.calls)
        assert card(market, seen.card)["state"] == "quarantined"
        assert card(market, unseen.card)["state"] == "available"
        assert sent_back(market) == [3998] * number
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    assert number > 8, "too few calls failed to prove anything"
    market.check_nothing_is_wrong()


def test_over_http(market: Market, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refunds, "aftersales", lambda: desk_of(market))
    order = delivered(market, 2)
    path = f"/v1/orders/{order.id}/refunds"
    headers = {"Idempotency-Key": "k1"}
    body = {"reason": "slow", "amount": {"amount": 100, "currency": "CNY"}, "units": ["0-1"]}
    status, first, _ = call(refunds.handler, "POST", path, body, caller=SUPPORT, headers=headers)
    assert status == 201
    assert first["parts"] == [{"unit": "0-1", "amount": {"amount": 100, "currency": "CNY"}}]
    assert (first["state"], first["goods"], first["units"], first["by"]) == ("requested", {}, [], "support:SU1")
    assert call(refunds.handler, "POST", path, body, caller=SUPPORT, headers=headers)[:2] == (201, first)
    market.run()
    status, whole, _ = call(
        refunds.handler, "POST", path, {"reason": "gone"}, caller=SUPPORT, headers={"Idempotency-Key": "k2"}
    )
    assert (status, whole["goods"]) == (201, {"0-0": "out", "0-1": "out"})
    assert whole["amount"] == Money(amount=3898, currency="CNY").model_dump()
    for wrong in ({}, {"reason": ""}, {"reason": "x", "units": ["zero"]}, {"reason": "x", "lines": [-1]}, {"all": 1}):
        status, _, _ = call(refunds.handler, "POST", path, wrong, caller=SUPPORT, headers={"Idempotency-Key": "k3"})
        assert status == 422
    status, problem, _ = call(refunds.handler, "POST", path, body, caller=SITE, headers={"Idempotency-Key": "k4"})
    assert (status, problem["code"]) == (403, "forbidden")
    assert books(market.order(order)).owed == 3898
