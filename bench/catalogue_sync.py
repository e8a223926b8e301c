"""AWS calls and seconds of syncing a supplier's catalogue, every good of which the shop sells, at two sizes."""

import logging
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast
from unittest.mock import patch

from bench.report import Figure, table
from quanyi.catalog.model import SkuTerms
from quanyi.catalog.product import ProductTerms, in_state, new_product
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.access import Access
from quanyi.supply.model import MarkUp, Offer
from quanyi.supply.registry import ADAPTERS
from suppliers.syncing import sync
from tests.aws.buying import Buying
from tests.aws.memory import Expression, MemoryCloud, MemoryDynamo
from tests.aws.wholesaler import ADAPTER, Wholesaler, goods

SIZES = (1_000, 10_000)
PAGE = 50
"""Goods that a supplier tells at a time, as its contract has it."""
CALL, ANSWER = 0.004, 0.1
"""Seconds that a call takes on AWS, and an answer of the supplier's."""
LIMIT, KEPT = 600, 45
"""Seconds of the function, and what it keeps of them for a last step."""
DEARER = 100
"""One good in so many costs more at the second sync."""
LINEAR = 1.1


class Pages(Wholesaler):
    """A supplier that takes its time."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def goods(self, after: str = "") -> port.GoodsPage:
        self._ask("goods")
        time.sleep(ANSWER)
        at, found = int(after or 0), self.catalogues[self.access.endpoint]
        return port.GoodsPage(tuple(found[at : at + PAGE]), str(at + PAGE) if at + PAGE < len(found) else "")


def made(access: Access) -> port.Supplier:
    return cast("port.Supplier", Pages(access))


@dataclass
class Shelves(MemoryDynamo):
    """Counts calls, and takes as long for each as AWS does. Items lie in the order of their keys, so that a page costs
    what it holds."""

    calls: Counter[str] = field(default_factory=Counter[str])
    slow: bool = False
    _shelves: dict[tuple[str, str, str], list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    _seen: int = -1

    def call(self, operation: str, act: Any) -> dict[str, Any]:
        with self._lock:
            self.calls[operation] += 1
        if self.slow:
            time.sleep(CALL)
        return super().call(operation, act)

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        part, sort = ("list", "listed") if "IndexName" in request else ("pk", "sk")
        values, name = request["ExpressionAttributeValues"], request["TableName"]
        shelf = self._shelf(name, part, sort, values[":pk" if part == "pk" else ":list"]["S"])
        start = request.get("ExclusiveStartKey", {}).get(sort) or values.get(":after") or {"S": ""}
        first = bisect_right(shelf, start["S"], key=lambda placed: placed[0])
        limit = request.get("Limit", len(shelf))
        page = [self._table(name)[item["pk"]["S"], item["sk"]["S"]] for _, item in shelf[first : first + limit]]
        asked = [item for item in page if Expression.of(request["KeyConditionExpression"], item, request).holds()]
        more = first + limit < len(shelf) and bool(page)
        last = {key: page[-1][key] for key in {"pk", "sk", part, sort}} if more else None
        if sieve := request.get("FilterExpression"):
            asked = [item for item in asked if Expression.of(sieve, item, request).holds()]
        return {"Items": [dict(item) for item in asked]} | ({"LastEvaluatedKey": last} if last else {})

    def _shelf(self, name: str, part: str, sort: str, value: str) -> list[tuple[str, dict[str, Any]]]:
        """All of a table's are put in order anew once something has come to it."""
        count = sum(map(len, self._items.values()))
        if count != self._seen:
            self._shelves, self._seen = {}, count
        if (name, part, "") not in self._shelves:
            self._shelves[name, part, ""] = []
            for item in self._table(name).values():
                if part in item and sort in item:
                    key = (name, part, item[part]["S"])
                    self._shelves.setdefault(key, []).append((item[sort]["S"], item))
            for shelf in self._shelves.values():
                shelf.sort(key=lambda placed: placed[0])
        return self._shelves.get((name, part, value), [])


@dataclass(frozen=True)
class Run:
    what: str
    goods: int
    calls: Mapping[str, int]
    pages: int
    seconds: float

    @property
    def total(self) -> int:
        return sum(self.calls.values())


