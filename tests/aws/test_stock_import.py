"""Imports from announcement to cards: every format, replays, refusals, bad files, and what must never be seen."""

import base64
import json
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from quanyi.callers import Caller
from quanyi.cards.pools import PoolsTable
from quanyi.receiving import writing
from stock import admin, importer, stretch
from stock.importing import run_import
from tests.aws.conftest import Call, Cloud, LambdaContext
from tests.aws.stockroom import OPERATOR, TERMS, Shop, open_shop, put_sku
from tests.search import Search, parts


@pytest.fixture
def shop(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Shop:
    queue = cloud.client("sqs").create_queue(QueueName="imports")["QueueUrl"]
    monkeypatch.setenv("IMPORT_QUEUE_URL", queue)
    return open_shop(cloud, call, queue)


def tally(seen: dict[str, Any]) -> tuple[int, int, int, int]:
    return seen["read"], seen["accepted"], seen["duplicate"], seen["invalid"]


def workbook(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_text_file_becomes_cards(shop: Shop) -> None:
    seen = shop.brought(b"AAAA-1111\nAAAA-2222\nAAAA-1111\n\nab\n")
    assert (seen["state"], seen["percent"], seen["cards"]) == ("done", 100, 2)
    assert tally(seen) == (4, 2, 1, 1)
    assert shop.faces() == {1: ("AAAA-1111", None), 2: ("AAAA-2222", None)}
    assert shop.refused(seen["id"]) == [(3, "duplicate_in_file"), (5, "too_short")]
    assert shop.uploads() == []
    card = shop.cards()[0]
    assert (card["state"], card["available"], card["sell_by"]) == (
        "available",
        "VIP-M#shared#9999-12-31#0",
        "9999-12-31T00:00:00.000Z",
    )
    pools = PoolsTable(shop.cloud.table("SupplyTable")).every("VIP-M")
    assert [pool.name() for pool in pools] == ["VIP-M#shared#9999-12-31#0"]
    _, batch, _ = shop.get(f"/v1/admin/batches/{card['batch']}")
    assert (batch["size"], batch["supplier"], batch["unit_cost"]["amount"]) == (2, "acme", 1500)


def test_number_and_pin_in_gbk(shop: Shop) -> None:
    content = "卡号：6222021234 密码：888888\n6222021235----999999----2026-12-31\n".encode("gbk")
    seen = shop.brought(content, format="number_pin", channel="taobao")
    assert tally(seen) == (2, 2, 0, 0)
    assert shop.faces() == {1: ("6222021234", "888888"), 2: ("6222021235", "999999")}
    by_line = {card["line"]: card for card in shop.cards()}
    assert by_line[2]["expires_at"] == "2026-12-31T15:59:59.999Z"
    assert by_line[2]["available"] == "VIP-M#taobao#2026-12-31#0"
    assert all(card["pin_id"] for card in by_line.values())


def test_csv_with_columns_by_name(shop: Shop) -> None:
    rows = '备注;卡密;卡号;到期\r\n"两行\r\n备注";888888;6222021234;2026-12-31\r\n"x;y";"77""77";6222021235;\r\n'
    columns = {"number": "卡号", "pin": "卡密", "expires_at": "到期"}
    seen = shop.brought(
        rows.encode("gb18030"),
        format="number_pin",
        file_type="csv",
        delimiter=";",
        header=True,
        columns=columns,
        expires_at="2027-06-01T00:00:00Z",
    )
    assert tally(seen) == (2, 2, 0, 0)
    assert shop.faces() == {2: ("6222021234", "888888"), 4: ("6222021235", '77"77')}
    by_line = {card["line"]: card["expires_at"] for card in shop.cards()}
    assert by_line == {2: "2026-12-31T15:59:59.999Z", 4: "2027-06-01T00:00:00.000Z"}


def test_xlsx(shop: Shop) -> None:
    rows = [
        ["卡号", "密码", "有效期"],
        ["6222021234", "888888", date(2026, 12, 31)],
        [6222021235, 999999, "2026/12/31"],
        [],
        [6222021234567890123, 111111, None],
        ["6222021236", None, None],
        ["6222021234", "888888", None],
    ]
    columns = {"number": "卡号", "pin": "密码", "expires_at": "有效期"}
    seen = shop.brought(workbook(rows), format="number_pin", file_type="xlsx", header=True, columns=columns)
    assert tally(seen) == (5, 2, 1, 2)
    assert shop.faces() == {2: ("6222021234", "888888"), 3: ("6222021235", "999999")}
    assert shop.refused(seen["id"]) == [(5, "digits_lost"), (6, "missing_field"), (7, "duplicate_in_file")]


def test_links_and_numbers(shop: Shop) -> None:
    assert tally(shop.brought(b"https://a.example/r/1\nhttps://a.example/r/2\nno\n", format="link")) == (3, 2, 0, 1)
    assert tally(shop.brought(b"6222 0212 3401\n6222-0212-3401\n", format="number")) == (2, 1, 1, 0)


def test_a_second_file_finds_duplicates_of_the_first(shop: Shop) -> None:
    shop.brought(b"AAAA-1111\nAAAA-2222\n")
    before = shop.cards()
    seen = shop.brought(b"aaaa-3333\nAAAA2222\n")
    assert tally(seen) == (2, 1, 1, 0)
    assert shop.refused(seen["id"]) == [(2, "duplicate")]
    assert [card for card in shop.cards() if card in before] == before
    again = shop.brought(b"AAAA-1111\nAAAA-2222\n")
    assert tally(again) == (2, 0, 2, 0)
    assert again["batches"] == {}
    batches = shop.get("/v1/admin/batches", {"sku": "VIP-M"})[1]["items"]
    assert sorted(batch["size"] for batch in batches) == [1, 2]  # and no empty one of the third


def test_a_reusable_key_becomes_a_card_for_each_use(shop: Shop) -> None:
    put_sku(shop.cloud, "KEY", reusable_uses=3)
    seen = shop.brought(b"REUSE-1\nREUSE-2\nREUSE-1\n", sku="KEY")
    assert (*tally(seen), seen["cards"]) == (3, 2, 1, 0, 6)
    assert len({card["card_id"] for card in shop.cards()}) == 6
    assert sorted(card["line"] for card in shop.cards()) == [1, 1, 1, 2, 2, 2]
    assert tally(shop.brought(b"REUSE-2\n", sku="KEY")) == (1, 0, 1, 0)


def test_batches_hold_so_many_cards_and_no_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_CARDS", 3)
    monkeypatch.setattr(stretch, "STRETCH", 4)
    seen = shop.brought(b"".join(b"CARD-%d\n" % n for n in range(8)))
    assert sorted(seen["batches"].values()) == [2, 3, 3]
    assert len(shop.faces()) == 8


def test_pasted_lines_go_the_same_way(shop: Shop) -> None:
    made = shop.announce("paste", lines=["AAAA-1111", "AAAA-2222", "AAAA-1111"])
    assert made["upload"] is None
    assert shop.uploads() == [f"imports/{made['id']}"]
    shop.announce("paste", lines=["AAAA-1111", "AAAA-2222", "AAAA-1111"])
    shop.run(made["id"])
    assert tally(shop.view(made["id"])) == (3, 2, 1, 0)
    again = shop.announce("paste", lines=["AAAA-1111", "AAAA-2222", "AAAA-1111"])
    assert (again["state"], shop.uploads()) == ("done", [])


def test_the_same_key_answers_the_same_import(shop: Shop, call: Call) -> None:
    first, again = shop.announce("one"), shop.announce("one")
    assert first["id"] == again["id"]
    assert again["upload"]["fields"]["key"] == f"imports/{first['id']}"
    headers = {"Idempotency-Key": "one"}
    for other in ({"supplier": "other"}, {"lines": ["AAAA-1111"]}):
        status, body, _ = call(
            admin.handler, "POST", "/v1/admin/imports", {**TERMS, **other}, caller=OPERATOR, headers=headers
        )
        assert (status, body["code"]) == (422, "idempotency_key_reused")
    shop.announce("two", lines=["AAAA-1111"])
    status, body, _ = call(
        admin.handler,
        "POST",
        "/v1/admin/imports",
        {**TERMS, "lines": ["AAAA-2222"]},
        caller=OPERATOR,
        headers={"Idempotency-Key": "two"},
    )
    assert (status, body["code"]) == (422, "idempotency_key_reused")


def test_the_upload_link_bounds_the_file(shop: Shop) -> None:
    upload = shop.announce()["upload"]
    policy = json.loads(base64.b64decode(upload["fields"]["policy"]))
    assert ["content-length-range", 1, upload["max_bytes"]] in policy["conditions"]
    assert upload["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_a_dry_run_writes_no_card(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stock.rehearsal.STRETCH", 2)
    shop.brought(b"AAAA-1111\n")
    before = shop.cloud.contents("CardsTable")
    content = b"AAAA-2222\nAAAA-3333\nAAAA-2222\nAAAA-1111\nAAAA-2222\nx\nAAAA-4444\n"
    made = shop.announce(dry_run=True)
    shop.upload(made["id"], content)
    for _ in range(20):  # time runs low after every stretch
        if run_import(shop.work(), made["id"], lambda: False):
            break
    seen = shop.view(made["id"])
    assert (seen["state"], *tally(seen), seen["cards"], seen["batches"]) == ("done", 7, 3, 3, 1, 0, {})
    assert shop.refused(made["id"]) == [
        (3, "duplicate_in_file"),
        (4, "duplicate"),
        (5, "duplicate_in_file"),
        (6, "too_short"),
    ]
    assert shop.cloud.contents("CardsTable") == before
    assert shop.uploads() == []
    real = shop.brought(content)
    assert tally(real) == tally(seen)
    assert shop.refused(real["id"]) == shop.refused(seen["id"])


def test_a_long_file_is_read_in_many_runs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "STRETCH", 3)
    made = shop.announce()
    shop.upload(made["id"], b"".join(b"CARD-%03d\n" % n for n in range(10)))
    event = {
        "Records": [{"messageId": "m", "body": json.dumps({"detail": {"object": {"key": f"imports/{made['id']}"}}})}]
    }
    runs, seen = 0, made
    while event["Records"]:
        assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}  # it has less time than it spares
        seen = shop.view(made["id"])
        runs += 1
        event = {"Records": [{"messageId": "m", "body": json.dumps(body)} for body in shop.messages()]}
    assert (seen["state"], runs) == ("done", 4 + 1)
    assert tally(seen) == (10, 10, 0, 0)
    assert sum(seen["batches"].values()) == 10


