"""Another shop buys from ours: charged once, told the cards once they are there, given back what does not come."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from checkout import supplying as served
from quanyi.accounts.model import Account
from quanyi.catalog.listing import rows
from quanyi.catalog.model import Sku
from quanyi.catalog.product import Product
from quanyi.clock import day
from quanyi.errors import Busy
from quanyi.facts.of_order import facts_of
from quanyi.facts.table import FactsTable
from quanyi.orders.books import books
from quanyi.orders.table import from_item
from quanyi.rollups.buyers import buyers_since
from quanyi.rollups.calendar import day_place
from quanyi.rollups.table import RollsTable
from quanyi.secret import Secret
from quanyi.supply.port import UNKNOWN, NoAnswer
from tests.aws.conftest import Cloud
from tests.aws.resale import CHANNEL, KEY, Resale
from tests.aws.selling import ZONE

DAY = "2026-11-23"


@pytest.fixture
def trade(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Resale:
    trade = Resale(cloud)
    trade.install(monkeypatch)
    trade.open()
    trade.sku()
    return trade


def numbers(answer: Any) -> list[str]:
    return [card.face.number.reveal() for card in answer.cards]


def charges(trade: Resale) -> list[int]:
    return [move.amount for move in trade.moves() if move.kind == "charge"]


def test_cards_are_ordered_delivered_and_paid_from_the_account(trade: Resale) -> None:
    trade.stock("ik-month", 3, pin=True)
    placed = trade.order_from_us()
    assert (placed.state, placed.cards, placed.cost) == ("pending", (), 3998)
    trade.run()
    done = trade.buyer().query(trade.asked())
    assert (done.state, done.cost) == ("done", 3998)
    assert len(set(numbers(done))) == 2
    assert set(numbers(done)) <= set(trade.secrets_made)
    assert all(card.face.pin for card in done.cards)
    assert trade.buyer().query(trade.asked()) == done
    assert len([card for card in trade.cloud.contents("CardsTable")["CardsTable"] if card.get("revealed_at")]) == 2
    assert trade.account.balance == 10_000 - 3998
    trade.check_the_account()
    trade.check_nothing_is_wrong()


def test_its_orders_are_sales_of_ours_and_its_buyers_are_not(trade: Resale) -> None:
    trade.stock("ik-month", 6)
    for number in range(2):
        trade.order_from_us(key=f"{KEY[:-1]}{number}")
    trade.pay(trade.place(quantity=1, member="ours"))
    trade.run()
    items = trade.cloud.contents("OrdersTable")["OrdersTable"]
    told = [fact for item in items if item["sk"] == "ORDER" for fact in facts_of(from_item(item))]
    assert {fact.channel for fact in told if not fact.buyer} == {CHANNEL}
    assert {fact.channel for fact in told if fact.buyer} == {"site"}
    facts, today = trade.cloud.table("FactsTable"), date.fromisoformat(day(trade.now, ZONE))
    FactsTable(facts).put(told)
    rolls, place = RollsTable(facts, ZONE), day_place(today)
    for _ in range(2):
        rolls.follow(told)
    roll = rolls.read([place])[place]
    assert (roll.of()["paid:CNY"], roll.of(("channel", CHANNEL))["paid:CNY"]) == (3, 2)
    assert buyers_since(roll.of(), today) == (1, 1)
    assert buyers_since(roll.of(("channel", CHANNEL)), today) == (0, 0)


def test_the_same_key_is_one_order_and_one_charge(trade: Resale) -> None:
    trade.stock("ik-month", 6)
    first = trade.order_from_us()
    trade.run()
    second = trade.order_from_us(most=2500)
    assert (second.state, second.number) == ("done", first.number)
    assert charges(trade) == [-3998]
    for other in ({"quantity": 3}, {"code": "other"}):
        answer = trade.order_from_us(**other)
        assert (answer.state, answer.reason) == ("failed", "key_reused")
    assert charges(trade) == [-3998]
    assert trade.buyer().query(trade.asked()).state == "done"


def test_an_answer_that_is_lost_leaves_one_order_that_can_be_asked_about(trade: Resale) -> None:
    trade.stock("ik-month", 2)
    trade.lost.append("POST /orders")
    assert trade.order_from_us() == UNKNOWN
    trade.run()
    assert trade.buyer().query(trade.asked()).state == "done"
    assert charges(trade) == [-3998]


REFUSALS: dict[str, tuple[dict[str, Any], Callable[[Resale], Any]]] = {
    "sold_out": ({}, lambda trade: None),
    "no_balance": (
        {},
        lambda trade: (trade.stock("ik-month", 2), trade.accounts.withdraw(trade.move("withdrawal", -6_003, "w"))),
    ),
    "price_above_most": ({"most": 1998}, lambda trade: trade.stock("ik-month", 2)),
    "not_on_sale": ({"code": "nothing"}, lambda trade: None),
    "other_currency": ({"currency": "USD"}, lambda trade: trade.stock("ik-month", 2)),
    "bad_quantity": ({"quantity": 1001}, lambda trade: None),
    "account_disabled": ({}, lambda trade: (trade.stock("ik-month", 2), _disabled(trade))),
}


def _disabled(trade: Resale) -> None:
    account = trade.account
    trade.accounts.save(account, account.terms.model_copy(update={"enabled": False}), trade.now, "operator:K")


@pytest.mark.parametrize("why", REFUSALS)
def test_a_refusal_is_definite_stands_and_leaves_nothing(trade: Resale, why: str) -> None:
    changes, prepare = REFUSALS[why]
    prepare(trade)
    before = trade.account
    answer = trade.order_from_us(**changes)
    assert (answer.state, answer.reason) == ("failed", why)
    # Whatever has changed since, a copy of the request that comes late is refused as the first was.
    trade.stock("ik-month", 2)
    trade.accounts.give(trade.move("deposit", 10_000, "later"))
    account = trade.account
    trade.accounts.save(account, account.terms.model_copy(update={"enabled": True}), trade.now, "operator:K")
    again = trade.order_from_us(**changes)
    assert (again.state, again.reason) == ("failed", why)
    asked = trade.buyer().query(trade.asked())
    assert (asked.state, asked.reason) == ("failed", why)
    assert charges(trade) == []
    assert trade.account.balance == before.balance + 10_000
    assert not trade.cards_in("reserved")
    trade.check_the_account()


def test_credit_is_spent_to_its_end_and_no_further(trade: Resale) -> None:
    trade.stock("ik-month", 12)
    account = trade.account
    trade.accounts.save(account, account.terms.model_copy(update={"credit": 4000}), trade.now, "operator:K")
    answers = [trade.order_from_us(key=f"P-{number}", quantity=1) for number in range(9)]
    assert [answer.state for answer in answers] == ["pending"] * 7 + ["failed"] * 2
    assert trade.account.balance == 10_000 - 7 * 1999
    assert trade.buyer().balance().amount == 7
    trade.check_the_account()


@pytest.mark.parametrize("crash", ["before_the_charge", "after_the_charge"])
def test_a_crash_at_the_charge_ends_with_a_delivery_or_nothing(
    trade: Resale, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    trade.stock("ik-month", 2)

    def dies(*_: Any, **__: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as broken:
        if crash == "after_the_charge":
            broken.setattr(served, "_booked", dies)
        else:
            broken.setattr("quanyi.payments.account.AccountPayments.create", dies)
        assert trade.order_from_us() == UNKNOWN
    assert trade.buyer().query(trade.asked()).state == "pending"
    assert charges(trade) == ([-3998] if crash == "after_the_charge" else [])
    trade.later(minutes=3)
    trade.sweep()
    trade.later(minutes=14)
    trade.sweep()
    trade.run()
    answer = trade.buyer().query(trade.asked())
    if crash == "after_the_charge":
        assert (answer.state, len(answer.cards)) == ("done", 2)
    else:
        assert (answer.state, answer.reason) == ("failed", "not_carried_out")
        assert not trade.cards_in("reserved")
        # And a copy that comes after all is not carried out any more.
        assert trade.order_from_us().state == "failed"
    assert len(charges(trade)) == (crash == "after_the_charge")
    trade.check_the_account()
    trade.check_nothing_is_wrong()


def test_a_crash_after_the_charge_is_mended_by_the_next_copy(trade: Resale, monkeypatch: pytest.MonkeyPatch) -> None:
    trade.stock("ik-month", 2)

    def dies(*_: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(served, "_booked", dies)
        assert trade.order_from_us() == UNKNOWN
    assert trade.order_from_us().state == "pending"
    assert charges(trade) == [-3998]
    trade.run()
    answer = trade.buyer().query(trade.asked())
    assert (answer.state, len(answer.cards)) == ("done", 2), "booked by the copy, without a sweep"


def test_what_is_short_comes_back_to_the_account(trade: Resale) -> None:
    trade.sku("ik-year", hold="payment", on_shortage="refund")
    trade.stock("ik-year", 1)
    assert trade.order_from_us(code="ik-year").state == "pending"
    trade.run()
    answer = trade.buyer().query(trade.asked())
    assert (answer.state, len(answer.cards), answer.cost, answer.reason) == ("done", 1, 1999, "sold_out")
    moves = sorted((move.kind, move.amount) for move in trade.moves())
    assert moves == [("charge", -3998), ("deposit", 10_000), ("refund", 1999)]
    order = trade.order(answer.number)
    books(order)
    trade.sweep()
    trade.run()
    assert trade.account.balance == 10_000 - 1999
    trade.check_the_account()


def backlogged(trade: Resale) -> None:
    trade.sku("ik-year", hold="payment", on_shortage="backlog", backlog_hours=48)
    trade.stock("ik-year", 1)
    assert trade.order_from_us(code="ik-year").state == "pending"
    trade.run()


def test_what_waits_is_pending_and_can_be_cancelled(trade: Resale) -> None:
    backlogged(trade)
    waiting = trade.buyer().query(trade.asked())
    assert (waiting.state, len(waiting.cards)) == ("pending", 1)
    assert trade.buyer().cancel(trade.asked()).state == "done"
    trade.run()
    answer = trade.buyer().query(trade.asked())
    assert (answer.state, numbers(answer), answer.cost) == ("done", numbers(waiting), 1999)
    assert answer.reason == "cancelled"
    assert trade.buyer().cancel(trade.asked()) == answer
    assert trade.account.balance == 10_000 - 1999
    trade.check_the_account()


def test_a_key_that_is_cancelled_before_it_is_known_is_closed(trade: Resale) -> None:
    trade.stock("ik-month", 2)
    assert trade.buyer().cancel(trade.asked()).state == "failed"
    answer = trade.order_from_us()
    assert (answer.state, answer.reason) == ("failed", "cancelled")
    assert charges(trade) == []
    assert trade.buyer().cancel(trade.asked()).state == "failed"


@pytest.mark.parametrize("broken_off", [False, True])
def test_whoever_is_refused_is_not_charged_by_a_copy_in_the_same_moment(
    trade: Resale, monkeypatch: pytest.MonkeyPatch, broken_off: bool
) -> None:
    """A cancellation comes between placing the order and charging it, perhaps without getting to its end."""
    trade.stock("ik-month", 2)
    placed = served._placed

    def meanwhile(*given: Any) -> Any:
        order = placed(*given)
        monkeypatch.setattr(served, "_placed", placed)
        if broken_off:
            supplied = trade.accounts.supplied(CHANNEL, KEY)
            assert supplied
            trade.accounts.refuse(supplied, "cancelled")
        else:
            assert trade.buyer().cancel(trade.asked()).state == "failed"
        return order

    monkeypatch.setattr(served, "_placed", meanwhile)
    answer = trade.order_from_us()
    assert (answer.state, answer.reason) == ("failed", "cancelled")
    assert charges(trade) == []
    assert not trade.cards_in("reserved")


def test_a_key_that_nobody_used_is_absent(trade: Resale) -> None:
    assert trade.buyer().query(trade.asked("P-never")).state == "absent"


def test_an_order_whose_placing_died_is_absent_in_the_end(trade: Resale, monkeypatch: pytest.MonkeyPatch) -> None:
    trade.stock("ik-month", 2)

    def dies(*_: Any, **__: Any) -> Any:
        raise Busy("contended")

    with monkeypatch.context() as broken:
        broken.setattr("checkout.place._claim", dies)
        assert trade.order_from_us() == UNKNOWN
    assert trade.buyer().query(trade.asked()).state == "absent"
    assert trade.order_from_us().state == "pending"


def test_nobody_else_is_believed(trade: Resale) -> None:
    trade.stock("ik-month", 2)
    wanted = trade.wanted()
    assert trade.buyer(secret="b" * 32).order(wanted) == UNKNOWN
    assert trade.buyer(key_id="nobody").order(wanted) == UNKNOWN
    assert trade.buyer(shift=timedelta(minutes=6)).order(wanted) == UNKNOWN
    assert [reply.status for reply in trade.heard] == [401, 401, 401]
    assert charges(trade) == []
    assert trade.buyer().query(trade.asked()).state == "absent"


def test_another_address_is_refused(trade: Resale) -> None:
    account = trade.account
    trade.accounts.save(
        account, account.terms.model_copy(update={"ips": ("198.51.100.0/24",)}), trade.now, "operator:K"
    )
    assert (trade.order_from_us().state, trade.heard[-1].status) == ("failed", 403)


def test_two_secrets_are_live_while_one_is_changed(trade: Resale) -> None:
    trade.stock("ik-month", 4)
    before = trade.buyer()
    assert before.balance().amount == 10_000
    trade.change_secret("the-next-secret-of-shop-b-00002")
    trade.later(seconds=31)
    assert trade.buyer().balance().amount == 10_000
    assert before.balance().amount == 10_000
    trade.change_secret("the-third-secret-of-shop-b-0003")
    trade.later(seconds=301)
    with pytest.raises(NoAnswer):
        before.balance()


def test_one_account_does_not_see_anothers_orders(trade: Resale) -> None:
    trade.stock("ik-month", 2)
    trade.order_from_us()
    trade.run()
    trade.accounts.open(Account(channel="site", currency="CNY", created_at=trade.now, updated_at=trade.now))
    trade.provider_secrets.write("site", {"secret": Secret("s" * 32)}, secrets.token_hex(32))
    other = trade.buyer(key_id="site", secret="s" * 32)
    assert other.query(trade.asked()).state == "absent"


def test_goods_prices_and_stock_are_the_channels(trade: Resale) -> None:
    trade.sku("ik-on-demand", sourcing="on_demand", hold="payment")
    trade.sku("ik-hidden", channels={CHANNEL: {"visible": False}})
    trade.sku("ik-cheap", channels={CHANNEL: {"price": 1500}})
    trade.cloud.table("StatsTable").put({"pk": "LEVEL#ik-month", "sk": "shared", "available": 7})
    trade.cloud.table("StatsTable").put({"pk": "LEVEL#ik-month", "sk": "site", "available": 5})
    buyer = trade.buyer()
    codes = ["ik-month", "ik-on-demand", "ik-hidden", "ik-cheap", "none"]
    assert buyer.stock(codes) == {"ik-month": 7, "ik-on-demand": None, "ik-cheap": 0}
    assert (buyer.quote("ik-cheap", 3).amount, buyer.quote("ik-month", 1).amount) == (1500, 1999)
    with pytest.raises(NoAnswer):
        buyer.quote("ik-hidden", 1)


def test_the_goods_are_what_the_channel_sells_page_by_page(trade: Resale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supplying.offered.PRODUCTS", 2)
    listed("PR1", trade.sku("ik-a", product_id="PR1", channels={CHANNEL: {"price": 1500}}), at=1, trade=trade)
    listed("PR2", trade.sku("ik-b", product_id="PR2", kind="manual"), at=2, trade=trade)
    listed("PR3", trade.sku("ik-c", product_id="PR3", currency="USD"), at=3, trade=trade)
    listed("PR4", trade.sku("qb-10", product_id="PR4", **TOPUP), at=4, trade=trade)
    found, after = [], ""
    for _ in range(4):
        page = trade.buyer().goods(after)
        found += page.items
        after = page.next
        if not after:
            break
    assert after == ""
    assert [(one.code, one.kind, one.cost, one.stock, one.fields) for one in found] == [
        ("qb-10", "topup", 1999, None, ("nick",)),
        ("ik-a", "card", 1500, 0, ()),
    ]
    with pytest.raises(NoAnswer):
        trade.buyer().goods("no-cursor-of-ours")


def listed(product_id: str, sku: Sku, *, at: int, trade: Resale) -> None:
    made = trade.now + timedelta(seconds=at)
    product = Product(
        id=product_id, titles=sku.titles, state="published", skus=(sku,), created_at=made, updated_at=made
    )
    for sort, row in rows(product).items():
        trade.cloud.table("CatalogTable").put({"pk": f"PRODUCT#{product_id}", "sk": f"LISTING#{sort}", **row})
    kept = product.model_dump(mode="json", exclude_none=True, exclude={"skus"})
    item = {"pk": f"PRODUCT#{product_id}", "sk": "PRODUCT", **kept, "sku_ids": [sku.id], "v": 1}
    trade.cloud.table("CatalogTable").put(item)


def test_the_statement_is_the_moves(trade: Resale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supplying.offered.ROWS", 2)
    backlogged(trade)
    trade.later(minutes=1)
    trade.buyer().cancel(trade.asked())
    trade.run()
    rows = trade.buyer().statement(DAY)
    assert sum(row.amount for row in rows) == -trade.account.balance
    assert sorted((row.kind, row.amount, row.purchase) for row in rows) == [
        ("charge", 3998, KEY),
        ("other", -10_000, ""),
        ("refund", -1999, KEY),
    ]
    assert trade.buyer().statement("2026-11-24") == []


NICK = "a-player-whose-name-is-nobody-elses-4711"
TOPUP = {
    "kind": "topup",
    "topup": {"fields": [{"name": "nick", "kind": "text", "titles": {"en": "Name"}, "least": 5, "most": 60}]},
    "sourcing": "on_demand",
    "hold": "payment",
    "on_shortage": "backlog",
    "face_value": 1000,
}


def test_a_top_up_with_its_account(trade: Resale) -> None:
    trade.sku("qb-10", **TOPUP)
    trade.shop = replace(trade.shop, offers_in_sight=lambda *_: True)  # type: ignore[arg-type]
    trade.supplying = replace(trade.supplying, shop=trade.shop)
    buyer = trade.buyer()
    assert buyer.recharge(trade.recharge("qb-10", {"nick": "x"}, key="P-bad")).reason == "bad_account"
    assert buyer.recharge(trade.recharge("qb-10", {"nick": NICK})).state == "pending"
    assert buyer.recharge(trade.recharge("qb-10", {"nick": NICK})).state == "pending"
    assert buyer.recharge(trade.recharge("qb-10", {"nick": f"{NICK}-2"})).reason == "key_reused"
    assert buyer.query(trade.asked(topup=True)).state == "pending"
    assert charges(trade) == [-1999]
    assert NICK not in str(trade.cloud.contents("OrdersTable", "SupplyTable"))
