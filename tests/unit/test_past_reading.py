"""Exports of other platforms: read exactly, or refused with a reason."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from pydantic import ValidationError

from quanyi.imports.model import FileFault
from quanyi.past.orders import order_id
from quanyi.past.presets import PRESETS
from quanyi.past.reading import MissingColumn, cleaned, places, records
from quanyi.past.rows import Refused, minor_units, moment_of
from quanyi.past.source import Source, SourceSettings
from tests.exports import BASE, FIELDS, HEADER, ROW, ZONE, export, only, read, refused, row, source, text_of

# Files.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be"])
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text("爱奇艺会员月卡年卡优酷腾讯视频通用 ,\"\n'A1x", min_size=1, max_size=40).map(str.strip).filter(cleaned),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_the_encoding_and_quoting_the_same_is_read(encoding: str, titles: list[str]) -> None:
    rows = [row(order=f"A{number}", title=title, quantity=str(number + 1)) for number, title in enumerate(titles)]
    text = text_of(rows)
    data = ("\ufeff" + text).encode(encoding) if encoding == "utf-16-be" else text.encode(encoding)
    found = export(data)
    assert found.faults == []
    assert [one.order.lines[0].quantity for one in found.orders] == [number + 1 for number in range(len(titles))]
    assert [next(iter(one.names.values())) for one in found.orders] == [("", cleaned(title)) for title in titles]
    assert [one.order for one in found.orders] == [one.order for one in read(*rows).orders]


def workbook(*rows: Sequence[Any]) -> bytes:
    book = Workbook()
    for one in rows:
        book.active.append(list(one))  # type: ignore[union-attr]
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_sheet_is_read_as_its_text_and_a_number_that_lost_digits_is_no_order() -> None:
    at = datetime(2026, 3, 8, 10, 20, 30)  # noqa: DTZ001 - sheets know no zones
    cells = ["1001", at, "爱奇艺月卡", 1, 19.9, "138****8001", "", "交易成功", "", ""]
    src = source(file_type="xlsx")
    found = export(workbook(HEADER, cells, [4023456789012345678, *cells[1:]]), src)
    assert [(fault.line, fault.code, fault.field) for fault in found.faults] == [(3, "digits_lost", "order")]
    (one,) = found.orders
    assert one.order == only(read(ROW)).order


def test_a_file_of_three_encodings_is_refused_whole() -> None:
    pieces = {
        name: text_of([row(order=f"{name}{n}", title="爱奇艺黄金会员月卡") for n in range(3)]).encode(name)
        for name in ("utf-8", "gb18030", "utf-16")
    }
    for order in (
        ("utf-8", "gb18030", "utf-16"),
        ("utf-16", "utf-8", "gb18030"),
        ("gb18030", "utf-8"),
        ("gb18030", "utf-8", "gb18030"),
        ("utf-8", "gb18030"),
        ("utf-16", "gb18030"),
        ("utf-16", "utf-8"),
        ("gb18030", "utf-16"),
    ):
        with pytest.raises(FileFault, match="wrong_encoding"):
            export(b"".join(pieces[name] for name in order))


def test_a_long_file_with_a_short_piece_of_another_encoding_is_refused() -> None:
    long = text_of(row(order=f"L{n}", title="爱奇艺黄金会员月卡") for n in range(500)).encode("gb18030")
    with pytest.raises(FileFault, match="wrong_encoding"):
        export(long + "S1,2026-03-08 10:20:30,优酷,1,9.90,,,交易成功,,\n".encode())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \n\r\n", "empty_file"),
        (workbook(HEADER), "wrong_file_type"),
        (b"\xff\xfea", "wrong_encoding"),
        (text_of([ROW]).encode() + b"\0", "wrong_encoding"),
        (("x\n" * 200_001).encode(), "too_many_lines"),
    ],
    ids=["empty", "blank", "a sheet", "half a character", "a NUL", "long"],
)
def test_what_is_no_export(data: bytes, code: str) -> None:
    with pytest.raises(FileFault, match=code):
        export(data)


def test_a_file_that_is_too_large_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quanyi.past.source.MAX_TEXT_BYTES", 10)
    with pytest.raises(FileFault, match="too_many_bytes"):
        export(text_of([ROW]).encode())


def test_columns_that_are_not_there_are_named() -> None:
    with pytest.raises(MissingColumn) as found:
        export(text_of([ROW], [*HEADER[:4], "实际支付", *HEADER[5:]]).encode())
    assert found.value.fields == ["amount"]


def test_a_numbered_column_beyond_the_last_is_not_there_and_a_name_that_stands_twice_names_none() -> None:
    beyond = {**{name: number for number, name in enumerate(FIELDS, 1)}, "refund": len(FIELDS) + 1}
    with pytest.raises(MissingColumn) as found:
        export(text_of([ROW]).encode(), source(columns=beyond))
    assert found.value.fields == ["refund"]
    with pytest.raises(MissingColumn) as found:
        export(text_of([ROW], [*HEADER[:4], HEADER[5], *HEADER[5:]]).encode())
    assert set(found.value.fields) >= {FIELDS[5]}


def test_a_heading_above_the_header_row_and_numbered_columns() -> None:
    text = "店铺订单,2026\n" + text_of([ROW])
    assert only(export(text.encode(), source(header_row=2))) == replace(only(read(ROW)), line=3)
    plain = text_of([ROW]).split("\n", 1)[1]
    numbered = source(header_row=0, columns={name: number for number, name in enumerate(FIELDS, 1)})
    assert only(export(plain.encode(), numbered)) == replace(only(read(ROW)), line=1)


@pytest.mark.parametrize("cell", ['="1001"', "'1001", "`1001", "\t1001", "1001 "])
def test_what_platforms_put_around_numbers(cell: str) -> None:
    assert only(read(row(order=cell))).order.id == order_id("taobao-shop", "1001")


# Rows.


@pytest.mark.parametrize(
    ("text", "digits", "amount"),
    [
        ("19.9", 2, 1990),
        ("¥1,234.50", 2, 123450),
        ("1234.50元", 2, 123450),
        ("0", 2, 0),
        ("500", 0, 500),
        ("1.234", 3, 1234),
        ("20.0000", 2, 2000),
    ],
)
def test_amounts(text: str, digits: int, amount: int) -> None:
    assert minor_units(text, digits) == amount


@pytest.mark.parametrize(
    ("text", "fault"),
    [("-1", "negative_amount"), ("1.999", "bad_amount"), ("1,23", "bad_amount"), ("十元", "bad_amount"),
     ("1e3", "bad_amount"), ("NaN", "bad_amount"), ("99999999999999", "bad_amount")],
)  # fmt: skip
def test_amounts_that_are_none(text: str, fault: str) -> None:
    with pytest.raises(Refused, match=fault):
        minor_units(text, 2)


@pytest.mark.parametrize(
    ("text", "form", "at"),
    [
        ("2026-03-08 10:20:30", None, "2026-03-08T02:20:30"),
        ("2026/3/8 10:20", None, "2026-03-08T02:20:00"),
        ("2026年3月8日", None, "2026-03-07T16:00:00"),
        ("2026-03-08T10:20:30.5Z", None, "2026-03-08T10:20:30"),
        ("2026-03-08 10:20:30+00:00", None, "2026-03-08T10:20:30"),
        ("08.03.26 22h", "%d.%m.%y %Hh", "2026-03-08T14:00:00"),
    ],
)
def test_times(text: str, form: str | None, at: str) -> None:
    assert moment_of(text, form, ZONE) == datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "08/03/2026", "yesterday", "2026-03-08 25:00", "46000.5"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(Refused, match="bad_time"):
        moment_of(text, None, ZONE)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"order": ""}, "missing_field"),
        ({"order": "9" * 101}, "too_long"),
        ({"amount": ""}, "missing_field"),
        ({"amount": "-5"}, "negative_amount"),
        ({"paid_at": ""}, "missing_field"),
        ({"paid_at": "2026-02-30 10:00:00"}, "bad_time"),
        ({"paid_at": "1999-12-31 10:00:00"}, "bad_time"),
        ({"paid_at": "2026-12-31 10:00:00"}, "time_ahead"),
        ({"status": "天知道"}, "unknown_status"),
        ({"quantity": "1.5"}, "bad_quantity"),
        ({"quantity": "0"}, "bad_quantity"),
        ({"refund": "20.00", "refunded_at": "2026-04-01"}, "refund_too_large"),
        ({"refund": "1.00"}, "refund_without_time"),
        ({"refund": "1.00", "refunded_at": "2026-03-08 10:20:29"}, "impossible_times"),
        ({"status": "交易关闭", "paid_at": ""}, "missing_field"),
    ],
)
def test_a_bad_row_refuses_its_order_alone(changed: dict[str, str], code: str) -> None:
    found = read(row(order="before"), row(**changed), row(order="after"))
    assert [(fault.line, fault.code) for fault in found.faults] == [(3, code)]
    assert [one.order.id for one in found.orders] == [order_id("taobao-shop", name) for name in ("before", "after")]


def test_a_line_that_cannot_be_read_costs_itself() -> None:
    text = text_of([row(order="before"), row(order="after")]).splitlines()
    found = export("\n".join([*text[:2], '"1002,2026-03-08 10:20:30', *text[2:]]).encode())
    assert [(fault.line, fault.code) for fault in found.faults] == [(3, "quote_not_closed")]
    assert len(found.orders) == 2


def test_rows_of_one_order_are_its_lines_and_a_row_again_is_none() -> None:
    month, year = row(title="月卡"), row(title="年卡", amount="100.00", quantity="2")
    one = only(read(month, year, month))
    assert sorted((line.quantity, line.amount) for line in one.order.lines) == [(1, 1990), (2, 10000)]
    assert only(read(year, month)).order == one.order


@pytest.mark.parametrize(
    ("again", "code"),
    [
        ({"amount": "20.00"}, "contradicting_rows"),
        ({"quantity": "2"}, "contradicting_rows"),
        ({"title": "年卡", "paid_at": "2026-03-09 10:20:30"}, "contradicting_rows"),
    ],
)
def test_rows_that_contradict_each_other(again: dict[str, str], code: str) -> None:
    assert refused(ROW, row(**again)) == [(3, code)]


def test_an_order_has_one_currency_and_orders_of_several_stay_apart() -> None:
    src = source(columns={**BASE["columns"], "currency": "会员名"})
    assert refused(row(nick="CNY"), row(nick="USD", title="年卡"), src=src) == [(3, "mixed_currencies")]
    assert refused(row(nick="人民币"), src=src) == [(2, "bad_currency")]
    found = read(row(nick="cny"), row(order="1002", nick="JPY", amount="1990"), src=src)
    assert [(one.order.currency, one.order.total) for one in found.orders] == [("CNY", 1990), ("JPY", 1990)]


def test_amounts_of_the_whole_order_are_shared_by_quantity() -> None:
    src = source(amount_of="order", undated_refunds="payment_day")
    rows = [row(title="月卡", quantity="1", amount="10.00", refund="0.01"),
            row(title="年卡", quantity="2", amount="10.00", refund="0.01")]  # fmt: skip
    one = only(read(*rows, src=src))
    assert sorted(line.amount for line in one.order.lines) == [333, 667]
    assert sum(one.refunds.amounts.values()) == 1
    assert refused(rows[0], {**rows[1], "amount": "11.00"}, src=src) == [(3, "contradicting_rows")]


# Sources.


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "USD"},
        {"time_zone": "Mars/Olympus"},
        {"time_form": "%Q"},
        {"time_form": "%H:%M"},
        {"time_form": "%Y-%m-%d %d"},
        {"statuses": None},
        {"statuses": {"paid": ["a"], "closed": ["a"]}},
        {"header_row": 0},
        {"delimiter": '"'},
        {"currency": "rmb"},
        {"columns": {**BASE["columns"], "colour": "颜色"}},
    ],
)
def test_a_source_that_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        source(**wrong)


def test_presets_are_sources_as_they_stand() -> None:
    for name, preset in PRESETS.items():
        made = Source.model_validate({"id": name, **preset.model_dump(mode="json")})
        assert SourceSettings.model_validate(preset.model_dump(mode="json")) == preset
        header = [str(ref) for ref in made.columns.refs().values()]
        where, _ = places(made, records(made.model_copy(update={"file_type": "csv"}), ",".join(header).encode()))
        assert where.keys() == made.columns.refs().keys()
