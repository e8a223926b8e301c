"""Where rolls stand in time: one minute's in its hour, that in its day, that in its week and its month. Minutes are
those of UTC, all else goes by the shop's clock.

    ROLL#<hour>    <minute>#<shard>             one partition of facts (`facts.table`)
    ROLL#<day>     <hour>                       from the hour's partitions
    ROLL#<month>   <day>                        from the day's hours, and its buyers (`rollups.buyers_table`)
    ROLL#<year>    <month>, W<Monday>           from days; a week stands in its Monday's year

An hour is named with its distance from UTC, `2026-11-26T21+0800`: where clocks are put back, a name comes twice a year.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
"""What zones differ by from UTC is whole quarters of an hour."""


@dataclass(frozen=True, order=True)
class Place:
    """An item's key."""

    pk: str
    sk: str

    @property
    def key(self) -> dict[str, str]:
        return {"pk": self.pk, "sk": self.sk}


def hour_of(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H%z}"


def hours_of(day: date, zone: str) -> list[str]:
    """In order: 24, or as many as that day has."""
    at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found: dict[str, None] = {}
    while (local := at.astimezone(ZoneInfo(zone))).date() == day or not found:
        found[f"{local:%Y-%m-%dT%H%z}"] = None
        at += _QUARTER
    return list(found)


def begin_of(hour: str) -> datetime:
    """When an hour begins. Raises ValueError."""
    return datetime.strptime(hour, "%Y-%m-%dT%H%z")


def hour_of_minute(minute: str, zone: str) -> str:
    """`minute` is UTC, as partitions of facts name it. Raises ValueError."""
    return hour_of(datetime.fromisoformat(minute).replace(tzinfo=UTC), zone)


def part_place(hour: str, minute: str, shard: int) -> Place:
    return Place(f"ROLL#{hour}", f"{minute}#{shard}")


def hour_place(hour: str) -> Place:
    return Place(f"ROLL#{hour[:10]}", hour)


def day_place(day: date) -> Place:
    return Place(f"ROLL#{day:%Y-%m}", f"{day}")


def week_place(monday: date) -> Place:
    return Place(f"ROLL#{monday:%Y}", f"W{monday}")


def month_place(day: date) -> Place:
    """The month that a day is in."""
    return Place(f"ROLL#{day:%Y}", f"{day:%Y-%m}")


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def days_from(first: date, last: date) -> Iterator[date]:
    """Both included."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def next_month(day: date) -> date:
    """Its first day."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def cover(first: date, last: date) -> list[Place]:
    """As few rolls as make up these days: whole months, and days."""
    found: list[Place] = []
    while first <= last:
        if first.day == 1 and next_month(first) - DAY <= last:
            found.append(month_place(first))
            first = next_month(first)
        else:
            found.append(day_place(first))
            first += DAY
    return found
