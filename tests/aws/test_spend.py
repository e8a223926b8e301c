"""What was spent on channels: set, corrected, taken away, and refused whole when anything of it is wrong."""

from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.spend.model import Spend
from quanyi.spend.table import SpendTable
from reports import spend
from reports.spend import Spending
from tests.aws.conftest import Call, Cloud
from tests.aws.market import START

OPERATOR = Caller(role="operator", key_id="OP1")
ANALYST = Caller(role="analyst", key_id="AN1")
PATH = "/v1/admin/channel-spend"


@pytest.fixture
def room(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Spending:
    channels = ChannelTable(cloud.table("CatalogTable"))
    for name in ("douyin", "site", "taobao-old", "taobao"):
        channels.create(Channel(id=name, name=name, kind="site", enabled=name != "taobao-old", created_at=START), name)
    room = Spending(SpendTable(cloud.table("FactsTable")), channels, "Asia/Shanghai", lambda: START)
    monkeypatch.setattr("reports.spend.spending", lambda: room)
    return room


def one(day: str = "2026-11-22", amount: int = 5000, **more: Any) -> dict[str, Any]:
    return {"day": day, "channel": "douyin", "amount": amount, **more}


def kept(room: Spending, month: str = "2026-11") -> list[tuple[str, str, int, str]]:
    return [(str(s.day), s.campaign, s.amount, s.currency) for s in room.spend.of_month(month)]


def test_what_is_told_again_is_set_again(room: Spending, call: Call) -> None:
    body = {"entries": [one(), one(campaign="double-12"), one(currency="USD"), one("2026-10-31", 7)]}
    for _ in range(2):
        status, answer, *_ = call(spend.handler, "PUT", PATH, body=body, caller=OPERATOR)
        assert (status, answer) == (200, {"set": 4})
    assert kept(room) == [
        ("2026-11-22", "", 5000, "CNY"),
        ("2026-11-22", "", 5000, "USD"),
        ("2026-11-22", "double-12", 5000, "CNY"),
    ]
    assert kept(room, "2026-10") == [("2026-10-31", "", 7, "CNY")]
    call(
        spend.handler, "PUT", PATH, body={"entries": [one(amount=6000), one(currency="USD", amount=0)]}, caller=OPERATOR
    )
    assert kept(room) == [("2026-11-22", "", 6000, "CNY"), ("2026-11-22", "double-12", 5000, "CNY")]


def test_a_file_is_taken_whole(room: Spending, call: Call) -> None:
    lines = (
        "day,Channel,amount,currency,campaign",
        '2026-11-22,douyin,"1,234.50",CNY,a',
        "",
        "2026-11-22,douyin,900,JPY,a",
    )
    text = "\ufeff" + "\r\n".join(lines)
    status, answer, *_ = call(spend.handler, "POST", f"{PATH}/csv", body={"csv": text}, caller=OPERATOR)
    assert (status, answer) == (200, {"set": 2})
    assert kept(room) == [("2026-11-22", "a", 123450, "CNY"), ("2026-11-22", "a", 900, "JPY")]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("day,channel\n2026-11-22,douyin", {"line": 1, "code": "missing_column", "column": "amount"}),
        ("day,channel,amount,phone\n", {"line": 1, "code": "unknown_column", "column": "phone"}),
        ("day,channel,amount\n2026-11-22,douyin,-1", {"line": 2, "code": "bad_value", "column": "amount"}),
        ("day,channel,amount\n2026-11-22,douyin,1.005", {"line": 2, "code": "bad_value", "column": "amount"}),
        ("day,channel,amount\n2026-11-22,douyin,NaN", {"line": 2, "code": "bad_value", "column": "amount"}),
        ("day,channel,amount\n2026-11-22,douyin,1e999999", {"line": 2, "code": "bad_value", "column": "amount"}),
        ("day,channel,amount\n2026-11-22,douyin,1e2", {"line": 2, "code": "bad_value", "column": "amount"}),
        ('day,channel,amount\n2026-11-22,douyin,"12,50"', {"line": 2, "code": "bad_value", "column": "amount"}),
        ("day,channel,amount\n2026-11-22,douyin,1_000", {"line": 2, "code": "bad_value", "column": "amount"}),
        (f"day,channel,amount\n2026-11-22,{'d' * 140_000},1", {"line": 2, "code": "bad_value", "column": ""}),
        ("day,channel,amount,amount\n2026-11-22,douyin,1,2", {"line": 1, "code": "twice", "column": "amount"}),
        ("day,channel,amount\n2026-02-30,douyin,1", {"line": 2, "code": "bad_value", "column": "day"}),
        ("day,channel,amount\n2026-11-22,Douyin!,1", {"line": 2, "code": "bad_value", "column": "channel"}),
        ("day,channel,amount\n2026-11-22,douyin", {"line": 2, "code": "bad_value", "column": ""}),
        ("day,channel,amount\n2026-11-22,douyin,1\n2026-11-22,douyin,2", {"line": 3, "code": "twice", "column": ""}),
    ],
)
def test_a_file_with_a_fault_changes_nothing(room: Spending, call: Call, text: str, error: dict[str, Any]) -> None:
    status, answer, *_ = call(spend.handler, "POST", f"{PATH}/csv", body={"csv": text}, caller=OPERATOR)
    assert (status, answer["reason"]) == (422, "unreadable")
    assert error in answer["errors"]
    assert kept(room) == []


