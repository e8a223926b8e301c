"""A refund that answers a complaint is judged like any other: held, approved, refused, insisted on; by its deadline."""

from datetime import timedelta
from typing import Any

import pytest

from aftersales.messages import RefundBody
from aftersales.refunding import refund_order
from cases import admin, answers
from cases.sweep import sweep
from quanyi.cases.model import Case
from quanyi.errors import Conflict, Forbidden, KeyReused
from quanyi.orders.model import Order
from quanyi.risk.refusals import ApprovalUsed, ReviewNeeded, RiskRefused
from quanyi.risk.reviews import Review
from quanyi.risk.signals import SignalsTable
from quanyi.risk.told import told
from risk.deciding import decide
from risk.review_messages import VerdictBody
from risk.sweep import sweep as sweep_reviews
from risk.wiring import ReviewRoom
from tests.aws.after_sale import desk_of, sent_back
from tests.aws.conftest import Call
from tests.aws.court import OPERATOR, OURS, SUPPORT, Court, made
from tests.aws.faults import MODES, Crash, Faults, insist
from tests.aws.judging import decisions, reviews, rule
from tests.aws.memory import MemoryCloud

PAYER: dict[str, Any] = {"member": "u-1"}


class Bus:
    def put(self, events: Any) -> None:
        pass


@pytest.fixture
def court() -> Court:
    return made(MemoryCloud())  # type: ignore[arg-type]


def complaint(court: Court, number: str = "N1", **more: Any) -> tuple[Order, Case]:
    order = court.sold(seen=True, **PAYER)
    return order, court.take(court.brings(order, number=number, **more))


def room(court: Court) -> ReviewRoom:
    market = court.market
    return ReviewRoom(market.risk.reviews, market.shop.orders, market.workflow, lambda: market.now)  # type: ignore[arg-type]


def judged(court: Court, verdict: Any, review: Review | None = None) -> None:
    (one,) = [review] if review else reviews(court.market)
    decide(room(court), OPERATOR, one.id, verdict, "V", VerdictBody())


def refund(court: Court, case: Case, key: str = "k1", **more: Any) -> Case:
    return court.answer(case, key, action="refund", **more)


def learn(court: Court, order: Order) -> None:
    """What the order's stream would tell the risk table."""
    SignalsTable(court.market.cloud.table("RiskTable")).add(told(None, court.order(order), court.market.now).signs)


def test_a_repeat_refunders_complaint_is_held_until_somebody_approves_and_is_refunded_once(court: Court) -> None:
    """By the rules that a shop has from its first day."""
    first, case = complaint(court, "before")
    assert refund(court, case).state == "refunded"
    court.market.run()
    learn(court, first)
    order, case = complaint(court)
    for _ in range(2):
        with pytest.raises(ReviewNeeded):
            refund(court, case)
    (review,) = reviews(court.market)
    assert "repeat_refunder" in review.reasons
    assert (review.order, review.amount.amount) == (order.id, order.total)
    (answer,) = court.case().answers
    assert (answer.review, answer.outcome, court.case().state) == (review.id, "unknown", "waiting_for_us")
    assert "N1" not in court.desk.heard
    assert court.order(order).refunds == ()
    judged(court, "approve")
    for _ in range(2):
        done = refund(court, case)
        assert (done.state, [(a.outcome, a.review) for a in done.answers]) == ("refunded", [("succeeded", "")])
    court.market.run()
    assert sent_back(court.market) == [order.total] * 2
    assert len(court.desk.heard["N1"]) == 1
    court.market.check_nothing_is_wrong()


def test_what_is_held_holds_no_other_answer_up(court: Court) -> None:
    rule(court.market, "refund", "refund.revealed > 0", "hold")
    _, case = complaint(court)
    with pytest.raises(ReviewNeeded):
        refund(court, case)
    assert court.answer(case, "k2", action="reply", text=OURS).state == "answered"
    assert court.answer(case, "k3", action="accept").state == "accepted"
    judged(court, "approve")
    with pytest.raises(Conflict) as over:
        refund(court, case)
    assert over.value.extra["state"] == "accepted"
    assert sent_back(court.market) == []


