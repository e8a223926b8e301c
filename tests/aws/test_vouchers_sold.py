"""Vouchers that are made when they are sold: needing no stock, once for a unit whatever fails, cancelled or lost when
their money goes back, replaced by another code."""

from datetime import timedelta
from typing import Any

import pytest

from aftersales.claiming import replace_card
from aftersales.messages import RefundBody, ReplacementBody
from aftersales.refunding import refund_order
from fulfill.reveal import reveal
from quanyi.cards import claim
from quanyi.claims.model import Claim
from quanyi.errors import Conflict, SoldOut
from quanyi.orders.model import Order
from quanyi.table import ConditionFailed, Item
from quanyi.vouchers.code import plain, well_formed
from quanyi.vouchers.model import Series, series_id_of
from quanyi.vouchers.table import Taking
from quanyi.vouchers.use import Use, new_voucher, use_id_of
from tests.aws.after_sale import OPERATOR, SUPPORT, card, delivered, desk_of
from tests.aws.faults import MODES, Faults, insist
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud

COFFEE = {"kind": "voucher", "voucher": {"value": {"kind": "times", "times": 3}, "pin_digits": 6}}


@pytest.fixture
def market() -> Market:
    return Market(MemoryCloud())  # type: ignore[arg-type]


def bought(market: Market, sku: str = "coffee") -> Order:
    return delivered(market, sku=sku)


def sent_back(market: Market, order: Order, *, despite_risk: bool = False) -> Order:
    by = OPERATOR if despite_risk else SUPPORT
    body = RefundBody(reason="changed their mind", despite_risk=despite_risk)
    refund_order(desk_of(market), by, order.id, "r1", body)
    market.run()
    return market.order(order)


def replaced(market: Market, order: Order) -> Claim:
    asked = ReplacementBody.model_validate({"unit": "0-0", "reason": "invalid", "replaced_before": 0})
    return replace_card(desk_of(market), SUPPORT, order.id, "s1", asked)


def used(market: Market, card_id: str | None, amount: int = 1) -> None:
    item = card(market, card_id)
    state = "redeemed" if item["left"] == amount else "delivered"
    market.works.cards.table.update(
        {"card_id": card_id}, "SET #left = :left, #state = :state", left=item["left"] - amount, state=state
    )


def vouchers(market: Market) -> list[Item]:
    return [item for item in market.cloud.contents("CardsTable")["CardsTable"] if "series" in item]


def test_a_voucher_is_made_when_it_is_paid(market: Market) -> None:
    sku = market.sku("coffee", **COFFEE, price=2500)
    assert sku.voucher
    order = market.place("coffee", 2)
    assert vouchers(market) == []
    assert [(unit.own, unit.series) for unit in order.units] == [("mint", series_id_of("coffee", sku.voucher))] * 2
    market.pay(order)
    market.run()
    order = market.order(order)
    assert order.state == "fulfilled"
    made = vouchers(market)
    assert {(v["state"], v["left"], v["whole"], v["price"], v["sold_in"]) for v in made} == {
        ("delivered", 3, 3, 2500, "site")
    }
    assert {v["series"] for v in made} == {order.units[0].series}
    assert len({v["batch"] for v in made}) == 1
    shown = reveal(market.works, SITE, order.id).deliveries[0].units
    assert all(well_formed(plain(unit.number or "")) for unit in shown)
    assert all(len(unit.pin or "") == 6 for unit in shown)
    assert len({unit.number for unit in shown}) == 2


def test_vouchers_sold_before_keep_their_terms(market: Market) -> None:
    market.sku("coffee", **COFFEE)
    order = market.place("coffee")
    market.sku("coffee", kind="voucher", voucher={"value": {"kind": "times", "times": 9}}, version=2)
    market.pay(order)
    market.run()
    assert [v["whole"] for v in vouchers(market)] == [3]
    bought(market)
    assert sorted(v["whole"] for v in vouchers(market)) == [3, 9]


@pytest.mark.parametrize("state", ["cancelled", "frozen", "over"])
def test_a_series_that_is_good_for_nothing_is_not_sold(market: Market, state: str) -> None:
    market.sku("coffee", **COFFEE)
    first = market.place("coffee")
    series = first.units[0].series
    match state:
        case "cancelled":
            market.shop.series.cancel(series, "recalled", by="operator:K1", now=market.now)
        case "frozen":
            market.shop.series.freeze(series, "leaked", by="operator:K1", now=market.now)
        case _:
            market.shop.series.extend(series, market.now, by="operator:K1", now=market.now)
    with pytest.raises(SoldOut):
        market.place("coffee")
    market.pay(first)
    market.run()
    assert market.order(first).state == ("fulfilled" if state == "frozen" else "refunded")


