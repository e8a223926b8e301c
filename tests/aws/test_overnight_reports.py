"""Reports on channels, products, redemption, risk and supply, over what a night has really kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.facts.model import Fact, FactKind
from quanyi.orders.returns import OUT_OF_STOCK
from quanyi.spend.model import Spend
from quanyi.supply.health import Health
from reports import reports
from reports.night.shelf import customers_shelf
from tests.aws.conftest import Call
from tests.aws.test_lake import START, Shore, record, shore

__all__ = ["shore"]

ANALYST = Caller(role="analyst", key_id="AN1")
DAY = "2026-11-25"
PATHS = ["channels", "products", "redemption", "risk", "supply"]


@dataclass
class Desk:
    shore: Shore
    call: Call

    def get(self, report: str, wanted: int = 200, caller: Caller = ANALYST, **query: str) -> Any:
        path = f"/v1/reports/{report}"
        status, answer, *_ = self.call(reports.handler, "GET", path, caller=caller, query=query or None)
        assert status == wanted, answer
        return answer

    def night(self, facts: list[Fact]) -> None:
        self.shore.told(*map(record, facts))
        self.shore.nightly()


@pytest.fixture
def desk(shore: Shore, call: Call, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("reports.night.shelf.archive", lambda: shore.archive)
    customers_shelf.cache_clear()
    yield Desk(shore, call)
    customers_shelf.cache_clear()


def fact(name: str, kind: FactKind, of: str = "O1", days: int = 0, **fields: Any) -> Fact:
    return Fact(f"{of}#{kind}#{name}", kind, START - timedelta(days=days), of, **fields)


def sale(order: str, buyer: str, skus: str = "a", channel: str = "site", currency: str = "CNY") -> list[Fact]:
    """Each for 1000, of which 300 are cost and 10 go to the provider."""
    same: dict[str, Any] = {"channel": channel, "buyer": buyer, "currency": currency, "visitor": f"V{buyer}"}
    found: list[Fact] = []
    for line, sku in enumerate(skus):
        goods: dict[str, Any] = {**same, "sku": sku, "product": sku.upper(), "line": line}
        found.append(fact(f"{line}", "sold", order, quantity=1, amount=1000, **goods))
        moved = {"revenue:@0": -1000, "owed": 1000, "cost": 300, "stock": -300, "fees": 10, "provider:wechat": -10}
        found.append(fact(f"{line}", "posted", order, accounts=moved, **goods))
        found.append(fact(f"{line}", "delivered", order, quantity=1, seconds=3, medium="in_time", **goods))
    return found


def trade() -> list[Fact]:
    found = [one for n in range(12) for one in sale(f"O{n:03d}", f"M{n % 9}", "ab")]
    found += sale("O900", "M90", "c", channel="app", currency="USD")
    found += sale("O901", "M91", "c")
    found.append(fact("t", "touched", "VM1", days=1, visitor="VM1", source="baidu", medium="cpc", campaign="x"))
    kept: dict[str, Any] = {"sku": "a", "product": "A", "currency": "CNY"}
    found += [fact("", "stocked", "stock"), fact("", "stocked", "a", quantity=6, amount=60, **kept)]
    return [*found, fact("x", "expired", "c", quantity=1, amount=10, **kept)]


def test_channels_in_each_currency_with_their_totals_and_touches(desk: Desk) -> None:
    spent = [Spend(day=date(2026, 11, 25), channel=name, amount=of) for name, of in (("site", 4000), ("poster", 1000))]
    desk.shore.archive.spend.set(spent, "operator:K", START)
    desk.night(trade())
    answer = desk.get("channels")
    assert desk.get("channels") == answer, "asked again, it says the same"
    assert (answer["first"], answer["day"]) == ("2026-10-27", DAY)
    found = {(one["channel"], one["currency"]): one for one in answer["channels"]}
    assert [*found] == [("app", "USD"), ("poster", "CNY"), ("site", "CNY")]
    site = found["site", "CNY"]
    assert (site["gmv"], site["margin"], site["spend"], site["roi_bp"]) == (25_000, 25 * 690, 4000, 33_125)
    assert (site["new_buyers"], site["cac"], site["payback_days"]) == (10, 400, 0)
    totals = {one["currency"]: one for one in answer["totals"]}
    assert (totals["CNY"]["spend"], totals["CNY"]["roi_bp"], totals["CNY"]["cac"]) == (5000, 24_500, 500)
    assert totals["USD"]["roi_bp"] is None
    assert {one["source"]: one["orders"] for one in answer["touches"]["first"] if one["currency"] == "CNY"} == {
        "": 11,
        "baidu": 2,
    }
    only = desk.get("channels", currency="USD")
    assert {one["channel"] for one in only["channels"]} == {"app"}
    assert {one["currency"] for one in only["touches"]["last"]} == {"USD"}


def test_products_with_what_they_are_bought_with_and_their_stock_page_by_page(desk: Desk) -> None:
    desk.night(trade())
    answer = desk.get("products")
    assert [(one["product"], one["currency"]) for one in answer["items"]] == [
        ("A", "CNY"),
        ("B", "CNY"),
        ("C", "CNY"),
        ("C", "USD"),
    ]
    first = answer["items"][0]
    assert (first["orders"], first["repeat_buyers"], first["margin"]) == (12, 3, 12 * 700)
    (sku,) = first["skus"]
    assert {(one["sku"], one["scope"], one["together"]) for one in sku["bought_with"]} == {("b", "order", 12)}
    assert sku["bought_with"][0]["confidence"] == 1
    stock = sku["stock"]
    assert (stock["average_units"], stock["units_out"], stock["turn"], stock["turnover_days"]) == (6, 12, 2, 15)
    assert stock["costs"] == [
        {
            "currency": "CNY",
            "units": 6,
            "value": 60,
            "average_value": 60,
            "expired_units": 1,
            "expired_cost": 10,
        }
    ]
    assert answer["items"][1]["skus"][0]["stock"] is None
    page = desk.get("products", limit="3")
    rest = desk.get("products", limit="3", cursor=page["next"])
    assert page["items"] + rest["items"] == answer["items"]
    assert rest["next"] is None
    assert [one["currency"] for one in desk.get("products", product="C")["items"]] == ["CNY", "USD"]
    assert desk.get("products", currency="USD", product="A")["items"] == []
    assert desk.get("products", 422, product="A", cursor=page["next"])["reason"] == "cursor"
    desk.shore.now += timedelta(minutes=1)
    desk.night(sale("O950", "M50"))
    assert desk.get("products", 422, limit="3", cursor=page["next"])["reason"] == "cursor", "it was computed anew"


def test_redemption_by_product_series_and_channel(desk: Desk) -> None:
    known: dict[str, Any] = {"sku": "v", "product": "V", "source": "VS1", "quantity": 1}
    facts = [fact("1", "handed_out", f"K{n}", days=40, channel="site", **known) for n in range(4)]
    facts += [fact("1", "redeemed", "K0", days=39, channel="site", **known)]
    facts += [fact("2", "handed_out", "K9", **known)]
    desk.night(facts)
    answer = desk.get("redemption")
    total = answer["total"]
    assert (total["handed_out"], total["used"], total["rate"], total["p50_seconds"]) == (5, 1, 0.2, 86_400)
    assert total["within"] == [
        {"days": 7, "watched": 4, "used": 1, "rate": 0.25},
        {"days": 30, "watched": 4, "used": 1, "rate": 0.25},
    ]
    assert {one["name"]: one["rate"] for one in answer["channels"]} == {"": 0.0, "site": 0.25}
    assert [one["name"] for one in answer["products"] + answer["series"]] == ["V", "VS1"]


def test_risk_by_point_with_its_rules(desk: Desk) -> None:
    facts = [fact(f"{n}", "judged", source="order", reason="approve") for n in range(6)]
    facts += [fact("h", "judged", source="order", reason="hold"), fact("r", "judged", source="refund", reason="refuse")]
    facts += [fact("h", "ruled", source="order", reason="many", medium="hold")]
    facts += [fact("w", "reviewed", source="order", reason="approved", medium="person", seconds=60)]
    facts += [fact("w", "rule_reviewed", source="order", reason="many", medium="approved")]
    desk.night(facts)
    order, refund = desk.get("risk")["points"]
    assert (order["decisions"], order["held"], order["false_holds"], order["false_hold_bp"]) == (7, 1, 1, 10_000)
    assert [(rule["rule"], rule["held"], rule["false_holds"]) for rule in order["rules"]] == [("many", 1, 1)]
    assert (refund["point"], refund["refused_bp"], refund["rules"], refund["by_time"]) == ("refund", 10_000, [], 0)


def test_supply_has_the_score_that_suppliers_are_chosen_by(desk: Desk) -> None:
    known: dict[str, Any] = {"provider": "acme", "source": "stock", "currency": "CNY", "sku": "a", "quantity": 10}
    facts = [fact("1", "purchase_sent", f"P{n}", amount=100, **known) for n in range(3)]
    facts += [fact("1", "purchase_ended", "P0", reason="received", seconds=5, **known)]
    facts += [fact("1", "purchase_ended", "P1", reason="short", seconds=50, **known)]
    facts += [fact("1", "purchase_missed", "P1", reason="short", **known | {"quantity": 4})]
    facts += [fact("1", "charged_back", "O1", provider="acme", currency="CNY", amount=10, quantity=1, sku="a")]
    facts += [fact("1", "purchase_sent", "P9", days=20, amount=7, **known | {"provider": "old"})]
    facts += sale("O1", "M1", "ab")
    gone: dict[str, Any] = {"sku": "b", "product": "B", "channel": "site", "quantity": 1}
    facts.append(fact("u", "undelivered", reason=OUT_OF_STOCK, **gone))
    desk.night(facts)
    answer = desk.get("supply")
    assert (answer["total"]["demand"], answer["total"]["service_bp"]) == (3, 6667)
    assert [(one["sku"], one["service_bp"]) for one in answer["skus"]] == [("b", 5000), ("a", 10_000)]
    assert {one["channel"]: one["unserved"] for one in answer["channels"]} == {"site": 1}
    best = next(one for one in answer["suppliers"] if one["supplier"] == "acme")
    health = Health(sent=3, succeeded=2, short=1, ordered_cards=20, received_cards=16, bad_cards=1, latency_ms=55_000)
    assert (best["received"], best["short"], best["ordered_cards"], best["received_cards"]) == (1, 1, 20, 16)
    assert (best["score"], best["bad_rate"]) == (round(health.score * 10_000), round(health.bad_rate * 10_000))
    assert (best["p50_seconds"], best["p99_seconds"], best["bad_bp"]) == (5, 50, 625)
    assert best["costs"] == [
        {"currency": "CNY", "purchases": 3, "ordered": 300, "bad_cards": 1, "charge_back": 10},
    ]
    old = next(one for one in answer["suppliers"] if one["supplier"] == "old")
    assert (old["sent"], old["costs"][0]["ordered"], old["p50_seconds"]) == (0, 7, None)


@pytest.mark.parametrize("report", PATHS)
def test_what_cannot_be_answered_is_refused(desk: Desk, report: str) -> None:
    desk.get(report, 404)
    desk.night([])
    empty = desk.get(report)
    assert (empty["day"], desk.get(report, day=DAY)) == (DAY, empty)
    desk.get(report, 404, day="2026-11-20")
    assert desk.get(report, 422, day="2026-02-30")["reason"] == "bad_day"
    assert desk.get(report, 422, day="2026-11-26")["reason"] == "day_not_over"
    desk.get(report, 422, day="yesterday")
    desk.get(report, 403, caller=Caller(role="support", key_id="S1"))
    desk.get(report, caller=Caller(role="operator", key_id="OP1"))


def test_a_currency_that_is_none_and_a_cursor_that_cannot_be_read_are_refused(desk: Desk) -> None:
    desk.night([])
    desk.get("channels", 422, currency="yuan")
    desk.get("products", 422, limit="0")
    desk.get("products", 400, cursor="%%")
