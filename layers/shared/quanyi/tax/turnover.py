"""What a month turned over, by channel, currency, tax class and rate: from the journal entries of all orders.

Turnover is recognised when a unit is delivered and reversed when its money starts to go back: that is when the journal
moves `revenue:<class>@<rate>`. An entry that lowers it is a *return*, whether money goes back or a bad card waits for
its replacement, which is a delivery of its own then: the two cancel in `net`.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from quanyi.errors import Invalid
from quanyi.ledger.model import LedgerEntry
from quanyi.tax.included import included

REVENUE = "revenue:"


@dataclass(frozen=True, order=True)
class Taxed:
    """What one row of the file is about; `rate` in basis points."""

    channel: str
    currency: str
    tax_class: str
    rate: int


@dataclass(frozen=True)
class Turnover:
    """Minor units with the tax in them. `deliveries` and `returns` count journal entries: one entry is what one write
    of one order moved, of however many units."""

    delivered: int = 0
    returned: int = 0
    deliveries: int = 0
    returns: int = 0

    def __add__(self, other: "Turnover") -> "Turnover":
        return Turnover(
            self.delivered + other.delivered,
            self.returned + other.returned,
            self.deliveries + other.deliveries,
            self.returns + other.returns,
        )

    @property
    def net(self) -> int:
        return self.delivered - self.returned


def tax_of(row: Taxed, sums: Turnover) -> int:
    """Of the row's net sum, as it is declared: rounded once, not entry by entry. Negative in a month of returns."""
    return included(sums.net, row.rate)


def turnover(entries: Iterable[LedgerEntry]) -> dict[Taxed, Turnover]:
    """In one pass, keeping nothing but the sums."""
    found: dict[Taxed, Turnover] = {}
    for entry in entries:
        for account, amount in entry.lines.items():
            if account.startswith(REVENUE) and amount:
                tax_class, _, rate = account.removeprefix(REVENUE).rpartition("@")
                row = Taxed(entry.channel, entry.currency, tax_class, int(rate))
                moved = Turnover(-amount, 0, 1, 0) if amount < 0 else Turnover(0, amount, 0, 1)
                found[row] = found.get(row, Turnover()) + moved
    return found


def together(parts: Iterable[dict[Taxed, Turnover]]) -> dict[Taxed, Turnover]:
    """The sums of several days, in the order of the file."""
    found: dict[Taxed, Turnover] = {}
    for part in parts:
        for row, sums in part.items():
            found[row] = found.get(row, Turnover()) + sums
    return dict(sorted(found.items()))


def days_of(month: str, today: str) -> tuple[list[str], bool]:
    """The shop's days of a month (`2026-11`) up to `today`, and whether the month is over.

    Raises Invalid (`month_ahead`).
    """
    year, number = (int(part) for part in month.split("-"))
    days = [date(year, number, day).isoformat() for day in range(1, monthrange(year, number)[1] + 1)]
    past = [day for day in days if day <= today]
    if not past:
        raise Invalid("This month has not begun.", reason="month_ahead")
    return past, days[-1] < today
