"""Reading text by byte ranges: however a file is cut, and wherever reading starts again, the records are the same."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.imports.model import FileFault, Record
from quanyi.imports.text import MAX_LINE, MAX_QUOTED_LINES, Fetch, csv_records, lines, survey, text_records

TEXT = st.text(st.sampled_from('AZaz09 ,;|"\t-腾讯视频卡密\r\n€😀'), max_size=120)
ENCODINGS = st.sampled_from(["utf-8", "gb18030"])


def fetching(content: bytes) -> Fetch:
    return lambda start, end: content[start:end]


def read(content: bytes, encoding: str, kind: str, step: int, start: int = 0, line: int = 1) -> list[Record]:
    found = lines(fetching(content), len(content), start, step=step)
    records: Iterator[Record] = (
        text_records(found, encoding, line=line) if kind == "txt" else csv_records(found, encoding, kind, line=line)
    )
    return list(records)


@given(text=TEXT, encoding=ENCODINGS, step=st.integers(1, 40), kind=st.sampled_from(["txt", ",", ";", "|", "\t"]))
def test_any_cut_gives_the_same_records(text: str, encoding: str, step: int, kind: str) -> None:
    content = text.encode(encoding)
    assert read(content, encoding, kind, step) == read(content, encoding, kind, 10_000)


@given(text=TEXT, encoding=ENCODINGS, kind=st.sampled_from(["txt", ",", "|"]), data=st.data())
def test_reading_starts_again_behind_any_record(text: str, encoding: str, kind: str, data: st.DataObject) -> None:
    content = text.encode(encoding)
    records = read(content, encoding, kind, 10_000)
    if not records:
        return
    stop = data.draw(st.integers(0, len(records) - 1))
    last = records[stop]
    again = read(content, encoding, kind, 7, last.after, last.next_line)
    assert records[: stop + 1] + again == records


@given(text=TEXT, encoding=ENCODINGS)
def test_every_line_has_its_number_and_place(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    records = read(content, encoding, "txt", 9)
    parts = content.split(b"\n")
    expected = parts[:-1] if parts[-1] == b"" else parts
    assert [r.line for r in records] == list(range(1, len(expected) + 1))
    assert [r.fields[0] if r.fields else "" for r in records] == [p.decode(encoding).strip() for p in expected]
    assert not records or records[-1].after == len(content)


FIELD = st.text(st.sampled_from('AZ09 ,;"\n腾讯'), max_size=12)


@given(rows=st.lists(st.lists(FIELD, min_size=2, max_size=4), max_size=8), delimiter=st.sampled_from([",", ";", "|"]))
def test_csv_says_what_was_written(rows: list[list[str]], delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    content = out.getvalue().encode("gb18030")
    found = [r.fields for r in read(content, "gb18030", delimiter, 5)]
    filled = [[f.replace("\r\n", "\n") for f in row] for row in rows]
    assert found == [row if any(f.strip() for f in row) else [] for row in filled]


@given(
    before=st.integers(0, 3), size=st.integers(MAX_LINE - 3, MAX_LINE + 3), end=st.sampled_from([b"\n", b"\r\n", b""])
)
@settings(max_examples=40)
def test_a_long_line_is_refused_alone(before: int, size: int, end: bytes) -> None:
    content = b"AAAA\n" * before + b"x" * size + end + (b"BBBB\n" if end else b"")
    for kind in ("txt", ","):
        for step in (1000, 16_385, 10**6):
            records = read(content, "utf-8", kind, step)
            long = records[before]
            assert (long.fault == "line_too_long") == (size > MAX_LINE)
            assert [r.fields for r in records[before + 1 :]] == ([["BBBB"]] if end else [])
            assert long.after == len(content) - (5 if end else 0)


def test_ten_megabytes_without_a_line_end_are_not_held() -> None:
    held = []

    def fetch(start: int, end: int) -> bytes:
        held.append(end - start)
        return b"9" * (end - start)

    (only,) = lines(fetch, 10_000_000, step=65_536)
    assert only.data is None
    assert max(held) == 65_536


def test_a_forgotten_quote_costs_one_line() -> None:
    content = b'A1,x\n"B2,y\nC3,z\n' + b"D4,w\n" * 40
    records = read(content, "utf-8", ",", 11)
    assert [(r.line, r.fault) for r in records if r.fault] == [(2, "quote_not_closed")]
    assert len([r for r in records if r.fields]) == 42
    assert MAX_QUOTED_LINES < 40


def test_a_forgotten_quote_at_the_end_costs_one_line() -> None:
    records = read(b'A1,x\n"B2,y\nC3,z\n', "utf-8", ",", 100)
    assert [(r.line, r.fields, r.fault) for r in records] == [
        (1, ["A1", "x"], None),
        (2, [], "quote_not_closed"),
        (3, ["C3", "z"], None),
    ]


def test_text_behind_a_closing_quote_is_malformed() -> None:
    records = read(b'"A1"x,y\nB2,z\n', "utf-8", ",", 100)
    assert [(r.line, r.fault) for r in records] == [(1, "malformed"), (2, None)]


def test_a_byte_order_mark_is_no_part_of_the_first_card() -> None:
    assert read("AAAA\n".encode("utf-8-sig"), "utf-8", "txt", 2)[0].fields == ["AAAA"]
    assert read("AAAA,1\n".encode("utf-8-sig"), "utf-8", ",", 2)[0].fields == ["AAAA", "1"]


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("content", "asked", "encoding"),
    [
        (b"AAAA-1111\n", "auto", "utf-8"),
        ("卡号：AAAA-1111\n".encode(), "auto", "utf-8"),
        ("卡号：AAAA-1111\n".encode("utf-8-sig"), "auto", "utf-8"),
        ("卡号：AAAA-1111 密码：2222\n".encode("gbk"), "auto", "gb18030"),
        ("镕喆珺\n".encode("gbk"), "gbk", "gb18030"),
        (b"AAAA-1111\n", "gbk", "gb18030"),
    ],
)
def test_encodings_are_told(content: bytes, asked: str, encoding: str, step: int) -> None:
    assert survey(fetching(content), len(content), asked, step=step).encoding == encoding


@pytest.mark.parametrize(
    ("content", "asked", "code"),
    [
        (b"", "auto", "empty_file"),
        (b" \r\n\n", "auto", "empty_file"),
        ("卡号 1111\n".encode("gbk"), "utf-8", "wrong_encoding"),
        ("卡号".encode()[:-1], "gbk", "wrong_encoding"),
        ("AAAA-1111\n".encode("utf-16"), "auto", "wrong_encoding"),
        ("AAAA-1111\n".encode("utf-16-le"), "auto", "wrong_encoding"),
        ("カード番号\n".encode("shift-jis"), "auto", "wrong_encoding"),
        ("卡號與密碼\n".encode("big5"), "auto", "wrong_encoding"),
        (b"\xff\xfe\xfd\n", "auto", "wrong_encoding"),
        (b"PK\x03\x04rest", "auto", "wrong_file_type"),
        (b"A\n" * 1_000_001, "auto", "too_many_lines"),
    ],
)
def test_what_is_no_card_file_is_refused_whole(content: bytes, asked: str, code: str) -> None:
    with pytest.raises(FileFault) as refused:
        survey(fetching(content), len(content), asked)
    assert refused.value.code == code


@given(text=st.text(st.sampled_from("A1\n卡密视频会员"), min_size=1, max_size=60), step=st.integers(1, 9))
def test_a_survey_counts_what_is_read(text: str, step: int) -> None:
    content = ("X" + text).encode()
    found = survey(fetching(content), len(content), "auto", step=step)
    assert found.lines == len(read(content, "utf-8", "txt", 10))
    assert found.total == len(content)


def test_records_do_not_print_their_fields() -> None:
    assert "AAAA" not in repr(read(b"AAAA-1111\n", "utf-8", "txt", 5))
