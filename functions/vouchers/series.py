"""What an operator does with series: make one, look at it, extend, freeze or cancel it.

A change is one write of the series, which each redemption reads. After it whoever keeps
what is in stock is told, and the audit trail written: should that fail, the same call again changes nothing more and
does both.
"""

from typing import Any

from quanyi.audit.model import Entry, series_subject
from quanyi.callers import Caller
from quanyi.catalog.prepaid import check_prepaid
from quanyi.errors import Invalid, NotFound
from quanyi.ids import derived_id, new_id
from quanyi.replay import body_hash, must_repeat
from quanyi.table import decode_cursor, encode_cursor
from quanyi.vouchers.acceptable import must_be_acceptable
from quanyi.vouchers.model import Series
from quanyi.vouchers.series import series_of
from vouchers.ending import may_end
from vouchers.requests import Action, Change, NewSeries
from vouchers.views import SeriesPage, SeriesView, SeriesWithRuns
from vouchers.wiring import Desk

_LISTED = ("pk", "sk", "list", "listed")


def make_series(desk: Desk, caller: Caller, key: str, body: NewSeries) -> Series:
    """A series of a voucher SKU; the same call again answers it as it is by then. Raises Invalid (`sku_unknown`,
    `sku_not_voucher`, `currency`, `condition`, `prepaid_rule`), KeyReused."""
    series_id, asked = derived_id("VS", "made", caller.name, key), body_hash(body=body)
    series = desk.series.named([series_id]).get(series_id) or desk.series.make(
        _new(desk, caller, series_id, body).model_copy(update={"body_hash": asked})
    )
    must_repeat(series.body_hash, asked)
    note(desk, caller, series, "SeriesMade", sku=series.sku)
    return series


def _new(desk: Desk, caller: Caller, series_id: str, body: NewSeries) -> Series:
    try:
        sku = desk.catalog.sku(body.sku)
    except NotFound:
        raise Invalid("No such SKU.", reason="sku_unknown", sku=body.sku) from None
    if sku.voucher is None:
        raise Invalid("Only a SKU of kind voucher has series.", reason="sku_not_voucher", sku=body.sku)
    terms = body.terms or sku.voucher
    if terms.currency != sku.currency:
        raise Invalid("A voucher is worth the currency of its SKU.", reason="currency", currency=sku.currency)
    must_be_acceptable(terms)
    check_prepaid([sku.model_copy(update={"voucher": terms})])
    made = {"made_by": caller.name, "created_at": desk.now()}
    return Series.model_validate(
        {"id": series_id, "sku": sku.id, "title": body.title or sku.title(), "terms": terms, **made}
    )


def read_series(desk: Desk, series_id: str) -> SeriesWithRuns:
    """Raises NotFound."""
    return SeriesWithRuns.with_runs(desk.series.get(series_id), desk.runs.of(series_id))


def list_series(desk: Desk, sku: str, limit: int, cursor: str | None) -> SeriesPage:
    """Raises Invalid (`foreign_cursor`)."""
    start = decode_cursor(cursor, _LISTED)
    if start and start["list"] != f"SERIES#{sku}":
        raise Invalid("The cursor is another SKU's.", reason="foreign_cursor")
    page = desk.series.of_sku(sku, limit=limit, start=start)
    return SeriesPage(items=[SeriesView.of(series_of(item)) for item in page.items], next=encode_cursor(page.next))


def change_series(desk: Desk, caller: Caller, series_id: str, action: Action, body: Change) -> Series:
    """Raises NotFound, Conflict (`cancelled`), Invalid (`until`, `prepaid_rule`)."""
    must_fit(action, body)
    who: dict[str, Any] = {"by": caller.name, "now": desk.now()}
    match action:
        case "extend":
            assert body.until
            may_end(desk, desk.series.get(series_id), body.until)
            series = desk.series.extend(series_id, body.until, **who)
        case "freeze":
            series = desk.series.freeze(series_id, body.reason, **who)
        case "unfreeze":
            series = desk.series.unfreeze(series_id, **who)
        case "cancel":
            series = desk.series.cancel(series_id, body.reason, **who)
    if any(not run.handed_out for run in desk.runs.of(series_id)):
        desk.withdraw(series_id)
    until = {"until": body.model_dump(mode="json")["until"]} if body.until else {}
    note(desk, caller, series, f"Series{_DONE[action]}", reason=body.reason, **until)
    return series


_DONE: dict[Action, str] = {"extend": "Extended", "freeze": "Frozen", "unfreeze": "Unfrozen", "cancel": "Cancelled"}


def must_fit(action: Action, body: Change) -> None:
    """Raises Invalid (`until`)."""
    if (action == "extend") != (body.until is not None):
        raise Invalid("`until` is the new end, for `extend` and nothing else.", reason="until")


def note(desk: Desk, caller: Caller, series: Series, what: str, **facts: Any) -> None:
    """One entry of the series' audit trail."""
    entry = Entry(series_subject(series.id), desk.now(), new_id("", desk.draw), caller.name, [{"what": what, **facts}])
    desk.audit.put([entry])
