"""What reports on customers and products mean, computed a second time: from the definitions in `docs/metrics`, in
pandas and plain Python, for the tests to compare the SQL with. Each answers the columns of its report.

It does not use the lake's column `day`: a fact's day is found anew from its moment.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tests.unit.shoppers import ZONE, Shop

Rows = list[dict[str, Any]]
Frame: TypeAlias = Any
"""A pandas DataFrame; what its columns hold is not for types to know."""
GRAINS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


@dataclass
class Told:
    """A shop's facts, and its orders that were paid for."""

    shop: Shop
    facts: Frame
    orders: Frame

    @classmethod
    def by(cls, shop: Shop) -> "Told":
        facts: Frame = pd.DataFrame(shop.rows)
        facts = facts[~facts["channel"].isin([name for name in shop.without.split(",") if name])]
        moments: Any = pd.to_datetime(facts["at"]).dt.tz_localize("UTC").dt.tz_convert(ZONE)
        facts = facts.assign(day=moments.dt.date)
        sold = facts[facts["kind"] == "sold"]
        orders = sold.groupby("subject", as_index=False).agg(
            buyer=("buyer", "first"), visitor=("visitor", "first"), channel=("channel", "first"),
            currency=("currency", "first"), at=("at", "first"), day=("day", "first"), gmv=("amount", "sum"),
        )  # fmt: skip
        return cls(shop, facts, orders)

    @cached_property
    def past(self) -> Frame:
        """Orders up to the last day."""
        return self.orders[self.orders["day"] <= self.shop.last]

    @cached_property
    def bought(self) -> Frame:
        """Orders of the range."""
        return self.past[self.past["day"] >= self.shop.first]

    @cached_property
    def ranged(self) -> Frame:
        """Facts of the range."""
        return self.facts[(self.facts["day"] >= self.shop.first) & (self.facts["day"] <= self.shop.last)]

    def first_days(self) -> dict[str, date]:
        known = self.past[self.past["buyer"] != ""]
        return known.groupby("buyer")["day"].min().to_dict()


def customers_new_returning(told: Told) -> Rows:
    found: Rows = []
    firsts = told.first_days()
    by = ["period", "channel", "currency"]
    for grain, start in GRAINS.items():
        orders = told.bought.assign(period=told.bought["day"].map(start))
        born = orders["buyer"].map({buyer: start(day) for buyer, day in firsts.items()})
        orders["fresh"], orders["known"] = born == orders["period"], orders["buyer"] != ""
        both: Frame = pd.concat([orders, orders.assign(channel="*")])
        fresh, known = both[both["fresh"]].groupby(by), both[both["known"]].groupby(by)
        sums = both.groupby(by)["gmv"].agg(orders="size", gmv="sum").assign(
            new=fresh["buyer"].nunique(),
            both=known["buyer"].nunique(),
            new_orders=fresh.size(),
            new_gmv=fresh["gmv"].sum(),
            known_orders=known.size(),
        ).fillna(0)  # fmt: skip
        sums["returning"] = sums.pop("both") - sums["new"]
        found += [{"grain": grain, **row} for row in _rows(sums.reset_index())]
    return found


def customers_active(told: Told) -> Rows:
    firsts = told.first_days()
    numbers = {
        buyer: number for number, buyer in enumerate(sorted(firsts, key=lambda buyer: (firsts[buyer], buyer)), 1)
    }
    return [
        {**row, "number": numbers[row["buyer"]]}
        for row in active_buyers(told)
        if "*" not in (row["channel"], row["currency"])
    ]


def active_buyers(told: Told) -> Rows:
    """One for each buyer of a cell: `*` are all channels, and all currencies, whose money is not added."""
    firsts = told.first_days()
    found: Rows = []
    known = told.bought[told.bought["buyer"] != ""]
    every: Frame = pd.concat([known, known.assign(channel="*"), known.assign(channel="*", currency="*")])
    for grain in ("week", "month"):
        start = GRAINS[grain]
        by = [every["day"].map(start).rename("period"), "channel", "currency", "buyer"]
        sums = every.groupby(by)["gmv"].agg(orders="size", gmv="sum").reset_index()
        found += [
            {
                **row,
                "grain": grain,
                "cohort": start(firsts[row["buyer"]]),
                "gmv": row["gmv"] if row["currency"] != "*" else None,
            }
            for row in _rows(sums)
        ]
    return found


