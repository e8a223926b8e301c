"""What `GET /v1/reports/products` answers. Amounts are minor units of the currency beside them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.money import Currency

Row = Mapping[str, Any]

MOST_PARTNERS = 10
"""Of a SKU; all pairs are in `GET /v1/reports/daily/baskets`."""
WHOLE = "*"
"""Stands for all SKUs of a product together."""


class PartnerView(View):
    """A SKU that is bought with this one: in one `order`, or by one `buyer` within 30 days. Of all orders (buyers)
    `support` have both; of those with this SKU `confidence` have the other too; above 1, `lift` is more than chance."""

    sku: str
    scope: Literal["order", "buyer"]
    together: int
    support: float
    confidence: float
    lift: float


class StockCost(View):
    """What is in stock, and what ran out unsold, of cards that were paid for in one currency."""

    currency: Currency
    units: int
    value: int
    average_value: float
    expired_units: int
    expired_cost: int


class StockTurn(View):
    """`turn` is how often the average stock went out in the range, and `turnover_days` how long it lasts; both are null
    where there was none, or none went out."""

    counted_days: int
    average_units: float
    units_out: int
    turn: float | None
    turnover_days: float | None
    costs: list[StockCost]


class Sold(View):
    """`repurchase_rate`: of the known buyers those who bought it in two orders or more; null without any. `margin` is
    without providers' fees, which belong to orders."""

    orders: int
    units: int
    gmv: int
    buyers: int
    repeat_buyers: int
    repurchase_rate: float | None
    delivered: int
    returned: int
    revenue: int
    cost: int
    loss: int
    margin: int


class SkuReport(Sold):
    """`stock` is null for what has none, and is the same in each currency."""

    sku: str
    bought_with: list[PartnerView]
    stock: StockTurn | None


class ProductReport(Sold):
    """One product in one currency: all of its SKUs together, and each. `product` is empty for goods that stand in no
    catalogue."""

    product: str
    currency: Currency
    skus: list[SkuReport]


class ProductsPage(View):
    """Of the days from `first` to `day`; pairs are of 90 days."""

    first: str
    day: str
    computed_at: Timestamp
    items: list[ProductReport]
    next: str | None


def product_views(
    rows: Sequence[Row], pairs: Iterable[Row], stock: Iterable[Row], start: int, limit: int
) -> list[ProductReport]:
    """Those from the `start`th on, in the order of the report."""
    skus: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["sku"] != WHOLE:
            skus[row["product"], row["currency"]].append(row)
    partners, kept = _partners(pairs), _stock(stock)
    chosen = islice((row for row in rows if row["sku"] == WHOLE), start, start + limit)
    return [
        ProductReport(
            product=row["product"],
            currency=row["currency"],
            **_sold(row),
            skus=[
                SkuReport(
                    sku=each["sku"],
                    **_sold(each),
                    bought_with=partners.get(each["sku"], [])[:MOST_PARTNERS],
                    stock=kept.get(each["sku"]),
                )
                for each in skus[row["product"], row["currency"]]
            ],
        )
        for row in chosen
    ]


def _sold(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in Sold.model_fields}


def _partners(pairs: Iterable[Row]) -> dict[str, list[PartnerView]]:
    """Of each SKU, those first that it is bought with most often."""
    found: dict[str, list[PartnerView]] = defaultdict(list)
    for row in pairs:
        for mine, other, confidence in ((row["a"], row["b"], row["a_to_b"]), (row["b"], row["a"], row["b_to_a"])):
            same = {name: row[name] for name in ("scope", "together", "support", "lift")}
            found[mine].append(PartnerView(sku=other, confidence=confidence, **same))
    for partners in found.values():
        partners.sort(key=lambda one: (-one.together, one.sku, one.scope))
    return found


def _stock(rows: Iterable[Row]) -> dict[str, StockTurn]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["sku"]].append(row)
    alike = [name for name in StockTurn.model_fields if name != "costs"]
    return {
        sku: StockTurn(
            **{name: of_sku[0][name] for name in alike},
            costs=[StockCost(**{name: row[name] for name in StockCost.model_fields}) for row in of_sku],
        )
        for sku, of_sku in grouped.items()
    }