def measure() -> Figure:
    logging.disable(logging.CRITICAL)
    adapter = {"quanyi": replace(ADAPTER, made_by="bench.catalogue_sync:made")}
    with patch.dict(ADAPTERS, adapter):
        runs = [run for size in SIZES for run in of_size(size)]
    logging.disable(logging.NOTSET)
    by_what = {what: [run for run in runs if run.what == what] for what in dict.fromkeys(run.what for run in runs)}
    linear = all(large.total / large.goods <= LINEAR * small.total / small.goods for small, large in by_what.values())
    worst = max((run for run in runs if run.goods == SIZES[-1]), key=lambda run: run.seconds)
    rows = [
        [
            run.what,
            f"{run.goods:,}",
            run.pages,
            run.total,
            f"{run.total / run.goods:.2f}",
            f"{run.seconds:.0f}",
            _of(run),
        ]
        for run in runs
    ]
    return Figure(
        name="catalogue-sync",
        title=f"A supplier's catalogue of {SIZES[-1]:,} goods, each sold here",
        aim=f"linear; fits its function's {LIMIT} s",
        seen=f"{worst.total:,} calls, {worst.seconds:.0f} s at most",
        reached=linear and worst.seconds < LIMIT - KEPT,
        how=(
            f"The real sync in this process against DynamoDB in memory, each call taking {CALL * 1000:g} ms more, of a "
            f"supplier that tells {PAGE} goods in {ANSWER:g} s. Each is offered as a SKU of a product of its own, "
            f"with a mark-up: the most that there is to look at. `first`: nothing was known of the catalogue. "
            f"`dearer`: one good in {DEARER} costs more, and its SKU's price follows."
        ),
        body=table(["sync", "goods", "pages", "AWS calls", "calls a good", "seconds", "of which"], rows),
    )


def _of(run: Run) -> str:
    return "; ".join(f"{count:,} × {name}" for name, count in Counter(run.calls).most_common())


def of_size(size: int) -> list[Run]:
    dynamo = Shelves()
    shop = Shop(MemoryCloud(dynamo))  # type: ignore[arg-type]
    codes = [f"c-{number:05}" for number in range(size)]
    shop.supplier("acme")
    shop.sells("acme", *(goods(code, 1000) for code in codes))
    for code in codes:
        shop.good(code)
    dynamo.slow = True
    runs = [_timed(shop, dynamo, "first", size)]
    shop.sells("acme", *(goods(code, 1010 if at % DEARER == 0 else 1000) for at, code in enumerate(codes)))
    runs.append(_timed(shop, dynamo, "dearer", size))
    if shop.sku("s-c-00000").price != 1212 or shop.sku("s-c-00001").price != 1200:
        raise AssertionError("a price did not follow its cost")
    return runs


def _timed(shop: "Shop", dynamo: Shelves, what: str, size: int) -> Run:
    shop.later(hours=1)
    dynamo.calls.clear()
    Pages.asked.clear()
    room, begun = shop.room, time.monotonic()
    _, done = sync(room, room.suppliers.get("acme"), lambda: True)
    seconds = time.monotonic() - begun
    if (done.outcome, done.goods) != ("done", size):
        raise AssertionError(f"{done.outcome} after {done.goods} of {size} goods")
    return Run(what, size, dict(dynamo.calls), len(Pages.asked), seconds)


class Shop(Buying):
    """Whose secrets are no part of what is measured."""

    @property
    def room(self) -> Any:
        room = super().room
        object.__setattr__(room, "secrets", _Secrets())
        return room

    def good(self, code: str) -> None:
        terms = {"kind": "card", "titles": {"en": "Card"}, "price": 1200, "sourcing": "on_demand"}
        named = [(f"s-{code}", SkuTerms.model_validate(terms))]
        draft = new_product(f"P-{code}", ProductTerms(titles={"en": "Cards"}), named, self.now, "")
        self.products.create(draft)
        self.products.change(draft, in_state(draft, "published", self.now))
        rule = MarkUp(percent=2000, apply="always")
        kept = {
            "sku": f"s-{code}",
            "supplier": "acme",
            "code": code,
            "cost": 1000,
            "mark_up": rule,
            "updated_at": self.now,
        }
        self.room.offers.save(Offer.model_validate(kept))


class _Secrets:
    def read(self, name: str, **_: Any) -> list[dict[str, Secret]]:
        return [{"secret": Secret("s" * 32)}]

    def write(self, name: str, secrets: Any, token: str) -> None:
        """Kept nowhere."""
