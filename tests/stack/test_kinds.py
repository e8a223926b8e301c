"""What can be bought besides one card at once: bundles, services by people, things not in stock yet, shared keys."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.stack.books import Books
from tests.stack.deployed import Deployed
from tests.stack.shop import Order, Shop, Store, number, until


def test_a_bundle_delivers_each_component_and_splits_its_price(shop: Shop, site: Store, books: Books) -> None:
    video, music = shop.sku(price=3000), shop.sku(price=1000)
    parts = [{"sku": video, "quantity": 1}, {"sku": music, "quantity": 2}]
    pack = shop.sku(kind="bundle", price=4001, components=parts)
    codes = {video: shop.stock(video, 2), music: shop.stock(music, 3)}
    order, received = site.buy(pack)
    assert Counter(code in codes[video] for code in received) == {True: 1, False: 2}
    assert set(received) <= {*codes[video], *codes[music]}
    (found,) = books.orders(video)
    assert sum(unit.amount for unit in found.units) == order.placed["total"]["amount"] == 4001
    # Two more bundles would need two videos and four songs.
    short = site.try_place(pack, 2).refuses(409, "sold_out")["shortages"]
    assert {(s["sku"], s["wanted"], s["left"]) for s in short} == {(video, 2, 1), (music, 4, 1)}
    assert books.check_no_card_twice(music) == Counter(delivered=2, available=1)


def test_a_service_waits_for_a_person(shop: Shop, site: Store) -> None:
    support = shop.new_key("support")["key"]
    service, code = shop.sku(kind="manual", price=500), shop.sku()
    codes = shop.stock(code, 1)
    lines = [{"sku": service, "quantity": 1}, {"sku": code, "quantity": 1}]
    order = site.place(service, lines=lines)
    site.pay(order)
    until(lambda: site.status(order)["delivered"] == 1)
    assert site.status(order)["state"] == "fulfilling"
    assert site.received(order) == codes
    text = f"您的座位是 {number('SEAT')}"
    shop.secrets.append(text)
    path = f"/v1/orders/{order.id}/manual-delivery"
    by_hand = shop.wire.send("POST", path, {"text": text}, credential=support).must()
    assert len(by_hand["delivered"]) == 1
    site.reaches(order, "fulfilled")
    assert sorted(site.received(order)) == sorted([text, *codes])
    # Once more changes nothing, and nobody delivers what has not been paid.
    assert shop.wire.send("POST", path, {"text": "another"}, credential=support).must()["delivered"]
    assert text in site.received(order)
    unpaid = site.place(service)
    unpaid_path = f"/v1/orders/{unpaid.id}/manual-delivery"
    shop.wire.send("POST", unpaid_path, {"text": text}, credential=support).refuses(409, "conflict")


def test_paid_orders_wait_for_stock_in_their_turn(shop: Shop, site: Store, books: Books) -> None:
    """Three orders, two cards arrive: the first two get them, before anybody who comes later."""
    sku = shop.sku(hold="payment", on_shortage="backlog", backlog_hours=24)
    waiting: list[Order] = []
    for _ in range(3):
        order = site.place(sku)
        site.pay(order)
        site.reaches(order, "fulfilling")
        waiting.append(order)
    codes = shop.stock(sku, 2)
    for order in waiting[:2]:
        site.reaches(order, "fulfilled")
    assert sorted(code for order in waiting[:2] for code in site.received(order)) == sorted(codes)
    assert site.status(waiting[2])["state"] == "fulfilling"
    assert books.check_no_card_twice(sku) == Counter(delivered=2)
    more = shop.stock(sku, 2)
    site.reaches(waiting[2], "fulfilled")
    assert set(site.received(waiting[2])) < set(more)
    assert books.check_no_card_twice(sku) == Counter(delivered=3, available=1)


def test_what_is_taken_at_payment_and_gone_by_then_is_refunded(shop: Shop, site: Store) -> None:
    sku = shop.sku(hold="payment")
    shop.stock(sku, 1)
    first, second = site.place(sku), site.place(sku)
    site.pay(first)
    site.reaches(first, "fulfilled")
    site.pay(second)
    done = site.reaches(second, "refunded")
    assert (done["delivered"], done["refunded"]["amount"]) == (0, 1999)
    site.try_place(sku).refuses(409, "sold_out")


def test_one_reusable_key_serves_as_many_buyers_as_it_may(shop: Shop, site: Store) -> None:
    sku = shop.sku(reusable_uses=3)
    (code,) = shop.stock(sku, 1)
    assert site.buy(sku, 2)[1] == [code, code]
    assert site.buy(sku)[1] == [code]
    site.try_place(sku).refuses(409, "sold_out")


def test_a_purchase_limit_holds_however_many_try_at_once(shop: Shop, site: Store) -> None:
    sku = shop.sku(limit_per_buyer=3)
    shop.stock(sku, 12)
    buyer: dict[str, Any] = {"contact": {}, "member": number("m")}
    with ThreadPoolExecutor(10) as several:
        answers = list(several.map(lambda _: site.try_place(sku, **buyer), range(10)))
    assert Counter(answer.status for answer in answers) == {201: 3, 409: 7}
    for answer in answers:
        if answer.status == 409:
            (limit,) = answer.refuses(409, "purchase_limit")["limits"]
            assert (limit["sku"], limit["limit"]) == (sku, 3)
    # Somebody else may, and a cancelled order no longer counts.
    site.place(sku, contact={}, member=number("m"))
    (placed,) = [answer.body for answer in answers if answer.status == 201][:1]
    path = f"/v1/orders/{placed['id']}/cancel"
    assert site.wire.send("POST", path, credential=site.browser).must()["state"] == "cancelled"
    assert site.place(sku, **buyer)


def test_a_limit_per_order_is_told_in_the_quote(shop: Shop, site: Store) -> None:
    sku = shop.sku(limit_per_order=2)
    lines = [{"sku": sku, "quantity": 3}]
    site.wire.send("POST", "/v1/quotes", {"lines": lines}, credential=site.browser).refuses(409, "purchase_limit")


def test_a_cancelled_order_frees_its_cards_and_sends_back_what_still_comes(
    shop: Shop, site: Store, books: Books
) -> None:
    sku = shop.sku()
    shop.stock(sku, 2)
    order = site.place(sku, 2)
    payment = site.open_payment(order)
    path = f"/v1/orders/{order.id}/cancel"
    assert site.wire.send("POST", path, credential=site.browser).must()["state"] == "cancelled"
    assert site.wire.send("POST", path, credential=site.browser).must()["state"] == "cancelled"
    site.play(payment).refuses(409, "conflict")
    assert books.check_no_card_twice(sku) == Counter(available=2)
    bought, _ = site.buy(sku)
    path = f"/v1/orders/{bought.id}/cancel"
    site.wire.send("POST", path, credential=site.browser).refuses(409, "conflict")


def test_an_order_is_found_by_contact_and_password(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 3)
    contact = f"{number('buyer')}@example.com"
    first = site.place(sku, contact={"email": contact}, query_password="plum blossom")
    second = site.place(sku, contact={"email": contact}, query_password="plum blossom")
    site.place(sku, contact={"email": contact}, query_password="another one")

    def look_up(store: Store, password: str, who: str = contact) -> list[str]:
        body = {"contact": who, "query_password": password}
        found = store.wire.send("POST", "/v1/orders/lookup", body, credential=store.browser).must()
        return [order["id"] for order in found["orders"]]

    assert until(lambda: look_up(site, "plum blossom")) == [second.id, first.id]
    assert look_up(site, "plum blossom", contact.upper()) == [second.id, first.id]
    assert look_up(site, "guess") == []
    assert look_up(site, "plum blossom", "nobody@example.com") == []
    assert look_up(shop.channel(), "plum blossom") == []


@pytest.mark.parametrize("dry", [True, False])
def test_a_dry_run_reports_and_changes_nothing(shop: Shop, site: Store, books: Books, dry: bool) -> None:
    sku = shop.sku()
    codes = [number("DRY") for _ in range(3)]
    found = shop.paste(sku, [*codes, codes[0], "x y z"], dry_run=dry)
    assert (found["read"], found["accepted"], found["duplicate"]) == (5, 3, 1), found
    assert len(books.cards(sku)) == (0 if dry else 3)


def test_channels_have_their_own_price_window_and_stock(shop: Shop, site: Store) -> None:
    other = shop.channel(shared_too=False)
    sku = shop.sku(channels={site.channel: {"price": 1500}})
    hidden = shop.sku(only_listed_channels=True, channels={site.channel: {}})
    codes = shop.stock(sku, 1, channel=site.channel)
    shop.stock(hidden, 1)
    assert site.place(hidden)
    other.try_place(hidden).refuses(422, "not_on_sale")
    other.try_place(sku).refuses(409, "sold_out")
    order, received = site.buy(sku)
    assert (order.placed["total"]["amount"], received) == (1500, codes)
    shop.stock(sku, 1)
    other.try_place(sku).refuses(409, "sold_out")
    assert site.place(sku)


def test_the_sweeps_find_nothing_to_do(deployed: Deployed) -> None:
    assert set(deployed.sweep("CheckoutSweep")) == {"orders", "cards"}
    assert set(deployed.sweep("FulfillSweep")) == {"started"}
