"""Insights: what is planted is found, and in noise next to nothing is."""

import random
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest

from quanyi.insights.buying import bought_together, lost_buyers, repurchased
from quanyi.insights.model import RULES, Finding, Rule
from quanyi.insights.paying import falling_providers
from quanyi.insights.rules import READS, found
from quanyi.insights.spending import losing_channels
from quanyi.insights.stock import Stock, expiring
from quanyi.insights.thresholds import (
    DEFAULTS,
    AbnormalDayTerms,
    BundleTerms,
    ChannelRoiTerms,
    ExpiringTerms,
    ProviderTerms,
    RepurchaseTerms,
    Thresholds,
    WinBackTerms,
)
from quanyi.insights.trade import abnormal_days
from quanyi.restock.calendar import Days, days_from

DAY = date(2026, 8, 27)
"""A Thursday with no holiday in the twelve weeks before but 端午节 (19 June)."""
Rows = list[dict[str, Any]]
SHOPS = 120


def ago(days: int, day: date = DAY) -> str:
    return (day - timedelta(days=days)).isoformat()


def calendar(day: date = DAY) -> Days:
    return days_from(day - timedelta(days=84), 85)


# ------------------------------------------------------------------------------------------------- shops made at random


def poisson(draw: random.Random, mean: float) -> int:
    """By arrivals, or near enough by a normal for many."""
    if mean > 50:
        return max(0, round(draw.gauss(mean, mean**0.5)))
    at, count = draw.expovariate(1), 0
    while at < mean:
        at, count = at + draw.expovariate(1), count + 1
    return count


def days_of(draw: random.Random, mean: float = 80, varies: float = 0.15, last: float = 1.0, day: date = DAY) -> Rows:
    """85 days with busy weekends. `last` times as much on the last one."""
    rows: Rows = []
    for back in range(85):
        on = day - timedelta(days=back)
        busy = mean * (1.4 if on.weekday() >= 5 else 1) * draw.lognormvariate(-(varies**2) / 2, varies)
        orders = poisson(draw, busy * (last if back == 0 else 1))
        gmv = sum(draw.choice((900, 1900, 2900, 9900)) for _ in range(orders))
        rows.append({"day": on.isoformat(), "currency": "CNY", "orders": orders, "gmv": gmv})
    return [row for row in rows if row["orders"]]


def weeks_of(draw: random.Random, name: str, tried: float = 400, rate: float = 0.9, now: float | None = None) -> Rows:
    rows: Rows = []
    for week in range(9):
        count, share = poisson(draw, tried), rate if week or now is None else now
        share = min(1.0, max(0.0, draw.gauss(share, 0.01)))
        paid = sum(draw.random() < share for _ in range(count))
        rows.append({"provider": name, "week": week, "tried": count, "paid": paid})
    return rows


def channel_of(draw: random.Random, name: str, spend: int = 0, margin: int = 500) -> Rows:
    """Thirty days of some twelve orders, each with about that margin; `spend` a day."""
    rows: Rows = []
    for back in range(30):
        orders = poisson(draw, 12)
        earned = sum(round(draw.gauss(margin, 300)) for _ in range(orders))
        rows.append({"day": ago(back), "channel": name, "currency": "CNY", "orders": orders, "gmv": orders * 2000})
        rows[-1] |= {"margin": earned, "spend": spend}
    return rows