def test_duplicate_events_are_harmless(shop: Shop) -> None:
    made = shop.announce()
    shop.upload(made["id"], b"AAAA-1111\n")
    shop.run(made["id"])
    before = shop.cloud.contents()
    shop.run(made["id"])
    shop.upload(made["id"], b"AAAA-9999\n")  # the link still works for an hour
    shop.run(made["id"])
    assert shop.cloud.contents() == before
    assert shop.uploads() == []


def test_two_importers_do_not_read_the_same_file_at_once(shop: Shop) -> None:
    made = shop.announce()
    shop.upload(made["id"], b"AAAA-1111\n")
    shop.work().imports.take(made["id"], "R-other", shop.now)
    assert shop.run(made["id"]) is True
    assert shop.view(made["id"])["state"] == "running"
    assert shop.cards() == []
    assert shop.post(f"/v1/admin/imports/{made['id']}/resume")[0] == 409
    shop.now += timedelta(minutes=5)
    assert shop.view(made["id"])["stalled"]
    assert shop.post(f"/v1/admin/imports/{made['id']}/resume")[0] == 202
    assert shop.messages() == [{"v": 1, "import": made["id"]}]
    shop.run(made["id"])
    assert shop.view(made["id"])["state"] == "done"
    assert shop.post(f"/v1/admin/imports/{made['id']}/resume")[1]["state"] == "done"


