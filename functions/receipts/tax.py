"""`GET /v1/reports/tax`: what a month turned over, by tax class, rate and channel."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from quanyi.clock import day
from quanyi.http import CallerParam, View, entry, rest_api
from quanyi.money import Currency
from quanyi.tax.turnover import Taxed, Turnover, days_of, tax_of, together, turnover
from receipts.sheet import XLSX, as_csv, as_xlsx
from receipts.wiring import Ledger, ledger

app = rest_api()

AT_ONCE = 8
"""Days that are read at the same time."""

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
    rows: list[TurnoverRow]


@dataclass(frozen=True)
class Report:
    """A month's rows, sorted; `complete` unless the month is running."""

    month: str
    complete: bool
    rows: dict[Taxed, Turnover]


_CONTENT: dict[str, Any] = {
    "application/json": {"model": TurnoverView},
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
}


@app.get(
    "/v1/reports/tax",
    summary="A month's turnover and tax",
    tags=["Reports"],
    responses={200: {"description": "The report in the format asked for", "content": _CONTENT}},
)
def tax(caller: CallerParam, month: Month, format: Format = "json") -> Response[TurnoverView | str]:
    """Recognised when delivered, reversed when money goes back. For `xlsx`, send `Accept` with its media type."""
    caller.needs("analyst", "operator")
    return answer(of_month(ledger(), month), format)


def of_month(room: Ledger, month: str) -> Report:
    """Raises Invalid (`month_ahead`)."""
    days, complete = days_of(month, day(room.now(), room.zone))

    def one(day: str) -> dict[Taxed, Turnover]:
        return turnover(room.entries.of_day(day))

    with ThreadPoolExecutor(AT_ONCE) as several:
        return Report(month, complete, together(several.map(one, days)))


def answer(report: Report, format: Literal["json", "csv", "xlsx"]) -> Response[TurnoverView | str]:
    rows = report.rows.items()
    if format == "json":
        view = TurnoverView(month=report.month, complete=report.complete, rows=[_row(*row) for row in rows])
        return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})
    name = f"turnover-{report.month}{'' if report.complete else '-running'}.{format}"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    if format == "csv":
        return Response(200, "text/csv; charset=utf-8", as_csv(report.month, rows), headers=headers)
    encoded = b64encode(as_xlsx(report.month, rows)).decode()
    file: Response[TurnoverView | str] = Response(200, XLSX, encoded, headers=headers)
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
