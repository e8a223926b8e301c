"""Fulu: what every adapter must hold to, and what its pages and SDKs give as examples."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from json import dumps, loads
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest

from quanyi.secret import Secret
from quanyi.supply import wire
from quanyi.supply.access import Access
from quanyi.supply.adapters.fulu import REFUSALS, Fulu
from quanyi.supply.adapters.fulu_gateway import FuluGateway
from quanyi.supply.adapters.fulu_signing import compact, decrypted, sign
from quanyi.supply.adapters.replies import Unclear
from quanyi.supply.port import Answer, Call, Forged, NoAnswer
from tests.suppliers.buyer import KEY, built, numbers
from tests.suppliers.kit import Conformance
from tools.local.suppliers.face_fulu import FuluFace, number_of
from tools.local.suppliers.server import SupplierServer

SANDBOX = Secret("0a091b3aa4324435aab703142518a8f7")
"""The app secret of Fulu's public sandbox, which its SDKs and pages use in their examples."""
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
CALLBACK = {
    "order_id": "19072426795315681646",
    "charge_finish_time": "2019-07-24 16:46:14",
    "customer_order_no": "535126603",
    "order_status": "success",
    "recharge_description": "充值成功",
    "product_id": "10000497",
    "price": "1.0000",
    "buy_num": "2",
    "operator_serial_number": "",
    "sign": "b716ea73535df393d8ce8efae7518b70",
}
"""The example of its page on callbacks (https://github.com/AnCalm/PayClient, NotifyFromFulu2)."""


