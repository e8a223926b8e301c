"""What was spent on a channel's advertising on a day of the shop: one entry for each campaign and currency.

An entry is *set*: told again with another amount it is corrected, with zero it is gone. Reports read what stands.
"""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from quanyi.catalog.model import ChannelId
from quanyi.money import Amount, Currency, decimals

Told = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^#\x00-\x1f]*$")]
"""A name of the merchant's or of UTM's; it is part of a key."""

COLUMNS = ("day", "channel", "source", "medium", "campaign", "amount", "currency")
NEEDED = ("day", "channel", "amount")

_AMOUNT = re.compile(r"(?:\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.\d{1,8})?", re.ASCII)
"""A comma groups thousands; where it stands for the decimal point, nothing is guessed."""


class Spend(BaseModel):
    """`amount` is in minor units of `currency`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    day: date
    channel: ChannelId
    source: Told = ""
    medium: Told = ""
    campaign: Told = ""
    amount: Amount
    currency: Currency = "CNY"

    @property
    def name(self) -> tuple[str, ...]:
        """What it is set under."""
        return (self.day.isoformat(), self.channel, self.source, self.medium, self.campaign, self.currency)


@dataclass(frozen=True)
class Wrong:
    """A line of a file that cannot be read. `line` counts from 1, the header included."""

    line: int
    code: str
    column: str = ""


class Unreadable(Exception):
    """Nothing of a file is taken when anything of it is wrong."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__("unreadable")
        self.wrong = tuple(wrong)


@dataclass(frozen=True)
class Stray:
    """A channel that the shop has not, and those of its own that are called most like it, the nearest first."""

    channel: str
    nearest: tuple[str, ...]


def strays(entries: Sequence[Spend], known: Collection[str]) -> list[Stray]:
    """What sets nothing is no spend: what was told of a wrong channel once can still be taken away."""
    names = sorted({entry.channel for entry in entries if entry.amount} - set(known))
    return [Stray(name, tuple(get_close_matches(name, sorted(known)))) for name in names]


def read_csv(text: str, most: int) -> list[Spend]:
    """Of a file whose first line names columns among `COLUMNS`, in any order; amounts are in whole units with decimals
    (`12.50`), as advertisers' own exports have them. Raises Unreadable (`missing_column`, `unknown_column`,
    `bad_value`, `twice`, `too_many_lines`)."""
    lines = _lines(text)
    header = [name.strip().lower() for name in next(lines, list[str]())]
    wrong = [Wrong(1, "missing_column", name) for name in NEEDED if name not in header]
    wrong += [Wrong(1, "unknown_column", name[:64]) for name in header if name not in COLUMNS]
    wrong += [Wrong(1, "twice", name) for name in COLUMNS if header.count(name) > 1]
    if wrong:
        raise Unreadable(wrong)
    found: dict[tuple[str, ...], Spend] = {}
    for number, cells in enumerate(lines, start=2):
        if number > most + 1:
            raise Unreadable([Wrong(number, "too_many_lines")])
        if not any(cell.strip() for cell in cells):
            continue
        one = _read(number, header, cells)
        if isinstance(one, Spend) and one.name in found:
            one = Wrong(number, "twice")
        if isinstance(one, Wrong):
            wrong.append(one)
        else:
            found[one.name] = one
    if wrong:
        raise Unreadable(wrong[:100])
    return list(found.values())


def _lines(text: str) -> Iterator[list[str]]:
    reader = csv.reader(text.lstrip("\ufeff").splitlines())
    try:
        yield from reader
    except csv.Error:  # a cell without end
        raise Unreadable([Wrong(reader.line_num, "bad_value")]) from None


def _read(number: int, header: Sequence[str], cells: Sequence[str]) -> Spend | Wrong:
    if len(cells) != len(header):
        return Wrong(number, "bad_value")
    told = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
    amount = _minor(told.get("amount", ""), told.get("currency", "CNY"))
    if amount is None:
        return Wrong(number, "bad_value", "amount")
    try:
        return Spend.model_validate({**told, "amount": amount})
    except ValidationError as error:
        return Wrong(number, "bad_value", str(error.errors()[0]["loc"][0]))


def _minor(text: str, currency: str) -> int | None:
    if not _AMOUNT.fullmatch(text):
        return None
    amount = Decimal(text.replace(",", "")).scaleb(decimals(currency))
    return int(amount) if amount == amount.to_integral_value() else None


def twice(entries: Sequence[Spend]) -> Iterator[Spend]:
    """Entries that set what an earlier one of the same list sets."""
    seen: set[tuple[str, ...]] = set()
    for entry in entries:
        if entry.name in seen:
            yield entry
        seen.add(entry.name)
