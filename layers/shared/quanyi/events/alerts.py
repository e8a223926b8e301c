"""Events of alerts; they stand in the catalogue (`events.model.EVENTS`)."""

from typing import Annotated

from pydantic import Field

from quanyi.alerts.kinds import AlertKind, Fact, Severity, Why
from quanyi.clock import Timestamp
from quanyi.events.shop_event import ShopEvent


class AlertEvent(ShopEvent):
    """What every event about an alert says."""

    rev: Annotated[int, Field(description="the revision of the alert that this tells of")]
    alert: Annotated[str, Field(description="the alert's id, the same whenever it is opened again")]
    kind: Annotated[AlertKind, Field(description="what is wrong")]
    subject: Annotated[str, Field(description="`sku#channel` (`sku#shared`), a supplier, a purchase order")]
    severity: Annotated[
        Severity, Field(description="`info`, `warning` or `critical`; the worst that was told, of one that is over")
    ]
    facts: Annotated[dict[str, Fact], Field(description="the numbers that show it; `docs/alerts.md` has their names")]
    opened_at: Annotated[Timestamp, Field(description="since when it is open")]


class AlertRaised(AlertEvent):
    """Something is wrong with the supply, and a person should know: told once when it opens, when it gets worse, and
    once a day until somebody has seen it. Of what stands above it has `v`, `id`, `at` and `rev` alone."""

    why: Annotated[Why, Field(description="`opened`, `worse` or `reminder`")]


class AlertRecovered(AlertEvent):
    """What an alert told of is over. Of what stands above it has `v`, `id`, `at` and `rev` alone."""


class StockLow(ShopEvent):
    """A SKU's stock has fallen to its reorder point, or there is none left. The alert that is raised with it, and
    whose `rev` it has, explains its numbers. Of what stands above it has no order and no currency; `channel` is empty
    for stock that all channels share."""

    rev: int
    sku: str
    channel: str
    left: Annotated[int, Field(description="cards that can be sold")]
    reorder_at: Annotated[int | None, Field(description="the reorder point, where there is one")] = None
    out: Annotated[bool, Field(description="there is none left")]
