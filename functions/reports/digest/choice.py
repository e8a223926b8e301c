"""`/v1/admin/digest`: whether the daily digest is mailed, at which hour, in which language, and to whom."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from quanyi.callers import Caller
from quanyi.choices.table import ChoicesTable
from quanyi.clock import Clock, Timestamp, system_clock
from quanyi.errors import Invalid
from quanyi.http import Body, CallerParam, View
from reports.digest.settings import DigestTerms


class DigestChoiceBody(Body):
    digest: Annotated[DigestTerms, Field(description="What is left out is the deployment's to say")]
    version: Annotated[int, Field(ge=0, strict=True, description="As last read: refused when it has changed")]


class DigestChoiceView(View):
    """`by` and `at` are null for what there was before anybody chose."""

    digest: DigestTerms
    version: int
    by: str | None
    at: Timestamp | None


@dataclass(frozen=True)
class Mailing:
    choices: ChoicesTable[DigestTerms]
    now: Clock = system_clock


def digest_router(room: Callable[[], Mailing]) -> APIGatewayRouter:
    router = APIGatewayRouter()

    @router.get("/v1/admin/digest", summary="Who is mailed the daily digest, and when", tags=["Reports"])
    def read(caller: CallerParam) -> DigestChoiceView:
        caller.needs("operator")
        return view(room())

    @router.put("/v1/admin/digest", summary="Choose who is mailed the daily digest, and when", tags=["Reports"])
    def write(body: DigestChoiceBody, caller: CallerParam) -> DigestChoiceView:
        """From the next time on that this hour comes."""
        return save(room(), caller, body)

    return router


def view(room: Mailing) -> DigestChoiceView:
    newest = room.choices.newest()
    return DigestChoiceView(digest=newest.chosen, version=newest.version, by=newest.by or None, at=newest.at)


def save(room: Mailing, caller: Caller, body: DigestChoiceBody) -> DigestChoiceView:
    """Raises Conflict (`stale_version`), Invalid (`twice`)."""
    caller.needs("operator")
    named = [address.lower() for address in body.digest.recipients]
    if len({*named}) < len(named):
        raise Invalid("An address is listed twice.", reason="twice")
    room.choices.save(body.digest, body.version, caller.name, room.now())
    return view(room)
