"""Rolling counts of what is too busy for sets of tokens: channels, agents and SKUs.

    BUCKET#<bucket>#<id>   1h#<number of the hour>   a number per fact
    BUCKET#<bucket>#<id>   1d#<number of the day>    likewise

Hours and days of UTC. A window that slides is estimated from the two that it covers, the older one in proportion.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from quanyi.risk.facts import BUCKET_COUNTED, BUCKET_WINDOWS, WINDOWS, Bucket, Counted, Value, Window
from quanyi.stats.noted import Noted

LASTS = timedelta(days=3)
"""A little longer than the widest window is looked at."""


def noted(bucket: Bucket, value: str, fact: Counted, what: str, at: datetime) -> Noted:
    """One fact, as the counters of its bucket see it."""
    steps = tuple(((_pk(bucket, value), _sk(window, _number(window, at))), fact, 1) for window in BUCKET_WINDOWS)
    return Noted(f"{fact[0]}{what}", f"{bucket}#{value}", int(at.timestamp()), steps)


def keys(buckets: Iterable[tuple[Bucket, str]], now: datetime) -> list[dict[str, str]]:
    """What must be read to know the facts of these buckets."""
    return [
        {"pk": _pk(bucket, value), "sk": _sk(window, _number(window, now) - back)}
        for bucket, value in buckets
        for window in BUCKET_WINDOWS
        for back in (0, 1)
    ]


def counted(
    buckets: Iterable[tuple[Bucket, str]], items: Iterable[Mapping[str, Any]], now: datetime
) -> dict[str, Value]:
    """The facts that those items tell, without zeros: `channel.placed_1h` and the like."""
    known = {(item["pk"], item["sk"]): item for item in items}
    found: dict[str, Value] = {}
    for bucket, value in buckets:
        for window in BUCKET_WINDOWS:
            length = int(WINDOWS[window].total_seconds())
            number = _number(window, now)
            left = length - int(now.timestamp()) % length
            here, before = (known.get((_pk(bucket, value), _sk(window, number - back)), {}) for back in (0, 1))
            for fact in BUCKET_COUNTED:
                if total := int(here.get(fact, 0)) + int(before.get(fact, 0)) * left // length:
                    found[f"{bucket}.{fact}_{window}"] = total
    return found


def _pk(bucket: Bucket, value: str) -> str:
    return f"BUCKET#{bucket}#{value}"


def _sk(window: Window, number: int) -> str:
    return f"{window}#{number:09d}"


def _number(window: Window, at: datetime) -> int:
    return int(at.timestamp()) // int(WINDOWS[window].total_seconds())
