"""Judging a paid order before its delivery, and a refund before it is made: held, woken, delivered or sent back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aftersales.messages import RefundBody
from aftersales.refunding import refund_order
from fulfill.fulfil import fulfil
from fulfill.support import ManualBody, deliver_by_hand
from fulfill.wait import wait
from quanyi.callers import Caller
from quanyi.errors import Busy, Conflict, Forbidden
from quanyi.money import Money
from quanyi.orders.model import Order
from quanyi.risk.learning import Learning
from quanyi.risk.passing import Wanted
from quanyi.risk.refusals import ApprovalUsed, ReviewNeeded, RiskRefused
from quanyi.risk.signals import SignalsTable
from quanyi.risk.told import told
from quanyi.secret import Secret
from quanyi.table import Table
from tests.aws.after_sale import SUPPORT, delivered, desk_of, sent_back
from tests.aws.faults import MODES, Faults, insist
from tests.aws.judging import decisions, end, no_rules, policies, reviews, rule
from tests.aws.market import Market
from tests.aws.memory import MemoryCloud

OPERATOR = Caller(role="operator", key_id="K9")


@pytest.fixture
def market() -> Market:
    made = Market(MemoryCloud())  # type: ignore[arg-type]
    made.sku()
    made.stock("ik-month", 20)
    return made


def paid(market: Market, quantity: int = 2, **more: Any) -> Order:
    return market.pay(market.place(quantity=quantity, **more))


def held(market: Market, **more: Any) -> Order:
    """Paid, looked at, and waiting for somebody."""
    rule(market, "delivery", "order.units > 1", "hold")
    order = paid(market, **more)
    assert market.run() == ["Fulfil", "Route", "WaitForStockOrPerson"]
    return market.order(order)


def test_the_usual_way_is_no_longer(market: Market) -> None:
    order = paid(market)
    assert market.run() == ["Fulfil", "Route", "Done"]
    done = market.order(order)
    assert (done.state, done.risk) == ("fulfilled", "approved")
    assert done.decision in {each["id"] for each in decisions(market) if each["point"] == "delivery"}


def test_what_is_held_waits_with_its_cards_until_somebody_approves(market: Market) -> None:
    order = held(market)
    assert (order.state, order.risk) == ("on_hold", "review")
    (review,) = reviews(market)
    assert (review.order, review.amount.amount, review.channel) == (order.id, order.total, "site")
    market.stock("ik-month", 5)
    market.later(hours=3)
    market.sweep()
    market.sweep()
    assert len(market.workflow.started) == 1, "not started in vain"
    assert market.run()[-1] == "WaitForStockOrPerson"
    assert len(reviews(market)) == 1
    end(market, review, "approve")
    assert market.run() == ["Fulfil", "Route", "Done"]
    done = market.order(order)
    assert (done.state, done.risk) == ("fulfilled", "approved")
    assert {unit.card for unit in done.units} == {unit.card for unit in order.units}, "the cards that it had"
    market.check_nothing_is_wrong()


def test_what_somebody_refuses_goes_back_whole(market: Market) -> None:
    order = held(market)
    end(market, reviews(market)[0], "refuse")
    assert market.run() == ["Fulfil", "Route", "Refund", "Route", "Done"]
    done = market.order(order)
    assert (done.state, done.risk, sent_back(market)) == ("refunded", "refused", [order.total])
    assert "rules" in done.refunds[0].reason
    assert len(market.cards_in("available")) == 20
    market.check_nothing_is_wrong()


def test_a_rule_that_refuses_sends_the_money_back_at_once(market: Market) -> None:
    rule(market, "delivery", "payment.tries >= 1", "refuse")
    order = paid(market)
    market.run()
    assert market.order(order).state == "refunded"
    assert not reviews(market)


def test_what_was_held_as_it_was_placed_is_reviewed_whatever_the_rules_of_delivery_say(market: Market) -> None:
    rule(market, "order", "order.units == 2", "hold")
    no_rules(market, "delivery")
    policies(market, reviews={"order": {"minutes": 60, "otherwise": "approve"}})
    order = paid(market)
    assert order.risk == "held"
    market.run()
    assert market.order(order).state == "on_hold"
    (review,) = reviews(market)
    assert (review.due_at - review.opened_at, review.otherwise) == (timedelta(hours=1), "approve")
    end(market, reviews(market)[0], "approve")
    market.run()
    assert market.order(order).state == "fulfilled"


def test_a_decision_made_before_its_order_had_a_token_wakes_it_all_the_same(market: Market) -> None:
    rule(market, "delivery", "true", "hold")
    order = paid(market)
    assert fulfil(market.works, order.id, 1)["outcome"] == "wait"
    end(market, reviews(market)[0], "approve")
    woken: list[str] = []
    market.workflow.wake = lambda token: woken.append(token) or True  # type: ignore[method-assign,func-returns-value]
    wait(market.works, order.id, 1, "T")
    assert woken == ["T"]


def test_a_held_order_whose_workflow_died_is_there_again_when_somebody_decides(market: Market) -> None:
    order = held(market)
    market.workflow.alive.clear()
    market.later(hours=2)
    market.sweep()
    market.run()
    assert market.order(order).attempt == 2
    end(market, reviews(market)[0], "approve")
    market.run()
    assert market.order(order).state == "fulfilled"


@pytest.mark.parametrize(("verdict", "ends"), [("approve", "fulfilled"), ("refuse", "refunded")])
def test_a_decision_that_finds_its_workflow_dead_is_carried_out_soon(market: Market, verdict: Any, ends: str) -> None:
    order = held(market)
    market.later(minutes=30)
    market.sweep()
    market.workflow.alive.clear()
    end(market, reviews(market)[0], verdict)
    market.later(minutes=11)
    market.sweep()
    market.run()
    assert market.order(order).state == ends
    market.check_nothing_is_wrong()


def test_a_decided_review_is_seen_by_the_sweep_too(market: Market) -> None:
    """Should the waking have been lost."""
    order = held(market)
    end(market, reviews(market)[0], "approve")
    woken: list[str] = []
    market.workflow.wake = lambda token: woken.append(token) or True  # type: ignore[method-assign,func-returns-value]
    market.later(hours=2)
    market.sweep()
    assert woken == [market.order(order).wait_token]


def test_delivery_by_hand_waits_for_the_review_too(market: Market) -> None:
    market.sku("by-hand", kind="manual", backlog_hours=48)
    rule(market, "delivery", "true", "hold")
    order = market.pay(market.place("by-hand"))
    market.run()
    body = ManualBody(text=Secret("done"))
    with pytest.raises(Conflict) as refusal:
        deliver_by_hand(market.works, SUPPORT, order.id, body)
    assert refusal.value.extra["reason"] == "held"
    end(market, reviews(market)[0], "approve")
    market.run()
    assert deliver_by_hand(market.works, SUPPORT, order.id, body)[0].state == "fulfilled"


def test_a_limit_of_units_counts_those_of_linked_orders_and_its_own_once(market: Market) -> None:
    """Whether the stream has told of the order by then, or not."""
    limit = {"identity": "device", "counted": "paid_units", "window": "1d", "most": 5}
    policies(market, windows=[{"at": "delivery", **limit}])
    for number, told_first in enumerate((True, False)):
        first, second = (
            paid(market, units, device=f"d{number}", member=f"m{number}{units}", contact={}) for units in (2, 3)
        )
        learn(market, first)
        if told_first:
            learn(market, second)
        market.run()
        assert market.order(second).state == "fulfilled"
        learn(market, second)
        third = paid(market, 1, device=f"d{number}", member=f"m{number}1", contact={})
        market.run()
        assert market.order(third).state == "on_hold"
    assert {hit.rule for review in reviews(market) for hit in review.decision.hits} == {"policy.window.0"}


def learn(market: Market, order: Order) -> None:
    """As the stream tells, of the order as it is paid."""
    news = told(None, market.order(order), market.now)
    Learning(market.cloud.table("RiskTable")).from_orders([news])


def test_a_delay_holds_back_until_its_time_and_nobody_is_asked(market: Market) -> None:
    policies(market, delays=[{"minutes": 30}])
    order = paid(market)
    assert market.run()[-1] == "WaitForStockOrPerson"
    assert market.order(order).state == "on_hold"
    market.later(minutes=20)
    market.sweep()
    assert market.run()[-1] == "WaitForStockOrPerson"
    assert market.cards_in("delivered") == []
    market.later(minutes=11)
    market.sweep()
    assert market.run() == ["Fulfil", "Route", "Done"]
    assert market.order(order).state == "fulfilled"
    assert not reviews(market)


def test_an_order_is_not_one_more_than_itself_however_fast_the_stream_is(market: Market) -> None:
    policies(market, windows=[{"at": "delivery", "identity": "phone", "counted": "paid", "window": "1d", "most": 1}])
    signals = SignalsTable(market.cloud.table("RiskTable"))
    ends: list[str] = []
    for _ in range(2):
        order = paid(market, contact={"phone": "13800138000"})
        signals.add(told(None, order, market.now).signs)
        market.run()
        ends.append(market.order(order).state)
    assert ends == ["fulfilled", "on_hold"]
    assert reviews(market)[0].decision.facts["phone.paid_1d"] == 1


def test_a_held_order_may_be_refunded_by_a_person(market: Market) -> None:
    order = held(market)
    refund_order(desk_of(market), SUPPORT, order.id, "R", RefundBody(reason="asked"))
    market.run()
    assert market.order(order).state == "refunded"
    market.check_nothing_is_wrong()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("verdict", ["approve", "refuse"])
def test_any_single_fault_of_holding_and_deciding_settles_each_order_once(
    monkeypatch: pytest.MonkeyPatch, mode: str, verdict: Any
) -> None:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    rule(market, "delivery", "true", "hold")
    for number in range(1, 60):
        sku = f"sku{number}"
        market.sku(sku)
        market.stock(sku, 1)
        order = market.pay(market.place(sku, member=sku, contact={}))
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            insist(market, faults, market.run)
            (review,) = reviews(market)
            end(market, review, verdict)
            insist(market, faults, market.run)
        market.later(minutes=3)
        market.sweep()
        market.run()
        assert market.order(order).state == {"approve": "fulfilled", "refuse": "refunded"}[verdict], (mode, number)
        assert not reviews(market)
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    market.check_nothing_is_wrong()


def test_a_risk_table_that_fails_for_long_loses_no_paid_order(market: Market) -> None:
    order = paid(market)

    class Down(Table):
        def get_many(self, *_: Any, **__: Any) -> Any:
            raise Busy("down")

    down = Down(market.works.risk.table.name, market.works.risk.table.client)
    broken = replace(market.works, risk=replace(market.works.risk, table=down))
    for _ in range(7):
        with pytest.raises(Busy):
            market.run(broken)
    market.workflow.alive.clear()
    market.later(minutes=5)
    market.sweep()
    market.run()
    assert market.order(order).state == "fulfilled"


# Refunds.


def test_a_refund_that_is_held_goes_through_by_the_same_call_once_it_is_approved(market: Market) -> None:
    order = delivered(market, 2, seen=True)
    rule(market, "refund", "refund.revealed > 0", "hold")
    body = RefundBody(reason="regrets")
    with pytest.raises(ReviewNeeded) as refusal:
        refund_order(desk_of(market), SUPPORT, order.id, "R", body)
    with pytest.raises(ReviewNeeded):
        refund_order(desk_of(market), SUPPORT, order.id, "R", body)
    (review,) = reviews(market)
    assert refusal.value.extra["review"] == review.id
    assert review.decision.facts["refund.revealed"] == 2
    assert market.order(order) == order
    end(market, review, "approve")
    refund_order(desk_of(market), SUPPORT, order.id, "R", body)
    refund_order(desk_of(market), SUPPORT, order.id, "R", body)
    market.run()
    assert sent_back(market) == [order.total]


def test_the_same_refund_asked_for_anew_joins_the_open_review_and_its_approval_is_used_once(market: Market) -> None:
    order = delivered(market, 2, seen=True)
    rule(market, "refund", "refund.revealed > 0", "hold")
    body = RefundBody(reason="regrets", amount=Money(amount=100, currency="CNY"))
    same = body.model_copy(update={"reason": "asked again"})
    for key, wanted in (("R1", body), ("R2", same), ("R1", body)):
        with pytest.raises(ReviewNeeded):
            refund_order(desk_of(market), SUPPORT, order.id, key, wanted)
    with pytest.raises(ReviewNeeded):
        refund_order(desk_of(market), OPERATOR, order.id, "R1", body)
    (review,) = reviews(market)
    end(market, review, "approve")
    for _ in range(2):
        refund_order(desk_of(market), SUPPORT, order.id, "R2", same)
    with pytest.raises(ApprovalUsed):
        refund_order(desk_of(market), SUPPORT, order.id, "R1", body)
    market.run()
    assert sent_back(market) == [100]
    with pytest.raises(ReviewNeeded):
        refund_order(desk_of(market), SUPPORT, order.id, "R3", body)
    assert len(reviews(market)) == 1


def test_a_refund_that_somebody_refused_stays_refused_unless_an_operator_insists(market: Market) -> None:
    order = delivered(market, seen=True)
    rule(market, "refund", "true", "hold")
    body = RefundBody(reason="regrets")
    with pytest.raises(ReviewNeeded):
        refund_order(desk_of(market), SUPPORT, order.id, "R", body)
    end(market, reviews(market)[0], "refuse")
    with pytest.raises(RiskRefused):
        refund_order(desk_of(market), SUPPORT, order.id, "R", body)
    with pytest.raises(Forbidden):
        refund_order(desk_of(market), SUPPORT, order.id, "R2", RefundBody(reason="regrets", despite_risk=True))
    refund_order(desk_of(market), OPERATOR, order.id, "R3", RefundBody(reason="regrets", despite_risk=True))
    market.run()
    assert market.order(order).state == "refunded"
    said = [each for each in decisions(market) if each["point"] == "refund"]
    assert [each["outcome"] for each in said] == ["hold", "hold"]
    assert sorted("despite_risk" in [hit["rule"] for hit in each["hits"]] for each in said) == [False, True]


def test_of_two_answers_to_one_question_the_first_that_was_written_stands(market: Market) -> None:
    """The same call twice at once: each finds nothing decided yet, and what is known changes between them."""
    order, body, desk = delivered(market, seen=True), RefundBody(reason="regrets"), desk_of(market)
    rule(market, "refund", "true", "approve")
    refund_order(desk, SUPPORT, order.id, "R", body)
    rule(market, "refund", "true", "hold")
    first = next(each for each in decisions(market) if each["point"] == "refund")
    late = replace(desk.risk, table=Undecided(desk.risk.table.name, desk.risk.table.client))
    late.at_refund(
        order,
        {},
        Wanted("", Money(amount=1, currency="CNY"), order.channel),
        market.order(order).refunds[0].asked,
        market.now,
    )
    assert not reviews(market)
    assert [each for each in decisions(market) if each["point"] == "refund"] == [first]


class Undecided(Table):
    """Read a moment before anything was decided."""

    def get_many(self, keys: Any, *, consistent: bool = True) -> Any:
        found = super().get_many(keys, consistent=consistent)
        return [item for item in found if item["sk"] not in ("DECISION", "REVIEW")]


def test_what_is_refused_anyway_is_not_judged(market: Market) -> None:
    rule(market, "refund", "true", "hold")
    order = delivered(market)
    body = RefundBody(reason="too much", amount=Money(amount=10**6, currency="CNY"))
    with pytest.raises(Exception, match="worth"):
        refund_order(desk_of(market), SUPPORT, order.id, "R", body)
    assert not reviews(market)


def test_money_that_the_shop_itself_sends_back_is_not_judged(market: Market) -> None:
    rule(market, "refund", "true", "refuse")
    order = market.pay(market.place(), amount=5000)
    market.run()
    assert sent_back(market) == [5000 - order.total]
