"""What suppliers are asked to credit for bad cards: listed, added up, as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aftersales.claiming import replace_card
from aftersales.messages import ReplacementBody
from quanyi.batches.model import Batch
from quanyi.callers import Caller
from quanyi.claims.model import claim_id
from quanyi.claims.table import ChargeBacks
from quanyi.clock import day
from quanyi.money import Money
from quanyi.orders.model import Order, Replaced
from quanyi.supply.table import HealthTable
from quanyi.table import encode_cursor
from stock import admin
from stock.charge_backs import Owed
from tests.aws.after_sale import OPERATOR, SUPPORT, delivered, desk_of
from tests.aws.conftest import Call, Cloud
from tests.aws.market import Market

PATH = "/v1/admin/charge-backs"


@pytest.fixture
def market(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Market:
    market = Market(cloud)
    market.sku("ik-month")
    owed = Owed(ChargeBacks(cloud.table("SupplyTable")), market.works.orders, lambda: market.now)
    monkeypatch.setattr(admin, "owed", lambda: owed)
    return market


def listed(call: Call, query: dict[str, str] | None = None) -> dict[str, Any]:
    status, body, _ = call(admin.handler, "GET", PATH, caller=OPERATOR, query=query)
    assert status == 200, body
    return body


def every(call: Call, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = listed(call, query)
        found += page["items"]
        assert (page["totals"] is None) == ("cursor" in query)
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def replace(market: Market, order: Order) -> None:
    had = len(market.order(order).units[0].replaced)
    body = ReplacementBody(unit="0-0", replaced_before=had, reason="used")
    replace_card(desk_of(market), SUPPORT, order.id, f"s{had}", body)


def note(market: Market, order: Order, card: str, supplier: str, at: datetime, cost: Money | None = None) -> None:
    """As if that card of the order's had been bad."""
    cost = cost or Money(amount=100, currency="CNY")
    batch = Batch(f"B-{supplier}", "ik-month", supplier, cost, None, None, at, b"")
    bad = Replaced(card=card, sku="ik-month", at=at, by="support:SU1", reason="invalid")
    market.shop.orders.change(
        order.id,
        lambda it: it.model_copy(
            update={"units": (it.units[0].model_copy(update={"replaced": (*it.units[0].replaced, bad)}),)}
        ),
    )
    ChargeBacks(market.cloud.table("SupplyTable")).note(batch, order.id, "0-0", bad, "2026-11-23")


def test_a_bad_card_stands_in_its_suppliers_record_once(market: Market) -> None:
    market.stock("ik-month", 2)
    order = delivered(market, seen=True)
    replace(market, order)
    charges, batches = ChargeBacks(market.cloud.table("SupplyTable")), market.works.batches
    (bad,) = market.order(order).units[0].replaced
    card = market.works.cards.get(bad.card) or {}
    for _ in range(2):
        charges.note(batches.get(card["batch"]), order.id, "0-0", bad, day(market.now, "Asia/Shanghai"))
    health = HealthTable(charges.table).of(["acme"], day(market.now, "Asia/Shanghai"))["acme"]
    assert health.bad_cards == 1


def test_each_bad_card_tells_what_it_cost_and_what_its_buyer_has_instead(market: Market, call: Call) -> None:
    market.stock("ik-month", 2)
    order = delivered(market, seen=True)
    first = order.units[0].card or ""
    replace(market, order)
    (waits,) = listed(call)["items"]
    assert (waits["card"], waits["outcome"], waits["replacement"]) == (first, "waiting", None)
    market.run()
    second = market.order(order).units[0].card or ""
    market.later(seconds=1)
    replace(market, order)
    market.run()
    page = listed(call)
    assert [(one["card"], one["outcome"], one["replacement"]) for one in page["items"]] == [
        (first, "replaced", second),
        (second, "waiting", None),
    ]
    one = page["items"][0]
    bad = market.works.cards.get(first) or {}
    assert one == {
        "card": first,
        "sku": "ik-month",
        "batch": bad["batch"],
        "supplier": "acme",
        "cost": {"amount": 1500, "currency": "CNY"},
        "at": "2026-11-23T04:00:00.000Z",
        "reason": "used",
        "claim": claim_id(order.id, "0-0", first),
        "order": order.id,
        "unit": "0-0",
        "outcome": "replaced",
        "replacement": second,
    }
    assert page["totals"] == [{"supplier": "acme", "cards": 2, "cost": {"amount": 3000, "currency": "CNY"}}]
    market.later(hours=72, minutes=3)
    market.sweep()
    market.run()
    assert [one["outcome"] for one in listed(call)["items"]] == ["replaced", "refunded"]
    assert not [secret for secret in market.secrets_made if secret in str(page)]


