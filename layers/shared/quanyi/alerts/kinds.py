"""What alerts there are, and how bad they can be."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

AlertKind = Literal[
    "stock_low",
    "stock_out",
    "stock_expiring",
    "overstock",
    "supplier_failing",
    "balance_low",
    "below_cost",
    "purchase_unknown",
    "purchase_failed",
    "purchase_waits_approval",
    "purchase_differs",
    "purchase_not_applied",
    "sku_not_bought",
    "statement_differs",
]
KINDS: tuple[AlertKind, ...] = get_args(AlertKind)

Severity = Literal["info", "warning", "critical"]
"""`info`: worth knowing; `warning`: to be seen to; `critical`: costs sales or money now."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

Why = Literal["opened", "worse", "reminder", "recovered"]
"""Why people are told."""

Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}(#[A-Za-z0-9._-]{1,64}){0,2}$")]
"""What an alert is about: `sku#channel` (`sku#shared`), a supplier's id, a purchase order's id."""

Fact = Annotated[int, Field(strict=True)] | str
Facts = Mapping[str, Fact]
"""Numbers by name: whole ones, or short texts; `alerts.facts` says how each is read."""

_SEPARATOR = "~"


def alert_id(kind: AlertKind, subject: str) -> str:
    """`stock_low~video-month~shared`: it stands in paths, and no subject has a `~`."""
    return _SEPARATOR.join([kind, *subject.split("#")])


def parts_of(alert: str) -> tuple[str, str]:
    """The kind and the subject of an alert's id."""
    kind, _, subject = alert.partition(_SEPARATOR)
    return kind, subject.replace(_SEPARATOR, "#")


def is_worse(one: Severity, than: Severity | None) -> bool:
    return than is None or SEVERITIES.index(one) > SEVERITIES.index(than)
