"""Rolling counts without counters: what happened is a token in a set, its moment in front and its own name behind.

Adding the same token again changes nothing, so whoever counts may be replayed; a window is counted when it is read. A
set keeps its newest tokens only, and then says "at least so many".

    <moment: 7 characters, seconds in base 36><name: 8 characters><weight in base 36, where it is more than 1>
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any

from quanyi.clock import moment
from quanyi.ids import derived_id
from quanyi.risk.facts import COUNTED, WEIGHED, WINDOWS, Identity, Value, Window, told_of

KEPT = 200
"""Tokens of a set that are kept: more is as good as that many."""
SLACK = 20
"""So many more may gather before a set is cut: cutting is a write of its own."""
ACCOUNTS = "accounts"
ACCOUNTS_WINDOW = timedelta(days=7)

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOMENT, _NAME = 7, 8
_WEIGHT = _MOMENT + _NAME
"""Where it begins."""
_DAY = 86_400


def token(at: datetime, *what: str, weight: int = 1) -> str:
    """Of something that happened at a moment; `what` names it for ever, with its weight."""
    return _base36(int(at.timestamp())) + name(*what) + (_digits(weight) if weight > 1 else "")


def name(*what: str) -> str:
    """What a token is told from others of its moment by."""
    return derived_id("", *what)[:_NAME]


def account(at: datetime, member: str) -> str:
    """Of a buyer who was seen: one token a day."""
    return _base36(int(at.timestamp()) // _DAY * _DAY) + derived_id("", member)[:_NAME]


def counted(item: Mapping[str, Any], identity: Identity, now: datetime, but: Collection[str] = ()) -> dict[str, Value]:
    """The facts that an identity's item tells, without zeros: `device.placed_1h` and the like. What happened under the
    names in `but` does not count."""
    found: dict[str, Value] = {}
    begins = _begins(now)
    for fact in COUNTED:
        if fact in item and fact in told_of(identity):
            # By their moments, since all of these have as many characters.
            tokens = sorted([each for each in item[fact] if each[_MOMENT:_WEIGHT] not in but] if but else item[fact])
            sums = [0, *accumulate(map(_weight, tokens))] if fact in WEIGHED else []
            for window, begin in begins.items():
                older = bisect_left(tokens, begin)
                if number := len(tokens) - older:
                    found[f"{identity}.{fact}_{window}"] = number
                    if sums:
                        found[f"{identity}.{WEIGHED[fact]}_{window}"] = sums[-1] - sums[older]
    since = _base36(int((now - ACCOUNTS_WINDOW).timestamp()) // _DAY * _DAY)
    names = {each[_MOMENT:] for each in item.get(ACCOUNTS, ()) if each >= since}
    if names:
        found[f"{identity}.accounts_7d"] = len(names)
    if days := (now - moment(item["since"])).days if "since" in item else 0:
        found[f"{identity}.days_known"] = days
    return found


def recent(tokens: Iterable[str], window: Window, now: datetime) -> list[str]:
    """The names of what happened within a window."""
    begin = _begins(now)[window]
    return [each[_MOMENT:] for each in tokens if each >= begin]


def superfluous(tokens: Collection[str]) -> set[str]:
    """What a set has too much of: the oldest beyond those that are kept. Empty while the slack is not used up."""
    return set(sorted(tokens)[:-KEPT]) if len(tokens) > KEPT + SLACK else set()


def latest(tokens: Iterable[str]) -> datetime:
    return datetime.fromtimestamp(max(map(_at, tokens)), UTC)


def earliest(tokens: Iterable[str]) -> datetime:
    return datetime.fromtimestamp(min(map(_at, tokens)), UTC)


@lru_cache(maxsize=8)
def _begins(now: datetime) -> Mapping[Window, str]:
    """What the tokens of each window are not below: the same for all identities that a decision asks about."""
    return {window: _base36(int((now - length).timestamp()) + 1) for window, length in WINDOWS.items()}


def _at(token: str) -> int:
    return int(token[:_MOMENT], 36)


def _weight(token: str) -> int:
    return int(token[_WEIGHT:], 36) if len(token) > _WEIGHT else 1


def _base36(number: int) -> str:
    return _digits(number).rjust(_MOMENT, "0")


def _digits(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
