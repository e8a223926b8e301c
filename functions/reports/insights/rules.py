"""`/v1/admin/insights/rules`: how much a rule must see before it says anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from quanyi.callers import Caller
from quanyi.choices.table import Choice, ChoicesTable
from quanyi.clock import Clock, Timestamp, system_clock
from quanyi.http import Body, CallerParam, View
from quanyi.insights.thresholds import DEFAULTS, Thresholds

MOST = 20
"""Earlier versions that are told."""


class RulesBody(Body):
    rules: Annotated[Thresholds, Field(description="A rule, or a number, that is left out has its default")]
    version: Annotated[int, Field(ge=0, strict=True, description="As last read: refused when it has changed")]


class RulesVersion(View):
    """`by` and `at` are null for what there was before anybody chose."""

    rules: Thresholds
    version: int
    by: str | None
    at: Timestamp | None

    @classmethod
    def of(cls, kept: Choice[Thresholds]) -> "RulesVersion":
        return cls(rules=kept.chosen, version=kept.version, by=kept.by or None, at=kept.at)


class RulesView(RulesVersion):
    """With the versions before it, the last first."""

    defaults: Thresholds
    earlier: list[RulesVersion]


@dataclass(frozen=True)
class Judging:
    rules: ChoicesTable[Thresholds]
    now: Clock = system_clock


def rules_router(room: Callable[[], Judging]) -> APIGatewayRouter:
    router = APIGatewayRouter()

    @router.get("/v1/admin/insights/rules", summary="How much insights must see", tags=["Reports"])
    def read(caller: CallerParam) -> RulesView:
        caller.needs("operator", "analyst")
        return view(room())

    @router.put("/v1/admin/insights/rules", summary="Choose how much insights must see", tags=["Reports"])
    def write(body: RulesBody, caller: CallerParam) -> RulesView:
        """From the next night on, and for days that are computed again. How sure a rule must be is no choice."""
        return save(room(), caller, body)

    return router


def view(room: Judging) -> RulesView:
    newest, *earlier = map(RulesVersion.of, room.rules.history(MOST + 1))
    return RulesView(
        rules=newest.rules,
        version=newest.version,
        by=newest.by,
        at=newest.at,
        defaults=DEFAULTS,
        earlier=earlier,
    )


def save(room: Judging, caller: Caller, body: RulesBody) -> RulesView:
    """Raises Conflict (`stale_version`)."""
    caller.needs("operator")
    room.rules.save(body.rules, body.version, caller.name, room.now())
    return view(room)
