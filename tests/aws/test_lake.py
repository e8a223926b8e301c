"""From the facts table's stream to the lake: each fact exactly once, whatever the stream does, wherever a run dies."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from quanyi.accounts.table import AccountsTable
from quanyi.analytics.bands_table import BandsTable
from quanyi.analytics.engine import Engine
from quanyi.analytics.reports import REPORTS
from quanyi.analytics.rows import rows_of
from quanyi.analytics.table import ResultsTable
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable, to_item
from quanyi.spend.table import SpendTable
from quanyi.table import to_wire
from reports.lake import stream as lake
from reports.lake.compaction import Merged, compact_of, forget, is_news, merge, together
from reports.lake.files import FileGone, Lake, LakeFile
from reports.night import run as daily
from reports.wiring import Archive
from tests.aws.conftest import LAKE, Cloud, LambdaContext
from tests.aws.faults import Crash
from tests.aws.streams import records_of

ZONE = "Asia/Shanghai"
START = datetime.fromisoformat("2026-11-24T15:58:00+00:00")
"""Two minutes before midnight in Shanghai."""
EVENTS = Path(__file__).parents[2] / "events"

Record = dict[str, Any]
Row = dict[str, Any]


@dataclass
class Shore:
    """A lake, what reads it, and the queue of what could not be laid down."""

    cloud: Cloud
    archive: Archive
    engine: Engine
    folder: Path
    now: datetime = START + timedelta(days=1, hours=14)

    @property
    def lake(self) -> Lake:
        return self.archive.lake

    def told(self, *records: Record) -> None:
        lake.handler({"Records": [*records]}, LambdaContext())

    def parked(self) -> list[dict[str, Any]]:
        sqs, found = self.cloud.client("sqs"), list[dict[str, Any]]()
        url = sqs.get_queue_url(QueueName="failed")["QueueUrl"]
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def rows(self) -> list[Row]:
        """As whoever reads the lake gets it."""
        files = self.lake.files()
        self.lake.fetch(files, self.folder)
        self.engine.read([], [str(self.folder / file.local) for file in files])
        answer = self.engine.connection.execute("SELECT * FROM facts ORDER BY id")
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def compact(self) -> None:
        for files in together(self.lake.files()):
            if is_news(files):
                forget(self.lake, self.merge(files))

    def merge(self, files: list[LakeFile]) -> Merged:
        return merge(self.lake, self.engine, files, compact_of(files), self.folder)

    def nightly(self) -> dict[str, Any]:
        return daily.run(self.archive, self.engine)

    def results(self) -> list[dict[str, Any]]:
        items = self.cloud.contents("FactsTable")["FactsTable"]
        return [item for item in items if item["pk"].startswith("RESULT#")]


@pytest.fixture
def shore(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shore:
    queue = cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE", queue)
    results = ResultsTable(cloud.table("FactsTable"))
    spend = SpendTable(cloud.table("FactsTable"))
    bands, accounts = BandsTable(cloud.table("FactsTable")), AccountsTable(cloud.table("SupplyTable"), ZONE)
    lakes = Lake(partial(cloud.client, "s3"), LAKE)
    archive = Archive(lakes, results, spend, bands, accounts, ZONE, lambda: shore.now)
    shore = Shore(cloud, archive, Engine(memory_mib=512), tmp_path)
    for module in (lake, daily):
        monkeypatch.setattr(module, "archive", lambda: archive)
        monkeypatch.setattr(module, "engine", lambda: shore.engine)
    return shore


def facts(count: int) -> list[Fact]:
    """Of three days, two to an order: sold, and the entry that says so."""
    found: list[Fact] = []
    for number in range(count):
        of, at = f"O{number:05d}", START + timedelta(minutes=number % 3000)
        same: dict[str, Any] = {"channel": "site", "buyer": f"M{number % 9}", "currency": "CNY", "product": "PA"}
        found.append(Fact(f"{of}#sold#0", "sold", at, of, line=0, quantity=1, amount=number, **same))
        moved = {"provider:wechat": number + 1, "owed": -number - 1}
        found.append(Fact(f"{of}#posted#000002", "posted", at, of, accounts=moved, **same))
    return found


def truth(told: list[Fact]) -> list[Row]:
    found = [{**row, "day": date.fromisoformat(row["day"])} for fact in told for row in rows_of(fact, ZONE)]
    return sorted(found, key=lambda row: row["id"])


def record(fact: Fact, at: int = 1_795_000_000, **broken: Any) -> Record:
    item = to_wire(to_item(fact) | broken)
    keys = {name: item[name] for name in ("pk", "sk")}
    told = {"ApproximateCreationDateTime": at, "SequenceNumber": "1", "Keys": keys, "NewImage": item}
    return {"eventName": "INSERT", "eventSource": "aws:dynamodb", "eventSourceARN": "arn", "dynamodb": told}


def poison(chance: random.Random, fact: Fact) -> Record:
    broken = record(replace(fact, id=f"{fact.id}#poison"))
    chance.choice(
        [
            lambda: broken["dynamodb"]["NewImage"].pop("kind"),
            lambda: broken["dynamodb"]["NewImage"].update(quantity={"S": "many"}),
            lambda: broken["dynamodb"]["NewImage"].update(at={"S": "yesterday"}),
            lambda: broken["dynamodb"]["NewImage"].update(kind={"S": "nonsense"}),
            lambda: broken["dynamodb"]["NewImage"].update(buyer={"NULL": True}),
            lambda: broken["dynamodb"].pop("NewImage"),
        ]
    )()
    return broken


def test_a_stream_that_comes_three_times_shuffled_and_poisoned_lays_down_the_truth(shore: Shore) -> None:
    chance, wanted = random.Random(6), facts(300)
    bad = [poison(chance, fact) for fact in chance.sample(wanted, len(wanted) // 20)]
    records = [record(fact) for fact in wanted] + bad
    told = [*records, *records, *records]
    chance.shuffle(told)
    while told:
        size = chance.randint(1, 250)
        batch, told = told[:size], told[size:]
        shore.told(*batch)
    assert shore.rows() == truth(wanted)
    parked = shore.parked()
    assert sorted(one["keys"]["sk"]["S"] for one in parked) == sorted(
        [one["dynamodb"]["Keys"]["sk"]["S"] for one in bad] * 3
    )
    assert all(one["fault"] for one in parked)
    assert not any("NewImage" in one for one in parked)
    shore.compact()
    files = shore.lake.files()
    assert [is_news(of_day) for of_day in together(files)] == [False] * len({file.day for file in files})
    assert shore.rows() == truth(wanted)


def test_a_batch_that_comes_again_writes_the_same_file(shore: Shore) -> None:
    records = [record(fact) for fact in facts(40)]
    shore.told(*records)
    before = shore.lake.files()
    shore.told(*records)
    shore.told(*records[::-1])
    assert shore.lake.files() == before
    assert [file.day for file in before] == ["2026-11-24", "2026-11-25"]


def test_the_tables_own_stream_is_understood(shore: Shore) -> None:
    wanted = facts(30)
    FactsTable(shore.cloud.table("FactsTable")).put(wanted)
    shore.told(*records_of(shore.cloud, "FactsTable"))
    assert shore.rows() == truth(wanted)
    assert shore.parked() == []


def test_a_late_fact_lands_in_its_own_day(shore: Shore) -> None:
    (late, *_) = facts(1)
    shore.told(record(replace(late, at=START - timedelta(days=20)), at=1_795_900_000))
    assert [file.day for file in shore.lake.files()] == ["2026-11-04"]


def test_of_a_fact_that_is_told_anew_the_last_word_counts(shore: Shore) -> None:
    (fact, *_) = facts(1)
    moved = replace(fact, category="CA")
    shore.told(record(moved, at=1_795_000_009))
    shore.told(record(fact, at=1_795_000_000))
    assert shore.rows() == truth([moved])
    shore.compact()
    shore.told(record(fact, at=1_795_000_000))
    assert shore.rows() == truth([moved])
    shore.told(record(fact, at=1_795_000_010), record(moved, at=1_795_000_010))
    assert shore.rows() == truth([moved])


# ------------------------------------------------------------------------------------------------------------ crashes


class Wire:
    """Counts calls of S3 and DynamoDB that write, and dies at one of them, before or after it took effect: a death at a
    call that reads leaves what one before the next write leaves."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int = 0, *, applied: bool = False) -> None:
        self.calls: list[str] = []
        real = BaseClient._make_api_call  # type: ignore[attr-defined]

        def counted(client: Any, operation: str, request: Any) -> Any:
            if not operation.startswith(("Put", "Delete")):
                return real(client, operation, request)
            self.calls.append(operation)
            if len(self.calls) != at:
                return real(client, operation, request)
            if applied:
                real(client, operation, request)
            raise Crash

        patch.setattr(BaseClient, "_make_api_call", counted)


