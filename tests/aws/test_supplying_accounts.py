"""Accounts as the merchant keeps them, and the hints that other shops get."""

import json
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.orders.model import Order
from quanyi.secret import Secret
from quanyi.supply.port import Call, Forged
from quanyi.supply.wire import NoReply, Reply
from supplying import admin, tell
from supplying.outward import sender
from supplying.wiring import Accounts, Hints
from tests.aws.conftest import Call as CallHandler
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.resale import CHANNEL, KEY, NOTIFY, Resale

OPERATOR = Caller(role="operator", key_id="K9")
TERMS: dict[str, Any] = {"currency": "CNY", "version": 0, "credit": 500, "enabled": True, "notify": True, "ips": []}
PATH = "/v1/admin/accounts"


@pytest.fixture
def trade(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Resale:
    trade = Resale(cloud)
    trade.install(monkeypatch)
    kept = Accounts(trade.accounts, trade.channels, trade.provider_secrets, lambda: trade.now)
    monkeypatch.setattr(admin, "accounts", lambda: kept)
    trade.sku()
    return trade


@pytest.fixture
def desk(trade: Resale, call: CallHandler) -> Any:
    def ask(method: str, path: str, body: Any = None, key: str = "", caller: Caller = OPERATOR, **query: str) -> Any:
        headers = {"Idempotency-Key": key} if key else None
        status, answer, _ = call(
            admin.handler, method, PATH + path, body, caller=caller, headers=headers, query=query or None
        )
        return status, answer

    trade.open_channel()
    return ask


def test_an_account_is_opened_paid_into_and_used(trade: Resale, desk: Any) -> None:
    status, opened = desk("PUT", f"/{CHANNEL}", TERMS)
    assert (status, opened["left"], opened["key_id"], opened["version"]) == (200, 500, CHANNEL, 1)
    assert desk("PUT", f"/{CHANNEL}", TERMS) == (status, opened)
    assert desk("PUT", f"/{CHANNEL}", TERMS | {"version": 7})[0] == 409
    assert desk("PUT", f"/{CHANNEL}", TERMS | {"version": 1, "currency": "USD"})[0] == 422
    assert desk("PUT", "/nowhere", TERMS)[0] == 404
    changed = desk("PUT", f"/{CHANNEL}/secret", {"secret": trade.secret}, key="s")[1]
    assert changed["has_secret"]
    assert trade.secret not in json.dumps(changed)
    money = {"kind": "deposit", "amount": {"amount": 5000, "currency": "CNY"}, "note": "wire 17"}
    first = desk("POST", f"/{CHANNEL}/moves", money, key="d1")
    assert first[0] == 201
    assert desk("POST", f"/{CHANNEL}/moves", money, key="d1") == first
    assert desk("POST", f"/{CHANNEL}/moves", money | {"amount": {"amount": 1, "currency": "CNY"}}, key="d1")[0] == 422
    assert trade.account.balance == 5000
    trade.stock("ik-month", 2)
    assert trade.order_from_us().state == "pending"
    out = {"kind": "withdrawal", "amount": {"amount": 1503, "currency": "CNY"}}
    status, answer = desk("POST", f"/{CHANNEL}/moves", out, key="w1")
    assert (status, answer["code"], answer["left"]) == (409, "balance_too_low", 1502)
    assert desk("PUT", f"/{CHANNEL}", TERMS | {"version": 1, "credit": 0})[1]["left"] == 1002
    assert [one["channel"] for one in desk("GET", "")[1]["accounts"]] == [CHANNEL]
    listed = desk("GET", f"/{CHANNEL}/moves", day="2026-11-23")[1]["moves"]
    assert sorted((one["kind"], one["amount"], one["of"]) for one in listed) == [
        ("charge", -3998, KEY),
        ("deposit", 5000, ""),
    ]
    trade.check_the_account()


def test_credit_cannot_be_taken_back_below_what_is_owed(trade: Resale, desk: Any) -> None:
    desk("PUT", f"/{CHANNEL}", TERMS | {"credit": 4000})
    desk("PUT", f"/{CHANNEL}/secret", {"secret": trade.secret}, key="s")
    trade.stock("ik-month", 2)
    assert trade.order_from_us().state == "pending"
    assert desk("PUT", f"/{CHANNEL}", TERMS | {"version": 1, "credit": 3997})[0] == 409
    assert desk("PUT", f"/{CHANNEL}", TERMS | {"version": 1, "credit": 3998})[1]["left"] == 0


def test_others_may_not(desk: Any) -> None:
    assert desk("GET", "", caller=Caller(role="support", key_id="K"))[0] == 403
    assert desk("PUT", f"/{CHANNEL}", TERMS, caller=Caller(role="analyst", key_id="K"))[0] == 403


def test_shoppers_are_not_offered_an_account(trade: Resale) -> None:
    assert "account" not in {offer.provider for offer in trade.shop.providers.offers("site", "CNY", None)}


# Hints.


class Callbacks:
    """What the other shop's address hears; it answers `status`, 0 is nothing."""

    def __init__(self) -> None:
        self.status = 200
        self.calls: list[Call] = []

    def __call__(self, method: str, url: str, headers: Any, body: bytes) -> Reply:
        assert url == NOTIFY
        lower = {name.lower(): value for name, value in headers.items()}
        self.calls.append(Call(method, "/v1/suppliers/us/notify", {}, lower, body))
        if not self.status:
            raise NoReply
        return Reply(self.status, {}, b"")


@pytest.fixture
def callbacks(trade: Resale, monkeypatch: pytest.MonkeyPatch) -> Callbacks:
    made = Callbacks()
    hints = Hints(trade.accounts, trade.provider_secrets, made, lambda: trade.now)
    monkeypatch.setattr(tell, "hints", lambda: hints)
    trade.open()
    return made


def message(order: Order | str, times: int = 1, kind: str = "OrderFulfilled") -> dict[str, Any]:
    number = order if isinstance(order, str) else order.id
    told = {"id": "E1", "order": number, "channel": CHANNEL, "rev": 4, "at": "2026-11-23T04:00:00.000Z"}
    told |= {"currency": "CNY", "captured": 3998, "delivered": 3998, "refunded": 0}
    body = json.dumps({"detail-type": kind, "detail": told})
    attributes = {"ApproximateReceiveCount": str(times)}
    return {"Records": [{"messageId": "m1", "body": body, "attributes": attributes, "eventSource": "aws:sqs"}]}


def over(trade: Resale) -> str:
    trade.stock("ik-month", 2)
    number = trade.order_from_us().number
    trade.run()
    return number


def test_the_other_shop_believes_the_hint(trade: Resale, callbacks: Callbacks) -> None:
    number = over(trade)
    for _ in range(2):
        assert tell.handler(message(number), LambdaContext())["batchItemFailures"] == []
    assert [trade.buyer().read(one).purchase for one in callbacks.calls] == [KEY, KEY]
    with pytest.raises(Forged):
        trade.buyer(secret="another-secret-that-is-not-ours-1").read(callbacks.calls[0])
    assert json.loads(callbacks.calls[0].body) == {"v": 1, "key": KEY}


@pytest.mark.parametrize("status", [0, 302, 404, 500])
def test_what_nobody_takes_comes_again_and_is_let_go(trade: Resale, callbacks: Callbacks, status: int) -> None:
    number = over(trade)
    callbacks.status = status
    for times in range(1, tell.TRIES):
        answer = tell.handler(message(number, times), LambdaContext())
        assert answer["batchItemFailures"] == [{"itemIdentifier": "m1"}]
    assert tell.handler(message(number, tell.TRIES), LambdaContext())["batchItemFailures"] == []
    assert len(callbacks.calls) == tell.TRIES


def test_nobody_is_told_who_does_not_ask(trade: Resale, callbacks: Callbacks) -> None:
    trade.stock("ik-month", 4)
    mine = trade.place()
    quiet = trade.order_from_us(notify_url="").number
    for event in (message(mine), message(quiet), message(mine, kind="OrderPaid")):
        assert tell.handler(event, LambdaContext())["batchItemFailures"] == []
    account = trade.account
    trade.accounts.save(account, account.terms.model_copy(update={"notify": False}), trade.now, "operator:K")
    number = trade.order_from_us(key="P-other", quantity=1).number
    assert tell.handler(message(number), LambdaContext())["batchItemFailures"] == []
    assert callbacks.calls == []


PRIVATE = [
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.7:8443/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.7]/x",
    "https://[fd00::1]/x",
    "https://0.0.0.0/x",
    "https://user@127.0.0.1/x",
    "http://93.184.216.34/x",
    "https:///x",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_nothing_but_the_public_internet_is_called(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.create_connection", never)
    monkeypatch.setattr("supplying.outward.HTTPConnection.request", never)
    with pytest.raises(NoReply):
        sender(public_only=True)("POST", url, {}, b"{}")


def test_a_name_with_one_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    opened: list[Any] = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr("socket.create_connection", lambda where, *_: opened.append(where))
    with pytest.raises(NoReply):
        sender(public_only=True)("POST", "https://shop-b.example/x", {}, b"{}")
    assert opened == []
    del found[1]
    with pytest.raises(NoReply):
        sender(public_only=True)("POST", "https://shop-b.example/x", {}, b"{}")
    assert opened == [("93.184.216.34", 443)]


def test_a_secret_is_none_of_the_account(trade: Resale, callbacks: Callbacks) -> None:
    assert callbacks
    assert Secret(trade.secret).reveal() not in str(trade.cloud.contents("SupplyTable", "CatalogTable"))
