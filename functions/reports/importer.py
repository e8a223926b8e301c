"""Reads settlement files, and exports of past orders (`reports.past.importing`): woken by S3 through a queue when one
has arrived.

A file is looked through whole before anything of it is written, so a bad one changes nothing. A run that dies is
repeated from the start; every write lands on itself.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from json import loads
from typing import Any

from quanyi.clock import day as day_of
from quanyi.clock import end_of_day
from quanyi.errors import Malformed, NotFound
from quanyi.http import log, place
from quanyi.payments.port import SettlementRow
from quanyi.payments.registry import Kind
from quanyi.settlements.model import FailedFor, Settled, Sums, days_between, keyed, sums_of
from reports.books.files import NO_ORDER, Files
from reports.books.kept import is_kept
from reports.books.recover import with_fees
from reports.past.importing import past_import
from reports.past.office import past_office
from reports.upload import MAX_BYTES, PastPlace, Place
from reports.wiring import Office, office

WRITERS = 8


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Each message brings a file's key. One that fails comes again."""
    failed = []
    for record in event["Records"]:
        key = str(loads(record["body"])["detail"]["object"]["key"])
        where = Place.of_key(key) or PastPlace.of_key(key)
        try:
            told = _told(where) if where else {}
        except Exception as fault:  # noqa: BLE001 - whatever it is, the message comes again
            # Its class and place only: a message can quote what was being read.
            log().error("import", extra={"file": where, "fault": type(fault).__name__, "at": place(fault)})
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            log().info("import", extra={"file": where, **told})
    return {"batchItemFailures": failed}


def _told(where: Place | PastPlace) -> dict[str, Any]:
    return past_import(past_office(), where) if isinstance(where, PastPlace) else run_import(office(), where)


def run_import(office: Office, where: Place) -> dict[str, Any]:
    """How it went. Raises what AWS raises; calling again is safe."""
    data = office.uploads.read(where) if office.settlements.begin(*where) else None
    if data is None:  # nobody announced it, or it has been read
        office.uploads.delete(where)
        return {"state": "not_wanted"}
    kind = office.providers.kinds[where.provider]
    try:
        count, sums, days = _survey(kind, data) if len(data) <= MAX_BYTES else (-1, {}, set[str]())
    except Malformed:
        return _failed(office, where, "unreadable")
    if count < 0:
        return _failed(office, where, "too_large")
    if days and where.day not in days:
        return _failed(office, where, "another_day")
    office.settlements.put(keyed(where.provider, where.day, kind.rows(data)), where.import_id)
    booked = book_fees(office, where, keyed(where.provider, where.day, kind.rows(data)))
    office.settlements.replace(*where, rows=count, sums=sums, now=office.now())
    remade = remake(office, where.day, kind.bill_zone)
    office.settlements.finish(*where, rows=count, sums=sums, now=office.now())
    office.uploads.delete(where)
    return {"state": "done", "rows": count, "fees": booked} | ({"remade": remade} if remade else {})


def remake(office: Office, day: str, zone: str) -> list[str]:
    """Reports that were made without this file are made anew: those of the shop's days that its day has a part of. A
    day that has no report yet gets it in its own time."""
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    last = end_of_day(day, zone) - timedelta(milliseconds=1)
    days = days_between(end_of_day(before, zone), last, office.zone)
    found = [one for one in days if is_kept(office.stats, one)]
    for one in found:
        office.reconcile_later(one)
    return found


def book_fees(office: Office, where: Place, rows: Iterable[Settled]) -> int:
    """Writes onto the orders what the file says the provider kept, and answers how many it changed."""
    by_order = Files(office).by_order(rows)

    def one(order_id: str) -> bool:
        try:
            before = office.orders.get(order_id)
        except NotFound:  # a number like ours, of a shop that is no more
            return False
        return office.orders.change(before, lambda it: with_fees(it, by_order[order_id])) != before

    with ThreadPoolExecutor(WRITERS) as several:
        return sum(several.map(one, [order for order in by_order if order != NO_ORDER]))


def _survey(kind: Kind, data: bytes) -> tuple[int, Sums, set[str]]:
    """How many rows, their sums, and the days they are of, as far as they tell. Raises Malformed."""
    count, days = 0, set[str]()

    def counted() -> Iterable[SettlementRow]:
        nonlocal count
        for row in kind.rows(data):
            count += 1
            if row.kind == "payment" or kind.bill_dates_refunds:
                days.add(day_of(row.at, kind.bill_zone))
            yield row

    sums = sums_of(counted())
    return count, sums, days


def _failed(office: Office, where: Place, reason: FailedFor) -> dict[str, Any]:
    office.settlements.fail(*where, reason)
    office.uploads.delete(where)
    return {"state": "failed", "reason": reason}
