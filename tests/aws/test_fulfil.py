"""From paid to delivered or refunded: lateness, shortage, backlog, manual services, surplus, and what reveals show."""

import secrets
from dataclasses import replace

import pytest

from fulfill.reveal import reveal
from fulfill.serve import serve
from fulfill.support import ManualBody, deliver_by_hand
from quanyi.backlog import held_for
from quanyi.callers import Caller
from quanyi.cards.model import Face, NewCard, Pool, card_id
from quanyi.errors import Conflict, Forbidden, NotFound
from quanyi.orders.books import books
from quanyi.orders.numbers import payment_number
from quanyi.payments.port import Captured
from quanyi.secret import Secret
from quanyi.vault.sealing import seal
from tests.aws.conftest import Cloud
from tests.aws.market import SITE, Market

SUPPORT = Caller(role="support", key_id="S1")


@pytest.fixture
def market(cloud: Cloud) -> Market:
    return Market(cloud)


def test_a_late_payment_draws_anew_and_is_delivered(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    order = market.place()
    _, payment = market.open_payment(order)
    fact = market.captured(payment)
    market.later(minutes=16)
    late = market.notify(fact)  # before any sweep
    assert (late.state, late.attempt) == ("paid", 2)
    market.run()
    assert market.order(order).state == "fulfilled"
    assert (len(market.cards_in("delivered")), len(market.cards_in("available"))) == (1, 1)
    market.check_nothing_is_wrong()


def test_a_late_payment_without_stock_is_refunded_at_once(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    _, payment = market.open_payment(order)
    fact = market.captured(payment)
    market.later(minutes=16)
    # The shop's sweep asked the provider too early to hear of the money: as if it had closed the payment.
    market.shop.orders.change(order.id, lambda it: it.model_copy(update={"payments": it.payments}))
    free = market.works.cards.release(order.units[0].card or "", hold=f"{order.id}#1")
    assert free
    other = market.place(key="other", contact={"email": "other@example.com"})
    market.notify(fact)
    market.run()
    refunded = market.order(order)
    assert refunded.state == "refunded"
    assert books(refunded).refunded == 1999
    assert market.order(other).state == "awaiting_payment"
    market.check_nothing_is_wrong()


def test_a_replayed_notification_and_a_replayed_workflow_change_nothing(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 3)
    order = market.place()
    _, payment = market.open_payment(order)
    fact = market.captured(payment)
    for _ in range(3):
        market.notify(fact)
    market.run()
    before = market.cloud.contents()
    for _ in range(3):
        market.notify(fact)
        market.workflow.alive = {(order.id, 1)}
        market.run()
    assert market.cloud.contents() == before
    assert market.workflow.started == [(order.id, 1)]


def test_a_transaction_belongs_to_one_order(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 3)
    one, two = market.place(key="1"), market.place(key="2")
    _, payment = market.open_payment(one)
    _, other = market.open_payment(two)
    fact = market.captured(payment)
    market.notify(fact)
    with pytest.raises(Conflict):
        market.notify(Captured(other, fact.transaction, fact.amount, fact.currency))
    swapped = payment_number(two.id, "sandbox", "nobody opened this")
    with pytest.raises(NotFound):
        market.notify(Captured(swapped, "T2", fact.amount, fact.currency))
    assert market.order(two).state == "awaiting_payment"


@pytest.mark.parametrize(("amount", "refunded"), [(2999, 1000), (1999, 0)])
def test_a_surplus_goes_back(market: Market, amount: int, refunded: int) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    market.pay(order, amount)
    market.run()
    done = market.order(order)
    assert done.state == "fulfilled"
    assert books(done).model_dump() == {"captured": amount, "delivered": 1999, "refunded": refunded, "owed": 0}


def test_too_little_waits_for_the_rest_and_goes_back_when_none_comes(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    whole, part = market.place(key="1"), market.place(key="2")
    assert market.pay(whole, 1000, "p1").state == "awaiting_payment"
    assert market.pay(whole, None, "p2").state == "paid"
    market.pay(part, 1000)
    market.later(minutes=16)
    market.sweep()
    market.later(minutes=3)
    market.sweep()
    market.run()
    assert market.order(whole).state == "fulfilled"
    back = market.order(part)
    assert (back.state, books(back).refunded) == ("refunded", 1000)
    market.check_nothing_is_wrong()


def test_two_payments_in_flight_refund_the_second(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    _, first = market.open_payment(order, "p1")
    _, second = market.open_payment(order, "p2")
    one, two = market.captured(first), market.captured(second)
    market.notify(one)
    market.run()
    market.notify(two)
    market.sweep()
    market.later(minutes=3)
    market.sweep()
    market.run()
    done = market.order(order)
    assert done.state == "fulfilled"
    assert books(done).model_dump() == {"captured": 3998, "delivered": 1999, "refunded": 1999, "owed": 0}
    assert done.refunds[0].shares[0].payment == second


def test_money_for_a_cancelled_order_goes_back(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    _, payment = market.open_payment(order)
    market.shop.orders.change(order.id, lambda it: it.model_copy(update={"state": "cancelled"}))
    market.notify(market.captured(payment))
    market.run()
    assert books(market.order(order)).refunded == 1999


def test_hold_at_payment_refunds_what_was_gone_meanwhile(market: Market) -> None:
    market.sku(hold="payment")
    market.stock("ik-month", 1)
    one, two = market.place(key="1"), market.place(key="2")
    assert market.cards_in("reserved") == []
    for order in (one, two):
        market.pay(order)
    market.run()
    assert sorted([market.order(one).state, market.order(two).state]) == ["fulfilled", "refunded"]
    market.check_nothing_is_wrong()


def test_the_backlog_is_served_first_come_first_served_before_the_pool(market: Market) -> None:
    market.sku(hold="payment", on_shortage="backlog", backlog_hours=2)
    orders = []
    for number in range(3):
        order = market.place(key=f"{number}", contact={"email": f"b{number}@example.com"})
        market.pay(order)
        market.later(seconds=1)
        orders.append(order)
    assert market.run()[-1] == "WaitForStockOrPerson"
    assert [e.order for e in market.works.backlog.waiting("ik-month", 9)] == [o.id for o in orders]
    for _ in range(2):
        _arrive(market)
    market.run()
    assert [market.order(o).state for o in orders] == ["fulfilled", "fulfilled", "fulfilling"]
    assert [e.order for e in market.works.backlog.waiting("ik-month", 9)] == [orders[2].id]
    market.later(hours=2, minutes=1)
    market.run()
    assert market.order(orders[2]).state == "refunded"
    assert market.works.backlog.waiting("ik-month", 9) == []
    assert market.cards_in("available") == []
    market.check_nothing_is_wrong()


def _arrive(market: Market) -> None:
    """One card arrives for the head of the queue, as the importer does it."""
    entry = market.works.backlog.waiting("ik-month", 1)[0]
    batch = market.stock("ik-month", 0)
    assert batch == []
    face = Face("code", Secret(secrets.token_hex(8)))
    new = card_id(market.cloud.keyring.key("fingerprint"), "acme", face)
    card = NewCard(new, "B1", Pool.of("ik-month", None, None, "Asia/Shanghai"), seal(b"k" * 32, face.to_text(), new))
    market.shop.cards.insert(card, **held_for(entry, card, market.now))
    assert market.works.backlog.give(entry, new)
    served = replace(entry, card=new)
    serve(market.works, served)
    serve(market.works, served)


def test_a_manual_service_waits_for_support_and_shows_its_text_only_to_the_buyer(market: Market) -> None:
    market.sku("setup", kind="manual", price=5000)
    order = market.place("setup")
    market.pay(order)
    assert market.run()[-1] == "WaitForStockOrPerson"
    body = ManualBody(text=Secret("账号 a / 密码 b"))
    for _ in range(2):
        deliver_by_hand(market.works, SUPPORT, order.id, body)
    market.run()
    assert market.order(order).state == "fulfilled"
    view = reveal(market.works, SITE, order.id)
    assert view.deliveries[0].units[0].text == "账号 a / 密码 b"
    assert "密码" not in str(market.cloud.contents())
    with pytest.raises(Conflict):
        deliver_by_hand(market.works, SUPPORT, order.id, ManualBody(units=("9-9",), text=Secret("x")))


def test_a_manual_service_that_nobody_delivers_is_refunded(market: Market) -> None:
    market.sku("setup", kind="manual", price=5000, backlog_hours=1)
    order = market.place("setup")
    market.pay(order)
    market.run()
    market.later(hours=1, minutes=1)
    market.run()
    assert market.order(order).state == "refunded"


def test_a_reveal_marks_before_it_shows_and_is_for_the_buyer_only(market: Market) -> None:
    market.sku(tutorial={"zh-CN": "打开 App，点兑换", "en": "Open the app"})
    market.stock("ik-month", 2, pin=True)
    order = market.place(quantity=2)
    assert [u.number for d in reveal(market.works, SITE, order.id).deliveries for u in d.units] == [None, None]
    market.pay(order)
    market.run()
    token = Caller(role="order", order=order.id)
    for caller in (SITE, token):
        delivery = reveal(market.works, caller, order.id).deliveries[0]
        assert delivery.tutorial == "打开 App，点兑换"
        units = delivery.units
        assert {u.number for u in units} == set(market.secrets_made)
        assert all(u.pin and u.format == "number_pin" for u in units)
    assert all(market.shop.cards.get(u.card or "")["revealed_at"] for u in market.order(order).units)  # type: ignore[index]
    with pytest.raises(NotFound):
        reveal(market.works, Caller(role="order", order="O" + "0" * 20), order.id)
    with pytest.raises(NotFound):
        reveal(market.works, Caller(role="storefront", channel="taobao"), order.id)
    with pytest.raises(Forbidden):
        reveal(market.works, Caller(role="operator"), order.id)
    assert not market.works.cards.take_back(market.order(order).units[0].card or "", order=order.id, unit="0-0")


def test_a_held_card_that_was_lost_is_replaced(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    order = market.place()
    market.pay(order)
    held = order.units[0].card or ""
    market.works.cards.release(held, hold=f"{order.id}#1")
    market.works.cards.quarantine(held, by="operator:x", reason="suspect")
    market.run()
    done = market.order(order)
    assert done.state == "fulfilled"
    assert done.units[0].card not in (None, held)
    market.check_nothing_is_wrong()


def test_a_frozen_card_does_not_hide_the_others(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    order = market.place(quantity=2)
    market.pay(order)
    market.run()
    market.works.cards.quarantine(market.order(order).units[0].card or "", by="operator:x", reason="suspect")
    frozen, good = reveal(market.works, SITE, order.id).deliveries[0].units
    assert (frozen.number, frozen.withheld) == (None, True)
    assert good.number in market.secrets_made
    assert not good.withheld


def test_a_dead_execution_is_replaced(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    market.pay(order)
    market.workflow.alive.clear()  # it died
    market.later(minutes=3)
    market.sweep()
    assert market.workflow.started == [(order.id, 1), (order.id, 2)]
    market.run()
    assert market.order(order).state == "fulfilled"
    market.check_nothing_is_wrong()


def test_an_unknown_refund_is_asked_again_never_sent_again(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.sku(hold="payment")
    cards = market.stock("ik-month", 1)
    order = market.place()
    market.works.cards.void(cards[0], by="operator:x", reason="test")
    sent, asked = [], []
    monkeypatch.setattr(type(market.sandbox), "refund", lambda _, key, *a: sent.append(key) or "unknown")
    monkeypatch.setattr(
        type(market.sandbox),
        "query_refund",
        lambda _, key: asked.append(key) or ("succeeded" if len(asked) > 2 else "unknown"),
    )
    market.pay(order)
    market.run()
    assert (len(sent), len(asked)) == (1, 3)
    assert market.order(order).state == "refunded"
