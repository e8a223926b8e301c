"""A buyer's page lists what was bought without opening it, and then opens the one that was asked for: what nobody has
opened can still go back."""

from typing import Any

import pytest

import fulfill.deliveries
from aftersales.claiming import replace_card
from aftersales.messages import ReplacementBody
from fulfill.delivery_views import UnitView
from fulfill.reveal import NONE, reveal
from fulfill.support import ManualBody, deliver_by_hand
from quanyi.callers import Caller
from quanyi.errors import NotFound
from quanyi.orders.model import Order
from quanyi.secret import Secret
from tests.aws.after_sale import SUPPORT, card, delivered, desk_of
from tests.aws.conftest import Call
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud


@pytest.fixture
def market() -> Market:
    return Market(MemoryCloud())  # type: ignore[arg-type]


def told(market: Market, order: Order, opening: str) -> list[UnitView]:
    token = Caller(role="order", order=order.id)
    return [unit for line in reveal(market.works, token, order.id, opening).deliveries for unit in line.units]


def opened_cards(market: Market, order: Order) -> list[bool]:
    return ["revealed_at" in card(market, unit.card) for unit in market.order(order).units]


def test_listing_opens_nothing(market: Market) -> None:
    market.sku(warranty_days=7, tutorial={"zh-CN": "打开 App"})
    market.stock("ik-month", 2, pin=True)
    order = delivered(market, 2)
    units = told(market, order, NONE)
    for _ in range(2):
        assert told(market, order, NONE) == units
        assert [(u.unit, u.closed, u.revealed, u.withheld, u.number) for u in units] == [
            ("0-0", True, False, False, None),
            ("0-1", True, False, False, None),
        ]
    assert opened_cards(market, order) == [False, False]
    assert not list(
        market.cloud.table("OrdersTable").query_all(
            "pk = :pk AND begins_with(sk, :r)", pk=f"ORDER#{order.id}", r="REVEAL#"
        )
    )
    assert [bool(u.claim_until and u.delivered_at and (u.claim_until - u.delivered_at).days == 7) for u in units] == [
        True,
        True,
    ]
    view = reveal(market.works, SITE, order.id, NONE).deliveries[0]
    assert view.tutorial == "打开 App"


