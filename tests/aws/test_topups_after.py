"""What becomes of a top-up after it was made: what its buyer, support and a payment provider see, and its refund."""

from typing import Any

import pytest

from aftersales.claiming import claim_card, replace_card
from aftersales.messages import ClaimBody, RefundBody, ReplacementBody
from aftersales.refunding import refund_order
from cases.gather import gather
from desk import orders as desk_orders
from desk.timeline import timeline
from desk.wiring import Desk
from quanyi.callers import Caller
from quanyi.cases.evidence import as_fields, as_text
from quanyi.errors import Conflict
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.journal import balances
from quanyi.orders.model import Order
from quanyi.orders.refunds import taken_back, with_refund
from quanyi.risk.order_facts import refund_facts
from stream import orders as stream
from tests.aws.after_sale import SUPPORT, desk_of, sent_back, shown
from tests.aws.conftest import Call, Cloud, LambdaContext
from tests.aws.court import made
from tests.aws.market import SITE, Market
from tests.aws.postroom import PostRoom
from tests.aws.recharges import GAME, NUMBERS, line, offered, topped_up, topup
from tests.aws.streams import records_of
from tests.search import Search

YUAN_50 = Money(amount=5000, currency="CNY")


def sold(market: Market, *lines: dict[str, Any], **more: Any) -> Order:
    """Paid, not delivered yet."""
    topup(market, topup={"confirm_text": {"zh-CN": "充值不可退"}}, tutorial={"zh-CN": "十分钟内到账"})
    offered(market)
    return market.pay(market.place(lines=list(lines or [line()]), **more))


@pytest.fixture
def market(cloud: Cloud) -> Market:
    return Market(cloud)


def test_a_buyer_sees_where_it_went_and_nothing_counts_as_looked_at(market: Market) -> None:
    market.sku("card")
    market.stock("card", 1)
    order = sold(market, line(), {"sku": "card", "quantity": 1})
    (before,) = [unit for unit in shown(market, order) if unit.kind == "topup"]
    assert (before.state, before.account, before.withheld) == ("waiting", "138****8888", False)
    order = topped_up(market, order)
    (view,) = [unit for unit in shown(market, order) if unit.kind == "topup"]
    assert (view.state, view.account, view.face_value) == ("delivered", "138****8888", YUAN_50)
    assert view.delivered_at == market.now
    assert (view.number, view.text, view.withheld, view.valid_until) == (None, None, False, None)
    assert not [item for item in market.cloud.contents("OrdersTable")["OrdersTable"] if item["sk"].startswith("REVEAL")]


def test_what_is_topped_up_cannot_be_replaced(market: Market) -> None:
    order = topped_up(market, sold(market))
    asked = {"unit": "0-0", "reason": "invalid", "replaced_before": 0}
    with pytest.raises(Conflict) as refusal:
        claim_card(desk_of(market), SITE, order.id, "k", ClaimBody.model_validate(asked))
    assert refusal.value.extra["reason"] == "not_delivered"
    with pytest.raises(Conflict):
        replace_card(desk_of(market), SUPPORT, order.id, "k", ReplacementBody.model_validate(asked))


def test_a_refund_of_what_was_topped_up_is_a_loss_at_once(market: Market) -> None:
    order = topped_up(market, sold(market, line("phone-50", 2)), "0-0")
    order = topped_up(market, order, "0-1", cost=4800)
    body = RefundBody.model_validate({"units": ["0-0"], "reason": "wrong number"})
    order, refund = refund_order(desk_of(market), SUPPORT, order.id, "k", body)
    assert (order.unit("0-0").state, order.unit("0-0").goods) == ("refunding", "lost")
    again, same = refund_order(desk_of(market), SUPPORT, order.id, "k", body)
    assert (again.rev, same.id) == (order.rev, refund.id)
    market.run()
    order = market.order(order)
    assert (order.state, sent_back(market)) == ("partially_refunded", [4980])
    assert (order.unit("0-0").state, order.unit("0-0").goods) == ("refunded", "lost")
    account = balances(order)
    assert (account["loss"], account["cost"], account["stock"]) == (4900, 4800, -9700)
    facts = [(e.what, e.text["en"]) for e in timeline(order, {}, {}) if e.what in ("topup_lost", "unit_delivered")]
    assert ("topup_lost", "Topped up and beyond recall, a loss: 0-0") in facts
    assert not [e for e in timeline(order, {}, {}) if e.what in ("goods_lost", "first_revealed")]
    # Who has the money and the top-up is told of as one who had seen a card.
    stream.handler({"Records": records_of(market.cloud, "OrdersTable")}, LambdaContext())
    assert "seen_refunded" in repr(market.cloud.contents("RiskTable"))


