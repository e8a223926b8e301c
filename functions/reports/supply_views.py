"""What `GET /v1/reports/supply` answers. Amounts are minor units of the currency beside them, shares basis points."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.money import Currency
from quanyi.supply.health import Health

Row = Mapping[str, Any]

EVERY = "*"
"""Stands for all SKUs, or all channels, together."""
MOST_SKUS = 100
"""All are in `GET /v1/reports/daily/service_level`."""


class Served(View):
    """Of the `demand`, units that buyers had paid for, so many came as promised, late, or never since there were none;
    `service_bp` is the share of the first, null without demand."""

    demand: int
    in_time: int
    late: int
    unserved: int
    service_bp: int | None


class ServiceView(Served):
    """`bought` units came from suppliers for the orders that they were bought for."""

    bought: int


class ChannelService(Served):
    channel: str


class SkuService(ServiceView):
    product: str
    sku: str


class SupplierCost(View):
    """Of the days from `first`: purchases and what they were to cost; bad cards and what is to be credited for them."""

    currency: Currency
    purchases: int
    ordered: int
    bad_cards: int
    charge_back: int


class SupplierReport(View):
    """Of the last 14 days, by which a supplier's health is judged (`GET /v1/admin/suppliers/{id}/health` has the same
    rates): purchases by what became of them, cards that came and were bad (`bad_bp`, null where none came), seconds
    from sending to the end. `score`: the share of what is ordered that a buyer can use in the end, which a purchase's
    cost is judged by; it and the rates are smoothed, so that few purchases neither praise nor blame. `costs` are of the
    whole range."""

    supplier: str
    sent: int
    unknown: int
    received: int
    short: int
    failed: int
    ordered_cards: int
    received_cards: int
    bad_cards: int
    bad_bp: int | None
    p50_seconds: int | None
    p90_seconds: int | None
    p99_seconds: int | None
    score: int
    success_rate: int
    bad_rate: int
    short_rate: int
    failing: bool
    costs: list[SupplierCost]


class SupplyView(View):
    """Of the days from `first` to `day`; suppliers' numbers of the last 14. `total` is null without demand or
    purchases. `skus` are the 100 of which most came late or never."""

    first: str
    day: str
    computed_at: Timestamp
    total: ServiceView | None
    channels: list[ChannelService]
    skus: list[SkuService]
    suppliers: list[SupplierReport]


def supply_view(
    first: str, day: str, computed_at: datetime, service: Sequence[Row], suppliers: Sequence[Row], costs: Sequence[Row]
) -> SupplyView:
    whole = [row for row in service if row["sku"] == EVERY]
    skus = [SkuService(**row) for row in _of_all_channels(service) if row["sku"] != EVERY]
    total = next(iter(_of_all_channels(whole)), None)
    return SupplyView(
        first=first,
        day=day,
        computed_at=computed_at,
        total=ServiceView(**_chosen(ServiceView, total)) if total else None,
        channels=[ChannelService(**_chosen(ChannelService, row)) for row in whole if row["channel"] != EVERY],
        skus=sorted(skus, key=lambda one: (-one.late - one.unserved, -one.demand, one.sku))[:MOST_SKUS],
        suppliers=_suppliers(suppliers, costs),
    )


def _of_all_channels(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{**row} for row in rows if row["channel"] == EVERY]


def _suppliers(rows: Sequence[Row], costs: Sequence[Row]) -> list[SupplierReport]:
    """The best first; one that is known by older purchases alone comes with noughts."""
    paid: dict[str, list[SupplierCost]] = defaultdict(list)
    for row in costs:
        paid[row["supplier"]].append(SupplierCost(**_chosen(SupplierCost, row)))
    known = {row["supplier"]: row for row in rows}
    found = [_supplier(name, known.get(name, {}), paid.get(name, [])) for name in {*known, *paid}]
    return sorted(found, key=lambda one: (one.failing, -one.score, one.supplier))


def _supplier(name: str, row: Row, costs: list[SupplierCost]) -> SupplierReport:
    counts: dict[str, int] = {each: row.get(each, 0) for each in _COUNTS}
    health = Health(
        **{each: counts[each] for each in _COUNTS if each in Health.model_fields},
        succeeded=counts["received"] + counts["short"],
    )
    return SupplierReport(
        supplier=name,
        **counts,
        **{each: row.get(each) for each in ("bad_bp", "p50_seconds", "p90_seconds", "p99_seconds")},
        **{each: round(getattr(health, each) * 10_000) for each in ("score", "success_rate", "bad_rate", "short_rate")},
        failing=health.failing,
        costs=costs,
    )


_COUNTS = ("sent", "unknown", "received", "short", "failed", "ordered_cards", "received_cards", "bad_cards")


def _chosen(view: type[View], row: Row) -> dict[str, Any]:
    return {name: row[name] for name in view.model_fields}