def test_one_is_opened_alone_and_the_other_can_still_go_back(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    order = delivered(market, 2)
    for _ in range(2):
        (unit,) = told(market, order, "0-1")
        assert (unit.unit, unit.revealed, unit.closed) == ("0-1", True, False)
        assert unit.number in market.secrets_made
    assert opened_cards(market, order) == [False, True]
    assert [u.revealed for u in told(market, order, NONE)] == [False, True]
    cards = [unit.card or "" for unit in market.order(order).units]
    assert market.works.cards.take_back(cards[0], order=order.id, unit="0-0")
    assert not market.works.cards.take_back(cards[1], order=order.id, unit="0-1")


def test_some_are_opened_together_and_the_rest_stays_closed(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 3)
    order = delivered(market, 3)
    for _ in range(2):
        units = told(market, order, "0-2,0-0,0-2")
        assert [(unit.unit, unit.number in market.secrets_made) for unit in units] == [("0-0", True), ("0-2", True)]
    assert opened_cards(market, order) == [True, False, True]


def test_one_that_is_not_there_keeps_the_others_closed(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    order = delivered(market, 2)
    with pytest.raises(NotFound):
        told(market, order, "0-0,0-7")
    assert opened_cards(market, order) == [False, False]


def test_a_unit_that_is_not_there_opens_nothing(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = delivered(market)
    with pytest.raises(NotFound):
        told(market, order, "0-7")
    assert opened_cards(market, order) == [False]


def test_what_replaced_a_card_that_was_seen_has_not_been_seen(market: Market) -> None:
    market.sku(warranty_days=7)
    market.stock("ik-month", 2)
    order = delivered(market)
    (bad,) = told(market, order, "0-0")
    market.later(minutes=1)
    body = ReplacementBody.model_validate({"unit": "0-0", "reason": "invalid", "replaced_before": 0})
    replace_card(desk_of(market), SUPPORT, order.id, "r1", body)
    market.run()
    (listed,) = told(market, order, NONE)
    assert (listed.closed, listed.revealed, listed.replaced_before, listed.replaced) == (True, False, 1, ())
    (new,) = told(market, order, "0-0")
    assert new.number not in (None, bad.number)
    assert [gone.number for gone in new.replaced] == [bad.number]
    assert told(market, order, NONE)[0].revealed


def test_parts_of_a_bundle_are_told_of_by_their_own_names(market: Market) -> None:
    market.sku("tv", titles={"zh-CN": "电视月卡"}, tutorial={"zh-CN": "在电视上兑换"})
    market.sku("music", titles={"zh-CN": "音乐月卡"})
    market.sku(
        "pack",
        kind="bundle",
        titles={"zh-CN": "影音包"},
        price=3000,
        components=[{"sku": "tv", "quantity": 1}, {"sku": "music", "quantity": 1}],
    )
    market.stock("tv", 1)
    market.stock("music", 1)
    order = delivered(market, sku="pack")
    units = told(market, order, NONE)
    assert [(u.title, u.tutorial) for u in units] == [("电视月卡", "在电视上兑换"), ("音乐月卡", None)]
    assert reveal(market.works, SITE, order.id, NONE).deliveries[0].title == "影音包"
    (one,) = told(market, order, units[0].unit)
    assert one.title == "电视月卡"
    assert opened_cards(market, order) == [True, False]


def test_what_waits_says_by_when(market: Market) -> None:
    market.sku("setup", kind="manual", price=5000, backlog_hours=24)
    order = market.place("setup")
    assert told(market, order, NONE)[0].due_at is None
    market.pay(order)
    market.run()
    (unit,) = told(market, order, NONE)
    paid_at = market.order(order).paid_at
    assert paid_at
    assert unit.due_at
    assert (unit.due_at - paid_at).total_seconds() == 24 * 3600
    assert (unit.closed, unit.own) == (False, False)
    deliver_by_hand(market.works, SUPPORT, order.id, ManualBody(text=Secret("账号 a")))
    assert [(u.closed, u.text) for u in told(market, order, NONE)] == [(True, None)]
    assert [u.text for u in told(market, order, unit.unit)] == ["账号 a"]
    assert [(u.closed, u.revealed) for u in told(market, order, NONE)] == [(True, True)]


def test_while_a_case_is_open_only_what_was_seen_can_be_opened(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    order = delivered(market, 2)
    told(market, order, "0-0")
    market.works.orders.change(order.id, lambda it: it.model_copy(update={"frozen": ("D1",)}))
    assert [(u.closed, u.withheld) for u in told(market, order, NONE)] == [(True, False), (True, True)]
    assert told(market, order, "0-0")[0].number in market.secrets_made
    (shut,) = told(market, order, "0-1")
    assert (shut.number, shut.withheld) == (None, True)
    assert opened_cards(market, order) == [True, False]


@pytest.mark.parametrize("wrong", ["some", "0-", "0-0-0-0-0", "0-0,", "0-0,all", ",".join(["0-0"] * 51)])
def test_the_route_takes_all_none_or_units(
    market: Market, call: Call, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(fulfill.deliveries, "works", lambda: market.works)
    market.sku()
    market.stock("ik-month", 1)
    order = delivered(market)

    def ask(opening: str) -> tuple[int, Any]:
        path = f"/v1/orders/{order.id}/deliveries"
        status, body, _ = call(fulfill.deliveries.handler, "GET", path, caller=SITE, query={"open": opening})
        return status, body

    assert ask(wrong)[0] == 422
    assert opened_cards(market, order) == [False]
    assert ask("none")[1]["deliveries"][0]["units"][0]["number"] is None
    assert opened_cards(market, order) == [False]
    assert ask("0-0")[1]["deliveries"][0]["units"][0]["number"] in market.secrets_made
