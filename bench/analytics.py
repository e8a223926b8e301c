"""The nightly reports over two years of orders: seconds, memory, growth, and what other ways of computing them take."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import loads
from pathlib import Path
from statistics import median

from bench.analytics_ways import BY_HAND, PANDAS
from bench.lake_made import DAYS, make
from bench.report import Figure, table
from quanyi.analytics.reports import REPORTS

FEW, MANY = 500_000, 5_000_000
ROUNDS = 3
MOST_GROWTH, MOST_OF_BY_HAND, LEAST_OF_PANDAS, MOST_GIB = 11, 1.3, 10, 3


@dataclass(frozen=True)
class Run:
    """Seconds by report, rows of all, and the peak of the process's memory in MiB."""

    seconds: Mapping[str, float]
    rows: int
    peak: float

    def of(self, names: Sequence[str]) -> float:
        return sum(self.seconds[name] for name in names)


def measure(few: int = FEW, many: int = MANY) -> Figure:
    names = [report.name for report in REPORTS]
    with tempfile.TemporaryDirectory(prefix="quanyi-bench-") as name:
        small, large = Path(name) / "small", Path(name) / "large"
        for folder, orders in ((small, few), (large, many)):
            folder.mkdir()
            make(folder, orders)
        size = sum(path.stat().st_size for path in large.iterdir()) / 2**20
        at_few, at_many = _median(small, "ships", names), _median(large, "ships", names)
        hand = _median(large, "by_hand", [*BY_HAND])
        pandas = _median(small, "pandas", [*PANDAS], rounds=1)
    growth = at_many.of(names) / at_few.of(names)
    beside_hand = at_many.of([*BY_HAND]) / hand.of([*BY_HAND])
    beside_pandas = pandas.of([*PANDAS]) / at_few.of([*PANDAS])
    return Figure(
        name="analytics",
        title=f"All nightly reports over {many:,} orders of {many // 10:,} buyers, beside other ways",
        aim=(
            f"≤ {MOST_GIB} GiB; growth from {few:,} orders ≤ {MOST_GROWTH}; ≤ {MOST_OF_BY_HAND} × by hand; "
            f"≥ {LEAST_OF_PANDAS} × pandas"
        ),
        seen=(
            f"{at_many.of(names):.1f} s, {at_many.peak / 1024:.2f} GiB; growth {growth:.1f}; "
            f"{beside_hand:.2f} × by hand; {beside_pandas:.0f} × pandas"
        ),
        reached=at_many.peak <= MOST_GIB * 1024
        and growth <= MOST_GROWTH
        and beside_hand <= MOST_OF_BY_HAND
        and beside_pandas >= LEAST_OF_PANDAS,
        how=(
            f"Made-up orders over {DAYS} days as the lake's compact files, one a day ({size:,.0f} MiB for {many:,}); "
            "each report over all days at once, not only the last; DuckDB with 2 threads and 2 GiB; a process for each "
            f"way and round, the median of {ROUNDS} rounds by report. By hand is SQL written for these files with "
            "all that DuckDB has. pandas (pyarrow, only the columns and kinds that a report needs) is timed on the "
            f"{few:,} orders, one round, since it needs many times the memory. A test holds that all three answer the "
            "same."
        ),
        body=table(
            ["report", f"{few:,}: s", f"{many:,}: s", "by hand: s", f"pandas, {few:,}: s"],
            [
                [
                    f"`{name}`",
                    *(round(run.seconds[name], 3) for run in (at_few, at_many)),
                    *(round(run.seconds[name], 3) if name in run.seconds else "" for run in (hand, pandas)),
                ]
                for name in names
            ],
        )
        + f"\n\nRows answered: {at_many.rows:,}. Peak memory: {at_many.peak:,.0f} MiB; pandas' on {few:,} orders: "
        f"{pandas.peak:,.0f} MiB.",
    )


def _median(folder: Path, way: str, names: Sequence[str], rounds: int = ROUNDS) -> Run:
    runs = [_run(folder, way, names) for _ in range(rounds)]
    seconds = {name: median(run.seconds[name] for run in runs) for name in names}
    return Run(seconds, runs[0].rows, max(run.peak for run in runs))


def _run(folder: Path, way: str, names: Sequence[str]) -> Run:
    command = [sys.executable, "-m", "bench.analytics_ways", str(folder), way, *names]
    done = subprocess.run(command, env={**os.environ}, capture_output=True, text=True, check=True)
    return Run(**loads(done.stdout))
