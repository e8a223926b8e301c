"""What a fact costs on its way to both stores: AWS calls and units for a thousand, in a quiet hour and a busy one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from os import environ
from typing import Any

import boto3

from bench.emulated import emulated_shop
from bench.meter import Made, by_name, units
from bench.report import Figure, table
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable, to_item
from quanyi.table import to_wire
from reports import rolling
from reports.lake import stream as lake
from reports.wiring import archive, rolls
from tests.aws.conftest import REGION, LambdaContext

START = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
PACES = ((1, 20, 600), (1, 1, 60), (5, 1, 60))
"""So many orders every so many seconds, for so many seconds."""
LAKE_WAITS = 60
"""Seconds that the lake's batches are collected for; those of the live view are of one second (template.yaml)."""
BUCKET = "bench-lake"


@dataclass
class Way:
    """To one store."""

    facts: int = 0
    runs: int = 0
    made: list[Made] = field(default_factory=list[Made])

    def row(self, pace: str, name: str) -> list[object]:
        reads, writes = units(self.made)
        each = [round(n * 1000 / self.facts, 1) for n in (self.runs, len(self.made), reads, writes)]
        calls = by_name(self.made).most_common(4)
        return [pace, name, *each, "; ".join(f"{n * 1000 / self.facts:.0f} × {call}" for call, n in calls)]


def measure() -> Figure:
    rows: list[list[object]] = []
    calls: list[float] = []
    names: list[str] = []
    for orders, every, seconds in PACES:
        ways = _hour(orders, every, seconds)
        pace = f"{orders} order{'s' if orders > 1 else ''} a second" if every == 1 else f"one every {every} s"
        names.append(pace)
        rows += [way.row(pace, name) for name, way in ways.items()]
        calls.append(sum(len(way.made) for way in ways.values()) * 1000 / ways["told"].facts)
    return Figure(
        name="fact-cost",
        title="A thousand facts on the way to the live view and the lake",
        aim="AWS calls and units printed",
        seen="; ".join(f"{name}: {n:,.0f} calls" for name, n in zip(names, calls, strict=True)),
        reached=None,
        how=(
            "The real functions on moto in this process, calls counted by boto3's events, units by DynamoDB's rules. "
            "An order tells eight facts. Batches as the template asks for them: facts are put once a second, summed up "
            f"once a second, and laid down in the lake once in {LAKE_WAITS} s. `told` puts them; `live` reads the "
            "minute's facts again, and sets the sums of the minute, hour, day, week and month; `lake` puts a file for "
            "each day of a batch. Reading a stream is not charged to a function."
        ),
        body=table(
            ["pace", "way", "runs / 1,000", "calls / 1,000", "read units / 1,000", "write units / 1,000", "of which"],
            rows,
        ),
    )


def _hour(orders: int, every: int, seconds: int) -> dict[str, Way]:
    ways = {"told": Way(), "live": Way(), "lake": Way()}
    with emulated_shop() as shop:
        environ["LAKE_BUCKET"], environ["DEAD_LETTER_QUEUE"] = BUCKET, "none"
        boto3.Session(region_name=REGION).client("s3").create_bucket(Bucket=BUCKET)
        table = FactsTable(archive().results.table)
        rolls()
        waiting: list[dict[str, Any]] = []
        for second in range(0, seconds, every):
            facts = [*_facts(START + timedelta(seconds=second), second * 100, orders)]
            with shop.meter.counting() as made:
                table.put(facts)
            _note(ways["told"], len(facts), made)
            records = [*map(_record, facts)]
            with shop.meter.counting() as made:
                rolling.handler({"Records": records}, LambdaContext())
            _note(ways["live"], len(facts), made)
            waiting += records
            if (second + every) % LAKE_WAITS == 0:
                with shop.meter.counting() as made:
                    lake.handler({"Records": waiting}, LambdaContext())
                _note(ways["lake"], len(waiting), made)
                waiting = []
    return ways


def _note(way: Way, facts: int, made: Sequence[Made]) -> None:
    way.facts += facts
    way.runs += 1
    way.made += made


def _record(fact: Fact) -> dict[str, Any]:
    """As the table's stream tells it, filtered as in template.yaml."""
    item = to_wire(to_item(fact))
    keys = {name: item[name] for name in ("pk", "sk")}
    told = {"ApproximateCreationDateTime": fact.at.timestamp(), "SequenceNumber": "1", "Keys": keys, "NewImage": item}
    return {"eventName": "INSERT", "eventSource": "aws:dynamodb", "eventSourceARN": "arn", "dynamodb": told}


def _facts(at: datetime, first: int, orders: int) -> Iterator[Fact]:
    """Of orders of one card, paid and delivered at once."""
    for number in range(first, first + orders):
        of = f"O{number:020d}"
        same: dict[str, Any] = {"channel": "site", "buyer": f"M{number * 7 % 500:019d}", "currency": "CNY"}
        line: dict[str, Any] = {"sku": "card", "product": f"P{number % 40:019d}", "category": "cards", "line": 0}
        provider = {"provider": "wechat"}
        yield Fact(f"{of}#placed", "placed", at, of, quantity=1, amount=1000, **same)
        yield Fact(f"{of}#tried#P1", "tried", at, of, amount=1000, **provider, **same)
        yield Fact(f"{of}#sold#0", "sold", at, of, quantity=1, amount=1000, **line, **same)
        for entry, moved in enumerate(_ENTRIES, 2):
            yield Fact(f"{of}#posted#{entry:06d}", "posted", at, of, accounts=moved, **line, **same)
        yield Fact(f"{of}#delivered#0", "delivered", at, of, seconds=1, quantity=1, unit="U1", **line, **same)
        yield Fact(f"{of}#revealed#0", "revealed", at, of, unit="U1", **line, **same)


_ENTRIES = (
    {"provider:wechat": 994, "fees": 6, "owed": -1000},
    {"owed": 1000, "revenue:std@600": -1000},
    {"cost": 700, "stock": -700},
)
