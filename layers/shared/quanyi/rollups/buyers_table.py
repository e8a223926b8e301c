"""Which days a buyer bought on, and how many did by their purchase before (`rollups.buyers`), on the facts table:

    BUYER#<buyer>#<channel>   DAYS                          days of purchase, as ordinals, and `rev`
    ROLL#<day>                BUYERS#<channel>#<shard>      counts under `b:<ordinal>` and `b:`, and `n` (`Roll.n`)

An empty channel is all of them together. A buyer's days and the counts that follow from them are one transaction, on
the condition that the days are those which the counts were decided by: told again a day is there already, and of two
writers one decides anew. So these are added to, and exact all the same. Setting them from a day's buyers instead would
mean to read all of those after each purchase.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from quanyi.clock import day
from quanyi.errors import Busy
from quanyi.facts.model import Fact
from quanyi.orders.table import shard_of
from quanyi.rollups.buyers import Ordinal, known_by, moves
from quanyi.table import ConditionFailed, Item, Table, Write

SHARDS = 4
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
    """What one buyer's news comes to."""

    write: Write
    rows: dict[tuple[Ordinal, str], Counter[str]]
    """What changes, by day and counting item."""


@dataclass(frozen=True)
class BuyersTable:
    """`table` is the facts table; `zone` the shop's."""

    table: Table
    zone: str

    def add(self, facts: Iterable[Fact]) -> set[date]:
        """Counts who bought when; answers the days whose counts may have changed, those of facts that were told before
        too. Raises Busy: then some were counted; call again."""
        wanted: dict[Scope, set[Ordinal]] = {}
        for fact in facts:
            if fact.kind == "sold" and fact.buyer:
                on = date.fromisoformat(day(fact.at, self.zone)).toordinal()
                for channel in {"", fact.channel}:
                    wanted.setdefault((fact.buyer, channel), set()).add(on)
        touched = {on for days in wanted.values() for on in days}
        for scopes in _by_shard(wanted):
            touched |= self._add({scope: sorted(wanted[scope]) for scope in scopes})
        return {date.fromordinal(on) for on in touched}

    def _add(self, wanted: dict[Scope, list[Ordinal]]) -> set[Ordinal]:
        touched: set[Ordinal] = set()
        lost = 0
        while lost < TRIES:
            seen = self._seen(list(wanted))
            decided = [one for scope, days in wanted.items() if (one := self._decided(scope, seen[scope], days))]
            if not decided:
                return touched | {on for scope in wanted for on in _after(seen[scope], wanted[scope])}
            try:
                for some in _few_rows(decided):
                    self.table.together([*(one.write for one in some), *self._counts(some)])
                    touched |= {on for one in some for on, _ in one.rows}
            except ConditionFailed:  # somebody wrote one of these buyers: look again
                lost += 1
        raise Busy("the buyers are contended")

    def _seen(self, scopes: Sequence[Scope]) -> dict[Scope, Item]:
        found = {item["pk"]: item for item in self.table.get_many([_key(scope) for scope in scopes])}
        return {scope: found.get(_key(scope)["pk"], {}) for scope in scopes}

    def _decided(self, scope: Scope, seen: Item, days: Sequence[Ordinal]) -> _Decided | None:
        known = _days_of(seen)
        more = frozenset([on for on in days if on not in known][:DAYS_AT_ONCE])
        if not more:
            return None
        revision: dict[str, Any] = {"seen": seen["rev"]} if seen else {}
        write = self.table.write_update(
            _key(scope),
            "ADD days :days, rev :one SET v = :one",
            condition=UNCHANGED if seen else FIRST,
            days=set(more),
            one=1,
            **revision,
        )
        row = f"BUYERS#{scope[1]}#{shard_of(scope[0], SHARDS)}"
        return _Decided(write, {(on, row): change for on, change in moves(known, more).items()})

    def _counts(self, decided: Sequence[_Decided]) -> Iterator[Write]:
        sums: dict[tuple[Ordinal, str], Counter[str]] = {}
        for one in decided:
            for row, change in one.rows.items():
                sums.setdefault(row, Counter()).update(change)
        for (on, row), change in sums.items():
            named = {f"c{number}": name for number, name in enumerate(change)}
            adds = ", ".join(f"#{short} :{short}" for short in named)
            values: dict[str, Any] = {"n": known_by(change), "v": 1}
            values |= {short: change[name] for short, name in named.items()}
            yield self.table.write_update(
                {"pk": f"ROLL#{date.fromordinal(on)}", "sk": row},
                f"ADD n :n, {adds} SET v = :v",
                names=named,
                **values,
            )


def _key(scope: Scope) -> dict[str, str]:
    return {"pk": f"BUYER#{scope[0]}#{scope[1]}", "sk": "DAYS"}


def _days_of(item: Item) -> frozenset[Ordinal]:
    return frozenset(int(on) for on in item.get("days", ()))


def _after(item: Item, days: Iterable[Ordinal]) -> set[Ordinal]:
    """The purchase after each day: its count had moved with it, and whoever moved it may have got no further."""
    known = _days_of(item)
    return {min(later) for on in days if (later := [other for other in known if other > on])}


def _by_shard(scopes: Iterable[Scope]) -> Iterator[list[Scope]]:
    """Those together whose counts lie on the same items."""
    found: dict[tuple[str, int], list[Scope]] = {}
    for scope in scopes:
        found.setdefault((scope[1], shard_of(scope[0], SHARDS)), []).append(scope)
    yield from found.values()


def _few_rows(decided: Sequence[_Decided]) -> Iterator[list[_Decided]]:
    some: list[_Decided] = []
    rows: set[tuple[Ordinal, str]] = set()
    for one in decided:
        if len(rows | set(one.rows)) + len(some) + 1 > MOST_ROWS:
            yield some
            some, rows = [], set()
        some.append(one)
        rows |= set(one.rows)
    if some:
        yield some
