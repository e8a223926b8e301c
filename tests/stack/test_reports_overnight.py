"""Channels, products, redemption, risk and supply: from the tables' streams and the night to the API, as deployed."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from quanyi.clock import day as day_of
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable
from quanyi.table import Table
from tests.stack.deployed import Deployed
from tests.stack.shop import Shop, Store, until
from tests.stack.test_reports_daily import LAID_WITHIN, ZONE, files
from tools.local.stack import Stack

REPORTS = ("channels", "products", "redemption", "risk", "supply")


def facts_of(stack: Stack) -> FactsTable:
    return FactsTable(Table(stack.physical_id("FactsTable"), stack.client("dynamodb")))


def asked(shop: Shop, report: str, query: str = "") -> Any:
    return shop.wire.send("GET", f"/v1/reports/{report}?{query}", credential=shop.operator)


def test_what_is_decided_about_an_order_becomes_its_facts(stack: Stack, shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    begun = datetime.now(UTC) - timedelta(minutes=1)
    order, _ = site.buy(sku)
    table = facts_of(stack)

    def judged() -> list[str] | None:
        minutes = range(int((datetime.now(UTC) - begun).total_seconds()) // 60 + 2)
        found = [fact for n in minutes for fact in table.of_minute(begun + timedelta(minutes=n)) if fact.of == order.id]
        points = sorted(fact.source for fact in found if fact.kind == "judged")
        return points if len(points) > 1 else None

    assert until(judged, seconds=60) == ["delivery", "order"]


def test_each_report_says_what_the_night_computed(stack: Stack, shop: Shop, deployed: Deployed) -> None:
    name, at = f"n{token_hex(4)}", datetime.now(UTC) - timedelta(days=1)
    yesterday = day_of(at, ZONE)
    sold: dict[str, Any] = {"channel": name, "currency": "CNY", "quantity": 1, "sku": name, "product": name, "line": 0}
    bought: dict[str, Any] = {"provider": name, "sku": name, "quantity": 1, "source": "stock", "currency": "CNY"}
    given: dict[str, Any] = {**sold, "source": name, "line": None}
    facts = [
        Fact(f"O{name}#sold#0", "sold", at, f"O{name}", amount=990, **sold),
        Fact(f"O{name}#delivered#0", "delivered", at, f"O{name}", medium="in_time", seconds=2, **sold),
        Fact(f"V{name}#handed_out#0", "handed_out", at, f"V{name}", **given),
        Fact(f"V{name}#redeemed", "redeemed", at, f"V{name}", **given),
        Fact(f"D{name}#judged", "judged", at, f"O{name}", reason="hold", source="order", quantity=1),
        Fact(f"D{name}#ruled#x", "ruled", at, f"O{name}", reason=name, medium="hold", source="order", quantity=1),
        Fact(f"P{name}#purchase_sent", "purchase_sent", at, f"P{name}", amount=50, **bought),
        Fact(f"P{name}#purchase_ended", "purchase_ended", at, f"P{name}", reason="received", seconds=3, **bought),
    ]
    facts_of(stack).put(facts)
    until(lambda: files(stack, yesterday) or None, seconds=LAID_WITHIN)

    def computed() -> dict[str, Any] | None:
        """The stream may bring them in several batches: all are there once each report tells of the last of its own."""
        assert yesterday in deployed.sweep("ReportsDaily")["days"]
        found = {report: asked(shop, report, f"day={yesterday}").must() for report in REPORTS}
        rules = [rule["rule"] for point in found["risk"]["points"] for rule in point["rules"]]
        received = [one["supplier"] for one in found["supply"]["suppliers"] if one["received"]]
        used = [one["name"] for one in found["redemption"]["series"] if one["used"] and one["handed_out"]]
        sellers = [one["channel"] for one in found["channels"]["channels"] if one["orders"]]
        return found if all(name in those for those in (rules, received, used, sellers)) else None

    found = until(computed, seconds=LAID_WITHIN, every=2)
    (channel,) = [one for one in found["channels"]["channels"] if one["channel"] == name]
    assert (channel["gmv"], channel["orders"], channel["spend"]) == (990, 1, 0)
    (product,) = asked(shop, "products", f"day={yesterday}&product={name}").must()["items"]
    assert (product["units"], product["skus"][0]["sku"]) == (1, name)
    (series,) = [one for one in found["redemption"]["series"] if one["name"] == name]
    assert (series["handed_out"], series["used"], series["rate"]) == (1, 1, 1)
    (supplier,) = [one for one in found["supply"]["suppliers"] if one["supplier"] == name]
    assert (supplier["received"], supplier["p50_seconds"], supplier["costs"][0]["ordered"]) == (1, 3, 50)
    for report in REPORTS:
        asked(shop, report, "day=2026-02-30").refuses(422, "invalid_request")
        assert asked(shop, report, f"day={yesterday}").must() == found[report], "asked again, the same"
