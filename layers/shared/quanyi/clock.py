"""Time. Inside, every moment is an aware `datetime` in UTC; stored and sent it is RFC 3339 with milliseconds and `Z`.

The fixed width makes the text sort like the time, so it serves in sort keys and condition expressions.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, PlainSerializer

Clock: TypeAlias = Callable[[], datetime]
"""Answers the present moment, aware, in UTC."""

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands for "has no end" wherever a stored moment must be comparable."""


def system_clock() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """`2026-11-23T05:07:18.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """The reverse of `stamp`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def day(moment: datetime, zone: str) -> str:
    """The merchant's calendar day, `2026-11-23`, in the shop's time zone (an IANA name)."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d}"


def end_of_day(day: str, zone: str) -> datetime:
    """The first moment after `day` (`YYYY-MM-DD`) in the shop's time zone, in UTC."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    return (start + timedelta(days=1)).astimezone(UTC)


def _kept(moment: datetime) -> datetime:
    """In UTC and in whole milliseconds, so that what was read equals what is stored."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment has no name in UTC") from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


Timestamp = Annotated[AwareDatetime, AfterValidator(_kept), PlainSerializer(stamp, return_type=str, when_used="json")]
"""A moment on the wire: RFC 3339 with its zone in, UTC out."""
