"""A month that is too large to be read at once: days are summed once, and again when an entry comes late."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.clock import end_of_day
from quanyi.errors import Busy, Invalid
from quanyi.ledger.model import LedgerEntry
from quanyi.ledger.table import LedgerTable
from quanyi.table import Item
from quanyi.tax.summed import Summed
from quanyi.tax.table import TurnoverTable
from quanyi.tax.turnover import Taxed, Turnover, turnover
from receipts import nightly, summing, tax
from receipts.sheet import as_csv
from receipts.summing import TooLarge, of_month
from receipts.wiring import Ledger
from tests.aws.conftest import Call, Cloud

ZONE = "Asia/Shanghai"
ANALYST = Caller(role="analyst", key_id="AN1")
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
VAT = Taxed("site", "CNY", "service", 600)


@dataclass
class Books:
    """The ledger of a shop whose clock stands at `now`; `asked` are months that a run was started for."""

    cloud: Cloud
    asked: list[str]
    now: datetime = NOON

    def __post_init__(self) -> None:
        stats = self.cloud.table("StatsTable")
        entries = LedgerTable(stats, ZONE, lambda: self.now)
        self.room = Ledger(entries, TurnoverTable(stats), ZONE, self.asked.append, lambda: self.now)

    def post(self, *entries: LedgerEntry) -> None:
        self.room.entries.put(entries)

    def kept(self) -> list[Item]:
        return [item for item in self.cloud.contents("StatsTable")["StatsTable"] if item["pk"].startswith("TURNOVER#")]

    def sums(self, month: str = "2026-11", most: int = summing.MOST_AT_ONCE) -> dict[Taxed, Turnover]:
        return of_month(self.room, month, most).rows


@pytest.fixture
def books(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Books:
    books = Books(cloud, [])
    for module in (tax, nightly):
        monkeypatch.setattr(module, "ledger", lambda: books.room)
    return books


def sold(order: str, at: datetime, amount: int = 106, channel: str = "site") -> LedgerEntry:
    return LedgerEntry(order, 2, at, channel, "CNY", {"owed": amount, "revenue:service@600": -amount})


def a_month() -> list[LedgerEntry]:
    """Three weeks of sales and returns in three channels, with days on which nothing happened."""
    draw = Random(5)
    days = [end_of_day(f"2026-11-{day:02d}", ZONE) for day in draw.sample(range(1, 22), 12)]
    found: list[LedgerEntry] = []
    for number in range(60):
        at = draw.choice(days) - timedelta(minutes=draw.randint(1, 1300))
        amount, channel = draw.choice((106, 53, -20)), draw.choice(("site", "app", "taobao"))
        found.append(sold(f"O{number}", at, amount, channel))
    return found


def run(books: Books, month: str | None = None) -> list[str]:
    return nightly.handler({"v": 1, "month": month} if month else {}, None)["days"]


def file_of(call: Call) -> str:
    query = {"month": "2026-11", "format": "csv"}
    status, text, _ = call(tax.handler, "GET", "/v1/reports/tax", caller=ANALYST, query=query)
    assert status == 200
    return text


def test_the_file_is_the_same_summed_or_read(books: Books, call: Call) -> None:
    entries = [*a_month(), sold("O99", NOON)]
    books.post(*entries)
    whole = as_csv("2026-11", sorted(turnover(entries).items()))
    assert file_of(call) == whole
    assert len(run(books)) == 22 + 31  # October's days too
    kept = books.kept()
    assert file_of(call) == whole
    assert run(books) == []
    assert books.kept() == kept


def test_what_is_summed_is_not_read_again(books: Books) -> None:
    books.post(*a_month())
    run(books)
    books.post(sold("O99", NOON))
    with pytest.raises(TooLarge):
        books.sums(most=0)
    assert books.sums(most=1) == books.sums()


def test_an_entry_that_comes_late_is_in_the_next_file(books: Books) -> None:
    books.post(*a_month())
    run(books)
    before = books.sums()[VAT]
    late = sold("O99", NOON - timedelta(days=3))
    books.post(late)
    after = books.sums()[VAT]
    assert after == before + Turnover(106, 0, 1, 0)
    # Told again: the same sums, though the day is read once more.
    books.post(late)
    assert books.sums()[VAT] == after
    assert run(books) == ["2026-11-20"]
    assert (books.sums(most=0)[VAT], run(books)) == (after, [])


def test_an_entry_that_comes_while_its_day_is_summed(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    at, read = NOON - timedelta(days=1), LedgerTable.of_day
    books.post(sold("O1", at))

    def meanwhile(table: LedgerTable, day: str, *, consistent: bool = False) -> Any:
        found = list(read(table, day, consistent=consistent))
        if day == "2026-11-22" and len(found) == 1:
            books.post(sold("O2", at))
        return iter(found)

    with monkeypatch.context() as patch:
        patch.setattr(LedgerTable, "of_day", meanwhile)
        run(books)
    assert books.sums()[VAT].delivered == 212
    assert run(books) == ["2026-11-22"]
    assert books.sums(most=0)[VAT].delivered == 212


def test_a_writer_that_dies_before_it_tells_is_run_again(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    run(books)
    late = sold("O1", NOON - timedelta(days=1))

    def dies(*_: object, **__: object) -> Item:
        raise Busy("the table is throttled")

    with monkeypatch.context() as patch:
        patch.setattr("quanyi.table.Table.update", dies)
        with pytest.raises(Busy):
            books.post(late)
    books.post(late)
    assert books.sums()[VAT].delivered == 106


def test_a_run_that_breaks_off_is_gone_on_with(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.post(*a_month())
    whole, keep, left = books.sums(), TurnoverTable.keep, iter(range(40))

    def dies(table: TurnoverTable, sums: Summed) -> None:
        if next(left, None) is None:
            raise Busy("the table is throttled")
        keep(table, sums)

    with monkeypatch.context() as patch:
        patch.setattr(TurnoverTable, "keep", dies)
        with pytest.raises(Busy):
            run(books)
    assert (len(books.kept()), books.sums()) == (40, whole)
    assert len(run(books)) == 13
    assert books.sums(most=0) == whole


def test_a_day_counts_as_over_when_every_clock_says_so(books: Books) -> None:
    midnight = end_of_day("2026-11-22", ZONE)
    books.now = midnight + timedelta(minutes=5)
    run(books)
    # A writer whose clock is behind takes this for yesterday's own: it tells nobody.
    replace(books.room.entries, now=lambda: midnight - timedelta(seconds=1)).put([sold("O1", midnight - timedelta(1))])
    assert books.sums()[VAT].delivered == 106
    books.now = midnight + timedelta(minutes=100)
    assert run(books) == ["2026-11-22"]
    assert books.sums(most=0)[VAT].delivered == 106


def test_sums_of_an_earlier_reading_replace_none(books: Books) -> None:
    new = Summed("2026-11-20", 2, NOON, {VAT: Turnover(5, 0, 1, 0)})
    for old in (replace(new, late=1, rows={}), replace(new, read_at=NOON - timedelta(minutes=1), rows={})):
        books.room.turnover.keep(new)
        books.room.turnover.keep(old)
        assert books.room.turnover.of_month("2026-11") == {"2026-11-20": new}


def test_a_large_month_is_summed_in_the_background(books: Books, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    books.post(*a_month(), sold("O98", NOON), sold("O99", NOON))
    whole = books.sums()
    monkeypatch.setattr(summing.of_month, "__defaults__", (1,))

    def ask() -> tuple[int, Any, dict[str, str]]:
        return call(tax.handler, "GET", "/v1/reports/tax", caller=ANALYST, query={"month": "2026-11", "format": "json"})

    status, answer, headers = ask()
    assert (status, answer, headers["retry-after"]) == (202, {"month": "2026-11", "state": "under_way"}, "60")
    assert books.asked == ["2026-11"]
    assert len(run(books, books.asked[0])) == 23  # today, as far as it is
    assert run(books, books.asked[0]) == []
    books.now += timedelta(minutes=30)
    status, view, _ = ask()
    assert (status, view["complete"], view["as_of"]) == (200, False, "2026-11-23T04:00:00.000Z")
    assert sum(row["net"] for row in view["rows"]) == sum(sums.net for sums in whole.values())
    # An hour on, today has to be read again.
    books.now += timedelta(minutes=31)
    assert ask()[0] == 202
    assert run(books, books.asked[-1]) == ["2026-11-23"]
    assert ask()[0] == 200


def test_a_month_ahead_is_refused_by_the_run_too(books: Books) -> None:
    with pytest.raises(Invalid):
        run(books, "2026-12")
