"""Stock files that are broken, or say what can't be: refused by number and reason, and nothing comes into stock."""

import gzip
from secrets import token_hex
from typing import Any

import pytest

from tests.stack.books import Books
from tests.stack.shop import Shop, number

FILES: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "blank lines only": (b"\n \n\r\n", {}, "empty_file"),
    "no text": (b"\x00\x01\x02" * 100, {}, "wrong_encoding"),
    "UTF-16": ("代码\nABCDEFGH1234".encode("utf-16"), {}, "wrong_encoding"),
    "not in the encoding it is said to be in": (
        "卡号,密码".encode("gbk") + b"\n",
        {"encoding": "utf-8"},
        "wrong_encoding",
    ),
    "an archive": (gzip.compress(b"ABCDEFGH1234\n"), {}, "wrong_file_type"),
    "a broken workbook": (b"PK\x03\x04 broken", {"file_type": "xlsx"}, "broken_xlsx"),
    "a text that calls itself a workbook": (b"ABCDEFGH1234\n", {"file_type": "xlsx"}, "broken_xlsx"),
    "a column that is not there": (
        b"number,until\nABCDEFGH1234,2030-01-01\n",
        {"file_type": "csv", "header": True, "columns": {"number": "code"}},
        "missing_column",
    ),
}


def test_whole_files_are_refused_with_a_reason(shop: Shop, books: Books) -> None:
    sku = shop.sku()
    cards = len(books.scan("Cards"))
    for what, (content, terms, reason) in FILES.items():
        over = shop.upload(sku, content, **terms)
        assert (over["state"], over["failure"], over["accepted"]) == ("failed", reason, 0), f"{what}: {over}"
    assert len(books.scan("Cards")) == cards
    assert _left_in_the_bucket(books) == []


def test_a_line_of_ten_megabytes_is_one_refused_line(shop: Shop) -> None:
    sku = shop.sku()
    good = [f"QY{token_hex(8).upper()}" for _ in range(2)]
    shop.secrets += good
    content = f"{good[0]}\n".encode() + b"X" * 10_000_000 + f"\n{good[1]}\nA\n".encode()
    over = shop.upload(sku, content)
    assert (over["state"], over["read"], over["accepted"], over["invalid"]) == ("done", 4, 2, 2)
    refused = shop.admin("GET", f"/imports/{over['id']}/refused").must()["items"]
    assert [(row["line"], row["reason"]) for row in refused] == [(2, "line_too_long"), (4, "too_short")]
    answer = shop.admin("GET", f"/imports/{over['id']}/refused-csv")
    assert answer.raw.decode().splitlines() == ["line,reason", "2,line_too_long", "4,too_short"]


def test_terms_that_can_not_be(shop: Shop, books: Books) -> None:
    sku, service = shop.sku(), shop.sku(kind="manual")
    before = books.everything()["Supply"]
    wrong: dict[str, dict[str, Any]] = {
        "an unknown SKU": {"sku": "no-such-sku"},
        "a SKU without stock": {"sku": service},
        "two file types": {"file_type": "pdf"},
        "an unknown field": {"colour": "red"},
        "a past expiry": {"expires_at": "2020-01-01T00:00:00Z"},
        "a negative cost": {"unit_cost": {"amount": -1, "currency": "CNY"}},
        "an unknown currency": {"unit_cost": {"amount": 1, "currency": "renminbi"}},
        "lines with line ends": {"lines": ["ABCDEFGH\nIJKLMNOP"]},
        "no lines": {"lines": []},
        "too many lines": {"lines": ["ABCDEFGH1234"] * 1001},
    }
    for what, terms in wrong.items():
        answer = shop.admin("POST", "/imports", {**_terms(sku), **terms})
        assert (answer.status, answer.code) == (422, "invalid_request"), f"{what}: {answer.status} {answer.raw!r}"
    changed = {key: item for key, item in books.everything()["Supply"].items() if before.get(key) != item}
    assert not [key for key in changed if sku in str(changed[key]) or service in str(changed[key])]


def test_an_upload_beyond_its_limit_is_refused_by_the_bucket(shop: Shop) -> None:
    """An empty one is, too: the form that the shop signed says from 1 byte to how many."""
    from tools.shop_client import HttpShop, Refused

    made = shop.announce(shop.sku()).must()
    with pytest.raises(Refused):
        HttpShop(shop.wire.url, "").upload(made["upload"]["url"], made["upload"]["fields"], b"")
    other = {**made["upload"]["fields"], "key": f"imports/{number()}"}
    with pytest.raises(Refused):
        HttpShop(shop.wire.url, "").upload(made["upload"]["url"], other, b"ABCDEFGH1234")
    assert shop.admin("GET", f"/imports/{made['id']}").must()["state"] == "awaiting_upload"
    assert shop.admin("POST", f"/imports/{made['id']}/cancel").must()["state"] == "cancelled"


def _terms(sku: str) -> dict[str, Any]:
    return {"sku": sku, "supplier": "acme", "unit_cost": {"amount": 1, "currency": "CNY"}}


def _left_in_the_bucket(books: Books) -> list[str]:
    bucket = books.stack.outputs["ImportBucketName"]
    found = books.stack.client("s3").list_objects_v2(Bucket=bucket)
    return [item["Key"] for item in found.get("Contents", [])]