class TestFulu(Conformance):
    face = "fulu"
    card_code = number_of("video-30")
    topup_code = number_of("stone-60")
    account: ClassVar[Mapping[str, str]] = {"charge_account": "7700123456", "charge_game_srv": "s1"}
    definite = frozenset({"sold_out", "not_on_sale", "bad_account"})
    stranger = "unknown"
    callback_bears_time = False

    def reply(self, server: SupplierServer, method: str, url: str, raw: bytes, status: int = 200) -> wire.Reply:
        assert isinstance(server.face, FuluFace)
        result = raw.decode()
        told = {"code": 0, "message": "接口调用成功", "result": result, "sign": server.face.sign(result)}
        return wire.Reply(status, {}, dumps(told).encode())

    def genuine(self, server: SupplierServer) -> Any:
        return loads(super().genuine(server)["result"])

    def test_goods_by_pages(self, server: SupplierServer) -> None:
        """One page; what is off sale is not in it."""
        for i in range(120):
            server.put(code=str(20_000_000 + i), title=f"More {i}", cost=100 + i, on_sale=i != 7)
        page = built(server).goods()
        assert {one.code for one in page.items} == set(server.shop.goods) - {"20000007"}
        assert page.next == ""
        card = next(one for one in page.items if one.code == self.card_code)
        assert (card.cost, card.currency, card.kind, card.face_value, card.fields) == (1500, "CNY", "card", 2500, ())
        assert next(one for one in page.items if one.code == self.topup_code).fields == ("charge_account",)

    def test_another_currency_is_not_taken_for_ours(self) -> None:
        """Fulu has none but CNY."""
        with SupplierServer(self.face) as server:
            supplier = built(server, currency="USD")
            assert supplier.order(self.wanted(currency="USD")).state == "failed"
            assert server.calls == []

    def test_numbers_that_are_no_cards_of_its(self, server: SupplierServer) -> None:
        """Half of what was delivered is not all of it."""
        told = self.genuine(server)
        for wrong in ("", "no base64!", "AAAA", told["cards"][0]["card_pwd"][:-4]):
            cards = [told["cards"][0], {**told["cards"][1], "card_number": wrong, "card_pwd": wrong}]
            assert self.told(server, dumps(told | {"cards": cards}).encode()).query(self.asked()).state == "unknown"
        for none in (None, [], {}):
            assert self.told(server, dumps(told | {"cards": none}).encode()).query(self.asked()).state == "unknown"

    def test_an_answer_about_another_order_is_no_answer(self, server: SupplierServer) -> None:
        told = self.genuine(server) | {"customer_order_no": "P-other"}
        assert self.told(server, dumps(told).encode()).query(self.asked()).state == "unknown"

    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            *(("success", "done"), ("processing", "pending"), ("untreated", "pending"), ("failed", "failed")),
            *(("refunded", "unknown"), ("SUCCESS", "unknown"), ("", "unknown"), (None, "unknown"), (1, "unknown")),
        ],
    )
    def test_states(self, server: SupplierServer, state: object, expected: str) -> None:
        told = self.genuine(server) | {"order_state": state}
        assert self.told(server, dumps(told).encode()).query(self.asked()).state == expected

    @pytest.mark.parametrize(
        ("price", "count", "cost"),
        [
            *(("49.8750", 2, 9975), ("49.8750", 1, 4988), ("46.3", 1, 4630), (46.3, 3, 13890), (1, 2, 200)),
            *(("0.0001", 1, 1), ("-1", 1, None), ("1e999", 1, None), ("NaN", 1, None), (None, 1, None)),
            *(("十", 1, None), (True, 1, None), ("99999999999999", 1, None), ("1.00", "2", None)),
        ],
    )
    def test_what_it_costs(self, server: SupplierServer, price: object, count: object, cost: int | None) -> None:
        """Of one, in yuan, with up to four decimals; what cannot be read does not take the cards away."""
        told = self.genuine(server) | {"order_price": price, "buy_num": count}
        answer = self.told(server, dumps(told).encode()).query(self.asked())
        assert (answer.state, len(answer.cards), answer.cost) == ("done", 2, cost)

    @pytest.mark.parametrize(
        ("deadline", "end"),
        [
            ("2026-12-31 23:59:59", datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)),
            ("2026-12-31", datetime(2026, 12, 31, 16, tzinfo=UTC)),
            ("2026/12/31", datetime(2026, 12, 31, 16, tzinfo=UTC)),
            *((text, None) for text in ("", "永久", "31.12.2026")),
        ],
    )
    def test_when_a_card_ends(self, server: SupplierServer, deadline: str, end: datetime | None) -> None:
        told = self.genuine(server)
        cards = [{**card, "card_deadline": deadline} for card in told["cards"]]
        answer = self.told(server, dumps(told | {"cards": cards}).encode()).query(self.asked())
        assert [card.expires_at for card in answer.cards] == [end, end]

    def test_cards_of_one_part_and_links(self, server: SupplierServer) -> None:
        told = self.genuine(server)
        kinds = [("0", "card_number"), ("0", "card_pwd"), ("2", "card_number")]
        sealed = told["cards"][0]["card_number"]
        cards = [{"card_number": "", "card_pwd": "", "card_type": kind, part: sealed} for kind, part in kinds]
        answer = self.told(server, dumps(told | {"cards": cards}).encode()).query(self.asked())
        assert [card.face.format for card in answer.cards] == ["code", "code", "link"]
        assert len(set(numbers(answer.cards))) == 1

    def test_an_order_that_is_not_found_is_a_persons(self, server: SupplierServer) -> None:
        """The pages disagree on when it may be given up; by default nobody but a person does."""
        before = replace(self.asked(), sent_at=datetime.now(UTC) - timedelta(minutes=119))
        long_ago = replace(self.asked(), sent_at=datetime.now(UTC) - timedelta(minutes=121))
        account = server.access["account"] | {"not_found": "failed"}
        assert built(server).query(long_ago).state == "unknown"
        assert built(server, account=account).query(before).state == "unknown"
        assert built(server, account=account).query(long_ago).state == "absent"

    def test_a_number_that_it_has_already_is_asked_about(self, server: SupplierServer) -> None:
        supplier = built(server)
        supplier.order(self.wanted())
        assert supplier.order(self.wanted()).state == "unknown"
        assert supplier.query(self.asked()).state == "done"
        assert server.shop.charged(KEY) == 1

    def test_what_cannot_be_asked_is_not_sent(self, server: SupplierServer) -> None:
        supplier = built(server)
        assert supplier.order(self.wanted(code="video-30")).state == "failed"
        assert supplier.order(self.wanted(code="１０００")).state == "failed"
        assert supplier.order(self.wanted(key="P" * 51)).state == "failed"
        assert supplier.recharge(self.recharge(account={"phone": Secret("13800138000")})).state == "failed"
        assert supplier.recharge(self.recharge(account={"charge_game_srv": Secret("s1")})).state == "failed"
        assert server.calls == []

    def test_goods_of_the_other_kind(self, server: SupplierServer) -> None:
        supplier = built(server)
        assert supplier.order(self.wanted(code=self.topup_code)).reason.startswith("3008")
        assert supplier.recharge(self.recharge(code=self.card_code)).reason.startswith("3008")

    def test_accounts_in_any_script(self, server: SupplierServer) -> None:
        account = {"charge_account": Secret('玩家"甲\\😀/'), "charge_game_srv": Secret("逐鹿中原")}
        assert built(server).recharge(self.recharge(account=account)).state == "pending"
        assert server.shop.sales[KEY].account["charge_account"] == '玩家"甲\\😀/'

    def test_a_clock_that_is_off(self, server: SupplierServer) -> None:
        for minutes, expected in ((9, "pending"), (-9, "pending"), (11, "failed"), (-11, "failed")):
            supplier = built(server, shift=timedelta(minutes=minutes))
            assert supplier.order(self.wanted(key=f"P{minutes}")).state == expected

    def test_the_secret_before_is_still_believed(self, server: SupplierServer) -> None:
        supplier = built(server)
        supplier.order(self.wanted())
        before = supplier.access.secrets
        call = self.called(server)
        changed = replace(supplier, access=replace(supplier.access, secrets=({"app_secret": SANDBOX}, *before)))
        assert changed.read(call).purchase == KEY
        assert changed.query(self.asked()).state == "unknown"  # Fulu refuses what is signed with what it does not know
        assert replace(supplier, access=replace(supplier.access, secrets=())).query(self.asked()).state == "unknown"

    def test_who_is_told_of_orders_is_set_once(self, server: SupplierServer) -> None:
        """An order takes no address along: the console of the supplier knows it."""
        server.on("late")
        built(server).order(self.wanted())
        assert server.shop.sales[KEY].notify_url == ""


