"""`/v1/reports/insights`: what to do next, the most urgent first."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field, StringConstraints

from quanyi.callers import Caller
from quanyi.clock import Timestamp
from quanyi.clock import day as day_of
from quanyi.errors import Invalid, NotFound
from quanyi.http import Body, CallerParam, View
from quanyi.insights.model import Answered, Call, Insight, Number, Rule, Severity, Texts
from quanyi.insights.table import DismissedTable
from quanyi.insights.thresholds_table import thresholds
from reports.insights.kept import REPORT, read
from reports.insights.rules import Judging, rules_router
from reports.wiring import Archive, archive

MOST_DAYS = 366
"""That an insight can be dismissed for."""

router = APIGatewayRouter()
rules = rules_router(lambda: Judging(thresholds(archive().results.table), archive().now))

Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The shop's; the last one when left out")]
Hidden = Annotated[bool, Query(description="Those that were dismissed, too")]
InsightId = Annotated[str, Path(pattern=r"^N[0-9A-Z]{20}$")]


class CallView(View):
    """To be sent by an operator as it is. `path_from` says which field of which earlier call's answer (counted from 0)
    fills what stands in braces in `path`; `idempotency_key` is the header of that name. `body` is null for `GET`, and
    for who may not read what is in it."""

    method: Literal["GET", "POST", "PUT"]
    path: str
    path_from: dict[str, Answered]
    idempotency_key: str | None
    body: dict[str, Any] | None

    @classmethod
    def of(cls, call: Call, caller: Caller) -> "CallView":
        told = call.model_dump(exclude={"private"})
        return cls.model_validate(told | ({"body": None} if call.private and caller.role != "operator" else {}))


class ActionView(View):
    """`calls` are to be sent in this order."""

    text: Texts
    calls: list[CallView]


class InsightView(View):
    """`id` stays the same as long as the same is found of the same, from day to day. `evidence` holds the numbers that
    it rests on, by the names of docs/metrics, amounts in minor units of its `currency`; docs/insights.md has each rule.
    `thresholds` are the numbers of its rule by which it was found, as they are set under `/v1/admin/insights/rules`.
    `see` are calls that show more."""

    id: str
    rule: Rule
    severity: Severity
    title: Texts
    text: Texts
    evidence: dict[str, Number]
    thresholds: dict[str, Number]
    see: list[str]
    action: ActionView
    dismissed_until: str | None

    @classmethod
    def of(cls, insight: Insight, caller: Caller, dismissed_until: str | None) -> "InsightView":
        action = insight.action
        return cls(
            id=insight.id,
            rule=insight.rule,
            severity=insight.severity,
            title=insight.title,
            text=insight.text,
            evidence=insight.evidence,
            thresholds=insight.thresholds,
            see=[*insight.see],
            action=ActionView(text=action.text, calls=[CallView.of(call, caller) for call in action.calls]),
            dismissed_until=dismissed_until,
        )


class InsightsView(View):
    """`items` is empty where nothing was found that is sure enough."""

    day: str
    version: str
    computed_at: Timestamp
    items: list[InsightView]


class Dismissal(Body):
    until: date | None = Field(description="The last day of the shop's on which it is hidden; null shows it again")
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class Dismissed(View):
    id: str
    until: date | None


@router.get("/v1/reports/insights", tags=["Reports"], summary="What to do next, and the call that does it")
def shown(caller: CallerParam, day: Day = None, dismissed: Hidden = False) -> InsightsView:
    """Found overnight in the reports, the most urgent first; by each rule ten at most."""
    caller.needs("analyst", "operator")
    return insights_of(archive(), caller, day, dismissed)


@router.post("/v1/admin/insights/<insight_id>/dismiss", tags=["Reports"], summary="Hide an insight for a while")
def dismiss(insight_id: InsightId, body: Dismissal, caller: CallerParam) -> Dismissed:
    """What was said last holds. The mail of the day does not tell it meanwhile either."""
    caller.needs("operator")
    return hide(archive(), caller, insight_id, body)


def insights_of(archive: Archive, caller: Caller, day: str | None, dismissed: bool) -> InsightsView:
    """Of the last day that was computed, or the last up to `day`. Raises NotFound (`result`), Invalid (`bad_day`,
    `day_not_over`)."""
    found = archive.results.newest_until(REPORT, _until(archive, day))
    if found is None:
        raise NotFound("result")
    hidden = DismissedTable(archive.results.table).on(_today(archive))
    items = [InsightView.of(one, caller, hidden.get(one.id)) for one in read(archive, found)]
    return InsightsView(
        day=found.day,
        version=found.version,
        computed_at=found.at,
        items=[one for one in items if dismissed or one.dismissed_until is None],
    )


def hide(archive: Archive, caller: Caller, insight: str, body: Dismissal) -> Dismissed:
    """One that is there now. Raises NotFound (`insight`), Invalid (`until`)."""
    today = date.fromisoformat(_today(archive))
    if body.until and not today <= body.until <= today + timedelta(days=MOST_DAYS):
        raise Invalid(f"`until` is today or one of the {MOST_DAYS} days after it.", reason="until")
    found = archive.results.newest_until(REPORT, _today(archive))
    if found is None or all(one.id != insight for one in read(archive, found)):
        raise NotFound("insight")
    table = DismissedTable(archive.results.table)
    table.dismiss(insight, body.until, by=caller.name, reason=body.reason, now=archive.now())
    return Dismissed(id=insight, until=body.until)


def _today(archive: Archive) -> str:
    return day_of(archive.now(), archive.zone)


def _until(archive: Archive, text: str | None) -> str:
    try:
        day = date.fromisoformat(text).isoformat() if text else _today(archive)
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None
    if text and day >= _today(archive):
        raise Invalid("This day is not over yet.", reason="day_not_over")
    return day