def test_a_file_that_was_replaced_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "STRETCH", 1)
    made = shop.announce()
    shop.upload(made["id"], b"AAAA-1111\nAAAA-2222\n")
    assert run_import(shop.work(), made["id"], lambda: False) is False
    shop.upload(made["id"], b"BBBB-1111\nBBBB-2222\n")
    assert shop.run(made["id"]) is True
    seen = shop.view(made["id"])
    assert (seen["state"], seen["failure"], seen["accepted"]) == ("failed", "upload_changed", 1)
    assert sum(seen["batches"].values()) == 1
    assert shop.uploads() == []


def test_cancelling(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "STRETCH", 1)
    waiting = shop.announce()
    assert shop.post(f"/v1/admin/imports/{waiting['id']}/resume")[0] == 409  # nothing there yet
    shop.upload(waiting["id"], b"AAAA-1111\n")
    for _ in range(2):
        assert shop.post(f"/v1/admin/imports/{waiting['id']}/cancel")[1]["state"] == "cancelled"
    assert shop.uploads() == []
    running = shop.announce()
    shop.upload(running["id"], b"AAAA-1111\nAAAA-2222\nAAAA-3333\n")
    assert run_import(shop.work(), running["id"], lambda: False) is False
    assert shop.post(f"/v1/admin/imports/{running['id']}/cancel")[1]["state"] == "running"
    assert shop.messages() == [{"v": 1, "import": running["id"]}]
    shop.run(running["id"])
    seen = shop.view(running["id"])
    assert (seen["state"], seen["accepted"], len(shop.cards())) == ("cancelled", 2, 2)
    assert shop.uploads() == []
    assert shop.post(f"/v1/admin/imports/{running['id']}/cancel")[1]["state"] == "cancelled"
    done = shop.brought(b"AAAA-4444\n")
    assert shop.post(f"/v1/admin/imports/{done['id']}/cancel")[0] == 409
    assert shop.post("/v1/admin/imports/I00000000000000000000/cancel")[0] == 404


