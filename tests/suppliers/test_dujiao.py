"""dujiao-next shops: what every adapter must hold to, and what is their own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from json import dumps, loads
from typing import Any

import pytest

from quanyi.secret import Secret
from quanyi.supply import wire
from quanyi.supply.access import Access
from quanyi.supply.adapters.dujiao import FINAL, NO_SKU, PAYMENT_FAILED, REFUSALS, Dujiao
from quanyi.supply.dujiao import signature
from quanyi.supply.port import Answer, Asked, Call, Forged, NoAnswer
from tests.suppliers.buyer import KEY, built, numbers
from tests.suppliers.kit import Conformance
from tools.local.suppliers.face_dujiao import SEPARATOR, numbers_of
from tools.local.suppliers.server import SupplierServer

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
SECRET = Secret("test-secret-0123456789abcdef")


def code_of(good: str) -> str:
    return "{}-{}".format(*numbers_of(good))


class Deaf:
    """Hears everything and answers nothing."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> wire.Reply:
        self.calls.append((method, url, headers, body))
        raise wire.NoReply


class TestDujiao(Conformance):
    face = "dujiao"
    card_code = code_of("video-30")
    topup_code = code_of("stone-60")
    stranger = "unknown"
    answers_are_signed = False

    def reply(self, server: SupplierServer, method: str, url: str, raw: bytes, status: int = 200) -> wire.Reply:
        return wire.Reply(status, {}, raw)

    def test_goods_by_pages(self, server: SupplierServer) -> None:
        for i in range(120):
            server.put(code=f"{200_000 + i}-{2_000_000 + i}", title=f"More {i}", cost=100 + i, on_sale=i != 7)
        supplier, found, after = built(server), [], ""
        while True:
            page = supplier.goods(after)
            found += page.items
            after = page.next
            if not after:
                break
        assert {one.code for one in found} == set(server.shop.goods)
        assert [one.code for one in found if not one.on_sale] == ["200007-2000007"]
        card = next(one for one in found if one.code == self.card_code)
        assert (card.cost, card.currency, card.kind, card.fields, card.stock) == (1500, "CNY", "card", (), 1_000_000)
        topup = next(one for one in found if one.code == self.topup_code)
        assert (topup.kind, topup.fields) == ("topup", ("uid", "server"))

    def test_prices_in_another_currency_are_none(self, server: SupplierServer) -> None:
        supplier = built(server, currency="USD")
        assert supplier.balance().currency == "CNY"
        for question in (supplier.goods, lambda: supplier.quote(self.card_code, 1)):
            with pytest.raises(NoAnswer):
                question()

    def test_an_order_is_found_by_our_key_alone_and_none_is_made(self, server: SupplierServer) -> None:
        supplier = built(server)
        placed = supplier.order(self.wanted())
        assert supplier.query(replace(self.asked(), number=placed.number)) == supplier.query(self.asked())
        for key in ("P-never", "P-never"):
            supplier.query(self.asked(key))
        assert list(server.shop.sales) == [KEY]
        assert (server.shop.asked[KEY], server.shop.charged(KEY)) == (1, 1)
        assert NO_SKU not in {numbers_of(code)[1] for code in server.shop.goods}

    def test_an_order_that_is_not_found_is_a_persons(self, server: SupplierServer) -> None:
        """A shop's database that fails, and other credentials, look like that too."""
        account = server.access["account"]
        assert built(server).query(self.asked()).state == "unknown"
        assert built(server, account=account | {"not_found": "failed"}).query(self.asked()).state == "absent"

    def test_a_number_of_somebody_elses_order_is_no_answer(self, server: SupplierServer) -> None:
        supplier = built(server)
        supplier.order(self.wanted())
        for number in ("77", "0", "-1", "1/cancel", "１", "x"):
            assert supplier.query(replace(self.asked(), number=number)).state == "unknown"

    def test_an_order_that_the_wallet_does_not_pay(self, server: SupplierServer) -> None:
        server.set_balance(0)
        supplier = built(server)
        assert supplier.order(self.wanted()) == Answer("failed", reason=PAYMENT_FAILED)
        assert supplier.query(self.asked()).state == "failed"

    def test_what_cannot_be_asked_is_not_sent(self, server: SupplierServer) -> None:
        supplier = built(server)
        for code in ("video-30", "12", "12-", "-12", "12-3-4", "１-２", "1" * 30 + "-1"):
            assert supplier.order(self.wanted(code=code)).state == "failed"
        assert supplier.order(self.wanted(currency="USD")).state == "failed"
        assert server.calls == []

    def test_a_clock_that_is_off(self, server: SupplierServer) -> None:
        for seconds, expected in ((50, "pending"), (-50, "pending"), (70, "failed"), (-70, "failed")):
            supplier = built(server, shift=timedelta(seconds=seconds))
            assert supplier.order(self.wanted(key=f"P{seconds}")).state == expected

    def test_the_secret_before_is_still_believed(self, server: SupplierServer) -> None:
        call = self.called(server)
        supplier = built(server)
        secrets = ({"api_secret": Secret("the next one")}, *supplier.access.secrets)
        assert replace(supplier, access=replace(supplier.access, secrets=secrets)).read(call).purchase == KEY
        without = replace(supplier, access=replace(supplier.access, secrets=()))
        assert (without.order(self.wanted()).state, without.query(self.asked()).state) == ("failed", "unknown")

    def test_a_shop_below_a_path(self, server: SupplierServer) -> None:
        """The signature is over the path from the shop's root on, without its query."""
        supplier, sent = built(server, endpoint="https://b.example/shop/"), Deaf()
        with pytest.raises(NoAnswer):
            replace(supplier, send=sent).goods("2")
        method, url, headers, body = sent.calls[0]
        assert url.startswith("https://b.example/shop/api/v1/upstream/products?page=2&")
        secret = supplier.access.secrets[0]["api_secret"]
        made = signature(secret, method, "/api/v1/upstream/products", headers["Dujiao-Next-Timestamp"], body)
        assert headers["Dujiao-Next-Signature"] == made

    def test_asking_by_our_key_names_goods_that_no_shop_has(self, server: SupplierServer) -> None:
        sent = Deaf()
        assert replace(built(server), send=sent).query(self.asked()).state == "unknown"
        assert [loads(body) for *_, body in sent.calls] == [
            {"sku_id": 2_147_483_647, "quantity": 1, "downstream_order_no": KEY}
        ]

    def test_a_line_without_a_separator_is_a_card_whole(self, server: SupplierServer) -> None:
        built(server).order(self.wanted())
        whole = built(server, account={"api_key": server.access["account"]["api_key"]}).query(self.asked())
        parts = built(server).query(self.asked())
        assert [card.face.format for card in whole.cards] == ["code", "code"]
        assert [number.split(SEPARATOR)[0] for number in numbers(whole.cards)] == numbers(parts.cards)

    def test_short_deliveries_cost_less(self, server: SupplierServer) -> None:
        server.on("short")
        supplier = built(server)
        supplier.order(self.wanted())
        answer = supplier.query(self.asked())
        assert (answer.state, len(answer.cards), answer.cost) == ("done", 1, 1500)


