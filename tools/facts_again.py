"""Facts derived again from the documents that decide, against those on the facts table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from quanyi.batches.table import BatchesTable
from quanyi.catalog.table import CatalogTable
from quanyi.change import Change
from quanyi.claims.table import charge_back_of
from quanyi.facts.model import Fact
from quanyi.facts.naming import Naming
from quanyi.facts.of_card import facts_of_card
from quanyi.facts.of_order import facts_of
from quanyi.facts.of_purchase import fact_of_charge_back
from quanyi.facts.of_purchase import facts_of as facts_of_purchase
from quanyi.facts.of_risk import facts_of_decision, facts_of_review
from quanyi.facts.origin import Origins
from quanyi.facts.table import FactsTable, from_item, to_item
from quanyi.orders.table import from_item as order_of
from quanyi.past.facts import facts_of as facts_of_past
from quanyi.past.table import PastTable
from quanyi.purchases.table import from_item as purchase_of
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.reviews import Review
from quanyi.table import Item, Table, from_wire, to_wire

TOGETHER = 100
_NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class FactsFound:
    """How many there are of each, as they were before anything was mended."""

    orders: int = 0
    past: int = 0
    cards: int = 0
    purchases: int = 0
    decisions: int = 0
    told: int = 0
    same: int = 0
    missing: int = 0
    different: int = 0

    @property
    def is_right(self) -> bool:
        return not (self.missing or self.different)


@dataclass(frozen=True)
class Facts:
    """The tables of a shop."""

    orders: Table
    cards: Table
    supply: Table
    risk: Table
    catalog: Table
    stats: Table
    facts: Table

    def compare(self, *, write: bool) -> FactsFound:
        """A fact's product and category are as they were when it was told, and no difference."""
        found = FactsFound()
        told = self._told(found)
        while some := list(islice(told, TOGETHER)):
            wrong = self._wrong(some, found)
            if write and wrong:
                FactsTable(self.facts).put(Naming(CatalogTable(self.catalog)).named(wrong))
        return found

    def _told(self, found: FactsFound) -> Iterator[Fact]:
        for item in scanned(self.orders):
            if item["sk"] == "ORDER":
                found.orders += 1
                yield from facts_of(order_of(item))
        past = PastTable(self.stats)
        for order in (order for source in past.ever() for order in past.orders(source)):
            found.past += 1
            yield from facts_of_past(order)
        origins = Origins(BatchesTable(self.supply))
        for item in scanned(self.cards):
            found.cards += 1
            yield from origins.traced(facts_of_card(Change("", _NO_MOMENT, {}, item)))
        yield from self._of_supply(found)
        yield from self._of_risk(found)

    def _of_supply(self, found: FactsFound) -> Iterator[Fact]:
        for item in scanned(self.supply):
            if item["sk"] == "PO":
                found.purchases += 1
                yield from facts_of_purchase(purchase_of(item))
            elif item["sk"].startswith("BAD#"):
                yield fact_of_charge_back(charge_back_of(item))

    def _of_risk(self, found: FactsFound) -> Iterator[Fact]:
        """As far back as decisions are kept."""
        for item in scanned(self.risk):
            if item["sk"] == "DECISION":
                found.decisions += 1
                yield from facts_of_decision(DecisionRecord.model_validate(item))
            elif item["sk"] == "REVIEW":
                yield from facts_of_review(Review.model_validate(item))

    def _wrong(self, some: list[Fact], found: FactsFound) -> list[Fact]:
        wanted = {fact.id: fact for fact in map(_as_kept, some)}
        items = {fact.id: to_item(fact) for fact in wanted.values()}
        keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items.values()]
        kept = {item["sk"]: item for item in self.facts.get_many(keys)}
        missing = [fact for fact in wanted.values() if fact.id not in kept]
        different = [fact for fact in wanted.values() if fact.id in kept and not _is(fact, kept[fact.id])]
        found.told += len(wanted)
        found.missing += len(missing)
        found.different += len(different)
        found.same += len(wanted) - len(missing) - len(different)
        return [*missing, *different]


def scanned(table: Table, **how: object) -> Iterator[Item]:
    """Every item of a table."""
    pages = table.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True, **how)
    items: Iterable[Item] = (item for page in pages for item in page["Items"])
    return map(from_wire, items)


def _as_kept(fact: Fact) -> Fact:
    return from_item(from_wire(to_wire(to_item(fact))))


def _is(fact: Fact, item: Item) -> bool:
    try:
        kept = from_item(item)
    except (KeyError, TypeError, ValueError):
        return False
    return replace(kept, product="", category="") == replace(fact, product="", category="")
