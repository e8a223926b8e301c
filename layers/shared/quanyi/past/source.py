"""A source: where exports of orders come from, and which column of them means what."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from quanyi.catalog.model import ChannelId, SkuId, Text
from quanyi.catalog.texts import Model
from quanyi.imports.model import MAX_SHEET_BYTES, ColumnRef
from quanyi.money import Currency

SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
"""In small letters: it stands in the name of an account, whose currency is told by three capital ones."""

State = Literal["paid", "refunded", "closed", "open"]
"""What an order of an export has come to:

    paid      its money came; what of it went back is its refund
    refunded  all of its money went back, unless the file names a smaller refund
    closed    it came to nothing: `refunded` if it had been paid, else it was only placed
    open      not paid yet: it counts as soon as a later export says more
"""

MAX_TEXT_BYTES = 64 * 1024 * 1024
MAX_TEXT_LINES = 200_000
MAX_SKUS = 2_000

Status = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Statuses = Annotated[tuple[Status, ...], Field(max_length=30)]
Foreign = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
"""What another platform calls a product."""

_DIRECTIVE = re.compile(r"%(.?)")
_KNOWN_DIRECTIVES = frozenset("YymdHIMSfpzbB%")


def _readable(form: str) -> str:
    told = _DIRECTIVE.findall(form)
    if not set(told) <= _KNOWN_DIRECTIVES or not {"d", "m"} <= set(told):
        raise ValueError("a form of time is made of %Y %y %m %d %H %I %p %M %S %f %z, and has at least month and day")
    if any(told.count(one) > 1 for one in _KNOWN_DIRECTIVES - {"%"}):
        raise ValueError("each part of a time stands in its form once")
    datetime.strptime(datetime(2026, 11, 26, tzinfo=UTC).strftime(form), form)  # noqa: DTZ007 - only whether it reads
    return form


def _real_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError("there is no such time zone") from None
    return name


TimeForm = Annotated[str, StringConstraints(min_length=4, max_length=64), AfterValidator(_readable)]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_real_zone)]


class OrderColumns(Model):
    """Which column holds what: a name in the header row, or a number counted from 1."""

    order: Annotated[ColumnRef, Field(description="The platform's number of the order")]
    line: Annotated[ColumnRef | None, Field(description="Its number of a row, where an order has several")] = None
    created_at: ColumnRef | None = None
    paid_at: ColumnRef
    delivered_at: Annotated[
        ColumnRef | None, Field(description="Without it, what is paid counts as delivered at once")
    ] = None
    sku: Annotated[ColumnRef | None, Field(description="The code that the merchant gave the product there")] = None
    title: ColumnRef | None = None
    quantity: Annotated[ColumnRef | None, Field(description="1 without it")] = None
    amount: Annotated[ColumnRef, Field(description="What was paid")]
    currency: ColumnRef | None = None
    phone: ColumnRef | None = None
    email: ColumnRef | None = None
    nick: Annotated[ColumnRef | None, Field(description="The buyer's account there")] = None
    status: ColumnRef | None = None
    refund: Annotated[ColumnRef | None, Field(description="What of the amount went back")] = None
    refunded_at: ColumnRef | None = None

    def refs(self) -> dict[str, ColumnRef]:
        return {name: ref for name in type(self).model_fields if (ref := getattr(self, name)) is not None}


class Meanings(Model):
    """Which statuses mean what. One that is in none of them refuses its order: nothing is guessed."""

    paid: Statuses = ()
    refunded: Statuses = ()
    closed: Statuses = ()
    open: Statuses = ()

    @model_validator(mode="after")
    def _clear(self) -> Self:
        every = [*self.paid, *self.refunded, *self.closed, *self.open]
        if not self.paid or len(set(every)) < len(every):
            raise ValueError("some status means paid, and each means one thing")
        return self

    def of(self, status: str) -> State | None:
        known: tuple[State, ...] = ("paid", "refunded", "closed", "open")
        return next((state for state in known if status in getattr(self, state)), None)


class SourceSettings(Model):
    """What a merchant says about the exports of one platform."""

    name: Text
    channel: ChannelId
    file_type: Literal["csv", "xlsx"] = "csv"
    encoding: Literal["auto", "utf-8", "gbk", "utf-16"] = "auto"
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    header_row: Annotated[int, Field(ge=0, le=50, description="The row that names the columns; 0: there is none")] = 1
    columns: OrderColumns
    amounts: Annotated[Literal["major", "minor"], Field(description="`12.34`, or 1234 for the same")] = "major"
    amount_of: Annotated[
        Literal["line", "order"], Field(description="`order`: every row of an order repeats the amounts of the whole")
    ] = "line"
    currency: Currency = "CNY"
    time_form: Annotated[
        TimeForm | None, Field(description="As of C's strptime; without it the usual ones are recognised")
    ] = None
    time_zone: Annotated[Zone | None, Field(description="An IANA name; the shop's without it")] = None
    statuses: Meanings | None = None
    undated_refunds: Annotated[
        Literal["refuse", "payment_day"],
        Field(description="What to do with a refund whose moment is not told: it may count on the day of payment"),
    ] = "refuse"
    skus: Annotated[
        dict[Foreign, SkuId],
        Field(
            max_length=MAX_SKUS,
            description="By the platform's code or title; a code that is a SKU of this shop needs no entry",
        ),
    ] = {}  # noqa: RUF012 - pydantic copies it

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        refs = self.columns.refs()
        if self.header_row == 0 and any(isinstance(ref, str) for ref in refs.values()):
            raise ValueError("columns are named only in a file with a header row")
        if (self.columns.status is None) != (self.statuses is None):
            raise ValueError("a column of statuses needs their meanings, and they need the column")
        if self.delimiter in ('"', "\r", "\n"):
            raise ValueError("the delimiter is not a quote or a line end")
        return self

    @property
    def max_bytes(self) -> int:
        return MAX_SHEET_BYTES if self.file_type == "xlsx" else MAX_TEXT_BYTES


class Source(SourceSettings):
    id: SourceId

    @property
    def account(self) -> str:
        """Where the platform's money stands in reports, as a payment provider's does."""
        return f"provider:{self.id}"
