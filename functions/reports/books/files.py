"""The settlement files of some days, by order, each read once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quanyi.orders.model import Order
from quanyi.orders.numbers import share_number
from quanyi.payments.port import SettlementRow
from quanyi.payments.registry import SANDBOX
from quanyi.settlements.compare import CLOCKS_DIFFER, share_done_at
from quanyi.settlements.model import Settled, days_between
from quanyi.table import Item
from reports.wiring import Office

ByOrder = Mapping[str, list[Settled]]
NO_ORDER = ""
"""Rows that name no order, and whose transaction none has booked."""


@dataclass
class Files:
    """`waiting` are the providers whose file of a day was looked for and is not there yet. The sandbox has no file: its
    own table serves as one."""

    office: Office
    waiting: set[str] = field(default_factory=set[str])
    _read: dict[tuple[str, str], ByOrder | None] = field(default_factory=dict[tuple[str, str], ByOrder | None])

    def zones(self) -> Mapping[str, str]:
        """The zones of the days of every provider that is set up and has files."""
        kinds = self.office.providers.kinds
        names = self.office.providers.settings.every() if self.office.providers.settings else {}
        return {name: kinds[name].bill_zone for name in sorted(names) if name in kinds and kinds[name].bill_zone}

    def decided(self, provider: str, first: datetime, last: datetime) -> bool:
        """Whether every file that a fact of [first, last] could stand in is there."""
        if provider == SANDBOX:
            return self.office.sandbox is not None
        zone = self.zones().get(provider)
        if zone is None:
            return False
        there = [self.of(provider, day) is not None for day in days_between(first, last, zone)]
        if not all(there):
            self.waiting.add(provider)
        return all(there)

    def within(self, start: datetime, end: datetime) -> Iterator[tuple[str, ByOrder]]:
        """The files that hold moments of [start, end); providers that lack one are waited for."""
        for provider, zone in self.zones().items():
            for day in days_between(start, end - CLOCKS_DIFFER, zone):
                found = self.of(provider, day)
                if found is None:
                    self.waiting.add(provider)
                else:
                    yield provider, found

    def of(self, provider: str, day: str) -> ByOrder | None:
        if (provider, day) not in self._read:
            rows = self.office.settlements.rows(provider, day)
            self._read[provider, day] = None if rows is None else self.by_order(rows)
        return self._read[provider, day]

    def about(self, order: Order) -> list[Settled]:
        """One order's rows, of all days that could hold one, without reading whole files."""
        found: list[Settled] = []
        for provider, day in self._days(order):
            booked = {p.transaction for p in order.payments if p.provider == provider and p.transaction}
            found += self.office.settlements.rows_about(provider, day, order.id, sorted(booked)) or []
        return [*found, *(one for _, one in self._of_sandbox([order]))]

    def rows_of(self, orders: Iterable[Order]) -> dict[str, list[Settled]]:
        """Each order's rows, of all days that could hold one."""
        orders = list(orders)
        found = {order.id: [row for provider, day in self._days(order) for row in self._rows(provider, day, order.id)]
                 for order in orders}  # fmt: skip
        for order, one in self._of_sandbox(orders):
            found[order].append(one)
        return found

    def _rows(self, provider: str, day: str, order: str) -> list[Settled]:
        return (self.of(provider, day) or {}).get(order, [])

    def _days(self, order: Order) -> list[tuple[str, str]]:
        """Days on which a provider could have written something about the order's payments and refunds."""
        zones = self.zones()
        spans = [
            (p.provider, p.created_at, p.captured_at or p.created_at)
            for p in order.payments
        ] + [
            (p.provider, r.created_at, share_done_at(r, s))
            for r in order.refunds for s in r.shares if (p := order.payment(s.payment))
        ]  # fmt: skip
        days = [
            (provider, day)
            for provider, first, last in spans
            if provider in zones
            for day in days_between(first - CLOCKS_DIFFER, last + CLOCKS_DIFFER, zones[provider])
        ]
        return list(dict.fromkeys([*days, *((p, d) for p, d in self._read if p in zones)]))

    def by_order(self, rows: Iterable[Settled]) -> ByOrder:
        """A row whose number is none of ours is of the order that its transaction is booked on."""
        found: dict[str, list[Settled]] = {}
        others: list[Settled] = []
        for one in rows:
            if one.order:
                found.setdefault(one.order, []).append(one)
            else:
                others.append(one)
        booked = self.office.orders.booked([(one.provider, one.row.paid) for one in others])
        for one in others:
            found.setdefault(booked.get((one.provider, one.row.paid), NO_ORDER), []).append(one)
        return found

    def _of_sandbox(self, orders: list[Order]) -> Iterator[tuple[str, Settled]]:
        """What the sandbox's own table says of these orders' payments and refunds, as a file's rows. It keeps no
        moments: a row has that of what it is about."""
        if self.office.sandbox is None:
            return
        about: dict[str, tuple[str, datetime, str]] = {}
        for order in orders:
            sandbox = {p.id: p for p in order.payments if p.provider == SANDBOX}
            for p in sandbox.values():
                about[f"PAYMENT#{p.id}"] = (order.id, p.captured_at or p.created_at, order.currency)
            for refund in order.refunds:
                for number, share in enumerate(refund.shares):
                    if share.payment in sandbox:
                        currency = sandbox[share.payment].currency or order.currency
                        name, at = f"REFUND#{share_number(refund.id, number)}", share_done_at(refund, share)
                        about[name] = (order.id, at, currency)
        for item in self.office.sandbox.get_many([{"pk": pk, "sk": pk.split("#")[0]} for pk in about]):
            order_id, at, currency = about[item["pk"]]
            if row := _sandbox_row(item, at, currency):
                yield order_id, Settled(SANDBOX, "", item["pk"], row)


def _sandbox_row(item: Item, at: datetime, currency: str) -> SettlementRow | None:
    kind, number = item["pk"].split("#")
    if kind == "REFUND":
        return SettlementRow("refund", item["transaction"], number, item["amount"], 0, currency, at)
    if item["state"] != "captured":
        return None
    amount, paid_in = item["captured_amount"], item["currency"]
    return SettlementRow("payment", item["transaction"], number, amount, 0, paid_in, at)
