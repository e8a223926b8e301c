"""`/v1/admin/past-orders`: orders of other platforms, brought in by their exports."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from quanyi.callers import Caller
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.http import Body, CallerParam, IdempotencyKey, created, entry, rest_api
from quanyi.ids import derived_id
from quanyi.imports.model import FileFault
from quanyi.past.orders import read_orders
from quanyi.past.presets import PRESETS
from quanyi.past.reading import MissingColumn, places, records
from quanyi.past.rows import RowReader
from quanyi.past.source import Source, SourceId, SourceSettings
from quanyi.payments.account import ACCOUNT
from quanyi.payments.manual import MANUAL
from quanyi.payments.registry import KINDS, SANDBOX
from reports.past.goods import Dictionary
from reports.past.office import PastOffice, past_office
from reports.past.views import (
    PastAnnounced,
    PastImportsView,
    PastImportView,
    PastPreviewView,
    PresetsView,
    SourcesView,
)
from reports.upload import LINK_LASTS, PastPlace
from reports.views import UploadLink

app = rest_api()

MOST_LISTED = 50
PREVIEW_BYTES = 50 * 1024
OWN_ACCOUNTS = frozenset({*KINDS, SANDBOX, MANUAL, ACCOUNT})
"""Where our own money stands: a platform's must not be taken for it."""

_SOURCE = "/v1/admin/past-orders/sources/<source>"
PathSource = Annotated[SourceId, Path(description="Your name of the source")]
OfSource = Annotated[SourceId, Query(description="Of this source")]


class NewPastImport(Body):
    source: SourceId


class PastPreviewBody(Body):
    """`text` are the first lines of an export, of a sheet its cells as they are copied (separated by tabs). `settings`
    stand in for the saved ones, to try them out."""

    text: Annotated[str, Field(min_length=1, max_length=PREVIEW_BYTES)]
    settings: SourceSettings | None = None


@app.get("/v1/admin/past-orders/presets", tags=["Past orders"], summary="Sources to begin with")
def presets(caller: CallerParam) -> PresetsView:
    """Of Taobao, Douyin and WeChat's shop: platforms change their columns, so look at a preview first."""
    caller.needs("operator")
    return PresetsView(presets=dict(PRESETS))


@app.get("/v1/admin/past-orders/sources", tags=["Past orders"], summary="Sources of past orders")
def sources(caller: CallerParam) -> SourcesView:
    caller.needs("operator")
    return SourcesView(items=past_office().past.sources())


@app.get(_SOURCE, tags=["Past orders"], summary="Read a source")
def source_of(source: PathSource, caller: CallerParam) -> Source:
    caller.needs("operator")
    return past_office().past.source(source)


@app.put(_SOURCE, tags=["Past orders"], summary="Make or change a source")
def save(source: PathSource, body: SourceSettings, caller: CallerParam) -> Source:
    """What was imported by it stays as it was told."""
    caller.needs("operator")
    return saved(past_office(), source, body)


@app.delete(_SOURCE, tags=["Past orders"], summary="Remove a source", status_code=204)
def remove(source: PathSource, caller: CallerParam) -> Response[None]:
    """What was imported by it stays."""
    caller.needs("operator")
    past_office().past.remove(source)
    return Response(204)


@app.post(f"{_SOURCE}/preview", tags=["Past orders"], summary="How an export would be understood")
def preview(source: PathSource, body: PastPreviewBody, caller: CallerParam) -> PastPreviewView:
    """Nothing is kept. At most 50 KB of text."""
    caller.needs("operator")
    return previewed(past_office(), source, body)


@app.post("/v1/admin/past-orders/imports", status_code=201, tags=["Past orders"], summary="Announce an export")
def announce(body: NewPastImport, key: IdempotencyKey, caller: CallerParam) -> Response[PastAnnounced]:
    """Bring the file to `upload`; it is read as soon as it is there, and deleted then."""
    caller.needs("operator")
    return created(announced(past_office(), caller, key, body))


@app.get("/v1/admin/past-orders/imports", tags=["Past orders"], summary="A source's imports")
def listed(caller: CallerParam, source: OfSource) -> PastImportsView:
    caller.needs("operator")
    items = past_office().past.imports(source)[:MOST_LISTED]
    return PastImportsView(items=[PastImportView.of(item) for item in items])


def saved(room: PastOffice, source_id: str, body: SourceSettings) -> Source:
    """Raises Invalid (`name_taken`, `no_such_channel`)."""
    if source_id in OWN_ACCOUNTS:
        raise Invalid("A payment provider of this shop has that name.", reason="name_taken")
    try:
        room.channels.channel(body.channel)
    except NotFound:
        raise Invalid("There is no such channel.", reason="no_such_channel") from None
    source = Source.model_validate({"id": source_id, **body.model_dump()})
    room.past.save(source)
    return source


def previewed(room: PastOffice, source_id: str, body: PastPreviewBody) -> PastPreviewView:
    """Raises Invalid (`text_too_long`), NotFound."""
    data = body.text.encode(errors="replace")
    if len(data) > PREVIEW_BYTES:
        raise Invalid(f"At most {PREVIEW_BYTES} bytes of text.", reason="text_too_long")
    settings = body.settings or room.past.source(source_id)
    shape = {"file_type": "csv", "encoding": "utf-8"} | ({"delimiter": "\t"} if settings.file_type == "xlsx" else {})
    source = Source.model_validate({**settings.model_dump(), "id": source_id, **shape})
    try:
        columns, rows = places(source, records(source, data))
    except MissingColumn as missing:
        return PastPreviewView(reason=missing.code, fields=tuple(missing.fields))
    except FileFault as fault:
        return PastPreviewView(reason=fault.code)
    export = read_orders(RowReader(source, columns, room.zone, room.now()), rows)
    names = (name for one in export.orders for name in one.names.values())
    return PastPreviewView.of(export, Dictionary.of(room.catalog, source, names))


def announced(room: PastOffice, caller: Caller, key: str, body: NewPastImport) -> PastAnnounced:
    """The same key names the same import. Raises NotFound, Conflict: the import is over."""
    source = room.past.source(body.source)
    place = PastPlace(source.id, derived_id("I", caller.key_id, source.id, key))
    now = room.now()
    item = room.past.announce(*place, by=caller.name, now=now)
    if item["state"] in ("done", "failed"):
        raise Conflict("This import is over; use a new Idempotency-Key for another file.", state=item["state"])
    url, fields = room.uploads.link(place, source.max_bytes)
    link = UploadLink(url=url, fields=fields, expires_at=now + LINK_LASTS, max_bytes=source.max_bytes)
    return PastAnnounced(**PastImportView.of(item).model_dump(), upload=link)


handler = entry(app)
