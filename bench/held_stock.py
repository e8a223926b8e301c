"""A SKU's stock from day to day under a policy, and what nobody can do better: the opponents of the back-test.

A day opens with what arrives; what was owed is served first. On every `review_days`-th day a policy may order, before
the day's demand is known; the order arrives `lead_days` later. What is asked for and not there is owed. Stock is the
mean of what lies there as the day opens (after arrivals) and as it closes. Service is the fill rate: the share of units
that were there the day they were asked for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.two_years import FIRST, SCORED_FROM, Goods

SCORED = (SCORED_FROM - FIRST).days
"""The first day that counts, by its place in the history."""
WARMED = 60
"""Days before that a policy plays unscored, so that nobody starts with another's stock."""


@dataclass(frozen=True)
class Levels:
    """Below `low` it is ordered up to `up_to`."""

    low: float
    up_to: float


@dataclass(frozen=True)
class Held:
    """Of one SKU over the scored days. `cycles`: of the reviews, how many were followed by no shortage until the next
    one's order could arrive."""

    stock: float
    asked: int
    fill: float
    cycles: float


def reviews(goods: Goods, first: int, last: int) -> list[int]:
    return [day for day in range(first, last) if day % goods.review_days == 0]


def played(goods: Goods, levels: Callable[[int], Levels], first: int, last: int) -> Held:
    """Days `first` to before `last` count."""
    day = first - WARMED if first >= WARMED else first
    coming = [0] * (last + goods.lead_days + 1)
    begin = levels(day - day % goods.review_days if day else 0)
    net, on_order = math.ceil(begin.up_to), 0
    held, asked, served = 0.0, 0, 0
    short_days = set[int]()
    while day < last:
        arrived = coming[day]
        net += arrived
        on_order -= arrived
        if day % goods.review_days == 0:
            now, position = levels(day), net + on_order
            if position < now.low:
                packs = math.ceil((now.up_to - position) / goods.pack - 1e-9)
                if packs > 0:
                    coming[day + goods.lead_days] += packs * goods.pack
                    on_order += packs * goods.pack
        open_, wanted = max(0, net), goods.demand[day]
        net -= wanted
        if day >= first:
            held += (open_ + max(0, net)) / 2
            asked += wanted
            served += min(open_, wanted)
            if open_ < wanted:
                short_days.add((day - goods.lead_days) // goods.review_days)
        day += 1
    cycles = len({(d - goods.lead_days) // goods.review_days for d in range(first, last)})
    return Held(held / (last - first), asked, served / asked if asked else 1.0, 1 - len(short_days) / cycles)


def clairvoyant(goods: Sequence[Goods], fill: float, first: int, last: int) -> list[float]:
    """The least stock at cost, by SKU, that any policy can have which is bound to the same reviews and lead times and
    serves that share of the demand, at cost: it knows each day's demand, has every unit come with the last order that
    is in time, and leaves those units out that would lie longest. A bound: packs are left out too."""
    by_age: dict[tuple[int, int], int] = {}
    for place, one in enumerate(goods):
        for day in range(first, last):
            age = (day - one.lead_days) % one.review_days
            by_age[age, place] = by_age.get((age, place), 0) + one.cost * one.demand[day]
    left_out = (1 - fill) * sum(by_age.values())
    held = [0.0] * len(goods)
    for age, place in sorted(by_age, reverse=True):
        out = min(left_out, by_age[age, place])
        left_out -= out
        held[place] += (by_age[age, place] - out) * (age + 0.5) / (last - first)
    return held


SHARES = (1.0, 0.85, 0.7, 0.5)
"""Low thresholds that are tried, in the order-up-to level (the first: order whenever a pack fits)."""


def best_fixed(goods: Goods, fill: float, first: int, last: int) -> Levels:
    """The pair with the least stock among those that reach that fill rate on these days, as played on them."""
    found = list[tuple[float, Levels]]()
    for share in SHARES:
        low, high = 0, max(4, 2 * _most(goods, first, last))
        while low < high:
            middle = (low + high) // 2
            if _fixed(goods, share, middle, first, last)[1].fill >= fill:
                high = middle
            else:
                low = middle + 1
        levels, held = _fixed(goods, share, low, first, last)
        found.append((held.stock, levels))
    return min(found, key=lambda each: each[0])[1]


def _fixed(goods: Goods, share: float, up_to: int, first: int, last: int) -> tuple[Levels, Held]:
    levels = Levels(up_to - goods.pack + 1 if share == 1 else up_to * share, up_to)
    return levels, played(goods, lambda _: levels, first, last)


def _most(goods: Goods, first: int, last: int) -> int:
    """Demanded in as many days as an order must last, at the most."""
    days = goods.lead_days + goods.review_days
    return max(sum(goods.demand[day : day + days]) for day in range(first, last))
