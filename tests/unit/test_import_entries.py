"""Judging lines: what reads as a card, and what is refused for which reason."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.imports.entries import DIGITS_LOST, EntryReader, Refused, expiry
from quanyi.imports.model import Plan, Record

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LAST_MOMENT = datetime(2026, 12, 31, 15, 59, 59, 999000, tzinfo=UTC)


def plan(**changes: Any) -> Plan:
    terms = {"sku": "S", "supplier": "acme", "unit_cost": {"amount": 1, "currency": "CNY"}, "issuer": "acme"}
    return Plan.model_validate({**terms, "format": "code", **changes})


def txt(line: str, **changes: Any) -> tuple[str, str | None, datetime | None]:
    return judged([line], EntryReader(plan(**changes), NOW))


def judged(fields: list[str], reader: EntryReader) -> tuple[str, str | None, datetime | None]:
    entry = reader.read(Record(1, 9, 2, fields))
    return entry.number.reveal(), entry.pin.reveal() if entry.pin else None, entry.expires_at


def fault(line: str, **changes: Any) -> str:
    with pytest.raises(Refused) as refused:
        txt(line, **changes)
    return refused.value.fault


@pytest.mark.parametrize(
    "line",
    [
        "6222021234,888888",
        "6222021234, 888888",
        "6222021234，888888",
        "6222021234\t888888",
        "6222021234----888888",
        "6222021234 ---- 888888",
        "6222021234——888888",
        "6222021234 888888",
        "6222021234    888888",
        "6222021234|888888",
        "6222021234;888888",
        "卡号:6222021234 密码:888888",
        "卡号：6222021234  卡密：888888",
        "卡号: 6222021234 密码: 888888",
        "卡号：6222021234,密码：888888",
        "Number=6222021234;PIN=888888",
    ],
)
def test_number_and_pin_as_merchants_write_them(line: str) -> None:
    assert txt(line, format="number_pin") == ("6222021234", "888888", None)


@pytest.mark.parametrize(
    "line", ["6222021234,888888,2026-12-31", "6222021234----888888----20261231", "6222021234 888888 2026/12/31"]
)
def test_a_line_may_bear_its_expiry(line: str) -> None:
    assert txt(line, format="number_pin") == ("6222021234", "888888", LAST_MOMENT)


def test_other_formats() -> None:
    assert txt("ABCD-EFGH-1234") == ("ABCD-EFGH-1234", None, None)
    assert txt("兑换码：ABCD-EFGH") == ("ABCD-EFGH", None, None)
    assert txt("ABCD EFGH 1234") == ("ABCD EFGH 1234", None, None)
    assert txt("ABCD-EFGH\t2026-12-31") == ("ABCD-EFGH", None, LAST_MOMENT)
    assert txt("恭喜发财2026") == ("恭喜发财2026", None, None)
    assert txt("6222 0212 3456", format="number") == ("6222 0212 3456", None, None)
    assert txt("https://a.example/x?y=1,2;3|4", format="link") == ("https://a.example/x?y=1,2;3|4", None, None)
    assert txt("链接：https://a.example/x 2026-12-31", format="link") == ("https://a.example/x", None, LAST_MOMENT)
    assert txt("AB12~CD34", delimiter="~", format="number_pin") == ("AB12", "CD34", None)


@pytest.mark.parametrize(
    ("line", "changes", "reason"),
    [
        ("6222021234", {"format": "number_pin"}, "missing_field"),
        ("6222021234,", {"format": "number_pin"}, "missing_field"),
        ("1111 2222 3333 4444", {"format": "number_pin"}, "unclear_fields"),
        ("1111 2222 3333", {"format": "number_pin"}, "unclear_fields"),
        ("a1234,b,2026-12-31,more", {"format": "number_pin"}, "unclear_fields"),
        ("ABCD,EFGH,IJKL", {}, "unclear_fields"),
        ("ABC", {}, "too_short"),
        ("A- - -", {}, "too_short"),
        ("A" * 257, {}, "too_long"),
        ("6222_0212", {"format": "number"}, "forbidden_character"),
        ("6222\x07021", {"format": "number"}, "forbidden_character"),
        ("ABCD\u200bEFGH", {}, "forbidden_character"),
        ("ABCD\u202eEFGH", {}, "forbidden_character"),
        ("ftp://a.example", {"format": "link"}, "not_a_link"),
        ("https://", {"format": "link"}, "not_a_link"),
        ("ABCD-EFGH,next year", {}, "bad_expiry"),
        ("ABCD-EFGH,2026-02-30", {}, "bad_expiry"),
        ("ABCD-EFGH,2026-11-22", {}, "expired"),
    ],
)
def test_refusals(line: str, changes: dict[str, Any], reason: str) -> None:
    assert fault(line, **changes) == reason


def test_columns_of_a_row() -> None:
    reader = EntryReader(plan(format="number_pin", file_type="csv"), NOW, (2, 0, 3))
    assert judged(["888888", "note\nmore", " 6222021234 ", "2026-12-31"], reader) == (
        "6222021234",
        "888888",
        LAST_MOMENT,
    )
    for fields, reason in (
        (["888888"], "missing_field"),
        (["", "", "6222021234"], "missing_field"),
        (["1", "", DIGITS_LOST], "digits_lost"),
    ):
        with pytest.raises(Refused) as refused:
            judged(fields, reader)
        assert refused.value.fault == reason


def test_the_default_expiry_is_for_lines_without_one() -> None:
    assert txt("ABCD-EFGH", expires_at="2026-12-01T00:00:00Z")[2] == datetime(2026, 12, 1, tzinfo=UTC)
    assert txt("ABCD-EFGH,2026-12-31", expires_at="2026-12-01T00:00:00Z")[2] == LAST_MOMENT


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31", LAST_MOMENT),
        ("2026/12/31", LAST_MOMENT),
        ("2026.12.31", LAST_MOMENT),
        ("20261231", LAST_MOMENT),
        ("2026年12月31日", LAST_MOMENT),
        ("２０２６－１２－３１", LAST_MOMENT),
        ("2026-1-5", datetime(2026, 1, 5, 15, 59, 59, 999000, tzinfo=UTC)),
        ("2026-12-31 23:59:59", datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)),
        ("2026/12/31 8:30", datetime(2026, 12, 31, 0, 30, tzinfo=UTC)),
        ("2026-12-31T23:59:59Z", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-12-31T23:59:59+02:00", datetime(2026, 12, 31, 21, 59, 59, tzinfo=UTC)),
    ],
)
def test_expiries(text: str, moment: datetime) -> None:
    assert expiry(text, "Asia/Shanghai") == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-01", "2026-12-31 25:00", "2026-12/31", "12/31/2026", "0000-01-01", "9999-12-31x"]
)
def test_what_is_no_expiry(text: str) -> None:
    with pytest.raises(Refused):
        expiry(text, "Asia/Shanghai")


@given(st.text(max_size=60), st.sampled_from(["number", "number_pin", "code", "link"]))
def test_any_line_is_a_card_or_refused(line: str, kind: str) -> None:
    text = line.strip()
    if text:
        try:
            number, _, _ = txt(text, format=kind)
        except Refused:
            return
        assert number.isprintable()
        assert number in text


def test_an_entry_prints_no_secret() -> None:
    entry = EntryReader(plan(format="number_pin"), NOW).read(Record(1, 9, 2, ["6222021234,888888"]))
    assert "6222021234" not in repr(entry)
    assert "888888" not in repr(entry)
