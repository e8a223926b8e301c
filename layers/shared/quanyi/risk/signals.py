"""What is known about identities: sets of tokens in the risk table, one item each.

    SIGNAL#<identity>#<hash>   SIGNAL   a set of tokens (`risk.tokens`) per fact; `since` when it was first seen
    SIGNAL#<tally>#<id>        SIGNAL   likewise (`risk.uses`)

An identity that has not been seen for `FORGOTTEN` is dropped by TTL.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quanyi.clock import stamp
from quanyi.risk.facts import IDENTITIES, TALLIES, Identity, Tally
from quanyi.risk.tokens import earliest, latest, superfluous
from quanyi.risk.told import Sign
from quanyi.table import Item, Table

FORGOTTEN = timedelta(days=400)
THREADS = 8


@dataclass(frozen=True)
class SignalsTable:
    """`table` is the risk table."""

    table: Table

    def add(self, signs: Iterable[Sign]) -> None:
        """Adds tokens; those that are there already change nothing. Raises Busy: then add all again."""
        found: dict[tuple[Identity | Tally, str], dict[str, set[str]]] = {}
        for sign in signs:
            found.setdefault((sign.identity, sign.value), {}).setdefault(sign.kind, set()).add(sign.token)
        if not found:
            return
        with ThreadPoolExecutor(min(len(found), THREADS)) as several:
            list(several.map(self._add, found.items()))

    def _add(self, told: tuple[tuple[Identity | Tally, str], Mapping[str, set[str]]]) -> None:
        (identity, value), sets = told
        every = set[str]().union(*sets.values())
        item = self.table.update(
            key(identity, value),
            f"ADD {', '.join(f'#{kind} :{kind}' for kind in sets)} "
            "SET since = if_not_exists(since, :since), expires = :expires, v = :v",
            since=stamp(earliest(every)),
            expires=int((latest(every) + FORGOTTEN).timestamp()),
            v=1,
            **dict[str, Any](sets),
        )
        too_many = {kind: old for kind in sets if (old := superfluous(item[kind]))}
        if too_many:
            self.table.update(
                key(identity, value),
                f"DELETE {', '.join(f'#{kind} :{kind}' for kind in too_many)}",
                **dict[str, Any](too_many),
            )


def key(identity: Identity | Tally, value: str) -> dict[str, str]:
    return {"pk": f"SIGNAL#{identity}#{value}", "sk": "SIGNAL"}


def by_identity(items: Sequence[Item]) -> dict[Identity, Item]:
    """Those of `items` that are signals of identities."""
    found = _by_kind(items)
    return {kind: found[kind] for kind in IDENTITIES if kind in found}


def by_tally(items: Sequence[Item]) -> dict[Tally, Item]:
    found = _by_kind(items)
    return {kind: found[kind] for kind in TALLIES if kind in found}


def _by_kind(items: Sequence[Item]) -> dict[str, Item]:
    return {item["pk"].split("#")[1]: item for item in items if item["sk"] == "SIGNAL"}
