"""Buying for paid orders: delivered, or the next supplier, or refunded; never twice, never both."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from quanyi.cards.model import Face, hold_name
from quanyi.errors import AddressNotAllowed, Busy, Conflict, NotFound, SoldOut
from quanyi.orders.books import books
from quanyi.orders.refunds import with_refund
from quanyi.purchases.table import PurchasesTable
from quanyi.secret import Secret
from quanyi.supply.port import Answer, BoughtCard, Call, Forged
from quanyi.supply.table import OffersTable
from reorder.buy import buy
from reorder.notify import hear
from tests.aws.bazaar import Bazaar, states
from tests.aws.conftest import Cloud


@pytest.fixture
def bazaar(cloud: Cloud) -> Bazaar:
    return Bazaar(cloud)


def on_demand(bazaar: Bazaar, sku: str = "ik-month", **terms: Any) -> None:
    bazaar.sku(sku, **{"sourcing": "on_demand", "hold": "payment", "on_shortage": "backlog", **terms})


def test_a_paid_order_is_bought_and_delivered(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    order = bazaar.bought(quantity=3)
    assert order.state == "fulfilled"
    assert [unit.cost for unit in order.units] == [1500] * 3
    assert len(acme.sent) == 1
    (po,) = bazaar.purchases()
    assert (po.state, po.received, po.applied, po.due_at) == ("received", 3, True, None)
    bazaar.check_nothing_is_wrong()


def test_the_best_offer_is_taken_and_the_next_after_a_definite_failure(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    dear, cheap = bazaar.seller("dear"), bazaar.seller("cheap", "refuse")
    bazaar.sells("dear", cost=1800)
    bazaar.sells("cheap", cost=1000)
    order = bazaar.bought()
    assert order.state == "fulfilled"
    assert sum(cheap.sent.values()) == sum(dear.sent.values()) == 1
    assert sorted(states(bazaar.purchases())) == ["failed", "received"]
    assert bazaar.health("cheap").failed == 1
    assert order.units[0].tried == ("cheap",)


def test_an_offer_without_its_margin_is_not_taken(bazaar: Bazaar) -> None:
    on_demand(bazaar, least_margin=2_000, on_shortage="refund")
    bazaar.seller("acme")
    bazaar.sells("acme", cost=1599)  # of 1999, 20 % are to stay
    order = bazaar.place()
    offers = OffersTable(bazaar.suppliers.table)
    (offer,) = offers.of_sku("ik-month")
    offers.update_cost(offer, cost=1600, stock=None, on_sale=True, now=bazaar.now)
    order = bazaar.pay(order)
    bazaar.run()
    assert bazaar.order(order).state == "refunded"
    assert not bazaar.purchases()


def test_what_is_unknown_is_asked_about_and_never_sent_again(bazaar: Bazaar) -> None:
    on_demand(bazaar, on_shortage="refund")
    acme, other = bazaar.seller("acme", "lost_after"), bazaar.seller("other")
    bazaar.sells("acme", cost=1000)
    bazaar.sells("other", cost=1001)
    acme.deaf = True
    order = bazaar.bought()
    for _ in range(40):
        bazaar.sweep_purchases(seconds=600)
        bazaar.sweep()
        bazaar.run()
    order = bazaar.order(order)
    assert order.state == "fulfilling", "neither refunded nor bought elsewhere while nobody knows"
    assert not other.sent
    assert list(acme.sent.values()) == [1]
    with pytest.raises(Conflict):
        with_refund(order, [order.units[0].id], reason="asked", by="support", now=bazaar.now)
    acme.deaf = False
    bazaar.sweep_purchases(hours=2)
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    assert list(acme.sent.values()) == [1]


def test_what_never_arrived_is_bought_elsewhere_once_it_cannot_be_on_its_way(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    acme, other = bazaar.seller("acme", "lost_before"), bazaar.seller("other")
    bazaar.sells("acme", cost=1000)
    bazaar.sells("other", cost=1001)
    order = bazaar.bought()
    bazaar.sweep_purchases(minutes=9)
    bazaar.run()
    assert not other.sent
    bazaar.sweep_purchases(minutes=11)
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    assert (sum(acme.sent.values()), sum(other.sent.values())) == (1, 1)


def test_a_short_delivery_is_delivered_and_the_rest_bought_elsewhere(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    bazaar.seller("acme", "short")
    bazaar.seller("other")
    bazaar.sells("acme", cost=1000)
    bazaar.sells("other", cost=1001)
    order = bazaar.bought(quantity=4)
    assert order.state == "fulfilled"
    assert sorted((po.supplier, po.received, po.short) for po in bazaar.purchases()) == [
        ("acme", 3, 1),
        ("other", 1, 0),
    ]
    bazaar.check_nothing_is_wrong()


def test_more_cards_than_ordered_are_set_aside(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    bazaar.seller("acme", "double")
    bazaar.sells("acme")
    order = bazaar.bought(quantity=2)
    assert order.state == "fulfilled"
    assert bazaar.purchases()[0].surplus == 1
    assert len(bazaar.cards_in("quarantined")) == 1


def test_nobody_left_to_ask_goes_back_at_once_or_waits_for_its_promise(bazaar: Bazaar) -> None:
    on_demand(bazaar, on_shortage="refund")
    on_demand(bazaar, "patient", backlog_hours=1)
    acme = bazaar.seller("acme", "refuse")
    for sku in ("ik-month", "patient"):
        bazaar.sells("acme", sku)
    assert bazaar.bought().state == "refunded"
    patient = bazaar.bought("patient")
    assert patient.state == "fulfilling"
    acme.mood = lambda _: "ok"
    bazaar.later(minutes=11)
    bazaar.sweep()
    bazaar.run()
    assert bazaar.order(patient).state == "fulfilled"


def test_suppliers_that_failed_are_asked_again_in_turn(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    cheap, dear = bazaar.seller("cheap", "refuse"), bazaar.seller("dear", "refuse")
    bazaar.sells("cheap", cost=1000)
    bazaar.sells("dear", cost=1800)
    order = bazaar.bought()
    assert order.units[0].tried == ("cheap", "dear")
    dear.mood = lambda _: "ok"
    for _ in range(2):
        bazaar.later(minutes=13)
        bazaar.sweep()
        bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    assert (cheap.sent.total(), dear.sent.total()) == (2, 2)


def test_a_bought_card_that_is_lost_is_bought_anew(bazaar: Bazaar) -> None:
    """Bought, and blocked before it could be delivered: another one is bought, in a purchase of its own."""
    on_demand(bazaar)
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    order = bazaar.bought()
    acme.finish(bazaar.purchases()[0].id)
    acme.mood = lambda _: "ok"
    bazaar.sweep_purchases()
    (card,) = bazaar.cards_in("reserved")
    bazaar.shop.cards.release(card, hold=hold_name(order.id, order.attempt))
    bazaar.shop.cards.quarantine(card, by="operator:x", reason="suspect")
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    assert list(acme.sent.values()) == [1, 1]


def test_a_lost_card_is_bought_anew_while_the_rest_is_still_to_come(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    order = bazaar.bought(quantity=2)
    (first,) = bazaar.purchases()
    number = acme.orders[first.id]["cards"][0]
    acme.query = lambda _: Answer("pending", cards=(BoughtCard(Face("code", Secret(number))),))  # type: ignore[method-assign]
    acme.mood = lambda _: "ok"
    bazaar.sweep_purchases()
    (card,) = bazaar.cards_in("reserved")
    bazaar.shop.cards.release(card, hold=hold_name(order.id, order.attempt))
    bazaar.shop.cards.quarantine(card, by="operator:x", reason="suspect")
    bazaar.run()
    assert sorted(unit.state for unit in bazaar.order(order).units) == ["delivered", "waiting"]
    bazaar.sweep_purchases()
    assert card not in {unit.card for unit in bazaar.order(order).units}
    del acme.query
    acme.finish(first.id)
    bazaar.sweep_purchases(minutes=11)
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    assert list(acme.sent.values()) == [1, 1]
    bazaar.check_nothing_is_wrong()


def test_stock_comes_first_where_there_is_some(bazaar: Bazaar) -> None:
    bazaar.sku(sourcing="stock_then_supplier", hold="payment", on_shortage="backlog")
    bazaar.stock("ik-month", 2)
    bazaar.seller("acme")
    bazaar.sells("acme")
    order = bazaar.bought(quantity=3)
    assert order.state == "fulfilled"
    assert [po.quantity for po in bazaar.purchases()] == [1]


def test_a_slow_supplier_delivers_by_its_callback(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    order = bazaar.bought()
    (po,) = bazaar.purchases()
    assert (po.state, order.units[0].purchase) == ("confirmed", po.id)
    acme.finish(po.id)
    call = Call("POST", "/", {}, {"signed": "acme"}, po.id.encode())
    for _ in range(2):
        hear(bazaar.buying, "acme", call, "127.0.0.1")
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    bazaar.check_nothing_is_wrong()


def test_callbacks_that_are_forged_or_foreign_change_nothing(
    bazaar: Bazaar, capsys: pytest.CaptureFixture[str]
) -> None:
    on_demand(bazaar)
    acme = bazaar.seller("acme", "slow", callback_ips=["10.0.0.0/8"])
    bazaar.seller("other")
    bazaar.sells("acme")
    bazaar.bought()
    (po,) = bazaar.purchases()
    acme.finish(po.id)
    before = bazaar.cloud.contents("SupplyTable", "OrdersTable", "CardsTable")
    capsys.readouterr()
    for supplier, signed, source, purchase, refusal in (
        ("acme", "nobody", "10.1.1.1", po.id, Forged),
        ("acme", "acme", "11.1.1.1", po.id, AddressNotAllowed),
        ("other", "other", "10.1.1.1", po.id, NotFound),
        ("acme", "acme", "10.1.1.1", "P" + "0" * 20, NotFound),
        ("nobody", "nobody", "10.1.1.1", po.id, NotFound),
    ):
        with pytest.raises(refusal):
            hear(bazaar.buying, supplier, Call("POST", "/", {}, {"signed": signed}, purchase.encode()), source)
    assert bazaar.cloud.contents("SupplyTable", "OrdersTable", "CardsTable") == before
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ForgedCallback" in line]
    assert [told.get("supplier") for told in counted] == [None, "acme"] * 2  # the wrong signature, the wrong address


def test_a_failure_told_late_is_refunded_or_bought_elsewhere(bazaar: Bazaar) -> None:
    on_demand(bazaar, on_shortage="refund")
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    order = bazaar.bought()
    (po,) = bazaar.purchases()
    bazaar.sweep_purchases(hours=5)
    acme.finish(po.id, "failed")
    bazaar.sweep_purchases(hours=5)
    bazaar.run()
    order = bazaar.order(order)
    assert order.state == "refunded"
    assert books(order).owed == 0


def test_the_same_task_twice_buys_once(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    order = bazaar.bought(quantity=2)
    for _ in range(3):
        buy(bazaar.buying, order.id, order.attempt)
    assert list(acme.sent.values()) == [1]
    assert len(bazaar.purchases()) == 1


def test_a_person_is_called_after_the_suppliers_patience(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    acme = bazaar.seller("acme", "lost_after", patience_hours=3)
    bazaar.sells("acme")
    acme.deaf = True
    bazaar.bought()
    bazaar.sweep_purchases(hours=2)
    assert not bazaar.purchases()[0].for_person
    bazaar.sweep_purchases(hours=2)
    (po,) = bazaar.purchases()
    assert po.for_person
    assert po.due_at
    assert po.due_at - bazaar.now >= timedelta(minutes=59)


def test_a_daily_limit_is_kept_and_given_back(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    bazaar.seller("acme", "refuse")
    bazaar.seller("other")
    bazaar.sells("acme", cost=1000, daily_limit=2)
    bazaar.sells("other", cost=1900)
    bazaar.bought(quantity=2)
    assert bazaar.sellers["acme"].sent.total() == 1, "its failure gave the quota back"
    bazaar.sellers["acme"].mood = lambda _: "ok"
    bazaar.bought(quantity=2)
    assert bazaar.sellers["acme"].sent.total() == 2
    bazaar.bought(quantity=1)
    assert bazaar.sellers["acme"].sent.total() == 2


def test_what_stock_lacks_is_bought_where_it_may_wait(bazaar: Bazaar) -> None:
    bazaar.sku(hold="payment", on_shortage="backlog")
    bazaar.stock("ik-month", 1)
    bazaar.seller("acme")
    bazaar.sells("acme")
    order = bazaar.bought(quantity=3)
    assert order.state == "fulfilled"
    assert [po.quantity for po in bazaar.purchases()] == [2]


def test_where_nobody_offers_it_a_paid_unit_waits_in_peace(bazaar: Bazaar) -> None:
    bazaar.sku(hold="payment", on_shortage="backlog", backlog_hours=30)
    order = bazaar.bought()
    assert (order.state, order.due_at) == ("fulfilling", order.units[0].buy_after)
    assert order.due_at
    assert order.due_at - bazaar.now == timedelta(hours=30)


def test_a_key_that_serves_several_buyers_is_not_bought(bazaar: Bazaar) -> None:
    bazaar.sku(hold="payment", on_shortage="backlog", reusable_uses=3)
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    assert bazaar.bought().state == "fulfilling"
    assert (bazaar.purchases(), acme.sent.total()) == ([], 0)


def test_an_offer_with_too_few_left_has_its_part_and_the_next_the_rest(bazaar: Bazaar) -> None:
    on_demand(bazaar)
    best, few, last = bazaar.seller("best"), bazaar.seller("few"), bazaar.seller("last")
    bazaar.sells("best", cost=1000, daily_limit=5, pack=2)
    bazaar.sells("few", cost=1100, stock=3)
    bazaar.sells("last", cost=1800)
    order = bazaar.bought(quantity=10)
    assert order.state == "fulfilled"
    assert [(po.supplier, po.quantity) for po in sorted(bazaar.purchases(), key=lambda po: po.supplier)] == [
        ("best", 4),
        ("few", 3),
        ("last", 3),
    ]
    assert sorted(unit for po in bazaar.purchases() for unit in po.units) == sorted(unit.id for unit in order.units)
    assert [len(one.cards_made) for one in (best, few, last)] == [4, 3, 3]
    bazaar.check_nothing_is_wrong()


def test_what_a_days_limit_leaves_out_is_bought_the_next_day(bazaar: Bazaar) -> None:
    on_demand(bazaar, backlog_hours=48)
    bazaar.seller("acme")
    bazaar.sells("acme", daily_limit=3)
    order, other = bazaar.bought(quantity=3), bazaar.bought(quantity=2)
    assert [po.quantity for po in bazaar.purchases()] == [3]
    assert (order.state, other.state) == ("fulfilled", "fulfilling")
    for _ in range(30):
        bazaar.later(hours=1)
        bazaar.sweep()
        bazaar.run()
    assert [bazaar.order(one).state for one in (order, other)] == ["fulfilled", "fulfilled"]
    assert sorted(po.quantity for po in bazaar.purchases()) == [2, 3]


def test_each_unit_is_asked_of_whom_it_was_not_failed_by(bazaar: Bazaar) -> None:
    """A part that fails is asked of the next supplier, and the next one's of the first."""
    on_demand(bazaar)
    one, other = bazaar.seller("one"), bazaar.seller("other")
    for seller in (one, other):
        seller.mood = lambda _, seller=seller: "refuse" if seller.sent.total() == 1 else "ok"
    bazaar.sells("one", cost=1000, daily_limit=3)
    bazaar.sells("other", cost=1100, daily_limit=6)
    order = bazaar.bought(quantity=6)
    assert order.state == "fulfilled"
    assert [(unit.tried, unit.tries) for unit in order.units] == [(("one",), 1)] * 3 + [(("other",), 1)] * 3
    assert [len(seller.cards_made) for seller in (one, other)] == [6, 6], "the first were never delivered"


