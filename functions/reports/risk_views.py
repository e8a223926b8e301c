"""What `GET /v1/reports/risk` answers. Shares are in basis points."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.risk.facts import POINTS, Point

Row = Mapping[str, Any]

EVERY = "*"
"""Stands for all decisions of a point."""


class Decided(View):
    """Decisions by what came of them; `passed`: held by the rules, and let pass by the approval of the same before. Of
    the reviews that ended (`reviewed`) the `false_holds` were approved; their share is null without a review."""

    decisions: int
    allowed: int
    held: int
    refused: int
    passed: int
    refused_bp: int | None
    reviewed: int
    false_holds: int
    false_hold_bp: int | None


class RuleReport(Decided):
    """Decisions in which the rule applied, or failed and so held; a decision counts with each of its rules."""

    rule: str


class PointReport(Decided):
    """`by_time` are reviews that nobody decided in time; half of all were over within `p50_seconds`. `rules`: those
    first that held or refused most."""

    point: Point
    by_time: int
    p50_seconds: int | None
    p90_seconds: int | None
    rules: list[RuleReport]


class RiskView(View):
    """Of the days from `first` to `day`; points at which nothing was decided are left out."""

    first: str
    day: str
    computed_at: Timestamp
    points: list[PointReport]


def risk_view(first: str, day: str, computed_at: datetime, rows: Sequence[Row]) -> RiskView:
    points = [_point(point, [row for row in rows if row["point"] == point]) for point in POINTS]
    return RiskView(first=first, day=day, computed_at=computed_at, points=[point for point in points if point])


def _point(point: Point, rows: Sequence[Row]) -> PointReport | None:
    whole = next((row for row in rows if row["rule"] == EVERY), None)
    if whole is None:
        return None
    rules = [RuleReport(rule=row["rule"], **_decided(row)) for row in rows if row["rule"] != EVERY]
    waits = {name: whole[name] for name in ("by_time", "p50_seconds", "p90_seconds")}
    return PointReport(
        point=point,
        **_decided(whole),
        **waits,
        rules=sorted(rules, key=lambda one: (-one.held - one.refused, -one.decisions, one.rule)),
    )


def _decided(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in Decided.model_fields}
