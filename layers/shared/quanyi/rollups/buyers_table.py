"""Which days a buyer bought on, and how many did by their purchase before (`rollups.buyers`), on the facts table:

    BUYER#<buyer>#<channel>   DAYS                          days of purchase, as ordinals, and `rev`
    ROLL#<day>                BUYERS#<channel>#<shard>      counts under `b:<ordinal>` and `b:`, and `n` (`Roll.n`)

An empty channel is all of them together. A buyer's days and the counts that follow from them are one transaction, on
the condition that the days are those which the counts were decided by: told again a day is there already, and of two
writers one decides anew. So these are added to, and exact all the same. Setting them from a day's buyers instead would
mean to read all of those after each purchase.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from quanyi.clock import day
from quanyi.errors import Busy
from quanyi.facts.model import Fact
from quanyi.orders.table import shard_of
from quanyi.rollups.buyers import Ordinal, known_by, moves
from quanyi.rollups.calendar import Place
from quanyi.table import ConditionFailed, Item, Table, Write

SHARDS = 4
SCOPES_AT_ONCE = 100
"""That one call reads."""
MOST_ROWS = 98
"""A transaction has at most 100 writes."""
DAYS_AT_ONCE = 24
"""Of one buyer: each can touch two days' counts."""
TRIES = 10
UNCHANGED = "rev = :seen"
FIRST = "attribute_not_exists(pk)"

Scope: TypeAlias = tuple[str, str]
"""A buyer, and a channel or `""` for all."""


@dataclass(frozen=True)
class _Decided:
    """What one buyer's news comes to: `more` days on top of what was `seen`, and what changes, by counting item."""

    scope: Scope
    seen: Item
    more: frozenset[Ordinal]
    rows: dict[Place, Counter[str]]

    @property
    def days(self) -> frozenset[Ordinal]:
        return days_in(self.seen) | self.more


@dataclass(frozen=True)
class BuyersTable:
    """`table` is the facts table; `zone` the shop's."""

    table: Table
    zone: str

    def add(self, facts: Iterable[Fact]) -> set[date]:
        """Counts who bought when; answers the days whose counts may have changed, those of facts that were told before
        too. Raises Busy: then some were counted; call again."""
        wanted = sorted(days_by_scope(facts, self.zone).items())
        touched: set[Ordinal] = set()
        for start in range(0, len(wanted), SCOPES_AT_ONCE):
            touched |= self._add(dict(wanted[start : start + SCOPES_AT_ONCE]))
        return {date.fromordinal(on) for on in touched}

    def _add(self, wanted: Mapping[Scope, set[Ordinal]]) -> set[Ordinal]:
        touched: set[Ordinal] = set()
        lost = 0
        while wanted:
            seen = self._seen(list(wanted))
            decided = [self._decided(scope, seen[scope], days) for scope, days in wanted.items()]
            try:
                for some in _few_rows([one for one in decided if one.more]):
                    self.table.together([*map(self._write, some), *self._counts(some)])
            except ConditionFailed:  # somebody wrote one of these buyers: look again
                lost += 1
                if lost == TRIES:
                    raise Busy("the buyers are contended") from None
                continue
            for one in decided:
                touched |= _touched(one.days, wanted[one.scope])
            wanted = _left(wanted, decided)
        return touched

    def _seen(self, scopes: Sequence[Scope]) -> dict[Scope, Item]:
        found = {item["pk"]: item for item in self.table.get_many([buyer_key(scope) for scope in scopes])}
        return {scope: found.get(buyer_key(scope)["pk"], {}) for scope in scopes}

    def _decided(self, scope: Scope, seen: Item, days: set[Ordinal]) -> _Decided:
        known = days_in(seen)
        more = frozenset(sorted(days - known)[:DAYS_AT_ONCE])
        rows = {counts_place(on, scope): change for on, change in moves(known, more).items()}
        return _Decided(scope, seen, more, rows)

    def _write(self, one: _Decided) -> Write:
        revision: dict[str, Any] = {"seen": one.seen["rev"]} if one.seen else {}
        return self.table.write_update(
            buyer_key(one.scope),
            "ADD days :days, rev :one SET v = :one",
            condition=UNCHANGED if one.seen else FIRST,
            days=set(one.more),
            one=1,
            **revision,
        )

    def _counts(self, decided: Sequence[_Decided]) -> Iterator[Write]:
        sums: dict[Place, Counter[str]] = {}
        for one in decided:
            for row, change in one.rows.items():
                sums.setdefault(row, Counter()).update(change)
        for place, change in sums.items():
            named = {f"c{number}": name for number, name in enumerate(change)}
            adds = ", ".join(f"#{short} :{short}" for short in named)
            values: dict[str, Any] = {"n": known_by(change), "v": 1}
            values |= {short: change[name] for short, name in named.items()}
            yield self.table.write_update(
                place.key,
                f"ADD n :n, {adds} SET v = :v",
                names=named,
                **values,
            )


def days_by_scope(facts: Iterable[Fact], zone: str) -> dict[Scope, set[Ordinal]]:
    """Days of purchase. Facts without a buyer have none."""
    found: dict[Scope, set[Ordinal]] = {}
    for fact in facts:
        if fact.kind == "sold" and fact.buyer:
            on = date.fromisoformat(day(fact.at, zone)).toordinal()
            for channel in {"", fact.channel}:
                found.setdefault((fact.buyer, channel), set()).add(on)
    return found


def counts_place(on: Ordinal, scope: Scope) -> Place:
    """Where a buyer is counted who bought on that day."""
    return Place(f"ROLL#{date.fromordinal(on)}", f"BUYERS#{scope[1]}#{shard_of(scope[0], SHARDS)}")


def buyer_key(scope: Scope) -> dict[str, str]:
    return {"pk": f"BUYER#{scope[0]}#{scope[1]}", "sk": "DAYS"}


def days_in(item: Item) -> frozenset[Ordinal]:
    """Of a buyer's item."""
    return frozenset(int(on) for on in item.get("days", ()))


def _left(wanted: Mapping[Scope, set[Ordinal]], decided: Sequence[_Decided]) -> dict[Scope, set[Ordinal]]:
    """What is still to be counted: of a buyer with more days than are counted at once."""
    found = {one.scope: {on for on in wanted[one.scope] if on not in one.days} for one in decided}
    return {scope: days for scope, days in found.items() if days}


def _touched(known: frozenset[Ordinal], days: set[Ordinal]) -> set[Ordinal]:
    """Days, and of each the purchase after it: its count moved too, and whoever moved it may have got no further."""
    told = days & known
    return told | {min(later) for on in told if (later := [other for other in known if other > on])}


def _few_rows(decided: Sequence[_Decided]) -> Iterator[list[_Decided]]:
    some: list[_Decided] = []
    rows: set[Place] = set()
    for one in decided:
        if len(rows | set(one.rows)) + len(some) + 1 > MOST_ROWS:
            yield some
            some, rows = [], set()
        some.append(one)
        rows |= set(one.rows)
    if some:
        yield some