def test_a_part_that_breaks_off_is_done_again_with_the_same_purchases(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_demand(bazaar)
    for name, cost in (("best", 1000), ("next", 1100)):
        bazaar.seller(name)
        bazaar.sells(name, cost=cost, daily_limit=4)
    order = bazaar.pay(bazaar.place(quantity=7))
    added: list[str] = []
    add = PurchasesTable.add

    def dies(table: PurchasesTable, *args: Any) -> Any:
        if added:
            raise Busy
        made = add(table, *args)
        added.append(made.id)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(PurchasesTable, "add", dies)
        with pytest.raises(Busy):
            buy(bazaar.buying, order.id, order.attempt)
    bazaar.later(seconds=5)
    bazaar.run()
    assert bazaar.order(order).state == "fulfilled"
    assert sorted(po.quantity for po in bazaar.purchases()) == [3, 4]
    assert added[0] in {po.id for po in bazaar.purchases()}


def test_who_takes_of_the_limit_meanwhile_leaves_the_rest(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    on_demand(bazaar, on_shortage="refund")
    bazaar.seller("acme")
    bazaar.sells("acme", daily_limit=5)
    seen = bazaar.buying.offered("ik-month")
    bazaar.bought(quantity=3)
    order = bazaar.pay(bazaar.place(quantity=4))
    old = replace(bazaar.buying, offered=lambda _: seen)
    buy(old, order.id, order.attempt)
    bazaar.run()
    assert sorted(po.quantity for po in bazaar.purchases()) == [2, 3]
    assert sorted(unit.state for unit in bazaar.order(order).units) == ["delivered"] * 2 + ["refunded"] * 2


def test_what_is_late_is_bought_last_and_says_so(bazaar: Bazaar) -> None:
    on_demand(bazaar, backlog_hours=2)
    slow, fast = bazaar.seller("slow"), bazaar.seller("fast")
    bazaar.sells("slow", cost=500, lead_minutes=180)
    bazaar.sells("fast", cost=1900, lead_minutes=100)
    assert bazaar.bought().state == "fulfilled"
    assert (slow.sent.total(), fast.sent.total()) == (0, 1)
    fast.mood = lambda _: "refuse"
    order = bazaar.bought()
    assert order.state == "fulfilled"
    (late,) = [po for po in bazaar.purchases() if po.supplier == "slow"]
    assert late.explanation == {"late_lead_minutes": 180, "late_promise_minutes": 120}
    assert not any(po.explanation for po in bazaar.purchases() if po.supplier == "fast")


def test_what_is_late_is_not_sold_where_money_goes_back(bazaar: Bazaar) -> None:
    on_demand(bazaar, on_shortage="refund")
    bazaar.seller("slow")
    bazaar.sells("slow", lead_minutes=180)
    with pytest.raises(SoldOut):
        bazaar.place()
