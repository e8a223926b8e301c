"""One shop day's books, compared: orders, deliveries, journal, ledger, and the providers' settlement files.

The ledger and the files are streamed; orders are read a batch at a time. What stays in memory is one number for each
entry of the ledger, and the files' rows: a day of 100,000 orders needs about half a gigabyte.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from quanyi.cases.model import case_id
from quanyi.clock import day as day_of
from quanyi.clock import end_of_day
from quanyi.ledger.check import card_differences, imprint, ledger_differences, order_differences
from quanyi.ledger.model import Sums, added
from quanyi.orders.model import Order
from quanyi.orders.table import DAY_SHARDS, Queue
from quanyi.settlements.compare import Window, money_differences, share_done_at
from quanyi.settlements.differences import Difference
from quanyi.settlements.model import Settled, sums_of
from reports.books.files import NO_ORDER, Files
from reports.wiring import Office

BATCH = 100
STREAM_LAG = timedelta(minutes=2)
QUEUES: tuple[Queue, ...] = ("paid", "person", "unpaid")
MOST_LISTED = 1000
"""Differences that a report holds; it counts all of them."""

ProviderSums = dict[str, dict[str, Sums]]
"""`booked` here and in the provider's `file`: minor units of payments, refunds, disputes and fees, by currency."""


@dataclass
class Report:
    """Of a shop day. `accounts` is what moved on each account of the ledger, by currency."""

    day: str
    as_of: datetime
    orders: int = 0
    units_delivered: int = 0
    found: int = 0
    differences: list[Difference] = field(default_factory=list[Difference])
    waiting_for_file: list[str] = field(default_factory=list[str])
    accounts: Sums = field(default_factory=dict)
    providers: ProviderSums = field(default_factory=dict)


class TooLarge(Exception):
    """The day has more orders than the caller wants to wait for."""


def reconcile(office: Office, day: str, most: int | None = None) -> Report:
    """Raises TooLarge when more than `most` orders belong to the day."""
    return _Run(office, day).report(most)


