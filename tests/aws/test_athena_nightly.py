"""A night that asks Athena keeps what one of the embedded engine keeps, wherever it dies, whatever goes on besides."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from quanyi.analytics.athena import Athena, OutOfTime, QueryFailed
from quanyi.analytics.reports import REPORTS
from quanyi.spend.model import Spend
from reports import wiring
from reports.lake.files import FileGone
from reports.lake.reading import InPlace
from reports.night import run as daily
from tests.aws.conftest import LAKE, Cloud, LambdaContext
from tests.aws.test_lake import START, Shore, dies, facts, record, shore
from tests.unit.athena_in_duckdb import AthenaInDuckDB, busy

__all__ = ["shore"]

DAY = "2026-11-25"
FEW = ("sales_daily", "rfm", "channels")


@dataclass
class Night:
    """The lake's objects as Athena reads them."""

    shore: Shore
    service: AthenaInDuckDB
    athena: Athena

    def run(self, day: str | None = None) -> dict[str, Any]:
        return daily.run(self.shore.archive, self.shore.engine, day, self.athena)

    def kept(self) -> dict[str, Any]:
        """What results say, but not since when."""
        unlike = ("at",)
        return {
            f"{item['pk']} {item['sk']}": {name: value for name, value in item.items() if name not in unlike}
            for item in self.shore.results()
        }


@pytest.fixture
def night(shore: Shore, tmp_path: Path) -> Night:
    place = tmp_path / "athena"
    place.mkdir()

    def lake() -> dict[str, tuple[str, Path]]:
        files = shore.lake.files()
        shore.lake.fetch(files, place)
        return {f"s3://{LAKE}/{file.key}": (file.day, place / file.local) for file in files}

    service = AthenaInDuckDB(lake, place)
    told = [Spend(day=date.fromisoformat(DAY), channel="site", amount=120, currency="CNY")]
    shore.archive.spend.set(told, "op", START)
    athena = Athena(service, service.put, "shop", "reports", left=lambda: 600, wait=lambda _: None)
    return Night(shore, service, athena)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "REPORTS", tuple(report for report in REPORTS if report.name in FEW))


def test_both_engines_keep_the_same_versions(night: Night) -> None:
    told = facts(60)
    night.shore.told(*map(record, told[:80]))
    night.shore.told(*map(record, told[60:]))
    assert night.run()["new"] > len(REPORTS), "of the day before too"
    by_athena = night.kept()
    assert night.shore.nightly()["new"] == 0
    assert night.kept() == by_athena
    daily.run(night.shore.archive, night.shore.engine, "2026-11-24")
    assert night.run("2026-11-24")["new"] == 0
    for asked in night.service.asked:
        assert asked["WorkGroup"] == "reports"
        assert asked["QueryExecutionContext"] == {"Database": "shop"}


@pytest.mark.usefixtures("few")
def test_facts_that_were_told_twice_count_once_in_a_day_that_is_asked_again(night: Night) -> None:
    told = facts(20)
    for cut in (told[:30], told[10:], told):
        night.shore.told(*map(record, cut))
    assert night.run(DAY)["compacted"] == 0
    by_athena = night.kept()
    daily.run(night.shore.archive, night.shore.engine, DAY)
    assert night.kept() == by_athena


@pytest.mark.usefixtures("few")
def test_the_same_night_again_changes_nothing(night: Night) -> None:
    night.shore.told(*map(record, facts(12)))
    night.run()
    kept, files = night.kept(), night.shore.lake.files()
    assert night.run()["new"] == 0
    assert (night.kept(), night.shore.lake.files()) == (kept, files)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("applied", [False, True])
def test_a_night_that_dies_anywhere_is_finished_by_the_next(night: Night, applied: bool) -> None:
    night.shore.told(*map(record, facts(9)))
    at, died = 0, True
    while died:
        at += 4
        died = dies(night.run, at, applied=applied)
    night.run()
    by_athena = night.kept()
    assert night.shore.nightly()["new"] == 0
    assert night.kept() == by_athena
    assert at > 6


