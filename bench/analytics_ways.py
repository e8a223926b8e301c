"""The daily reports computed in three ways, in a process of its own: as they ship, in DuckDB's own SQL as somebody
would write it by hand for these files, and in pandas. Each answers the same rows.

    python -m bench.analytics_ways FOLDER ships|by_hand|pandas NAME...
"""

import resource
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from bench.analytics_by_hand import BOUGHT, BY_HAND
from bench.analytics_frames import Files
from bench.analytics_pandas import PANDAS
from bench.lake_made import LAST
from quanyi.analytics.engine import Engine
from quanyi.analytics.queries import parameters_of
from quanyi.analytics.reports import report_named
from quanyi.analytics.rows import SPEND
from reports.daily import DAYS_BACK

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
        """How many rows: a long list is written to a file, and not held."""
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
        self.engine.make("purchases", without="")

    def rows(self, name: str) -> Rows:
        return self.engine.run(name, **parameters(name)).rows

    def count(self, name: str) -> int:
        report = report_named(name)
        if report and report.by:
            with TemporaryDirectory() as folder:
                return self.engine.store(name, f"{folder}/list.csv", **parameters(name))[0]
        return len(self.rows(name))


class ByHand:
    def __init__(self, folder: Path) -> None:
        self.connection = Engine(memory_mib=MEMORY_MIB, threads=2, spill=str(folder / "spill")).connection
        self.connection.execute(f"CREATE VIEW lake AS SELECT * FROM read_parquet('{folder}/*.parquet')")
        self.connection.execute("CREATE TABLE spend (day DATE, channel VARCHAR, currency VARCHAR, amount BIGINT)")
        self.connection.executemany("INSERT INTO spend VALUES (?, ?, ?, ?)", SPENT)
        self.connection.execute(f"CREATE TABLE bought AS {BOUGHT}")

    def rows(self, name: str) -> Rows:
        return self._asked(name, BY_HAND[name]).fetchall()

    def count(self, name: str) -> int:
        report = report_named(name)
        if report and report.by:
            with TemporaryDirectory() as folder:
                told = self._asked(name, f"COPY ({BY_HAND[name]}) TO '{folder}/list.csv' (FORMAT csv, HEADER false)")
                return int(told.fetchone()[0])
        return len(self.rows(name))

    def _asked(self, name: str, sql: str) -> Any:
        asked = parameters_of(sql)
        return self.connection.execute(sql, {key: value for key, value in parameters(name).items() if key in asked})


class Pandas:
    def __init__(self, folder: Path) -> None:
        self.files = Files(folder, SPENT)

    def rows(self, name: str) -> Rows:
        return [tuple(row) for row in self._frame(name).itertuples(index=False)]

    def count(self, name: str) -> int:
        """Frames are left where they are: no list is written."""
        return len(self._frame(name))

    def _frame(self, name: str) -> Any:
        known = parameters(name)
        return PANDAS[name](self.files, known["first"], known["last"])


WAYS: dict[str, type[Ships | ByHand | Pandas]] = {"ships": Ships, "by_hand": ByHand, "pandas": Pandas}


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