def bomb() -> bytes:
    import zipfile

    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"0" * 60_000_000)
    return out.getvalue()


def laughs() -> bytes:
    """A workbook whose sheet is a nest of entities."""
    import zipfile

    real = BytesIO(workbook([["AAAA-1111"]]))
    out = BytesIO()
    nest = "".join(f'<!ENTITY l{n} "' + f"&l{n - 1};" * 10 + '">' for n in range(1, 10))
    evil = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "lol">{nest}]><worksheet>&l9;</worksheet>'
    with zipfile.ZipFile(real) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            new.writestr(part, evil if part.startswith("xl/worksheets/sheet") else old.read(part))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "terms", "failure"),
    [
        (b"\n \n", {}, "empty_file"),
        (b"number,pin\n", {"file_type": "csv", "header": True}, "empty_file"),
        ("AAAA-1111\n".encode("utf-16"), {}, "wrong_encoding"),
        ("卡号 AAAA-1111\n".encode("gbk"), {"encoding": "utf-8"}, "wrong_encoding"),
        (workbook([["AAAA-1111"]]), {}, "wrong_file_type"),
        (b"AAAA-1111\n", {"file_type": "xlsx"}, "broken_xlsx"),
        (workbook([["AAAA-1111"]])[:-40], {"file_type": "xlsx"}, "broken_xlsx"),
        (workbook([["AAAA-1111"]])[:300] + b"x" * 900, {"file_type": "xlsx"}, "broken_xlsx"),
        (workbook([[]]), {"file_type": "xlsx"}, "empty_file"),
        (bomb(), {"file_type": "xlsx"}, "too_many_bytes"),
        (laughs(), {"file_type": "xlsx"}, "broken_xlsx"),
        (b"a,b\n1,2\n", {"file_type": "csv", "header": True, "columns": {"number": "code"}}, "missing_column"),
        (b"AAAA\n" * 1_000_001, {}, "too_many_lines"),
    ],
)
def test_a_bad_file_fails_whole(shop: Shop, content: bytes, terms: dict[str, Any], failure: str) -> None:
    seen = shop.brought(content, **terms)
    assert (seen["state"], seen["failure"]) == ("failed", failure)
    assert shop.cards() == []
    assert shop.uploads() == []
    assert [item for item in shop.cloud.contents("SupplyTable")["SupplyTable"] if item["pk"][:5] != "IMPOR"] == []


def test_an_upload_that_is_gone_fails(shop: Shop) -> None:
    made = shop.announce()
    shop.run(made["id"])
    assert shop.view(made["id"])["failure"] == "upload_missing"


def test_rows_of_a_sheet_are_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quanyi.imports.sheet.MAX_ROWS", 3)
    sheet = workbook([[f"CARD-{n}"] for n in range(4)])
    assert shop.brought(sheet, file_type="xlsx")["failure"] == "too_many_lines"


