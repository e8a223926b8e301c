"""Orders whose time to pay is over: never a card that somebody else may have, never money without an end."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.stack.books import Books
from tests.stack.deployed import Deployed
from tests.stack.provider import Provider
from tests.stack.shop import Order, Shop, Store

SECONDS = 5


@pytest.fixture(scope="module", autouse=True)
def _hurry(deployed: Deployed) -> Iterator[None]:
    with deployed.payment_seconds(SECONDS):
        yield


def wait_for_the_end(order: Order) -> None:
    left = datetime.fromisoformat(order.placed["expires_at"]) - datetime.now(UTC)
    time.sleep(max(0, left.total_seconds()) + 0.1)


def test_an_unpaid_order_gives_its_cards_back(shop: Shop, site: Store, deployed: Deployed, books: Books) -> None:
    sku = shop.sku()
    shop.stock(sku, 2)
    order = site.place(sku, 2)
    payment = site.open_payment(order)
    site.try_place(sku).refuses(409, "sold_out")
    wait_for_the_end(order)
    deployed.sweep("CheckoutSweep")
    ended = site.status(order)
    assert (ended["state"], ended["end_reason"]) == ("expired", "not paid in time")
    site.play(payment).refuses(409, "conflict")
    assert books.check_no_card_twice(sku) == Counter(available=2)
    assert len(site.buy(sku, 2)[1]) == 2


def test_money_whose_notification_got_lost_is_found_by_the_sweep(shop: Shop, site: Store, deployed: Deployed) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    order = site.place(sku)
    site.pay(order, times=0)
    assert site.status(order)["state"] == "awaiting_payment"
    wait_for_the_end(order)
    deployed.sweep("CheckoutSweep")
    site.reaches(order, "fulfilled")
    assert site.received(order) == codes


def test_money_after_the_deadline_and_before_the_sweep(
    shop: Shop, site: Store, provider: Provider, books: Books
) -> None:
    """The hold is over, swept or not: the order draws anew, and gets the card that is there."""
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    late = site.place(sku)
    payment = site.open_payment(late)
    wait_for_the_end(late)
    assert provider.notice(late, payment).send(shop.wire).status == 200
    assert site.reaches(late, "fulfilled")["refunded"]["amount"] == 0
    assert site.received(late) == codes
    assert books.check_no_card_twice(sku) == Counter(delivered=1)


def test_money_for_a_card_that_somebody_else_bought_goes_back(
    shop: Shop, site: Store, provider: Provider, deployed: Deployed, books: Books
) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    late = site.place(sku)
    payment = site.open_payment(late)
    wait_for_the_end(late)
    deployed.sweep("CheckoutSweep")
    assert site.status(late)["state"] == "expired"
    _, received = site.buy(sku)
    assert received == codes
    notice = provider.notice(late, payment)
    assert [notice.send(shop.wire).status for _ in range(2)] == [200, 200]
    done = site.reaches(late, "refunded")
    assert (done["delivered"], done["refunded"]["amount"]) == (0, 1999)
    assert site.received(late) == []
    assert books.check_no_card_twice(sku) == Counter(delivered=1)


def test_the_same_key_after_the_end_answers_the_ended_order(shop: Shop, site: Store, deployed: Deployed) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku, key="ended-order")
    wait_for_the_end(order)
    deployed.sweep("CheckoutSweep")
    again = site.try_place(sku, key="ended-order").must(201)
    assert (again["id"], again["state"]) == (order.id, "expired")