def baskets_of(draw: random.Random, skus: int = 25, orders: int = 4000, pair: float = 0.0) -> tuple[Rows, Rows]:
    """Each order takes each SKU by itself; `pair` is the chance that who takes the first takes the second too."""
    shares = [0.02 + 0.1 * draw.random() ** 2 for _ in range(skus)]
    counts, both = [0] * skus, dict.fromkeys(combinations(range(skus), 2), 0)
    for _ in range(orders):
        taken = [n for n in range(skus) if draw.random() < shares[n]]
        if 0 in taken and 1 not in taken and draw.random() < pair:
            taken = sorted([*taken, 1])
        for n in taken:
            counts[n] += 1
        for two in combinations(taken, 2):
            both[two] += 1
    baskets: Rows = []
    for (a, b), together in both.items():
        if together >= 10:
            row = {"scope": "order", "a": f"s{a:02}", "b": f"s{b:02}", "together": together, "total": orders}
            row |= {"with_a": counts[a], "with_b": counts[b], "support": together / orders}
            row |= {"a_to_b": together / counts[a], "b_to_a": together / counts[b]}
            baskets.append(row | {"lift": together * orders / (counts[a] * counts[b])})
    return baskets, [{"sku": f"s{n:02}", "orders": counts[n], "delivered": counts[n] // 3} for n in range(skus)]


def products_of(draw: random.Random, rates: Sequence[float]) -> Rows:
    rows: Rows = []
    for number, rate in enumerate(rates):
        buyers = draw.randint(20, 400)
        again = sum(draw.random() < rate for _ in range(buyers))
        common = {"product": f"P{number}", "currency": "CNY", "buyers": buyers, "repeat_buyers": again}
        rows += [
            {**common, "sku": "*", "units": buyers + again},
            {**common, "sku": f"s{number:02}", "units": buyers + again},
        ]
    return rows


def stocks_of(draw: random.Random, daily: float, units: int, days: int) -> tuple[list[Stock], Rows]:
    return [Stock("s00", {ago(-days): units}, 400)], [
        {"sku": "s00", "orders": 1, "delivered": poisson(draw, daily * 28)}
    ]


def ordinary(seed: int) -> Mapping[str, Rows]:
    """A shop where nothing is the matter: providers that vary a little, channels that pay, buyers by chance."""
    draw = random.Random(seed)
    baskets, sales = baskets_of(draw)
    return {
        "shop_days": days_of(draw),
        "provider_weeks": [row for name in ("alipay", "stripe", "wechat") for row in weeks_of(draw, name)],
        "channel_days": [*channel_of(draw, "site", 5000), *channel_of(draw, "app", 4000), *channel_of(draw, "agent")],
        "products": products_of(draw, [draw.uniform(0.02, 0.22) for _ in range(20)]),
        "baskets": baskets,
        "sku_sales": sales,
        "at_risk": [],
    }


# ---------------------------------------------------------------------------------------------------------------- noise


def test_in_shops_where_nothing_is_the_matter_next_to_nothing_is_found() -> None:
    """Seven rules on each of 120 shops, with some 300 pairs, 20 products, 3 channels and 3 providers each."""
    counted = dict.fromkeys(RULES, 0)
    for seed in range(SHOPS):
        draw = random.Random(1000 + seed)
        stocks, _ = stocks_of(draw, daily=4, units=80, days=20)
        reports = ordinary(seed)
        sales = [{**row, "delivered": poisson(draw, 4 * 28)} for row in reports["sku_sales"]]
        for one in found({**reports, "sku_sales": sales}, stocks, DAY, calendar()):
            counted[one.rule] += 1
    told = f"found in {SHOPS} shops without any effect: {counted}"
    sys.stdout.write(f"\n{told}\n")
    assert sum(counted.values()) <= SHOPS * 0.03, told
    assert max(counted.values()) <= SHOPS * 0.02, told


def test_a_shop_of_yesterday_is_told_nothing() -> None:
    assert found({}, [], DAY, calendar()) == []
    few = {name: rows[:3] for name, rows in ordinary(1).items()}
    assert found(few, [Stock("s00", {ago(-3): 900}, 3)], DAY, calendar()) == []
    assert {*READS} == {*few}


# ------------------------------------------------------------------------------------------------------ what is planted


def planted(seed: int) -> tuple[dict[str, Rows], list[Stock]]:
    """Something of each rule."""
    draw = random.Random(seed)
    baskets, sales = baskets_of(draw, pair=0.35)
    stocks, slow = stocks_of(draw, daily=1, units=120, days=20)
    reports: dict[str, Rows] = {
        **ordinary(seed),
        "shop_days": days_of(draw, varies=0.1, last=0.2),
        "provider_weeks": [*weeks_of(draw, "alipay"), *weeks_of(draw, "wechat", now=0.75)],
        "channel_days": [*channel_of(draw, "site", 4000), *channel_of(draw, "app", 12_000)],
        "products": [*products_of(draw, [0.1] * 10), *_product("PX", 300, 140)],
        "baskets": baskets,
        "sku_sales": [*(row for row in sales if row["sku"] != "s00"), {**slow[0], "orders": sales[0]["orders"]}],
        "at_risk": [
            {
                "currency": "CNY",
                "segment": "important_keep",
                "buyers": 40,
                "monetary": 90_000,
                "recency": 200,
                "tested": 300,
            }
        ],
    }
    return reports, stocks


@pytest.mark.parametrize("seed", range(8))
def test_what_is_planted_is_found(seed: int) -> None:
    reports, stocks = planted(seed)
    told = found(reports, stocks, DAY, calendar())
    assert {one.about for one in told} == {"wechat", f"CNY#{DAY}", "app#CNY", "s00", "CNY", "PX#CNY", "s00#s01"}
    order = [one.severity for one in told]
    assert order == sorted(order, key=["critical", "warning", "info"].index)
    again = found({name: rows[::-1] for name, rows in reports.items()}, stocks, DAY, calendar())
    assert [one.id for one in again] == [one.id for one in told], "whatever order rows come in"


def _product(name: str, buyers: int, again: int) -> Rows:
    common = {"product": name, "currency": "CNY", "buyers": buyers, "repeat_buyers": again}
    return [{**common, "sku": sku, "units": units} for sku, units in (("*", 500), ("x-small", 100), ("x-large", 400))]


# --------------------------------------------------------------------------------------------------------- each by hand


def one_of(findings: Any) -> Finding | None:
    listed = list(findings)
    assert len(listed) <= 1
    return listed[0] if listed else None


def test_repurchase_needs_enough_buyers_and_names_the_sku_that_sells_most() -> None:
    hit = one_of(repurchased(_product("PX", 100, 45)))
    assert hit is not None
    assert hit.evidence["sku"] == "x-large"
    assert hit.evidence["repurchase_rate"] == 0.45
    assert 0.25 < float(str(hit.evidence["repurchase_rate_at_least"])) < 0.45
    assert one_of(repurchased(_product("PX", 49, 45))) is None, "49 buyers"
    assert one_of(repurchased(_product("PX", 100, 30))) is None, "30 of 100 may be 25 % by chance"
    assert one_of(repurchased(_product("", 100, 45))) is None, "goods that are in no product"


def pair(together: int, with_a: int, with_b: int, total: int, scope: str = "order") -> dict[str, Any]:
    row = {"scope": scope, "a": "x", "b": "y", "together": together, "with_a": with_a, "with_b": with_b, "total": total}
    return row | {
        "support": together / total,
        "a_to_b": together / with_a,
        "b_to_a": together / with_b,
        "lift": together * total / (with_a * with_b),
    }


def test_a_pair_needs_support_lift_and_more_than_the_best_of_many_pairs() -> None:
    sales = [{"sku": f"{n}", "orders": 50} for n in range(100)]
    hit = one_of(bought_together([pair(40, 100, 100, 2000)], sales))
    assert hit is not None
    assert (hit.evidence["lift"], hit.evidence["together"]) == (8.0, 40)
    assert one_of(bought_together([pair(19, 40, 40, 2000)], sales)) is None, "19 orders"
    assert one_of(bought_together([pair(150, 400, 400, 2000)], sales)) is None, "a lift of 1.9"
    assert one_of(bought_together([pair(40, 100, 100, 2000, "buyer")], sales)) is None, "not in one order"
    rare = pair(22, 200, 110, 2000)
    assert one_of(bought_together([rare], sales[:2])) is not None
    assert one_of(bought_together([rare], [{"sku": f"{n}", "orders": 50} for n in range(400)])) is None, "80,000 pairs"


def channel(margin: Sequence[int], spend: int, orders: int = 10, spent_on: int = 0) -> Rows:
    """`spend` in one entry, as a monthly bill is."""
    return [
        {"day": ago(n), "channel": "app", "currency": "CNY", "orders": orders, "gmv": 20_000, "margin": one}
        | {"spend": spend if n == spent_on else 0}
        for n, one in enumerate(margin)
    ]


def test_a_channel_loses_when_its_margin_cannot_reach_its_spend() -> None:
    swings = [4000, 6000] * 15
    hit = one_of(losing_channels(channel(swings, 200_000), DAY))
    assert hit is not None
    assert (hit.evidence["margin"], hit.evidence["spend"], hit.evidence["roi_bp"]) == (150_000, 200_000, -2500)
    assert (hit.severity, hit.evidence["days"]) == ("warning", 30)
    assert one_of(losing_channels(channel(swings, 152_000), DAY)) is None, "within what its days vary"
    assert one_of(losing_channels(channel(swings, 140_000), DAY)) is None, "it earns"
    assert one_of(losing_channels(channel(swings[:13], 200_000), DAY)) is None, "13 days"
    assert one_of(losing_channels(channel(swings, 200_000, orders=0), DAY)) is None, "no orders"
    lost = one_of(losing_channels(channel([-4000, -6000] * 15, 50_000), DAY))
    assert lost is not None
    assert lost.severity == "critical", "each sale loses"


def test_a_provider_falls_only_below_its_own_past() -> None:
    def weeks(now: tuple[int, int], past: Sequence[tuple[int, int]]) -> Rows:
        rows = [now, *past]
        return [{"provider": "wechat", "week": n, "paid": paid, "tried": of} for n, (paid, of) in enumerate(rows)]

    hit = one_of(falling_providers(weeks((300, 400), [(360, 400)] * 8)))
    assert hit is not None
    assert (hit.evidence["success_rate"], hit.evidence["success_rate_before"]) == (0.75, 0.9)
    assert one_of(falling_providers(weeks((30, 49), [(360, 400)] * 8))) is None, "49 tries"
    assert one_of(falling_providers(weeks((300, 400), [(360, 400)] * 3))) is None, "three weeks"
    assert one_of(falling_providers(weeks((300, 400), [(300, 400), (400, 400)] * 4))) is None, "it always varies so"
    assert one_of(falling_providers(weeks((34_800, 40_000), [(36_000, 40_000)] * 8))) is None, (
        "three points of a hundred"
    )
    assert one_of(falling_providers(weeks((400, 400), [(300, 400)] * 8))) is None, "it rose"


def steady(day: date, mine: int, usual: Sequence[int] = (98, 100, 102)) -> Rows:
    return [
        {"day": ago(n, day), "currency": "CNY", "orders": count, "gmv": count * 1000}
        for n in range(85)
        for count in [mine if n == 0 else usual[n // 7 % len(usual)]]
    ]


def test_a_day_is_compared_with_its_weekday_and_only_with_ordinary_days() -> None:
    hit = one_of(abnormal_days(steady(DAY, 40), DAY, calendar()))
    assert hit is not None
    assert (hit.severity, hit.evidence["weekday"], hit.evidence["orders_median"]) == ("critical", 4, 100)
    assert float(str(hit.evidence["orders_z"])) < -3.5
    better = one_of(abnormal_days(steady(DAY, 200), DAY, calendar()))
    assert better is not None
    assert better.severity == "info"
    assert one_of(abnormal_days(steady(DAY, 75), DAY, calendar())) is None, "a quarter less"
    assert one_of(abnormal_days(steady(DAY, 3, (8, 9, 9)), DAY, calendar())) is None, "nine orders a day"
    short = [row for row in steady(DAY, 40) if row["day"] > ago(55)]
    assert one_of(abnormal_days(short, DAY, calendar())) is None, "seven weeks"
    nothing = [row for row in steady(DAY, 40) if row["day"] != DAY.isoformat()]
    assert one_of(abnormal_days(nothing, DAY, calendar())) is not None, "a day without any sale"


@pytest.mark.parametrize("holiday", [date(2026, 10, 1), date(2026, 9, 29), date(2026, 9, 20)])
def test_holidays_eves_and_days_worked_for_them_are_not_judged(holiday: date) -> None:
    """国庆节, the days before it, and a Sunday that is worked for it."""
    assert one_of(abnormal_days(steady(holiday, 10), holiday, calendar(holiday))) is None


def test_a_holiday_does_not_count_among_the_days_compared_with() -> None:
    day = date(2026, 10, 15)
    rows = [
        {**row, "orders": 5, "gmv": 5000} if "2026-10-01" <= row["day"] <= "2026-10-08" else row
        for row in steady(day, 100)
    ]
    assert one_of(abnormal_days(rows, day, calendar(day))) is None
    worse = [{**row, "orders": 40} if row["day"] == day.isoformat() else row for row in rows]
    hit = one_of(abnormal_days(worse, day, calendar(day)))
    assert hit is not None
    assert int(str(hit.evidence["weeks"])) < 12, "the Thursdays of the holidays are left out"


def test_stock_expires_when_even_brisk_sales_leave_it() -> None:
    sales = [{"sku": "s", "orders": 9, "delivered": 28}]
    hit = one_of(expiring([Stock("s", {ago(-10): 100}, 400)], sales, DAY))
    assert hit is not None
    assert (hit.evidence["units"], hit.evidence["days"], hit.severity) == (100, 10, "warning")
    assert hit.evidence["left_over"] == 100 - int(str(hit.evidence["sold_at_most"])) > 70
    soon = one_of(expiring([Stock("s", {ago(-6): 100}, 400)], sales, DAY))
    assert soon is not None
    assert soon.severity == "critical"
    assert one_of(expiring([Stock("s", {ago(-10): 18}, 400)], sales, DAY)) is None, "it may sell"
    assert one_of(expiring([Stock("s", {ago(-46): 900}, 400)], sales, DAY)) is None, "far away"
    assert one_of(expiring([Stock("s", {ago(0): 900}, 400)], sales, DAY)) is None, "over already"
    assert one_of(expiring([Stock("s", {ago(-10): 100}, 13)], sales, DAY)) is None, "nobody knows yet how it sells"
    unsold = one_of(expiring([Stock("t", {ago(-30): 12}, 400)], sales, DAY))
    assert unsold is not None, "what nobody buys"
    both = one_of(expiring([Stock("s", {ago(-5): 12, ago(-30): 100}, 400)], sales, DAY))
    assert both is not None
    assert (both.evidence["units"], both.evidence["until"]) == (112, ago(-30)), "what expires first is sold first"
    brisk = [{"sku": "s", "orders": 9, "delivered": 112}]
    early = one_of(expiring([Stock("s", {ago(-5): 100, ago(-30): 1}, 400)], brisk, DAY))
    assert early is not None
    assert (early.evidence["units"], early.evidence["until"]) == (100, ago(-5)), "the day on which most is left"


def test_lost_buyers_are_told_by_currency_from_ten_on() -> None:
    row = {"currency": "CNY", "segment": "important_keep", "buyers": 9, "monetary": 900, "recency": 100, "tested": 50}
    assert one_of(lost_buyers([row])) is None
    more = {**row, "segment": "important_win_back", "buyers": 1, "recency": 300}
    hit = one_of(lost_buyers([row, more, {**row, "segment": "important_value"}]))
    assert hit is not None
    assert (hit.evidence["buyers"], hit.evidence["monetary"], hit.evidence["recency"]) == (10, 1800, 120)
    assert one_of(lost_buyers([row, {**more, "currency": "USD"}])) is None, "currencies are apart"


# ----------------------------------------------------------------------------------------------- what a shop may choose


def test_what_asks_for_more_finds_less_and_says_by_what() -> None:
    pair = {"scope": "order", "a": "a", "b": "b", "together": 40, "with_a": 90, "with_b": 80, "total": 900}
    baskets = [{**pair, "support": 0.04, "a_to_b": 0.44, "b_to_a": 0.5, "lift": 5.0}]
    sales = [{"sku": sku, "orders": 90, "delivered": 90} for sku in ("a", "b")]

    def bundles(**terms: Any) -> list[str]:
        least = Thresholds(bundle=BundleTerms(**terms))
        reports = {"baskets": baskets, "sku_sales": sales}
        return [one.about for one in found(reports, [], DAY, calendar(), least) if one.rule == "bundle"]

    assert bundles() == bundles(together=40, lift=5.0) == ["a#b"]
    assert bundles(together=41) == bundles(lift=5.1) == []


MORE = {
    "provider": ProviderTerms(tried=1_000_000),
    "abnormal_day": AbnormalDayTerms(orders=1_000_000),
    "channel_roi": ChannelRoiTerms(orders=1_000_000),
    "expiring": ExpiringTerms(left_over=1_000_000),
    "win_back": WinBackTerms(buyers=1_000_000),
    "repurchase": RepurchaseTerms(repeat_buyers=1_000_000),
    "bundle": BundleTerms(together=1_000_000),
}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_goes_by_its_own_numbers(rule: Rule) -> None:
    reports, stocks = planted(1)
    before = found(reports, stocks, DAY, calendar())
    after = found(reports, stocks, DAY, calendar(), DEFAULTS.model_copy(update={rule: MORE[rule]}))
    assert rule in {one.rule for one in before}
    assert after == [one for one in before if one.rule != rule]
