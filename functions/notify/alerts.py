"""`/v1/admin/alerts`: what is wrong with the supply, and that somebody knows of it."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from notify.wiring import Desk, desk
from quanyi.alerts.kinds import AlertKind, Fact, Severity
from quanyi.alerts.model import Alert, AlertState
from quanyi.alerts.table import from_item
from quanyi.alerts.texts import NEXT_STEPS, TITLES, explained
from quanyi.catalog.model import Language
from quanyi.clock import Timestamp
from quanyi.errors import Invalid
from quanyi.http import CallerParam, Cursor, Limit, View
from quanyi.table import decode_cursor, encode_cursor

router = APIGatewayRouter()

AlertId = Annotated[str, Path(pattern=r"^[a-z_]{1,32}(~[A-Za-z0-9._-]{1,64}){1,3}$", description="As the list has it")]
InLanguage = Annotated[Language, Query(description="Of the texts")]


class AlertView(View):
    """`facts` are the numbers that show it (`docs/alerts.md`); `explanation` tells them in sentences. `told_at` is
    missing for one that came back too soon to be told again."""

    id: str
    kind: AlertKind
    subject: Annotated[str, Field(description="`sku#channel` (`sku#shared`), a supplier, a purchase order")]
    severity: Severity
    state: AlertState
    title: str
    explanation: tuple[str, ...]
    next_step: str
    facts: dict[str, Fact]
    opened_at: Timestamp
    changed_at: Timestamp
    told_at: Timestamp | None = None
    recovered_at: Timestamp | None = None
    seen_by: Annotated[str | None, Field(description="Who said that they know of it")] = None
    seen_at: Timestamp | None = None

    @classmethod
    def of(cls, alert: Alert, language: Language, zone: str) -> "AlertView":
        known = {"id", "explanation", "title", "next_step", "seen_by", "told_at"}
        return cls.model_validate(
            {
                **alert.model_dump(include=set(cls.model_fields) - known),
                "id": alert.id,
                "title": TITLES[language][alert.kind],
                "explanation": explained(alert.kind, alert.facts, language, zone),
                "next_step": NEXT_STEPS[language][alert.kind],
                "told_at": None if alert.quiet_until else alert.told_at,
                "seen_by": alert.seen_by or None,
            }
        )


class AlertPage(View):
    items: list[AlertView]
    next: str | None = None


@router.get("/v1/admin/alerts", summary="Alerts, open ones first", tags=["admin"])
def listed(
    caller: CallerParam,
    kind: Annotated[AlertKind | None, Query()] = None,
    state: Annotated[AlertState | None, Query()] = None,
    language: InLanguage = "zh-CN",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AlertPage:
    """Newest first, in both parts."""
    caller.needs("operator")
    found, after = find_alerts(desk(), kind, state, limit, cursor)
    return AlertPage(items=[AlertView.of(alert, language, desk().zone) for alert in found], next=after)


@router.post("/v1/admin/alerts/<alert_id>/acknowledge", summary="Say that you know of an alert", tags=["admin"])
def acknowledge(alert_id: AlertId, caller: CallerParam, language: InLanguage = "zh-CN") -> AlertView:
    """Nobody is reminded of it any more, unless it gets worse. The first who says so is kept."""
    caller.needs("operator")
    alert = desk().alerts.acknowledge(alert_id, caller.name, desk().now())
    return AlertView.of(alert, language, desk().zone)


def find_alerts(
    desk: Desk, kind: AlertKind | None, state: AlertState | None, limit: int, cursor: str | None
) -> tuple[list[Alert], str | None]:
    """Raises Malformed, Invalid (`cursor`)."""
    start = decode_cursor(cursor, ("pk", "sk", "list", "listed"))
    if start and start["list"] != "ALERTS":
        raise Invalid("The cursor belongs to another list.", reason="cursor")
    page = desk.alerts.page(state=state, kind=kind, limit=limit, start=start)
    return [from_item(item) for item in page.items], encode_cursor(page.next)
