"""What the trading report answers. `docs/reports.md` and `docs/metrics/trading.md` say what each number means."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import Field

from quanyi.alerts.model import Alert
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.rollups.buyers import buyers_since
from quanyi.rollups.delivery import percentiles
from quanyi.rollups.measures import FOR, Counts, Slice
from quanyi.rollups.ranges import By

BasisPoints = Annotated[int | None, Field(description="Of 10,000; null where there is nothing to divide by")]

_GOODS = frozenset(
    {
        "orders_paid",
        "units_sold",
        "units_delivered",
        "units_replaced",
        "gmv",
        "average_order",
        "revenue",
        "cost",
        "loss",
    }
)
_CASH = frozenset({"captured", "returned", "net", "fees"})
_KNOWN: dict[str, frozenset[str]] = {
    **dict.fromkeys(("category", "product", "channel_category", "channel_product"), _GOODS),
    **dict.fromkeys(("provider", "channel_provider"), _CASH),
}
"""Numbers that a slice has, where it has not all of them."""


class Amounts(View):
    """Minor units of one currency. Null is what cannot be told for what was asked about: money at providers is none of
    a product, prices of goods are none of a provider."""

    gmv: int | None
    average_order: int | None
    captured: int | None
    returned: int | None
    net: int | None
    revenue: int | None
    cost: int | None
    loss: int | None
    fees: int | None
    margin: int | None
    refund_asked: int | None

    @classmethod
    def of(cls, counts: Counts, currency: str, where: Slice) -> "Amounts":
        told = {name: counts[f"{name}:{currency}"] for name in (*_MONEY, "paid")}
        orders = told.pop("paid")
        told |= {
            "net": told["captured"] - told["returned"],
            "margin": told["revenue"] - told["cost"] - told["loss"] - told["fees"],
        }
        known: dict[str, int | None] = {**told, "average_order": told["gmv"] // orders if orders else None}
        return cls(**_known(known, where))


_MONEY = ("gmv", "captured", "returned", "revenue", "cost", "loss", "fees", "refund_asked")


class Figures(View):
    """`money` is by currency; currencies are never added. Buyers are told of whole days only, and of nothing but
    channels."""

    orders_placed: int | None
    orders_paid: int | None
    units_sold: int | None
    units_delivered: int | None
    units_replaced: int | None
    refunds_asked: int | None
    buyers: int | None
    new_buyers: int | None
    returning_buyers: int | None
    money: dict[str, Amounts]

    @classmethod
    def of(cls, counts: Counts, where: Slice, since: date | None) -> "Figures":
        """`since`: the first of the days that these are of; None where they are not of whole days."""
        told: dict[str, int | None] = {
            "orders_placed": counts["placed"],
            "orders_paid": sum(by for name, by in counts.items() if name.startswith("paid:")),
            "units_sold": counts["units"],
            "units_delivered": counts["delivered"],
            "units_replaced": counts["replaced"],
            "refunds_asked": counts["refunds"],
        }
        buyers, new = buyers_since(counts, since) if since else (None, None)
        told |= {
            "buyers": buyers,
            "new_buyers": new,
            "returning_buyers": buyers - new if buyers is not None and new is not None else None,
        }
        money = {currency: Amounts.of(counts, currency, where) for currency in currencies_of(counts)}
        return cls(**_known(told, where), money=money)


class Change(View):
    """How much more than in the range before, in basis points of that; null where that was nothing, or cannot be
    told."""

    numbers: dict[str, BasisPoints]
    money: dict[str, dict[str, BasisPoints]]

    @classmethod
    def of(cls, now: Figures, before: Figures) -> "Change":
        currencies = sorted({*now.money, *before.money})
        return cls(
            numbers=_grown([name for name in Figures.model_fields if name != "money"], now, before),
            money={c: _grown(Amounts.model_fields, now.money.get(c), before.money.get(c)) for c in currencies},
        )


class PieceView(View):
    """`begin` is a day (of a week or month: its first within the range), or an hour with its distance from UTC."""

    begin: str
    figures: Figures


class Conversion(View):
    """Facts of each step, and each as a share of the step before: visits only of shoppers who consent, all for the
    others. Null: there is no such step. A bundle is one unit sold; each of its parts is one delivered."""

    visits: int | None
    views: int | None
    quotes: int | None
    orders_placed: int | None
    orders_paid: int
    units_sold: int
    units_delivered: int
    quotes_of_views: BasisPoints
    placed_of_quotes: BasisPoints
    paid_of_placed: BasisPoints
    delivered_of_sold: BasisPoints

    @classmethod
    def of(cls, counts: Counts, where: Slice) -> "Conversion":
        paid = sum(by for name, by in counts.items() if name.startswith("paid:"))
        whole = where[0] in ("total", "channel")
        return cls(
            visits=counts["visited"] if whole else None,
            views=counts["viewed"],
            quotes=counts["quoted"] if whole else None,
            orders_placed=counts["placed"] if whole else None,
            orders_paid=paid,
            units_sold=counts["units"],
            units_delivered=counts["delivered"],
            quotes_of_views=share(counts["quoted"], counts["viewed"]) if whole else None,
            placed_of_quotes=share(counts["placed"], counts["quoted"]) if whole else None,
            paid_of_placed=share(paid, counts["placed"]) if whole else None,
            delivered_of_sold=share(counts["delivered"], counts["units"]),
        )


class DeliveryTime(View):
    """Seconds from paid to delivered, rounded up to two significant digits; null where nothing was delivered."""

    p50: int | None
    p90: int | None
    p99: int | None

    @classmethod
    def of(cls, counts: Counts) -> "DeliveryTime":
        p50, p90, p99 = percentiles(counts, (50, 90, 99))
        return cls(p50=p50, p90=p90, p99=p99)


class ProviderView(View):
    """Payments begun at a provider, and those that arrived; `reasons` of refused tries, in the provider's words."""

    provider: str
    tried: int
    arrived: int
    refused: int
    success: BasisPoints
    reasons: dict[str, int]
    money: dict[str, Amounts]

    @classmethod
    def of(cls, name: str, counts: Counts) -> "ProviderView":
        return cls(
            provider=name,
            tried=counts["tried"],
            arrived=counts["captures"],
            refused=counts["refused"],
            success=share(counts["captures"], counts["tried"]),
            reasons=reasons_of(counts),
            money={c: Amounts.of(counts, c, ("provider", name)) for c in currencies_of(counts)},
        )