def test_a_bundle_holds_vouchers(market: Market) -> None:
    market.sku("coffee", **COFFEE)
    market.sku("ik-month")
    market.stock("ik-month", 1)
    parts = [{"sku": "coffee", "quantity": 2}, {"sku": "ik-month", "quantity": 1}]
    market.sku("pack", kind="bundle", components=parts)
    order = bought(market, "pack")
    assert order.state == "fulfilled"
    assert [unit.own for unit in order.units] == ["mint", "mint", ""]


def test_a_refund_cancels_a_voucher_that_nobody_used(market: Market) -> None:
    market.sku("coffee", **COFFEE)
    order = bought(market)
    reveal(market.works, SITE, order.id)
    order = sent_back(market, order)
    (unit,) = order.units
    assert (order.state, unit.goods) == ("refunded", "cancelled")
    assert card(market, unit.card)["state"] == "voided"
    market.run()
    assert market.cards_in("available") == []


@pytest.mark.parametrize("amount", [1, 3])
def test_a_refund_of_a_used_voucher_is_a_loss(market: Market, amount: int) -> None:
    market.sku("coffee", **COFFEE)
    order = bought(market)
    used(market, order.units[0].card, amount)
    order = sent_back(market, order, despite_risk=True)
    assert order.units[0].goods == "lost"
    assert card(market, order.units[0].card)["state"] == ("quarantined" if amount == 1 else "redeemed")


def taking(market: Market, card_id: str, key: str, amount: int) -> Taking:
    item = card(market, card_id)
    return Taking(card_id, Use(use_id_of("K1", key), amount, market.now, "K1"), order=item["order"])


def test_a_refunded_voucher_is_not_usable_again_when_its_use_is_taken_back(market: Market) -> None:
    """Not even by a till that reverses a use in the moment of the refund."""
    market.sku("coffee", **COFFEE)
    table = market.works.vouchers
    order = bought(market)
    (unit,) = order.units
    assert unit.card
    first = taking(market, unit.card, "k1", 3)
    table.redeem(first, all_of_it=True)
    sent_back(market, order, despite_risk=True)
    table.reverse(unit.card, first.use, by="counter:K1", now=market.now)
    assert (card(market, unit.card)["state"], card(market, unit.card)["left"]) == ("delivered", 3)
    with pytest.raises(ConditionFailed):
        table.redeem(taking(market, unit.card, "k2", 1), all_of_it=False)


