"""What buyers do: buy the same again, buy two things together, or stay away."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quanyi.insights.model import Finding
from quanyi.insights.statistics import binomial_tail, hypergeometric_tail, passing, wilson_lower
from quanyi.insights.thresholds import DEFAULTS, BundleTerms, RepurchaseTerms, WinBackTerms

FALSE_REPURCHASE = 0.05

OFTEN = 10
"""Orders that make a SKU worth being looked at in pairs, as in `baskets`."""
FALSE_PAIRS = 0.01

Row = Mapping[str, Any]


def repurchased(products: Sequence[Row], least: RepurchaseTerms = DEFAULTS.repurchase) -> Iterator[Finding]:
    """Of `products`, which look at 90 days since a month's card is bought again after a month: those whose buyers
    surely come back more often than is ordinary."""
    enough = {
        (row["product"], row["currency"]): row
        for row in products
        if row["sku"] == "*" and row["product"] and row["buyers"] >= least.buyers
    }
    usual = least.rate_bp / 10_000
    chances = {key: binomial_tail(row["repeat_buyers"], row["buyers"], usual) for key, row in enough.items()}
    real = passing(chances, FALSE_REPURCHASE)
    for key, row in enough.items():
        skus = [one for one in products if (one["product"], one["currency"]) == key and one["sku"] != "*"]
        if key not in real or row["repeat_buyers"] < least.repeat_buyers or not skus:
            continue
        product, currency = key
        best = max(skus, key=lambda one: (one["units"], one["sku"]))
        yield Finding(
            rule="repurchase",
            about=f"{product}#{currency}",
            severity="info",
            weight=float(row["repeat_buyers"]),
            evidence={
                "product": product,
                "currency": currency,
                "sku": best["sku"],
                "buyers": row["buyers"],
                "repeat_buyers": row["repeat_buyers"],
                "repurchase_rate": round(row["repeat_buyers"] / row["buyers"], 4),
                "repurchase_rate_at_least": round(wilson_lower(row["repeat_buyers"], row["buyers"]), 4),
                "p_value": _short(chances[key]),
            },
        )


def bought_together(
    baskets: Sequence[Row], sku_sales: Sequence[Row], least: BundleTerms = DEFAULTS.bundle
) -> Iterator[Finding]:
    """Of `baskets`, in one order. `sku_sales` tells how many pairs there are: those that are seldom together are tested
    too, though `baskets` leaves them out."""
    often = sum(row["orders"] >= OFTEN for row in sku_sales)
    pairs = {(row["a"], row["b"]): row for row in baskets if row["scope"] == "order"}
    chances = {
        pair: hypergeometric_tail(row["together"], row["with_a"], row["with_b"], row["total"])
        for pair, row in pairs.items()
    }
    real = passing(chances, FALSE_PAIRS, often * (often - 1) // 2)
    for pair in sorted(real):
        row = pairs[pair]
        if row["lift"] < least.lift or row["together"] < least.together:
            continue
        yield Finding(
            rule="bundle",
            about="#".join(pair),
            severity="info",
            weight=float(row["together"]),
            evidence={
                "a": row["a"],
                "b": row["b"],
                "together": row["together"],
                "with_a": row["with_a"],
                "with_b": row["with_b"],
                "total": row["total"],
                "support": _short(row["support"]),
                "a_to_b": round(row["a_to_b"], 4),
                "b_to_a": round(row["b_to_a"], 4),
                "lift": round(row["lift"], 2),
                "p_value": _short(chances[pair]),
            },
        )


def lost_buyers(at_risk: Sequence[Row], least: WinBackTerms = DEFAULTS.win_back) -> Iterator[Finding]:
    """Of `at_risk`: valuable regulars who stay away (`important_keep`, `important_win_back`)."""
    for currency in sorted({row["currency"] for row in at_risk}):
        mine = [row for row in at_risk if row["currency"] == currency and row["segment"] in SEGMENTS]
        buyers = sum(row["buyers"] for row in mine)
        if buyers < least.buyers:
            continue
        yield Finding(
            rule="win_back",
            about=currency,
            severity="warning",
            weight=float(sum(row["monetary"] for row in mine)),
            evidence={
                "currency": currency,
                "buyers": buyers,
                "monetary": sum(row["monetary"] for row in mine),
                "recency": sum(row["recency"] * row["buyers"] for row in mine) // buyers,
                "tested": max(row["tested"] for row in mine),
                "segment": max(mine, key=lambda row: (row["buyers"], row["segment"]))["segment"],
            },
        )


SEGMENTS = ("important_keep", "important_win_back")


def _short(number: float) -> float:
    return float(f"{number:.2g}")
