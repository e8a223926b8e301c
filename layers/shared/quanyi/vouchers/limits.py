"""How often a member used the vouchers of a series: tokens on an item of the members table, not a counter, so that a
use that is told again counts once, and giving it back twice takes it off once.

    LIMIT#<series>#<member>   ALL      the uses there were
    LIMIT#<series>#<member>   <day>    those of one day of the shop; garbage soon after

They are written in one transaction with the voucher.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quanyi.clock import day, end_of_day
from quanyi.table import Item, Table, Write
from quanyi.vouchers.model import UsageRules

ROOM = "attribute_not_exists(uses) OR size(uses) < :most"
KEPT_FOR = timedelta(days=100)
"""A day's item: longer than any use can be reversed."""


@dataclass(frozen=True)
class MemberLimits:
    """`table` is the members table; `member` a keyed hash."""

    table: Table
    zone: str

    def keys(self, series: str, member: str, now: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Where the member's uses at all, and those of today, are."""
        return _key(series, member, "ALL"), _key(series, member, day(now, self.zone))

    def take(self, rules: UsageRules, series: str, member: str, use: str, now: datetime) -> list[Write]:
        """The writes of one use, each with its limit for a condition; none where members are not counted. `use` names
        it among all of the series (`redemptions.model.number_of`)."""
        return [self._taken(key, use, most, expires) for key, most, expires in self._limits(rules, series, member, now)]

    def give_back(self, rules: UsageRules, series: str, member: str, use: str, used_at: datetime) -> list[Write]:
        """The writes that take a reversed use off again."""
        return [
            self.table.write_update(key, "DELETE uses :use", use={use})
            for key, _, _ in self._limits(rules, series, member, used_at)
        ]

    def _limits(
        self, rules: UsageRules, series: str, member: str, now: datetime
    ) -> list[tuple[Mapping[str, str], int, int | None]]:
        ever, today = self.keys(series, member, now)
        limits: list[tuple[Mapping[str, str], int, int | None]] = []
        if rules.per_member is not None:
            limits.append((ever, rules.per_member, None))
        if rules.per_member_per_day is not None:
            over = end_of_day(day(now, self.zone), self.zone) + KEPT_FOR
            limits.append((today, rules.per_member_per_day, int(over.timestamp())))
        return limits

    def _taken(self, key: Mapping[str, str], use: str, most: int, expires: int | None) -> Write:
        change = "ADD uses :use SET v = :v"
        values: dict[str, Any] = {"use": {use}, "most": most, "v": 1}
        if expires is not None:
            change, values = f"{change}, expires = :expires", {**values, "expires": expires}
        return self.table.write_update(key, change, condition=ROOM, **values)


def counted(item: Item | None) -> int:
    """How many uses an item tells of."""
    return len(item.get("uses", ())) if item else 0


def _key(series: str, member: str, which: str) -> dict[str, str]:
    return {"pk": f"LIMIT#{series}#{member}", "sk": which}