def answering(body: object, status: int = 200) -> Fulu:
    raw = body if isinstance(body, bytes) else dumps(body).encode()
    account = {"app_key": "key"}
    access = Access("https://openapi.fulu.com/api/getway", "CNY", account, ({"app_secret": SANDBOX},), lambda: NOW)
    return Fulu(access, lambda method, url, headers, sent: wire.Reply(status, {}, raw))


def signed(code: int, result: str | None = None, **changes: Any) -> dict[str, Any]:
    return {"code": code, "message": "…", "result": result, "sign": sign(result or "", SANDBOX)} | changes


def ordered(supplier: Fulu) -> Answer:
    """What an order's own answer means; before it the price is told."""

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> wire.Reply:
        if loads(body)["method"] == "fulu.goods.info.get":
            return wire.Reply(200, {}, dumps(signed(0, '{"purchase_price":15}')).encode())
        return supplier.send(method, url, headers, body)

    return replace(supplier, send=send).order(TestFulu().wanted())


class TestSigning:
    def test_the_answer_in_the_sdks_readme(self) -> None:
        """https://www.npmjs.com/package/fulu-nodejs-sdk."""
        result = '{"name":"OpenApi2.0对接专用商户","balance":344283.1608,"is_open":1}'
        assert sign(result, SANDBOX) == "af223d55aaab949a4061d651cc4b2765"
        told = {"code": 0, "message": "接口调用成功", "result": result, "sign": "af223d55aaab949a4061d651cc4b2765"}
        assert answering(told).balance().amount == 34_428_316
        with pytest.raises(NoAnswer):
            answering(told | {"sign": "af223d55aaab949a4061d651cc4b2764"}).balance()
        with pytest.raises(NoAnswer):
            answering(told | {"sign": ""}).balance()

    def test_the_callback_in_the_pages(self) -> None:
        without = {name: value for name, value in CALLBACK.items() if name != "sign"}
        assert sign(compact(without), SANDBOX) == CALLBACK["sign"]

    def test_the_cards_in_the_pages(self) -> None:
        """https://github.com/EhuaNetwork/EhuaTool, src/Rest/Fulu/Order.php (卡密解密说明)."""
        assert decrypted("12nCp6X/nALmrvr1erxK+D4L8n/kqz/RItKWUfvZrCU=", SANDBOX) == "CD1000250201906121742434441"
        assert decrypted("9HeOgdv+NpLihh2+5Gm0Mj4L8n/kqz/RItKWUfvZrCU=", SANDBOX) == "CP1000250201906121742434441"

    def test_a_key_of_another_length_opens_nothing(self) -> None:
        with pytest.raises(Unclear):
            decrypted("12nCp6X/nALmrvr1erxK+D4L8n/kqz/RItKWUfvZrCU=", Secret("too short"))

    def test_a_request_is_as_the_pages_say(self) -> None:
        sent: list[dict[str, Any]] = []

        def listen(method: str, url: str, headers: object, body: bytes) -> wire.Reply:
            sent.append(loads(body))
            return wire.Reply(500, {}, b"")

        access = Access("https://x", "CNY", {"app_key": "k/+="}, ({"app_secret": SANDBOX},), lambda: NOW)
        with pytest.raises(Unclear):
            FuluGateway(access, listen).ask("fulu.order.info.get", {"customer_order_no": "单"})
        assert list(sent[0]) == [
            *("app_key", "method", "timestamp", "version", "format", "charset", "sign_type", "app_auth_token"),
            *("biz_content", "sign"),
        ]
        assert sent[0]["timestamp"] == "2026-11-26 18:00:00"
        assert loads(sent[0]["biz_content"]) == {"customer_order_no": "单"}
        assert sent[0]["biz_content"].isascii()


