"""Diversion (窜货): vouchers of ours that were used where they do not belong, traced from the card to the order that
sold it and the agent behind that.

Only the shop's own vouchers are seen: where a third party's card is used, nobody tells us.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from quanyi.clock import day
from quanyi.money import Money
from quanyi.orders.model import Order
from quanyi.redemptions.model import Record
from quanyi.stores.model import Store
from quanyi.vouchers.model import Series

Flag: TypeAlias = Literal["foreign_region", "foreign_store", "below_floor", "in_bulk"]

IN_BULK = 5
"""Vouchers of one agent that one person uses in a day."""
SCORES: Mapping[Flag, int] = {"foreign_region": 40, "foreign_store": 40, "below_floor": 30, "in_bulk": 30}


@dataclass(frozen=True)
class Traced:
    """One use: the card, the order that sold it, who was behind that, and what speaks for diversion. `price` is what
    was paid for the voucher, in the money that it was sold in."""

    record: Record
    agent: str
    sold_in: str
    price: Money | None
    region: str
    flags: tuple[Flag, ...]

    @property
    def score(self) -> int:
        return sum(SCORES[flag] for flag in self.flags)


def traced(
    records: Sequence[Record],
    orders: Mapping[str, Order],
    series: Mapping[str, Series],
    stores: Mapping[str, Store],
    zone: str,
) -> list[Traced]:
    """Those uses that stand of vouchers that an order sold. A use whose series or store is unknown has no flags of
    theirs."""
    sold = [(record, orders[record.order]) for record in records if record.order in orders and not _reversed(record)]
    # Vouchers, not uses: who takes five coffees from one voucher has one.
    used = {(who, record.card_id) for record, order in sold if (who := _person(record, order, zone))}
    per_person = Counter(who for who, _ in used)
    found: list[Traced] = []
    for record, order in sold:
        of, store = series.get(record.series), stores.get(record.use.store)
        amount = next((unit.amount for unit in order.units if unit.card == record.card_id), None)
        same_money = of is not None and of.terms.currency == order.currency
        region = (store.region if store else None) or ""
        who = _person(record, order, zone)
        flags: dict[Flag, bool] = {
            "foreign_region": of is not None and of.terms.foreign_region(region),
            "foreign_store": of is not None and of.terms.foreign_store(record.use.store),
            "below_floor": of is not None and same_money and of.terms.below_floor(amount),
            "in_bulk": who is not None and per_person[who] >= IN_BULK,
        }
        raised: tuple[Flag, ...] = tuple(flag for flag, holds in flags.items() if holds)
        price = None if amount is None else Money(amount=amount, currency=order.currency)
        found.append(Traced(record, order.agent, order.channel, price, region, raised))
    return found


def _reversed(record: Record) -> bool:
    return record.use.reversed_at is not None


def _person(record: Record, order: Order, zone: str) -> tuple[str, str, str] | None:
    use = record.use
    return (order.agent, use.member, day(use.at, zone)) if use.member else None
