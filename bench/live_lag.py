"""How long a fact takes until the live view has it, in a rush: one lane of the stream, simulated in time.

What the function does with a batch runs for real, with boto3's own parsing; DynamoDB answers from memory, and each call
is taken to last `CALL` seconds. The rest of the shop's partitions stand there as they would.
"""

import json
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from bench.report import Figure, percentile, table
from quanyi.facts.model import Fact
from quanyi.facts.table import SHARDS, Partition, to_item
from quanyi.rollups.calendar import part_place
from quanyi.rollups.packing import packed
from quanyi.rollups.roll import rolled
from quanyi.rollups.table import RollsTable
from quanyi.table import Table, to_wire

ORDERS_A_SECOND = 300
USUAL_ORDERS_A_SECOND = 3
RUSH_MINUTES = 5
STREAM_SHARDS = 4
"""A table on demand begins with four partitions (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/
on-demand-capacity-mode.html), and has a shard of its stream for each."""
LANES = 4
"""`ParallelizationFactor` in template.yaml."""
BATCH, WINDOW = 5000, 1.0
CALL = 0.006
FOLLOWED_FROM = 40
"""Seconds into the minute: what a batch costs grows with the facts that lie there."""
MOST = 5.0
ZONE = "Asia/Shanghai"
AT = datetime(2026, 11, 11, 12, 59, tzinfo=UTC)
"""The last minute of an hour: the others have been summed up."""
_PAGE = 1_000_000


