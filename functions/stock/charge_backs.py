"""What suppliers are asked to credit: cards of theirs that were bad and have been replaced."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import Self

from pydantic import Field

from quanyi.claims.model import ChargeBack, ChargeOutcome, claim_id, in_place_of
from quanyi.claims.table import ChargeBacks
from quanyi.clock import Clock, Timestamp, day, end_of_day, stamp
from quanyi.csv_pages import Cell, csv_page
from quanyi.errors import Invalid
from quanyi.http import View
from quanyi.money import Money
from quanyi.orders.model import Unit
from quanyi.orders.table import OrdersTable
from quanyi.table import decode_cursor, encode_cursor

USUAL_DAYS = timedelta(days=30)
MOST_DAYS = 366
OLDEST, LATEST = date(2000, 1, 1), date(9999, 1, 1)
MOST_COUNTED = 50_000
"""Bad cards that one answer adds up."""
ROWS = 200
"""Of a page of CSV."""

COLUMNS = (
    *("supplier", "at", "card", "sku", "batch", "cost", "currency", "reason", "claim", "order", "unit"),
    *("outcome", "replacement"),
)


class ChargeBackView(View):
    """A bad card. `replacement` is the card that the buyer got in its place."""

    card: str
    sku: str
    batch: str
    supplier: str
    cost: Money = Field(description="What the supplier was paid for it, and is asked to credit")
    at: Timestamp = Field(description="When it was replaced")
    reason: str
    claim: str = Field(description="The claim that was granted: the buyer's, or support's own")
    order: str
    unit: str
    outcome: ChargeOutcome
    replacement: str | None

    @classmethod
    def of(cls, one: ChargeBack, unit: Unit) -> Self:
        outcome, replacement = in_place_of(unit, one.card)
        return cls(
            card=one.card,
            sku=one.sku,
            batch=one.batch,
            supplier=one.supplier,
            cost=one.cost,
            at=one.at,
            reason=one.reason,
            claim=claim_id(one.order, one.unit, one.card),
            order=one.order,
            unit=one.unit,
            outcome=outcome,
            replacement=replacement,
        )


class Credit(View):
    """What one supplier is asked for in one currency."""

    supplier: str
    cards: int
    cost: Money


class ChargeBackPage(View):
    items: list[ChargeBackView]
    totals: list[Credit] | None = Field(description="Of all pages together; the first page alone has them")
    next: str | None = None


@dataclass(frozen=True)
class Asked:
    """Of one supplier or of all, on the shop's days `first` to `last`; None: 30 days before `last`, today."""

    supplier: str | None
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Owed:
    """What suppliers owe, and the orders that tell what their buyers have instead."""

    charges: ChargeBacks
    orders: OrdersTable
    clock: Clock

    def page(self, asked: Asked, limit: int, cursor: str | None) -> ChargeBackPage:
        """Month by month, in each by supplier, then by time. Raises Invalid (`range`, `too_many`), Malformed
        (cursor)."""
        since, until = self._moments(asked)
        start = decode_cursor(cursor, ("month", "listed"))
        after = (start["month"], start["listed"]) if start else None
        found = self.charges.between(since, until, asked.supplier, after=after, limit=limit + 1 if after else None)
        shown = list(islice(found, limit + 1))
        return ChargeBackPage(
            items=self._with_outcome([one for one, _ in shown[:limit]]),
            totals=None if after else _credits(one for one, _ in chain(shown, found)),
            next=_cursor(*shown[limit - 1][1]) if len(shown) > limit else None,
        )

    def _moments(self, asked: Asked) -> tuple[datetime, datetime]:
        """The first, and the first one after."""
        zone = self.orders.zone
        last = asked.last or date.fromisoformat(day(self.clock(), zone))
        first = asked.first or last - USUAL_DAYS
        if not (OLDEST <= first <= last < LATEST and (last - first).days < MOST_DAYS):
            raise Invalid(f"`from` comes before `to`, and at most {MOST_DAYS} days are listed.", reason="range")
        return end_of_day(f"{first - timedelta(days=1)}", zone), end_of_day(f"{last}", zone)

    def _with_outcome(self, found: Sequence[ChargeBack]) -> list[ChargeBackView]:
        orders = self.orders.find([*dict.fromkeys(one.order for one in found)])
        return [ChargeBackView.of(one, orders[one.order].unit(one.unit)) for one in found]


def page_of_csv(items: Iterable[ChargeBackView], *, first: bool) -> str:
    """Amounts are minor units, times UTC."""
    return csv_page(COLUMNS, map(_row, items), first=first)


def _row(one: ChargeBackView) -> list[Cell]:
    about: list[Cell] = [one.supplier, stamp(one.at), one.card, one.sku, one.batch, one.cost.amount, one.cost.currency]
    return [*about, one.reason, one.claim, one.order, one.unit, one.outcome, one.replacement or ""]


def _credits(found: Iterable[ChargeBack]) -> list[Credit]:
    """Raises Invalid (`too_many`)."""
    cards, costs = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for number, one in enumerate(found):
        if number == MOST_COUNTED:
            raise Invalid("Too many to add up: ask for fewer days, or for one supplier.", reason="too_many")
        cards[one.supplier, one.cost.currency] += 1
        costs[one.supplier, one.cost.currency] += one.cost.amount
    return [
        Credit(
            supplier=supplier,
            cards=cards[supplier, currency],
            cost=Money(amount=costs[supplier, currency], currency=currency),
        )
        for supplier, currency in sorted(cards)
    ]


def _cursor(month: str, listed: str) -> str | None:
    return encode_cursor({"month": month, "listed": listed})
