"""`GET /v1/reports/digest`: what was mailed of a day, with links to its pictures."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from quanyi.clock import Timestamp
from quanyi.errors import NotFound
from quanyi.http import CallerParam
from reports.digest.kept import Digests
from reports.digest.views import Digest, Picture
from reports.digest.wiring import digests
from reports.lake.files import LINK_LASTS
from reports.night.results import NO_STORE, over
from reports.wiring import Archive, archive

router = APIGatewayRouter()

Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The shop's; the last one when left out")]


class LinkedPicture(Picture):
    """`url` needs no credential, until it expires."""

    url: str
    expires_at: Timestamp


class DigestView(Digest):
    pictures: tuple[LinkedPicture, ...] = ()  # pyright: ignore[reportIncompatibleVariableOverride] - frozen


@router.get("/v1/reports/digest", tags=["Reports"], summary="The daily digest: a day in numbers and pictures")
def of_day(caller: CallerParam, day: Day = None) -> Response[DigestView]:
    """As it was made the morning after; what became known later is in the other reports."""
    caller.needs("analyst", "operator")
    return Response(200, "application/json", digest_view(archive(), digests(), day), NO_STORE)


def digest_view(archive: Archive, digests: Digests, day: str | None) -> DigestView:
    """Raises NotFound (`digest`), Invalid (`bad_day`, `day_not_over`)."""
    kept = digests.of(over(archive, day)) if day else digests.last()
    if kept is None:
        raise NotFound("digest")
    expires = archive.now() + LINK_LASTS
    linked = [
        LinkedPicture(
            **picture.model_dump(),
            url=archive.lake.link(kept.key(picture.name), f"{picture.name}-{kept.digest.day}.png"),
            expires_at=expires,
        )
        for picture in kept.digest.pictures
    ]
    return DigestView(**kept.digest.model_dump(exclude={"pictures"}), pictures=tuple(linked))
