"""Redeeming over HTTP, deployed: once among five hundred, to the last cent among sixty-four tills, and taken back."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.stack.shop import Answer, Shop, number, until
from tests.stack.test_vouchers import exported, generated

AT_ONCE = 500
TILLS = 64


@pytest.fixture
def store(shop: Shop) -> str:
    name = number("S")
    shop.admin("PUT", f"/stores/{name}", {"name": name, "region": "shanghai", "version": 0}).must()
    return name


@pytest.fixture
def till(shop: Shop, store: str) -> Callable[..., Answer]:
    """`till("", body)`: POST /v1/redemptions from a counter that is bound to the store."""
    credential = shop.new_key("counter", stores=[store])["key"]

    def call(path: str, body: Any = None, *, key: str | None = None, method: str = "POST") -> Answer:
        key = key or number()
        return shop.wire.send(method, f"/v1/redemptions{path}", body, credential=credential, key=key)

    return call


def handed_out(shop: Shop, count: int = 1, **terms: Any) -> list[dict[str, str]]:
    """Vouchers of a new series, as its export tells them: `code`, `pin`, `qr`."""
    sku = shop.sku(kind="voucher", voucher={"issue": "stock", **terms})
    series = shop.admin("POST", "/voucher-series", {"sku": sku}).must(201)["id"]
    generated(shop, series, count, "handed_out")
    return exported(shop, series)


def test_five_hundred_at_once_redeem_a_voucher_once(
    shop: Shop, till: Callable[..., Answer], record_property: Callable[[str, object], None]
) -> None:
    (voucher,) = handed_out(shop)
    before = shop.wire.throttled
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = list(crowd.map(lambda _: till("", {"code": voucher["code"]}), range(AT_ONCE)))
    record_property("sent again after a throttle", shop.wire.throttled - before)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: AT_ONCE - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"voucher_spent"}


def test_a_stored_amount_and_sixty_four_tills(shop: Shop, till: Callable[..., Answer]) -> None:
    """100.00, each takes 0.30 until it is refused; every fifth request is sent again."""
    (voucher,) = handed_out(shop, value={"kind": "amount", "amount": 10_000})
    body = {"code": voucher["code"], "amount": {"amount": 30, "currency": "CNY"}}

    def take_until_refused(_: int) -> int:
        for turn in range(1000):
            key = number()
            answer = till("", body, key=key)
            if answer.status == 409:
                answer.refuses(409, "voucher_spent")
                return turn
            first = answer.must(201)["id"]
            if turn % 5 == 0:
                assert till("", body, key=key).must(201)["id"] == first
        raise AssertionError

    with ThreadPoolExecutor(TILLS) as crowd:
        taken = sum(crowd.map(take_until_refused, range(TILLS)))
    assert taken == 333
    rest = till("/check", {**body, "amount": {"amount": 10, "currency": "CNY"}}).must(200)
    assert (rest["usable"], rest["voucher"]["left"]) == (True, 10)


def test_used_listed_and_taken_back(shop: Shop, till: Callable[..., Answer], store: str) -> None:
    terms: dict[str, Any] = {"value": {"kind": "times", "times": 2}, "pin_digits": 6, "reversal_minutes": 30}
    (voucher,) = handed_out(shop, **terms)
    by_code = {"code": voucher["code"].lower().replace("-", " "), "pin": voucher["pin"], "operator": "mei"}
    one = till("", by_code).must(201)
    other = till("", {"qr": voucher["qr"]}).must(201)
    till("", by_code).refuses(409, "voucher_spent")
    assert till(f"/{other['id']}/reverse").must(200)["voucher"]["left"] == 1
    assert till(f"/{other['id']}/reverse").must(200)["state"] == "reversed"

    def look() -> list[dict[str, Any]] | None:
        items = till("", method="GET").must(200)["items"]
        return items if len(items) == 2 and items[0]["state"] == "reversed" else None

    assert [item["id"] for item in until(look)] == [other["id"], one["id"]]
    wrong = "0" * 6 if voucher["pin"] != "0" * 6 else "1" * 6
    till("", {**by_code, "pin": wrong}).refuses(404, "voucher_unknown")
    till("", {"code": voucher["code"][:-1] + "O"}).refuses(422, "voucher_malformed")
    till("", {"qr": voucher["qr"][:-1] + ("A" if voucher["qr"][-1] != "A" else "B")}).refuses(404, "voucher_unknown")
    till("", {**by_code, "store": number("S")}).refuses(403, "forbidden")


def test_a_condition_and_rules(shop: Shop, till: Callable[..., Answer], store: str) -> None:
    """The engine's own layer is there."""
    rules = {"when": "sale.amount >= 5000", "stores": [store], "goods": ["latte"]}
    (voucher,) = handed_out(shop, rules=rules)
    body = {"code": voucher["code"], "sale": {"amount": 4999, "currency": "CNY"}}
    refused = till("", body).refuses(409, "voucher_not_usable")["refused"]
    assert [one["rule"] for one in refused] == ["goods", "condition"]
    till("", {**body, "goods": ["latte"], "sale": {"amount": 5000, "currency": "CNY"}}).must(201)
