"""A row of an export as what its columns mean, or the reason why it means nothing. Nothing is guessed."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo

from quanyi.clock import day
from quanyi.imports.entries import DIGITS_LOST
from quanyi.imports.model import Record
from quanyi.money import MAX_AMOUNT, decimals
from quanyi.past.buyer import Told
from quanyi.past.reading import cleaned
from quanyi.past.source import Source, State

RowFault = Literal[
    "line_too_long",
    "quote_not_closed",
    "malformed",
    "missing_field",
    "digits_lost",
    "too_long",
    "bad_amount",
    "negative_amount",
    "bad_currency",
    "bad_quantity",
    "bad_time",
    "time_ahead",
    "impossible_times",
    "unknown_status",
    "refund_too_large",
    "refund_without_time",
    "mixed_currencies",
    "contradicting_rows",
    "too_many_lines",
    "changed_since",
]
"""Why an order was refused; codes of the API, explained in `docs/past-orders.md`."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MOST_UNITS = 1_000_000
LONGEST_NUMBER = 100

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?")
_NOTHING = frozenset({"", "-", "--", "—", "——", "/", "无", "null", "none", "n/a"})
_SIGNS = re.compile(r"^(?:[¥$€£]|CNY|RMB)|元$")
_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,8})?")


class Refused(Exception):
    """A row that cannot be read; `field` is what its column means, empty for the row as a whole."""

    def __init__(self, fault: RowFault, field: str = "") -> None:
        super().__init__(fault)
        self.fault: RowFault = fault
        self.field = field


@dataclass(frozen=True, slots=True)
class Row:
    """Amounts are minor units. `part` tells the lines of one order apart; `refund` is None where it is not told."""

    line: int
    order: str
    part: str
    state: State
    created_at: datetime | None
    paid_at: datetime | None
    delivered_at: datetime | None
    code: str
    title: str
    quantity: int
    amount: int
    currency: str
    refund: int | None
    refunded_at: datetime | None
    buyer: Told = field(repr=False)


@dataclass(frozen=True)
class RowReader:
    """`places` are the columns, from 0, by field; `zone` is the shop's; nothing can have happened after `now`."""

    source: Source
    places: Mapping[str, int]
    zone: str
    now: datetime

    def order(self, record: Record) -> str:
        """The number of its order; empty where there is none to be read."""
        text = self._text(record, "order") if not record.fault else ""
        return "" if text == DIGITS_LOST else text

    def read(self, record: Record) -> Row:
        """Raises Refused."""
        if record.fault:
            raise Refused(_SAME_FAULTS.get(record.fault, "malformed"))
        order = self._text(record, "order")
        for name in ("order", "line", "sku"):
            if self._text(record, name) == DIGITS_LOST:
                raise Refused("digits_lost", name)
        if not order:
            raise Refused("missing_field", "order")
        if len(order) > LONGEST_NUMBER:
            raise Refused("too_long", "order")
        created_at = self._time(record, "created_at")
        paid_at = self._time(record, "paid_at", since=created_at)
        delivered_at = self._time(record, "delivered_at", since=paid_at)
        if "delivered_at" not in self.places:
            delivered_at = paid_at
        state, currency = self._state(record, paid_at), self._currency(record)
        code, title = self._text(record, "sku"), self._text(record, "title")
        row = Row(
            line=record.line,
            order=order,
            part=self._text(record, "line") or code or title,
            state=state,
            created_at=created_at,
            paid_at=paid_at if state in ("paid", "refunded") else None,
            delivered_at=delivered_at if state in ("paid", "refunded") else None,
            code=code,
            title=title,
            quantity=self._quantity(record),
            amount=self._amount(record, "amount", currency, needed=state in ("paid", "refunded")) or 0,
            currency=currency,
            refund=self._amount(record, "refund", currency, needed=False),
            refunded_at=self._time(record, "refunded_at", since=paid_at),
            buyer=Told(*(self._text(record, name) for name in ("phone", "email", "nick"))),
        )
        _check(row)
        return row

    def _text(self, record: Record, name: str) -> str:
        place = self.places.get(name)
        return cleaned(record.fields[place]) if place is not None and place < len(record.fields) else ""

    def _state(self, record: Record, paid_at: datetime | None) -> State:
        if self.source.statuses is None:
            return "paid" if paid_at else "open"
        state = self.source.statuses.of(self._text(record, "status"))
        if state is None:
            raise Refused("unknown_status", "status")
        if state == "closed" and paid_at:
            return "refunded"
        if state in ("paid", "refunded") and not paid_at:
            raise Refused("missing_field", "paid_at")
        return state

    def _currency(self, record: Record) -> str:
        text = self._text(record, "currency").upper() or self.source.currency
        if not re.fullmatch(r"[A-Z]{3}", text):
            raise Refused("bad_currency", "currency")
        return text

    def _quantity(self, record: Record) -> int:
        text = self._text(record, "quantity")
        if not text:
            return 1
        found = re.fullmatch(r"(\d{1,9})(?:\.0+)?", unicodedata.normalize("NFKC", text))
        if not found or not 1 <= int(found[1]) <= MOST_UNITS:
            raise Refused("bad_quantity", "quantity")
        return int(found[1])

    def _amount(self, record: Record, name: str, currency: str, *, needed: bool) -> int | None:
        text = unicodedata.normalize("NFKC", self._text(record, name))
        if text.lower() in _NOTHING:
            if needed:
                raise Refused("missing_field", name)
            return None
        return minor_units(text, 0 if self.source.amounts == "minor" else decimals(currency), name)

    def _time(self, record: Record, name: str, *, since: datetime | None = None) -> datetime | None:
        """A day alone is its begin, or `since` on the same day."""
        text = unicodedata.normalize("NFKC", self._text(record, name))
        if text.lower() in _NOTHING or text.startswith("0000-00-00"):
            return None
        zone = self.source.time_zone or self.zone
        at = moment_of(text, self.source.time_form, zone, name)
        if since and at < since and at == moment_of(day(since, zone), None, zone):
            at = since
        if at < EARLIEST:
            raise Refused("bad_time", name)
        if at > self.now + _CLOCKS_DIFFER:
            raise Refused("time_ahead", name)
        return at


