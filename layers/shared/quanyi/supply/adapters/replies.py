"""What suppliers answer, read without trust: one JSON object, its numbers exact, its amounts in minor units.

Nothing here quotes what was read: it may hold cards and accounts.
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from json import loads
from typing import Any, NoReturn, cast

from quanyi.money import MAX_AMOUNT

_MOST_CHARACTERS = 24
"""Of an amount."""


class Unclear(Exception):
    """What came cannot be believed: not JSON, not an object, a signature that is wrong, a field that is not there."""


def read_object(data: bytes | str) -> dict[str, Any]:
    """One JSON object; fractions come as Decimal. Raises Unclear."""
    try:
        found = loads(data, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError, InvalidOperation):
        raise Unclear from None
    if not isinstance(found, dict):
        raise Unclear
    return cast("dict[str, Any]", found)


def read_list(data: bytes | str) -> list[dict[str, Any]]:
    """A JSON list of objects. Raises Unclear."""
    try:
        found = loads(data, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError, InvalidOperation):
        raise Unclear from None
    return objects(found)


def objects(found: object) -> list[dict[str, Any]]:
    """Raises Unclear for anything but a list of objects."""
    if not isinstance(found, list):
        raise Unclear
    listed = cast("list[object]", found)
    if not all(isinstance(one, dict) for one in listed):
        raise Unclear
    return cast("list[dict[str, Any]]", listed)


def text(fields: Mapping[str, Any], name: str) -> str:
    """A text, or a whole number as text; "" where there is none. Raises Unclear for anything else."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unclear
    return str(value)


def whole(fields: Mapping[str, Any], name: str) -> int:
    """A whole number. Raises Unclear."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unclear
    return value


def minor_units(value: object, *, times: int = 1, up: bool = True) -> int:
    """An amount in the currency's main unit (`"49.8750"`, a Decimal, an int) as minor units, a hundred to one, `times`
    over. What is finer than a minor unit is rounded once, at the end: up where it is what we pay, down where it is
    what we have. Raises Unclear for what is no amount, is negative or beyond all sense."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unclear
    written = str(value).strip()
    if not 0 < len(written) <= _MOST_CHARACTERS or not written.isascii():
        raise Unclear
    try:
        amount = Decimal(written)
    except InvalidOperation:
        raise Unclear from None
    if not amount.is_finite() or amount.is_signed() or not -12 < amount.adjusted() < 12:
        raise Unclear
    units = int((amount * 100 * times).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))
    if units > MAX_AMOUNT:
        raise Unclear
    return units


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