class ProductView(View):
    product: str
    orders_paid: int
    units_sold: int
    money: dict[str, Amounts]

    @classmethod
    def of(cls, name: str, counts: Counts) -> "ProductView":
        return cls(
            product=name,
            orders_paid=sum(by for told, by in counts.items() if told.startswith("paid:")),
            units_sold=counts["units"],
            money={c: Amounts.of(counts, c, ("product", name)) for c in currencies_of(counts)},
        )


SHARED = "shared"


class StockAtRisk(View):
    """A SKU whose stock is low or out, as its stock policy sees it now; `sold` is how many were, in the range, in all
    channels. Of a channel's own stock it is null: what a channel sold is told by product."""

    sku: str
    channel: Annotated[str, Field(description="`shared` for stock that every channel sells from")]
    out: bool
    left: int | None
    reorder_at: int | None
    coming: int | None
    waiting: int | None
    sold: int | None
    lasts_days: Annotated[
        int | None,
        Field(
            description="At the pace of the range, for bundles and replacements too; null where none went or unknown"
        ),
    ]
    alert: str

    @classmethod
    def of(cls, alert: Alert, counts: Counts | None, days: int) -> "StockAtRisk":
        """`counts` of the SKU, None where the roll has no room for it; `days` that have begun."""
        sku, _, channel = alert.subject.partition("#")
        counts = counts if channel == SHARED else None
        went = max(counts["units"], counts["delivered"] + counts["replaced"]) if counts is not None else 0
        told = {name: fact for name, fact in alert.facts.items() if isinstance(fact, int)}
        out = alert.kind == "stock_out"
        left = told.get("left", 0 if out else None)
        return cls(
            sku=sku,
            channel=channel,
            out=out,
            left=left,
            reorder_at=told.get("reorder_at"),
            coming=told.get("coming"),
            waiting=told.get("waiting"),
            sold=counts["units"] if counts is not None else None,
            lasts_days=_lasts(left, went, days),
            alert=alert.id,
        )


class TradingView(View):
    """`before` is a range of as many days as have begun of this one, up to its first. Lists are null where they cannot
    be told for what was asked about. With `folded`, more goods were sold than are told apart: the smallest are missing
    in slices of them."""

    first: date
    last: date
    by: By
    zone: str
    as_of: Timestamp
    totals: Figures
    before: Figures
    change: Change
    series: list[PieceView]
    conversion: Conversion | None
    delivery_seconds: DeliveryTime | None
    providers: list[ProviderView] | None
    top_products: list[ProductView] | None
    stock_at_risk: list[StockAtRisk] | None
    folded: bool


def currencies_of(counts: Counts) -> list[str]:
    return sorted({name.rpartition(":")[2] for name in counts if name.partition(":")[0] in _MONEY})


def reasons_of(counts: Counts) -> dict[str, int]:
    """Why tries were refused, most first."""
    reasons = [(reason.removeprefix(FOR), by) for reason, by in counts.items() if reason.startswith(FOR)]
    return dict(sorted(reasons, key=lambda one: (-one[1], one[0])))


def _known(told: dict[str, int | None], where: Slice) -> dict[str, int | None]:
    known = _KNOWN.get(where[0])
    return {name: number if known is None or name in known else None for name, number in told.items()}


def _lasts(left: int | None, went: int, days: int) -> int | None:
    if left is None or left <= 0:
        return None if left is None else 0
    return left * days // went if went else None


def share(part: int, whole: int) -> int | None:
    """In basis points, rounded down; None of nothing."""
    return part * 10_000 // whole if whole else None


def _grown(names: Iterable[str], now: View | None, before: View | None) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name in names:
        is_, was = getattr(now, name, 0), getattr(before, name, 0)
        found[name] = (is_ - was) * 10_000 // was if is_ is not None and was and was > 0 else None
    return found
