"""`/v1/admin/channel-spend`: what is spent on channels, which ROI, CAC and payback are computed with.

The function also has what else the merchant tells reports: how RFM is scored (`reports.bands`), and when the digest is
mailed to whom (`reports.digest.choice`).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field, StringConstraints

from quanyi.analytics.bands_table import BandsTable
from quanyi.aws import client
from quanyi.callers import Caller
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, day, system_clock
from quanyi.errors import Invalid
from quanyi.http import Body, CallerParam, Cursor, Limit, View, entry, rest_api
from quanyi.settings import Settings
from quanyi.spend.model import Spend, Unreadable, read_csv, strays, twice
from quanyi.spend.table import SpendTable, from_item, month_key
from quanyi.table import Table, decode_cursor, encode_cursor
from quanyi.vault.kms import Keyring, Kms
from reports.bands import Scoring, bands_router
from reports.digest.choice import Mailing, digest_router
from reports.digest.settings import digest_choices

MOST = 1000
"""Entries in one call."""

MOST_STRAYS = 20
"""Unknown channels that a refusal names."""

OLDEST = timedelta(days=3 * 366)
"""What is older than that is not corrected any more."""

app = rest_api()


class SpendBody(Body):
    """Entries to be set, replacing what stands under the same day, channel, source, medium, campaign and currency."""

    entries: Annotated[list[Spend], Field(min_length=1, max_length=MOST)]


class SpendFile(Body):
    """A CSV file whose first line names `day`, `channel`, `amount`, and if you like `source`, `medium`, `campaign` and
    `currency`. Amounts are in whole units: `12.50`."""

    csv: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


class SpendSet(View):
    set: int


class SpendPage(View):
    items: list[Spend]
    next: str | None


@dataclass(frozen=True)
class Spending:
    spend: SpendTable
    channels: ChannelTable
    zone: str
    now: Clock = system_clock


class SpendSettings(Settings):
    facts_table: str
    catalog_table: str
    kms_key_id: str


@cache
def spending() -> Spending:
    known, dynamodb = SpendSettings.read(), client("dynamodb")
    channels = ChannelTable(Table(known.catalog_table, dynamodb))
    return Spending(SpendTable(Table(known.facts_table, dynamodb)), channels, known.shop_time_zone)


@cache
def scoring() -> Scoring:
    return Scoring(BandsTable(Table(SpendSettings.read().facts_table, client("dynamodb"))))


@cache
def mailing() -> Mailing:
    known, dynamodb = SpendSettings.read(), client("dynamodb")
    keys = Keyring(Table(known.catalog_table, dynamodb), Kms(known.kms_key_id, client("kms")))
    return Mailing(digest_choices(Table(known.facts_table, dynamodb), keys))


app.include_router(bands_router(scoring))
app.include_router(digest_router(mailing))


@app.put("/v1/admin/channel-spend", summary="Set what was spent on channels", tags=["reports"])
def write(body: SpendBody, caller: CallerParam) -> SpendSet:
    """The same again changes nothing; an amount of zero takes an entry away. A channel that the shop has not is refused
    (`no_such_channel`), with those that are called most like it."""
    return save(spending(), caller, body.entries)


@app.post("/v1/admin/channel-spend/csv", summary="Set it from a CSV file", tags=["reports"])
def write_file(body: SpendFile, caller: CallerParam) -> SpendSet:
    """All of the file or nothing: what cannot be read is listed by line (`errors`)."""
    try:
        entries = read_csv(body.csv, MOST)
    except Unreadable as file:
        wrong = [{"line": one.line, "code": one.code, "column": one.column} for one in file.wrong]
        raise Invalid("Some lines can't be read.", reason="unreadable", errors=wrong) from None
    return save(spending(), caller, entries)


@app.get("/v1/admin/channel-spend", summary="What was spent on channels", tags=["reports"])
def listed(
    caller: CallerParam,
    month: Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> SpendPage:
    """Of a month, by day and channel."""
    caller.needs("operator", "analyst")
    start = decode_cursor(cursor, ("pk", "sk"))
    if start and start["pk"] != month_key(month):
        raise Invalid("The cursor belongs to another month.", reason="cursor")
    page = spending().spend.page(month, limit=limit, start=start)
    return SpendPage(items=[from_item(item) for item in page.items], next=encode_cursor(page.next))


def save(room: Spending, caller: Caller, entries: list[Spend]) -> SpendSet:
    """Raises Invalid (`bad_day`, `twice`, `no_such_channel`)."""
    caller.needs("operator")
    now = room.now()
    for one in entries:
        _check(one.day, now, room.zone)
    if any(twice(entries)):
        raise Invalid("An entry is listed twice.", reason="twice")
    if unknown := strays(entries, room.channels.ids()):
        told = [{"channel": one.channel, "nearest": [*one.nearest]} for one in unknown[:MOST_STRAYS]]
        raise Invalid("The shop has no such channel.", reason="no_such_channel", channels=told)
    room.spend.set(entries, caller.name, now)
    return SpendSet(set=len(entries))


def _check(told: date, now: datetime, zone: str) -> None:
    today = date.fromisoformat(day(now, zone))
    if not today - OLDEST <= told <= today:
        raise Invalid("Spend is of a day of the last three years.", reason="bad_day")


handler = entry(app)