@dataclass
class Memory:
    """Items in DynamoDB's own form, how many calls were made, and the CPU seconds that answering them took."""

    items: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    calls: int = 0
    seconds: float = 0.0

    def client(self) -> Any:
        session = boto3.Session("bench", "bench", region_name="us-east-1")
        made: Any = session.client("dynamodb")
        made.meta.events.register("before-send.dynamodb.*", self._answer)
        return made

    def put(self, item: dict[str, Any]) -> None:
        wire = to_wire(item)
        if "roll" in wire:
            wire["roll"] = {"B": b64encode(item["roll"]).decode()}
        self._keep(wire)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        started = time.process_time()
        self.calls += 1
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        told = getattr(self, f"_{operation.lower()}")(json.loads(request.body))
        raw = _Raw(json.dumps(told).encode())
        self.seconds += time.process_time() - started
        return AWSResponse(request.url, 200, HTTPHeaders.from_dict({"Content-Type": "application/x-amz-json-1.0"}), raw)

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        here = self.items[asked["ExpressionAttributeValues"][":pk"]["S"]]
        after = asked.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        found, size = list[Any](), 0
        for sk in sorted(here):
            if sk <= after:
                continue
            found.append(here[sk])
            size += len(json.dumps(here[sk])) * 2 // 3  # what JSON adds to an item is not counted
            if size > _PAGE:
                return {"Items": found, "LastEvaluatedKey": {name: here[sk][name] for name in ("pk", "sk")}}
        return {"Items": found}

    def _batchgetitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        ((name, wanted),) = asked["RequestItems"].items()
        keys = [(key["pk"]["S"], key["sk"]["S"]) for key in wanted["Keys"]]
        return {"Responses": {name: [self.items[pk][sk] for pk, sk in keys if sk in self.items[pk]]}}

    def _putitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._keep(asked["Item"])
        return {}

    def _transactwriteitems(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Of buyers: what their next read needs."""
        for write in asked["TransactItems"]:
            update = write["Update"]
            if days := update["ExpressionAttributeValues"].get(":days"):
                self._keep({**update["Key"], "days": days, "rev": {"N": "1"}})
        return {}

    def _keep(self, item: dict[str, Any]) -> None:
        self.items[item["pk"]["S"]][item["sk"]["S"]] = item


@dataclass
class _Raw:
    content: bytes

    def stream(self, **_: Any) -> Sequence[bytes]:
        return [self.content]


def measure() -> Figure:
    facts = _minute()
    lane = sorted(_of_lane(facts), key=lambda fact: fact.at)
    lags, batches, worked, calls = _run(_standing(facts), lane)
    worst = max(lags)
    return Figure(
        name="live-lag",
        title=f"From a fact to the live view at {ORDERS_A_SECOND} orders a second",
        aim=f"≤ {MOST:.0f} s",
        seen=f"{worst:.1f} s at most",
        reached=worst <= MOST,
        how=(
            f"The last of {RUSH_MINUTES} minutes of {ORDERS_A_SECOND} orders a second, in an hour that else had "
            f"{USUAL_ORDERS_A_SECOND}: {len(facts):,} facts in {SHARDS} partitions, read by {STREAM_SHARDS} shards of "
            f"the stream with {LANES} lanes each. One lane is followed in the minute's last {60 - FOLLOWED_FROM} "
            "seconds, when it has most to do. The function's own work, boto3's parsing in it, is timed on this machine "
            f"(CPU seconds); a call to DynamoDB is taken to last {CALL * 1000:.0f} ms, the window is {WINDOW:.0f} s."
        ),
        body=table(
            ["facts of the lane", "batches", "calls", "CPU s", "lag p50 s", "p95 s", "most s"],
            [[len(lags), batches, calls, worked, percentile(lags, 0.5), percentile(lags, 0.95), worst]],
        ),
    )


def _run(memory: Memory, lane: Sequence[Fact]) -> tuple[list[float], int, float, int]:
    """Lags in seconds, batches, CPU seconds and calls."""
    rolls = RollsTable(Table("facts", memory.client()), ZONE)
    stood = [fact for fact in lane if _second(fact) < FOLLOWED_FROM]
    for fact in stood:
        memory.put(to_item(fact))
    rolls.follow(stood[-1:])  # a process's first call makes what the others use
    memory.calls = 0
    now, next_one, batches, worked = 0.0, len(stood), 0, 0.0
    lags: list[float] = []
    while next_one < len(lane):
        first = _second(lane[next_one])
        now = max(now, first + WINDOW)
        if len(lane) > next_one + BATCH and _second(lane[next_one + BATCH]) < now:
            now = max(now - WINDOW, _second(lane[next_one + BATCH]))  # a full batch does not wait
        batch = [fact for fact in lane[next_one : next_one + BATCH] if _second(fact) <= now]
        # Facts lie on the table as soon as they are told, those of later batches too.
        for fact in lane[next_one:]:
            if _second(fact) > now:
                break
            memory.put(to_item(fact))
        calls, started = memory.calls, time.process_time() - memory.seconds
        rolls.follow(batch)
        took = time.process_time() - memory.seconds - started
        worked += took
        now += took + (memory.calls - calls) * CALL
        lags += [now - _second(fact) for fact in batch]
        next_one += len(batch)
        batches += 1
    return lags, batches, worked, memory.calls


def _second(fact: Fact) -> float:
    return (fact.at - AT).total_seconds()


def _of_lane(facts: Sequence[Fact]) -> list[Fact]:
    """The most that one of the lanes has to do: its share of the partitions, rounded up."""
    share = -(-SHARDS // (STREAM_SHARDS * LANES))
    return [fact for fact in facts if Partition.of(fact).shard < share]


def _standing(facts: Sequence[Fact]) -> Memory:
    """The sums of this minute's other partitions, and of the hour's other minutes, few of which were in the rush."""
    memory = Memory()
    rush = [fact for fact in facts if Partition.of(fact).shard == SHARDS - 1]
    busy, usual = (_roll(some) for some in (rush, rush[:: ORDERS_A_SECOND // USUAL_ORDERS_A_SECOND]))
    hour = f"{AT + timedelta(hours=8):%Y-%m-%dT%H}+0800"
    for back in range(60):
        n, data = busy if back < RUSH_MINUTES else usual
        for shard in range(0 if back else 1, SHARDS):
            minute = f"{AT - timedelta(minutes=back):%Y-%m-%dT%H:%M}"
            memory.put({**part_place(hour, minute, shard).key, "v": 1, "n": n, "roll": data})
    return memory


def _roll(facts: Sequence[Fact]) -> tuple[int, bytes]:
    data, roll = packed(rolled(facts))
    return roll.n, data


def _minute() -> list[Fact]:
    facts: list[Fact] = []
    for number in range(ORDERS_A_SECOND * 60):
        order, at = f"OBENCH{number:014}", AT + timedelta(seconds=number / ORDERS_A_SECOND)
        channel, sku = f"channel-{number % 5}", number % 40
        own: dict[str, Any] = {"of": order, "channel": channel, "currency": "CNY", "buyer": f"MBENCH{number:08}"}
        goods: dict[str, Any] = {"sku": f"sku-{sku}", "product": f"PBENCH{sku:012}", "category": f"CBENCH{sku % 8}"}
        moved = {"owed:CNY": 1980, "revenue:agent@6:CNY": -1980, "cost:CNY": 1650, "stock:CNY": -1650}
        facts += [
            Fact(f"{order}#quoted", "quoted", at, of=order, channel=channel),
            Fact(f"{order}#placed", "placed", at, quantity=1, amount=1980, **own),
            Fact(f"{order}#tried#1", "tried", at, provider="wechat", amount=1980, **own),
            Fact(f"{order}#sold#0", "sold", at, line=0, quantity=1, amount=1980, **own, **goods),
            Fact(f"{order}#posted#1", "posted", at, reason="1", provider="wechat",
                 accounts={"provider:wechat:CNY": 1980, "owed:CNY": -1980}, **own),
            Fact(f"{order}#posted#2", "posted", at, reason="2", line=0, accounts=moved, **own, **goods),
            Fact(f"{order}#delivered#U1", "delivered", at, unit="U1", line=0, seconds=2, quantity=1, **own, **goods),
            Fact(f"{order}#revealed#U1", "revealed", at, unit="U1", line=0, quantity=1, **own, **goods),
        ]  # fmt: skip
    return facts