def test_the_shops_rules_count_it_as_seen(market: Market) -> None:
    order = sold(market, line("phone-50", 2))
    market.later(minutes=5)
    order = topped_up(market, order, "0-0")
    market.later(minutes=3)
    facts = refund_facts(order, ["0-0", "0-1"], 100, {}, "support", market.now)
    assert (facts["refund.revealed"], facts["refund.minutes_reveal_to_refund"]) == (1, 3)


def test_the_desk_sees_it_masked_with_its_purchase(market: Market, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    order = sold(market)
    tried = {"purchase": "P1", "tried": ("acme",)}
    units = (order.units[0].model_copy(update=tried),)
    order = market.shop.orders.change(order, lambda it: it.model_copy(update={"units": units}))
    known: Any = {"orders": market.shop.orders, "members": market.shop.members, "keyring": market.cloud.keyring}
    desk = Desk(**known, workflow=market.workflow, now=lambda: market.now)  # type: ignore[arg-type]
    monkeypatch.setattr(desk_orders, "desk", lambda: desk)
    for caller in (SUPPORT, Caller(role="operator", key_id="OP1")):
        status, seen, _ = call(desk_orders.handler, "GET", f"/v1/admin/orders/{order.id}", caller=caller)
        (unit,) = seen["units"]
        assert (status, unit["account"], unit["purchase"], unit["tried"]) == (200, "138****8888", "P1", ["acme"])
        assert (unit["sourcing"], unit["face_value"]) == ("on_demand", {"amount": 5000, "currency": "CNY"})
        assert NUMBERS[0] not in repr(seen)


def test_nothing_that_a_write_tells_has_the_account(market: Market, capfd: Any) -> None:
    topup(market, "game", *GAME)
    offered(market, "game")
    order = sold(market, line(), line("game", 1, {"qq": "99887766554", "zone": "z1"}))
    topped_up(market, order)
    stream.handler({"Records": records_of(market.cloud, "OrdersTable")}, LambdaContext())
    told = repr(market.cloud.contents()) + capfd.readouterr().out
    assert not Search([NUMBERS[0], "99887766554"]).found_in(told.encode())


def test_evidence_says_where_it_went(cloud: Cloud) -> None:
    court = made(cloud)
    order = topped_up(court.market, sold(court.market))
    evidence = gather(court.office, court.take(court.brings(order)))
    assert evidence.order
    (unit,) = evidence.order.deliveries
    assert (unit.kind, unit.account, unit.card, unit.revealed_at) == ("topup", "138****8888", None, None)
    assert "充值账号 138****8888" in as_text(evidence, "zh-CN")
    assert "account 138****8888" in as_fields(evidence, "en")["access_activity_log"]


def test_a_delivery_mail_names_the_masked_account(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = PostRoom(cloud)
    monkeypatch.setenv("MAIL_QUEUE_URL", shop.queue)
    monkeypatch.setenv("DEAD_LETTER_QUEUE", shop.queue)
    accounts = [{"phone": number} for number in NUMBERS]
    order = topped_up(shop, sold(shop, line("phone-50", 3, *accounts)))
    shop.deliver_mail()
    (sent,) = shop.sent()
    assert "商品 phone-50 × 3 (138****8888, 139****9999, 137****7777)" in sent.body
    assert not [number for number in NUMBERS if number in sent.body]
    assert shop.mails(order) == [("delivery", "sent", None)]


def test_money_taken_back_while_it_is_being_bought_leaves_the_unit_to_its_purchase(market: Market) -> None:
    order = sold(market, line("phone-50", 2))
    units = (order.units[0].model_copy(update={"purchase": "P1"}), order.units[1])
    order = order.model_copy(update={"units": units})
    back = taken_back(order, order.payments[0].id, "sandbox:x", order.total, "lost dispute", market.now)
    assert [(unit.state, unit.value) for unit in back.units] == [("waiting", 0), ("refunded", 4980)]
    assert books(back).owed == 0
    # It failed: nothing is left to send.
    over = back.model_copy(update={"units": (back.units[0].model_copy(update={"purchase": ""}), back.units[1])})
    over = with_refund(over, ["0-0"], reason="out of stock", by="system", now=market.now)
    assert over.unit("0-0").state == "refunded"
    assert books(over).refunded == order.total
