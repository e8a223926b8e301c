"""The operator's list over days and shards, read from a table that only remembers."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.errors import Malformed
from quanyi.orders.listing import LOOKED, READS, Sieve, newest
from quanyi.table import Item, Page, encode_cursor

LAST = date(2026, 11, 23)


@dataclass
class FakeIndex:
    """`by-created`, newest first, `page` entries read at a time at most; counts its reads and what they brought."""

    items: list[Item]
    page: int = 3
    reads: int = 0
    looked: int = 0
    seen_limits: set[int] = field(default_factory=set[int])

    def query(
        self, where: str, *, day: str, before: str, filter: str | None, limit: int, state: str | None = None, **_: Any
    ) -> Page:
        assert where == "#day = :day AND created < :before"
        self.reads += 1
        self.seen_limits.add(limit)
        found = [item for item in self.items if item["day"] == day and item["created"] < before]
        found.sort(key=lambda item: item["created"], reverse=True)
        size = min(self.page, limit)
        read = found[:size]
        self.looked += len(read)
        kept = [item for item in read if not filter or item["state"] == state]
        return Page(kept, read[-1] if len(read) == size else None, len(read))


def entry(days_ago: int, shard: int, minute: int, state: str = "paid") -> Item:
    day = LAST - timedelta(days=days_ago)
    order = f"O{days_ago:03d}{shard}{minute:04d}"
    created = f"{day}T{minute // 60:02d}:{minute % 60:02d}:00.000Z#{order}"
    return {"day": f"{day}#{shard}", "created": created, "state": state}


def everything(index: FakeIndex, sieve: Sieve, limit: int, days: int) -> tuple[list[str], int]:
    """All pages' ids, and how many pages it took."""
    ids: list[str] = []
    cursor: str | None = None
    for pages in range(1, 500):
        before, looked = index.reads, index.looked
        found = newest(index, LAST - timedelta(days=days), LAST, sieve, limit, cursor)  # type: ignore[arg-type]
        assert index.reads - before <= READS
        assert found.looked == index.looked - looked <= LOOKED
        assert len(found.ids) <= limit
        ids += found.ids
        cursor = found.next
        if cursor is None:
            return ids, pages
    raise AssertionError("it never ends")


entries = st.lists(
    st.builds(
        entry,
        st.integers(0, 12),
        st.integers(0, 3),
        st.integers(0, 1439),
        st.sampled_from(["paid", "expired"]),
    ),
    max_size=120,
    unique_by=lambda item: item["created"],
)


@given(entries, st.integers(1, 30), st.integers(1, 7), st.sampled_from([None, "paid", "expired", "refunded"]))
def test_every_order_once_and_newest_first(items: list[Item], limit: int, page: int, state: Any) -> None:
    wanted = [
        item for item in items if state in (None, item["state"]) and item["day"] >= str(LAST - timedelta(days=10))
    ]
    wanted.sort(key=lambda item: item["created"], reverse=True)
    ids, _ = everything(FakeIndex(items, page), Sieve(state), limit, days=10)
    assert ids == [item["created"].split("#")[1] for item in wanted]


def test_an_empty_year_is_walked_in_bounded_pages() -> None:
    ids, pages = everything(FakeIndex([]), Sieve(), 20, days=365)
    assert ids == []
    assert pages == 12


def test_a_filter_that_throws_almost_all_away_still_gets_on() -> None:
    items = [entry(0, n % 4, n, "expired") for n in range(1440)] + [entry(3, 1, 5)]
    ids, pages = everything(FakeIndex(items, page=2), Sieve("paid"), 20, days=5)
    assert ids == ["O00310005"]
    assert pages > 3


def test_one_order_of_many_is_found_by_pages_of_some_thousands() -> None:
    items = [entry(day, n % 4, n, "expired") for day in range(20) for n in range(1440)] + [entry(20, 1, 5)]
    index = FakeIndex(items, page=10_000)
    ids, pages = everything(index, Sieve("paid"), 20, days=25)
    assert ids == ["O02010005"]
    assert len(items) / LOOKED <= pages < 2 * len(items) / LOOKED, "each gets as far as it may"


def test_a_day_busier_than_a_call_may_look_through_is_gone_on_with_inside() -> None:
    quiet = [entry(0, n % 4, n, "expired") for n in range(130)]
    day = LAST - timedelta(days=1)
    busy = [{**entry(1, n % 4, 0, "expired"), "created": f"{day}T{n:06d}#B{n:06d}"} for n in range(11_000)]
    busy[1234]["state"] = "paid"
    index = FakeIndex([*quiet, *busy], page=10_000)
    ids, pages = everything(index, Sieve("paid"), 20, days=1)
    assert ids == ["B001234"]
    assert pages == 2
    assert index.looked < len(quiet) + len(busy) + 4 * 400, "what is read twice is a page of each shard at most"


def test_filtered_pages_read_more_entries_at_once() -> None:
    plain, filtered = FakeIndex([]), FakeIndex([])
    everything(plain, Sieve(), 20, 0)
    everything(filtered, Sieve("paid"), 20, 0)
    assert max(plain.seen_limits) < min(filtered.seen_limits)


@pytest.mark.parametrize(
    "cursor", ["!", "AAAA", encode_cursor({"day": "yesterday", "before": "x"}), encode_cursor({"day": "x"})]
)
def test_a_broken_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Malformed):
        newest(FakeIndex([]), LAST, LAST, Sieve(), 20, cursor)  # type: ignore[arg-type]
