"""The nightly reports over two years of orders: seconds, memory, growth, and what other ways of computing them take."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import loads
from pathlib import Path

from bench.analytics_by_hand import BY_HAND
from bench.analytics_ways import BEGIN
from bench.lake_made import DAYS, kept
from bench.report import Figure, table
from quanyi.analytics.reports import REPORTS
from reports.night.run import DAYS_BACK

FEW, MANY = 500_000, 5_000_000
BESIDE_PANDAS = 1_000_000
"""Pandas that reads them whole takes 11 GiB for these."""
MOST_GROWTH, MOST_OF_BY_HAND, LEAST_OF_PANDAS, MOST_GIB = 11, 1.3, 10, 3
ROUNDS = 3
"""Of what is compared with pandas, in turn: what counts is the middle one, as other work on the machine hits any."""
COMPARED = tuple(report.name for report in REPORTS if report.name in BY_HAND)
"""Reports on what was sold and to whom: all that read much. The others are of what is rare beside it, or sums of the
same facts by day; they are measured as they ship."""
NAMES = (*COMPARED, *(report.name for report in REPORTS if report.name not in BY_HAND))


@dataclass(frozen=True)
class Run:
    """Seconds and processor seconds by step, rows by report, and the peak of the process's memory in MiB."""

    seconds: Mapping[str, float]
    processor: Mapping[str, float]
    rows: Mapping[str, int]
    peak: float

    @property
    def worked(self) -> float:
        return sum(self.processor.values())

    @property
    def worked_compared(self) -> float:
        return sum(self.processor[name] for name in (BEGIN, *COMPARED))

    @property
    def took(self) -> float:
        return sum(self.seconds.values())


def measure(few: int = FEW, some: int = BESIDE_PANDAS, many: int = MANY) -> Figure:
    small, middling, large = kept(few), kept(some), kept(many)
    at_few, at_many = _run(small, "ships", NAMES), _run(large, "ships", NAMES)
    hand = _run(large, "by_hand", COMPARED)
    rounds = [[_run(middling, way, COMPARED) for way in ("ships", "pandas", "pandas_whole")] for _ in range(ROUNDS)]
    at_some, pandas, whole = map(_middle, zip(*rounds, strict=True))
    growth, beside_hand = at_many.worked / at_few.worked, at_many.worked_compared / hand.worked
    columns = (at_few, at_many, hand, at_some, pandas, whole)
    return Figure(
        name="analytics",
        title=f"All nightly reports over {many:,} orders of about {many // 10:,} buyers, beside other ways",
        aim=(
            f"≤ {MOST_GIB} GiB; growth from {few:,} orders ≤ {MOST_GROWTH}; ≤ {MOST_OF_BY_HAND} × by hand; "
            f"≥ {LEAST_OF_PANDAS} × as fast as pandas"
        ),
        seen=(
            f"{at_many.took:.0f} s ({at_many.worked:.0f} of a processor), {at_many.peak / 1024:.2f} GiB; "
            f"growth {growth:.1f}; {beside_hand:.2f} × by hand; {_beside(whole, at_some)} × as fast as pandas that "
            f"reads the lake whole, {_beside(pandas, at_some)} × as pandas with care"
        ),
        reached=at_many.peak <= MOST_GIB * 1024
        and growth <= MOST_GROWTH
        and beside_hand <= MOST_OF_BY_HAND
        and whole.took / at_some.took >= LEAST_OF_PANDAS,
        how=(
            f"Made-up orders over {DAYS} days as the lake's files on the morning after: months, and the days since "
            f"({_files(large)} files of {_size(large):,.0f} MiB). What a night asks of its last day; but reports of a "
            f"single day over {DAYS_BACK} of them, as many as late facts have computed again. DuckDB with 2 threads "
            "and 2 GiB, a process for each column, each report once, one after the other; `begin` is what they share: "
            "opening the files, all purchases, all buyers. By hand is SQL written for these files with all that DuckDB "
            f"has. Pandas ({some:,} orders, for it needs many times the memory) begins with a frame of all purchases, "
            "and then does the same in two ways: with care it reads by Arrow only the columns, kinds and days that a "
            "report needs; whole, as it is mostly written, it has read all facts into one frame and filters that. A "
            "test holds that all answer the same. Lists of buyers are laid down masked as packed CSV, by each with "
            "what it has: as they ship in blocks with an index, which pages are read by; else by one gzip of the same "
            f"level. What is beside pandas is the middle of {ROUNDS} rounds, on the clock, since DuckDB uses two "
            "processors at a time and pandas mostly one; in brackets processor seconds. Growth and what is beside "
            "SQL by hand are of processor seconds, which other work on the machine does not stretch. The aim is held "
            "to pandas as it is mostly written."
        ),
        body=table(
            ["report", "rows", *(f"{name}: s" for name in _columns(few, some, many)), *_columns(few, some, many)],
            [
                [
                    f"`{step}`",
                    at_many.rows.get(step, 0),
                    *(_rounded(run.seconds, step) for run in columns),
                    *(_rounded(run.processor, step) for run in columns),
                ]
                for step in (BEGIN, *NAMES)
            ],
        )
        + "\n\nThe last six columns are processor seconds. Peak memory in MiB: "
        + ", ".join(f"{run.peak:,.0f}" for run in columns)
        + ".",
    )


def _columns(few: int, some: int, many: int) -> tuple[str, ...]:
    return (
        f"{few:,}",
        f"{many:,}",
        f"{many:,} by hand",
        f"{some:,}",
        f"{some:,} pandas with care",
        f"{some:,} pandas whole",
    )


def _beside(pandas: Run, ships: Run) -> str:
    """How many times what ships takes, on the clock and of a processor."""
    return f"{pandas.took / ships.took:.1f} ({pandas.worked / ships.worked:.1f})"


def _middle(runs: Sequence[Run]) -> Run:
    return sorted(runs, key=lambda run: run.took)[len(runs) // 2]


def _files(folder: Path) -> int:
    return len([*folder.glob("*.parquet")])


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("*.parquet")) / 2**20


def _rounded(seconds: Mapping[str, float], step: str) -> float | str:
    return round(seconds[step], 2) if step in seconds else ""


def _run(folder: Path, way: str, names: Sequence[str]) -> Run:
    command = [sys.executable, "-W", "ignore", "-m", "bench.analytics_ways", str(folder), way, *names]
    done = subprocess.run(command, env={**os.environ}, stdout=subprocess.PIPE, text=True, check=True)
    return Run(**loads(done.stdout))
