"""Diversion (窜货): vouchers of ours that were used where they do not belong, traced from the card to the order that
sold it and the agent behind that. What no order sold (a printed series) is nobody's: its agent is empty.

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

_Person: TypeAlias = tuple[str, str, str]
"""Who used vouchers of an agent on a day."""
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
    besides: Sequence[Record] = (),
) -> list[Traced]:
    """Those uses that stand. A use whose series or store is unknown has no flags of theirs; a voucher that no order
    sold has neither agent nor price. `besides` are further uses of the same days, that count for what one person used
    alone."""
    per_person = _vouchers_used([*records, *besides], orders, zone)
    found: list[Traced] = []
    for record in records:
        order = orders.get(record.order)
        if record.taken_back or (record.order and order is None):
            continue
        of, store = series.get(record.series), stores.get(record.use.store)
        price = _price(record, order) if order else None
        same_money = of is not None and price is not None and of.terms.currency == price.currency
        region = (store.region if store else None) or ""
        who = _person(record, order, zone)
        flags: dict[Flag, bool] = {
            "foreign_region": of is not None and of.terms.foreign_region(region),
            "foreign_store": of is not None and of.terms.foreign_store(record.use.store),
            "below_floor": of is not None and same_money and of.terms.below_floor(price.amount if price else None),
            "in_bulk": who is not None and per_person[who] >= IN_BULK,
        }
        raised: tuple[Flag, ...] = tuple(flag for flag, holds in flags.items() if holds)
        agent, sold_in = (order.agent, order.channel) if order else ("", record.channel)
        found.append(Traced(record, agent, sold_in, price, region, raised))
    return found


def _vouchers_used(records: Sequence[Record], orders: Mapping[str, Order], zone: str) -> Counter[_Person | None]:
    """Vouchers, not uses: who takes five coffees from one voucher has one."""
    standing = [record for record in records if not record.taken_back]
    used = {(_person(record, orders.get(record.order), zone), record.card_id) for record in standing}
    return Counter(who for who, _ in used)


def _price(record: Record, order: Order) -> Money | None:
    amount = next((unit.amount for unit in order.units if unit.card == record.card_id), None)
    return None if amount is None else Money(amount=amount, currency=order.currency)


def _person(record: Record, order: Order | None, zone: str) -> _Person | None:
    use = record.use
    return (order.agent if order else "", use.member, day(use.at, zone)) if use.member else None
