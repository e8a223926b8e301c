"""The reports that insights rest on, on facts small enough to count by hand, and from facts to findings."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from quanyi.analytics.reports import report_named
from quanyi.analytics.rows import SPEND
from quanyi.facts.model import Fact
from quanyi.insights.buying import lost_buyers
from tests.unit.analytics import asked, engine, laid

DAY = date(2026, 11, 26)
AT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
Rows = list[dict[str, Any]]


def fact(name: str, kind: Any, days: float = 0, of: str = "O1", **fields: Any) -> Fact:
    common: dict[str, Any] = {"channel": "site", "currency": "CNY"}
    return Fact(f"{of}#{kind}#{name}", kind, AT - timedelta(days=days), of, **{**common, **fields})


def report(name: str, facts: list[Fact], folder: Path) -> Rows:
    known = report_named(name)
    assert known is not None
    return asked(facts, folder, name, **known.parameters(DAY))


def test_days_of_the_shop(tmp_path: Path) -> None:
    facts = [
        fact("0", "sold", quantity=1, amount=1000),
        fact("1", "sold", quantity=1, amount=500),
        fact("0", "sold", of="O2", amount=300),
        fact("0", "sold", of="O3", currency="USD", amount=7),
        fact("0", "sold", 84, of="O4", amount=9),
        fact("0", "sold", 85, of="O5", amount=9),
        fact("r", "refund_asked", amount=1000),
    ]
    assert [[*row.values()] for row in report("shop_days", facts, tmp_path)] == [
        [DAY - timedelta(days=84), "CNY", 1, 9],
        [DAY, "CNY", 2, 1800],
        [DAY, "USD", 1, 7],
    ]


def test_weeks_of_providers_count_what_is_paid_on_the_day_on_which_it_is_tried(tmp_path: Path) -> None:
    def paid(of: str, days: float, name: str = "wechat", amount: int = 1000) -> Fact:
        return fact("1", "posted", days, of, accounts={f"provider:{name}": amount - 10, "fees": 10, "owed": -amount})

    facts = [
        fact("a", "tried", 0, provider="wechat"),
        fact("b", "tried", 0.001, provider="wechat"),
        paid("O1", 0),
        fact("a", "tried", 6, "O2", provider="wechat"),
        paid("O2", 5),
        fact("a", "tried", 7, "O3", provider="wechat"),
        fact("a", "tried", 7, "O3", provider="alipay"),
        paid("O3", 7, "alipay"),
        # A fee corrected later is no payment, nor is money that goes back.
        fact("a", "tried", 1, "O4", provider="wechat"),
        fact("2", "posted", 1, "O4", accounts={"provider:wechat": -5, "fees": 5}),
        fact("3", "posted", 1.001, "O4", accounts={"provider:wechat": -500, "owed": 500}),
        fact("4", "posted", 1.002, "O4", accounts={"provider:wechat": 500}, medium="came_back"),
        fact("a", "tried", 63, "O5", provider="wechat"),
    ]
    facts[6] = Fact("O3#tried#b", "tried", facts[6].at, "O3", channel="site", currency="CNY", provider="alipay")
    assert [[*row.values()] for row in report("provider_weeks", facts, tmp_path)] == [
        # provider, week, tried, paid
        ["alipay", 1, 1, 1],
        ["wechat", 0, 3, 1],
        ["wechat", 1, 1, 0],
    ]


def test_days_of_channels_add_up_to_what_channels_say(tmp_path: Path) -> None:
    goods: dict[str, Any] = {"line": 0, "sku": "a", "product": "P"}
    facts = [
        fact("0", "sold", 1, buyer="M1", quantity=1, amount=1000, **goods),
        fact("1", "posted", 1, accounts={"provider:wechat": 990, "fees": 10, "owed": -1000}),
        fact("2", "posted", 1, accounts={"owed": 1000, "revenue:std@600": -1000}, **goods),
        fact("3", "posted", 1, accounts={"stock": -700, "cost": 700}, **goods),
        fact("4", "posted", 0, accounts={"owed": -1000, "revenue:std@600": 1000}, **goods),
        fact("5", "posted", 0, accounts={"cost": -700, "loss": 700}, **goods),
    ]
    engine().read([laid(facts, tmp_path / "facts.parquet")])
    engine().give("spend", SPEND, [(DAY, "site", "CNY", 50), (DAY - timedelta(days=5), "app", "CNY", 70)])
    parameters = report_named("channel_days").parameters(DAY)  # type: ignore[union-attr]
    rows = engine().run("channel_days", **parameters).dicts()
    assert [[*row.values()] for row in rows] == [
        # day, channel, currency, orders, gmv, margin, spend
        [DAY - timedelta(days=5), "app", "CNY", 0, 0, 0, 70],
        [DAY - timedelta(days=1), "site", "CNY", 1, 1000, 290, 0],
        [DAY, "site", "CNY", 0, 0, -1000, 50],
    ]
    for whole in engine().run("channels", **parameters, without="").dicts():
        mine = [row for row in rows if row["channel"] == whole["channel"]]
        for name in ("orders", "gmv", "margin", "spend"):
            assert sum(row[name] for row in mine) == whole[name]


def test_skus_sell_by_orders_and_leave_by_units(tmp_path: Path) -> None:
    facts = [
        fact("0", "sold", 0, sku="pack", line=0, quantity=2, amount=10),
        fact("1", "sold", 0, sku="pack", line=1, quantity=1, amount=10),
        fact("0", "sold", 89, "O2", sku="pack", line=0, quantity=1, amount=10),
        fact("0", "sold", 90, "O3", sku="pack", line=0, quantity=1, amount=10),
        fact("0", "delivered", 0, sku="card", unit="1"),
        fact("1", "delivered", 27, sku="card", unit="2"),
        fact("2", "delivered", 28, sku="card", unit="3"),
        fact("3", "delivered", 0, sku="card", unit="1", reason="replacement"),
    ]
    rows = [[*row.values()] for row in report("sku_sales", facts, tmp_path)]
    assert rows == [["card", 0, 2], ["pack", 2, 0]]


def bought(buyer: str, days: list[int], amount: int) -> list[Fact]:
    return [fact("0", "sold", on, f"{buyer}-{on}", buyer=buyer, quantity=1, amount=amount) for on in days]


def buyers(draw: random.Random, count: int, gone_for: int = 0) -> list[Fact]:
    """Who buy on days of the year that chance gives them, or of the part of it before they were gone."""
    facts: list[Fact] = []
    for number in range(count):
        days = {draw.randint(gone_for, 364) for _ in range(draw.choice((1, 2, 4, 8)))}
        facts += bought(f"M{gone_for}x{number}", sorted(days), draw.choice((500, 2000, 9000)))
    return facts


@pytest.mark.parametrize("seed", range(6))
def test_who_goes_on_as_before_is_not_lost_and_who_left_is(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    staying = buyers(draw, 400)
    assert [*lost_buyers(report("at_risk", staying, tmp_path))] == []
    gone = [one for n in range(60) for one in bought(f"G{n}", sorted({draw.randint(250, 364) for _ in range(7)}), 9000)]
    (hit,) = lost_buyers(report("at_risk", staying + gone, tmp_path))
    assert 40 <= int(str(hit.evidence["buyers"])) <= 66
    assert int(str(hit.evidence["recency"])) >= 250


def test_who_is_lost_can_be_reckoned_by_hand(tmp_path: Path) -> None:
    """One of many: five purchases, all of a year ago, have the chance (66/365)^5; others bought today."""
    small = [one for n in range(20) for one in bought(f"S{n}", [0], 10)]
    large = [one for n in range(4) for one in bought(f"L{n}", [0, 100, 200, 300], 5000)]
    lost = bought("X", [299, 310, 320, 330, 340], 5000)
    rows = report("at_risk", [*small, *large, *lost], tmp_path)
    assert rows == [
        {"currency": "CNY", "segment": "important_keep", "buyers": 1, "monetary": 25_000, "recency": 299, "tested": 5}
    ]
