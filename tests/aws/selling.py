"""Facts of a shop that sells for some days, and what its reports must say: computed from all facts at once."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from quanyi.clock import day
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable
from quanyi.rollups.buyers import BUYERS
from quanyi.rollups.calendar import day_place, days_from, hour_of, hour_place, monday_of, month_place, week_place
from quanyi.rollups.measures import TOTAL, Slice
from quanyi.rollups.roll import Roll, merged, rolled
from quanyi.rollups.table import RollsTable
from quanyi.table import Item, Table, to_wire

ZONE = "Asia/Shanghai"
BEGIN = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
GOODS = {"a1": ("A", "video"), "a2": ("A", "video"), "b1": ("B", ""), "c1": ("C", "games")}


def facts_of_orders(draw: random.Random, orders: int, days: int = 3, buyers: int = 5) -> list[Fact]:
    """Of orders that are placed, tried, mostly paid and delivered, and sometimes refunded days later."""
    found: list[Fact] = []
    for number in range(orders):
        at = BEGIN + timedelta(hours=draw.randrange(days * 24), seconds=draw.randrange(100))
        found += _of_order(draw, f"O{number:05d}", f"M{draw.randrange(buyers)}", at)
    return found


def _of_order(draw: random.Random, order: str, buyer: str, at: datetime) -> list[Fact]:
    currency = draw.choice(["CNY", "CNY", "USD"])
    common: dict[str, Any] = {
        "of": order,
        "buyer": buyer,
        "channel": draw.choice(["site", "app"]),
        "currency": currency,
    }
    skus = draw.sample(sorted(GOODS), draw.randrange(1, 3))
    amounts = [draw.randrange(1, 5000) for _ in skus]
    provider = draw.choice(["alipay", "wechat"])

    def fact(kind: Any, name: str, when: datetime, **more: Any) -> Fact:
        return Fact(f"{order}#{kind}{name}", kind, when, **{**common, **more})

    def of_line(number: int) -> dict[str, Any]:
        product, category = GOODS[skus[number]]
        return {"sku": skus[number], "product": product, "category": category, "line": number}

    found = [
        fact("placed", "", at, quantity=len(skus), amount=sum(amounts)),
        fact("tried", "#P", at, provider=provider),
    ]
    if draw.random() < 0.3:
        reason = draw.choice(["card_declined", ""])
        return [*found, fact("try_refused", "#P#1", at, provider=provider, reason=reason)]
    paid = at + timedelta(seconds=draw.randrange(100))
    fee = sum(amounts) // 100
    moved = {f"provider:{provider}": sum(amounts) - fee, "fees": fee, "owed": -sum(amounts)}
    found.append(fact("posted", "#1", paid, accounts=moved))
    for number, amount in enumerate(amounts):
        found.append(fact("sold", f"#{number}", paid, quantity=1, amount=amount, **of_line(number)))
        took = draw.choice([1, 2, 3, 250])
        goods = {"revenue:@0": -amount, "cost": amount // 2, "stock": -(amount // 2)}
        then = paid + timedelta(seconds=took)
        found.append(fact("posted", f"#2#{number}", then, accounts=goods, **of_line(number)))
        found.append(
            fact("delivered", f"#{number}", then, quantity=1, seconds=took, unit=str(number), **of_line(number))
        )
    if draw.random() < 0.3:
        back = paid + timedelta(days=draw.randrange(3), seconds=5)
        found.append(fact("refund_asked", "#R", back, amount=amounts[0], reason="support"))
        goods = {"revenue:@0": amounts[0], "owed": -amounts[0]}
        found.append(fact("posted", "#3#0", back, accounts=goods, **of_line(0)))
        found.append(fact("posted", "#4", back, accounts={f"provider:{provider}": -amounts[0], "owed": amounts[0]}))
    return found


def put(table: Table, facts: Sequence[Fact]) -> None:
    FactsTable(table).put(facts)


def records(items: Iterable[Item]) -> list[dict[str, Any]]:
    """As the stream tells that they were written."""
    return [
        {
            "eventSourceARN": "arn:facts",
            "eventName": "INSERT",
            "dynamodb": {
                "SequenceNumber": f"{number}",
                "ApproximateCreationDateTime": 1_795_000_000,
                "Keys": to_wire({"pk": item["pk"], "sk": item["sk"]}),
                "NewImage": to_wire(item),
            },
        }
        for number, item in enumerate(items)
    ]


def days_of(facts: Iterable[Fact]) -> list[date]:
    told = sorted({date.fromisoformat(day(fact.at, ZONE)) for fact in facts})
    return list(days_from(told[0], told[-1])) if told else []


def sums(facts: Iterable[Fact]) -> dict[Slice, Counter[str]]:
    return dict(rolled(facts).slices)


def without_buyers(roll: Roll) -> dict[Slice, Counter[str]]:
    cleaned = {
        where: Counter({name: by for name, by in counts.items() if not name.startswith(BUYERS)})
        for where, counts in roll.slices.items()
    }
    return {where: counts for where, counts in cleaned.items() if counts}


def check_rolls(table: Table, facts: Sequence[Fact]) -> None:
    """Every roll there is, or should be, says what its facts say; and any range of days how many buyers it had."""
    rolls = RollsTable(table, ZONE)
    days = days_of(facts)
    by_day = {on: [fact for fact in facts if day(fact.at, ZONE) == f"{on}"] for on in days}
    for on in days:
        _says(rolls, day_place(on), by_day[on])
        for hour in {hour_of(fact.at, ZONE) for fact in by_day[on]}:
            _says(rolls, hour_place(hour), [fact for fact in by_day[on] if hour_of(fact.at, ZONE) == hour])
    for monday in {monday_of(on) for on in days}:
        _says(rolls, week_place(monday), [fact for on in days if monday_of(on) == monday for fact in by_day[on]])
    for first in {on.replace(day=1) for on in days}:
        _says(rolls, month_place(first), [fact for on in days if on.replace(day=1) == first for fact in by_day[on]])
    _check_buyers(rolls, by_day)


def _says(rolls: RollsTable, place: Any, facts: Sequence[Fact]) -> None:
    kept = rolls.read([place]).get(place, Roll())
    assert without_buyers(kept) == sums(facts), place


def _check_buyers(rolls: RollsTable, by_day: dict[date, list[Fact]]) -> None:
    from quanyi.rollups.buyers import buyers_since

    days = sorted(by_day)
    kept = rolls.read([day_place(on) for on in days])
    sold = {on: {(f.buyer, f.channel) for f in by_day[on] if f.kind == "sold"} for on in days}
    for first in days:
        for last in (on for on in days if on >= first):
            whole = merged(kept.get(day_place(on), Roll()) for on in days_from(first, last))
            for where, channel in ((TOTAL, ""), (("channel", "app"), "app"), (("channel", "site"), "site")):
                within = _who(sold, first, last, channel)
                earlier = _who(sold, days[0], first - timedelta(days=1), channel)
                counts = whole.of(where)  # type: ignore[arg-type]
                assert buyers_since(counts, first) == (len(within), len(within - earlier)), (first, last, where)


def _who(sold: dict[date, set[tuple[str, str]]], first: date, last: date, channel: str) -> set[str]:
    return {
        buyer for on, those in sold.items() if first <= on <= last for buyer, where in those if channel in ("", where)
    }
