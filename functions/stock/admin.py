"""`/v1/admin/imports`, `/batches`, `/cards`, `/charge-backs`, `/stock`: an operator's side of stock."""

from datetime import date
from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, StringConstraints, model_validator

from quanyi.catalog.model import CardFormat, SkuId
from quanyi.csv_pages import next_link
from quanyi.http import Body, CallerParam, Cursor, IdempotencyKey, Limit, entry, rest_api
from quanyi.imports.model import ID
from quanyi.secret import Secret
from stock.charge_backs import ROWS, Asked, ChargeBackPage, page_of_csv
from stock.intake import ImportCreated, ImportPage, ImportView, NewImport, RefusedPage
from stock.keeping import BatchAction, CardAction, Person
from stock.levels import levels_of_each, stock_levels
from stock.views import BatchPage, BatchView, CardPage, CardView, Found, LevelsOfSeveral, PageDone, StockLevels
from stock.wiring import intake, keeping, owed

CSV_LINES = 100_000
"""Refused lines in one download: about 3 MB, since a function answers at most 6."""

app = rest_api()

ImportId = Annotated[str, Path(pattern=r"^I[0-9A-Z]{10,30}$")]
BatchId = Annotated[str, Path(pattern=ID)]
CardId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]
OfSku = Annotated[SkuId, Query(description="Of this SKU")]
OfSkus = Annotated[list[SkuId], Query(alias="sku", min_length=1, max_length=100, description="Of each of these SKUs")]
OfBatch = Annotated[str, Query(pattern=ID, description="Of this batch")]
FromSupplier = Annotated[str | None, Query(pattern=ID, description="Of this supplier; of all when left out")]
From = Annotated[date | None, Query(alias="from", description="First of the shop's days; 30 before `to` when left out")]
To = Annotated[date | None, Query(description="Last of the shop's days; today when left out")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class CardChange(Body):
    reason: Reason = Field(description="For the audit trail")
    channel: Annotated[str, StringConstraints(pattern=ID)] | None = Field(
        None, description="Where `move` moves to; `shared` means any channel"
    )


class BatchChange(CardChange):
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = Field(
        None, description="`next` of the answer before"
    )


class FindCards(Body):
    """Which cards these secrets are: with their SKU, or with its issuer and format."""

    secrets: Annotated[list[Secret], Field(min_length=1, max_length=100)]
    sku: SkuId | None = None
    issuer: Annotated[str, StringConstraints(max_length=64)] = ""
    format: CardFormat | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if (self.sku is None) == (self.format is None):
            raise ValueError("either the SKU, or the format (and issuer)")
        return self


def _operators(app: APIGatewayRestResolver, next_middleware: NextMiddleware, caller: CallerParam) -> Response[Any]:
    caller.needs("operator")
    return next_middleware(app)  # pyright: ignore[reportUnknownVariableType] - the library leaves it open


app.use([_operators])


@app.post("/v1/admin/imports", status_code=201, tags=["Imports"], summary="Announce a stock file, or paste cards")
def announce(body: NewImport, key: IdempotencyKey, caller: CallerParam) -> ImportCreated:
    return intake().create(body, by=caller.name, key=key)


@app.get("/v1/admin/imports", tags=["Imports"], summary="List imports, newest first")
def imports(limit: Limit = 20, cursor: Cursor = None) -> ImportPage:
    return intake().page(limit, cursor)


@app.get("/v1/admin/imports/<import_id>", tags=["Imports"], summary="Watch an import")
def watch(import_id: ImportId) -> ImportView:
    return intake().get(import_id)


@app.get("/v1/admin/imports/<import_id>/refused", tags=["Imports"], summary="List refused lines, by number and reason")
def refused(import_id: ImportId, limit: Limit = 100, cursor: Cursor = None) -> RefusedPage:
    return intake().refused(import_id, limit, cursor)


@app.get("/v1/admin/imports/<import_id>/refused-csv", tags=["Imports"], summary="Download refused lines as CSV")
def refused_csv(import_id: ImportId, cursor: Cursor = None) -> Response[str]:
    page = intake().refused(import_id, CSV_LINES, cursor)
    rows = "".join(f"{row.line},{row.reason}\r\n" for row in page.items)
    headers = {"Content-Disposition": f'attachment; filename="refused-{import_id}.csv"'}
    if page.next:
        headers["X-Next-Cursor"] = page.next
    return Response(200, "text/csv; charset=utf-8", "line,reason\r\n" + rows, headers=headers)


@app.post("/v1/admin/imports/<import_id>/resume", status_code=202, tags=["Imports"], summary="Go on with an import")
def resume(import_id: ImportId) -> ImportView:
    return intake().resume(import_id)


@app.post("/v1/admin/imports/<import_id>/cancel", tags=["Imports"], summary="Stop an import")
def cancel(import_id: ImportId, caller: CallerParam) -> ImportView:
    return intake().cancel(import_id, by=caller.name)


@app.get("/v1/admin/batches", tags=["Stock"], summary="List a SKU's batches, newest first")
def batches(sku: OfSku, limit: Limit = 20, cursor: Cursor = None) -> BatchPage:
    return keeping().batches_of(sku, limit, cursor)


@app.get("/v1/admin/batches/<batch_id>", tags=["Stock"], summary="Read a batch, its cards counted by state")
def batch(batch_id: BatchId) -> BatchView:
    return keeping().batch(batch_id)


@app.post("/v1/admin/batches/<batch_id>/<action>", tags=["Stock"], summary="Change a batch's cards, a page at a time")
def change_batch(
    batch_id: BatchId, action: Annotated[BatchAction, Path()], body: BatchChange, caller: CallerParam
) -> PageDone:
    person = Person(caller.name, body.reason)
    return keeping().change_batch(batch_id, action, person, body.channel, body.cursor)


@app.get("/v1/admin/cards", tags=["Stock"], summary="List a batch's cards")
def cards(batch: OfBatch, limit: Limit = 50, cursor: Cursor = None) -> CardPage:
    return keeping().cards_of(batch, limit, cursor)


@app.post("/v1/admin/cards/find", tags=["Stock"], summary="Find cards by their pasted secrets: who bought this?")
def find(body: FindCards) -> Found:
    return Found(items=keeping().find(body.secrets, body.sku, body.issuer, body.format or "code"))


@app.get("/v1/admin/cards/<card_id>", tags=["Stock"], summary="Read a card, without its secret")
def card(card_id: CardId) -> CardView:
    return keeping().card(card_id)


@app.post("/v1/admin/cards/<card_id>/<action>", tags=["Stock"], summary="Quarantine, release, void or move a card")
def change_card(
    card_id: CardId, action: Annotated[CardAction, Path()], body: CardChange, caller: CallerParam
) -> CardView:
    return keeping().change(card_id, action, Person(caller.name, body.reason), body.channel)


@app.get("/v1/admin/charge-backs", tags=["Stock"], summary="What suppliers owe for bad cards")
def charge_backs(
    supplier: FromSupplier = None, since: From = None, to: To = None, limit: Limit = 20, cursor: Cursor = None
) -> ChargeBackPage:
    return owed().page(Asked(supplier, since, to), limit, cursor)


@app.get(
    "/v1/admin/charge-backs.csv",
    tags=["Stock"],
    summary="Export what suppliers owe as CSV, page by page",
    responses={200: {"description": "A page of CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def charge_backs_csv(
    supplier: FromSupplier = None, since: From = None, to: To = None, cursor: Cursor = None
) -> Response[str]:
    """The next page is where `Link` and `X-Next-Cursor` say; joined, the pages are one file."""
    page = owed().page(Asked(supplier, since, to), ROWS, cursor)
    asked = {"supplier": supplier, "from": since, "to": to}
    headers = next_link({name: str(value) for name, value in asked.items() if value}, page.next)
    headers |= {"Content-Disposition": 'attachment; filename="charge-backs.csv"', "Cache-Control": "no-store"}
    return Response(200, "text/csv; charset=utf-8", page_of_csv(page.items, first=cursor is None), headers=headers)


@app.get("/v1/admin/stock", tags=["Stock"], summary="A SKU's stock levels")
def stock(sku: OfSku) -> StockLevels:
    return stock_levels(keeping().stats, sku)


@app.get("/v1/admin/stock-levels", tags=["Stock"], summary="The stock levels of several SKUs")
def stock_of_several(skus: OfSkus) -> LevelsOfSeveral:
    return LevelsOfSeveral(items=levels_of_each(keeping().stats, skus))


handler = entry(app)
