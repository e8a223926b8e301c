"""What `GET /v1/reports/redemption` answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from quanyi.clock import Timestamp
from quanyi.http import View

Row = Mapping[str, Any]
Dimension = Literal["total", "product", "series", "channel"]

_WATCHED = (7, 30)


class UsedWithin(View):
    """Of the vouchers that could be watched for so many `days`, `used` were used within them."""

    days: int
    watched: int
    used: int
    rate: float | None


class VoucherUse(View):
    """Of the vouchers that were `handed_out`, `used` stand as used; `rate` is null without any. Half of those used were
    so within `p50_seconds`. `redemptions` and `reversed` count uses in the range, whenever the voucher was handed
    out."""

    name: str
    handed_out: int
    used: int
    rate: float | None
    within: list[UsedWithin]
    p50_seconds: int | None
    p90_seconds: int | None
    redemptions: int
    reversed: int


class RedemptionReport(View):
    """Of the days from `first` to `day`. `channels` are where vouchers were sold; an empty name stands for numbers
    that were given out without an order, an empty series for cards of third parties. `total` is null where nothing was
    handed out or used."""

    first: str
    day: str
    computed_at: Timestamp
    total: VoucherUse | None
    products: list[VoucherUse]
    series: list[VoucherUse]
    channels: list[VoucherUse]


def redemption_view(first: str, day: str, computed_at: datetime, rows: Sequence[Row]) -> RedemptionReport:
    def of(dimension: Dimension) -> list[VoucherUse]:
        return [_use(row) for row in rows if row["dimension"] == dimension]

    return RedemptionReport(
        first=first,
        day=day,
        computed_at=computed_at,
        total=next(iter(of("total")), None),
        products=of("product"),
        series=of("series"),
        channels=of("channel"),
    )


def _use(row: Row) -> VoucherUse:
    within = [(days, row[f"watched_{days}"], row[f"used_{days}"]) for days in _WATCHED]
    names = ("name", "handed_out", "used", "p50_seconds", "p90_seconds", "redemptions", "reversed")
    return VoucherUse(
        **{name: row[name] for name in names},
        rate=_share(row["used"], row["handed_out"]),
        within=[UsedWithin(days=days, watched=seen, used=used, rate=_share(used, seen)) for days, seen, used in within],
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
