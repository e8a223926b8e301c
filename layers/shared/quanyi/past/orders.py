"""The rows of one export as orders. An order of which one row is refused is refused as a whole."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from quanyi.clock import day, end_of_day
from quanyi.ids import derived_id
from quanyi.imports.model import Record
from quanyi.money import split
from quanyi.past.buyer import Told
from quanyi.past.model import AN_INSTANT, PastLine, PastOrder, Refunds
from quanyi.past.rows import Refused, Row, RowFault, RowReader
from quanyi.past.source import Source

MOST_LINES = 200
"""Of one order."""


@dataclass(frozen=True)
class Fault:
    """In which line of the file, why, and the field whose column it is about (empty: the row as a whole)."""

    line: int
    code: RowFault
    field: str = ""


@dataclass(frozen=True)
class ReadOrder:
    """`line` is the file's first one about it. `order` has neither buyer nor SKUs yet: `told` and `names` (the
    platform's code and title, by the key of the line) say what there is to find them by."""

    line: int
    order: PastOrder
    refunds: Refunds
    told: Told
    names: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Export:
    """`rows` counts those that are not blank, `pending` the orders that are not paid yet."""

    rows: int
    pending: int
    orders: list[ReadOrder]
    faults: list[Fault]


def read_orders(reader: RowReader, records: Iterable[Record]) -> Export:
    """Orders in the order of the file, faults by line."""
    rows: dict[str, list[Row]] = {}
    bad: set[str] = set()
    faults: list[Fault] = []
    count = 0
    for record in records:
        if not record.fields and not record.fault:
            continue
        count += 1
        try:
            row = reader.read(record)
            rows.setdefault(row.order, []).append(row)
        except Refused as refused:
            bad.add(reader.order(record))
            faults.append(Fault(record.line, refused.fault, refused.field))
    found: list[ReadOrder] = []
    pending = 0
    for number, several in rows.items():
        if number in bad:
            continue
        try:
            one = _order(reader.source, number, several, reader.zone)
        except _Contradiction as wrong:
            faults.append(wrong.fault)
        else:
            pending += one is None
            found += [one] if one else []
    return Export(count, pending, found, sorted(faults, key=lambda fault: (fault.line, fault.code)))


def order_id(source: str, number: str) -> str:
    """The same order in every export of the source."""
    return derived_id("X", source, number)


class _Contradiction(Exception):
    def __init__(self, row: Row, code: RowFault, field: str = "") -> None:
        super().__init__(code)
        self.fault = Fault(row.line, code, field)


def _order(source: Source, number: str, rows: Sequence[Row], zone: str) -> ReadOrder | None:
    """None while it is not paid. Raises _Contradiction."""
    first, lines = rows[0], _lines(source, rows)
    for row in rows:
        if row.currency != first.currency:
            raise _Contradiction(row, "mixed_currencies", "currency")
        for name in ("created_at", "paid_at"):
            if getattr(row, name) != getattr(first, name):
                raise _Contradiction(row, "contradicting_rows", name)
    if len(lines) > MOST_LINES:
        raise _Contradiction(first, "too_many_lines")
    if all(row.state == "open" for row in rows):
        return None
    placed_at = first.created_at or first.paid_at
    if placed_at is None:
        raise _Contradiction(first, "missing_field", "created_at")
    # A title may be edited after the sale: where an order has one line, there is nothing to tell it from.
    told_apart = len(lines) > 1 or source.columns.line is not None
    keyed = dict(sorted((derived_id("", row.part if told_apart else ""), row) for row in lines))
    delivered = [row.delivered_at for row in lines]
    order = PastOrder(
        id=order_id(source.id, number),
        source=source.id,
        channel=source.channel,
        account=source.account,
        currency=first.currency,
        placed_at=placed_at,
        lines=tuple(PastLine(key, row.quantity, row.amount) for key, row in keyed.items()),
        paid_at=first.paid_at,
        delivered_at=max(at for at in delivered if at) if all(delivered) else None,
    )
    return ReadOrder(
        line=first.line,
        order=order,
        refunds=_refunds(source, keyed, zone) if order.paid_at else Refunds(),
        told=first.buyer,
        names={key: (row.code, row.title) for key, row in keyed.items()},
    )


def _lines(source: Source, rows: Sequence[Row]) -> list[Row]:
    """One row for each line, with its own share of amounts. A row that comes again counts once; one that comes again
    with another word contradicts."""
    seen: dict[str, Row] = {}
    for row in rows:
        before = seen.setdefault(row.part, row)
        if replace(row, line=before.line) != before:
            raise _Contradiction(row, "contradicting_rows")
    lines = list(seen.values())
    return lines if source.amount_of == "line" else list(_shared(lines))


def _shared(lines: Sequence[Row]) -> Iterator[Row]:
    """Every row has the amounts of the whole order: each line gets a share by its quantity."""
    first = lines[0]
    for row in lines:
        if (row.amount, row.refund) != (first.amount, first.refund):
            raise _Contradiction(row, "contradicting_rows", "amount")
    amounts = split(first.amount, [row.quantity for row in lines])
    refunds = split(first.refund or 0, amounts)
    for row, amount, refund in zip(lines, amounts, refunds, strict=True):
        yield replace(row, amount=amount, refund=None if row.refund is None else refund)


def _refunds(source: Source, lines: dict[str, Row], zone: str) -> Refunds:
    amounts: dict[str, int] = {}
    moments: dict[str, datetime] = {}
    for key, row in lines.items():
        amount = row.refund or (row.amount if row.state == "refunded" else 0)
        if not amount:
            continue
        amounts[key] = amount
        moments[key] = row.refunded_at or _undated(source, row, zone)
    return Refunds(moments, amounts)


def _undated(source: Source, row: Row, zone: str) -> datetime:
    """At the end of the day of payment, so that it is a movement of its own."""
    if source.undated_refunds == "refuse" or row.paid_at is None:
        raise _Contradiction(row, "refund_without_time", "refunded_at")
    return max(end_of_day(day(row.paid_at, zone), zone) - AN_INSTANT, row.paid_at + AN_INSTANT)


def counted(faults: Iterable[Fault]) -> dict[RowFault, int]:
    """How many orders or rows were refused, by code."""
    found = Counter[RowFault](fault.code for fault in faults)
    return dict(sorted(found.items()))
