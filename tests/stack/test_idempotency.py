"""The same call again has the same outcome, whatever happened since; the same key with another body is refused."""

from concurrent.futures import ThreadPoolExecutor

from tests.stack.books import Books
from tests.stack.provider import Provider
from tests.stack.shop import EMAIL, Order, Shop, Store, number, until


def test_an_order_key_answers_its_order_through_the_orders_whole_life(shop: Shop, site: Store, books: Books) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 2)
    key = number("their-number-")
    first = site.place(sku, key=key)
    placed_again = site.try_place(sku, key=key).must(201)
    assert placed_again == first.placed
    site.pay(first)
    site.reaches(first, "fulfilled")
    again = site.try_place(sku, key=key).must(201)
    assert (again["id"], again["access_token"], again["state"]) == (first.id, first.token, "fulfilled")
    product = _product_of(shop, sku)
    shop.admin("POST", f"/products/{product}/archive").must()
    assert site.try_place(sku, key=key).must(201)["id"] == first.id
    site.try_place(sku).refuses(422, "not_on_sale")
    assert len(books.orders(sku)) == 1
    assert site.received(first)[0] in codes


def _product_of(shop: Shop, sku: str) -> str:
    return shop.admin("GET", f"/skus/{sku}").must()["product_id"]


def test_an_order_key_with_another_body_is_refused(shop: Shop, site: Store, books: Books) -> None:
    sku = shop.sku()
    shop.stock(sku, 5)
    key = number()
    site.place(sku, key=key)
    before = books.everything()
    site.try_place(sku, 2, key=key).refuses(422, "idempotency_key_reused")
    site.try_place(sku, key=key, contact={"email": "another@example.com"}).refuses(422, "idempotency_key_reused")
    site.try_place(sku, key=key, query_password="plum").refuses(422, "idempotency_key_reused")
    assert books.everything() == before
    # Another channel's same number is another order.
    assert shop.channel().place(sku, key=key)


def test_one_key_sent_many_times_at_once_makes_one_order(shop: Shop, site: Store, books: Books) -> None:
    sku = shop.sku()
    shop.stock(sku, 8)
    key = number()
    with ThreadPoolExecutor(8) as several:
        answers = list(several.map(lambda _: site.try_place(sku, key=key), range(8)))
    # While the first call is at work the others are told to come again; they did.
    assert {answer.must(201)["id"] for answer in answers} == {answers[0].body["id"]}
    assert len(books.orders(sku)) == 1
    assert books.check_no_card_twice(sku) == {"reserved": 1, "available": 7}


def test_a_payment_key_opens_one_payment(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    assert site.open_payment(order, "a") == site.open_payment(order, "a") != site.open_payment(order, "b")
    site.pay(order, "a")
    site.reaches(order, "fulfilled")
    done = until(lambda: site.status(order) if _has_no_open_payment(site, order) else None)  # the other was closed
    assert site.open_payment(order, "a") == site.open_payment(order, "a")
    assert site.status(order) == done
    path, body = f"/v1/orders/{order.id}/payments", {"provider": "sandbox"}
    site.wire.send("POST", path, body, credential=site.browser, key="c").refuses(409, "conflict")


def _has_no_open_payment(site: Store, order: Order) -> bool:
    return all(payment["state"] != "open" for payment in site.status(order)["payments"])


def test_admin_calls_may_be_repeated(shop: Shop) -> None:
    body = {"id": number("c"), "name": "Twice", "kind": "site"}
    key = number()
    first = shop.admin("POST", "/channels", body, key=key).must(201)
    assert shop.admin("POST", "/channels", body, key=key).must(201) == first
    shop.admin("POST", "/channels", {**body, "name": "Other"}, key=key).refuses(422, "idempotency_key_reused")
    sku = shop.sku()
    lines = [number("CODE") for _ in range(2)]
    shop.secrets += lines
    announced = {"sku": sku, "supplier": "acme", "unit_cost": {"amount": 1, "currency": "CNY"}, "lines": lines}
    key = number()
    imports = [shop.admin("POST", "/imports", announced, key=key).must(201)["id"] for _ in range(2)]
    assert imports[0] == imports[1]
    assert shop.imported(imports[0])["accepted"] == 2
    more = {**announced, "lines": lines[:1]}
    shop.admin("POST", "/imports", more, key=key).refuses(422, "idempotency_key_reused")


def test_a_transaction_belongs_to_one_order_for_ever(shop: Shop, site: Store, provider: Provider) -> None:
    sku = shop.sku()
    shop.stock(sku, 2)
    first, second = site.place(sku), site.place(sku)
    notices = [
        provider.notice(order, site.open_payment(order), transaction=f"ST-{first.id}") for order in (first, second)
    ]
    assert notices[0].send(shop.wire).status == 200
    answer = notices[1].send(shop.wire)
    assert (answer.status, answer.body) == (409, {"received": False, "code": "conflict"})
    assert site.status(second)["state"] == "awaiting_payment"


def test_the_same_file_twice_brings_nothing_in(shop: Shop, books: Books) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 3)
    again = shop.paste(sku, codes)
    assert (again["accepted"], again["duplicate"]) == (0, 3)
    assert len(books.cards(sku)) == 3
    assert EMAIL not in str(books.cards(sku))
