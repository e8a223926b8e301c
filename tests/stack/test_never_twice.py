"""Many buyers, one stock: no card goes to two of them, and no money is left without its card or its way back."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.stack.books import Books
from tests.stack.provider import Provider
from tests.stack.shop import Answer, Order, Shop, Store

BUYERS = 64
CARDS = 30


def test_sixty_four_buyers_and_thirty_cards(
    shop: Shop, site: Store, books: Books, record_property: Callable[[str, object], None]
) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, CARDS)
    before = site.wire.throttled

    def buy(buyer: int) -> Answer | list[str]:
        """The refusal, or what was delivered; every notification comes three times."""
        answer = site.try_place(sku, contact={}, member=f"rush-{buyer}")
        if answer.status != 201:
            return answer
        order = Order(answer.body["id"], answer.body["access_token"], answer.body)
        site.pay(order, times=3)
        site.reaches(order, "fulfilled", seconds=90)
        return site.received(order)

    with ThreadPoolExecutor(BUYERS) as crowd:
        ends = list(crowd.map(buy, range(BUYERS)))
    sold = [code for end in ends if isinstance(end, list) for code in end]
    refused = [end for end in ends if isinstance(end, Answer)]
    record_property("sent again after a throttle", site.wire.throttled - before)
    assert sorted(sold) == sorted(codes)
    assert len(refused) == BUYERS - CARDS
    for answer in refused:
        assert answer.refuses(409, "sold_out")["shortages"] == [{"sku": sku, "wanted": 1, "left": 0}]
    assert books.check_no_card_twice(sku) == Counter(delivered=CARDS)
    assert all(order.state == "fulfilled" for order in books.orders(sku))


def test_a_notification_that_comes_three_times_at_once_counts_once(shop: Shop, site: Store, provider: Provider) -> None:
    sku = shop.sku()
    shop.stock(sku, 2)
    order = site.place(sku)
    notice = provider.notice(order, site.open_payment(order))
    with ThreadPoolExecutor(3) as several:
        answers = list(several.map(lambda _: notice.send(shop.wire), range(3)))
    assert [answer.status for answer in answers] == [200, 200, 200]
    done = site.reaches(order, "fulfilled")
    assert (done["delivered"], done["refunded"]["amount"]) == (1, 0)
    assert notice.send(shop.wire).status == 200
    assert site.status(order) == done


def test_money_that_comes_twice_goes_back_once(shop: Shop, site: Store, provider: Provider) -> None:
    """Two transactions for one try to pay."""
    sku = shop.sku()
    shop.stock(sku, 2)
    order = site.place(sku)
    payment = site.open_payment(order)
    notices = [provider.notice(order, payment) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        assert {answer.status for answer in both.map(lambda notice: notice.send(shop.wire), notices)} == {200}
    site.reaches(order, "fulfilled", "refunding")
    done = site.reaches(order, "fulfilled")
    assert (done["delivered"], done["refunded"]["amount"]) == (1, 1999)


def test_too_little_waits_and_too_much_goes_back(shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    site.pay(order, "first", amount=1000)
    assert site.status(order)["state"] == "awaiting_payment"
    site.pay(order, "second", amount=1500)
    done = site.reaches(order, "fulfilled")
    assert (done["delivered"], done["refunded"]["amount"]) == (1, 501)


def test_a_notification_older_than_five_minutes_is_refused(shop: Shop, site: Store, provider: Provider) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    stale = provider.notice(order, site.open_payment(order), age=timedelta(minutes=6))
    answer = stale.send(shop.wire)
    assert (answer.status, answer.body) == (401, {"received": False, "code": "notification_refused"})
    assert site.status(order)["state"] == "awaiting_payment"
