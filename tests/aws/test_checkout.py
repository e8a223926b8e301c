"""Placing, paying, cancelling and expiring orders, with the rules that must hold under replay and races."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from checkout.lookup import look_up
from checkout.messages import LookupBody, OrderBody
from checkout.pay import cancel
from checkout.place import place_order
from quanyi.callers import Caller
from quanyi.errors import Conflict, KeyReused, NotFound, NotOnSale, OverLimit, Refusal, SoldOut
from quanyi.orders.model import Order
from quanyi.risk.refusals import TooManyUnpaid
from tests.aws.conftest import Cloud
from tests.aws.market import SITE, Market, without_decisions


@pytest.fixture
def market(cloud: Cloud) -> Market:
    return Market(cloud)


def test_an_order_holds_its_cards_and_delivers_them_once_paid(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 3)
    order = market.place(quantity=2)
    assert order.state == "awaiting_payment"
    assert order.total == 2 * 1999
    assert len(market.cards_in("reserved")) == 2
    paid = market.pay(order)
    assert paid.state == "paid"
    assert market.run() == ["Fulfil", "Route", "Done"]
    done = market.order(order)
    assert done.state == "fulfilled"
    assert {u.state for u in done.units} == {"delivered"}
    assert len(market.cards_in("delivered")) == 2
    market.check_nothing_is_wrong()


def test_the_same_key_answers_the_first_order_whatever_happened_since(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 3)
    first = market.place(key="T-1")
    market.pay(first)
    market.run()
    market.sku(product_state="archived")
    again = market.place(key="T-1")
    assert (again.id, again.state) == (first.id, "fulfilled")
    assert len(market.cards_in("available")) == 2
    with pytest.raises(KeyReused):
        market.place(key="T-1", quantity=2)
    market.sku()
    with pytest.raises(KeyReused):
        market.place(key="T-1", quantity=2)


def test_another_channels_same_key_is_another_order(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 3)
    other = Caller(role="storefront", key_id="K2", channel="taobao")
    assert market.place(key="T-1").id != market.place(key="T-1", caller=other).id


def test_a_shortage_names_every_sku_and_leaves_nothing_behind(market: Market) -> None:
    market.sku("a", limit_per_buyer=9)
    market.sku("b")
    market.stock("a", 2)
    market.stock("b", 5)
    market.place("a", key="warm", member="u1", contact={})  # keys and member exist
    before = without_decisions(market.cloud.contents())
    body = {
        "lines": [{"sku": "a", "quantity": 3}, {"sku": "b", "quantity": 6}],
        "member": "u1",
    }
    with pytest.raises(SoldOut) as refusal:
        place_order(market.shop, SITE, "k", OrderBody.model_validate(body))
    assert {(s.sku, s.wanted, s.left) for s in refusal.value.shortages} == {("a", 3, 1), ("b", 6, 5)}
    assert without_decisions(market.cloud.contents()) == before


def test_two_hundred_cards_and_four_hundred_buyers(market: Market) -> None:
    """moto's single conditional writes are exact (its transactions are not, and none is used here)."""
    market.sku()
    market.stock("ik-month", 40)

    def buy(number: int) -> Order | None:
        try:
            return market.place(key=f"B{number}", member=f"u{number}", contact={})
        except SoldOut:
            return None

    market.place(key="warm", member="w", contact={})
    with ThreadPoolExecutor(16) as buyers:
        orders = [order for order in buyers.map(buy, range(80)) if order]
    cards = [unit.card for order in orders for unit in order.units]
    assert len(cards) == 39
    assert len(set(cards)) == 39
    market.check_nothing_is_wrong()


@pytest.mark.parametrize("quantity", [1, 2])
def test_a_purchase_limit_holds_under_concurrency_and_comes_back_on_expiry(market: Market, quantity: int) -> None:
    market.sku(limit_per_buyer=4)
    market.stock("ik-month", 30)

    def buy(number: int) -> Order | None:
        try:
            return market.place(key=f"B{number}", member="same", contact={}, quantity=quantity)
        except (OverLimit, TooManyUnpaid):  # at once they may be more than one buyer may leave unpaid
            return None

    with ThreadPoolExecutor(8) as buyers:
        orders = [order for order in buyers.map(buy, range(16)) if order]
    assert sum(len(order.units) for order in orders) == 4
    market.later(minutes=16)
    market.sweep()
    assert {market.order(o).state for o in orders} == {"expired"}
    assert len(market.cards_in("available")) == 30
    assert market.place(key="again", member="same", contact={}, quantity=4).state == "awaiting_payment"


