"""Facts as files: what goes in comes out, each once, whatever was told twice and however it was cut."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from quanyi.analytics import dialect
from quanyi.analytics.queries import parameters_of
from quanyi.analytics.rows import COLUMNS, misfit
from quanyi.facts.model import Fact
from tests.unit.analytics import engine, laid, rows

AT = datetime(2026, 11, 25, 15, 59, 59, 123000, UTC)
"""One second before midnight in Shanghai."""

FACTS = [
    Fact("O1#sold#0", "sold", AT, "O1", channel="site", buyer="M1", sku="a", line=0, quantity=2, amount=3998),
    Fact("O1#posted#1", "posted", AT, "O1", currency="CNY", accounts={"owed": 5, "stock:USD": -7, "cost:USD": 7}),
    Fact("V#visited", "visited", AT + timedelta(seconds=1), "V", source="\",\n\t'$first --", campaign="双十一 🎁"),
    Fact("O1#delivered#0", "delivered", AT, "O1", seconds=0, line=0, unit="0-0", reason="replacement"),
]


def read() -> list[dict[str, Any]]:
    answer = engine().connection.execute("SELECT * FROM facts ORDER BY id")
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def wanted(facts: list[Fact]) -> list[dict[str, Any]]:
    told = [{name: value for name, value in row.items() if name != "told"} for row in rows(facts)]
    return [{**row, "day": date.fromisoformat(row["day"])} for row in sorted(told, key=lambda row: row["id"])]


def test_rows_come_back_from_a_file_as_they_went_in(tmp_path: Path) -> None:
    engine().read([laid(FACTS, tmp_path / "a.parquet")])
    found = read()
    assert found == wanted(FACTS)
    assert [*found[0]] == [*COLUMNS]
    assert {row["day"].day for row in found if row["kind"] == "visited"} == {26}
    assert [(r["account"], r["amount"], r["currency"]) for r in found if r["kind"] == "posted"] == [
        ("cost", 7, "USD"),
        ("owed", 5, "CNY"),
        ("stock", -7, "USD"),
    ]


def test_without_a_file_there_are_no_facts() -> None:
    engine().read([])
    assert read() == []
    assert engine().run("sales_daily", first=date(2026, 1, 1), last=date(2026, 12, 31)).rows == []


def test_each_fact_counts_once_however_it_was_cut_and_however_often_it_was_told(tmp_path: Path) -> None:
    chance = random.Random(6)
    facts = [replace(FACTS[0], id=f"O{n}#sold#0", of=f"O{n}", amount=n) for n in range(200)]
    cuts = [*(facts[n : n + 20] for n in range(0, 200, 20)), *(chance.sample(facts, 50) for _ in range(10))]
    files = [laid(cut, tmp_path / f"{n}.parquet") for n, cut in enumerate(cuts)]
    engine().read([], files)
    assert read() == wanted(facts)
    alone = laid([FACTS[2]], tmp_path / "alone.parquet")
    engine().read([alone], files)
    assert read() == wanted([*facts, FACTS[2]])
    engine().merge(files, str(tmp_path / "merged.parquet"))
    engine().merge([str(tmp_path / "merged.parquet"), *files[:3]], str(tmp_path / "again.parquet"))
    engine().read([str(tmp_path / "again.parquet")])
    assert read() == wanted(facts)


def test_what_was_told_last_counts(tmp_path: Path) -> None:
    before = laid([FACTS[0]], tmp_path / "1.parquet", told=1)
    moved = replace(FACTS[0], product="PA", category="CA")
    after = laid([moved], tmp_path / "2.parquet", told=2)
    for files in ([before, after], [after, before]):
        engine().read([], files)
        assert read() == wanted([moved])
    engine().merge([after, before], str(tmp_path / "merged.parquet"))
    engine().read([], [before, str(tmp_path / "merged.parquet")])
    assert read() == wanted([moved])


def test_a_file_from_before_a_column_was_thought_of_is_read(tmp_path: Path) -> None:
    path = laid(FACTS, tmp_path / "whole.parquet")
    old = str(tmp_path / "old.parquet")
    engine().connection.execute(f"COPY (SELECT * EXCLUDE (campaign, seconds, told) FROM '{path}') TO '{old}'")
    engine().read([old])
    lacking = [{**row, "campaign": "", "seconds": None} for row in wanted(FACTS)]
    assert read() == lacking
    engine().read([old, laid([replace(FACTS[0], id="O2#sold#0")], tmp_path / "new.parquet")])
    assert len(read()) == len(lacking) + 1


def test_a_file_is_sorted_so_that_a_kind_lies_together(tmp_path: Path) -> None:
    kinds = ("tried", "sold", "placed")
    mixed = [replace(FACTS[0], id=f"O{n}#x", kind=kinds[n % 3], buyer=f"M{n % 7}") for n in range(60)]
    path = laid(mixed, tmp_path / "a.parquet")
    found = engine().connection.execute(f"SELECT kind, buyer FROM '{path}'").fetchall()
    assert found == sorted(found)
    assert len([*groupby(found, key=lambda row: row[0])]) == 3


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ("amount", "12"),
        ("amount", 2**63),
        ("amount", True),
        ("amount", None),
        ("quantity", 1.5),
        ("line", 2**31),
        ("currency", None),
        ("buyer", 7),
        ("reason", "\0"),
        ("reason", "\ud800"),
        ("kind", "forgotten"),
        ("at", "2026-11-26"),
    ],
)
def test_a_row_that_a_file_cannot_hold_is_known_before(column: str, bad: Any) -> None:
    (row,) = rows(FACTS[:1])
    assert misfit(row) is None
    assert misfit({**row, "line": None, "seconds": None}) is None
    assert misfit({**row, column: bad}) == column


def test_a_query_is_given_the_parameters_that_it_names() -> None:
    assert parameters_of("-- $zone\nSELECT $first + $last, '$' -- $not") == {"first", "last"}
    assert dialect.texts(["it's"]) == "'it''s'"