def cohorts_weekly(told: Told) -> Rows:
    return _cohorts(told, "week", lambda one, other: (other - one).days // 7)


def cohorts_monthly(told: Told) -> Rows:
    return _cohorts(told, "month", _months)


def _months(one: date, other: date) -> int:
    return (other.year - one.year) * 12 + other.month - one.month


def _cohorts(told: Told, grain: str, between: Callable[[date, date], int]) -> Rows:
    start, last = GRAINS[grain], told.shop.last
    buyers: dict[date, set[str]] = defaultdict(set)
    for buyer, day in told.first_days().items():
        if start(day) >= start(told.shop.first):
            buyers[start(day)].add(buyer)
    cohort_of = {buyer: cohort for cohort, members in buyers.items() for buyer in members}
    came: dict[tuple[date, int], set[str]] = defaultdict(set)
    paid: dict[tuple[date, int, str], list[int]] = defaultdict(list)
    for order in told.past.itertuples():
        if cohort := cohort_of.get(str(order.buyer)):
            age = between(cohort, start(order.day))
            came[cohort, age].add(str(order.buyer))
            paid[cohort, age, str(order.currency)].append(order.gmv)
    return [
        {
            "cohort": cohort,
            "currency": currency,
            "age": age,
            "buyers": len(buyers[cohort]),
            "active": len(came[cohort, age]),
            "retention": len(came[cohort, age]) / len(buyers[cohort]),
            "orders": len(paid[cohort, age, currency]),
            "gmv": sum(paid[cohort, age, currency]),
            "complete": age < between(cohort, start(last)) or start(last + timedelta(days=1)) > start(last),
        }
        for cohort, currency in sorted({(cohort, currency) for cohort, _, currency in paid})
        for age in range(between(cohort, start(last)) + 1)
    ]


def rfm(told: Told, *, bands: int = 5, edges: Mapping[str, Sequence[int]] | None = None, currency: str = "") -> Rows:
    """`edges` by score (`r`), those of `m` for one currency."""
    known = told.bought[told.bought["buyer"] != ""]
    back = told.ranged[(told.ranged["kind"] == "refund_asked") & (told.ranged["reason"] != "surplus")]
    spent = known.groupby(["buyer", "currency"]).agg(last=("day", "max"), frequency=("gmv", "size"), gmv=("gmv", "sum"))
    spent["monetary"] = spent["gmv"].sub(back.groupby(["buyer", "currency"])["amount"].sum(), fill_value=0)[spent.index]
    spent["recency"] = [(told.shop.last - day).days for day in spent["last"]]
    parts: list[Frame] = []
    for name, part in spent.reset_index().groupby("currency"):
        scored = part.copy()
        for score, worst_first in (("r", -part["recency"]), ("f", part["frequency"]), ("m", part["monetary"])):
            fixed = (edges or {}).get(score)
            if fixed and (score != "m" or name == currency):
                limits = np.sort([-edge for edge in fixed] if score == "r" else fixed)
                scored[score] = 1 + np.searchsorted(limits, worst_first.to_numpy(), side="right")
            else:
                worse = np.searchsorted(np.sort(worst_first.to_numpy()), worst_first.to_numpy(), side="left")
                scored[score] = 1 + worse * bands // len(part)
        high = {score: scored[score] > scored[score].mean() for score in "rfm"}
        kinds = zip(high["m"], high["r"], high["f"], strict=True)
        scored["segment"] = [_SEGMENTS[tuple(map(bool, one))] for one in kinds]
        parts.append(scored)
    columns = ["buyer", "currency", "recency", "frequency", "gmv", "monetary", "r", "f", "m", "segment"]
    return _rows(pd.concat(parts)[columns]) if parts else []


_SEGMENTS: dict[tuple[bool, ...], str] = {
    (True, True, True): "important_value",
    (True, True, False): "important_growth",
    (True, False, True): "important_keep",
    (True, False, False): "important_win_back",
    (False, True, True): "general_value",
    (False, True, False): "general_growth",
    (False, False, True): "general_keep",
    (False, False, False): "general_win_back",
}
"""By M, R and F being high."""


def rfm_segments(told: Told) -> Rows:
    everyone: Frame = pd.DataFrame(rfm(told))
    found: Rows = []
    for currency, all_of_it in everyone.groupby("currency"):
        for segment, group in all_of_it.groupby("segment"):
            found.append(
                {
                    "currency": currency,
                    "segment": segment,
                    "buyers": len(group),
                    "purchases": group["frequency"].sum(),
                    "gmv": group["gmv"].sum(),
                    "monetary": group["monetary"].sum(),
                    "recency": group["recency"].mean(),
                    "share": len(group) / len(all_of_it),
                    "gmv_share": group["gmv"].sum() / all_of_it["gmv"].sum() if all_of_it["gmv"].sum() else None,
                }
            )
    return found


def _waits(told: Told) -> list[int]:
    """Days between a buyer's purchases, where the later one is in the range."""
    waits: list[int] = []
    for _, days in told.past[told.past["buyer"] != ""].groupby("buyer")["day"]:
        ordered = sorted(days)
        waits += [(later - earlier).days for earlier, later in pairwise(ordered) if later >= told.shop.first]
    return waits


def repurchase_intervals(told: Told) -> Rows:
    waits: Any = pd.Series(_waits(told), dtype="int64")
    counts = waits.value_counts().sort_index()
    so_far = counts.cumsum()
    return [
        {"days": days, "intervals": n, "so_far": so_far[days], "share": so_far[days] / len(waits)}
        for days, n in counts.items()
    ]


def repurchase(told: Told) -> Rows:
    waits = _waits(told)
    row: dict[str, Any] = {"intervals": len(waits)}
    for name, part in (("p25", 0.25), ("median", 0.5), ("p75", 0.75)):
        row[name] = int(np.quantile(waits, part, method="inverted_cdf")) if waits else None
    known = told.bought[told.bought["buyer"] != ""]
    row["buyers"] = known["buyer"].nunique()
    visits = {buyer: sorted(days) for buyer, days in known.groupby("buyer")["day"]}
    for within in (30, 60, 90):
        span = timedelta(days=within)
        watched = [days for days in visits.values() if days[0] + span <= told.shop.last]
        again = [days for days in watched if any(day <= days[0] + span for day in days[1:])]
        row |= {f"buyers_{within}": len(watched), f"repeated_{within}": len(again)}
        row[f"rate_{within}"] = len(again) / len(watched) if watched else None
    return [row] if visits else []


def lifetime_value(told: Told) -> Rows:
    last = told.shop.last
    start = GRAINS["month"]
    born = {buyer: start(day) for buyer, day in told.first_days().items() if start(day) >= start(told.shop.first)}
    sizes = Counter(born.values())
    gmv: Counter[tuple[date, str, int]] = Counter()
    margin: Counter[tuple[date, str, int]] = Counter()
    for order in told.past.itertuples():
        if cohort := born.get(str(order.buyer)):
            gmv[cohort, str(order.currency), _months(cohort, order.day)] += order.gmv
    for entry in told.facts[(told.facts["kind"] == "posted") & (told.facts["day"] <= last)].itertuples():
        counts = str(entry.account).startswith("revenue:") or entry.account in ("cost", "loss", "fees")
        if counts and (cohort := born.get(str(entry.buyer))):
            margin[cohort, str(entry.currency), max(0, _months(cohort, entry.day))] -= entry.amount
    found: Rows = []
    for cohort, currency in {key[:2] for key in (*gmv, *margin)}:
        grown = Counter[str]()
        oldest = _months(cohort, last)
        for age in range(oldest + 1):
            key = cohort, currency, age
            grown.update({"gmv": gmv[key], "margin": margin[key]})
            found.append(
                {
                    "cohort": cohort,
                    "currency": currency,
                    "age": age,
                    "buyers": sizes[cohort],
                    "gmv": gmv[key],
                    "margin": margin[key],
                    "cumulative_gmv": grown["gmv"],
                    "cumulative_margin": grown["margin"],
                    "gmv_per_buyer": grown["gmv"] / sizes[cohort],
                    "margin_per_buyer": grown["margin"] / sizes[cohort],
                    "complete": age < oldest or (last + timedelta(days=1)).month != last.month,
                }
            )
    return found


def products(told: Told) -> Rows:
    facts: Frame = pd.concat([told.ranged, told.ranged.assign(sku="*")])
    by = ["product", "sku", "currency"]
    lines, booked = facts[facts["kind"] == "sold"], facts[(facts["kind"] == "posted") & facts["line"].notna()]
    moved = booked["account"].str.startswith("revenue:") | booked["account"].isin(["cost", "loss"])
    booked = booked[moved]
    keys = sorted({*lines.groupby(by).groups, *booked.groupby(by).groups})
    sales, entries = dict(iter(lines.groupby(by))), dict(iter(booked.groupby(by)))
    found: Rows = []
    for key in keys:
        sale, entry = sales.get(key, lines.iloc[:0]), entries.get(key, booked.iloc[:0])
        orders_of = sale[sale["buyer"] != ""].groupby("buyer")["subject"].nunique()
        turnover = -entry[entry["account"].str.startswith("revenue:")]["amount"]
        delivered, returned = turnover[turnover > 0].sum(), -turnover[turnover < 0].sum()
        cost, loss = (entry[entry["account"] == name]["amount"].sum() for name in ("cost", "loss"))
        found.append(
            {
                **dict(zip(by, key, strict=True)),
                "orders": sale["subject"].nunique(),
                "units": sale["quantity"].sum(),
                "gmv": sale["amount"].sum(),
                "buyers": len(orders_of),
                "repeat_buyers": (orders_of >= 2).sum(),
                "repurchase_rate": (orders_of >= 2).mean() if len(orders_of) else None,
                "delivered": delivered,
                "returned": returned,
                "revenue": delivered - returned,
                "cost": cost,
                "loss": loss,
                "margin": delivered - returned - cost - loss,
            }
        )
    return found


def baskets(told: Told, *, at_least: int, days: int) -> Rows:
    lines = told.ranged[told.ranged["kind"] == "sold"]
    orders: dict[str, set[str]] = defaultdict(set)
    buyers: dict[str, dict[str, list[date]]] = defaultdict(lambda: defaultdict(list))
    for line in lines.itertuples():
        orders[str(line.subject)].add(str(line.sku))
        if line.buyer:
            buyers[str(line.buyer)][str(line.sku)].append(line.day)

    def near(one: list[date], other: list[date]) -> bool:
        return any(abs((a - b).days) <= days for a in one for b in other)

    in_orders = Counter(pair for skus in orders.values() for pair in combinations(sorted(skus), 2))
    of_buyers = Counter(
        (a, b) for skus in buyers.values() for a, b in combinations(sorted(skus), 2) if near(skus[a], skus[b])
    )
    alone = {"order": Counter(sku for skus in orders.values() for sku in skus)}
    alone["buyer"] = Counter(sku for skus in buyers.values() for sku in skus)
    totals = {"order": len(orders), "buyer": len(buyers)}
    return [
        row
        for scope, pairs in (("order", in_orders), ("buyer", of_buyers))
        for row in _pairs(scope, pairs, alone[scope], totals[scope], at_least)
    ]


def _pairs(
    scope: str, pairs: Counter[tuple[str, str]], alone: Counter[str], total: int, at_least: int
) -> Iterator[Any]:
    for (a, b), together in pairs.items():
        if together >= at_least:
            shares = {"support": together / total, "a_to_b": together / alone[a], "b_to_a": together / alone[b]}
            known = {"scope": scope, "a": a, "b": b, "together": together, "with_a": alone[a], "with_b": alone[b]}
            yield {
                **known,
                "total": total,
                **shares,
                "lift": (together / total) / (alone[a] / total * alone[b] / total),
            }


def first_last_touch(told: Told, *, days: int) -> Rows:
    arrivals = told.facts[(told.facts["kind"] == "touched")].sort_values(["at", "id"])
    by_visitor = {visitor: list(group.itertuples()) for visitor, group in arrivals.groupby("visitor")}
    ordered = told.past[told.past["buyer"] != ""].sort_values(["at", "subject"])
    firsts = set(ordered.groupby("buyer")["subject"].first())
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for order in told.bought.itertuples():
        span = timedelta(days=days)
        known: list[Any] = by_visitor.get(order.visitor, []) if order.visitor else []
        theirs = [one for one in known if order.at - span <= one.at <= order.at]
        for touch, which in (("first", 0), ("last", -1)):
            of = (theirs[which].source, theirs[which].medium, theirs[which].campaign) if theirs else ("", "", "")
            more = {"orders": 1, "gmv": order.gmv, "new_orders": int(order.subject in firsts)}
            found[touch, *of, str(order.currency)].update(more)
    names = ("touch", "source", "medium", "campaign", "currency")
    sums = ("orders", "gmv", "new_orders")
    return [
        {**dict(zip(names, key, strict=True)), **{name: value[name] for name in sums}} for key, value in found.items()
    ]


def _rows(frame: Frame) -> Rows:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
