"""From a record's fields to a card, or to the reason why not. Nothing is guessed: what reads in two ways is refused."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from quanyi.catalog.model import CardFormat
from quanyi.clock import end_of_day
from quanyi.imports.model import Entry, LineFault, Plan, Record
from quanyi.secret import Secret

_NUMBER = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z -]*[0-9A-Za-z])?")
_CODE = re.compile(r"(?:[\W_]*[^\W_]){4}")
"""At least four letters or digits: what is left of a code when it is compared."""
_LINK = re.compile(r"https?://[^\s/]\S*")
_SHORTEST: dict[CardFormat, int] = {"number": 4, "number_pin": 4, "code": 4, "link": 10}
_LONGEST: dict[CardFormat, int] = {"number": 64, "number_pin": 64, "code": 256, "link": 2048}
_LONGEST_PIN = 64

_BETWEEN = re.compile(r"\s*(?:-{4,}|—{2,}|[,，;；|\t]| {2,}|\u3000)\s*")
"""What separates fields of a TXT line beyond doubt."""
_BETWEEN_LINKS = re.compile(r"\s*(?:-{4,}|\t)\s*|\s+")
"""Links may hold every other separator."""
_LABEL = re.compile(
    r"(?:卡号|卡密|账号|帐号|密码|卡密码|兑换码|激活码|券码|序列号|链接|有效期|到期时间|过期时间"
    r"|card(?: ?(?:no|number))?|number|code|cdk|key|pin|password|link|url|expiry|expires(?: ?at)?)\s*[:：=]\s*",
    re.IGNORECASE,
)
_AFTER_LABEL = re.compile(r"([:：=])\s*")

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月|(\d{2}))(\d{1,2})日?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?\s*(Z|[+-]\d{2}:?\d{2})?")

DIGITS_LOST = "\x00digits lost"
"""Stands for a sheet's number that its program has rounded."""


class Refused(Exception):
    """A record that is no card."""

    def __init__(self, fault: LineFault) -> None:
        super().__init__(fault)
        self.fault: LineFault = fault


def expiry(text: str, zone: str) -> datetime:
    """The last moment of use: `2026-12-31`, `2026/12/31`, `2026.12.31`, `20261231` and `2026年12月31日` mean the end
    of that day in the shop's zone; with a time after it, that time there, or in the zone it names. Raises Refused."""
    text = unicodedata.normalize("NFKC", text).strip()
    date = _DAY.match(text)
    if not date:
        raise Refused("bad_expiry")
    rest = text[date.end() :].removeprefix("T").strip()
    time = _TIME.fullmatch(rest) if rest else None
    if rest and not time:
        raise Refused("bad_expiry")
    month = next(group for group in date.groups()[1:6] if group)
    try:
        on = datetime(int(date[1]), int(month), int(date[7]), tzinfo=ZoneInfo(zone))
        if time is None:
            return end_of_day(f"{on:%Y-%m-%d}", zone) - timedelta(milliseconds=1)
        at = on.replace(hour=int(time[1]), minute=int(time[2]), second=int(time[3] or 0))
        if time[4]:
            at = datetime.fromisoformat(f"{at:%Y-%m-%dT%H:%M:%S}{time[4]}")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("bad_expiry") from None


@dataclass(frozen=True)
class EntryReader:
    """Reads the records of one import. `places` are the columns, from 0, of number, PIN and expiry (None: no such
    column; for TXT the fields come in that order); `now` is when the import began, so that a replay judges alike."""

    plan: Plan
    now: datetime
    places: tuple[int, int | None, int | None] = (0, None, 1)
    _expiries: dict[str, datetime | LineFault] = field(default_factory=dict, repr=False, compare=False)

    def read(self, record: Record) -> Entry:
        """Raises Refused."""
        if record.fault:
            raise Refused(record.fault)
        if self.plan.file_type == "txt":
            number, pin, until = self._split(record.fields[0])
        else:
            number, pin, until = (_cell(record.fields, place) for place in self.places)
        number = checked_number(number, self.plan.format)
        if self.plan.format == "number_pin":
            pin = checked_pin(pin)
        expires_at = self._expiry(until) if until else self.plan.expires_at
        if expires_at is not None and expires_at <= self.now:
            raise Refused("expired")
        return Entry(record.line, Secret(number), Secret(pin) if pin else None, expires_at)

    def _split(self, text: str) -> tuple[str, str, str]:
        """A TXT line: number, PIN where the format has one, and maybe an expiry at its end."""
        wanted = 2 if self.plan.format == "number_pin" else 1
        labelled = _AFTER_LABEL.search(text) is not None
        parts = self._parts(_AFTER_LABEL.sub(r"\1", text) if labelled else text, wanted)
        if labelled:
            parts = [part[label.end() :] if (label := _LABEL.match(part)) else part for part in parts]
        if len(parts) < wanted:
            raise Refused("missing_field")
        if len(parts) > wanted + 1:
            raise Refused("unclear_fields")
        until = parts[wanted] if len(parts) > wanted else ""
        return parts[0], parts[1] if wanted == 2 else "", until

    def _parts(self, text: str, wanted: int) -> list[str]:
        if self.plan.delimiter:
            return [part.strip() for part in text.split(self.plan.delimiter)]
        if self.plan.format == "link":
            return _BETWEEN_LINKS.split(text)
        parts = _BETWEEN.split(text)
        if len(parts) == 1 and wanted == 2:
            # A single blank separates too, if it leaves exactly the fields that a line may have.
            parts = text.split(" ")
            if len(parts) > 3 or (len(parts) == 3 and not _DAY.match(parts[2])):
                raise Refused("unclear_fields")
        return parts

    def _expiry(self, text: str) -> datetime:
        known = self._expiries.get(text)
        if known is None:
            try:
                known = expiry(text, self.plan.zone)
            except Refused as refused:
                known = refused.fault
            if len(self._expiries) < 10_000:
                self._expiries[text] = known
        if isinstance(known, str):
            raise Refused(known)
        return known


def _cell(fields: Sequence[str], place: int | None) -> str:
    text = fields[place].strip() if place is not None and place < len(fields) else ""
    if text == DIGITS_LOST:
        raise Refused("digits_lost")
    return text


def checked_number(number: str, kind: CardFormat) -> str:
    """A number, code or link that a buyer can use. Raises Refused."""
    if not number:
        raise Refused("missing_field")
    _printable(number, _LONGEST[kind])
    if kind == "link":
        if not _LINK.fullmatch(number):
            raise Refused("not_a_link")
    elif kind == "code":
        if not _CODE.match(number):
            raise Refused("too_short")
    else:
        plain = number if number.isascii() else unicodedata.normalize("NFKC", number)
        if not _NUMBER.fullmatch(plain):
            raise Refused("forbidden_character")
    if len(number) < _SHORTEST[kind]:
        raise Refused("too_short")
    return number


def checked_pin(pin: str) -> str:
    """Raises Refused."""
    if not pin:
        raise Refused("missing_field")
    _printable(pin, _LONGEST_PIN)
    return pin


def _printable(text: str, longest: int) -> None:
    """No control characters, invisible ones or line ends: a buyer could not type them."""
    if len(text) > longest:
        raise Refused("too_long")
    if not text.isprintable():
        raise Refused("forbidden_character")
