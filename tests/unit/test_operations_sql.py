"""Reports of redemption, risk, supply and stock equal, to the unit, what plain Python makes of their definitions."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from quanyi.facts.model import Fact, FactKind
from quanyi.orders.returns import OUT_OF_STOCK
from tests.unit.analytics import asked

START = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 9, 20), date(2026, 11, 8)
Row = dict[str, Any]
Key = tuple[Any, ...]
SEEDS = [(1, 30), (2, 400), (3, 1500)]


class Dice:
    """Facts of a made-up shop, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.random, self.facts = random.Random(seed), list[Fact]()

    def at(self) -> datetime:
        """From before the range until after it."""
        return START + timedelta(seconds=self.random.randrange(75 * 86_400))

    def tell(self, kind: FactKind, at: datetime, of: str = "O1", **fields: Any) -> None:
        told: Row = {"quantity": 1, **fields}
        self.facts.append(Fact(f"{kind}#{len(self.facts)}", kind, at, of, **told))

    def sku(self) -> Row:
        name = self.random.choice("abcd")
        return {"sku": name, "product": f"P{'ab'.find(name) >= 0:d}"}


def day_of(fact: Fact) -> date:
    return (fact.at + timedelta(hours=8)).date()


def inside(facts: Iterable[Fact], *kinds: str, first: date = FIRST) -> list[Fact]:
    return [fact for fact in facts if fact.kind in kinds and first <= day_of(fact) <= LAST]


def basis_points(part: int, whole: int) -> int | None:
    return (Fraction(part * 10_000, whole) + Fraction(1, 2)).__floor__() if whole else None


