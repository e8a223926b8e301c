"""The report of channels equals, to the unit, what is computed from the definitions in plain Python."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from quanyi.analytics.rows import SPEND
from quanyi.facts.model import Fact
from tests.unit.analytics import engine, laid

START = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 10, 10), date(2026, 11, 8)
Spent = list[tuple[date, str, str, int]]


def shop(seed: int, orders: int, buyers: int) -> tuple[list[Fact], Spent]:
    """Orders of three channels in two currencies: some of buyers whom nobody knows, some refunded days later, some with
    a corrected fee."""
    dice = random.Random(seed)
    facts: list[Fact] = []
    for number in range(orders):
        at = START + timedelta(minutes=dice.randrange(45 * 24 * 60))
        currency = dice.choice(("CNY", "CNY", "CNY", "USD"))
        same: dict[str, Any] = {
            "channel": dice.choice(("site", "douyin", "agent")), "currency": currency,
            "buyer": f"M{dice.randrange(buyers)}" if dice.random() < 0.9 else "",
        }  # fmt: skip
        name, price = f"O{number:06d}", dice.randrange(100, 5000)
        cost, fee = dice.randrange(0, price), dice.randrange(0, 30)
        facts.append(Fact(f"{name}#sold#0", "sold", at, name, amount=price, quantity=1, sku="a", line=0, **same))

        def post(rev: int, when: datetime, accounts: dict[str, int], name: str = name, same: Any = same) -> None:
            told: dict[str, Any] = {"line": 0, "sku": "a", "accounts": accounts, "reason": f"{rev:06d}", **same}
            facts.append(Fact(f"{name}#posted#{rev:06d}", "posted", when, name, **told))

        post(1, at, {"provider:wechat": price - fee, "fees": fee, "owed": -price})
        post(2, at + timedelta(seconds=5), {"owed": price, "revenue:@0": -price, "cost": cost, "stock": -cost})
        if dice.random() < 0.2:
            later = at + timedelta(days=dice.randrange(12))
            back = dice.randrange(1, price + 1)
            post(3, later, {"owed": -back, "revenue:@0": back, "cost": -cost, "loss": cost})
            post(4, later + timedelta(hours=1), {"owed": back, "provider:wechat": -back})
        if dice.random() < 0.3:
            post(5, at + timedelta(days=1), {"provider:wechat": -2, "fees": 2})
    days = [FIRST - timedelta(days=3) + timedelta(days=n) for n in range(40)]
    spend = [
        (day, dice.choice(("douyin", "site", "poster")), dice.choice(("CNY", "USD")), dice.randrange(1, 9000))
        for day in days
    ]
    return facts, spend


def asked(
    facts: Iterable[Fact], spend: Spent, folder: Path, without: str = ""
) -> dict[tuple[str, str], dict[str, Any]]:
    engine().read([laid(facts, folder / "facts.parquet")])
    engine().give("spend", SPEND, spend)
    rows = engine().run("channels", first=FIRST, last=LAST, without=without).dicts()
    return {(row["channel"], row["currency"]): row for row in rows}


def day_of(fact: Fact) -> date:
    return (fact.at + timedelta(hours=8)).date()


def half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def computed(facts: list[Fact], spend: Spent, without: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    until = [fact for fact in facts if day_of(fact) <= LAST]
    inside = [fact for fact in until if day_of(fact) >= FIRST]
    sold = [fact for fact in inside if fact.kind == "sold"]
    first: dict[str, Fact] = {}
    for fact in sorted((f for f in until if f.kind == "sold"), key=lambda f: (f.at, f.of)):
        if fact.buyer and fact.channel != without:
            first.setdefault(fact.buyer, fact)
    told = [one for one in spend if FIRST <= one[0] <= LAST]
    places = {(f.channel, f.currency) for f in inside} | {(one[1], one[2]) for one in told}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for place in places:
        mine = [fact for fact in sold if (fact.channel, fact.currency) == place]
        posted = [f for f in inside if f.kind == "posted" and (f.channel, f.currency) == place]
        revenue, cost, fees = (sum(gain(fact)[which] for fact in posted) for which in range(3))
        spent = sum(amount for _, *where, amount in told if tuple(where) == place)
        new = {b: f for b, f in first.items() if (f.channel, f.currency) == place and day_of(f) >= FIRST}
        margin = revenue - cost - fees
        found[place] = {
            "orders": len({fact.of for fact in mine}),
            "buyers": len({fact.buyer for fact in mine} - {""}) if place[0] != without else 0,
            "gmv": sum(fact.amount for fact in mine),
            "revenue": revenue,
            "cost": cost,
            "fees": fees,
            "margin": margin,
            "money_back": sum(max(0, -taken(fact)) for fact in posted),
            "spend": spent,
            "roi_bp": half_up(Fraction((margin - spent) * 10_000, spent)) if spent else None,
            "new_buyers": len(new),
            "cac": half_up(Fraction(spent, len(new))) if spent and new else None,
            "payback_days": payback(until, new, place[1], spent),
        }
    return found


def payback(facts: list[Fact], new: dict[str, Fact], currency: str, spent: int) -> int | None:
    """The first age at which the new buyers have brought what was spent."""
    by_age: dict[int, int] = defaultdict(int)
    for fact in facts:
        if fact.kind == "posted" and fact.buyer in new and fact.currency == currency:
            revenue, cost, fees = gain(fact)
            by_age[(day_of(fact) - day_of(new[fact.buyer])).days] += revenue - cost - fees
    total = 0
    for age in sorted(age for age in by_age if age >= 0):
        total += by_age[age]
        if spent and total >= spent:
            return age
    return None


def taken(fact: Fact) -> int:
    return sum(amount for name, amount in fact.accounts.items() if name == "fees" or name.startswith("provider:"))


def gain(fact: Fact) -> tuple[int, int, int]:
    accounts = fact.accounts
    revenue = -sum(amount for name, amount in accounts.items() if name.startswith("revenue:"))
    return revenue, accounts.get("cost", 0) + accounts.get("loss", 0), accounts.get("fees", 0)


@pytest.mark.parametrize(("seed", "orders", "buyers"), [(1, 40, 5), (2, 600, 80), (3, 600, 500), (4, 3, 1)])
def test_it_is_what_the_definitions_say(seed: int, orders: int, buyers: int, tmp_path: Path) -> None:
    facts, spend = shop(seed, orders, buyers)
    answer, wanted = asked(facts, spend, tmp_path), computed(facts, spend)
    assert set(answer) == set(wanted)
    for place, row in answer.items():
        same = {name: value for name, value in row.items() if name not in ("channel", "currency")}
        assert same == {name: wanted[place][name] for name in same}, place


def test_a_resellers_channel_has_no_buyers_of_ours_and_all_of_its_money(tmp_path: Path) -> None:
    facts, spend = shop(5, 600, 300)
    everybody, ours = asked(facts, spend, tmp_path), asked(facts, spend, tmp_path, ",agent,")
    assert ours == {place: {**ours[place], **row} for place, row in computed(facts, spend, "agent").items()}
    assert {row["new_buyers"] for place, row in ours.items() if place[0] == "agent"} == {0}
    money = ("orders", "gmv", "revenue", "cost", "fees", "margin", "money_back", "spend")
    for place, row in ours.items():
        assert [row[name] for name in money] == [everybody[place][name] for name in money]
    assert everybody != ours


def test_without_facts_there_is_nothing_and_spend_alone_is_a_row(tmp_path: Path) -> None:
    assert asked([], [], tmp_path) == {}
    (row,) = asked([], [(FIRST, "poster", "CNY", 500)], tmp_path).values()
    assert (row["spend"], row["roi_bp"], row["cac"], row["payback_days"]) == (500, -10_000, None, None)