def answering(body: object, status: int = 200, account: Mapping[str, str] = {}) -> Dujiao:
    raw = body if isinstance(body, bytes) else dumps(body).encode()
    access = Access("https://b.example", "CNY", {"api_key": "key", **account}, ({"api_secret": SECRET},), lambda: NOW)
    return Dujiao(access, lambda method, url, headers, sent: wire.Reply(status, {}, raw))


def order(status: object = "completed", payload: object = "AAAA-1111\n\n BBBB-2222 \n", **more: Any) -> dict[str, Any]:
    fulfilment = {"type": "auto", "status": "delivered", "payload": payload, "delivery_data": None}
    told = {"ok": True, "order_id": 7, "order_no": "DJ7", "status": status, "amount": "30.00", "currency": "CNY"}
    told |= {"items": [{"quantity": 2}], "refunded_amount": "0.00"}
    return told | ({} if payload is None else {"fulfillment": fulfilment}) | more


def standing(told: object, *, topup: bool = False, **account: str) -> Answer:
    return answering(told, account=account).query(Asked(KEY, "7", topup, NOW))


def ordered(supplier: Dujiao) -> Answer:
    """What an order's own answer means; before it the price is told."""
    wanted = TestDujiao().wanted()
    sku = {"id": int(wanted.code.partition("-")[2]), "is_active": True, "price_amount": "15.00"}
    product = dumps({"ok": True, "product": {"is_active": True, "skus": [sku]}}).encode()

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> wire.Reply:
        asks = url.rpartition("/")[0].endswith("/products")
        return wire.Reply(200, {}, product) if asks else supplier.send(method, url, headers, body)

    return replace(supplier, send=send).order(wanted)


class TestSigning:
    def test_a_public_vector(self) -> None:
        """https://github.com/NovaWorks/zcard-next, server/internal/mods/supplier, TestCompatSignGoldenVectors."""
        made = signature(SECRET, "GET", "/api/v1/upstream/products", "1700000000", b"")
        assert made == "0f62715533760637016e7d94edc67dc11d0c665bc28234348a2a2892e10c4340"

    def test_a_body_is_signed(self) -> None:
        made = [signature(SECRET, "POST", "/api/v1/upstream/orders", "1700000000", body) for body in (b"{}", b"{ }")]
        assert made[0] != made[1]


