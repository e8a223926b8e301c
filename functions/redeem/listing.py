"""A store's redemptions of a day: what a till is counted up by in the evening."""

from quanyi.callers import Caller
from quanyi.clock import day
from redeem.messages import RecordPage, RecordView
from redeem.presenting import store_of_caller
from redeem.wiring import Till


def redemptions_of(
    till: Till, caller: Caller, store: str | None, date: str | None, limit: int, cursor: str | None
) -> RecordPage:
    """Of the caller's store; those without a store are asked for without one. A channel's server sees its own. Raises
    Forbidden, Invalid, Malformed."""
    caller.needs("counter", "storefront", "operator")
    where = store_of_caller(caller, store)
    on = date or day(till.now(), till.zone)
    channel = caller.channel if caller.role == "storefront" else ""
    records, after = till.redemptions.of_day(where, on, limit=limit, cursor=cursor, channel=channel)
    series = till.series.named(record.series for record in records if record.series)
    return RecordPage(items=[RecordView.of(record, series.get(record.series)) for record in records], next=after)
