"""How often a member used the vouchers of a series: tokens on an item of the members table, not a counter, so that a
use that is told again counts once, and giving it back twice takes it off once.

    LIMIT#<series>#<member>   ALL      the uses there were
    LIMIT#<series>#<member>   <day>    those of one day of the shop; garbage soon after

They are written in one transaction with the voucher; where the merchant's own condition went by how many there were,
only if there are as many still.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quanyi.clock import day, end_of_day
from quanyi.table import Item, Table, Write
from quanyi.vouchers.model import UsageRules

ROOM = "attribute_not_exists(uses) OR size(uses) < :most"
AS_SEEN = "size(uses) = :seen"
NONE_AS_SEEN = "attribute_not_exists(uses)"
KEPT_FOR = timedelta(days=100)
"""A day's item: longer than any use can be reversed."""


@dataclass(frozen=True)
class _Limit:
    """`seen`: how many uses were read, where a condition went by that. `expires`: seconds since 1970."""

    key: Mapping[str, str]
    most: int
    seen: int | None = None
    expires: int | None = None


@dataclass(frozen=True)
class MemberLimits:
    """`table` is the members table; `member` a keyed hash."""

    table: Table
    zone: str

    def keys(self, series: str, member: str, now: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Where the member's uses at all, and those of today, are."""
        return _key(series, member, "ALL"), _key(series, member, day(now, self.zone))

    def take(
        self, rules: UsageRules, series: str, member: str, use: str, now: datetime, seen: tuple[int, int] = (0, 0)
    ) -> list[Write]:
        """The writes of one use, each with its limit for a condition; none where members are not counted. `use` names
        it among all of the series (`redemptions.model.number_of`); `seen` are the member's uses at all and today, as
        they were read."""
        return [self._taken(limit, use) for limit in self._limits(rules, series, member, now, seen)]

    def give_back(self, rules: UsageRules, series: str, member: str, use: str, used_at: datetime) -> list[Write]:
        """The writes that take a reversed use off again."""
        return [
            self.table.write_update(limit.key, "DELETE uses :use", use={use})
            for limit in self._limits(rules, series, member, used_at)
        ]

    def _limits(
        self, rules: UsageRules, series: str, member: str, now: datetime, seen: tuple[int, int] = (0, 0)
    ) -> list[_Limit]:
        (ever, today), asks = self.keys(series, member, now), rules.asks
        limits: list[_Limit] = []
        if (most := rules.most_by_member) is not None:
            limits.append(_Limit(ever, most, seen[0] if "member.uses" in asks else None))
        if (most := rules.most_by_member_a_day) is not None:
            over = end_of_day(day(now, self.zone), self.zone) + KEPT_FOR
            known = seen[1] if "member.uses_today" in asks else None
            limits.append(_Limit(today, most, known, int(over.timestamp())))
        return limits

    def _taken(self, limit: _Limit, use: str) -> Write:
        change = "ADD uses :use SET v = :v"
        values: dict[str, Any] = {"use": {use}, "v": 1}
        if limit.expires is not None:
            change, values = f"{change}, expires = :expires", {**values, "expires": limit.expires}
        if limit.seen is None:
            condition, values = ROOM, {**values, "most": limit.most}
        elif limit.seen:
            condition, values = AS_SEEN, {**values, "seen": limit.seen}
        else:
            condition = NONE_AS_SEEN
        return self.table.write_update(limit.key, change, condition=condition, **values)


def counted(item: Item | None) -> int:
    """How many uses an item tells of."""
    return len(item.get("uses", ())) if item else 0


def _key(series: str, member: str, which: str) -> dict[str, str]:
    return {"pk": f"LIMIT#{series}#{member}", "sk": which}