def rank(values: Sequence[int], share: int) -> int | None:
    return sorted(values)[-(-len(values) * share // 100) - 1] if values else None


def by(rows: Iterable[Row], *names: str) -> dict[Key, Row]:
    return {tuple(row[name] for name in names): {k: v for k, v in row.items() if k not in names} for row in rows}


def grouped(facts: Iterable[Fact], key: Callable[[Fact], Iterable[Key]]) -> dict[Key, list[Fact]]:
    found: dict[Key, list[Fact]] = defaultdict(list)
    for fact in facts:
        for one in key(fact):
            found[one].append(fact)
    return found


# ---------------------------------------------------------------------------------------------------------- redemption


def vouchers(seed: int, count: int) -> list[Fact]:
    dice = Dice(seed)
    for number in range(count):
        at, of = dice.at(), f"V{number}"
        known: Row = {
            **dice.sku(),
            "source": f"VS{dice.random.randrange(3)}",
            "channel": dice.random.choice(("site", "")),
        }
        dice.tell("handed_out", at, of, **known)
        if dice.random.random() < 0.1:  # came back unseen, and went out again
            at += timedelta(hours=dice.random.randrange(1, 400))
            dice.tell("handed_out", at, of, **known)
        for _ in range(dice.random.choice((0, 0, 1, 1, 3))):
            used = at + timedelta(milliseconds=dice.random.randrange(40 * 86_400_000))
            dice.tell("redeemed", used, of, **known)
            if dice.random.random() < 0.3:
                dice.tell("redemption_reversed", used + timedelta(hours=dice.random.randrange(90)), of, **known)
    for _ in range(count // 10):
        dice.tell("redeemed", dice.at(), f"T{dice.random.random()}", **dice.sku(), channel="site")
    return dice.facts


def slices(fact: Fact) -> list[Key]:
    return [("total", ""), ("product", fact.product), ("series", fact.source), ("channel", fact.channel)]


def redemption(facts: list[Fact]) -> dict[Key, Row]:
    given = grouped(inside(facts, "handed_out"), slices)
    acts = grouped(inside(facts, "redeemed", "redemption_reversed"), slices)
    return {place: of_vouchers(facts, given[place], acts[place]) for place in {*given, *acts}}


def of_vouchers(facts: list[Fact], given: list[Fact], acts: list[Fact]) -> Row:
    found: Row = dict.fromkeys(("used", "watched_7", "used_7", "watched_30", "used_30"), 0)
    waits: list[int] = []
    for one in given:
        again = [f.at for f in inside(facts, "handed_out") if f.of == one.of and f.at > one.at]
        until = min(again, default=datetime.max.replace(tzinfo=UTC))
        mine = [f for f in facts if f.of == one.of and one.at <= f.at < until and day_of(f) <= LAST]
        uses = [fact.at for fact in mine if fact.kind == "redeemed"]
        stands = len(uses) > sum(fact.kind == "redemption_reversed" for fact in mine)
        found["used"] += stands
        if uses:
            waits.append(int((min(uses) - one.at).total_seconds()))
        for days in (7, 30):
            watched = (LAST - day_of(one)).days >= days
            found[f"watched_{days}"] += watched
            found[f"used_{days}"] += watched and stands and min(uses) - one.at <= timedelta(days=days)
    times = [sum(fact.kind == kind for fact in acts) for kind in ("redeemed", "redemption_reversed")]
    waited = {"p50_seconds": rank(waits, 50), "p90_seconds": rank(waits, 90)}
    return {"handed_out": len(given), **found, **waited, "redemptions": times[0], "reversed": times[1]}


@pytest.mark.parametrize(("seed", "count"), [(1, 20), (2, 150), (3, 400)])
def test_redemption(seed: int, count: int, tmp_path: Path) -> None:
    facts = vouchers(seed, count)
    rows = asked(facts, tmp_path, "redemption", first=FIRST, last=LAST)
    assert by(rows, "dimension", "name") == redemption(facts)
    assert sum(row["used"] for row in rows) > 0


# ---------------------------------------------------------------------------------------------------------------- risk


def judgements(seed: int, count: int) -> list[Fact]:
    dice = Dice(seed)
    for _ in range(count):
        at, point = dice.at(), dice.random.choice(("order", "delivery", "refund"))
        outcome = dice.random.choice(("approve", "approve", "hold", "refuse", "pass"))
        dice.tell("judged", at, source=point, reason=outcome)
        rules = dice.random.sample(("many", "night", "broken"), dice.random.randrange(3))
        for rule in rules:
            dice.tell("ruled", at, source=point, reason=rule, medium=outcome)
        if outcome == "hold":
            seconds, verdict = dice.random.randrange(90_000), dice.random.choice(("approved", "refused"))
            at += timedelta(seconds=seconds)
            how = dice.random.choice(("person", "time"))
            dice.tell(
                "reviewed", at, source=point, reason=verdict, medium=how, seconds=seconds, amount=7, currency="CNY"
            )
            for rule in rules:
                dice.tell("rule_reviewed", at, source=point, reason=rule, medium=verdict)
    return dice.facts


def risk(facts: list[Fact]) -> dict[Key, Row]:
    def place(fact: Fact) -> list[Key]:
        return [(fact.source, "*" if fact.kind in ("judged", "reviewed") else fact.reason)]

    decisions = grouped(inside(facts, "judged", "ruled"), place)
    reviews = grouped(inside(facts, "reviewed", "rule_reviewed"), place)
    found: dict[Key, Row] = {}
    for where in {*decisions, *reviews}:
        outcomes = [fact.reason if fact.kind == "judged" else fact.medium for fact in decisions[where]]
        verdicts = [fact.reason if fact.kind == "reviewed" else fact.medium for fact in reviews[where]]
        waits = [fact.seconds for fact in reviews[where] if fact.kind == "reviewed" and fact.seconds is not None]
        vain = sum(fact.kind == "reviewed" and fact.medium == "time" for fact in reviews[where])
        found[where] = {
            "decisions": len(outcomes),
            "allowed": outcomes.count("approve"),
            "held": outcomes.count("hold"),
            "refused": outcomes.count("refuse"),
            "passed": outcomes.count("pass"),
            "refused_bp": basis_points(outcomes.count("refuse"), len(outcomes)),
            "reviewed": len(verdicts),
            "false_holds": verdicts.count("approved"),
            "false_hold_bp": basis_points(verdicts.count("approved"), len(verdicts)),
            "by_time": vain if where[1] == "*" else None,
            "p50_seconds": rank(waits, 50),
            "p90_seconds": rank(waits, 90),
        }
    return found


@pytest.mark.parametrize(("seed", "count"), SEEDS)
def test_risk(seed: int, count: int, tmp_path: Path) -> None:
    facts = judgements(seed, count)
    rows = asked(facts, tmp_path, "risk", first=FIRST, last=LAST)
    assert by(rows, "point", "rule") == risk(facts)
    assert sum(row["false_holds"] for row in rows) > 0


# -------------------------------------------------------------------------------------------------------------- supply


def purchases(seed: int, count: int) -> list[Fact]:
    dice = Dice(seed)
    for number in range(count):
        at, ordered, currency = dice.at(), dice.random.randrange(1, 9), dice.random.choice(("CNY", "USD"))
        purpose = dice.random.choice(("stock", "order", "topup"))
        of, known = f"P{number}", {**dice.sku(), "provider": dice.random.choice(("acme", "best", "cheap"))}
        known |= {"source": purpose, "currency": currency, "quantity": ordered}
        dice.tell("purchase_sent", at, of, amount=ordered * 100, **known)
        if dice.random.random() < 0.2:
            dice.tell("purchase_unknown", at + timedelta(seconds=9), of, **known)
        seconds = dice.random.choice((0, 1, 3, 90, 4000, 400_000))
        outcome = dice.random.choice(("received", "received", "short", "failed"))
        over = at + timedelta(seconds=seconds)
        if dice.random.random() < 0.9:
            dice.tell("purchase_ended", over, of, reason=outcome, seconds=seconds, **known)
            missed = {"received": 0, "short": dice.random.randint(1, ordered), "failed": ordered}[outcome]
            if missed:
                dice.tell("purchase_missed", over, of, reason=outcome, **known | {"quantity": missed})
        if dice.random.random() < 0.3:
            bad: Row = {name: known[name] for name in ("provider", "sku", "product", "currency")}
            dice.tell("charged_back", dice.at(), amount=dice.random.randrange(500), **bad)
        kind = dice.random.choice(("in_time", "in_time", "late", ""))
        dice.tell("delivered", dice.at(), medium=kind, channel=dice.random.choice(("site", "app")), **dice.sku())
        why = dice.random.choice((OUT_OF_STOCK, "support"))
        dice.tell("undelivered", dice.at(), reason=why, channel="site", **dice.sku())
    return dice.facts


def suppliers(facts: list[Fact]) -> dict[Key, Row]:
    kinds = ("purchase_sent", "purchase_unknown", "purchase_ended", "purchase_missed", "charged_back")
    found: dict[Key, Row] = {}
    for supplier, mine in grouped(inside(facts, *kinds), lambda fact: [(fact.provider,)]).items():
        of = grouped(mine, lambda fact: [(fact.kind,)])
        ends = of["purchase_ended",]
        outcomes = [fact.reason for fact in ends]
        waits = [fact.seconds or 0 for fact in ends]

        def cards(facts: list[Fact]) -> int:
            return sum(f.quantity for f in facts if f.reason != "failed" and f.source != "topup")

        came, bad = cards(ends) - cards(of["purchase_missed",]), len(of["charged_back",])
        found[supplier] = {
            "sent": len(of["purchase_sent",]),
            "unknown": len(of["purchase_unknown",]),
            "ended": len(ends),
            **{outcome: outcomes.count(outcome) for outcome in ("received", "short", "failed")},
            "ordered_cards": cards(ends),
            "received_cards": came,
            "bad_cards": bad,
            "bad_bp": basis_points(bad, came),
            **{f"p{share}_seconds": rank(waits, share) for share in (50, 90, 99)},
            "latency_seconds": sum(waits),
        }
    return found


def charge_backs(facts: list[Fact]) -> dict[Key, Row]:
    places = grouped(inside(facts, "purchase_sent", "charged_back"), lambda fact: [(fact.provider, fact.currency)])
    found: dict[Key, Row] = {}
    for place, mine in places.items():
        sent, bad = ([f.amount for f in mine if f.kind == kind] for kind in ("purchase_sent", "charged_back"))
        found[place] = {"purchases": len(sent), "ordered": sum(sent), "bad_cards": len(bad), "charge_back": sum(bad)}
    return found


def service(facts: list[Fact]) -> dict[Key, Row]:
    units = [f for f in inside(facts, "delivered") if f.medium]
    units += [f for f in inside(facts, "undelivered") if f.reason == OUT_OF_STOCK]
    bought = [f for f in inside(facts, "purchase_ended", "purchase_missed") if f.source in ("order", "topup")]

    def places(fact: Fact) -> list[Key]:
        whole = [(fact.product, fact.sku, "*"), ("", "*", "*")]
        own = [] if fact in bought else [(fact.product, fact.sku, fact.channel), ("", "*", fact.channel)]
        return [*whole, *own]

    found: dict[Key, Row] = {}
    for place, mine in grouped([*units, *bought], places).items():
        in_time, late = (sum(f.quantity for f in mine if f.medium == how) for how in ("in_time", "late"))
        never = sum(f.quantity for f in mine if f.kind == "undelivered")
        got = sum(f.quantity * (1 if f.kind == "purchase_ended" else -1) for f in mine if f.kind.startswith("purchase"))
        demand = in_time + late + never
        found[place] = {"demand": demand, "in_time": in_time, "late": late, "unserved": never}
        found[place] |= {"service_bp": basis_points(in_time, demand), "bought": got if place[2] == "*" else None}
    return found


@pytest.mark.parametrize(("seed", "count"), SEEDS)
def test_supply(seed: int, count: int, tmp_path: Path) -> None:
    facts, days = purchases(seed, count), {"first": FIRST, "last": LAST}
    assert by(asked(facts, tmp_path, "suppliers", **days), "supplier") == suppliers(facts)
    assert by(asked(facts, tmp_path, "charge_backs", **days), "supplier", "currency") == charge_backs(facts)
    assert by(asked(facts, tmp_path, "service_level", **days), "product", "sku", "channel") == service(facts)


# --------------------------------------------------------------------------------------------------------------- stock


def stocks(seed: int, count: int) -> list[Fact]:
    dice = Dice(seed)
    for number in range(75):
        at = START.replace(hour=16) + timedelta(days=number)
        if dice.random.random() < 0.1:
            continue  # nobody counted
        dice.tell("stocked", at, "stock", quantity=0)
        for sku, currency in dice.random.sample([("a", "CNY"), ("a", "USD"), ("b", "CNY"), ("c", "USD")], 3):
            units = dice.random.randrange(1, 50)
            known: Row = {"sku": sku, "product": "P1", "currency": currency, "quantity": units}
            dice.tell("stocked", at, sku, amount=units * dice.random.randrange(90), **known)
    for _ in range(count):
        dice.tell("delivered", dice.at(), sku=dice.random.choice("abz"), product="P1")
        lost: Row = {"currency": dice.random.choice(("CNY", "USD")), "amount": dice.random.randrange(90)}
        dice.tell("expired", dice.at(), sku=dice.random.choice("acd"), product="P1", **lost)
    return dice.facts


def turnover(facts: list[Fact]) -> dict[Key, Row]:
    counts = inside(facts, "stocked")
    days = {day_of(fact) for fact in counts}
    kept = grouped([fact for fact in counts if fact.sku], lambda fact: [(fact.sku, fact.currency)])
    lost = grouped(inside(facts, "expired"), lambda fact: [(fact.sku, fact.currency)])
    found: dict[Key, Row] = {}
    for sku, currency in {*kept, *lost}:
        mine = kept[sku, currency]
        unit_days = sum(fact.quantity for fact in counts if fact.sku == sku)
        out = sum(fact.quantity for fact in inside(facts, "delivered") if fact.sku == sku)
        last = [fact for fact in mine if day_of(fact) == max(days)]
        span = (LAST - FIRST).days + 1
        found["P1", sku, currency] = {
            "counted_days": len(days),
            "average_units": pytest.approx(unit_days / len(days)),
            "units_out": out,
            "turn": pytest.approx(out * len(days) / unit_days) if out and unit_days else None,
            "turnover_days": pytest.approx(span * unit_days / (out * len(days))) if out and unit_days else None,
            "units": sum(fact.quantity for fact in last),
            "value": sum(fact.amount for fact in last),
            "average_value": pytest.approx(sum(fact.amount for fact in mine) / len(days)),
            "expired_units": len(lost[sku, currency]),
            "expired_cost": sum(fact.amount for fact in lost[sku, currency]),
        }
    return found


@pytest.mark.parametrize(("seed", "count"), SEEDS)
def test_stock(seed: int, count: int, tmp_path: Path) -> None:
    facts = stocks(seed, count)
    rows = asked(facts, tmp_path, "stock_turn", first=FIRST, last=LAST)
    assert by(rows, "product", "sku", "currency") == turnover(facts)


def test_what_expired_where_nobody_ever_counted(tmp_path: Path) -> None:
    at = START + timedelta(days=30)
    lost = Fact("1", "expired", at, "c", sku="a", product="P1", quantity=1, amount=70, currency="CNY")
    (row,) = asked([lost], tmp_path, "stock_turn", first=FIRST, last=LAST)
    assert (row["counted_days"], row["average_units"], row["turn"], row["turnover_days"]) == (0, 0, None, None)
    assert (row["expired_units"], row["expired_cost"]) == (1, 70)
