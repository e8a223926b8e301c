"""A dujiao-next shop buys from ours: the adapter that buys from such shops, against what we serve to them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from checkout import supplying as served
from quanyi.accounts.numbers import LEAST, NumbersTable, first_number
from quanyi.supply.adapters.dujiao import NO_SKU
from quanyi.supply.dujiao import ROOT
from quanyi.supply.port import UNKNOWN, Answer, Asked, Call, Forged, NoAnswer
from quanyi.supply.wire import Reply
from supplying import dujiao_goods, tell
from supplying.wiring import Hints
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.dujiao_resale import CHANNEL, KEY, NOTIFY, DujiaoResale, Unasking
from tests.aws.test_supplying import TOPUP, listed
from tests.aws.test_supplying_accounts import message


@pytest.fixture
def trade(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> DujiaoResale:
    trade = DujiaoResale(cloud)
    trade.install(monkeypatch)
    trade.open()
    listed("PR1", trade.sku(product_id="PR1"), at=1, trade=trade)
    return trade


def faces(answer: Answer) -> set[tuple[str, str]]:
    return {(card.face.number.reveal(), card.face.pin.reveal() if card.face.pin else "") for card in answer.cards}


def charges(trade: DujiaoResale) -> list[int]:
    return [move.amount for move in trade.moves() if move.kind == "charge"]


def test_cards_are_ordered_delivered_and_paid_from_the_account(trade: DujiaoResale) -> None:
    trade.stock("ik-month", 3, pin=True)
    placed = trade.buy()
    assert (placed.state, placed.cards, placed.cost) == ("pending", (), 3998)
    assert trade.query(placed.number).state == "pending"
    trade.run()
    done = trade.query(placed.number)
    assert (done.state, done.cost, done.number) == ("done", 3998, placed.number)
    # The same cards as our own contract tells.
    ours = trade.buyer().query(trade.asked())
    assert faces(done) == faces(ours)
    assert len(faces(done)) == 2
    assert all(pin for _, pin in faces(done))
    assert trade.query() == done
    assert trade.query(placed.number) == done
    assert trade.dujiao().balance().amount == 10_000 - 3998
    trade.check_the_account()
    trade.check_nothing_is_wrong()


def test_the_same_key_is_one_order_and_one_charge_whatever_else_is_said(trade: DujiaoResale) -> None:
    trade.stock("ik-month", 6)
    first = trade.buy()
    trade.run()
    assert trade.buy().number == first.number
    assert trade.buy(quantity=3).number == first.number
    assert charges(trade) == [-3998]
    # And the key is one for both contracts.
    assert trade.buyer().query(trade.asked()).state == "done"


def test_an_answer_that_is_lost_leaves_one_order_that_can_be_asked_about(trade: DujiaoResale) -> None:
    trade.stock("ik-month", 2)
    trade.lost.append(f"POST {ROOT}/orders")
    assert trade.buy() == UNKNOWN
    trade.run()
    done = trade.query()
    assert (done.state, len(done.cards)) == ("done", 2)
    assert charges(trade) == [-3998]


def test_a_crash_after_the_charge_is_mended(trade: DujiaoResale, monkeypatch: pytest.MonkeyPatch) -> None:
    trade.stock("ik-month", 2)

    def dies(*_: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(served, "_booked", dies)
        assert trade.buy() == UNKNOWN
    assert trade.heard[-1].status == 500
    assert trade.query().state == "pending"
    assert trade.buy().state == "pending"
    trade.later(minutes=3)
    trade.sweep()
    trade.run()
    assert trade.query().state == "done"
    assert charges(trade) == [-3998]


def disable(trade: DujiaoResale) -> None:
    account = trade.account
    trade.accounts.save(account, account.terms.model_copy(update={"enabled": False}), trade.now, "operator:K")


REFUSALS: dict[str, tuple[dict[str, Any], Callable[[DujiaoResale], Any]]] = {
    "product_out_of_stock": ({}, lambda trade: None),
    "insufficient_balance": (
        {},
        lambda trade: (trade.stock("ik-month", 2), trade.accounts.withdraw(trade.move("withdrawal", -6_003, "w"))),
    ),
    "forbidden": ({}, lambda trade: (trade.stock("ik-month", 2), disable(trade))),
    "invalid_request": ({"quantity": 1001}, lambda trade: None),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_refusal_is_definite_stands_and_leaves_nothing(trade: DujiaoResale, why: str) -> None:
    changes, prepare = REFUSALS[why]
    trade.code()
    prepare(trade)
    assert trade.buy(**changes) == Answer("failed", reason=why)
    assert trade.heard[-1].status == 200
    trade.stock("ik-month", 2)
    trade.accounts.give(trade.move("deposit", 10_000, "later"))
    account = trade.account
    trade.accounts.save(account, account.terms.model_copy(update={"enabled": True}), trade.now, "operator:K")
    assert trade.buy(**changes) == Answer("failed", reason=why)
    assert trade.query().state == "failed"
    assert charges(trade) == []
    assert not trade.cards_in("reserved")
    trade.check_the_account()


def test_what_has_no_number_is_not_ordered_and_takes_no_key(trade: DujiaoResale) -> None:
    trade.stock("ik-month", 2)
    assert trade.buy(code=f"{LEAST}-{LEAST + 1}") == Answer("failed", reason="not_on_sale")
    unasking, wanted = trade.dujiao(made=Unasking), trade.wanted(code=f"{LEAST}-{LEAST + 1}")
    assert unasking.order(wanted) == Answer("failed", reason="sku_unavailable")
    assert trade.buy(code=f"1-{NO_SKU}").state == "failed"
    assert trade.buy().state == "pending"


def test_a_key_that_nobody_used_is_absent(trade: DujiaoResale) -> None:
    trade.stock("ik-month", 2)
    assert trade.query(not_found="failed").state == "absent"
    assert trade.query().state == "unknown"
    assert trade.query(str(LEAST + 17)).state == "unknown"
    assert (trade.heard[-1].status, json.loads(trade.heard[-1].body)["error_code"]) == (404, "order_not_found")
    # Asking has taken nothing.
    assert trade.buy().state == "pending"


STRANGERS: dict[str, tuple[dict[str, Any], str]] = {
    "another secret": ({"secret": "b" * 32}, "invalid_signature"),
    "another key": ({"key_id": "nobody"}, "invalid_api_key"),
    "a late clock": ({"shift": timedelta(seconds=62)}, "timestamp_expired"),
    "an early clock": ({"shift": timedelta(seconds=-62)}, "timestamp_expired"),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_is_believed(trade: DujiaoResale, who: str) -> None:
    trade.stock("ik-month", 2)
    code, (how, said) = trade.code(), STRANGERS[who]
    assert trade.dujiao(**how, made=Unasking).order(trade.wanted(code=code)) == Answer("failed", reason=said)
    assert trade.heard[-1].status == 401
    assert charges(trade) == []
    assert trade.accounts.supplied(CHANNEL, KEY) is None


def test_what_was_signed_is_what_is_believed(trade: DujiaoResale) -> None:
    """Raw bytes, method and path; without headers nothing."""
    trade.stock("ik-month", 2)
    sku = int(trade.code().partition("-")[2])
    body = json.dumps({"sku_id": sku, "quantity": 1, "downstream_order_no": KEY}).encode()
    headers = trade.signed("POST", "/orders", body)
    for method, path, given, sent in [
        ("POST", "/orders", headers, body.replace(b'"quantity": 1', b'"quantity": 2')),
        ("POST", "/orders", headers, body + b" "),
        ("POST", "/ping", headers, body),
        ("GET", "/products", headers, body),
        ("POST", "/orders", {}, body),
    ]:
        assert trade.send(method, f"https://us.example/prod{ROOT}{path}", given, sent).status == 401
    assert charges(trade) == []
    assert trade.send("POST", f"https://us.example/prod{ROOT}/orders", headers, body).status == 200
    assert charges(trade) == [-1999]


def test_another_address_is_refused(trade: DujiaoResale) -> None:
    code, account = trade.code(), trade.account
    trade.accounts.save(
        account, account.terms.model_copy(update={"ips": ("198.51.100.0/24",)}), trade.now, "operator:K"
    )
    assert trade.dujiao(made=Unasking).order(trade.wanted(code=code)) == Answer("failed", reason="unauthorized")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"sku_id": "7", "quantity": 1, "downstream_order_no": "P1"}',
        b'{"sku_id": 7, "quantity": 0, "downstream_order_no": "P1"}',
        b'{"sku_id": 7, "quantity": 1, "downstream_order_no": ""}',
    ],
)
def test_a_body_that_is_none_of_the_protocols(trade: DujiaoResale, body: bytes) -> None:
    answer = trade.send("POST", f"https://us.example/prod{ROOT}/orders", trade.signed("POST", "/orders", body), body)
    assert (answer.status, json.loads(answer.body)["error_code"]) == (400, "bad_request")


def test_a_callback_that_cannot_be_called_is_refused_before_anything_is_done(trade: DujiaoResale) -> None:
    trade.stock("ik-month", 2)
    assert trade.buy(notify_url="ftp://x.example/").reason == "invalid_callback_url"
    assert trade.buy().state == "pending"


def test_two_secrets_are_live_while_one_is_changed(trade: DujiaoResale) -> None:
    before = trade.dujiao()
    assert before.balance().amount == 10_000
    trade.change_secret("the-next-secret-of-shop-b-00002")
    trade.later(seconds=31)
    assert trade.dujiao().balance().amount == 10_000
    assert before.balance().amount == 10_000


def test_one_account_does_not_see_anothers_orders(trade: DujiaoResale) -> None:
    trade.stock("ik-month", 2)
    placed = trade.buy()
    trade.run()
    trade.open_another("site", "s" * 32)
    other = trade.dujiao(key_id="site", secret="s" * 32)
    assert other.query(Asked(KEY, placed.number, False, trade.now)).state == "unknown"
    assert other.query(trade.asked()).state == "unknown"
    assert {reply.status for reply in trade.heard[-2:]} == {200, 404}


def backlogged(trade: DujiaoResale, left: int) -> Answer:
    sku = trade.sku("ik-year", product_id="PR2", hold="payment", on_shortage="backlog", backlog_hours=48)
    listed("PR2", sku, at=2, trade=trade)
    if left:
        trade.stock("ik-year", left)
    placed = trade.buy(sku="ik-year")
    assert placed.state == "pending"
    trade.run()
    return placed


def test_what_waits_is_cancelled_whole(trade: DujiaoResale) -> None:
    placed = backlogged(trade, 0)
    assert trade.query(placed.number).state == "pending"
    assert trade.call_off(placed.number) == (200, "canceled")
    trade.run()
    assert trade.query(placed.number).state == "failed"
    assert trade.call_off(placed.number)[0] == 409
    assert trade.account.balance == 10_000
    trade.check_the_account()


def test_what_is_delivered_in_part_is_not_cancelled(trade: DujiaoResale) -> None:
    placed = backlogged(trade, 1)
    assert trade.query(placed.number).state == "pending"
    assert json.loads(trade.heard[-1].body)["status"] == "partially_delivered"
    assert json.loads(trade.heard[-1].body)["fulfillment"] is None
    assert trade.call_off(placed.number) == (409, "")
    assert trade.account.balance == 10_000 - 3998
    assert trade.call_off(str(LEAST + 1))[0] == 404


def test_what_is_short_comes_back_to_the_account(trade: DujiaoResale) -> None:
    listed("PR2", trade.sku("ik-year", product_id="PR2", hold="payment", on_shortage="refund"), at=2, trade=trade)
    trade.stock("ik-year", 1)
    placed = trade.buy(sku="ik-year")
    trade.run()
    answer = trade.query(placed.number)
    assert (answer.state, len(answer.cards), answer.cost) == ("done", 1, 1999)
    told = json.loads(trade.heard[-1].body)
    assert (told["status"], told["amount"], told["refunded_amount"]) == ("partially_refunded", "39.98", "19.99")
    trade.check_the_account()


def test_goods_prices_and_stock_are_the_channels(trade: DujiaoResale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quanyi.supply.adapters.dujiao.PAGE", 2)
    monkeypatch.setattr(dujiao_goods, "READ_AT_ONCE", 2)
    trade.levels("ik-month", 7)
    listed("PR2", trade.sku("ik-b", product_id="PR2", kind="manual"), at=2, trade=trade)
    listed("PR3", trade.sku("ik-c", product_id="PR3", currency="USD"), at=3, trade=trade)
    listed("PR4", trade.sku("qb-10", product_id="PR4", **TOPUP), at=4, trade=trade)
    listed("PR5", trade.sku("ik-e", product_id="PR5", channels={CHANNEL: {"price": 1500}}), at=5, trade=trade)
    found = [one for page in trade.pages() for one in page.items]
    assert [(one.title.split()[0], one.kind, one.cost, one.stock, one.fields) for one in found] == [
        (found[0].title.split()[0], "card", 1999, 7, ()),
        (found[1].title.split()[0], "topup", 1999, None, ("nick",)),
        (found[2].title.split()[0], "card", 1500, 0, ()),
    ]
    assert [one for page in trade.pages() for one in page.items] == found
    codes = [one.code for one in found]
    buyer = trade.dujiao()
    assert buyer.stock([*codes, f"{LEAST}-1"]) == dict(zip(codes, (7, None, 0), strict=True)) | {f"{LEAST}-1": 0}
    assert (buyer.quote(codes[2], 1).amount, buyer.balance().amount) == (1500, 10_000)
    with pytest.raises(NoAnswer):
        buyer.quote(f"{LEAST}-1", 1)


def test_there_are_no_categories(trade: DujiaoResale) -> None:
    answer = trade.send(
        "GET", f"https://us.example/prod{ROOT}/categories", trade.signed("GET", "/categories", b""), b""
    )
    assert (answer.status, json.loads(answer.body)["ok"]) == (404, False)


NICK = "a-player-whose-name-is-nobody-elses-4711"


def test_a_top_up_with_its_account(trade: DujiaoResale) -> None:
    listed("PR4", trade.sku("qb-10", product_id="PR4", **TOPUP), at=4, trade=trade)
    trade.shop = replace(trade.shop, offers_in_sight=lambda *_: True)  # type: ignore[arg-type]
    trade.supplying = replace(trade.supplying, shop=trade.shop)
    code, buyer = trade.code("qb-10"), trade.dujiao()
    assert buyer.recharge(trade.recharge(code, {"nick": "x"}, key="P-bad")).reason == "invalid_request"
    placed = buyer.recharge(trade.recharge(code, {"nick": NICK}))
    assert placed.state == "pending"
    assert buyer.recharge(trade.recharge(code, {"nick": NICK})).number == placed.number
    assert buyer.query(Asked(KEY, placed.number, True, trade.now)).state == "pending"
    assert charges(trade) == [-1999]
    assert NICK not in str(trade.cloud.contents("OrdersTable", "SupplyTable"))


@pytest.fixture
def called(trade: DujiaoResale, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    calls: list[Call] = []

    def heard(method: str, url: str, headers: Any, body: bytes) -> Reply:
        assert url == NOTIFY
        calls.append(Call(method, "/anywhere", {}, {name.lower(): text for name, text in headers.items()}, body))
        return Reply(200, {}, b"")

    hints = Hints(trade.accounts, trade.provider_secrets, heard, lambda: trade.now)
    monkeypatch.setattr(tell, "hints", lambda: hints)
    return calls


def test_the_other_shop_believes_the_callback_and_asks(trade: DujiaoResale, called: list[Call]) -> None:
    trade.stock("ik-month", 2)
    placed = trade.buy()
    trade.run()
    order = trade.accounts.supplied(CHANNEL, KEY)
    assert order
    assert tell.handler(message(order.order), LambdaContext()) == {"batchItemFailures": []}
    assert trade.dujiao().read(called[0]).purchase == KEY
    told = json.loads(called[0].body)
    assert (str(told["order_id"]), told["downstream_order_no"]) == (placed.number, KEY)
    # It holds no card, nor says that there is nothing more to ask for: such a shop would believe it.
    assert "fulfillment" not in told
    assert told["status"] == "fulfilling"
    for wrong in (trade.dujiao(secret="b" * 32), trade.dujiao(shift=timedelta(seconds=62))):
        with pytest.raises(Forged):
            wrong.read(called[0])


class TestNumbers:
    @pytest.fixture
    def numbers(self, cloud: Cloud) -> NumbersTable:
        return NumbersTable(cloud.table("SupplyTable"))

    def test_each_has_one_and_is_found_by_it(self, numbers: NumbersTable) -> None:
        given = numbers.give("b", "sku", ["ik-month", "ik-year"])
        assert numbers.give("b", "sku", ["ik-year", "ik-month", "ik-day"]).items() >= given.items()
        assert len(set(given.values())) == 2
        assert all(LEAST <= number < 2**53 for number in given.values())
        assert {numbers.named("b", "sku", number) for number in given.values()} == {"ik-month", "ik-year"}
        number = given["ik-year"]
        assert numbers.find("b", "sku", "ik-year") == number
        assert numbers.find("b", "sku", "ik-week") is None
        assert (numbers.named("c", "sku", number), numbers.named("b", "order", number)) == (None, None)

    def test_two_that_meet_on_a_number_are_told_apart(self, numbers: NumbersTable) -> None:
        taken = first_number("b", "sku", "ik-year")
        numbers.table.put({"pk": "NUMBERS#b", "sk": str(taken), "kind": "sku", "named": "ik-month", "v": 1})
        other = numbers.give("b", "sku", ["ik-year"])["ik-year"]
        assert other != taken
        assert numbers.give("b", "sku", ["ik-year"]) == {"ik-year": other}
        assert numbers.find("b", "sku", "ik-year") == other
        assert (numbers.named("b", "sku", taken), numbers.named("b", "sku", other)) == ("ik-month", "ik-year")
