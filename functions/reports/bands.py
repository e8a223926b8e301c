"""`/v1/admin/rfm-bands`: how the merchant has buyers scored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from quanyi.analytics.bands_table import BandsTable, KeptBands
from quanyi.analytics.customers import MOST_BANDS, MOST_EDGES, Bands
from quanyi.callers import Caller
from quanyi.clock import Clock, Timestamp, system_clock
from quanyi.http import Body, CallerParam, View
from quanyi.money import Currency

MOST = 20
"""Earlier versions that are told."""

Days = Annotated[int, Field(ge=0, le=3650, strict=True)]
Purchases = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Amount = Annotated[int, Field(ge=0, le=10**15, strict=True)]
"""Minor units."""


class BandsTerms(Body):
    """`count` bands of equal size, or edges of your own, from the loosest to the strictest: four make five bands. What
    has no edges is scored in bands of equal size."""

    count: Annotated[int, Field(ge=2, le=MOST_BANDS, strict=True)] = 5
    recency: Annotated[
        tuple[Days, ...],
        Field(max_length=MOST_EDGES, description="Days since the last purchase, at most: [180, 90, 30]"),
    ] = ()
    frequency: Annotated[tuple[Purchases, ...], Field(max_length=MOST_EDGES, description="At least: [2, 3, 5]")] = ()
    monetary: Annotated[
        tuple[Amount, ...], Field(max_length=MOST_EDGES, description="At least, in minor units of `currency`")
    ] = ()
    currency: Annotated[Currency | None, Field(description="Of `monetary`; other currencies keep equal bands")] = None

    def bands(self) -> Bands:
        """Raises Invalid (`bad_bands`)."""
        return Bands(self.count, self.recency, self.frequency, self.monetary, self.currency or "")


class BandsBody(BandsTerms):
    version: Annotated[int, Field(ge=0, strict=True, description="As last read: refused when it has changed")]


class BandsVersion(View):
    """`by` and `at` are null for what there was before anybody chose."""

    count: int
    recency: list[int]
    frequency: list[int]
    monetary: list[int]
    currency: Currency | None
    version: int
    by: str | None
    at: Timestamp | None

    @classmethod
    def of(cls, kept: KeptBands) -> "BandsVersion":
        bands = kept.bands
        return cls(
            count=bands.count,
            recency=[*bands.recency],
            frequency=[*bands.frequency],
            monetary=[*bands.monetary],
            currency=bands.currency or None,
            version=kept.version,
            by=kept.by or None,
            at=kept.at,
        )


class BandsView(BandsVersion):
    """With the versions before it, the last first."""

    earlier: list[BandsVersion]


@dataclass(frozen=True)
class Scoring:
    bands: BandsTable
    now: Clock = system_clock


def bands_router(room: Callable[[], Scoring]) -> APIGatewayRouter:
    router = APIGatewayRouter()

    @router.get("/v1/admin/rfm-bands", summary="How RFM is scored", tags=["reports"])
    def read(caller: CallerParam) -> BandsView:
        caller.needs("operator", "analyst")
        return view(room())

    @router.put("/v1/admin/rfm-bands", summary="Choose how RFM is scored", tags=["reports"])
    def write(body: BandsBody, caller: CallerParam) -> BandsView:
        """From the next night on, and for days that are computed again. Segments follow: they are by scores above the
        average."""
        return save(room(), caller, body)

    return router


def view(room: Scoring) -> BandsView:
    newest, *earlier = map(BandsVersion.of, room.bands.history(MOST + 1))
    return BandsView(**newest.model_dump(), earlier=earlier)


def save(room: Scoring, caller: Caller, body: BandsBody) -> BandsView:
    """Raises Invalid (`bad_bands`), Conflict (`stale_version`)."""
    caller.needs("operator")
    room.bands.save(body.bands(), body.version, caller.name, room.now())
    return view(room)
