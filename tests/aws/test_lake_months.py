"""A month that is over becomes one file: each fact once, wherever the night dies, whoever else does it, and whatever
comes late."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from quanyi.analytics.reports import REPORTS
from quanyi.facts.model import Fact
from reports.lake.compaction import forget, is_news, merge, settled, together
from reports.lake.files import FileGone, LakeFile
from reports.night import run as daily
from tests.aws.test_lake import START, Shore, dies, facts, record, shore, truth

__all__ = ["shore"]

SEPTEMBER = START - timedelta(days=80)
"""A day two months ago (the 5th of September), two minutes before midnight."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "REPORTS", tuple(report for report in REPORTS if report.name == "sales_daily"))


def of_september(count: int = 12) -> list[Fact]:
    """Of three days, and one of October."""
    return [
        replace(fact, at=SEPTEMBER + timedelta(days=number % 3 if number else 30))
        for number, fact in enumerate(facts(count))
    ]


def names(shore: Shore) -> list[str]:
    return [f"{file.day} {file.name.split('-')[0]}" for file in shore.lake.files()]


def test_a_month_that_is_over_becomes_one_file(shore: Shore) -> None:
    wanted = [*of_september(), *(replace(fact, id=f"N{fact.id}") for fact in facts(2))]
    shore.told(*map(record, wanted))
    told = shore.nightly()
    assert (told["compacted"], told["months"]) == (5, 2)
    assert names(shore) == ["2026-09-01 month", "2026-10-01 month", "2026-11-24 compact"]
    assert shore.rows() == truth(wanted)
    before = shore.lake.files()
    assert {**shore.nightly(), "days": []} == {"days": [], "new": 0, "compacted": 0, "months": 0}
    assert shore.lake.files() == before


def test_a_month_is_settled_a_week_after_its_end(shore: Shore) -> None:
    assert not settled("2026-10", date(2026, 11, 7))
    assert settled("2026-10", date(2026, 11, 8))
    assert not settled("2026-11", date(2026, 11, 30))
    assert settled("2025-12", date(2026, 1, 8))
    shore.told(*map(record, of_september(3)))
    shore.now = SEPTEMBER + timedelta(days=33)  # the night after the 7th of October
    assert shore.nightly()["months"] == 0
    shore.now += timedelta(days=1)
    assert shore.nightly()["months"] == 1
    assert names(shore) == ["2026-09-01 month", "2026-10-05 compact"]


def test_late_facts_go_into_their_month(shore: Shore) -> None:
    wanted = of_september()
    shore.told(*map(record, wanted[:6]))
    shore.nightly()
    shore.told(*map(record, wanted[4:]))
    assert shore.rows() == truth(wanted)
    told = shore.nightly()
    assert (told["compacted"], told["months"]) == (1, 0)
    assert names(shore) == ["2026-09-01 month", "2026-10-01 month"]
    assert shore.rows() == truth(wanted)


def test_of_a_fact_of_a_month_that_is_told_anew_the_last_word_counts(shore: Shore) -> None:
    (fact,) = of_september(4)[1:2]
    moved = replace(fact, category="CA")
    shore.told(record(fact, at=1_795_000_000))
    shore.nightly()
    shore.told(record(moved, at=1_795_000_009))
    shore.nightly()
    assert shore.rows() == truth([moved])
    shore.told(record(fact, at=1_795_000_000))
    shore.nightly()
    assert shore.rows() == truth([moved])


def test_a_late_fact_of_last_month_has_its_day_computed_again_though_the_month_is_one_file(shore: Shore) -> None:
    late = [replace(fact, at=START - timedelta(days=25)) for fact in facts(6)]
    shore.told(*map(record, late[:2]))
    shore.now = START - timedelta(days=25) + timedelta(days=1)
    shore.nightly()
    shore.now = START + timedelta(hours=14)
    assert shore.nightly()["months"] == 1
    shore.told(*map(record, late))
    assert "2026-10-30" in shore.nightly()["days"]
    newest = shore.archive.results.newest("sales_daily", "2026-10-30")
    assert newest
    assert newest.facts == len(truth(late))


def test_a_day_is_computed_from_a_month_that_has_news_too(shore: Shore) -> None:
    wanted = of_september()
    shore.told(*map(record, wanted[:6]))
    shore.nightly()
    shore.told(*map(record, wanted[4:]))
    for day in ("2026-09-05", "2026-09-06", "2026-09-07", "2026-10-05"):
        daily.run(shore.archive, shore.engine, day)
        kept = shore.archive.results.newest("sales_daily", day)
        assert kept
        assert kept.facts == len([row for row in truth(wanted) if f"{row['day']}" == day])


