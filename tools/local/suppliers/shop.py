"""What the local supplier knows and does: goods, a balance, orders by the customer's key, and its books. No sockets.

An order is charged once for its key, whatever the protocol; a supplier that is `careless` charges each time it hears of
one, so that a customer who sends twice is found out by its books.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from tools.local.suppliers.faults import Faults
from tools.local.suppliers.goods import Entry, Good, Refused, Sale, SoldCard, usual

BEIJING = timezone(timedelta(hours=8))
"""Its statement's days are of this zone."""
PRICE_RISE = 10
"""Percent."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Shop:
    """Safe to use from several threads. Amounts are minor units of `currency`."""

    faults: Faults = field(default_factory=Faults)
    currency: str = "CNY"
    balance: int = 10**11
    goods: dict[str, Good] = field(default_factory=usual)
    careless: bool = False
    keeps_shortages: bool = False
    """It charges for cards that it did not deliver, too."""
    late_seconds: float | None = None
    """After how long what is late is over; None: when somebody advances it."""
    now: Any = system_clock
    sales: dict[str, Sale] = field(default_factory=dict[str, Sale])
    books: list[Entry] = field(default_factory=list[Entry])
    asked: Counter[str] = field(default_factory=Counter[str])
    """How often an order with that key was carried out, or would have been."""
    refusals: dict[str, str] = field(default_factory=dict[str, str])
    """Why it refused the order with that key: once refused stays refused."""
    closed: set[str] = field(default_factory=set[str])
    """Keys that were cancelled before their order came."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    # What customers ask for.

    def place(
        self,
        key: str,
        code: str,
        quantity: int,
        *,
        most: int | None = None,
        currency: str | None = None,
        account: Mapping[str, str] | None = None,
        notify_url: str = "",
    ) -> Sale:
        """Takes an order, or answers the one that has the key. `most` is what one may cost. Raises Refused."""
        with self.lock:
            self.asked[key] += 1
            sale = Sale(key, "", code, "card", quantity, 0, self.now(), dict(account or {}), notify_url)
            known = self.sales.get(key)
            if known and known.content != sale.content:
                raise Refused("key_reused")
            if known:
                if self.careless:
                    self._charge(known)
                return known
            if key in self.refusals:
                raise Refused(self.refusals[key])
            try:
                self._take(sale, most, currency)
            except Refused as refused:
                self.refusals[key] = refused.why
                raise
            self.sales[key] = sale
            self._begin(sale)
            return sale

    def sale(self, key: str) -> Sale | None:
        """As it stands now."""
        with self.lock:
            sale = self.sales.get(key)
            if sale and sale.ready_at and sale.state == "pending" and sale.ready_at <= self.now():
                self.settle(sale)
            return sale

    def cancel(self, key: str) -> Sale | None:
        """Ends what is pending and gives the money back; a key that is not known is closed: an order that comes with
        it later is refused."""
        with self.lock:
            sale = self.sale(key)
            if sale is None:
                self.closed.add(key)
            elif sale.state == "pending" and not sale.cards:
                sale.fails, sale.reason = True, "cancelled"
                self.settle(sale)
            return sale

    def can_top_up(self, code: str, account: Mapping[str, str]) -> bool:
        """Accounts that end in four zeros do not exist."""
        good = self.goods.get(code)
        full = good is not None and good.kind == "topup" and all(account.get(name) for name in good.fields)
        return full and not any(value.endswith("0000") for value in account.values())

    def statement(self, day: str) -> list[Entry]:
        with self.lock:
            return [entry for entry in self.books if f"{entry.at.astimezone(BEIJING):%Y-%m-%d}" == day]

    # What happens at the supplier's side.

    def price(self, code: str, cost: int) -> None:
        with self.lock:
            self.goods[code].cost = cost

    def due(self) -> list[Sale]:
        """Orders that have become over by the clock alone; they are settled now."""
        with self.lock:
            found = [it for it in self.sales.values() if it.state == "pending" and it.ready_at]
            due = [it for it in found if it.ready_at and it.ready_at <= self.now()]
            for sale in due:
                self.settle(sale)
            return due

    def advance(self, key: str = "") -> list[Sale]:
        """Ends what is pending, of one key or all."""
        with self.lock:
            found = [it for it in self.sales.values() if it.state == "pending" and key in ("", it.key)]
            for sale in found:
                self.settle(sale)
            return found

    def settle(self, sale: Sale) -> None:
        """Ends an order: delivers what is coming, or fails and gives the money back."""
        with self.lock:
            if sale.state != "pending":
                return
            if sale.fails:
                sale.state, sale.reason = "failed", sale.reason or "recharge_failed"
                if not sale.cards:
                    self._give_back(sale, sale.quantity)
            else:
                sale.state = "done"
                sale.cards += sale.coming
                missing = sale.quantity - len(sale.cards)
                if sale.kind == "card" and missing > 0 and not self.keeps_shortages:
                    self._give_back(sale, missing)
            sale.coming = []
            sale.ended_at = self.now()

    # What its books say.

    def charged(self, key: str) -> int:
        """How often it took money for a key."""
        with self.lock:
            return sum(1 for entry in self.books if entry.key == key and entry.kind == "charge")

    def charged_twice(self) -> list[str]:
        """Keys that it took money for more than once."""
        with self.lock:
            times = Counter(entry.key for entry in self.books if entry.kind == "charge")
        return sorted(key for key, count in times.items() if count > 1)

    def kept(self, key: str) -> int:
        """What it took for a key and did not give back, minor units."""
        with self.lock:
            return sum(entry.amount for entry in self.books if entry.key == key)

    def report(self) -> dict[str, Any]:
        """All orders and what was taken for each: for proofs. Secrets are not in it."""
        with self.lock:
            times = Counter(entry.key for entry in self.books if entry.kind == "charge")
            return {
                "balance": self.balance,
                "charged_twice": self.charged_twice(),
                "struck": dict(self.faults.struck),
                "orders": {
                    key: {
                        "code": sale.code,
                        "state": sale.state,
                        "quantity": sale.quantity,
                        "delivered": len(sale.cards),
                        "asked": self.asked[key],
                        "charged": times[key],
                        "kept": self.kept(key),
                    }
                    for key, sale in self.sales.items()
                },
            }

    # Below: parts of the above.

    def _take(self, sale: Sale, most: int | None, currency: str | None) -> None:
        fault = self.faults.strike("refusal", sale.key, "order")
        good = self.goods.get(sale.code)
        if good is None or not good.on_sale:
            raise Refused("not_on_sale")
        if fault == "price_rise":
            good.cost += max(1, good.cost * PRICE_RISE // 100)
        if why := self._why_not(sale, good, most, currency, fault):
            raise Refused(why)
        if good.stock is not None:
            good.stock -= sale.quantity
        sale.kind, sale.unit_cost = good.kind, good.cost
        sale.number = f"S{len(self.sales) + 1:08d}"

    def _why_not(self, sale: Sale, good: Good, most: int | None, currency: str | None, fault: str) -> str:
        no_stock = good.stock is not None and good.stock < sale.quantity
        found = {
            "cancelled": sale.key in self.closed,
            "other_currency": currency not in (None, self.currency),
            "bad_quantity": not good.minimum <= sale.quantity <= good.most,
            "bad_account": good.kind == "topup" and not self.can_top_up(sale.code, sale.account),
            "price_above_most": most is not None and good.cost > most,
            "sold_out": no_stock or fault == "sold_out",
            "no_balance": self.balance < good.cost * sale.quantity or fault == "no_balance",
        }
        return next((why for why, true in found.items() if true), "")

    def _begin(self, sale: Sale) -> None:
        """Charges it, and decides what becomes of it."""
        self._charge(sale)
        course = self.faults.strike("course", sale.key, "order")
        if sale.kind == "card":
            sale.coming = self._cards(sale, self.faults.strike("delivery", sale.key, "order"))
        if course == "partly":
            half = len(sale.coming) // 2
            sale.cards, sale.coming = sale.coming[:half], sale.coming[half:]
        sale.fails = course == "late_failure"
        if not course:
            self.settle(sale)
        elif self.late_seconds is not None:
            sale.ready_at = sale.at + timedelta(seconds=self.late_seconds)

    def _cards(self, sale: Sale, fault: str) -> list[SoldCard]:
        count = sale.quantity + {"short": -1, "surplus": 1}.get(fault, 0)
        others = [card for key, it in self.sales.items() if key != sale.key for card in it.cards]
        made = [self._card(sale, i) for i in range(count)]
        if fault == "repeated" and len(made) > 1:
            made[-1] = made[0]
        if fault == "resold" and others and made:
            made[-1] = others[0]
        return made

    def _card(self, sale: Sale, index: int) -> SoldCard:
        """Unlike any other, of this supplier's and of those with another seed."""
        good = self.goods[sale.code]
        chance = Random(f"{self.faults.seed}/card/{sale.key}/{index}")  # noqa: S311 - can be told again on purpose
        number = f"{chance.randrange(10**6):06d}{sale.number[1:]}{index:04d}{chance.randrange(10**6):06d}"
        ends = self.now() + timedelta(days=good.days) if good.days else None
        return SoldCard(number, f"{chance.randrange(10**16):016d}" if good.pin else "", ends)

    def _charge(self, sale: Sale) -> None:
        total = sale.unit_cost * sale.quantity
        self.balance -= total
        self.books.append(Entry(sale.key, sale.number, total, self.now(), sale.quantity, "charge"))

    def _give_back(self, sale: Sale, quantity: int) -> None:
        amount = sale.unit_cost * quantity
        self.balance += amount
        good = self.goods[sale.code]
        if good.stock is not None:
            good.stock += quantity
        self.books.append(Entry(sale.key, sale.number, -amount, self.now(), quantity, "refund"))