@pytest.mark.parametrize(
    "entries",
    [
        [one(amount=-1)],
        [one(currency="yuan")],
        [one("2026-11-24")],
        [one("2016-11-24")],
        [one(campaign="a#b")],
        [one(), one(amount=1)],
        [],
        [one(f"2026-11-{1 + n % 20:02d}", campaign=str(n)) for n in range(1001)],
    ],
)
def test_bad_entries_are_refused_whole(room: Spending, call: Call, entries: list[dict[str, Any]]) -> None:
    status, *_ = call(
        spend.handler, "PUT", PATH, body={"entries": [one("2026-11-01"), *entries] if entries else []}, caller=OPERATOR
    )
    assert status == 422
    assert kept(room) == []


STRAY = {"channels": [{"channel": "duoyin", "nearest": ["douyin"]}, {"channel": "newspaper", "nearest": []}]}


def test_a_channel_that_the_shop_has_not_is_refused_with_those_that_may_be_meant(room: Spending, call: Call) -> None:
    entries = [one(), one(channel="duoyin"), one(channel="newspaper"), one(channel="duoyin", campaign="a")]
    file = "day,channel,amount\n2026-11-22,douyin,5\n2026-11-22,duoyin,5\n2026-11-22,newspaper,5"
    for method, path, body in (("PUT", PATH, {"entries": entries}), ("POST", f"{PATH}/csv", {"csv": file})):
        status, problem, *_ = call(spend.handler, method, path, body=body, caller=OPERATOR)
        assert (status, problem["code"], problem["reason"]) == (422, "invalid_request", "no_such_channel")
        assert {"channels": problem["channels"]} == STRAY
        assert kept(room) == []


def test_the_nearest_are_named_first_and_one_that_is_closed_is_known(room: Spending, call: Call) -> None:
    body = {"entries": [one(channel="taobao-odl")]}
    problem = call(spend.handler, "PUT", PATH, body=body, caller=OPERATOR)[1]
    assert problem["channels"] == [{"channel": "taobao-odl", "nearest": ["taobao-old", "taobao"]}]
    assert call(spend.handler, "PUT", PATH, body={"entries": [one(channel="taobao-old")]}, caller=OPERATOR)[0] == 200


def test_what_was_told_of_a_wrong_channel_can_be_taken_away(room: Spending, call: Call) -> None:
    room.spend.set([Spend(day=START.date(), channel="duoyin", amount=5)], "op", START)
    body = {"entries": [one(START.date().isoformat(), 0, channel="duoyin")]}
    assert call(spend.handler, "PUT", PATH, body=body, caller=OPERATOR)[0] == 200
    assert kept(room) == []


def test_an_analyst_reads_page_by_page_and_sets_nothing(room: Spending, call: Call) -> None:
    entries = [one(f"2026-11-{number:02d}") for number in range(1, 6)]
    call(spend.handler, "PUT", PATH, body={"entries": entries}, caller=OPERATOR)
    status, *_ = call(spend.handler, "PUT", PATH, body={"entries": entries}, caller=ANALYST)
    assert status == 403
    found: list[str] = []
    query = {"month": "2026-11", "limit": "2"}
    while True:
        status, page, *_ = call(spend.handler, "GET", PATH, caller=ANALYST, query=query)
        assert status == 200
        found += [item["day"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == [entry["day"] for entry in entries]
    assert call(spend.handler, "GET", PATH, caller=ANALYST, query={"month": "2026-13"})[0] == 422


def test_a_cursor_of_another_month_is_refused(room: Spending, call: Call) -> None:
    entries = [one("2026-10-01"), one("2026-10-02"), one("2026-11-01")]
    call(spend.handler, "PUT", PATH, body={"entries": entries}, caller=OPERATOR)
    _, page, *_ = call(spend.handler, "GET", PATH, caller=ANALYST, query={"month": "2026-10", "limit": "1"})
    query = {"month": "2026-11", "cursor": page["next"]}
    status, problem, *_ = call(spend.handler, "GET", PATH, caller=ANALYST, query=query)
    assert (status, problem["reason"]) == (422, "cursor")