def test_one_line_of_ten_megabytes_is_a_refused_line(shop: Shop) -> None:
    seen = shop.brought(b"AAAA-1111\n" + b"9" * 10_000_000 + b"\nAAAA-2222\n")
    assert tally(seen) == (3, 2, 0, 1)
    assert shop.refused(seen["id"]) == [(2, "line_too_long")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sku": "NONE"}, "invalid_request"),
        ({"channel": "nowhere"}, "invalid_request"),
        ({"sku": "BUNDLE"}, "invalid_request"),
        ({"surplus": 1}, "invalid_request"),
        ({"unit_cost": {"amount": -1, "currency": "CNY"}}, "invalid_request"),
        ({"unit_cost": {"amount": 1.5, "currency": "CNY"}}, "invalid_request"),
        ({"file_type": "csv", "delimiter": "::"}, "invalid_request"),
        ({"columns": {"number": 1}}, "invalid_request"),
        ({"file_type": "csv", "format": "number_pin", "columns": {"number": 1}}, "invalid_request"),
        ({"file_type": "csv", "columns": {"number": "name"}}, "invalid_request"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "invalid_request"),
        ({"expires_at": "2027-01-01T00:00:00"}, "invalid_request"),
        ({"lines": []}, "invalid_request"),
        ({"lines": ["x"] * 1001}, "invalid_request"),
        ({"lines": ["AAAA\nBBBB"]}, "invalid_request"),
    ],
)
def test_bad_terms_change_nothing(shop: Shop, call: Call, change: dict[str, Any], code: str) -> None:
    put_sku(shop.cloud, "BUNDLE", kind="bundle", components=[{"sku": "VIP-M", "quantity": 1}])
    before = shop.cloud.contents("SupplyTable", "CardsTable")
    status, body, _ = call(
        admin.handler,
        "POST",
        "/v1/admin/imports",
        {**TERMS, **change},
        caller=OPERATOR,
        headers={"Idempotency-Key": "k"},
    )
    assert (status, body["code"]) == (422, code)
    assert "BBBB" not in json.dumps(body)
    assert shop.cloud.contents("SupplyTable", "CardsTable") == before


def test_only_operators_may(shop: Shop, call: Call) -> None:
    for role in ("support", "analyst", "counter", "supplier", "storefront"):
        status, _, _ = call(
            admin.handler,
            "POST",
            "/v1/admin/imports",
            TERMS,
            caller=Caller(role=role),
            headers={"Idempotency-Key": "k"},
        )
        assert status == 403
        for path in ("/v1/admin/stock", "/v1/admin/stock-levels"):
            assert call(admin.handler, "GET", path, caller=Caller(role=role), query={"sku": "A"})[0] == 403


def test_imports_are_listed_newest_first_and_refused_lines_by_pages(shop: Shop) -> None:
    ids = []
    for n in range(3):
        ids.append(shop.brought(b"CARD-%d\n" % n)["id"])
        shop.now += timedelta(seconds=1)
    first = shop.get("/v1/admin/imports", {"limit": "2"})[1]
    rest = shop.get("/v1/admin/imports", {"limit": "2", "cursor": first["next"]})[1]
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    seen = shop.brought(b"x\n" * 250)
    path = f"/v1/admin/imports/{seen['id']}/refused"
    lines: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = shop.get(path, {"limit": "100", **cursor})[1]
        lines += [row["line"] for row in page["items"]]
        if not page["next"]:
            break
        cursor = {"cursor": page["next"]}
    assert lines == list(range(1, 251))
    _, text, headers = shop.get(path + "-csv")
    assert text.splitlines()[:2] == ["line,reason", "1,too_short"]
    assert len(text.splitlines()) == 251
    assert "attachment" in headers["content-disposition"]
    assert shop.get(path, {"cursor": "nonsense"})[0] == 400


SECRETS = ["6222021234567", "P888888", "口令红包恭喜发财", "BADLINE\u200bX7", "DUPLI-CATE-9", "短密钥"]
"""The short ones in letters that base 64 does not have: three of those stand in any text that is long enough."""


def test_secrets_are_nowhere(shop: Shop, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    pin = SECRETS[1]
    text = f"{SECRETS[0]},{pin}\n{SECRETS[4]},{pin}\n{SECRETS[4]},{pin}\n{SECRETS[3]},1\n{SECRETS[5]},1\n"
    made = shop.announce(format="number_pin")
    shop.upload(made["id"], text.encode())
    pasted = shop.announce(lines=[SECRETS[2], SECRETS[3], SECRETS[5]])
    for import_id in (made["id"], pasted["id"]):
        record = {"messageId": "m", "body": json.dumps({"import": import_id})}
        for _ in range(2):
            importer.handler({"Records": [record]}, LambdaContext())
    refused = [shop.get(f"/v1/admin/imports/{i}/refused-csv")[1] for i in (made["id"], pasted["id"])]
    assert len(shop.cards()) == 3
    out, err = capfd.readouterr()
    kept = shop.cloud.contents()
    told = [out, err, caplog.text, *refused, shop.get("/v1/admin/imports")[1]]
    assert Search(SECRETS).found_in(b"\n".join(parts([*told, *kept.values()]))) == set()
