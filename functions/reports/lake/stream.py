"""The facts table's stream: every fact becomes rows of a Parquet file of its day in the lake.

A batch becomes one file for each day that it tells of. It may come again, and cut otherwise: then facts lie in two
files, and count once. A record that can't be read, or would not fit into a file, is parked and holds nothing up.
"""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quanyi.analytics.dialect import TOLD
from quanyi.analytics.engine import Engine
from quanyi.analytics.rows import misfit, rows_of
from quanyi.change import Change
from quanyi.facts.table import from_item
from quanyi.http import log
from quanyi.stream import read_each
from reports.lake.files import Lake, LakeFile
from reports.wiring import archive, engine

Row = dict[str, Any]


class Unfit(Exception):
    """A fact whose column does not hold what it should."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of the facts table, filtered to facts."""
    room = archive()
    told = read_each(event, lambda change: told_by(change, room.zone))
    files = store(room.lake, engine(), [row for rows in told for row in rows])
    log().info("facts laid down", extra={"records": len(event["Records"]), "files": len(files)})
    return {"batchItemFailures": []}


def told_by(change: Change, zone: str) -> list[Row]:
    """The rows of one record. Raises Unfit, and whatever a broken item makes reading raise."""
    rows = [{**row, TOLD: int(change.at.timestamp())} for row in rows_of(from_item(change.new), zone)]
    for row in rows:
        if wrong := misfit(row):
            raise Unfit(wrong)
    return rows


def store(lake: Lake, engine: Engine, rows: Iterable[Row]) -> list[LakeFile]:
    """Rows in the order in which they were told; of one id the last counts."""
    by_day: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_day.setdefault(row["day"], {})[row["id"]] = row
    with TemporaryDirectory() as folder:
        return [_store_day(lake, engine, Path(folder), day, [*of_day.values()]) for day, of_day in by_day.items()]


def _store_day(lake: Lake, engine: Engine, folder: Path, day: str, rows: list[Row]) -> LakeFile:
    file = LakeFile.part(day, rows)
    engine.write(rows, str(folder / file.local))
    lake.put(file, folder / file.local)
    return file
