"""`GET /v1/reports/trading`: what the facts say, in three reads, and a clear refusal of what cannot be told."""

import json
import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from quanyi.alerts.model import Finding
from quanyi.alerts.table import AlertsTable
from quanyi.callers import Caller
from quanyi.clock import day
from quanyi.facts.model import Fact
from quanyi.rollups.roll import KEPT
from quanyi.rollups.table import RollsTable
from reports import reports, rolling
from reports.wiring import Trading
from stream import orders as stream_orders
from tests.aws.conftest import Call, Cloud, LambdaContext
from tests.aws.market import Market
from tests.aws.memory import MemoryCloud
from tests.aws.selling import BEGIN, ZONE, facts_of_orders, put
from tests.aws.streams import records_of

ANALYST = Caller(role="analyst", key_id="AN1")
PATH = "/v1/reports/trading"
TODAY = BEGIN + timedelta(days=6)


class Office:
    """A shop's reports at a moment."""

    def __init__(self, cloud: Cloud | MemoryCloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud, self.call, self.now = cloud, call, TODAY
        self.alerts = AlertsTable(cloud.table("SupplyTable"))
        self.rolls = RollsTable(cloud.table("FactsTable"), ZONE)
        monkeypatch.setattr("reports.reports.trade", lambda: Trading(self.rolls, self.alerts, ZONE, lambda: self.now))

    def told(self, facts: list[Fact]) -> None:
        put(self.cloud.table("FactsTable"), facts)
        self.rolls.follow(facts)

    def ask(self, first: object, last: object, *, caller: Caller = ANALYST, **query: str) -> tuple[int, Any]:
        asked = {"from": f"{first}", "to": f"{last}", **query}
        status, answer, _ = self.call(reports.handler, "GET", PATH, caller=caller, query=asked)
        return status, answer

    def report(self, first: object, last: object, **query: Any) -> dict[str, Any]:
        status, answer = self.ask(first, last, **query)
        assert status == 200, answer
        return answer


@pytest.fixture
def office(call: Call, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(MemoryCloud(), call, monkeypatch)


FIRST, LAST = date(2026, 11, 23), date(2026, 11, 25)


def on_days(facts: list[Fact], first: date, last: date) -> list[Fact]:
    return [fact for fact in facts if f"{first}" <= day(fact.at, ZONE) <= f"{last}"]


def money(facts: list[Fact], currency: str) -> dict[str, int]:
    """Computed from the facts, by other ways than the rolls take."""
    mine = [fact for fact in facts if fact.currency == currency]
    moved: Counter[str] = Counter()
    cash = [0, 0]
    for fact in (fact for fact in mine if fact.kind == "posted"):
        moved.update(fact.accounts)
        held = sum(amount for name, amount in fact.accounts.items() if name.startswith(("provider", "fees")))
        cash[held < 0] += abs(held)
    gmv = sum(fact.amount for fact in mine if fact.kind == "sold")
    orders = len({fact.of for fact in mine if fact.kind == "sold"})
    return {
        "gmv": gmv,
        "average_order": gmv // orders,
        "captured": cash[0],
        "returned": cash[1],
        "net": cash[0] - cash[1],
        "revenue": -moved["revenue:@0"],
        "cost": moved["cost"],
        "loss": 0,
        "fees": moved["fees"],
        "margin": -moved["revenue:@0"] - moved["cost"] - moved["fees"],
        "refund_asked": sum(fact.amount for fact in mine if fact.kind == "refund_asked"),
    }


def numbers(facts: list[Fact], ever: list[Fact], first: date) -> dict[str, int]:
    kinds = Counter(fact.kind for fact in facts)
    sold = {fact.buyer for fact in facts if fact.kind == "sold"}
    earlier = {fact.buyer for fact in ever if fact.kind == "sold" and day(fact.at, ZONE) < f"{first}"}
    return {
        "orders_placed": kinds["placed"],
        "orders_paid": len({fact.of for fact in facts if fact.kind == "sold"}),
        "units_sold": kinds["sold"],
        "units_delivered": kinds["delivered"],
        "units_replaced": 0,
        "refunds_asked": kinds["refund_asked"],
        "buyers": len(sold),
        "new_buyers": len(sold - earlier),
        "returning_buyers": len(sold & earlier),
    }


def test_totals_series_and_the_range_before_are_what_the_facts_say(office: Office) -> None:
    facts = facts_of_orders(random.Random(1), 40, days=5)
    office.told(facts)
    first, last = date(2026, 11, 25), date(2026, 11, 26)
    here, before = on_days(facts, first, last), on_days(facts, FIRST, date(2026, 11, 24))
    answer = office.report(first, last)
    for figures, some, since in ((answer["totals"], here, first), (answer["before"], before, FIRST)):
        assert {name: figures[name] for name in figures if name != "money"} == numbers(some, facts, since)
        assert figures["money"] == {c: money(some, c) for c in ("CNY", "USD")}
    is_, was = answer["totals"]["orders_paid"], answer["before"]["orders_paid"]
    assert answer["change"]["numbers"]["orders_paid"] == (is_ - was) * 10_000 // was
    gmv = [answer[name]["money"]["CNY"]["gmv"] for name in ("totals", "before")]
    assert answer["change"]["money"]["CNY"]["gmv"] == (gmv[0] - gmv[1]) * 10_000 // gmv[1]
    assert [piece["begin"] for piece in answer["series"]] == [f"{first}", f"{last}"]
    for piece in answer["series"]:
        on = date.fromisoformat(piece["begin"])
        some = on_days(facts, on, on)
        assert {n: piece["figures"][n] for n in piece["figures"] if n != "money"} == numbers(some, facts, on)


def test_a_range_that_still_runs_is_compared_with_as_many_days_as_have_begun(office: Office) -> None:
    first = date(2026, 11, 28)
    office.told(on_days(facts_of_orders(random.Random(1), 40, days=7), FIRST, date(2026, 11, 29)))
    running, begun = office.report(first, date(2026, 12, 31), by="week"), office.report(first, date(2026, 11, 29))
    assert begun["before"]["orders_paid"] > 0
    for name in ("totals", "before", "change"):
        assert running[name] == begun[name]


def test_hours_weeks_and_months_add_up_to_the_same(office: Office) -> None:
    facts = facts_of_orders(random.Random(2), 30, days=5)
    office.told(facts)
    answers = {by: office.report(FIRST, date(2026, 11, 26), by=by) for by in ("hour", "day", "week", "month")}
    for by, answer in answers.items():
        assert answer["totals"] == answers["day"]["totals"]
        for name in ("orders_placed", "orders_paid", "units_sold", "units_delivered"):
            assert sum(piece["figures"][name] for piece in answer["series"]) == answer["totals"][name]
        assert all((piece["figures"]["buyers"] is None) == (by == "hour") for piece in answer["series"])
    assert len(answers["hour"]["series"]) == 96
    assert len(answers["week"]["series"]) == len(answers["month"]["series"]) == 1


def test_a_channel_and_a_part_of_it(office: Office) -> None:
    facts = facts_of_orders(random.Random(3), 40, days=3)
    office.told(facts)
    mine = [fact for fact in on_days(facts, FIRST, LAST) if fact.channel == "app"]
    answer = office.report(FIRST, LAST, channel="app")
    totals = answer["totals"]
    assert totals["money"] == {c: money(mine, c) for c in ("CNY", "USD")}
    assert totals["buyers"] == len({fact.buyer for fact in mine if fact.kind == "sold"})
    sold = [fact for fact in mine if fact.kind == "sold" and fact.product == "A"]
    answer = office.report(FIRST, LAST, channel="app", product="A")
    assert answer["totals"]["units_sold"] == len(sold)
    assert answer["totals"]["orders_paid"] == len({fact.of for fact in sold})
    assert answer["totals"]["money"]["CNY"]["gmv"] == sum(f.amount for f in sold if f.currency == "CNY")
    assert answer["totals"]["money"]["CNY"]["captured"] is None
    assert answer["totals"]["buyers"] is answer["totals"]["orders_placed"] is answer["providers"] is None
    nowhere = office.report(FIRST, LAST, category="")["totals"]["units_sold"]
    assert nowhere == sum(fact.kind == "sold" and not fact.category for fact in on_days(facts, FIRST, LAST)) > 0
    answer = office.report(FIRST, LAST, category="video")
    assert answer["totals"]["units_sold"] == sum(
        fact.kind == "sold" and fact.category == "video" for fact in on_days(facts, FIRST, LAST)
    )


def test_providers_with_their_success_and_reasons_of_refusal(office: Office) -> None:
    facts = facts_of_orders(random.Random(4), 40, days=3)
    office.told(facts)
    here = on_days(facts, FIRST, LAST)
    answer = office.report(FIRST, LAST)
    assert [one["provider"] for one in answer["providers"]] == ["alipay", "wechat"]
    for one in answer["providers"]:
        mine = [fact for fact in here if fact.provider == one["provider"]]
        tried = sum(fact.kind == "tried" for fact in mine)
        arrived = sum(fact.accounts.get(f"provider:{one['provider']}", 0) > 0 for fact in here)
        assert (one["tried"], one["arrived"], one["success"]) == (tried, arrived, arrived * 10_000 // tried)
        assert one["reasons"] == Counter(f.reason or "unknown" for f in mine if f.kind == "try_refused")
    (alone,) = office.report(FIRST, LAST, provider="wechat")["providers"]
    assert alone == answer["providers"][1]


def test_conversion_delivery_times_and_what_sells_most(office: Office) -> None:
    facts = facts_of_orders(random.Random(5), 40, days=3)
    at = BEGIN + timedelta(hours=1)
    browsed = [
        *(Fact(f"V{number}", "visited", at, f"V{number}", channel="site") for number in range(7)),
        *(Fact(f"W{number}", "viewed", at, "V1", channel="site", product="A", category="video") for number in range(9)),
        *(Fact(f"Q{number}", "quoted", at, f"Q{number}", channel="site") for number in range(8)),
    ]
    office.told([*facts, *browsed])
    here = on_days(facts, FIRST, LAST)
    answer = office.report(FIRST, LAST)
    told = answer["conversion"]
    assert (told["visits"], told["views"], told["quotes"]) == (7, 9, 8)
    assert told["quotes_of_views"] == 8 * 10_000 // 9
    assert told["paid_of_placed"] == answer["totals"]["orders_paid"] * 10_000 // answer["totals"]["orders_placed"]
    took = sorted(fact.seconds or 0 for fact in here if fact.kind == "delivered")
    ranks = {share: took[-(-len(took) * share // 100) - 1] for share in (50, 90, 99)}
    assert answer["delivery_seconds"] == {f"p{share}": seconds for share, seconds in ranks.items()}
    sold = Counter[str]()
    for fact in here:
        if fact.kind == "sold" and fact.currency == "CNY":
            sold[fact.product] += fact.amount
    assert [one["product"] for one in answer["top_products"]] == [name for name, _ in sold.most_common()]
    views = office.report(FIRST, LAST, product="A")["conversion"]
    assert (views["views"], views["visits"], views["quotes"]) == (9, None, None)


def test_stock_at_risk_is_told_with_what_was_sold(office: Office) -> None:
    facts = facts_of_orders(random.Random(6), 30, days=3)
    office.told(facts)
    low: dict[str, int | str] = {"left": 6, "reorder_at": 9, "coming": 2}
    office.alerts.raise_(Finding(kind="stock_low", subject="a1#shared", severity="warning", facts=low), office.now)
    office.alerts.raise_(Finding(kind="stock_out", subject="b1#app", severity="critical", facts={}), office.now)
    sold = sum(fact.kind == "sold" and fact.sku == "a1" for fact in on_days(facts, FIRST, LAST))
    at_risk = {one["sku"]: one for one in office.report(FIRST, LAST)["stock_at_risk"]}
    assert at_risk["a1"] == {
        "sku": "a1", "channel": "shared", "out": False, "left": 6, "reorder_at": 9, "coming": 2, "waiting": None,
        "sold": sold, "lasts_days": 6 * 3 // sold, "alert": "stock_low~a1~shared",
    }  # fmt: skip
    assert (at_risk["b1"]["out"], at_risk["b1"]["left"], at_risk["b1"]["lasts_days"]) == (True, 0, 0)
    assert [one["sku"] for one in office.report(FIRST, LAST, channel="site")["stock_at_risk"]] == ["a1"]


def test_stock_lasts_at_the_pace_at_which_it_goes(office: Office) -> None:
    """Of a bundle a SKU's own cards go; of a range that still runs only the days that have begun count."""
    same: dict[str, Any] = {"channel": "site", "currency": "CNY", "product": "A", "sku": "a1", "quantity": 1}
    at = TODAY - timedelta(days=1)
    facts = [Fact(f"O{n}#delivered#{n}", "delivered", at, f"O{n}", unit=f"{n}", **same) for n in range(4)]
    office.told([*facts, Fact("O1#sold#0", "sold", at, "O1", buyer="M1", line=0, amount=5, **same)])
    for channel in ("shared", "site"):
        left: dict[str, int | str] = {"left": 6, "reorder_at": 9, "coming": 0}
        low = Finding(kind="stock_low", subject=f"a1#{channel}", severity="warning", facts=left)
        office.alerts.raise_(low, office.now)
    first, last = date(2026, 11, 28), date(2026, 12, 31)
    found = {one["channel"]: one for one in office.report(first, last)["stock_at_risk"]}
    assert (found["shared"]["sold"], found["shared"]["lasts_days"]) == (1, 6 * 2 // 4)
    assert (found["site"]["sold"], found["site"]["lasts_days"]) == (None, None), (
        "what a channel sold is told by product"
    )


def test_a_shop_that_sold_nothing_has_noughts(office: Office) -> None:
    answer = office.report(FIRST, LAST)
    assert answer["totals"]["orders_paid"] == answer["totals"]["buyers"] == 0
    assert answer["totals"]["money"] == {}
    assert answer["change"]["numbers"]["orders_paid"] is None
    assert answer["delivery_seconds"] == {"p50": None, "p90": None, "p99": None}
    assert answer["stock_at_risk"] == answer["top_products"] == answer["providers"] == []


@pytest.mark.parametrize(
    ("first", "last", "by"),
    [
        (date(2025, 10, 25), date(2026, 11, 28), "month"),
        (date(2025, 10, 25), date(2026, 11, 28), "week"),
        (date(2026, 8, 21), date(2026, 11, 28), "day"),
        (date(2026, 11, 23), date(2026, 11, 26), "hour"),
    ],
)
def test_it_takes_three_calls_whatever_the_number_of_orders(office: Office, first: date, last: date, by: str) -> None:
    office.told(facts_of_orders(random.Random(7), 30, days=5))
    calls: list[str] = []
    office.cloud.dynamo.before = calls.append  # type: ignore[union-attr]
    office.report(first, last, by=by)
    assert len(calls) <= 3, calls


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"from": "2026-11-25", "to": "2026-11-24"}, "bad_range"),
        ({"from": "2026-11-30", "to": "2026-11-30"}, "bad_range"),
        ({"from": "2016-11-25", "to": "2026-11-24", "by": "month"}, "bad_range"),
        ({"from": "2026-11-20", "to": "2026-11-24", "by": "hour"}, "bad_range"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "bad_range"),
        ({"from": "2026-11-20", "to": "9999-12-31", "by": "month"}, "bad_range"),
        ({"zone": "America/New_York"}, "foreign_zone"),
        ({"metric": "luck"}, "unknown_parameter"),
        ({"product": "A", "category": "video"}, "one_filter"),
        ({"by": "minute"}, None),
        ({"from": "2026-02-30"}, None),
        ({"from": "soon"}, None),
        ({"channel": "x" * 65}, None),
    ],
)
def test_what_cannot_be_told_is_refused(office: Office, query: dict[str, str], reason: str | None) -> None:
    known: dict[str, Any] = {"from": "2026-11-23", "to": "2026-11-24", **query}
    status, answer = office.ask(known.pop("from"), known.pop("to"), **known)
    assert status == 422, answer
    assert answer.get("reason") == reason
    assert answer["code"] == "invalid_request"


def test_the_shops_own_zone_may_be_told(office: Office) -> None:
    assert office.ask(FIRST, LAST, zone=ZONE)[0] == 200


def test_only_analysts_and_operators_may_ask(office: Office) -> None:
    assert office.ask(FIRST, LAST, caller=Caller(role="operator", key_id="OP1"))[0] == 200
    assert office.ask(FIRST, LAST, caller=Caller(role="support", key_id="SU1"))[0] == 403


def test_of_more_products_than_are_told_apart_the_smallest_are_folded(office: Office) -> None:
    sold = [
        Fact(
            f"O{number}#sold#0", "sold", BEGIN, f"O{number}", channel="site", buyer="M1", sku=f"s{number}",
            product=f"P{number:04d}", quantity=1 + (number < 5), amount=100, currency="CNY",
        )
        for number in range(KEPT["product"] + 5)
    ]  # fmt: skip
    office.told(sold)
    answer = office.report(FIRST, FIRST)
    assert answer["folded"] is True
    assert answer["totals"]["units_sold"] == KEPT["product"] + 10
    assert office.report(FIRST, FIRST, product="P0001")["totals"]["units_sold"] == 2


def test_a_days_business_comes_the_whole_way_from_order_to_report(
    cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(cloud, call, monkeypatch)
    monkeypatch.setenv("DEAD_LETTER_QUEUE", cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"])
    market = Market(cloud)
    market.sku()
    market.stock("ik-month", 4)
    paid = market.place(quantity=2)
    market.pay(paid)
    market.run()
    market.place()
    stream_orders.handler({"Records": records_of(cloud, "OrdersTable")}, LambdaContext())
    rolling.handler({"Records": records_of(cloud, "FactsTable")}, LambdaContext())
    answer = office.report(FIRST, FIRST)
    totals = answer["totals"]
    assert (totals["orders_placed"], totals["orders_paid"], totals["units_sold"]) == (2, 1, 2)
    assert (totals["units_delivered"], totals["buyers"], totals["new_buyers"]) == (2, 1, 1)
    cny = totals["money"]["CNY"]
    assert (cny["gmv"], cny["captured"], cny["revenue"], cny["cost"]) == (paid.total, paid.total, paid.total, 3000)
    assert cny["margin"] == paid.total - 3000
    assert [one["product"] for one in answer["top_products"]] == ["PR1"]


def test_the_sample_event_is_understood_twice(office: Office) -> None:
    event = json.loads((Path(__file__).parents[2] / "events/reports/trading.json").read_text())
    first, second = (json.loads(reports.handler(event, LambdaContext())["body"]) for _ in range(2))
    assert first == second
    assert len(first["series"]) == 7
