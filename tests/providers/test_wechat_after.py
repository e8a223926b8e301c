"""After a payment through WeChat Pay: complaints, the day's bill, and reporting a delivery."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.errors import Conflict, Invalid, Malformed, NotFound
from quanyi.orders.numbers import payment_number
from quanyi.payments.port import ProviderUnavailable, SettlementRow
from quanyi.payments.wechat import bill
from quanyi.payments.wechat.provider import Wechat
from quanyi.secret import Secret
from tests.providers.wechat_shop import OPENID, PAYMENT, REFUND, asked, entered, paid
from tools.local.providers.wechat import WechatServer
from tools.local.providers.wechat_bill import COLUMNS, TOTALS
from tools.local.providers.wechat_wire import Keys, beijing

KEYS = Keys()
ROW = (
    "`2026-11-22 23:59:59,`wx1,`190,`0,`,`42001,`{number},`o1,`NATIVE,`{state},`OTHERS,`CNY,`{paid},`0.00,`{id},"
    "`{refund},`{back},`0.00,`ORIGINAL,`{status},`月卡,VIP,`,`{fee},`0.60%,`{paid},`{back},`"
)


@pytest.fixture
def server() -> Iterator[WechatServer]:
    running = WechatServer().start()
    running.ledger.keys = KEYS
    yield running
    running.stop()


@pytest.fixture
def wechat(server: WechatServer) -> Wechat:
    return Wechat(entered(server))


def now() -> datetime:
    return datetime.now(UTC)


# Complaints.


def test_a_complaint_with_its_deadline(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT, "卡密无效", "SERVICE_NOT_WORK")

    told = wechat.case(number)

    opened_at = datetime.fromisoformat(server.ledger.complaints[number]["complaint_time"])
    assert (told.case, told.kind, told.payment, told.amount) == (number, "complaint", PAYMENT, 1999)
    assert (told.reason, told.text, told.end) == ("service_not_work", "卡密无效", "")
    assert told.due_at == opened_at + timedelta(hours=24)
    assert told.waits_for_us
    assert "卡密" not in repr(told)


def test_what_a_buyer_says_later_is_told_while_it_waits_for_us(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT, "卡密无效")
    assert wechat.case(number).later == ()
    wechat.answer_case(number, "已补发新卡", {}, now())
    complaint = server.ledger.complaints[number]
    for kind, text in (("USER_RESPONSE", "还是不行"), ("USER_CONTINUE_COMPLAINT", "再次投诉")):
        complaint["steps"].append({**complaint["steps"][0], "operate_type": kind, "operate_details": text})
    assert wechat.case(number).later == (), "answered"
    complaint["incoming_user_response"] = True
    told = wechat.case(number)
    assert (told.text, told.later) == ("卡密无效", ("还是不行", "再次投诉"))
    assert "再次" not in repr(told)
    (listed,) = wechat.cases_since(now() - timedelta(hours=1), now())
    assert listed.later == told.later


def test_a_complaint_about_several_payments_names_them_all(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT)
    (mine,) = server.ledger.complaints[number]["complaint_order_info"]
    other = {**mine, "out_trade_no": payment_number("O" + "1" * 20, "wechat", "k"), "amount": 500}
    foreign = {**mine, "out_trade_no": "erp-17", "amount": 700}
    server.ledger.complaints[number]["complaint_order_info"] = [foreign, mine, other, mine]
    told = wechat.case(number)
    assert (told.payment, told.also, told.amount) == (PAYMENT, (other["out_trade_no"],), 2499)
    server.ledger.complaints[number]["complaint_order_info"] = [foreign]
    told = wechat.case(number)
    assert (told.payment, told.also, told.amount) == ("", (), 0)


def test_an_answer_is_sent_once_and_gains_time(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT)

    assert wechat.answer_case(number, "已补发新卡", {"reveal_log": "..."}, now()) == "succeeded"
    assert wechat.answer_case(number, "已补发新卡", {}, now()) == "succeeded"

    steps = [step["operate_type"] for step in server.ledger.complaints[number]["steps"]]
    assert steps == ["USER_CREATE_COMPLAINT", "MERCHANT_RESPONSE"]
    told = wechat.case(number)
    assert told.due_at == told.opened_at + timedelta(hours=72)
    assert not told.waits_for_us
    server.ledger.complaints[number]["incoming_user_response"] = True
    assert wechat.case(number).waits_for_us
    with pytest.raises(Invalid):
        wechat.answer_case(number, "长" * 201, {}, now())


def test_the_same_words_for_another_question_are_said_again(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT)
    steps = server.ledger.complaints[number]["steps"]
    assert wechat.answer_case(number, "您好，已补发新卡，请查收", {}, now()) == "succeeded"
    assert wechat.answer_case(number, "已补发新卡", {}, now()) == "succeeded", "part of what was said is something else"
    assert [step["operate_details"] for step in steps][1:] == ["您好，已补发新卡，请查收", "已补发新卡"]
    assert wechat.answer_case(number, "已补发新卡", {}, now() + timedelta(hours=1)) == "succeeded"
    assert len(steps) == 4


def test_giving_in(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT, problem="OTHERS")

    assert [wechat.give_in(number) for _ in range(3)] == ["succeeded"] * 3

    assert _steps(server, number) == ["MERCHANT_CONFIRM_COMPLETE"]
    assert wechat.case(number).end == "closed"


def test_giving_in_to_a_demand_for_money_is_no_word_but_a_refund(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT, problem="REFUND")
    with pytest.raises(Conflict) as refused:
        wechat.give_in(number)
    assert refused.value.extra["reason"] == "use_refund"
    assert wechat.money_back(number, whole=False) == "open"
    assert _steps(server, number) == [], "some of the money approves nothing"
    assert [wechat.money_back(number, whole=True) for _ in range(2)] == ["succeeded"] * 2
    assert _steps(server, number) == ["MERCHANT_APPROVE_REFUND"]
    server.ledger.complaints[number]["complaint_full_refunded"] = True
    assert wechat.give_in(number) == "succeeded"
    assert wechat.case(number).end == "closed"


def test_money_for_a_complaint_that_asks_for_none_solves_it(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT, problem="OTHERS")
    assert [wechat.money_back(number, whole=False) for _ in range(2)] == ["succeeded"] * 2
    assert _steps(server, number) == ["MERCHANT_CONFIRM_COMPLETE"]


def test_a_refund_is_refused_with_its_reason_once(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT, problem="REFUND")
    with pytest.raises(Invalid):
        wechat.decline(number, "长" * 201, now())
    assert [wechat.decline(number, "卡密已被兑换", now()) for _ in range(2)] == ["succeeded"] * 2
    assert _steps(server, number) == ["MERCHANT_REFUSE_RERUND"]
    assert wechat.decline(number, "另一个理由", now()) == "failed", "it is over"
    other = server.complain(PAYMENT, problem="OTHERS")
    with pytest.raises(Conflict) as refused:
        wechat.decline(other, "卡密已被兑换", now())
    assert refused.value.extra["reason"] == "no_refund_asked"
    assert wechat.decline("200201", "卡密已被兑换", now()) in ("failed", "unknown")
    server.mode("down")
    assert wechat.decline(other, "卡密已被兑换", now()) == wechat.money_back(other, whole=True) == "unknown"


def _steps(server: WechatServer, number: str) -> list[str]:
    return [step["operate_type"] for step in server.ledger.complaints[number]["steps"]][1:]


def test_cases_that_are_none(server: WechatServer, wechat: Wechat) -> None:
    for number in ("200201", "../../../v3/certificates", "a b", ""):
        with pytest.raises(NotFound):
            wechat.case(number)
        assert wechat.answer_case(number, "你好", {}, now()) in ("failed", "unknown")
        assert wechat.give_in(number) == "failed"
    assert not [path for _, path in server.calls if "certificates" in path]


def test_all_complaints_of_weeks_page_by_page(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    numbers = [server.complain(PAYMENT) for _ in range(101)]
    old = server.complain(PAYMENT)
    server.ledger.complaints[old]["complaint_time"] = beijing(now() - timedelta(days=45))

    assert [told.case for told in wechat.cases_since(now() - timedelta(hours=1), now())] == numbers
    assert {told.case for told in wechat.cases_since(now() - timedelta(days=70), now())} == {*numbers, old}
    spans = [_span(path) for _, path in server.calls if "begin_date" in path]
    assert max(spans) < timedelta(days=30)


def test_no_word_about_a_case_is_unknown(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT)
    server.mode("down")

    with pytest.raises(ProviderUnavailable):
        wechat.case(number)
    assert wechat.answer_case(number, "你好", {}, now()) == "unknown"
    assert wechat.give_in(number) == "unknown"


# The day's bill.


def test_the_bill_of_a_day_adds_up(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat, title="月卡,`季卡")
    server.ledger.payments[PAYMENT]["description"] = "月卡, 季卡"
    wechat.refund(asked(transaction, 500))
    console = server.console_refund(PAYMENT, 99)
    today = beijing()[:10]

    data = wechat.bill(today)

    assert data is not None
    rows = list(bill.rows(data))
    assert rows == list(bill.rows(gzip.compress(data)))
    assert [(row.kind, row.transaction, row.number, row.amount, row.fee, row.currency) for row in rows] == [
        ("payment", transaction, PAYMENT, 1999, 12, "CNY"),
        ("refund", transaction, REFUND, 500, -3, "CNY"),
        ("refund", server.ledger.refunds[console]["refund_id"], "", 99, -1, "CNY"),
    ]
    assert all(now() - timedelta(minutes=5) < row.at <= now() for row in rows)
    assert wechat.bill("2026-01-01") is None


def test_a_bill_that_arrives_broken_is_not_taken(
    server: WechatServer, wechat: Wechat, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(server, wechat)
    whole = server._bill

    def cut(query: dict[str, str]) -> Any:
        answer = whole(query)
        server._files = {token: data[:-20] for token, data in server._files.items()}
        return answer

    monkeypatch.setattr(server, "_bill", cut)
    with pytest.raises(ProviderUnavailable):
        wechat.bill(beijing()[:10])
    altered = {"hash_type": "SHA1", "hash_value": "0" * 40}
    monkeypatch.setattr(server, "_bill", lambda query: (200, {**(whole(query)[1] or {}), **altered}))
    with pytest.raises(ProviderUnavailable):
        wechat.bill(beijing()[:10])


def _bill(*lines: str) -> bytes:
    return "\r\n".join([COLUMNS, *lines, TOTALS, f"`{len(lines)},`0"]).encode()


def _line(state: str = "SUCCESS", fee: str = "0.12000", **changes: str) -> str:
    values = {"number": PAYMENT, "paid": "19.99", "id": "0", "refund": "0", "back": "0.00", "status": ""} | changes
    return ROW.format(state=state, fee=fee, **values)


def test_a_line_of_the_bill() -> None:
    at = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
    refund = _line("REFUND", "-0.03000", paid="0.00", id="50300", refund=REFUND, back="5.00", status="SUCCESS")

    assert list(bill.rows(_bill(_line(), refund))) == [
        SettlementRow("payment", "42001", PAYMENT, 1999, 12, "CNY", at),
        SettlementRow("refund", "42001", REFUND, 500, -3, "CNY", at),
    ]
    console = _line("REFUND", "0.00000", paid="0.00", id="50301", refund="", back="1.00", status="SUCCESS")
    assert list(bill.rows(_bill(console))) == [
        SettlementRow("refund", "50301", "", 100, 0, "CNY", at, about="42001"),
    ]
    assert list(bill.rows(_bill(_line("REFUND", refund=REFUND, back="5.00", status="FAIL")))) == []
    assert list(bill.rows(_bill())) == []


def test_what_unicode_calls_the_end_of_a_line_ends_none() -> None:
    odd = _line().replace("月卡,VIP", "月卡\u2028VIP\x85\x0b\x1e")
    assert len(list(bill.rows(_bill(odd)))) == 1


@given(fen=st.integers(1, 10**13))
def test_yuan_are_read_exactly(fen: int) -> None:
    (row,) = bill.rows(_bill(_line(paid=f"{fen // 100}.{fen % 100:02d}")))

    assert row.amount == fen


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f\x8bno gzip",
        b"\xff\xfe",
        b'{"code":"NO_STATEMENT_EXIST"}',
        _bill(_line())[:-30],
        _bill(_line()).replace(b"`1,`0", b"`2,`0"),
        _bill("`too,`short"),
        _bill(_line(paid="19.999")),
        _bill(_line(paid="1e3")),
        _bill(_line(paid="-1.00")),
        _bill(_line(fee="a lot")),
        _bill(_line(paid="١.00")),
    ],
)
def test_what_is_no_bill_is_not_read_as_one(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(bill.rows(data))


# Reporting a delivery.


def test_a_delivery_of_a_mini_program_is_reported(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat, method="jsapi")

    assert [wechat.report_delivery(transaction, OPENID, "视频会员月卡", now()) for _ in range(4)] == ["succeeded"] * 4

    report = server.ledger.shipped[transaction][0]
    assert report["order_key"] == {"order_number_type": 2, "transaction_id": transaction}
    assert (report["logistics_type"], report["delivery_mode"]) == (3, 1)
    assert report["shipping_list"] == [{"item_desc": "视频会员月卡"}]
    assert report["payer"] == {"openid": OPENID}
    assert datetime.fromisoformat(report["upload_time"]).utcoffset() == timedelta(hours=8)
    assert sum("stable_token" in path for _, path in server.calls) == 1


def test_a_token_that_was_renewed_elsewhere_is_fetched_again(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat, method="jsapi")
    wechat.report_delivery(transaction, OPENID, "月卡", now())
    server.forget_tokens()

    assert wechat.report_delivery(transaction, OPENID, "月卡", now()) == "succeeded"
    assert sum("stable_token" in path for _, path in server.calls) == 2


def test_a_report_that_cannot_be_right_fails_and_an_early_one_waits(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat, method="jsapi")

    assert wechat.report_delivery(transaction, "o-somebody-else", "月卡", now()) == "failed"
    assert wechat.report_delivery("4200000000", OPENID, "月卡", now()) == "unknown"
    server.mode("down")
    assert wechat.report_delivery(transaction, OPENID, "月卡", now()) == "unknown"


def test_where_nothing_is_to_be_reported(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    no_secret = {name: it for name, it in wechat.access.secrets[0].items() if name != "mini_program_secret"}

    assert wechat.report_delivery(transaction, "", "月卡", now()) == "succeeded"
    bare = Wechat(replace(wechat.access, secrets=(no_secret,)))
    assert bare.report_delivery(transaction, OPENID, "月卡", now()) == "unknown", "it must come again"
    assert bare.report_delivery(transaction, "", "月卡", now()) == "succeeded"
    wrong = Wechat(replace(wechat.access, secrets=({**no_secret, "mini_program_secret": Secret("x" * 32)},)))
    assert wrong.report_delivery(transaction, OPENID, "月卡", now()) == "unknown"
    assert not server.ledger.shipped


def _span(path: str) -> timedelta:
    named = dict(part.split("=") for part in path.split("?")[1].split("&"))
    return datetime.fromisoformat(named["end_date"]) - datetime.fromisoformat(named["begin_date"])
