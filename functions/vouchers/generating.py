"""Asking for vouchers to be generated: numbers are given out, and the importer is told to make them."""

from quanyi.callers import Caller
from quanyi.catalog.model import Sku
from quanyi.errors import Conflict, Invalid, KeyReused, NotFound
from quanyi.ids import derived_id
from quanyi.imports.model import Numbers, Plan
from quanyi.money import Money
from quanyi.replay import body_hash, must_repeat
from quanyi.vouchers.model import VOUCHER_ISSUER, Series
from quanyi.vouchers.runs import Run
from vouchers.requests import Generation
from vouchers.series import note
from vouchers.wiring import Desk


def generate(desk: Desk, caller: Caller, series_id: str, key: str, body: Generation) -> Run:
    """The next numbers of a series, which a run makes into vouchers from now on; the same call again answers the same
    numbers. Raises NotFound, Conflict (`cancelled`, `over`, `frozen`, `too_many_runs`), Invalid (`not_from_stock`,
    `channel_unknown`, `handed_out_channel`, `too_many_numbers`), KeyReused."""
    series = desk.series.get(series_id)
    run_id, asked = derived_id("I", "vouchers", caller.name, series_id, key), body_hash(series_id, body=body)
    item = desk.imports.find(run_id)
    if item is None:
        sku = desk.catalog.sku(series.sku)
        _must_be_possible(desk, series, sku, body)
        run = _begun(desk, caller, series_id, run_id, body)
        plan = _plan(desk, series, sku, run, body.channel)
        item = desk.imports.create(run_id, plan, body_hash=asked, by=caller.name, now=run.at, until=run.at)
    must_repeat(item["body_hash"], asked)
    run = next(run for run in desk.runs.of(series_id) if run.id == run_id)
    note(desk, caller, series, "Generating", run=run.id, first=run.first, last=run.last, into=body.into)
    if item["state"] == "running":
        desk.go_on(run_id)
    return run


def _begun(desk: Desk, caller: Caller, series_id: str, run_id: str, body: Generation) -> Run:
    handed_out = body.into == "handed_out"
    run = desk.runs.begin(series_id, run_id, body.count, handed_out=handed_out, by=caller.name, now=desk.now())
    if (run.count, run.handed_out) != (body.count, handed_out):
        raise KeyReused("Use a new Idempotency-Key for another request.")
    return run


def _must_be_possible(desk: Desk, series: Series, sku: Sku, body: Generation) -> None:
    if series.cancelled:
        raise Conflict("The series was cancelled.", reason="cancelled", state="cancelled")
    if series.valid_until and series.valid_until <= desk.now():
        raise Conflict("The series is over: extend it first.", reason="over", state="over")
    if series.frozen and body.into == "stock":
        raise Conflict("The series is frozen, and not sold: unfreeze it first.", reason="frozen", state="frozen")
    if body.into == "stock" and sku.own != "stock":
        raise Invalid("This SKU's vouchers are made when they are sold.", reason="not_from_stock", sku=sku.id)
    if body.channel and body.into != "stock":
        raise Invalid("Only what is sold from stock is of a channel.", reason="handed_out_channel")
    if body.channel:
        try:
            desk.channels.channel(body.channel)
        except NotFound:
            raise Invalid("No such channel.", reason="channel_unknown", channel=body.channel) from None


def _plan(desk: Desk, series: Series, sku: Sku, run: Run, channel: str | None) -> Plan:
    return Plan(
        sku=sku.id,
        channel=channel,
        supplier=VOUCHER_ISSUER,
        unit_cost=Money(amount=0, currency=series.terms.currency),
        delimiter=None,
        header=False,
        dry_run=False,
        expires_at=None if run.handed_out else series.valid_until,
        format="number_pin" if series.terms.pin_digits else "code",
        issuer=VOUCHER_ISSUER,
        shards=sku.shards,
        zone=desk.zone,
        numbers=Numbers(series=series.id, first=run.first, count=run.count, handed_out=run.handed_out),
    )
