"""Brute force: who guesses codes and PINs waits longer and longer (stats table).

    TRY#<scope>#<keyed hash>   <hour, or day>    how many misses, and when the last one was

Misses are counted by what they came from (a key of ours: `terminal`; an address: `ip`), by what they were about
(`code`, whether there is such a voucher or not), and of all together. After a few that are forgiven, each miss doubles
the wait, up to an hour. A code is locked for an hour by its fifth miss of a day. Many misses in the whole shop make it
strict with whoever has missed at all; who never missed does not wait, so that nobody can close the tills from outside.

A voucher with a PIN has its own, exact count on its item besides (`vouchers.table`); what a caller is told follows from
the counts here alone, so that a code that exists answers as one that does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from quanyi.clock import moment, stamp
from quanyi.errors import Throttled
from quanyi.metrics import count
from quanyi.table import Item, Table
from quanyi.vault.keys import NamedKeys

Scope = Literal["terminal", "ip", "code", "all"]

FORGIVEN: Mapping[Scope, int] = {"terminal": 5, "ip": 20, "code": 4}
"""Misses of an hour (of a day, for a code) that cost no wait."""
FORGIVEN_SERVER = 200
"""Of a channel's server, behind which are many shoppers: their own addresses are counted where it tells them."""
STRICT_FROM = 300
"""Misses of an hour in the whole shop from which on nothing is forgiven."""
LONGEST_WAIT = 3600
"""Seconds."""
KEPT_FOR = timedelta(days=2)


class TooManyTries(Throttled):
    """Too many wrong codes or PINs came from here, or for this code. `Retry-After` says when to try again."""

    code, title = "too_many_tries", "Too many wrong codes or PINs"

    def __init__(self, seconds: int) -> None:
        super().__init__("Wait before the next try.")
        self.retry_after = seconds


@dataclass(frozen=True)
class Suspect:
    """One of the counts that a try belongs to."""

    scope: Scope
    who: str
    forgiven: int

    def key(self, now: datetime) -> dict[str, str]:
        span = f"{now:%Y-%m-%d}" if self.scope == "code" else f"{now:%Y-%m-%dT%H}"
        return {"pk": f"TRY#{self.scope}#{self.who}", "sk": span}

    def wait(self, item: Item | None, now: datetime, *, strict: bool) -> int:
        """Seconds until the next try may come."""
        misses: int = item["misses"] if item else 0
        over = misses - (0 if strict and self.scope != "code" else self.forgiven)
        if item is None or over <= 0:
            return 0
        longest = LONGEST_WAIT if self.scope == "code" else min(2**over, LONGEST_WAIT)
        return max(0, ceil(longest - (now - moment(item["last"])).total_seconds()))


def suspects(keys: NamedKeys, *, terminal: str, server: bool, ip: str, code: str) -> list[Suspect]:
    """Whose misses count against a try. `server`: the terminal is a channel's server; `ip` is then the shopper's own,
    or empty. `code` is empty where what was presented names none. Addresses are kept as keyed hashes only."""
    told: list[tuple[Scope, str, int]] = [
        ("terminal", terminal, FORGIVEN_SERVER if server else FORGIVEN["terminal"]),
        ("ip", ip, FORGIVEN["ip"]),
        ("code", code, FORGIVEN["code"]),
    ]
    return [
        Suspect(scope, keys.mac("voucher", "try", scope, who)[:22], forgiven) for scope, who, forgiven in told if who
    ]


ALL = Suspect("all", "all", STRICT_FROM)


@dataclass(frozen=True)
class Guesses:
    """`table` is the stats table."""

    table: Table

    def asked(self, found: Sequence[Suspect], now: datetime) -> list[tuple[Table, Mapping[str, str]]]:
        """What to read along, to judge by: one item for each suspect, and that of all."""
        return [(self.table, suspect.key(now)) for suspect in (*found, ALL)]

    def missed(self, found: Sequence[Suspect], now: datetime) -> None:
        """Counts one wrong code or PIN. Raises TooManyTries when the code has had more than is told apart."""
        locked = 0
        for suspect in (*found, ALL):
            item = self.table.update(
                suspect.key(now),
                "ADD misses :one SET #last = :now, expires = :expires, v = :one",
                one=1,
                now=stamp(now),
                expires=int((now + KEPT_FOR).timestamp()),
            )
            misses = item["misses"]
            if suspect.scope == "code" and misses > suspect.forgiven + 1:
                locked = LONGEST_WAIT
            if misses == suspect.forgiven + 1:
                count("VoucherGuessing", scope=suspect.scope)
        if locked:
            raise TooManyTries(locked)


def must_not_wait(found: Sequence[Suspect], items: Sequence[Item | None], now: datetime) -> None:
    """`items` as `Guesses.asked` asked for them. Raises TooManyTries."""
    *own, all_of_them = items
    strict = bool(all_of_them and all_of_them["misses"] >= STRICT_FROM)
    waits = [suspect.wait(item, now, strict=strict) for suspect, item in zip(found, own, strict=True)]
    if (longest := max(waits, default=0)) > 0:
        raise TooManyTries(longest)
