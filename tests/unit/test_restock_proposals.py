"""Stock levels and what is proposed by them: caps hold, and the explanation's numbers add up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quanyi.money import Money
from quanyi.restock.calendar import days_from
from quanyi.restock.explanation import WORDS, Code, Explanation, explained
from quanyi.restock.forecast import forecast
from quanyi.restock.model import DynamicLevels, FixedLevels, PolicyTerms, PriceGuard, StockPolicy
from quanyi.restock.proposal import Buying, Proposal, Stock, proposed
from quanyi.restock.reorder_point import StockLevels, base_stocks, forecast_days, stock_levels

DAYS = days_from(date(2024, 1, 1), 800)
HISTORIES = st.lists(st.integers(0, 300), max_size=100)
FIXED = FixedLevels(low=20, order_up_to=100)


def yuan(amount: int) -> Money:
    return Money(amount=amount, currency="CNY")


def terms(levels: FixedLevels | DynamicLevels = FIXED, **others: Any) -> PolicyTerms:
    return PolicyTerms(levels=levels, **others)


def planned(policy: PolicyTerms, demand: Sequence[int], offered: int = 3) -> StockLevels:
    lead, levels = policy.lead_days(offered), policy.levels
    review = levels.review_days if isinstance(levels, DynamicLevels) else 1
    found = forecast(demand, DAYS, lead=lead, review=review, ahead=forecast_days(policy, lead))
    return stock_levels(policy, lead, found, DAYS)


def bought(policy: PolicyTerms, stock: Stock, demand: Sequence[int] = (10,) * 100, **offer: Any) -> Proposal:
    return proposed(policy, planned(policy, demand), stock, replace(Buying(yuan(500)), **offer))


# The policy itself.


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": {"kind": "fixed", "low": 10, "order_up_to": 9}},
        {"levels": {"kind": "fixed", "low": -1, "order_up_to": 9}},
        {"levels": {"kind": "dynamic", "service_level": 10_000}},
        {"levels": {"kind": "dynamic", "review_days": 0}},
        {"levels": {"kind": "dynamic", "least": 50}, "most_stock": 40},
        {"levels": {"kind": "dynamic"}, "mode": "guess"},
        {
            "levels": {"kind": "dynamic"},
            "monthly_budget": {"amount": 1, "currency": "USD"},
            "approval_above": {"amount": 1, "currency": "CNY"},
        },
        {"levels": {"kind": "dynamic"}, "monthly_budget": {"amount": -1, "currency": "USD"}},
    ],
)
def test_terms_that_cannot_be_met_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PolicyTerms.model_validate(wrong)


def test_a_policy_reads_as_it_was_written() -> None:
    policy = StockPolicy(sku="video-month", mode="auto", levels=DynamicLevels(), monthly_budget=yuan(100_000))
    assert StockPolicy.model_validate_json(policy.model_dump_json()) == policy
    assert policy.channel == "shared"


def test_the_policys_lead_time_goes_before_the_offers() -> None:
    assert terms(lead_time_days=9).lead_days(2) == 9
    assert terms().lead_days(2) == 2


# The levels.


@settings(max_examples=50, deadline=None)
@given(HISTORIES, st.integers(0, 20), st.integers(1, 14))
def test_more_service_never_lowers_the_reorder_point(demand: list[int], lead: int, review: int) -> None:
    found = base_stocks(forecast(demand, DAYS, lead=lead, review=review), 5_000, 9_000, 9_500, 9_900, 9_990, 9_999)
    assert found == sorted(found)
    assert found[0] >= 0


@settings(max_examples=50, deadline=None)
@given(HISTORIES, st.integers(1, 20))
def test_the_explanations_numbers_add_up(demand: list[int], least: int) -> None:
    policy = terms(DynamicLevels(service_level=9_500, review_days=2, cover_days=5, least=least))
    levels = planned(policy, demand)
    why = levels.explanation
    assert why.number("low") == levels.low >= least
    assert why.number("order_up_to") == levels.order_up_to >= levels.low
    if why.number("no_demand") is None:
        parts = [why.number(code) for code in ("lead_demand", "review_demand", "safety")]
        whole = sum(part for part in parts if part is not None)
        assert levels.low == (least if why.number("least") is not None else whole) == max(least, whole)
        assert levels.order_up_to == levels.low + (why.number("cover_demand") or 0)


def test_no_demand_holds_what_is_to_be_held_in_any_case() -> None:
    assert planned(terms(DynamicLevels()), [0] * 50).order_up_to == 0
    levels = planned(terms(DynamicLevels(least=7)), [])
    assert (levels.low, levels.order_up_to) == (7, 7)
    assert levels.explanation.words("en")[0] == "No demand yet to forecast from"


def test_a_longer_lead_time_needs_more() -> None:
    found = [planned(terms(DynamicLevels(), lead_time_days=lead), [10] * 100).low for lead in (1, 5, 20)]
    assert found == sorted(set(found))


def test_fixed_levels_are_as_they_are_set() -> None:
    levels = planned(terms(), [3] * 50)
    assert (levels.low, levels.order_up_to) == (20, 100)


def test_a_year_without_a_holiday_plan_is_told() -> None:
    days = days_from(date(2098, 12, 1), 60)
    policy = terms(DynamicLevels())
    found = forecast([5] * 30, days, lead=3, review=1, ahead=11)
    why = stock_levels(policy, 3, found, days).explanation
    assert "Holidays are known until 2098-11-30; after that, only weekdays are" in why.words("en")


# What is proposed.


@settings(max_examples=100, deadline=None)
@given(
    HISTORIES,
    st.builds(Stock, st.integers(0, 500), st.integers(0, 500), st.integers(0, 500)),
    st.fixed_dictionaries(
        {},
        optional={
            "most_stock": st.integers(1, 900),
            "most_ordered": st.integers(1, 500),
            "shelf_life_days": st.integers(1, 60),
        },
    ),
    st.fixed_dictionaries(
        {"minimum": st.integers(1, 100), "pack": st.integers(1, 50)},
        optional={"left_today": st.integers(0, 500), "budget_left": st.integers(0, 200_000)},
    ),
)
def test_packs_minimum_and_caps_hold_together(
    demand: list[int], stock: Stock, caps: dict[str, int], offer: dict[str, Any]
) -> None:
    policy = terms(DynamicLevels(), mode="auto", **caps)
    levels = planned(policy, demand)
    found = proposed(policy, levels, stock, Buying(unit_cost=yuan(700), **offer))
    quantity = found.quantity
    assert quantity >= 0
    assert quantity % offer["pack"] == 0
    assert found == proposed(policy, levels, stock, Buying(unit_cost=yuan(700), **offer))
    if not quantity:
        assert found.act in ("nothing", "alert")
        return
    assert stock.position < levels.low
    assert quantity >= offer["minimum"]
    assert quantity <= caps.get("most_ordered", quantity)
    assert quantity <= offer.get("left_today", quantity)
    assert quantity * 700 <= offer.get("budget_left", quantity * 700)
    assert stock.position + quantity <= caps.get("most_stock", stock.position + quantity)
    if levels.sells_before_expiry is not None:
        assert stock.position + quantity <= levels.sells_before_expiry
    assert found.cost == yuan(700 * quantity)
    why = found.explanation
    assert why.number("position") == stock.available + stock.on_order - stock.backlog
    assert why.number("wanted") == levels.order_up_to - stock.position
    assert why.number("quantity") == quantity


def test_above_the_reorder_point_nothing_is_done() -> None:
    found = bought(terms(mode="auto"), Stock(20))
    assert (found.act, found.alerts, found.quantity) == ("nothing", (), 0)


@pytest.mark.parametrize(("mode", "act"), [("alert", "alert"), ("propose", "propose"), ("auto", "buy")])
def test_below_it_the_mode_decides(mode: str, act: str) -> None:
    found = bought(terms(mode=mode), Stock(12, on_order=3, backlog=1))
    assert (found.act, found.alerts, found.quantity) == (act, ("stock_low",), 86)


def test_what_is_on_order_counts_and_what_waits_does_too() -> None:
    assert bought(terms(mode="auto"), Stock(5, on_order=15)).act == "nothing"
    assert bought(terms(mode="auto"), Stock(20, backlog=1)).quantity == 81


def test_out_is_worse_than_low_and_nothing_wanted_is_neither() -> None:
    assert bought(terms(), Stock(0)).alerts == ("stock_out",)
    assert bought(terms(DynamicLevels()), Stock(0), demand=[]).alerts == ()
    assert bought(terms(DynamicLevels()), Stock(0, backlog=2), demand=[]).alerts == ("stock_out",)


def test_what_lasts_too_long_and_what_expires_is_told() -> None:
    policy = terms(overstock_days=30)
    assert bought(policy, Stock(301)).alerts == ("overstock",)
    assert bought(policy, Stock(290)).alerts == ()
    assert bought(policy, Stock(50, expiring=1)).alerts == ("stock_expiring",)


def test_without_an_offer_it_is_told_at_least() -> None:
    found = proposed(terms(mode="auto"), planned(terms(), []), Stock(1), None)
    assert (found.act, found.alerts, found.quantity) == ("alert", ("stock_low",), 0)


def test_packs_round_up_and_caps_round_down() -> None:
    assert bought(terms(), Stock(10), pack=25).quantity == 100
    assert bought(terms(most_ordered=90), Stock(10), pack=25).quantity == 75
    assert bought(terms(), Stock(10), pack=25, minimum=110).quantity == 125


def test_a_cap_below_the_minimum_buys_nothing_and_says_so() -> None:
    found = bought(terms(mode="auto", most_ordered=30), Stock(10), minimum=50)
    assert (found.act, found.quantity) == ("alert", 0)
    assert found.explanation.number("cap_most_ordered") == 30
    assert "30 allowed is less than the supplier's minimum: nothing is bought" in found.explanation.words("en")


@pytest.mark.parametrize(
    ("others", "offer", "doubts"),
    [
        ({"approval_above": yuan(44_999)}, {}, ("above_approval",)),
        ({"approval_above": yuan(45_000)}, {}, ()),
        ({"price_guard": PriceGuard(most_cost=yuan(499))}, {}, ("cost_too_high",)),
        ({"price_guard": PriceGuard(most_rise=500)}, {"last_cost": yuan(476)}, ("cost_rose",)),
        ({"price_guard": PriceGuard(most_rise=500)}, {"last_cost": yuan(477)}, ()),
        ({"price_guard": PriceGuard(most_rise=500)}, {}, ()),
        ({"approval_above": Money(amount=1, currency="USD")}, {}, ("other_currency",)),
    ],
)
def test_in_doubt_a_person_decides(others: dict[str, Any], offer: dict[str, Any], doubts: tuple[str, ...]) -> None:
    found = bought(terms(mode="auto", **others), Stock(10), **offer)
    assert found.doubts == doubts
    assert found.act == ("propose" if doubts else "buy")
    assert found.quantity == 90


# The words.


def test_every_step_has_words_in_both_languages() -> None:
    assert set(WORDS) == set(get_args(Code))
    assert all(len(set(words)) == 2 for words in WORDS.values())


def test_an_explanation_reads() -> None:
    why = explained(smooth=365, daily=12_345, service=9_850, calendar_until=20261231, low=1_200)
    assert why.words("zh-CN") == [
        "依据 365 天销量：每天有单，起伏小",
        "平常日均销量 12.3 件",
        "目标现货满足率 98.5%",
        "节假日安排仅公布至 2026-12-31，其后只按星期预测",
        "补货点 1,200 件",
    ]
    assert explained(daily=125).words("en") == ["An ordinary day asks for 0.125 now"]
    assert Explanation.model_validate_json(why.model_dump_json()) == why


@settings(max_examples=50, deadline=None)
@given(HISTORIES)
def test_a_proposal_can_be_kept_and_told(demand: list[int]) -> None:
    found = bought(terms(DynamicLevels(), mode="propose"), Stock(0), demand=demand)
    assert Proposal.model_validate_json(found.model_dump_json()) == found
    assume(found.quantity)
    assert found.explanation.words("en")[-1] == f"To buy: {found.quantity:,}"