class TestCodes:
    @pytest.mark.parametrize("code", sorted(REFUSALS))
    def test_what_a_page_lets_fail_fails(self, code: int) -> None:
        answer = ordered(answering(signed(code)))
        assert (answer.state, answer.reason) == ("failed", f"{code}: {REFUSALS[code]}")
        assert ordered(answering(signed(code, sign=""))).state == "failed"
        assert ordered(answering(signed(code, sign=None))).state == "failed"
        assert ordered(answering(signed(code, sign="0" * 32))).state == "unknown"
        assert ordered(answering(signed(code), 502)).state == "unknown"
        assert answering(signed(code)).query(TestFulu().asked()).state == "unknown"

    @pytest.mark.parametrize("code", [4008, 4009, 4010, 4011, 4012, 5000, 2001, 3009, 9999, -1])
    def test_all_others_are_unknown(self, code: int) -> None:
        assert ordered(answering(signed(code))).state == "unknown"

    @pytest.mark.parametrize("code", ["3005", True, None, 3005.0, [3005]])
    def test_a_code_that_is_none(self, code: object) -> None:
        assert ordered(answering(signed(3005) | {"code": code})).state == "unknown"

    def test_its_words_are_not_passed_on(self) -> None:
        assert "13800138000" not in ordered(answering(signed(4004, message="账号13800138000在黑名单中"))).reason


class TestCallbacks:
    @pytest.mark.parametrize(
        ("body", "query"),
        [
            (dumps(CALLBACK, ensure_ascii=False).encode(), {}),
            (dumps(CALLBACK).encode(), {}),
            (urlencode(CALLBACK).encode(), {}),
            (b"", CALLBACK),
        ],
        ids=["json", "escaped", "form", "query"],
    )
    def test_in_each_form(self, body: bytes, query: dict[str, str]) -> None:
        called = answering({}).read(Call("POST", "/v1/suppliers/fulu/notify", query, {}, body))
        assert called.purchase == "535126603"
        assert called.answer == (200, "text/plain", "success")

    @pytest.mark.parametrize("name", [name for name in CALLBACK if name != "sign"])
    def test_each_part_is_signed(self, name: str) -> None:
        for changed in (CALLBACK | {name: "other"}, {k: v for k, v in CALLBACK.items() if k != name}):
            with pytest.raises(Forged):
                answering({}).read(Call("POST", "/", {}, {}, dumps(changed).encode()))

    def test_about_no_order(self) -> None:
        """Changes of goods come so too, signed."""
        told: dict[str, str] = {"product_id": "10000497", "changed_type": "2", "product_price": "1.0000"}
        body = dumps(told | {"sign": sign(compact(told), SANDBOX)}).encode()
        with pytest.raises(Forged):
            answering({}).read(Call("POST", "/", {}, {}, body))

    @pytest.mark.parametrize("body", [b'{"a":{"b":1},"sign":"x"}', b'{"a":"\\ud800","sign":"x"}', b"\xff\xfe", b"["])
    def test_what_is_none(self, body: bytes) -> None:
        with pytest.raises(Forged):
            answering({}).read(Call("POST", "/", {}, {}, body))


@pytest.mark.parametrize(
    ("word", "expected"), [("充足", None), ("警报", None), ("断货", 0)], ids=["plenty", "few", "none"]
)
def test_stock_is_a_word(word: str, expected: int | None) -> None:
    supplier = answering(signed(0, dumps({"product_id": 1, "stock_status": word})))
    assert supplier.stock(["10000001"]) == {"10000001": expected}
    assert answering(signed(3002)).stock(["10000001"]) == {"10000001": 0}
    with pytest.raises(NoAnswer):
        answering(signed(0, dumps({"stock_status": "未知"}))).stock(["10000001"])
    with pytest.raises(NoAnswer):
        answering(signed(4012)).stock(["10000001"])


def test_an_empty_catalogue_is_not_believed() -> None:
    """All goods would go off sale by it."""
    with pytest.raises(NoAnswer):
        answering(signed(0, "[]")).goods()


def test_a_negative_price_is_no_price() -> None:
    with pytest.raises(NoAnswer):
        answering(signed(0, '{"purchase_price":-1.5}')).quote("10000001", 1)
    with pytest.raises(NoAnswer):
        answering(signed(0, '{"balance":-1.5}')).balance()
