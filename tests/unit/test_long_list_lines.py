"""What an answer is as lines of CSV: a row is a line, and no text is a formula."""

import csv
from pathlib import Path

from quanyi.analytics import dialect
from tests.unit.analytics import engine

ODD = ["=1+1", "+1", "-1", "@x", "a\nb", "=a\r\nb", 'say "x", y', "", "plain", "line\u2028end", "'=x", "中文"]


def test_a_row_is_a_line_and_no_text_a_formula(tmp_path: Path) -> None:
    values = ", ".join(f"({number}, {dialect.texts([text])})" for number, text in enumerate(ODD))
    path = tmp_path / "list.csv"
    select = f"SELECT * FROM (VALUES {values}) AS odd(number, name) ORDER BY number"
    engine().connection.execute(dialect.listed(select, {"number": "INTEGER", "name": "VARCHAR"}, str(path)))
    lines = path.read_bytes().decode().removesuffix("\n").split("\n")
    found = [*csv.reader(lines)]
    assert [int(row[0]) for row in found] == [*range(len(ODD))]
    for (_, cell), text in zip(found, ODD, strict=True):
        flat = text.replace("\n", " ").replace("\r", " ")
        assert cell == (f"'{flat}" if text.startswith(tuple("=+-@")) else flat)
    assert all(not cell.startswith(tuple("=+-@")) for _, cell in found)
