"""`/v1/admin/settlements`, and bringing an order's books up to date: an operator's side of the books."""

from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from quanyi.callers import Caller
from quanyi.clock import day as day_of
from quanyi.errors import Conflict, Invalid
from quanyi.http import Body, CallerParam, IdempotencyKey, created, entry, rest_api
from quanyi.ids import derived_id
from quanyi.payments.port import NoSuchProvider
from quanyi.payments.settings import ProviderName
from reports.books.recover import recover
from reports.upload import LINK_LASTS, MAX_BYTES, Place
from reports.views import Announced, FileView, ImportView, RecoverView, SettlementsView, UploadLink
from reports.wiring import Office, office

app = rest_api()

_DAY = r"^\d{4}-\d{2}-\d{2}$"
OrderId = Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")]
OfProvider = Annotated[ProviderName, Query(description="Of this provider")]
OfDay = Annotated[str, Query(pattern=_DAY, description="The day of the file, in the provider's own zone")]


class NewSettlement(Body):
    """The file of one provider and one of that provider's days."""

    provider: ProviderName
    day: Annotated[str, Field(pattern=_DAY, description="In the provider's own zone", examples=["2026-11-22"])]


@app.post("/v1/admin/settlements", status_code=201, tags=["Books"], summary="Announce a settlement file")
def announce(body: NewSettlement, key: IdempotencyKey, caller: CallerParam) -> Response[Announced]:
    caller.needs("operator")
    return created(announced(office(), caller, key, body))


@app.get("/v1/admin/settlements", tags=["Books"], summary="A day's settlement file, and its imports")
def listed(caller: CallerParam, provider: OfProvider, day: OfDay) -> SettlementsView:
    caller.needs("operator")
    return files_of(office(), provider, day)


@app.post("/v1/admin/orders/<order_id>/recover", tags=["Books"], summary="Ask the providers, and complete the books")
def mend(order_id: OrderId, caller: CallerParam) -> RecoverView:
    caller.needs("operator")
    return recover(office(), caller, order_id)


def announced(office: Office, caller: Caller, key: str, body: NewSettlement) -> Announced:
    """The same key names the same import. Raises Invalid (`bad_day`, `day_not_over`), NoSuchProvider, Conflict: the
    import is over."""
    kind = office.providers.kinds.get(body.provider)
    if kind is None or not kind.bill_zone:
        names = sorted(name for name, known in office.providers.kinds.items() if known.bill_zone)
        raise NoSuchProvider(f"Settlement files are read of: {', '.join(names)}.")
    if _day(body.day) >= _day(day_of(office.now(), kind.bill_zone)):
        raise Invalid("This day is not over yet.", reason="day_not_over")
    place = Place(body.provider, body.day, derived_id("I", caller.key_id, body.provider, body.day, key))
    now = office.now()
    item = office.settlements.announce(*place, by=caller.name, now=now)
    if item["state"] in ("done", "failed"):
        raise Conflict("This import is over; use a new Idempotency-Key for another file.", state=item["state"])
    url, fields = office.uploads.link(place)
    link = UploadLink(url=url, fields=fields, expires_at=now + LINK_LASTS, max_bytes=MAX_BYTES)
    return Announced(**ImportView.of(item).model_dump(), provider=body.provider, day=body.day, upload=link)


def files_of(office: Office, provider: str, day: str) -> SettlementsView:
    file = office.settlements.file(provider, day)
    return SettlementsView(
        provider=provider,
        day=day,
        file=FileView.model_validate(file) if file else None,
        imports=[ImportView.of(item) for item in office.settlements.imports(provider, day)],
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None


handler = entry(app)
