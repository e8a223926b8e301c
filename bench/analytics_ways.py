"""The daily reports computed in four ways, in a process of its own: as they ship, in DuckDB's own SQL as somebody would
write it by hand for these files, and in pandas, with care (`pandas`) or without (`pandas_whole`). Each answers the same
rows, and lays lists of buyers down masked, as packed CSV: each with what it has for that.

    python -m bench.analytics_ways FOLDER ships|by_hand|pandas|pandas_whole NAME...
"""

import gzip
import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from json import dumps
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from bench.analytics_by_hand import BORN, BOUGHT, BY_HAND
from bench.analytics_frames import Files, Whole
from bench.analytics_pandas import PANDAS
from bench.lake_made import LAST
from quanyi.analytics.engine import Engine
from quanyi.analytics.queries import parameters_of
from quanyi.analytics.reports import report_named
from quanyi.analytics.rows import SPEND
from reports.night.long_lists import pack
from reports.night.run import DAYS_BACK, SHARED

MEMORY_MIB = 2048
DAYS_SEEN = timedelta(days=DAYS_BACK - 1)
BEGIN = "begin"
"""What a way does before the first report: it is timed like one."""
SPENT = [
    (LAST - timedelta(days=days), channel, "CNY", 50_000)
    for channel in ("site", "app", "mini", "taobao", "douyin")
    for days in range(0, 60, 3)
]

Rows = Sequence[tuple[Any, ...]]


class Way(Protocol):
    def rows(self, name: str) -> Rows: ...

    def count(self, name: str) -> int:
        """How many rows: lists of buyers are written to a file."""
        ...


def parameters(name: str) -> dict[str, Any]:
    """As the night asks; but reports of a single day are of as many as a night ever computes again."""
    report = report_named(name)
    assert report
    return {**report.parameters(LAST), **({"first": LAST - DAYS_SEEN} if report.of_one_day else {})}


class Ships:
    def __init__(self, folder: Path) -> None:
        self.engine = Engine(memory_mib=MEMORY_MIB, threads=2, spill=str(folder / "spill"))
        self.engine.read(_files(folder))
        self.engine.give("spend", SPEND, SPENT)
        for relation in SHARED:
            self.engine.make(relation, without="")

    def rows(self, name: str) -> Rows:
        return self.engine.run(name, **parameters(name)).rows

    def count(self, name: str) -> int:
        report = report_named(name)
        if report and report.by:
            with TemporaryDirectory() as folder:
                lines = Path(folder) / "list"
                count, columns = self.engine.store(name, str(lines), **parameters(name))
                pack(lines, columns, report.by)
                return count
        return len(self.rows(name))


class ByHand:
    def __init__(self, folder: Path) -> None:
        self.connection = Engine(memory_mib=MEMORY_MIB, threads=2, spill=str(folder / "spill")).connection
        self.connection.execute(f"CREATE VIEW lake AS SELECT * FROM read_parquet('{folder}/*.parquet')")
        self.connection.execute("CREATE TABLE spend (day DATE, channel VARCHAR, currency VARCHAR, amount BIGINT)")
        self.connection.executemany("INSERT INTO spend VALUES (?, ?, ?, ?)", SPENT)
        self.connection.execute(f"CREATE TABLE bought AS {BOUGHT}")
        self.connection.execute(f"CREATE TABLE buyers AS {BORN}")

    def rows(self, name: str) -> Rows:
        return self._asked(name, BY_HAND[name]).fetchall()

    def count(self, name: str) -> int:
        report = report_named(name)
        if report and report.by:
            masked = "* REPLACE (left(buyer, 3) || '…' || right(buyer, 2) AS buyer)"
            with TemporaryDirectory() as folder:
                lines = Path(folder) / "list.csv"
                told = self._asked(name, f"COPY (SELECT {masked} FROM ({BY_HAND[name]})) TO '{lines}' (FORMAT csv)")
                # DuckDB's own gzip takes twice the time.
                with lines.open("rb") as file, gzip.open(f"{lines}.gz", "wb", compresslevel=1) as packed:
                    copyfileobj(file, packed, 2**20)
                return int(told.fetchone()[0])
        return len(self.rows(name))

    def _asked(self, name: str, sql: str) -> Any:
        asked = parameters_of(sql)
        return self.connection.execute(sql, {key: value for key, value in parameters(name).items() if key in asked})


class Pandas:
    def __init__(self, folder: Path, begin: type[Files] = Files) -> None:
        self.files = begin(folder, SPENT)

    def rows(self, name: str) -> Rows:
        return [tuple(row) for row in self._frame(name).itertuples(index=False)]

    def count(self, name: str) -> int:
        frame, report = self._frame(name), report_named(name)
        if report and report.by:
            masked = frame["buyer"].str[:3] + "…" + frame["buyer"].str[-2:]
            with TemporaryDirectory() as folder:
                packed = {"method": "gzip", "compresslevel": 1}
                frame.assign(buyer=masked).to_csv(f"{folder}/list.csv.gz", index=False, compression=packed)
        return len(frame)

    def _frame(self, name: str) -> Any:
        known = parameters(name)
        return PANDAS[name](self.files, known["first"], known["last"])


WAYS: dict[str, Callable[[Path], Way]] = {
    "ships": Ships,
    "by_hand": ByHand,
    "pandas": Pandas,
    "pandas_whole": lambda folder: Pandas(folder, Whole),
}


def _files(folder: Path) -> list[str]:
    return sorted(map(str, folder.glob("*.parquet")))


def main() -> None:
    """Prints seconds and processor seconds by report, the rows of each, and the peak of memory in MiB."""
    folder, name, *names = sys.argv[1:]
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}
    rows: dict[str, int] = {}
    way: Way | None = None
    for step in (BEGIN, *names):
        started, worked = time.perf_counter(), time.process_time()
        if way is None:
            way = WAYS[name](Path(folder))
        else:
            rows[step] = way.count(step)
        seconds[step], processor[step] = time.perf_counter() - started, time.process_time() - worked
        print(f"{name} {step}: {seconds[step]:.1f} s", file=sys.stderr, flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(dumps({"seconds": seconds, "processor": processor, "rows": rows, "peak": peak}))


if __name__ == "__main__":
    main()