_CLOCKS_DIFFER = timedelta(minutes=5)
_SAME_FAULTS: Mapping[str, RowFault] = {"line_too_long": "line_too_long", "quote_not_closed": "quote_not_closed"}


def minor_units(text: str, digits: int, name: str = "") -> int:
    """`¥1,234.50` is 123450 of a currency with two decimals. Raises Refused."""
    plain = _SIGNS.sub("", text.replace(" ", ""))
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        raise Refused("bad_amount", name)
    try:
        amount = Decimal(plain).scaleb(digits)
    except InvalidOperation:
        raise Refused("bad_amount", name) from None
    if amount < 0:
        raise Refused("negative_amount", name)
    if amount != amount.to_integral_value() or amount > MAX_AMOUNT:
        raise Refused("bad_amount", name)
    return int(amount)


def moment_of(text: str, form: str | None, zone: str, name: str = "") -> datetime:
    """In UTC and whole milliseconds; a day alone is its begin. A time that names no zone of its own is one of `zone`.
    Raises Refused."""
    try:
        at = datetime.strptime(text, form) if form else _usual_time(text)  # noqa: DTZ007 - its zone follows
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("bad_time", name) from None


def _usual_time(text: str) -> datetime:
    date = _DAY.match(text)
    if not date:
        raise ValueError("no day")
    month = next(group for group in date.groups()[1:5] if group)
    at = datetime(int(date[1]), int(month), int(date[6]))  # noqa: DTZ001 - its zone follows
    rest = text[date.end() :].removeprefix("T").strip()
    if not rest:
        return at
    clock = _CLOCK.fullmatch(rest)
    if not clock:
        raise ValueError("no time")
    at = at.replace(hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0))
    return datetime.fromisoformat(f"{at:%Y-%m-%dT%H:%M:%S}{clock[4]}") if clock[4] else at


def _check(row: Row) -> None:
    for earlier, later in (("created_at", "paid_at"), ("paid_at", "delivered_at"), ("paid_at", "refunded_at")):
        first, then = getattr(row, earlier), getattr(row, later)
        if first and then and then < first:
            raise Refused("impossible_times", later)
    if (row.refund or 0) > row.amount and row.paid_at:
        raise Refused("refund_too_large", "refund")