class TestStanding:
    @pytest.mark.parametrize(
        ("status", "delivered", "expected"),
        [
            *((status, False, "pending") for status in ("pending_payment", "paid", "fulfilling")),
            *((status, True, "pending") for status in ("paid", "fulfilling", "partially_delivered")),
            *((status, True, "done") for status in ("delivered", "completed", "fulfilled", " Completed")),
            *((status, False, "unknown") for status in ("delivered", "completed", "shipped", "", None, 1)),
            *((status, False, "failed") for status in ("canceled", "cancelled")),
            *((status, True, "unknown") for status in ("canceled", "cancelled", "shipped")),
        ],
    )
    def test_of_cards(self, status: object, delivered: bool, expected: str) -> None:
        answer = standing(order(status) if delivered else order(status, None))
        assert answer.state == expected
        if expected == "done":
            assert numbers(answer.cards) == ["AAAA-1111", "BBBB-2222"]
            assert answer.cost == 3000

    @pytest.mark.parametrize(
        ("status", "back", "delivered", "expected"),
        [
            ("refunded", "30.00", False, "failed"),
            ("refunded", "29.99", False, "unknown"),
            ("refunded", None, False, "unknown"),
            ("refunded", "30.00", True, "done"),
            ("partially_refunded", "15.00", True, "done"),
            ("partially_refunded", "15.00", False, "unknown"),
        ],
    )
    def test_given_back(self, status: str, back: object, delivered: bool, expected: str) -> None:
        more = {"refunded_amount": back}
        answer = standing(order(status, **more) if delivered else order(status, None, **more))
        assert answer.state == expected
        if expected == "done":
            assert answer.cost == (0 if back == "30.00" else 1500)
        assert standing(order(status, **more), topup=True).state == "unknown"

    def test_of_top_ups(self) -> None:
        assert standing(order("delivered", "已充值"), topup=True) == Answer("done", "7", (), 3000)
        assert standing(order("completed", None), topup=True).state == "done"
        assert standing(order("fulfilling", None), topup=True).state == "pending"
        assert standing(order("canceled", None), topup=True).state == "failed"

    def test_what_a_person_wrote_are_cards_only_where_it_fits(self) -> None:
        by_hand = {"type": "manual", "status": "delivered"}
        for payload, expected in (("A\nB", "done"), ("卡号如下\nA\nB", "unknown"), ("A", "unknown"), ("", "unknown")):
            told = order(fulfillment=by_hand | {"payload": payload})
            assert standing(told).state == expected
        assert standing(order(fulfillment=by_hand | {"payload": "A\nB"}, items=None)).state == "unknown"

    def test_links_and_parts(self) -> None:
        cards = standing(
            order(payload="https://x.example/c/1\nhttps://x.example two\n1:2:3\n:4\n5:"), separator=":"
        ).cards
        found = [(card.face.format, card.face.number.reveal(), card.face.pin) for card in cards]
        assert found == [
            ("number_pin", "https", Secret("//x.example/c/1")),
            ("number_pin", "https", Secret("//x.example two")),
            ("number_pin", "1", Secret("2:3")),
            ("code", ":4", None),
            ("code", "5:", None),
        ]
        kinds = [
            card.face.format for card in standing(order(payload="https://x.example/c/1\nhttps://x.example two")).cards
        ]
        assert kinds == ["link", "code"]

    @pytest.mark.parametrize(
        "more",
        [
            *({"order_id": other} for other in (8, "7", None, True, 0)),
            *({"ok": other} for other in (False, None, 1, "true")),
            *({"fulfillment": other} for other in ("x", [], 1)),
            {"fulfillment": {"status": "delivered", "type": "auto", "payload": {"a": 1}}},
        ],
    )
    def test_what_is_no_answer(self, more: dict[str, Any]) -> None:
        assert standing(order() | more).state == "unknown"

    @pytest.mark.parametrize(
        "more", [{"amount": "-1.00"}, {"amount": "1e400"}, {"amount": None}, {"currency": "USD"}, {"currency": None}]
    )
    def test_a_price_that_is_none_does_not_take_the_cards_away(self, more: dict[str, Any]) -> None:
        answer = standing(order() | more)
        assert (answer.state, len(answer.cards), answer.cost) == ("done", 2, None)