def dies(act: Callable[[], Any], at: int, *, applied: bool) -> bool:
    """Whether `act` came so far."""
    with pytest.MonkeyPatch.context() as patch:
        Wire(patch, at, applied=applied)
        try:
            act()
        except Crash:
            return True
    return False


def test_a_compaction_that_dies_anywhere_loses_and_doubles_nothing(shore: Shore) -> None:
    wanted, chance = [replace(fact, at=START) for fact in facts(6)], random.Random(7)
    at, deaths = 0, 0
    while True:
        at += 1
        for applied in (False, True):
            chance.shuffle(wanted)
            for start in range(0, len(wanted), 8):  # told again, and cut otherwise
                shore.told(*(record(fact) for fact in wanted[start : start + 8]))
            if not dies(shore.compact, at, applied=applied):
                assert deaths == 2 * 4, "a put, and three deletes"
                return
            deaths += 1
            assert shore.rows() == truth(wanted)
            shore.compact()
            assert shore.rows() == truth(wanted)
            assert len(shore.lake.files()) == 1


def test_deaths_on_top_of_deaths_are_cleared_away(shore: Shore) -> None:
    wanted, chance = facts(20), random.Random(8)
    for start in range(0, 40, 15):
        shore.told(*(record(fact) for fact in wanted[start : start + 15]))
    for _ in range(8):
        dies(shore.compact, chance.randint(1, 9), applied=chance.random() < 0.5)
        assert shore.rows() == truth(wanted)
    shore.compact()
    assert shore.rows() == truth(wanted)
    assert {len(of_day) for of_day in together(shore.lake.files())} == {1}