def test_what_is_not_on_sale_here_is_refused_with_all_names(market: Market) -> None:
    market.sku("draft", product_state="draft")
    market.sku("elsewhere", channels={"site": {"visible": False}})
    market.sku("over", on_sale_until="2026-11-01T00:00:00Z")
    market.sku("fine")
    lines = [{"sku": s, "quantity": 1} for s in ("draft", "elsewhere", "over", "fine", "unknown")]
    with pytest.raises(NotOnSale) as refusal:
        place_order(market.shop, SITE, "k", OrderBody.model_validate({"lines": lines, "member": "u"}))
    assert set(refusal.value.extra["skus"]) == {"draft", "elsewhere", "over", "unknown"}


def test_mixed_currencies_and_outdated_quotes_are_refused(market: Market) -> None:
    market.sku("a")
    market.sku("b", currency="USD")
    lines = [{"sku": s, "quantity": 1} for s in "ab"]
    with pytest.raises(Refusal) as refusal:
        place_order(market.shop, SITE, "k", OrderBody.model_validate({"lines": lines, "member": "u"}))
    assert refusal.value.extra["reason"] == "mixed_currencies"
    with pytest.raises(Refusal) as refusal:
        market.place("a", quote="0" * 32)
    assert refusal.value.code == "quote_outdated"


def test_a_cancelled_order_frees_its_cards_and_cannot_be_paid(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    market.open_payment(order)
    ended = cancel(market.shop, SITE, order.id)
    assert ended.state == "cancelled"
    assert cancel(market.shop, SITE, order.id) == ended
    assert len(market.cards_in("available")) == 1
    with pytest.raises(Conflict):
        market.open_payment(order, "p2")


def test_cancelling_a_paid_order_books_the_money_instead(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    _, payment = market.open_payment(order)
    market.captured(payment)  # the provider has the money, its notification is still on its way
    with pytest.raises(Conflict):
        cancel(market.shop, SITE, order.id)
    assert market.order(order).state == "paid"
    market.run()
    assert market.order(order).state == "fulfilled"


def test_the_sweep_finds_money_whose_notification_was_lost(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    _, payment = market.open_payment(order)
    market.captured(payment)
    market.later(minutes=16)
    market.sweep()
    market.run()
    assert market.order(order).state == "fulfilled"
    market.check_nothing_is_wrong()


def test_a_foreign_order_is_not_found(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    with pytest.raises(NotFound):
        cancel(market.shop, Caller(role="storefront", key_id="K2", channel="taobao"), order.id)


def test_orders_are_found_by_contact_and_query_password(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 3)
    both = {"phone": "+86 138-0013-8000", "email": "Buyer@example.com"}
    mine = market.place(contact=both, query_password="hunter22")
    market.place(contact={"phone": "+86 138-0013-8000"}, query_password="other password")
    for contact in ("+8613800138000", "138 0013 8000", " buyer@EXAMPLE.com"):
        ask = LookupBody.model_validate({"contact": contact, "query_password": "hunter22"})
        assert [o.id for o in look_up(market.shop, SITE, ask)] == [mine.id]
    for contact, password in [("+8613800138000", "nothing"), ("+13800138000", "hunter22")]:
        wrong = LookupBody.model_validate({"contact": contact, "query_password": password})
        assert look_up(market.shop, SITE, wrong) == [], "a number of another country is another's"


def test_a_bundle_holds_every_component_and_splits_its_price(market: Market) -> None:
    market.sku("video", price=2000)
    market.sku("music", price=1000)
    market.sku(
        "both", kind="bundle", price=2500, components=[{"sku": "video", "quantity": 1}, {"sku": "music", "quantity": 2}]
    )
    market.stock("video", 2)
    market.stock("music", 4)
    order = market.place("both", quantity=2)
    assert sum(u.amount for u in order.units) == order.total == 5000
    assert len(market.cards_in("reserved")) == 6
    market.pay(order)
    market.run()
    assert market.order(order).state == "fulfilled"


def test_a_call_that_died_is_taken_over_or_swept(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.sku()
    market.stock("ik-month", 2)
    save = market.shop.orders.save
    with monkeypatch.context() as dying:
        dying.setattr(type(market.shop.orders), "save", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            market.place(key="T-1")
    assert len(market.cards_in("reserved")) == 1
    assert save
    market.later(minutes=1, seconds=1)
    order = market.place(key="T-1")
    assert order.state == "awaiting_payment"
    market.pay(order)
    market.run()
    market.later(minutes=25)
    market.sweep()
    assert (len(market.cards_in("delivered")), len(market.cards_in("available"))) == (1, 1)
    market.check_nothing_is_wrong()