def test_the_answer_and_the_refund_route_are_one_question(court: Court) -> None:
    rule(court.market, "refund", "true", "hold")
    order, case = complaint(court)
    body = RefundBody(reason="asked", despite_case=True)
    with pytest.raises(ReviewNeeded):
        refund_order(desk_of(court.market), SUPPORT, order.id, "R", body)
    for key in ("k1", "k2"):
        with pytest.raises(ReviewNeeded):
            refund(court, case, key)
    (review,) = reviews(court.market)
    assert [answer.review for answer in court.case().answers] == [review.id]
    judged(court, "approve")
    refund(court, case, "k2")
    with pytest.raises((ApprovalUsed, Conflict)):
        refund_order(desk_of(court.market), SUPPORT, order.id, "R", body)
    court.market.run()
    assert sent_back(court.market) == [order.total]


def test_a_review_that_let_another_request_pass_is_told_in_the_case(court: Court) -> None:
    rule(court.market, "refund", "true", "hold")
    order, case = complaint(court)
    part = {"amount": 500, "currency": "CNY"}
    with pytest.raises(ReviewNeeded):
        refund(court, case, amount=part)
    body = RefundBody.model_validate({"reason": "asked", "amount": part, "despite_case": True})
    judged(court, "approve")
    refund_order(desk_of(court.market), SUPPORT, order.id, "R", body)
    sweep(court.office)
    (answer,) = court.case().answers
    assert (answer.outcome, court.case().state) == ("failed", "waiting_for_us")
    with pytest.raises(ApprovalUsed):
        refund(court, case, amount=part)


