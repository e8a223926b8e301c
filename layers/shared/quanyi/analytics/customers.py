"""Reports on customers and products: what they are asked, and what their answers are called.

`DEFINITIONS` are computed every night; each has its SQL file, and its definition in docs/metrics.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from quanyi.errors import Invalid

Row = Mapping[str, Any]

Segment = Literal[
    "important_value",
    "important_growth",
    "important_keep",
    "important_win_back",
    "general_value",
    "general_growth",
    "general_keep",
    "general_win_back",
]
SEGMENTS: Mapping[Segment, tuple[str, str]] = MappingProxyType(
    {
        "important_value": ("重要价值客户", "Champions: recent, often, much"),
        "important_growth": ("重要发展客户", "Big spenders to win as regulars: recent, seldom, much"),
        "important_keep": ("重要保持客户", "Valuable regulars who stay away: long ago, often, much"),
        "important_win_back": ("重要挽留客户", "Big spenders about to be lost: long ago, seldom, much"),
        "general_value": ("一般价值客户", "Regulars with small baskets: recent, often, little"),
        "general_growth": ("一般发展客户", "New or occasional: recent, seldom, little"),
        "general_keep": ("一般保持客户", "Small regulars who stay away: long ago, often, little"),
        "general_win_back": ("一般挽留客户", "Mostly lost: long ago, seldom, little"),
    }
)
"""In Chinese and English, the most valuable first."""

MOST_BANDS = 10
MOST_EDGES = 4


@dataclass(frozen=True)
class Bands:
    """How RFM is scored: in `count` bands of equal size, or between edges of the shop's own, from the loosest to the
    strictest: days since the last purchase (at most), purchases (at least), and minor units of `currency` (at least).
    Raises Invalid (`bad_bands`)."""

    count: int = 5
    recency: tuple[int, ...] = ()
    frequency: tuple[int, ...] = ()
    monetary: tuple[int, ...] = ()
    currency: str = ""

    def __post_init__(self) -> None:
        if not 2 <= self.count <= MOST_BANDS:
            raise Invalid(f"Scores have 2 to {MOST_BANDS} bands.", reason="bad_bands", field="count")
        for name, edges, strictest_first, least in (
            ("recency", self.recency, True, 0),
            ("frequency", self.frequency, False, 1),
            ("monetary", self.monetary, False, None),
        ):
            if len(edges) > MOST_EDGES:
                raise Invalid(f"At most {MOST_EDGES} edges.", reason="bad_bands", field=name)
            rising = edges[::-1] if strictest_first else edges
            if any(one >= other for one, other in pairwise(rising)) or (
                least is not None and min(edges, default=least) < least
            ):
                raise Invalid("Edges go from the loosest to the strictest, none twice.", reason="bad_bands", field=name)
        if bool(self.monetary) != bool(self.currency):
            raise Invalid("Edges of money are of one currency.", reason="bad_bands", field="currency")

    def parameters(self) -> dict[str, Any]:
        """Of `rfm.sql`."""
        scores = (("r", self.recency), ("f", self.frequency), ("m", self.monetary))
        edges = {f"{score}_{number}": None for score, _ in scores for number in range(1, MOST_EDGES + 1)}
        edges |= {f"{score}_{number}": edge for score, known in scores for number, edge in enumerate(known, 1)}
        return {"bands": self.count, **edges, "m_currency": self.currency or None}


class Definition(NamedTuple):
    """`days` is how many days it looks back, the last one among them, and `more` its parameters beside `$first` and
    `$last`. `before`: how many days before the first one it reads facts of; None: all, where it matters who is new.
    `by`: the columns by which a list is sorted that cells are looked up in (`Behind`)."""

    name: str
    chinese: str
    english: str
    days: int
    more: Mapping[str, Any]
    before: int | None = None
    by: tuple[str, ...] = ()


def left_out(channels: Sequence[str]) -> str:
    """`$without`: channels whose orders tell nothing about buyers (resellers' accounts)."""
    return f",{','.join(channels)}," if channels else ""


OF_GOODS = frozenset({"products"})
"""Reports whose sums are the whole shop's: what a reseller bought was sold too."""


_RFM = Bands().parameters()
_NONE: dict[str, Any] = {"without": ""}
_ACTIVE_BY = ("grain", "period", "cohort")
RFM_PARAMETERS: Mapping[str, Any] = MappingProxyType({**_NONE, **_RFM})
"""Of reports over `rfm`: as it is scored where a shop says nothing else."""
DEFINITIONS: tuple[Definition, ...] = (
    Definition("customers_new_returning", "新老客", "New and returning buyers", 366, _NONE),
    Definition("customers_active", "活跃客户名单", "Who bought, by week and month", 762, _NONE, None, _ACTIVE_BY),
    Definition("cohorts_weekly", "周留存", "Retention of weekly cohorts", 182, _NONE),
    Definition("cohorts_monthly", "月留存", "Retention of monthly cohorts", 731, _NONE),
    Definition("rfm", "RFM 客户名单", "RFM of each buyer", 365, {**_NONE, **_RFM}, 0, ("currency", "segment")),
    Definition("rfm_segments", "RFM 客户分群", "The eight segments of RFM", 365, {**_NONE, **_RFM}, 0),
    Definition("repurchase", "复购", "Repurchase", 365, _NONE),
    Definition("repurchase_intervals", "复购间隔", "How long buyers wait to buy again", 365, _NONE),
    Definition("lifetime_value", "客户生命周期价值", "Lifetime value of monthly cohorts", 731, _NONE),
    Definition("products", "商品分析", "Products: sales, margin, repurchase", 90, _NONE, 0),
    Definition("baskets", "连带购买", "Bought together", 90, {**_NONE, "days": 30, "at_least": 10}, 0),
    Definition("first_last_touch", "首末次触点", "Purchases by first and last touch", 30, {**_NONE, "days": 30}),
)
"""Cohorts are of whole months: who is behind their cells is kept for a month more."""

EVERY = "*"
"""All channels together."""

Listed = Literal["rfm", "cohorts_weekly", "cohorts_monthly", "customers_new_returning"]
Kind = Literal["new", "returning"]
Grain = Literal["week", "month"]


@dataclass(frozen=True)
class Cell:
    """A cell of a report, as whoever looks at it names it: a segment; a cohort and an age; a period's new or returning
    buyers."""

    report: Listed
    segment: Segment | None = None
    currency: str | None = None
    cohort: date | None = None
    age: int | None = None
    grain: Grain | None = None
    period: date | None = None
    channel: str = EVERY
    kind: Kind | None = None

    def rows(self) -> "Behind":
        """Where its buyers are. Raises Invalid (`cell`, with the fields that are missing or say nothing)."""
        match self.report:
            case "rfm":
                self._needs("segment", "currency")
                return Behind("rfm", {"segment": self.segment, "currency": self.currency})
            case "customers_new_returning":
                self._needs("grain", "period", "currency", "kind")
                same = {"grain": self.grain, "period": _text(self.period), "currency": self.currency}
                same |= {"channel": self.channel} if self.channel != EVERY else {}
                born = {"cohort": _text(self.period)}
                fresh = self.kind == "new"
                return Behind("customers_active", same | (born if fresh else {}), {} if fresh else born)
            case _:
                self._needs("cohort", "age")
                return self._of_cohort("week" if self.report == "cohorts_weekly" else "month")

    def _of_cohort(self, grain: Grain) -> "Behind":
        assert self.cohort is not None
        assert self.age is not None
        try:
            period = later(self.cohort, grain, self.age)
        except (OverflowError, ValueError):
            raise Invalid("There is no such age.", reason="cell", fields=["age"]) from None
        known = {"grain": grain, "period": _text(period), "cohort": _text(self.cohort)}
        return Behind("customers_active", known)

    def _needs(self, *names: str) -> None:
        if missing := [name for name in names if getattr(self, name) is None]:
            raise Invalid(f"This report's cells are named by {', '.join(names)}.", reason="cell", fields=missing)


@dataclass(frozen=True)
class Behind:
    """Rows of a report: those whose columns say `same`, and do not say `other`. Rows of one buyer (`number`) stand one
    after the other; those that are chosen are one."""

    report: str
    same: Mapping[str, Any]
    other: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def has(self, row: Mapping[str, Any]) -> bool:
        return all(row[name] == value for name, value in self.same.items()) and all(
            row[name] != value for name, value in self.other.items()
        )

    def buyers(self, rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
        """Of rows with their places: one for each buyer, with the place of the first."""
        chosen = ((place, row) for place, row in rows if self.has(row))
        for _, group in groupby(chosen, lambda one: one[1].get("number", one[0])):
            (place, row), *more = group
            yield place, self._together([row, *(row for _, row in more)]) if "number" in row else row

    def _together(self, rows: Sequence[Row]) -> Row:
        """Currencies are not added."""
        one = {**rows[0], "orders": sum(row["orders"] for row in rows)}
        paid = {"gmv": sum(row["gmv"] for row in rows)} if "currency" in self.same else {"currency": None, "gmv": None}
        return one | paid


def later(period: date, grain: Grain, age: int) -> date:
    """The period that begins `age` of them after one. Raises ValueError, OverflowError beyond the calendar."""
    if grain == "week":
        return period + timedelta(weeks=age)
    months = period.year * 12 + period.month - 1 + age
    return date(months // 12, months % 12 + 1, 1)


def masked(buyer: str) -> str:
    """A pseudonym that tells buyers of one list apart for the eye, and is none to look them up by: `M0K…7Q`. What is
    one already stays (`dialect.masked`)."""
    if "…" in buyer:
        return buyer
    return f"{buyer[:3]}…{buyer[-2:]}" if len(buyer) > 8 else "…"


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
