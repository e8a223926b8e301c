"""Vouchers that are generated: where a file has lines, a series has numbers, each of which derives its code.

A run that dies is done again like that of a file: the same numbers make the same cards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from quanyi.cards.model import NewCard
from quanyi.cards.table import CardsTable
from quanyi.clock import stamp
from quanyi.imports.model import Entry, Numbers, Record, Survey
from quanyi.table import Item
from quanyi.vault.keys import NamedKeys
from quanyi.vouchers.issue import numbered_face
from quanyi.vouchers.model import Series
from quanyi.vouchers.use import new_voucher

ETAG = "numbers"
"""Stands where a file's ETag is kept: there is nothing that could have been replaced."""


@dataclass(frozen=True)
class NumberSource:
    """The numbers of one run, as records: line 1 is its first number."""

    numbers: Numbers

    def survey(self) -> Survey:
        return Survey(total=self.numbers.count, lines=self.numbers.count)

    def records(self, position: int, line: int) -> Iterator[Record]:
        """Those behind `position`."""
        for at in range(position + 1, self.numbers.count + 1):
            yield Record(line=at, after=at, next_line=at + 1, fields=[str(self.numbers.first + at - 1)])


@dataclass(frozen=True)
class NumberReader:
    """From a number to its voucher. `sell_by` is the last moment of sale of those that go into stock."""

    series: Series
    keys: NamedKeys
    sell_by: datetime | None

    def read(self, record: Record) -> Entry:
        face = numbered_face(self.keys, self.series, int(record.fields[0]))
        return Entry(record.line, face.number, face.pin, self.sell_by)


def own_attributes(series: Series, numbers: Numbers, entry: Entry) -> dict[str, object]:
    return {**new_voucher(series), "number": numbers.first + entry.line - 1}


@dataclass(frozen=True)
class HandedOut:
    """Vouchers that the merchant hands out itself: theirs from the start, of no order. `at` is when they were asked
    for, so that a replay writes the same."""

    cards: CardsTable
    at: datetime

    def look(self) -> None:
        return

    def insert(self, card: NewCard) -> None:
        self.cards.insert(card, available=None, state="delivered", delivered_at=stamp(self.at))

    def resume(self, item: Item) -> None:
        return