def test_a_voucher_that_is_used_up_while_it_is_refunded(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.sku("coffee", **COFFEE)
    table = market.works.vouchers
    order = bought(market)
    (unit,) = order.units
    assert unit.card
    table.redeem(taking(market, unit.card, "k1", 1), all_of_it=False)
    real = type(market.works.cards).quarantine

    def late(*args: Any, **kwargs: Any) -> Item:
        monkeypatch.setattr(type(market.works.cards), "quarantine", real)
        table.redeem(taking(market, unit.card or "", "k2", 2), all_of_it=True)
        return real(*args, **kwargs)

    monkeypatch.setattr(type(market.works.cards), "quarantine", late)
    order = sent_back(market, order, despite_risk=True)
    after = card(market, unit.card)
    assert (order.units[0].goods, after["state"]) == ("lost", "redeemed")
    assert after["frozen"]


def test_one_that_was_used_and_cancelled_by_a_person_is_a_loss(market: Market) -> None:
    market.sku("coffee", **COFFEE)
    order = bought(market)
    used(market, order.units[0].card)
    market.works.vouchers.cancel(order.units[0].card or "", by="operator:K1", reason="fraud")
    assert sent_back(market, order).units[0].goods == "lost"


def in_stock(market: Market, series_id: str = "VS00000000000000000001", count: int = 1) -> list[str]:
    """Vouchers of a series that were generated into stock."""
    sku = market.sku("gift", kind="voucher", voucher={"value": {"kind": "amount", "amount": 500}, "issue": "stock"})
    assert sku.voucher
    series = market.shop.series.make(Series(id=series_id, sku="gift", terms=sku.voucher, created_at=market.now))
    cards = market.stock("gift", count)
    own = {name: value for name, value in new_voucher(series).items() if value is not None}
    change = f"SET {', '.join(f'#{name} = :{name}' for name in own)}"
    for card_id in cards:
        market.works.cards.table.update({"card_id": card_id}, change, **own)
    return cards


def no_longer_sold(market: Market, series: str, how: str) -> str:
    """What its stock becomes. Nobody has gone through that yet."""
    by: dict[str, Any] = {"by": "operator:K1", "now": market.now}
    match how:
        case "cancelled":
            market.shop.series.cancel(series, "recalled", **by)
            return "voided"
        case "frozen":
            market.shop.series.freeze(series, "leaked", **by)
        case _:
            market.shop.series.extend(series, market.now, **by)
    return "quarantined"


HOWS = ["cancelled", "frozen", "over"]


@pytest.mark.parametrize("how", HOWS)
def test_stock_of_a_series_that_is_not_sold_is_found_out_as_it_is_drawn(market: Market, how: str) -> None:
    """Whatever has come back into its pool after the series' stock was gone through."""
    bad, good = in_stock(market, count=3), in_stock(market, "VS00000000000000000002", count=2)
    becomes = no_longer_sold(market, "VS00000000000000000001", how)
    order = market.place("gift", 2)
    assert {unit.card for unit in order.units} == {*good}
    with pytest.raises(SoldOut):
        market.place("gift")
    assert {card(market, one)["state"] for one in bad} == {becomes}
    assert {"hold", "held", "available"} & {*card(market, bad[0])} == set()
    market.pay(order)
    market.run()
    assert market.order(order).state == "fulfilled"


def test_a_draw_gives_up_among_very_many_that_are_not_sold(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "MOST_UNFIT", 2)
    bad = in_stock(market, count=8)
    no_longer_sold(market, "VS00000000000000000001", "frozen")
    with pytest.raises(SoldOut):
        market.place("gift")
    assert 2 <= sum(card(market, one)["state"] == "quarantined" for one in bad) < 8


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("spare", [0, 1])
def test_what_is_held_of_a_series_that_is_over_is_not_delivered(market: Market, how: str, spare: int) -> None:
    """What is frozen only is delivered: it was sold before."""
    (held,) = in_stock(market)
    order = market.place("gift")
    if spare:
        in_stock(market, "VS00000000000000000002")
    becomes = no_longer_sold(market, "VS00000000000000000001", how)
    market.pay(order)
    market.run()
    assert market.order(order).state == ("fulfilled" if spare or how == "frozen" else "refunded")
    assert card(market, held)["state"] == ("delivered" if how == "frozen" else becomes)


@pytest.mark.parametrize("mode", MODES)
def test_any_single_fault_keeps_a_cancelled_voucher_from_its_buyer(
    monkeypatch: pytest.MonkeyPatch, market: Market, mode: str
) -> None:
    fault, applied = MODES[mode]
    for number in range(1, 60):
        series = f"VS{number:020d}"
        (held,) = in_stock(market, series)
        order = market.place("gift", key=f"k{number}", member=f"m{number}", contact={})
        assert order.units[0].card == held
        no_longer_sold(market, series, "cancelled")
        market.pay(order)
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            insist(market, faults, market.run)
        market.later(minutes=3)
        market.sweep()
        market.run()
        assert market.order(order).state == "refunded", (mode, number)
        assert card(market, held)["state"] == "voided", (mode, number)
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    assert number > 5


@pytest.mark.parametrize(
    ("seen", "left", "goods", "state"),
    [
        (False, 500, "returned", "available"),
        (True, 500, "cancelled", "voided"),
        (False, 100, "lost", "quarantined"),
        (True, 100, "lost", "quarantined"),
    ],
)
def test_a_refund_of_a_voucher_from_stock(market: Market, seen: bool, left: int, goods: str, state: str) -> None:
    in_stock(market)
    order = delivered(market, sku="gift", seen=seen, agent="a-1")
    assert (order.units[0].own, order.units[0].series) == ("stock", "")
    sold = card(market, order.units[0].card)
    assert (sold["price"], sold["sold_in"], sold["agent"]) == (1999, "site", "a-1")
    if left < 500:
        used(market, order.units[0].card, 500 - left)
    order = sent_back(market, order)
    after = card(market, order.units[0].card)
    assert (order.units[0].goods, after["state"]) == (goods, state)
    if goods == "returned":
        assert {"price", "sold_in", "agent", "order", "delivered_at"} & {*after} == set()


@pytest.mark.parametrize(
    ("change", "goods", "state"),
    [
        ({"frozen": "leaked"}, "cancelled", "voided"),
        ({"used": 1, "uses": {"u1": {"a": 500, "r": "2026-11-23T04:00:00.000Z"}}}, "cancelled", "voided"),
        ({"until": "2026-12-24T04:00:00.000Z"}, "returned", "available"),
    ],
)
def test_only_what_is_like_new_is_sold_again(market: Market, change: dict[str, Any], goods: str, state: str) -> None:
    """Frozen; used and given back; and one with another end, which was its buyer's."""
    in_stock(market)
    order = delivered(market, sku="gift", seen=False)
    sets = ", ".join(f"#{name} = :{name}" for name in change)
    market.works.cards.table.update({"card_id": order.units[0].card}, f"SET {sets}", **change)
    order = sent_back(market, order)
    after = card(market, order.units[0].card)
    assert (order.units[0].goods, after["state"]) == (goods, state)
    assert "until" not in after


@pytest.mark.parametrize("change", [{"used": 1, "left": 700}, {"confirming": {"id": "u1"}}])
def test_a_card_whose_issuer_redeemed_some_of_it_is_neither_sold_again_nor_replaced(
    market: Market, change: dict[str, Any]
) -> None:
    market.sku("ik-month")
    market.stock("ik-month", 2)
    order = delivered(market, sku="ik-month", seen=False)
    sets = ", ".join(f"#{name} = :{name}" for name in change)
    market.works.cards.table.update({"card_id": order.units[0].card}, f"SET {sets}", **change)
    with pytest.raises(Conflict):
        replaced(market, order)
    assert market.order(order).units[0].state == "delivered"
    assert sent_back(market, order).units[0].goods == "lost"


@pytest.mark.parametrize("mode", MODES)
def test_any_single_fault_of_a_refund_cancels_the_voucher(
    monkeypatch: pytest.MonkeyPatch, market: Market, mode: str
) -> None:
    fault, applied = MODES[mode]
    for number in range(1, 40):
        sku = f"coffee{number}"
        market.sku(sku, **COFFEE)
        order = delivered(market, sku=sku, seen=True)
        refund_order(desk_of(market), SUPPORT, order.id, "r1", RefundBody(reason="changed their mind"))
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            insist(market, faults, market.run)
        market.later(minutes=3)
        market.sweep()
        market.run()
        order = market.order(order)
        assert (order.state, order.units[0].goods) == ("refunded", "cancelled"), (mode, number)
        assert card(market, order.units[0].card)["state"] == "voided"
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    assert number > 3


def test_a_bad_voucher_is_replaced_by_another_code(market: Market) -> None:
    market.sku("coffee", **COFFEE)
    order = bought(market)
    before = reveal(market.works, SITE, order.id).deliveries[0].units[0].number
    assert replaced(market, order).state == "granted"
    market.run()
    order = market.order(order)
    (shown,) = reveal(market.works, SITE, order.id).deliveries[0].units
    assert order.state == "fulfilled"
    assert shown.number != before
    assert [gone.number for gone in shown.replaced] == [before]
    assert not [i for i in market.cloud.contents("SupplyTable")["SupplyTable"] if i["sk"].startswith("BAD#")]


def test_a_voucher_that_was_used_is_not_replaced(market: Market) -> None:
    market.sku("coffee", **COFFEE)
    order = bought(market)
    used(market, order.units[0].card)
    with pytest.raises(Conflict):
        replaced(market, order)
    assert market.order(order).units[0].state == "delivered"
    assert card(market, order.units[0].card)["state"] == "delivered"


@pytest.mark.parametrize("mode", MODES)
def test_any_single_fault_makes_each_voucher_once(monkeypatch: pytest.MonkeyPatch, market: Market, mode: str) -> None:
    fault, applied = MODES[mode]
    for number in range(1, 80):
        sku = f"coffee{number}"
        market.sku(sku, **COFFEE)
        faults = Faults(number, fault, applied=applied)
        market.forget_keys()
        with faults(monkeypatch):
            order = insist(market, faults, lambda sku=sku: market.place(sku, 2, key=sku, member=sku, contact={}))
            _, payment = insist(market, faults, lambda order=order: market.open_payment(order))
            fact = market.captured(payment)
            insist(market, faults, lambda fact=fact: market.notify(fact))
            insist(market, faults, market.run)
        market.later(minutes=3)
        market.sweep()
        market.run()
        order = market.order(order)
        assert order.state == "fulfilled", (mode, number, faults.calls[number - 1])
        assert len({unit.card for unit in order.units}) == 2
        assert len(vouchers(market)) == 2 * number, (mode, number, faults.calls[number - 1])
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    assert number > 20, "too few calls failed to prove anything"
    market.later(hours=3)
    market.sweep()
    assert {v["state"] for v in vouchers(market)} == {"delivered"}
    market.check_nothing_is_wrong()


def test_a_dead_execution_leaves_its_voucher_to_the_next_one(market: Market) -> None:
    """Made, and swept back before it could be written onto its order."""
    market.sku("coffee", **COFFEE)
    order = market.place("coffee")
    market.pay(order)
    order = market.order(order)
    made = market.works.mint.mint(order, order.units, market.now + timedelta(minutes=15))
    market.later(minutes=16)
    market.sweep()
    market.workflow.alive.clear()
    market.later(minutes=3)
    market.sweep()
    market.run()
    order = market.order(order)
    assert (order.state, order.attempt > 1) == ("fulfilled", True)
    assert {unit.id: unit.card for unit in order.units} == made
    assert len(vouchers(market)) == 1
