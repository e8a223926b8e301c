"""The reports that are computed every night, each from one SQL file: what they are called, and of which days they are.

To add one: its SQL file (`sql/<name>.sql`), a line here, and its definition in `docs/metrics`. The job, the store and
the API know no report by name.

A query's numbers are whole ones: sums of floating point differ from run to run, and the same facts must give the same
result. Its last clause is an ORDER BY that leaves no two rows' order open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from quanyi.analytics.customers import DEFINITIONS, RFM_PARAMETERS
from quanyi.supply.health import FRESH_DAYS

EVER = date(2000, 1, 1)
"""Before any fact."""

AT_RISK = {"least": 3, "false_bp": 500}
"""Purchases that make a regular, and how many of those who are called lost may not be, in basis points."""


@dataclass(frozen=True)
class Report:
    """`days` is how many days it looks back, the day itself among them; None: all there are. `more` are parameters of
    its SQL beside `$first` and `$last`. `before`: how many days before the first one it reads facts of, to know what is
    new on these days; None: all. `by`: of a list of buyers, the columns that it is sorted by first; it may be long."""

    name: str
    chinese: str
    english: str
    days: int | None = 1
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])
    before: int | None = 0
    by: tuple[str, ...] = ()

    @property
    def of_one_day(self) -> bool:
        """Facts that come late make it another. One that looks back further is computed anew the next night anyway."""
        return self.days == 1

    def first(self, last: date) -> date:
        """The first day of a report that ends with the day `last`."""
        return EVER if self.days is None else last - timedelta(days=self.days - 1)

    def reads_from(self, last: date) -> date:
        """The first day whose facts it reads."""
        return EVER if self.before is None or self.days is None else self.first(last) - timedelta(days=self.before)

    def parameters(self, last: date) -> dict[str, Any]:
        return {**self.more, "first": self.first(last), "last": last}


REPORTS: tuple[Report, ...] = (
    Report("sales_daily", "日销售", "Sales of the day"),
    Report("delivery_daily", "发货时效", "How fast the day's units were delivered"),
    Report("payments_daily", "支付成功率", "What became of the day's payments"),
    Report("stock_turn", "库存周转", "Stock: turnover, value, expiry", days=30),
    Report("redemption", "核销", "Redemption: rate and time to use", days=90),
    Report("risk", "风控", "Risk: decisions, reviews, false holds", days=30),
    Report("service_level", "供货满足率", "Service level by SKU and channel", days=30),
    Report("suppliers", "供应商", "Suppliers: outcomes, latency, bad cards", days=FRESH_DAYS),
    Report("charge_backs", "坏卡索赔", "Purchases and charge-backs by supplier", days=30),
    Report("channels", "渠道", "Channels: earnings, spend, ROI, CAC, payback", 30, {"without": ""}, before=None),
    Report("shop_days", "每日成交", "What each day sold", days=85),
    Report("provider_weeks", "支付渠道周成功率", "How payment providers succeed, by week", days=63),
    Report("channel_days", "渠道日账", "Channels: margin and spend, by day", days=30),
    Report("sku_sales", "单品销售", "SKUs: orders, and units that leave", days=90, more={"speed": 28}),
    Report("at_risk", "高价值流失客户", "Valuable regulars who are lost", days=365, more={**RFM_PARAMETERS, **AT_RISK}),
    *(Report(one.name, one.chinese, one.english, one.days, one.more, one.before, one.by) for one in DEFINITIONS),
)


def report_named(name: str) -> Report | None:
    return next((report for report in REPORTS if report.name == name), None)


def needed(reports: Sequence[Report], days: Sequence[date]) -> tuple[date, date]:
    """The first and the last day whose facts these reports of these days read."""
    return min(report.reads_from(day) for report in reports for day in days), max(days)