def test_two_compactions_at_once_and_a_batch_in_between(shore: Shore) -> None:
    wanted = [replace(fact, at=START) for fact in facts(30)]
    shore.told(*(record(fact) for fact in wanted[:20]))
    shore.told(*(record(fact) for fact in wanted[20:40]))
    seen = shore.lake.files()
    slow = shore.merge(seen)
    shore.told(*(record(fact) for fact in wanted[40:]))
    more = shore.lake.files()
    quick = shore.merge(more)
    forget(shore.lake, quick)
    forget(shore.lake, slow)
    assert shore.rows() == truth(wanted)
    with pytest.raises(FileGone):
        shore.merge(seen)
    shore.compact()
    assert shore.rows() == truth(wanted)
    assert len(shore.lake.files()) == 1


@pytest.mark.parametrize("applied", [False, True])
def test_a_night_that_dies_anywhere_is_finished_by_the_next_try(
    shore: Shore, applied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "REPORTS", tuple(report for report in REPORTS if report.of_one_day))
    late = [replace(fact, at=START - timedelta(days=3)) for fact in facts(20)]
    died, at, told = True, 0, list[Fact]()
    while died:
        at += 1
        told = late[: at + 2]
        shore.told(*map(record, told))
        shore.told(*map(record, told[1:]))
        shore.now += timedelta(minutes=1)
        died = dies(shore.nightly, at, applied=applied)
        shore.now += timedelta(minutes=1)
        shore.nightly()
        for report in (report for report in REPORTS if report.of_one_day):
            newest = shore.archive.results.newest(report.name, "2026-11-21")
            assert newest
            assert newest.facts == len(truth(told))
    assert at > 8
    assert shore.rows() == truth(told)
    assert len(shore.lake.files()) == 1


def test_files_name_their_day() -> None:
    file = LakeFile("2026-11-26", "part-a.parquet")
    assert LakeFile.of_key(file.key) == file
    assert file.key == "facts/day=2026-11-26/part-a.parquet"
    assert LakeFile.compact([file]) == LakeFile.compact([file])
    assert LakeFile.compact([file]) != LakeFile.compact([file, LakeFile.compact([file])])


@pytest.mark.parametrize("path", sorted((EVENTS / "reports-lake").glob("*.json")), ids=lambda path: path.stem)
def test_the_sample_events_are_understood(shore: Shore, path: Path) -> None:
    shore.told(*json.loads(path.read_text())["Records"])
    assert shore.parked() == []
    assert {row["kind"] for row in shore.rows()} == {"sold", "posted"}
