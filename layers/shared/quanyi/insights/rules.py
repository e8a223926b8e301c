"""All rules together."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from quanyi.insights.buying import bought_together, lost_buyers, repurchased
from quanyi.insights.model import RULES, SEVERITIES, Finding
from quanyi.insights.paying import falling_providers
from quanyi.insights.spending import losing_channels
from quanyi.insights.stock import Stock, expiring
from quanyi.insights.thresholds import DEFAULTS, Thresholds
from quanyi.insights.trade import abnormal_days
from quanyi.restock.calendar import Days

READS = (
    "at_risk",
    "baskets",
    "channel_days",
    "products",
    "provider_weeks",
    "shop_days",
    "sku_sales",
)
"""The nightly reports whose rows they take."""

MOST_OF_A_RULE = 100
"""Whose goods are looked up: of these, those are told that something is still to be done about (`telling.MOST`)."""

Rows = Sequence[Mapping[str, Any]]


def found(
    reports: Mapping[str, Rows], stocks: Sequence[Stock], day: date, days: Days, least: Thresholds = DEFAULTS
) -> list[Finding]:
    """Of the day `day`, the most urgent first. A report that is not there is one without rows. `days` go back
    `trade.WEEKS` weeks at least."""

    def rows(name: str) -> Rows:
        return reports.get(name, ())

    every = [
        *falling_providers(rows("provider_weeks"), least.provider),
        *abnormal_days(rows("shop_days"), day, days, least.abnormal_day),
        *losing_channels(rows("channel_days"), day, least.channel_roi),
        *expiring(stocks, rows("sku_sales"), day, least.expiring),
        *lost_buyers(rows("at_risk"), least.win_back),
        *repurchased(rows("products"), least.repurchase),
        *bought_together(rows("baskets"), rows("sku_sales"), least.bundle),
    ]
    ordered = sorted(every, key=lambda one: (RULES.index(one.rule), -one.weight, one.about))
    kept = [one for rule in RULES for one in [each for each in ordered if each.rule == rule][:MOST_OF_A_RULE]]
    return sorted(kept, key=lambda one: SEVERITIES.index(one.severity))
