"""The risk table: rules and policies in force, and the decisions that were made by them.

    RULES#<point>    ACTIVE     a copy of the rules in force (none, or version 0: the built-in ones)
    POLICIES         ACTIVE     a copy of the policies in force (none: no policies)
    DECISION#<id>    DECISION   a decision; the table forgets it after some months

Versions are in `risk.version_table`, lists in `risk.list_table`, reviews in `risk.review_table`. In `listed-index` a
decision stands under its point, outcome and one of four shards, by its time.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from quanyi.clock import stamp
from quanyi.errors import NotFound
from quanyi.metrics import count
from quanyi.risk.decisions import KEPT, DecisionRecord, decided
from quanyi.risk.defaults import DEFAULTS
from quanyi.risk.facts import Facts, Point
from quanyi.risk.policies import Policies, rules_of
from quanyi.risk.rules import Rulebook, RuleTable
from quanyi.table import ConditionFailed, Item, Key, Table, Write

LISTED_INDEX = "listed-index"
CACHE_SECONDS = 30.0
SHARDS = 4
NEW = "attribute_not_exists(pk)"

ACTIVE_POLICIES: Key = {"pk": "POLICIES", "sk": "ACTIVE"}


@dataclass(frozen=True)
class InForce:
    """What a decision at a point goes by."""

    book: Rulebook
    policies: Policies

    def decide(
        self, facts: Facts, *, subject: str, now: datetime, order: str = "", request: str = ""
    ) -> DecisionRecord:
        """What the rules make of these facts, to be recorded (`DecisionsTable`). A rule that failed is counted for the
        operator to hear of. Raises ValueError for facts that the point does not have."""
        record = decided(self.book, facts, subject=subject, now=now, order=order, request=request)
        if record.errors:
            count("RiskRuleFailed", point=record.point)
        return record


@dataclass(frozen=True)
class RulesInForce:
    """Cached for seconds: what was activated reaches all processes within that time. Either `of(point)` reads for
    itself; or the caller, where none are `known`, reads `keys(point)` along with what else it needs, and hands over
    what it found."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _cache: dict[Point, tuple[float, InForce]] = field(
        default_factory=dict[Point, tuple[float, InForce]], repr=False, compare=False
    )

    def keys(self, point: Point) -> list[Key]:
        """What has to be read; nothing while it is known."""
        return [] if self.known(point) else [active_key(point), ACTIVE_POLICIES]

    def found(self, point: Point, items: Iterable[Item]) -> InForce:
        """`items` are what was found under `keys`; others among them are passed over."""
        if known := self.known(point):
            return known
        by_key = {(item["pk"], item["sk"]): item for item in items}
        rules = by_key.get((f"RULES#{point}", "ACTIVE"))
        force = in_force(point, rules, by_key.get(("POLICIES", "ACTIVE")))
        self._cache[point] = (self.monotonic(), force)
        return force

    def of(self, point: Point) -> InForce:
        return self.known(point) or self.found(point, self.table.get_many(self.keys(point)))

    def known(self, point: Point) -> InForce | None:
        known = self._cache.get(point)
        return known[1] if known and self.monotonic() - known[0] < CACHE_SECONDS else None


@dataclass(frozen=True)
class DecisionsTable:
    table: Table

    def write(self, record: DecisionRecord) -> Write:
        """Part of a transaction; its condition fails when the same question was decided before."""
        return self.table.write_put(to_item(record), condition=NEW)

    def add(self, record: DecisionRecord) -> DecisionRecord:
        """Records a decision, or answers the one that the same question got first."""
        try:
            self.table.put(to_item(record), condition=NEW)
        except ConditionFailed as failed:
            return DecisionRecord.model_validate(failed.item)
        return record

    def get(self, decision: str) -> DecisionRecord:
        """Consistent. Raises NotFound."""
        item = self.table.get(decision_key(decision))
        if item is None:
            raise NotFound("decision")
        return DecisionRecord.model_validate(item)

    def find(self, decisions: Sequence[str]) -> list[DecisionRecord]:
        """In the order asked for, without those that the table has forgotten."""
        items = self.table.get_many([decision_key(each) for each in decisions], consistent=False)
        known = {item["id"]: DecisionRecord.model_validate(item) for item in items}
        return [known[each] for each in decisions if each in known]


def active_key(point: Point) -> Key:
    return {"pk": f"RULES#{point}", "sk": "ACTIVE"}


def decision_key(decision: str) -> Key:
    return {"pk": f"DECISION#{decision}", "sk": "DECISION"}


def in_force(point: Point, rules: Item | None, policies: Item | None) -> InForce:
    """From the two active items. Where one cannot be read, everything is held until that is mended: rules that nobody
    can read must not approve."""
    wrong: list[str] = []
    table, known = DEFAULTS[point], Policies()
    try:
        table = RuleTable.model_validate(rules["content"]) if rules and rules["version"] else table
    except (ValidationError, KeyError):
        wrong.append("the rules in force cannot be read")
    try:
        known = Policies.model_validate(policies["content"]) if policies and policies["version"] else known
    except (ValidationError, KeyError):
        wrong.append("the policies in force cannot be read")
    book = Rulebook(
        point,
        table,
        version=rules.get("version", 0) if rules else 0,
        more=rules_of(known, point),
        policies=policies.get("version", 0) if policies else 0,
        unreadable="; ".join(wrong),
    )
    return InForce(book, known)


def to_item(record: DecisionRecord) -> Item:
    shard = sum(record.id.encode()) % SHARDS
    return {
        **record.model_dump(mode="json"),
        **decision_key(record.id),
        "list": f"DECISIONS#{record.point}#{record.outcome}#{shard}",
        "listed": f"{stamp(record.at)}#{record.id}",
        "expires": int((record.at + KEPT).timestamp()),
    }