def test_pages_go_through_months_and_suppliers_and_miss_nothing(market: Market, call: Call) -> None:
    market.stock("ik-month", 1)
    order, made = delivered(market), set[tuple[str, str]]()
    for month in (9, 10, 11):
        for number, supplier in enumerate(["ac", "acme", "acme.cn", "zeta"]):
            for card in range(3):
                name = f"{month}-{supplier}-{card}".ljust(43, "x")
                note(market, order, name, supplier, datetime(2026, month, 2 + card, number, tzinfo=UTC))
                made.add((supplier, name))
    wide = {"from": "2026-09-01", "to": "2026-11-23"}
    for limit in ("3", "5", "36", "100"):
        found = every(call, limit=limit, **wide)
        assert len(found) == len(made) == 36
        assert {(one["supplier"], one["card"]) for one in found} == made
        assert [one["at"][:7] for one in found] == sorted(one["at"][:7] for one in found)
        of_one = every(call, limit=limit, supplier="acme", **wide)
        assert [one["card"].rstrip("x") for one in of_one] == [f"{m}-acme-{n}" for m in (9, 10, 11) for n in range(3)]
    sums = {one["supplier"]: (one["cards"], one["cost"]["amount"]) for one in listed(call, wide)["totals"]}
    assert sums == dict.fromkeys(("ac", "acme", "acme.cn", "zeta"), (9, 900))
    assert [one["supplier"] for one in listed(call, {"supplier": "zeta", **wide})["totals"]] == ["zeta"]


def test_days_are_the_shops_and_currencies_are_apart(market: Market, call: Call) -> None:
    """Shanghai's first of November begins on UTC's last of October."""
    market.stock("ik-month", 1)
    order = delivered(market)
    begin = datetime(2026, 10, 31, 16, tzinfo=UTC)
    for number, at in enumerate([begin - timedelta(milliseconds=1), begin, begin + timedelta(days=1)]):
        note(market, order, f"{number}".ljust(43, "x"), "acme", at, Money(amount=7, currency="USD"))
    note(market, order, "3".ljust(43, "x"), "acme", begin)
    for supplier in ({}, {"supplier": "acme"}):
        page = listed(call, {"from": "2026-11-01", "to": "2026-11-01", **supplier})
        assert [one["card"][0] for one in page["items"]] == ["1", "3"]
        assert [(one["cards"], one["cost"]) for one in page["totals"]] == [
            (1, {"amount": 100, "currency": "CNY"}),
            (1, {"amount": 7, "currency": "USD"}),
        ]
    assert listed(call, {"to": "2026-10-30"})["items"] == []
    assert listed(call, {"supplier": "nobody"}) == {"items": [], "totals": [], "next": None}


def test_the_file_holds_all_and_no_formula(market: Market, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "ROWS", 2)
    market.stock("ik-month", 1)
    order = delivered(market)
    for number in range(5):
        note(market, order, f"-{number}".ljust(43, "x"), "acme", market.now + timedelta(seconds=number))
    text, query = "", {"supplier": "acme"}
    while True:
        status, body, headers = call(admin.handler, "GET", f"{PATH}.csv", caller=OPERATOR, query=query)
        assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
        text += body
        if "x-next-cursor" not in headers:
            break
        assert "supplier=acme" in headers["link"]
        query["cursor"] = headers["x-next-cursor"]
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["card"][:3] for row in rows] == [f"'-{number}" for number in range(5)]
    assert {(row["supplier"], row["cost"], row["currency"], row["order"]) for row in rows} == {
        ("acme", "100", "CNY", order.id)
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": "2026-11-24"}, 422),
        ({"from": "2025-11-22", "to": "2026-11-23"}, 422),
        ({"from": "0001-01-01", "to": "0001-01-02"}, 422),
        ({"to": "9999-12-31"}, 422),
        ({"from": "2026-02-30"}, 422),
        ({"supplier": "a#b"}, 422),
        ({"cursor": "x"}, 400),
        ({"cursor": encode_cursor({"month": "2026-11"}) or ""}, 400),
        # Well formed, but of no page of ours: nothing is there, and nothing breaks.
        ({"cursor": encode_cursor({"month": "zzz", "listed": "x"}) or ""}, 200),
        ({"cursor": encode_cursor({"month": "2026-11", "listed": "~~~"}) or ""}, 200),
        ({"cursor": encode_cursor({"month": "2026-11", "listed": "x" * 1024}) or ""}, 200),
    ],
)
def test_what_cannot_be_listed(market: Market, call: Call, query: dict[str, str], status: int) -> None:
    assert call(admin.handler, "GET", PATH, caller=OPERATOR, query=query)[0] == status


def test_only_an_operator_sees_costs(market: Market, call: Call) -> None:
    for caller in (SUPPORT, Caller(role="analyst", key_id="A1"), Caller(role="supplier", key_id="P1")):
        for path in (PATH, f"{PATH}.csv"):
            assert call(admin.handler, "GET", path, caller=caller)[0] == 403


def test_too_many_to_add_up_is_said(market: Market, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stock.charge_backs.MOST_COUNTED", 2)
    market.stock("ik-month", 1)
    order = delivered(market)
    for number in range(3):
        note(market, order, f"{number}".ljust(43, "x"), "acme" if number else "zeta", market.now)
    status, body, _ = call(admin.handler, "GET", PATH, caller=OPERATOR, query={"limit": "1"})
    assert (status, body["reason"]) == (422, "too_many")
    assert listed(call, {"limit": "1", "supplier": "acme"})["totals"][0]["cards"] == 2
