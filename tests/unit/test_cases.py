"""What a case makes of what it hears, in whatever order; what it lets a person answer; what it tells."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.cases.changes import answered, answering, frozen, heard, opened, paid_back, suits, thawed, warned, withdrawn
from quanyi.cases.evidence import Bought, Delivered, Earlier, Evidence, Exchanged, Ordered, Paid, as_fields, as_text
from quanyi.cases.model import MOST_ANSWERS, MOST_STEPS, Answer, Case, case_id
from quanyi.cases.reveal import Reveal
from quanyi.cases.table import from_item, to_item
from quanyi.cases.telling import entry_of_case, events_of_case
from quanyi.errors import Conflict, Invalid, Refusal
from quanyi.ledger.check import journal_sum
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.changes import captured, delivered, placed, settled, with_payment
from quanyi.orders.journal import balances, posted
from quanyi.orders.model import Line, Order, Payment, Unit
from quanyi.orders.numbers import payment_number
from quanyi.orders.refunds import (
    asked_again,
    goods_known,
    share_answered,
    share_came_back,
    taken_back,
    with_allowance,
    with_refund,
)
from quanyi.payments.port import CaseTold

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ID = "O0123456789ABCDEFGHJK"
PAYMENT = payment_number(ID, "wechat", "k")
COMPLAINT = CaseTold("W-1", "complaint", PAYMENT, 2000, "CNY", "refund", NOW, NOW + timedelta(hours=24))
DISPUTE = CaseTold("du_1", "dispute", PAYMENT, 2000, "CNY", "fraudulent", NOW, NOW + timedelta(days=7))


def an_order(*, done: bool = True, units: int = 2) -> Order:
    line = Line(
        sku="m", version=1, kind="card", titles={"en": "M"}, quantity=units, unit_price=1000, total=1000 * units
    )
    order = Order(
        id=ID,
        channel="site",
        member="M1",
        lines=(line,),
        units=tuple(Unit(id=f"0-{i}", line=0, sku="m", kind="card", amount=1000) for i in range(units)),
        currency="CNY",
        total=1000 * units,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        body_hash="h",
    )
    order = placed(order, {unit.id: f"card-{unit.id}" for unit in order.units})
    order = with_payment(order, Payment(id=PAYMENT, provider="wechat", amount=order.total, created_at=NOW), NOW)
    order = captured(order, PAYMENT, "T1", order.total, NOW)
    return settled(delivered(order, [u.id for u in order.units], NOW), NOW) if done else order


def an_answer(action: Any = "reply", key: str = "A1", **more: Any) -> Answer:
    return Answer(id=key, asked="hash", action=action, by="support:S1", at=NOW, **more)


def a_case(told: CaseTold = COMPLAINT, order: Order | None = None) -> Case:
    return opened("wechat", told, order or an_order(), NOW)


# Hearing.


def test_a_case_is_known_by_its_provider_and_number_alone() -> None:
    assert case_id("wechat", "1") == case_id("wechat", "1") != case_id("alipay", "1")
    case = a_case()
    assert (case.id, case.order, case.transaction) == (case_id("wechat", "W-1"), ID, "T1")
    assert case.id.startswith("C")
    assert len(case.id) == 21


def test_an_old_notification_never_brings_a_case_back() -> None:
    answered_ = answered(answering(a_case(), an_answer()), "A1", "succeeded", LATER)
    assert answered_.state == "answered"
    assert heard(answered_, COMPLAINT, LATER, None) == answered_
    over = heard(answered_, replace(COMPLAINT, end="closed"), LATER, None)
    assert over.state == "closed"
    assert heard(over, COMPLAINT, LATER, None) == over
    assert heard(over, COMPLAINT, LATER, NOW) == over, "asked before the end was known"


def test_a_buyer_goes_on_with_a_complaint_but_nobody_with_a_dispute() -> None:
    asked_at = LATER + timedelta(seconds=1)
    over = heard(warned(a_case()), replace(COMPLAINT, end="closed"), LATER, None)
    again = heard(over, replace(COMPLAINT, due_at=NOW + timedelta(hours=72)), asked_at, asked_at)
    assert (again.state, again.end, again.ended_at, again.warned) == ("waiting_for_us", "", None, False)
    assert again.due_at == NOW + timedelta(hours=72)
    assert heard(over, replace(COMPLAINT, waits_for_us=False), asked_at, asked_at) == over
    lost = heard(a_case(DISPUTE), replace(DISPUTE, end="lost"), LATER, None)
    assert heard(lost, DISPUTE, asked_at, asked_at) == lost
    given_up = answered(answering(a_case(DISPUTE), an_answer("accept")), "A1", "succeeded", LATER)
    assert heard(given_up, DISPUTE, asked_at, asked_at) == given_up


@pytest.mark.parametrize("kind", ["complaint", "dispute"])
def test_notifications_in_any_order_and_number_end_the_same(kind: Any) -> None:
    first = replace(COMPLAINT, kind=kind)
    told = [first, replace(first, waits_for_us=False), replace(first, end="won" if kind == "dispute" else "closed")]
    ends: set[tuple[str, str]] = set()
    for order in itertools.permutations([*told, *told]):
        case = opened("wechat", order[0], None, NOW)
        for one in order[1:]:
            case = heard(case, one, LATER, None)
        ends.add((case.state, case.end))
    assert len(ends) == 1


def test_how_we_ended_it_says_more_than_that_the_provider_closed_it_for_that() -> None:
    accepted = answered(answering(a_case(DISPUTE), an_answer("accept")), "A1", "succeeded", LATER)
    lost = heard(accepted, replace(DISPUTE, end="lost"), LATER, None)
    assert (lost.state, lost.end) == ("accepted", "lost")
    assert lost.money_is_gone


# Answering.


def test_what_may_be_answered() -> None:
    case = answering(a_case(), an_answer())
    assert answering(case, an_answer()) == case
    with pytest.raises(Conflict) as under_way:
        answering(case, an_answer(key="A2"))
    assert under_way.value.extra["reason"] == "answer_under_way"
    with pytest.raises(Conflict) as disputed:
        answering(a_case(DISPUTE), an_answer("refund"))
    assert disputed.value.extra["reason"] == "disputed_charge"
    with pytest.raises(Conflict) as foreign:
        answering(opened("wechat", COMPLAINT, None, NOW), an_answer("refund"))
    assert foreign.value.extra["reason"] == "no_order"
    with pytest.raises(Conflict):
        answering(heard(a_case(), replace(COMPLAINT, end="closed"), LATER, None), an_answer())
    full = a_case().model_copy(
        update={"answers": tuple(an_answer(key=f"A{n}", outcome="failed") for n in range(MOST_ANSWERS))}
    )
    with pytest.raises(Invalid):
        answering(full, an_answer(key="one more"))


def test_an_inquiry_is_refunded_and_a_dispute_of_it_is_not() -> None:
    asked = replace(DISPUTE, inquiry=True)
    case = a_case(asked)
    with pytest.raises(Conflict) as no:
        answering(case, an_answer("accept"))
    assert no.value.extra["reason"] == "inquiry"
    refunded = answered(answering(case, an_answer("refund")), "A1", "succeeded", LATER)
    assert refunded.state == "refunded"
    for before in (case, refunded, heard(case, replace(asked, waits_for_us=False), LATER, LATER)):
        taken = heard(before, DISPUTE, LATER, None)
        assert (taken.state, taken.inquiry) == ("waiting_for_us", False), "told by a notification too"
        assert heard(taken, asked, LATER, None) == taken, "late news"
        with pytest.raises(Conflict):
            answering(taken, an_answer("refund", key="A2"))
    over = heard(case, replace(asked, end="closed"), LATER, None)
    assert (over.state, over.money_is_gone) == ("closed", False)
    lost = heard(case, replace(DISPUTE, end="lost"), LATER, None)
    assert (lost.state, lost.inquiry, lost.money_is_gone) == ("lost", False, True)


def test_an_outcome_is_taken_once_and_unknown_is_none() -> None:
    case = answering(a_case(), an_answer())
    assert answered(case, "A1", "unknown", LATER) == case
    failed = answered(case, "A1", "failed", LATER)
    assert (failed.state, failed.pending) == ("waiting_for_us", None)
    assert answered(failed, "A1", "succeeded", LATER) == failed
    assert failed.history[-1].what == "reply failed"
    paid = answered(answering(a_case(), an_answer("refund")), "A1", "failed", LATER, paid_back=True)
    assert (paid.state, paid.answers[0].outcome) == ("refunded", "failed")


def test_history_stays_small() -> None:
    case = a_case()
    for number in range(MOST_STEPS):
        asked = NOW + timedelta(hours=number + 1)
        case = heard(case, replace(COMPLAINT, waits_for_us=bool(number % 2)), asked, asked)
    assert len(case.history) == MOST_STEPS


# The order.


def test_frozen_while_open_and_by_each_case_on_its_own() -> None:
    order = frozen(frozen(frozen(an_order(), "C1"), "C2"), "C1")
    assert order.frozen == ("C1", "C2")
    assert thawed(thawed(order, "C1"), "C1").frozen == ("C2",)
    case = a_case()
    assert suits(an_order(), case).frozen == (case.id,)
    for told, stays in (("closed", False), ("won", False), ("lost", True)):
        over = heard(a_case(DISPUTE), replace(DISPUTE, end=told), LATER, None)  # type: ignore[arg-type]
        assert bool(suits(frozen(an_order(), over.id), over).frozen) == stays


def test_a_refund_of_all_that_is_left_or_of_an_amount_is_made_once() -> None:
    order = paid_back(an_order(), an_answer("refund"), NOW)
    assert [r.amount for r in order.refunds] == [2000]
    assert {u.state for u in order.units} == {"refunding"}
    assert paid_back(order, an_answer("refund"), LATER) == order
    with pytest.raises(Conflict):
        paid_back(order, an_answer("refund", key="A2"), LATER)
    part = paid_back(an_order(), an_answer("refund", amount=500), NOW)
    assert [r.amount for r in part.refunds] == [500]
    assert {u.state for u in part.units} == {"delivered"}
    with pytest.raises(Invalid):
        paid_back(an_order(), an_answer("refund", amount=2001), NOW)
    waiting = paid_back(an_order(done=False), an_answer("refund"), NOW)
    assert {u.state for u in waiting.units} == {"refunding"}
    for changed in (order, part, waiting):
        books(changed)


@given(st.permutations(["lost", "refund", "refund fails", "lost again", "settle"]))
def test_a_lost_dispute_and_a_refund_never_pay_twice(steps: list[str]) -> None:
    order = an_order()
    for step in steps:
        try:
            order = _step(order, step)
        except Refusal:
            continue  # its time comes when the provider tells it again
        books(order)
        assert order.refunded + order.going_back <= order.captured
    assert order.refunded <= order.captured
    order = _step(_step(order, "refund fails"), "lost")
    order = settled(withdrawn(order, "C1", NOW), NOW)
    assert (order.refunded, order.going_back) == (2000, 0)
    assert {u.state for u in order.units} == {"refunded"}
    assert withdrawn(order, "C1", NOW) == order
    books(order)


def test_a_lost_dispute_for_more_than_is_left_costs_the_shop_the_rest() -> None:
    order = with_allowance(an_order(), 499, ["0-0", "0-1"], reason="slow", by="s", now=NOW)
    with pytest.raises(Conflict):
        taken_back(order, PAYMENT, "stripe:du_1", 2000, "dispute_lost", NOW)  # that refund may still fail
    order = settled(share_answered(order, order.refunds[0].id, 0, "succeeded", NOW), NOW)
    order = posted(order, NOW)
    lost = posted(settled(taken_back(order, PAYMENT, "stripe:du_1", 2000, "dispute_lost", NOW), NOW), NOW)
    assert books(lost).model_dump() == {"captured": 2000, "delivered": 0, "refunded": 2000, "owed": 0}
    assert {account: balances(lost)[account] for account in ("provider:wechat", "loss")} == {
        "provider:wechat": -499,
        "loss": 499,
    }
    assert journal_sum(lost) == balances(lost)
    assert {sum(posting.lines.values()) for posting in lost.journal} == {0}
    assert taken_back(lost, PAYMENT, "stripe:du_1", 2000, "dispute_lost", NOW) == lost
    over = withdrawn(frozen(lost, "C1"), "C1", NOW)
    assert ({u.state for u in over.units}, over.frozen) == ({"refunded"}, ())
    again = taken_back(lost, PAYMENT, "stripe:du_2", 10, "dispute_lost", NOW)
    (share,) = again.refunds[-1].shares
    assert (share.amount, share.excess, balances(again)["loss"]) == (0, 10, 509)


def test_a_lost_dispute_settles_a_refused_refund_first_and_then_what_is_left() -> None:
    order = with_refund(an_order(), ["0-0"], reason="r", by="s", now=NOW, of=("delivered",))
    order = share_answered(order, order.refunds[0].id, 0, "failed", NOW)
    order = goods_known(settled(order, NOW), {"0-0": "lost"})
    order = settled(taken_back(order, PAYMENT, "stripe:du_1", 2000, "dispute_lost", NOW), NOW)
    assert [(r.amount, r.shares[0].outside, r.state) for r in order.refunds] == [(1000, "stripe:du_1", "succeeded")] * 2
    assert books(order).model_dump() == {"captured": 2000, "delivered": 0, "refunded": 2000, "owed": 0}
    assert order.settled


def test_a_dispute_over_some_of_a_refused_refund_leaves_the_rest_of_it_owed() -> None:
    order = with_refund(an_order(), ["0-0"], reason="r", by="s", now=NOW, of=("delivered",))
    order = share_answered(order, order.refunds[0].id, 0, "failed", NOW)
    order = goods_known(settled(order, NOW), {"0-0": "lost"})
    order = settled(taken_back(order, PAYMENT, "stripe:du_1", 400, "dispute_lost", NOW), NOW)
    assert taken_back(order, PAYMENT, "stripe:du_1", 400, "dispute_lost", NOW) == order
    (refund,) = order.refunds
    assert [(s.amount, s.state, s.outside) for s in refund.shares] == [
        (400, "succeeded", "stripe:du_1"),
        (600, "failed", ""),
    ]
    assert (refund.state, refund.outside, order.unit("0-0").state) == ("failed", False, "refunding")
    assert books(order).model_dump() == {"captured": 2000, "delivered": 1000, "refunded": 400, "owed": 600}
    assert "loss" not in balances(order)
    again = asked_again(order, refund.id, NOW)
    done = settled(share_answered(again, refund.id, 1, "succeeded", NOW), NOW)
    assert (done.refunds[0].state, done.unit("0-0").state, books(done).owed) == ("succeeded", "refunded", 0)
    assert share_came_back(done, refund.id, 0, NOW) == done, "the provider's own"


def test_what_is_not_known_to_be_here_is_not_taken_back() -> None:
    order = placed(an_order(done=False).model_copy(update={"state": "placing", "payments": (), "paid_at": None}), {})
    order = with_payment(order, Payment(id=PAYMENT, provider="wechat", amount=order.total, created_at=NOW), NOW)
    with pytest.raises(Conflict):
        taken_back(order, PAYMENT, "stripe:du_1", 2000, "dispute_lost", NOW)


def _step(order: Order, step: str) -> Order:
    match step:
        case "lost" | "lost again":
            return settled(taken_back(order, PAYMENT, "stripe:du_1", 2000, "dispute_lost", NOW), NOW)
        case "refund":
            units = [u.id for u in order.units]
            return with_refund(order, units, reason="r", by="s", now=NOW, of=("waiting", "delivered"))
        case "refund fails":
            for refund in order.refunds:
                for number in range(len(refund.shares)):
                    order = share_answered(order, refund.id, number, "failed", NOW)
            return order
        case _:
            return settled(order, NOW)


# Kept, and told.


def test_what_is_kept_reads_back() -> None:
    for case in (
        a_case(),
        opened("wechat", replace(COMPLAINT, due_at=None), None, NOW),
        answered(answering(a_case(), an_answer("refund", amount=5)), "A1", "succeeded", LATER),
        heard(a_case(DISPUTE), replace(DISPUTE, end="won"), LATER, None).model_copy(update={"sealed": b"x", "rev": 3}),
    ):
        item = to_item(case)
        assert from_item(item) == case
        assert item["due"] == ("cases#open" if case.is_open else "cases#ended")


def _at(case: Case | None, rev: int) -> Case | None:
    return case.model_copy(update={"rev": rev}) if case else None


def test_what_a_life_tells() -> None:
    steps = [a_case(), warned(a_case())]
    steps.append(answering(steps[-1], an_answer()))
    steps.append(answered(steps[-1], "A1", "succeeded", LATER))
    steps.append(heard(steps[-1], replace(COMPLAINT, end="closed"), LATER, None))
    asked_at = LATER + timedelta(hours=1)
    steps.append(heard(steps[-1], COMPLAINT, asked_at, asked_at))
    writes = [(_at(old, n), _at(new, n + 1)) for n, (old, new) in enumerate(itertools.pairwise([None, *steps]))]
    told = [[type(e).__name__ for e in events_of_case(old, new, NOW)] for old, new in writes if new]
    assert told == [["CaseOpened"], ["CaseDueSoon"], [], ["CaseAnswered"], ["CaseClosed"], ["CaseOpened"]]
    ids = [e.id for old, new in writes if new for e in events_of_case(old, new, NOW)]
    assert len(set(ids)) == len(ids)
    entries = [entry_of_case(old, new, NOW, events_of_case(old, new, NOW)) for old, new in writes if new]
    assert [entry.facts[0]["what"] for entry in entries if entry] == [
        *("CaseOpened", "CaseDueSoon", "CaseAnswerAsked", "CaseAnswered", "CaseClosed", "CaseOpened")
    ]
    assert entries[2].by == "support:S1"  # type: ignore[union-attr]


# Evidence.


def some_evidence() -> Evidence:
    yuan = Money(amount=2000, currency="CNY")
    order = Ordered(
        id=ID,
        channel="site",
        state="fulfilled",
        created_at=NOW,
        paid_at=NOW,
        total=yuan,
        lines=(Bought(sku="m", titles={"zh-CN": "音乐月卡", "en": "Music"}, quantity=2, total=yuan),),
        payments=(
            Paid(provider="stripe", method="", number=PAYMENT, transaction="pi_1", amount=yuan, captured_at=NOW),
        ),
        deliveries=(
            Delivered(
                unit="0-0",
                sku="m",
                kind="card",
                state="delivered",
                amount=yuan,
                card="card-id",
                card_state="delivered",
                supplier="acme",
                delivered_at=NOW,
                revealed_at=LATER,
                replaced=(Exchanged(card="bad-card", at=NOW, reason="invalid"),),
            ),
        ),
        reveals=(
            Reveal(at=LATER, units=("0-0",), by="storefront", ip="192.0.2.9"),
            Reveal(at=LATER, units=("0-0",), by="order", ip="198.51.100.7"),
        ),
        refunds=(),
        email="buyer@example.com",
        ip="203.0.113.9",
        earlier=Earlier(orders=3, delivered=2, refunded=1),
    )
    return Evidence.of(a_case(DISPUTE), order)


def test_evidence_goes_by_the_names_that_providers_have() -> None:
    fields = as_fields(some_evidence(), "en")
    assert fields["customer_email_address"] == "buyer@example.com"
    assert fields["customer_purchase_ip"] == "203.0.113.9"
    log = fields["access_activity_log"]
    assert "198.51.100.7 (the buyer's own browser)" in log
    assert "192.0.2.9 (the sales channel's server)" in log
    assert log.index("198.51.100.7") < log.index("card-id"), "what is long is cut at its end"
    assert fields["service_date"] == "2026-11-23"
    assert "2026-11-23T04:05:00.000Z" in fields["access_activity_log"]
    assert "refunds" not in fields
    assert as_fields(Evidence.of(a_case(), None), "en") == {}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-CN", ["订单证据", "音乐月卡", "首次查看", "第 0-0 件换卡：2026-11-23T04:00:00.000Z"]),
        ("en", ["Evidence on case", "Music", "first opened", "bad card bad-card replaced"]),
    ],
)
def test_evidence_as_text_ready_to_send(language: Any, words: list[str]) -> None:
    text = as_text(some_evidence(), language)
    for word in (*words, "CNY 20.00", "pi_1", PAYMENT, "198.51.100.7", "203.0.113.9", "acme", ID):
        assert word in text
    assert "{" not in text
    assert as_text(Evidence.of(a_case(), None), language)