class TestRefusals:
    @pytest.mark.parametrize(("error", "status"), sorted(REFUSALS.items()))
    def test_what_the_page_lists_is_definite(self, error: str, status: int) -> None:
        told = {"ok": False, "error_code": error, "error_message": "13800138000"}
        assert ordered(answering(told, status)) == Answer("failed", reason=error)
        assert ordered(answering(told, 500)).state == "unknown"
        assert ordered(answering(told | {"ok": True}, status)).state == "unknown"

    @pytest.mark.parametrize("error", sorted(FINAL))
    def test_what_is_final_by_the_shops_own_client_is_definite_with_200(self, error: str) -> None:
        assert ordered(answering({"ok": False, "error_code": error})) == Answer("failed", reason=error)
        assert ordered(answering({"ok": False, "error_code": error}, 500)).state == "unknown"

    def test_a_wallet_that_did_not_pay(self) -> None:
        told = {"ok": False, "order_id": 7, "status": "canceled", "error_code": PAYMENT_FAILED}
        assert ordered(answering(told)).state == "failed"
        assert ordered(answering(told | {"status": "pending_payment"})).state == "unknown"
        assert ordered(answering(told, 500)).state == "unknown"

    @pytest.mark.parametrize(("error", "status"), [("internal_error", 500), ("busy", 429), ("", 400), (None, 200)])
    def test_all_others_are_unknown(self, error: object, status: int) -> None:
        assert ordered(answering({"ok": False, "error_code": error}, status)).state == "unknown"

    def test_a_shop_that_takes_an_order_without_a_number(self) -> None:
        assert ordered(answering({"ok": True, "status": "paid", "amount": "30.00"})).state == "unknown"

    def test_what_is_refused_where_nothing_was_ordered_is_no_answer(self) -> None:
        for error, status in (("bad_request", 400), ("invalid_api_key", 401), ("internal_error", 500)):
            supplier = answering({"ok": False, "error_code": error}, status, {"not_found": "failed"})
            assert supplier.query(Asked(KEY, "", False, NOW)).state == "unknown"
            assert supplier.query(Asked(KEY, "7", False, NOW)).state == "unknown"


class TestCallbacks:
    BODY = dumps(
        {"event": "order.fulfilled", "order_id": 7, "downstream_order_no": KEY, "status": "completed"}
    ).encode()

    def call(self, body: bytes = BODY, seconds: int = 0, changes: Mapping[str, str] = {}) -> Call:
        at = str(int(NOW.timestamp()) + seconds)
        made = signature(SECRET, "POST", "/api/v1/upstream/callback", at, body)
        headers = {"dujiao-next-api-key": "key", "dujiao-next-timestamp": at, "dujiao-next-signature": made}
        headers |= {f"dujiao-next-{name}": value for name, value in changes.items()}
        return Call("POST", "/v1/suppliers/shop/notify", {}, headers, body)

    def test_is_signed_for_the_shops_own_path(self) -> None:
        called = answering({}).read(self.call())
        assert called.purchase == KEY
        assert called.answer == (200, "application/json", '{"ok":true,"message":"received"}')

    @pytest.mark.parametrize(
        "changes",
        [
            {"api-key": "other"},
            {"signature": "0" * 64},
            {"signature": ""},
            {"timestamp": str(int(NOW.timestamp()) + 1)},
            {"timestamp": "１"},
            {"timestamp": "9" * 40},
        ],
    )
    def test_what_is_none(self, changes: dict[str, str]) -> None:
        with pytest.raises(Forged):
            answering({}).read(self.call(changes=changes))

    @pytest.mark.parametrize("seconds", [-61, 61])
    def test_out_of_time(self, seconds: int) -> None:
        with pytest.raises(Forged):
            answering({}).read(self.call(seconds=seconds))

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"downstream_order_no":""}', b'{"downstream_order_no":[1]}'])
    def test_about_no_order(self, body: bytes) -> None:
        with pytest.raises(Forged):
            answering({}).read(self.call(body))


def test_stock() -> None:
    product = {"id": 1, "is_active": True, "skus": [{"id": 2, "is_active": True, "stock_quantity": -1}]}
    supplier = answering({"ok": True, "product": product})
    assert supplier.stock(["1-2", "1-3", "x"]) == {"1-2": None, "1-3": 0, "x": 0}
    assert answering({"ok": True, "product": product | {"is_active": False}}).stock(["1-2"]) == {"1-2": 0}
    assert answering({"ok": False, "error_code": "product_not_found"}, 404).stock(["1-2"]) == {"1-2": 0}
    with pytest.raises(NoAnswer):
        answering({"ok": False, "error_code": "internal_error"}, 500).stock(["1-2"])