def test_what_begins_within_a_month_finds_the_months_file(shore: Shore) -> None:
    wanted = of_september()
    shore.told(*map(record, wanted))
    shore.nightly()
    shore.told(record(wanted[1]), record(wanted[2]))
    found = shore.lake.files(date(2026, 9, 7), date(2026, 9, 30))
    assert [(file.day, file.is_month) for file in found] == [("2026-09-01", True), ("2026-09-07", False)]
    assert shore.lake.files(date(2026, 10, 1), date(2026, 10, 4)) == shore.lake.files(date(2026, 10, 1))


# ------------------------------------------------------------------------------------------- crashes, and runs at once


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("late", [0, 3])
def test_a_night_that_dies_anywhere_doubles_and_loses_nothing(shore: Shore, applied: bool, late: int) -> None:
    """`late`: facts that come after their month has become one file."""
    died, at, wanted = True, 0, list[Fact]()
    while died:
        at += 1
        ids = (replace(fact, id=f"{at}{fact.id}") for fact in of_september(5))
        wanted = [fact for fact in ids if fact.at < SEPTEMBER + timedelta(days=2)]
        for file in shore.lake.files():
            shore.lake.delete(file)
        shore.told(*map(record, wanted[late:]))
        if late:
            shore.nightly()
            shore.told(*map(record, wanted[: late + 1]))
        died = dies(shore.nightly, at, applied=applied)
        assert shore.rows() == truth(wanted)
        shore.nightly()
        assert shore.rows() == truth(wanted)
        assert all(file.is_month for file in shore.lake.files())
    assert at > (3 if late else 7)


def test_deaths_on_top_of_deaths_are_cleared_away(shore: Shore) -> None:
    wanted, chance = of_september(40), random.Random(9)
    for start in range(0, 80, 16):
        shore.told(*map(record, wanted[start : start + 20]))
        dies(shore.nightly, chance.randint(1, 14), applied=chance.random() < 0.5)
        told = wanted[: start + 20]
        assert shore.rows() == truth(told)
    shore.nightly()
    assert shore.rows() == truth(wanted)
    assert names(shore) == ["2026-09-01 month", "2026-10-01 month"]


def month_of(files: list[LakeFile]) -> list[LakeFile]:
    return [file for file in files if file.month == "2026-09"]


def test_two_runs_at_once_and_a_late_fact_in_between(shore: Shore) -> None:
    wanted = of_september(30)
    shore.told(*map(record, wanted[:20]))
    seen = month_of(shore.lake.files())
    slow = merge(shore.lake, shore.engine, seen, LakeFile.whole_month(seen), shore.folder)
    shore.told(*map(record, wanted[20:]))
    more = month_of(shore.lake.files())
    quick = merge(shore.lake, shore.engine, more, LakeFile.whole_month(more), shore.folder)
    forget(shore.lake, quick)
    forget(shore.lake, slow)
    assert shore.rows() == truth(wanted)
    with pytest.raises(FileGone):
        merge(shore.lake, shore.engine, seen, LakeFile.whole_month(seen), shore.folder)
    shore.nightly()
    assert shore.rows() == truth(wanted)
    assert len(month_of(shore.lake.files())) == 1


def test_two_whole_nights_at_once(shore: Shore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one begins, and ends, while the first is about to put a month."""
    wanted = of_september()
    shore.told(*map(record, wanted))
    real, within = type(shore.lake).put, list[dict[str, Any]]()

    def put(lake: Any, file: LakeFile, content: Any) -> None:
        if file.is_month and not within:
            within.append({})
            within.append(shore.nightly())
        real(lake, file, content)

    monkeypatch.setattr(type(shore.lake), "put", put)
    shore.nightly()
    assert within[1]["months"] == 2
    assert shore.rows() == truth(wanted)
    shore.nightly()
    assert shore.rows() == truth(wanted)
    assert not [files for files in together(shore.lake.files()) if is_news(files)]


def test_a_night_folds_so_many_months_and_the_next_one_the_rest(shore: Shore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "MONTHS_A_NIGHT", 1)
    shore.told(*map(record, of_september()))
    assert [shore.nightly()["months"] for _ in range(3)] == [1, 1, 0]
    assert names(shore) == ["2026-09-01 month", "2026-10-01 month"]


def test_a_night_that_dies_has_done_with_what_lies_far_back(shore: Shore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large past brought in at once: however little time a night has, the next one begins where it ended."""
    wanted = [*of_september(), *(replace(fact, id=f"N{fact.id}") for fact in facts(4))]
    for part in (wanted[::2], wanted[1::2]):
        shore.told(*map(record, part))

    def out_of_time(*_: Any) -> int:
        raise TimeoutError

    monkeypatch.setattr(daily._Job, "_compute", out_of_time)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(TimeoutError):
        shore.nightly()
    kinds = Counter((file.day[:7], file.name.split("-")[0]) for file in shore.lake.files())
    assert kinds["2026-09", "part"] == kinds["2026-10", "part"] == 0
    assert kinds["2026-09", "compact"] == 3
    assert kinds["2026-11", "part"] > 0
    assert shore.rows() == truth(wanted)