@pytest.mark.usefixtures("few")
def test_a_night_that_athena_fails_keeps_nothing_wrong_and_can_be_done_again(night: Night) -> None:
    night.shore.told(*map(record, facts(9)))
    night.service.faults = {"state": [None, {"State": "FAILED", "StateChangeReason": "INTERNAL_ERROR"}]}
    with pytest.raises(QueryFailed, match="INTERNAL_ERROR"):
        night.run()
    assert [file.is_compact for file in night.shore.lake.files()] != [True, True], "small files stay until it is done"
    night.service.faults = {name: [busy()] for name in ("start_query_execution", "get_query_results")}
    night.run()
    assert night.shore.nightly()["new"] == 0


@pytest.mark.usefixtures("few")
def test_a_run_without_time_stops_what_it_asked(night: Night) -> None:
    night.shore.told(*map(record, facts(3)))
    night.athena.left = lambda: 0.1
    with pytest.raises(OutOfTime):
        night.run()
    assert night.service.stopped == ["q1"]


def test_a_file_that_goes_while_athena_reads_is_noticed(night: Night) -> None:
    night.shore.told(*map(record, facts(9)))
    night.shore.nightly()
    files = night.shore.lake.files()
    asked = InPlace(night.shore.lake, night.athena).read(files)
    first = date.fromisoformat(files[0].day)
    assert asked.count(first, first + timedelta(days=1)) > 0
    night.shore.lake.delete(files[0])
    with pytest.raises(FileGone):
        asked.count(first, first)
    with pytest.raises(FileGone):
        asked.run("sales_daily", first=first, last=first)


@pytest.mark.usefixtures("few")
def test_another_run_that_compacts_meanwhile_is_waited_out(night: Night) -> None:
    """A late fact comes, and another night does away with the file that this one is about."""
    told = facts(12)
    night.shore.told(*map(record, told[:20]))
    night.run()
    night.shore.told(*map(record, told[:4]))
    real, met = night.service.start_query_execution, list[str]()

    def start(**asked: Any) -> dict[str, Any]:
        if not met:
            met.append("there")
            night.shore.told(*map(record, told[20:]))
            night.shore.nightly()
            night.shore.now += timedelta(minutes=1)
        return real(**asked)

    night.service.start_query_execution = start  # type: ignore[method-assign]
    night.run()
    night.shore.now += timedelta(minutes=1)
    assert night.shore.nightly()["new"] == 0


def test_months_stay_days(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "REPORTS", tuple(report for report in REPORTS if report.name == "sales_daily"))
    night.shore.now = START + timedelta(days=60)
    night.shore.told(*map(record, facts(6)))
    assert night.run()["months"] == 0
    assert night.shore.nightly()["months"] == 1


# ------------------------------------------------------------------------------------------------------- as deployed


def test_athena_is_asked_only_where_the_shop_has_chosen_it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wiring.athena(lambda: 60) is None
    cloud.client("s3").create_bucket(Bucket="scratch")
    for name, value in (("DATABASE", "shop"), ("WORKGROUP", "reports")):
        monkeypatch.setenv(f"ATHENA_{name}", value)
    monkeypatch.setenv("SCRATCH_BUCKET", "scratch")
    athena = wiring.athena(lambda: 60)
    assert athena
    cloud.client("athena").create_work_group(Name="reports", Configuration={})
    athena.read({}, {})
    athena.give("spend", {"day": "DATE"}, [(date(2026, 11, 25),)])
    (given,) = cloud.client("s3").list_objects_v2(Bucket="scratch")["Contents"]
    assert given["Key"].startswith("given/relation=spend/version=")
    body = cloud.client("s3").get_object(Bucket="scratch", Key=given["Key"])["Body"].read()
    assert body == b'["2026-11-25"]\n'
    athena.wait = lambda _: None
    with pytest.raises(IndexError):  # moto answers no rows: what was asked, and how, it has understood
        athena.count(date(2026, 11, 25), date(2026, 11, 25))


@pytest.mark.usefixtures("shore")
def test_a_run_has_the_time_of_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    left = list[float]()

    def athena(seconds: Callable[[], float]) -> None:
        left.append(seconds())

    def run(*_: Any) -> dict[str, Any]:
        return {"days": [DAY]}

    monkeypatch.setattr(daily, "athena", athena)
    monkeypatch.setattr(daily, "run", run)
    monkeypatch.setattr(daily, "discover", lambda *_: 0)  # pyright: ignore[reportUnknownLambdaType]
    daily.handler({}, LambdaContext())
    assert left == [15 - daily.RESERVE]