def test_a_refund_that_was_let_pass_and_broke_off_is_not_taken_for_one_in_vain(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(court.market, "refund", "true", "hold")
    _, case = complaint(court)
    with pytest.raises(ReviewNeeded):
        refund(court, case)
    judged(court, "approve")

    def gone(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(answers, "_recorded", gone)
        with pytest.raises(Crash):
            refund(court, case)
    assert sweep(court.office)["tended"] == 0
    assert refund(court, case).state == "refunded"


def test_a_review_ends_while_there_is_time_for_another_answer(court: Court) -> None:
    """Refunds are reviewed for 72 hours, WeChat waits 24."""
    rule(court.market, "refund", "true", "hold")
    order, case = complaint(court)
    with pytest.raises(ReviewNeeded):
        refund_order(desk_of(court.market), SUPPORT, order.id, "R", RefundBody(reason="asked", despite_case=True))
    assert reviews(court.market)[0].due_at == court.market.now + timedelta(hours=72)
    with pytest.raises(ReviewNeeded):
        refund(court, case)
    assert reviews(court.market)[0].due_at == court.market.now + timedelta(hours=18)
    _, other = complaint(court, "N2")
    with pytest.raises(ReviewNeeded):
        refund(court, other)
    assert reviews(court.market)[1].due_at == court.market.now + timedelta(hours=18)
    court.market.later(hours=17)
    with pytest.raises(ReviewNeeded):
        refund(court, other, "k2")
    assert len({review.due_at for review in reviews(court.market)}) == 1, "nobody puts a review off"


@pytest.mark.parametrize("hours", [None, -1, 200])
def test_a_deadline_that_is_no_bound_leaves_a_review_its_time(court: Court, hours: int | None) -> None:
    rule(court.market, "refund", "true", "hold")
    due_at = court.market.now + timedelta(hours=hours) if hours else None
    _, case = complaint(court, due_at=due_at)
    with pytest.raises(ReviewNeeded):
        refund(court, case)
    assert reviews(court.market)[0].due_at == court.market.now + timedelta(hours=72)


def test_a_review_that_times_out_is_told_in_the_case_and_the_shop_can_still_answer(court: Court) -> None:
    rule(court.market, "refund", "true", "hold")
    _, case = complaint(court)
    with pytest.raises(ReviewNeeded):
        refund(court, case)
    court.market.later(hours=18, minutes=1)
    sweep_reviews(room(court), Bus())  # type: ignore[arg-type]
    assert [sweep(court.office)["tended"] for _ in range(2)] == [1, 0]
    (answer,) = court.case().answers
    assert answer.outcome == "failed"
    told = court.case().history[-1]
    assert (told.what, told.by, court.case().state) == ("refund turned down", "system", "waiting_for_us")
    for _ in range(2):
        with pytest.raises(RiskRefused):
            refund(court, case)
    assert court.case().due_at
    assert court.market.now < court.case().due_at  # type: ignore[operator]
    assert court.answer(case, "k2", action="reply", text=OURS).state == "answered"
    assert sent_back(court.market) == []


def test_only_an_operator_may_insist(court: Court) -> None:
    rule(court.market, "refund", "true", "refuse")
    order, case = complaint(court)
    with pytest.raises(RiskRefused):
        refund(court, case)
    with pytest.raises(Forbidden):
        refund(court, case, "k2", despite_risk=True)
    assert court.case().answers == ()
    for _ in range(2):
        assert refund(court, case, "k3", caller=OPERATOR, despite_risk=True).state == "refunded"
    court.market.run()
    assert sent_back(court.market) == [order.total]
    said = [[hit["rule"] for hit in each["hits"]] for each in decisions(court.market) if each["point"] == "refund"]
    assert sorted("despite_risk" in rules for rules in said) == [False, True]


def test_a_key_that_waits_for_a_review_takes_no_other_body(court: Court) -> None:
    rule(court.market, "refund", "true", "hold")
    _, case = complaint(court)
    with pytest.raises(ReviewNeeded):
        refund(court, case)
    with pytest.raises(KeyReused):
        refund(court, case, amount={"amount": 1, "currency": "CNY"})


def test_who_asks_is_told_of_the_review_over_the_api(court: Court, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "office", lambda: court.office)
    rule(court.market, "refund", "true", "hold")
    _, case = complaint(court)
    path, key = f"/v1/admin/cases/{case.id}", {"Idempotency-Key": "k1"}
    body = {"action": "refund"}
    status, answer, _ = call(admin.handler, "POST", f"{path}/answer", body, caller=SUPPORT, headers=key)
    (review,) = reviews(court.market)
    assert (status, answer["code"], answer["review"]) == (409, "review_needed", review.id)
    _, full, _ = call(admin.handler, "GET", path, caller=SUPPORT)
    assert [(a["review"], a["outcome"]) for a in full["answers"]] == [(review.id, "unknown")]
    status, _, _ = call(
        admin.handler,
        "POST",
        f"{path}/answer",
        {"action": "accept", "despite_risk": True},
        caller=OPERATOR,
        headers=key,
    )
    assert status == 422


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "failing"])
def test_any_single_fault_of_holding_and_approving_refunds_once(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    court = made(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    rule(court.market, "refund", "true", "hold")
    for number in range(1, 60):
        name = f"N{number}"
        court.market.stock("ik-month", 1)
        order, case = complaint(court, name)
        faults = Faults(number, fault, applied=applied)

        def asked(case: Case = case) -> None:
            with pytest.raises(ReviewNeeded):
                refund(court, case)

        with faults(monkeypatch):
            insist(court.market, faults, asked)
            (review,) = reviews(court.market)
            assert [answer.review for answer in court.case(name).answers] == [review.id]
            judged(court, "approve")
            insist(court.market, faults, lambda case=case: refund(court, case))
        court.market.run()
        order, case = court.order(order), court.case(name)
        assert (case.state, len(case.answers), len(order.refunds)) == ("refunded", 1, 1), (mode, number, faults.calls)
        assert (order.refunded, len(court.desk.heard[name])) == (order.total, 1)
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    court.market.check_nothing_is_wrong()


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("by_answer", [True, False])
def test_a_part_of_the_price_of_what_was_seen_counts_once_it_is_back(
    court: Court, *, seen: bool, by_answer: bool
) -> None:
    order, part = court.sold(2, seen=seen), {"amount": 500, "currency": "CNY"}
    for _ in range(2):
        if by_answer:
            refund(court, court.take(court.brings(order, reason="others")), amount=part)
        else:
            body = RefundBody.model_validate({"reason": "asked", "amount": part})
            refund_order(desk_of(court.market), SUPPORT, order.id, "R", body)
    asked = court.order(order)
    assert "seen_refunded" not in {sign.kind for sign in told(order, asked, court.market.now).signs}
    court.market.run()
    back = court.order(order)
    assert sent_back(court.market) == [500]
    kinds = {sign.kind for sign in told(asked, back, court.market.now).signs}
    assert kinds == ({"refunded", "seen_refunded"} if seen else {"refunded"})
    assert not told(back, back, court.market.now).signs