@dataclass
class _Run:
    office: Office
    day: str
    entries: dict[str, dict[int, int]] = field(default_factory=dict[str, dict[int, int]])
    outside: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.end = end_of_day(self.day, self.office.zone)
        # A day is 23 to 25 hours long where clocks change.
        before = day_of(self.end - timedelta(hours=36), self.office.zone)
        self.start = end_of_day(before, self.office.zone)
        self.files = Files(self.office)
        self.window = Window(self.start, self.end, self.files.decided)
        self.result = Report(self.day, self.office.now())

    def report(self, most: int | None) -> Report:
        ids = self._ids(most)
        unsettled = self._unsettled(ids, most)
        result = self.result
        result.orders = len(ids)
        for some in _batches(sorted(ids)):
            for difference in self._of_orders(some):
                self._note(difference)
        for some in _batches(sorted(unsettled)):
            for difference in self._of_unsettled(some):
                self._note(difference)
        for difference in self._of_no_order():
            self._note(difference)
        result.waiting_for_file = sorted(self.files.waiting)
        return result

    def _note(self, difference: Difference) -> None:
        self.result.found += 1
        if len(self.result.differences) < MOST_LISTED:
            self.result.differences.append(difference)

    def _ids(self, most: int | None) -> set[str]:
        """Orders that were placed on the day, that the ledger has an entry of, or that a file tells of."""
        ids: set[str] = set()

        def more(found: Iterable[str]) -> None:
            for one in found:
                ids.add(one)
                if most is not None and len(ids) > most:
                    raise TooLarge

        more(self._placed())
        for entry in self.office.ledger.of_day(self.day):
            self.entries.setdefault(entry.order, {})[entry.rev] = imprint(entry.lines)
            added(self.result.accounts, entry)
            more([entry.order])
        for provider, by_order in self.files.within(self.start, self.end):
            told: list[Settled] = []
            for order, rows in by_order.items():
                mine = [one for one in rows if self.window.has(one.row.at)]
                told += mine
                if mine and order != NO_ORDER:
                    more([order])
            self._sum(provider, "file", sums_of(one.row for one in told))
        return ids

    def _placed(self) -> Iterator[str]:
        for shard in range(DAY_SHARDS):
            start = None
            while True:
                page = self.office.orders.created_on(self.day, shard, limit=1000, start=start)
                yield from (item["pk"].removeprefix("ORDER#") for item in page.items)
                if (start := page.next) is None:
                    break

    def _unsettled(self, ids: set[str], most: int | None) -> set[str]:
        """Orders of other days that something is still to be done about. Nothing moves on an order that is stuck: it
        belongs to no later day, so each day's report looks at all of them."""
        found: set[str] = set()
        for queue in QUEUES:
            for one in self.office.orders.due(queue, limit=1000):
                if one not in ids:
                    found.add(one)
                if most is not None and len(ids) + len(found) > most:
                    raise TooLarge
        return found

    def _of_unsettled(self, ids: list[str]) -> Iterator[Difference]:
        """What is wrong with them now, unless they are younger than the day."""
        for order in self.office.orders.find(ids).values():
            if order.created_at < self.end:
                yield from order_differences(order, self.result.as_of)

    def _of_orders(self, ids: list[str]) -> Iterator[Difference]:
        orders = self.office.orders.find(ids)
        rows = self.files.rows_of(orders.values())
        cards = self.office.cards.get_many(
            list({u.card for o in orders.values() for u in o.units if u.state == "delivered" and u.card})
        )
        disputes = (one for some in rows.values() for one in some if one.row.kind == "dispute")
        cases = self.office.cases.find([case_id(one.provider, one.row.transaction) for one in disputes])
        for order_id in ids:
            order = orders.get(order_id)
            if order is None:
                yield from self._of_unknown(order_id)
                continue
            self._add(order, rows[order_id])
            yield from order_differences(order, self.result.as_of)
            yield from money_differences(order, rows[order_id], self.window, cases)
            yield from self._of_ledger(order)
            yield from card_differences(order, cards)

    def _of_ledger(self, order: Order) -> Iterator[Difference]:
        """The stream brings an entry within seconds: what is younger than that is not compared."""
        young = {posting.rev for posting in order.journal if posting.at > self.result.as_of - STREAM_LAG}
        today = [posting for posting in order.journal if self.window.has(posting.at) and posting.rev not in young]
        ledger = {rev: told for rev, told in self.entries.get(order.id, {}).items() if rev not in young}
        return ledger_differences(order, today, ledger)

    def _of_unknown(self, order_id: str) -> Iterator[Difference]:
        """A number like ours, of an order that is not there."""
        if order_id in self.entries:
            yield Difference("ledger_differs", order_id, expected=None, found={"wrong": sorted(self.entries[order_id])})
        for _, by_order in self.files.within(self.start, self.end):
            yield from map(_unexplained, (one for one in by_order.get(order_id, []) if self.window.has(one.row.at)))

    def _of_no_order(self) -> Iterator[Difference]:
        for _, by_order in self.files.within(self.start, self.end):
            for one in by_order.get(NO_ORDER, []):
                booked = one.row.kind != "payment" and f"{one.provider}:{one.row.transaction}" in self.outside
                if self.window.has(one.row.at) and not booked:
                    yield _unexplained(one)

    def _add(self, order: Order, rows: list[Settled]) -> None:
        """The order's facts of the day to the sums, and what the sandbox's table says of it."""
        self.outside |= {share.outside for refund in order.refunds for share in refund.shares if share.outside}
        self.result.units_delivered += sum(
            unit.state == "delivered" and self.window.has(unit.delivered_at) for unit in order.units
        )
        for payment in order.payments:
            currency = payment.currency or order.currency
            if payment.captured and self.window.has(payment.captured_at):
                told = {"payment": payment.captured, "fee": payment.fee}
                self._sum(payment.provider, "booked", {currency: told})
        for refund in order.refunds:
            for share in refund.shares:
                payment = order.payment(share.payment)
                if payment and share.state == "succeeded" and self.window.has(share_done_at(refund, share)):
                    currency = payment.currency or order.currency
                    self._sum(payment.provider, "booked", {currency: {"refund": share.amount + share.excess}})
        sandbox = [one.row for one in rows if not one.day and self.window.has(one.row.at)]
        if sandbox:
            self._sum("sandbox", "file", sums_of(sandbox))

    def _sum(self, provider: str, where: str, more: Sums) -> None:
        sums = self.result.providers.setdefault(provider, {}).setdefault(where, {})
        for currency, amounts in more.items():
            one = sums.setdefault(currency, {})
            for name, amount in amounts.items():
                one[name] = one.get(name, 0) + amount


def _unexplained(one: Settled) -> Difference:
    kind = "payment_of_no_order" if one.row.kind == "payment" else "taken_back_not_here"
    told = {"amount": one.row.amount, "currency": one.row.currency, "number": one.row.number}
    return Difference(kind, None, one.provider, one.row.transaction, expected=told)


def _batches(ids: list[str]) -> Iterator[list[str]]:
    todo = iter(ids)
    while some := list(islice(todo, BATCH)):
        yield some
