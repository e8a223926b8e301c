"""What a figure is, and the document that they make: `docs/benchmarks.md`.

A figure is a count, or a ratio of two things measured in the same run, so that it means the same on another machine.
"""

import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs/benchmarks.md"

_TOP = """# Benchmarks

Written by `make bench`; no figure is typed in by hand. Each one is a count, or the ratio of two things measured in the
same run, so that it can be compared between machines. `make bench` runs all of them, `python -m bench NAME ...` some of
them and replaces those sections only.

| figure | aim | seen | reached |
| --- | --- | --- | --- |
"""
_ROW = re.compile(r"^\| \[.*\]\(#(?P<name>[\w-]+)\) \|.*$", re.MULTILINE)
_SECTION = re.compile(r"^## (?P<name>[\w-]+)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Figure:
    """One measured figure. `how` says in a few sentences how it was measured and what is simulated; `body` is what was
    seen, as Markdown. `reached` is None where there is nothing to reach."""

    name: str
    title: str
    aim: str
    seen: str
    reached: bool | None
    how: str
    body: str


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers are right-aligned."""
    numeric = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]
    rule = ["---:" if number else "---" for number in numeric]
    lines = [head, rule, *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 0.005 or not value else f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float]) -> str:
    return f"{min(values):.3g}-{max(values):.3g}, median {statistics.median(values):.3g}"


def machine() -> str:
    """The machine that measured, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, {platform.system()}, {python}"


def section(figure: Figure, seconds: float) -> str:
    reached = {True: "reached", False: "**not reached**", None: "no aim"}[figure.reached]
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    return "\n".join(
        [
            f"## {figure.name}",
            "",
            f"{figure.title}. Aim: {figure.aim}. Seen: **{figure.seen}** - {reached}.",
            "",
            figure.how,
            "",
            figure.body.strip(),
            "",
            f"`python -m bench {figure.name}`, {now} UTC, {seconds:.0f} s, on {machine()}.",
            "",
            "",
        ]
    )


def written(document: str, order: Sequence[str], figures: Sequence[tuple[Figure, float]]) -> str:
    """The document with these figures (each with the seconds it took) in the places of their former selves."""
    rows = {found["name"]: found[0] for found in _ROW.finditer(document)}
    sections = {found["name"]: found[0] for found in _SECTION.finditer(document)}
    for figure, seconds in figures:
        reached = {True: "yes", False: "**no**", None: ""}[figure.reached]
        rows[figure.name] = f"| [{figure.title}](#{figure.name}) | {figure.aim} | {figure.seen} | {reached} |"
        sections[figure.name] = section(figure, seconds)
    known = [name for name in order if name in sections]
    text = _TOP + "".join(f"{rows[name]}\n" for name in known) + "\n" + "".join(sections[name] for name in known)
    return text.rstrip() + "\n"
