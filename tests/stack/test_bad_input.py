"""Bad input is a clear refusal with a stable code, and changes nothing: every store is compared before and after."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.stack.books import Books
from tests.stack.provider import NOTIFY, Notice, Provider
from tests.stack.shop import EMAIL, Order, Shop, Store, number

MAX_BODY = 256 * 1024


@dataclass(frozen=True)
class Till:
    """A shop with one SKU in stock, and an order that waits for its payment."""

    store: Store
    sku: str
    dollars: str
    order: Order
    payment: str


@pytest.fixture(scope="module")
def till(shop: Shop, site: Store, provider: Provider) -> Till:
    provider.signed(b"")  # the provider's key is made when it is first needed
    sku, dollars = shop.sku(), shop.sku(currency="USD")
    shop.stock(sku, 5)
    shop.stock(dollars, 5)
    order = site.place(sku, contact={"email": EMAIL})  # whoever asks below has bought before
    return Till(site, sku, dollars, order, site.open_payment(order))


@pytest.fixture(autouse=True)
def _nothing_changes(till: Till, books: Books) -> Iterator[None]:
    before = books.everything()
    yield
    after = books.everything()
    for table in before:
        old, new = before[table], after[table]
        changed = [key for key in old.keys() | new if old.get(key) != new.get(key)]
        # Orders of other tests may still be on their way; nothing of this one may be there.
        mine = [key for key in changed if till.sku in str(new.get(key)) or key not in old]
        assert not mine, f"{table}: {mine}"


def order_body(sku: str, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    return {"lines": [{"sku": sku, "quantity": quantity}], "contact": {"email": EMAIL}, **more}


LINES = {"SKU": 0}
ORDERS: dict[str, tuple[Any, int, str]] = {
    "an unknown SKU": (order_body("no-such-sku"), 422, "not_on_sale"),
    "a SKU that can't be one": (order_body("../../etc"), 422, "invalid_request"),
    "zero": (order_body("SKU", 0), 422, "invalid_request"),
    "a negative quantity": (order_body("SKU", -1), 422, "invalid_request"),
    "a huge quantity": (order_body("SKU", 10**9), 422, "invalid_request"),
    "a quantity beyond every integer": (order_body("SKU", 10**40), 422, "invalid_request"),
    "more than there is": (order_body("SKU", 150), 409, "sold_out"),
    "more than a buyer may hold unpaid": (order_body("SKU", 900), 409, "too_many_unpaid"),
    "half a card": (order_body("SKU", 1.5), 422, "invalid_request"),
    "a whole number that is a float": (order_body("SKU", 1.0), 422, "invalid_request"),
    "a quantity in words": (order_body("SKU", "1"), 422, "invalid_request"),
    "a quantity that is true": (order_body("SKU", True), 422, "invalid_request"),
    "two currencies": (
        {**order_body("SKU"), "lines": [{"sku": "SKU", "quantity": 1}, {"sku": "USD", "quantity": 1}]},
        422,
        "invalid_request",
    ),
    "no lines": ({**order_body("SKU"), "lines": []}, 422, "invalid_request"),
    "too many lines": ({**order_body("SKU"), "lines": [{"sku": "SKU", "quantity": 1}] * 101}, 422, "invalid_request"),
    "too many units": ({**order_body("SKU"), "lines": [{"sku": "SKU", "quantity": 999}] * 2}, 422, "invalid_request"),
    "an unknown field": (order_body("SKU", discount=100), 422, "invalid_request"),
    "a price of one's own": (
        {**order_body("SKU"), "lines": [{"sku": "SKU", "quantity": 1, "unit_price": 1}]},
        422,
        "invalid_request",
    ),
    "nobody to sell to": (order_body("SKU", contact={}), 422, "invalid_request"),
    "a contact that is none": (order_body("SKU", contact={"email": "not an address"}), 422, "invalid_request"),
    "an old quote": (order_body("SKU", quote="0" * 16), 409, "quote_outdated"),
    "a list": ([], 422, "invalid_request"),
    "a text": ("order", 422, "invalid_request"),
    "null": (None, 422, "invalid_request"),
}


@pytest.mark.parametrize("what", ORDERS)
def test_an_order(till: Till, what: str) -> None:
    body, status, code = ORDERS[what]
    raw = json.dumps(body).replace('"SKU"', f'"{till.sku}"').replace('"USD"', f'"{till.dollars}"').encode()
    answer = till.store.wire.send("POST", "/v1/orders", raw=raw, credential=till.store.browser, key=number())
    problem = answer.refuses(status, code)
    assert EMAIL not in str(problem)


RAW: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 422, "invalid_request"),
    "half an object": (b'{"lines": [', 400, "malformed_request"),
    "no JSON at all": (b"lines=1", 400, "malformed_request"),
    "another encoding": ("{'名': '年卡'}".encode("gbk"), 400, "malformed_request"),
    "a file": (b"PK\x03\x04" + bytes(range(256)), 400, "malformed_request"),
    "a bottomless object": (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400, "malformed_request"),
    "too much": (json.dumps({"lines": "x" * MAX_BODY}).encode(), 413, "body_too_large"),
}


@pytest.mark.parametrize("what", RAW)
def test_a_body(till: Till, what: str) -> None:
    raw, status, code = RAW[what]
    answer = till.store.wire.send("POST", "/v1/orders", raw=raw, credential=till.store.browser, key=number())
    answer.refuses(status, code)


@pytest.mark.parametrize("key", [None, "", "x" * 129, "with space", "gr\u00fc\u00df"])
def test_an_idempotency_key(till: Till, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key.encode().decode("latin-1")}
    for path, body in [
        ("/v1/orders", order_body(till.sku)),
        (f"/v1/orders/{till.order.id}/payments", {"provider": "sandbox"}),
    ]:
        answer = till.store.wire.send("POST", path, body, credential=till.store.browser, headers=headers)
        answer.refuses(422, "invalid_request")


def test_what_is_not_there(till: Till, shop: Shop) -> None:
    for order in ("O00000000000000000000", "nonsense", "%00", "O0000000000000000000'"):
        answer = shop.wire.send("GET", f"/v1/orders/{order}", credential=till.store.server)
        assert (answer.status, answer.code) in ((404, "not_found"), (422, "invalid_request")), answer.raw
    shop.wire.send("POST", "/v1/sandbox/payments/P0000000000000000000000000000", {"outcome": "paid"}).refuses(
        404, "not_found"
    )
    shop.wire.send("GET", "/v1/products/nothing", credential=till.store.browser).refuses(404, "not_found")
    path, body = f"/v1/orders/{till.order.id}/payments", {"provider": "nobody"}
    answer = shop.wire.send("POST", path, body, credential=till.store.browser, key=number())
    answer.refuses(422, "provider_not_offered")


def test_a_page(till: Till, shop: Shop) -> None:
    for query in ("limit=0", "limit=101", "limit=x", "limit=-1"):
        shop.wire.send("GET", f"/v1/products?{query}", credential=till.store.browser).refuses(422, "invalid_request")
    for cursor in ("nonsense", "e30", "eyJwayI6ICJLRVlSSU5HIn0"):
        answer = shop.wire.send("GET", f"/v1/products?cursor={cursor}", credential=till.store.browser)
        answer.refuses(400, "malformed_request")


def test_a_forged_notification(till: Till, shop: Shop, provider: Provider) -> None:
    genuine = provider.notice(till.order, till.payment)
    signature = genuine.headers["Sandbox-Signature"]
    at, mac = signature.split(",")
    flipped = mac[:-1] + ("0" if mac[-1] != "0" else "1")
    forgeries = {
        "another signature": Notice({**genuine.headers, "Sandbox-Signature": f"{at},{flipped}"}, genuine.body),
        "no signature": Notice({"Content-Type": "application/json"}, genuine.body),
        "half a signature": Notice({**genuine.headers, "Sandbox-Signature": signature[:-20]}, genuine.body),
        "no time": Notice({**genuine.headers, "Sandbox-Signature": mac}, genuine.body),
        "a time in words": Notice({**genuine.headers, "Sandbox-Signature": f"t=now,{mac}"}, genuine.body),
        "one byte more": Notice(genuine.headers, genuine.body + b" "),
        "truncated": Notice(genuine.headers, genuine.body[:-9]),
        "more money": Notice(genuine.headers, genuine.body.replace(b"1999", b"2000")),
        "old": provider.notice(till.order, till.payment, age=timedelta(minutes=6)),
        "from tomorrow": provider.notice(till.order, till.payment, age=-timedelta(minutes=6)),
        "another merchant's": provider.notice(till.order, till.payment, merchant="somebody-else"),
    }
    for what, notice in forgeries.items():
        answer = notice.send(shop.wire)
        assert (answer.status, answer.code) == (401, "notification_refused"), f"{what}: {answer.status} {answer.raw!r}"
    genuine.send(shop.wire, "/v1/payments/nobody/notify").refuses(404, "not_found")


def test_a_signed_notification_that_does_not_fit(till: Till, shop: Shop, provider: Provider) -> None:
    """Genuine, but not about this order's money."""
    changes: dict[str, tuple[dict[str, Any], int, str]] = {
        "no amount": ({"amount": 0}, 422, "invalid_request"),
        "a negative amount": ({"amount": -1999}, 422, "invalid_request"),
        "a float": ({"amount": 1999.0}, 422, "invalid_request"),
        "an amount in words": ({"amount": "1999"}, 422, "invalid_request"),
        "another payment": (
            {"payment": till.payment[:-1] + ("0" if till.payment[-1] != "0" else "1")},
            404,
            "not_found",
        ),
        "another order": ({"payment": f"P{'0' * 28}"}, 404, "not_found"),
        "a number that is none": ({"payment": "P00000000000000000000"}, 404, "not_found"),
    }
    for what, (change, status, code) in changes.items():
        answer = provider.notice(till.order, till.payment, **change).send(shop.wire)
        assert (answer.status, answer.code) == (status, code), f"{what}: {answer.status} {answer.raw!r}"
    # Genuine and about nothing that we book.
    assert provider.notice(till.order, till.payment, event="payment.created").send(shop.wire).status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"event":"payment.captured"}'])
def test_a_signed_notification_that_is_none(shop: Shop, provider: Provider, body: bytes) -> None:
    answer = provider.signed(body).send(shop.wire)
    assert 400 <= answer.status < 500, f"{answer.status} {answer.raw!r}"
    assert answer.code


def test_notify_is_for_posts(shop: Shop) -> None:
    assert shop.wire.send("GET", NOTIFY).status in (403, 404)
