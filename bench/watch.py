"""AWS calls and seconds of the stock watch and the nightly plan over many SKUs, at two sizes."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from bench.report import Figure, table
from quanyi.catalog.model import Sku
from quanyi.catalog.table import sku_key
from quanyi.restock.demand import EVERYWHERE, text_of
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.model import DynamicLevels
from quanyi.restock.table import LIST
from quanyi.supply.model import Offer
from quanyi.supply.table import OffersTable
from quanyi.table import Item
from reorder import nightly
from reorder.watch import watch
from tests.aws.memory import MemoryCloud, MemoryDynamo
from tests.aws.storehouse import Storehouse

SIZES = (2_000, 10_000)
LOW = 100
"""One SKU in so many is low: it is told, and bought."""
CALL = 0.004
"""Seconds that a call takes on AWS."""
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
MOST_CALLS = 0.15
"""A SKU."""
LINEAR = 1.25


@dataclass
class SlowDynamo(MemoryDynamo):
    """Counts calls, and takes as long for each as AWS does. Indexes are kept as lists: a query over ten thousand
    policies reads the page that it asks for."""

    calls: Counter[str] = field(default_factory=Counter[str])
    slow: bool = False
    _listed: list[dict[str, Any]] | None = None
    _mine: threading.Lock = field(default_factory=threading.Lock)

    def call(self, operation: str, act: Any) -> dict[str, Any]:
        with self._mine:
            self.calls[operation] += 1
        if self.slow:
            time.sleep(CALL)
        return super().call(operation, act)

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        values = request["ExpressionAttributeValues"]
        if request.get("IndexName") != "listed-index":
            pk = values.get(":pk")
            return super()._query(request) if pk is None else self._partition(request, pk["S"])
        items = self._table(request["TableName"])
        wanted = values[":list"]["S"]
        if wanted != LIST:
            few = {key: item for key, item in items.items() if item.get("list", {}).get("S") == wanted}
            return self._among(request, few)
        if self._listed is None:
            policies = [item for item in items.values() if item.get("list", {}).get("S") == LIST]
            self._listed = sorted(policies, key=lambda item: item["listed"]["S"])
        start = request.get("ExclusiveStartKey", {}).get("listed", values.get(":after", {"S": ""}))["S"]
        first = next((at for at, item in enumerate(self._listed) if item["listed"]["S"] > start), len(self._listed))
        page = self._listed[first : first + request["Limit"]]
        page = [items[item["pk"]["S"], item["sk"]["S"]] for item in page]
        more = first + len(page) < len(self._listed)
        last = {name: page[-1][name] for name in ("pk", "sk", "list", "listed")} if more else None
        return {"Items": page} | ({"LastEvaluatedKey": last} if last else {})

    def _partition(self, request: Mapping[str, Any], pk: str) -> dict[str, Any]:
        items = self._table(request["TableName"])
        if pk.startswith("OFFERS#"):
            few = {key: items[key] for key in [(pk, "acme")] if key in items}
        else:
            few = {key: item for key, item in items.items() if key[0] == pk} if not pk.startswith("BACKLOG#") else {}
        return self._among(request, few)

    def _among(self, request: Mapping[str, Any], few: dict[tuple[str, ...], Any]) -> dict[str, Any]:
        whole = self._items[request["TableName"]]
        self._items[request["TableName"]] = few
        try:
            return super()._query(request)
        finally:
            self._items[request["TableName"]] = whole


@dataclass(frozen=True)
class Seen:
    skus: int
    calls: Mapping[str, int]
    seconds: float
    what: str

    @property
    def total(self) -> int:
        return sum(self.calls.values())


def measure() -> Figure:
    found = [seen for size in SIZES for seen in of_size(size)]
    by_what = {what: [seen for seen in found if seen.what == what] for what in dict.fromkeys(s.what for s in found)}
    rows = [
        [seen.what, f"{seen.skus:,}", seen.total, f"{seen.total / seen.skus:.3f}", f"{seen.seconds:.1f}", _most(seen)]
        for seen in found
    ]
    linear = all(large.total / large.skus <= LINEAR * small.total / small.skus for small, large in by_what.values())
    large, night = by_what["watch"][-1], by_what["night"][-1]
    return Figure(
        name="watch",
        title=f"Stock watch over {SIZES[-1]:,} SKUs, one in {LOW} low",
        aim="AWS calls and seconds printed; linear; fits one Lambda with room",
        seen=f"{large.total:,} calls, {large.seconds:.0f} s of 300; {night.seconds:.0f} s of 900 by night",
        reached=linear and large.total / large.skus <= MOST_CALLS and large.seconds < 150,
        how=(
            f"The real watch and night in this process against DynamoDB in memory, each call taking {CALL * 1000:g} ms "
            "more. What is low is told and bought. `quiet` is the run after it: the same SKUs are still low, and their "
            "purchases are on order. `night` plans every policy from two years of demand. Seconds include the "
            "arithmetic in Python on this machine."
        ),
        body=table(["run", "SKUs", "calls", "calls a SKU", "seconds", "of which"], rows),
    )


def _most(seen: Seen) -> str:
    return "; ".join(f"{count:,} × {name}" for name, count in Counter(seen.calls).most_common())


def of_size(size: int) -> list[Seen]:
    dynamo = SlowDynamo()
    house = Storehouse(MemoryCloud(dynamo))  # type: ignore[arg-type]
    _fill(house, size)
    dynamo.slow = True
    found = [_timed(house, dynamo, size, "night", lambda: nightly.run(house.work, 10_000.0))]
    made = _timed(house, dynamo, size, "watch", lambda: watch(house.work, 10_000.0))
    bought = len(house.purchasing.begun)
    if bought != size // LOW:
        raise AssertionError(f"{bought} purchases for {size // LOW} that are low")
    house.later(minutes=10)
    return [*found, made, _timed(house, dynamo, size, "quiet", lambda: watch(house.work, 10_000.0))]


def _timed(house: Storehouse, dynamo: SlowDynamo, size: int, what: str, run: Any) -> Seen:
    dynamo.calls.clear()
    begun = time.monotonic()
    run()
    return Seen(size, dict(dynamo.calls), time.monotonic() - begun, what)


def _fill(house: Storehouse, size: int) -> None:
    chance, today = random.Random(5), date(2026, 11, 23)
    supply, stats, catalog = (house.cloud.table(name) for name in ("SupplyTable", "StatsTable", "CatalogTable"))
    house.seller("acme")
    for number in range(size):
        sku = f"sku-{number:05}"
        terms = {"id": sku, "product_id": "P", "product_state": "published", "version": 1, "kind": "card"}
        made = Sku.model_validate({**terms, "titles": {"en": sku}, "price": 1999})
        catalog.put({**sku_key(sku), **made.model_dump(mode="json", exclude_none=True), "v": 1})
        offer = {"sku": sku, "supplier": "acme", "code": sku, "cost": 1500, "updated_at": NOW}
        OffersTable(supply).save(Offer.model_validate(offer))
        for year in (2024, 2025, 2026):
            days = 366 if year == 2024 else (today - date(2026, 1, 1)).days if year == 2026 else 365
            counts = [int(chance.expovariate(1 / 3)) for _ in range(days)]
            item: Item = {"pk": f"DEMAND#{sku}", "sk": f"{EVERYWHERE}#{year}", "v": 1, "days": text_of(counts)}
            stats.put(item)
        house.work.policies.save(
            KeptPolicy(sku=sku, mode="auto", levels=DynamicLevels(), lead_time_days=1, created_at=NOW, updated_at=NOW)
        )
        house.level(sku, 1 if number % LOW == 0 else 60)
