"""Brute force: who guesses codes and PINs waits longer and longer (stats table).

    TRY#<scope>#<keyed hash>   <hour, or day>    how many misses, and when the last one was

Misses are counted by what they came from (a key of ours: `terminal`; an address: `ip`), by what they were about
(`code`, whether there is such a voucher or not), and of all together. After a few that are forgiven, each miss doubles
the wait, up to an hour. A code is locked for an hour by its fifth miss of a day.

**Nobody closes the tills for others.** A channel's server, the address of a store and the whole shop have many behind
them. Many misses there make it strict: whoever of them has missed at all is forgiven nothing, and who never missed does
not wait. Only where there is nobody to tell apart (a server that names no shopper's address) do all of them wait.

A voucher with a PIN has its own, exact count on its item besides (`vouchers.table`); what a caller is told follows from
the counts here alone, so that a code that exists answers as one that does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
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
"""Of a channel's server that does not tell whose misses they were."""
FORGIVEN_STORE = 100
"""Of the address that a store's tills share: more than a few guessers get to while it is strict with them."""
STRICT_FROM: Mapping[Scope, int] = {"terminal": 200, "ip": 20, "all": 300}
"""Misses of an hour of those that have many behind them (of a server, of a store's address, in the whole shop) from
which on those behind it are forgiven nothing."""
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
    """One of the counts that a try belongs to. Misses beyond `forgiven` (None: any number) make all wait that it counts
    for. From `strict_from` on nothing is forgiven to those of them that `alone` says are one guesser each."""

    scope: Scope
    who: str
    forgiven: int | None = None
    strict_from: int | None = None
    alone: bool = False

    @property
    def told_at(self) -> int | None:
        """The miss of which somebody hears."""
        return self.strict_from or (self.forgiven + 1 if self.forgiven is not None else None)

    def key(self, now: datetime) -> dict[str, str]:
        span = f"{now:%Y-%m-%d}" if self.scope == "code" else f"{now:%Y-%m-%dT%H}"
        return {"pk": f"TRY#{self.scope}#{self.who}", "sk": span}

    def wait(self, item: Item | None, now: datetime, *, strict: bool) -> int:
        """Seconds until the next try may come."""
        forgiven = 0 if strict and self.alone else self.forgiven
        if item is None or forgiven is None or (over := item["misses"] - forgiven) <= 0:
            return 0
        longest = LONGEST_WAIT if self.scope == "code" else min(2 ** min(over, 12), LONGEST_WAIT)
        return max(0, ceil(longest - (now - moment(item["last"])).total_seconds()))

    def strict(self, item: Item | None) -> bool:
        """Whether it makes it strict for those behind it."""
        return item is not None and self.strict_from is not None and item["misses"] >= self.strict_from


def suspects(keys: NamedKeys, *, terminal: str, server: bool, ip: str, code: str) -> list[Suspect]:
    """Whose misses count against a try. `server`: the terminal is a channel's server; `ip` is then the shopper's own,
    or empty. `code` is empty where what was presented names none. Addresses are kept as keyed hashes only."""

    found: list[Suspect] = []
    key, address = _named(keys, "terminal", terminal), _named(keys, "ip", _household(ip))
    if server:
        found.append(Suspect("terminal", key, None if ip else FORGIVEN_SERVER, STRICT_FROM["terminal"]))
    elif terminal:
        found.append(Suspect("terminal", key, FORGIVEN["terminal"], alone=True))
    if ip and server:
        found.append(Suspect("ip", address, FORGIVEN["ip"], alone=True))
    elif ip:
        found.append(Suspect("ip", address, FORGIVEN_STORE, STRICT_FROM["ip"]))
    return [*found, _of_code(keys, code)] if code else found


ALL = Suspect("all", "all", strict_from=STRICT_FROM["all"])


def _of_code(keys: NamedKeys, code: str) -> Suspect:
    return Suspect("code", _named(keys, "code", code), FORGIVEN["code"])


def _named(keys: NamedKeys, scope: Scope, who: str) -> str:
    return keys.mac("voucher", "try", scope, who)[:22]


def _household(ip: str) -> str:
    """An address as its holder cannot change it: of IPv6 everybody has 2^64."""
    try:
        found = ip_address(ip)
    except ValueError:
        return ip
    found = getattr(found, "ipv4_mapped", None) or found
    return str(found) if found.version == 4 else f"{int(found) >> 64:x}"


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
            if suspect.scope == "code" and misses > FORGIVEN["code"] + 1:
                locked = LONGEST_WAIT
            if misses == suspect.told_at:
                count("VoucherGuessing", scope=suspect.scope)
        if locked:
            raise TooManyTries(locked)

    def forget(self, keys: NamedKeys, code: str, now: datetime) -> None:
        """A person unlocks a code: its misses count anew. `code` is its card's id."""
        self.table.delete(_of_code(keys, code).key(now))


def must_not_wait(found: Sequence[Suspect], items: Sequence[Item | None], now: datetime) -> None:
    """`items` as `Guesses.asked` asked for them. Raises TooManyTries."""
    watched = list(zip((*found, ALL), items, strict=True))
    strict = any(suspect.strict(item) for suspect, item in watched)
    waits = [suspect.wait(item, now, strict=strict) for suspect, item in watched]
    if (longest := max(waits, default=0)) > 0:
        raise TooManyTries(longest)
