"""`GET /v1/reports/tax`: what a month turned over, by tax class, rate and channel."""

from base64 import b64encode
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from quanyi.clock import Timestamp
from quanyi.http import CallerParam, View, entry, rest_api
from quanyi.money import Currency
from quanyi.tax.turnover import Taxed, Turnover, tax_of
from receipts.sheet import XLSX, as_csv, as_xlsx
from receipts.summing import Report, TooLarge, of_month
from receipts.wiring import Ledger, ledger

app = rest_api()

RETRY_AFTER = "60"

Month = Annotated[str, Query(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$", description="In the shop's time zone")]
Format = Annotated[Literal["json", "csv", "xlsx"], Query()]


class TurnoverRow(View):
    """Minor units of `currency` with the tax in them. `tax` is rounded once, of the row's `net`, which is negative
    when more came back than was delivered. `deliveries` and `returns` count journal entries."""

    channel: str
    currency: Currency
    tax_class: str
    tax_rate: int
    delivered: int
    returned: int
    net: int
    tax: int
    net_without_tax: int
    deliveries: int
    returns: int


class TurnoverView(View):
    month: str
    complete: bool
    """False while the month is running."""
    as_of: Timestamp
    """What was in the ledger by then is in the rows: now, or some minutes ago where today alone is too large."""
    rows: list[TurnoverRow]


class Summing(View):
    """A large month is being summed in the background: ask again after `Retry-After` seconds."""

    month: str
    state: str = "under_way"


Answer = Response[TurnoverView | Summing | str]

_CONTENT: dict[str, Any] = {
    "application/json": {"model": TurnoverView},
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
}


@app.get(
    "/v1/reports/tax",
    summary="A month's turnover and tax",
    tags=["Reports"],
    responses={
        200: {"description": "The report in the format asked for", "content": _CONTENT},
        202: {
            "description": "A large month: it is being summed; ask again after `Retry-After` seconds",
            "content": {"application/json": {"model": Summing}},
        },
    },
)
def tax(caller: CallerParam, month: Month, format: Format = "json") -> Answer:
    """Recognised when delivered, reversed when money goes back. For `xlsx`, send `Accept` with its media type."""
    caller.needs("analyst", "operator")
    return report_of(ledger(), month, format)


def report_of(room: Ledger, month: str, format: Format) -> Answer:
    """A small month is summed at once, of a large one what is kept; else a run is started. Raises Invalid
    (`month_ahead`)."""
    try:
        return answer(of_month(room, month), format)
    except TooLarge:
        room.sum_later(month)
        headers = {"Cache-Control": "no-store", "Retry-After": RETRY_AFTER}
        return Response(202, "application/json", Summing(month=month), headers=headers)


def answer(report: Report, format: Format) -> Answer:
    rows = report.rows.items()
    if format == "json":
        told = [_row(*row) for row in rows]
        view = TurnoverView(month=report.month, complete=report.complete, as_of=report.as_of, rows=told)
        return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})
    name = f"turnover-{report.month}{'' if report.complete else '-running'}.{format}"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    if format == "csv":
        return Response(200, "text/csv; charset=utf-8", as_csv(report.month, rows), headers=headers)
    encoded = b64encode(as_xlsx(report.month, rows)).decode()
    file: Answer = Response(200, XLSX, encoded, headers=headers)
    # Encoded here: the answer's validation takes no bytes.
    file.base64_encoded = True
    return file


def _row(row: Taxed, sums: Turnover) -> TurnoverRow:
    tax = tax_of(row, sums)
    return TurnoverRow(
        channel=row.channel,
        currency=row.currency,
        tax_class=row.tax_class,
        tax_rate=row.rate,
        delivered=sums.delivered,
        returned=sums.returned,
        net=sums.net,
        tax=tax,
        net_without_tax=sums.net - tax,
        deliveries=sums.deliveries,
        returns=sums.returns,
    )


handler = entry(app)
