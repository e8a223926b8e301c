"""Whatever suppliers say about a purchase, in whatever order and however often: what came stays, an end stays."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.alerts.texts import explained
from quanyi.errors import Conflict, Refusal
from quanyi.money import Money
from quanyi.orders.buying import (
    being_bought,
    is_given_up,
    not_bought,
    topped_up,
    unavailable,
    wants_buying,
    with_bought,
)
from quanyi.orders.changes import captured, placed, with_payment
from quanyi.orders.model import Order, Payment, Unit
from quanyi.orders.refunds import with_refund
from quanyi.purchases.changes import (
    ALLOWED,
    ON_ITS_WAY,
    Receipt,
    answered,
    applied,
    approved,
    cancelled,
    impatient,
    resolved,
    sent,
    unsent,
)
from quanyi.purchases.model import Duplicate, PurchaseOrder, PurchaseState, Purpose
from quanyi.purchases.telling import findings
from quanyi.supply.port import Answer, AnswerState
from tests.unit.test_order_changes import order

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PATIENCE = timedelta(hours=4)
FINAL: frozenset[PurchaseState] = frozenset({"received", "failed", "cancelled", "reconciled"})


def draft(purpose: Purpose = "order", **more: Any) -> PurchaseOrder:
    known: dict[str, Any] = {"id": "P1", "supplier": "acme", "sku": "a", "code": "c", "quantity": 3, "unit_cost": 100}
    known |= {"purpose": purpose, "currency": "CNY", "most": 120, "created_at": NOW}
    return PurchaseOrder.model_validate(known | more)


def on_its_way(purpose: Purpose = "order") -> PurchaseOrder:
    return sent(approved(draft(purpose), "system", NOW), "s1", NOW)


def test_what_is_charged_above_the_most_is_kept_and_told_until_it_is_settled() -> None:
    for cost, told in ((360, False), (361, True)):
        po = answered(on_its_way(), Answer("done", cost=cost), Receipt(received=3), NOW)
        assert (po.state, po.cost, po.overcharged) == ("received", cost, told)
        found = [one for one in findings(po, NOW) if one.kind == "purchase_differs"]
        assert [(one.facts["cost"], one.facts["limit"], one.facts["currency"]) for one in found] == (
            [(361, 360, "CNY")] if told else []
        )
        if told:
            assert any("3.61" in text for text in explained("purchase_differs", found[0].facts, "en", "Asia/Shanghai"))
        assert not findings(po.model_copy(update={"state": "reconciled"}), NOW)


RECEIPTS = st.builds(
    Receipt,
    received=st.integers(0, 3),
    duplicates=st.just((Duplicate(card="k", batch="b"),)) | st.just(()),
    duplicate_count=st.integers(0, 2),
    invalid=st.integers(0, 2),
    surplus=st.integers(0, 2),
)
ANSWERS = st.builds(
    Answer,
    state=st.sampled_from(get_args(AnswerState)),
    number=st.sampled_from(["", "N1", "N2"]),
    cost=st.none() | st.integers(0, 500),
    reason=st.sampled_from(["", "sold out", "x" * 300]),
)
STEPS = st.one_of(
    st.tuples(st.just("told"), ANSWERS, RECEIPTS, st.integers(0, 3)),
    st.tuples(st.sampled_from(["applied", "resolved well", "resolved ill", "cancelled", "unsent", "sent again"])),
    st.tuples(st.just("later"), st.integers(1, 900)),
)


def stepped(po: PurchaseOrder, step: tuple[Any, ...], now: datetime) -> PurchaseOrder:
    """As `reorder` does it: what is refused changes nothing."""
    try:
        match step:
            case ("told", Answer() as answer, Receipt() as receipt, int()):
                receipt = Receipt(po.received) if po.purpose == "topup" else receipt
                return impatient(answered(po, answer, receipt, now), PATIENCE, now)
            case ("applied",):
                return applied(po)
            case ("resolved well" | "resolved ill" as how,):
                return resolved(po, how == "resolved well", "operator", "asked", now)
            case ("cancelled",):
                return cancelled(po, "operator", "not needed", now)
            case ("unsent",):
                return unsent(po, "supplier_disabled", now)
            case ("sent again",):
                return sent(po, "s2", now)
            case _:
                return po
    except Refusal:
        return po


def check(before: PurchaseOrder, after: PurchaseOrder) -> None:
    assert after.state == before.state or after.state in ALLOWED[before.state]
    if before.state in FINAL:
        assert after.state == before.state
        assert (after.ended_at, after.ended_as) == (before.ended_at, before.ended_as)
    assert after.received >= before.received
    assert after.received <= after.quantity
    assert (after.due_at is None) == after.applied
    assert not after.applied or not after.is_open
    assert not after.under_way or after.due_at
    assert after.under_way <= (after.sent_at is not None)
    assert (after.sender, after.sent_at) == (before.sender, before.sent_at) or before.state == "approved"
    assert not before.applied or after.applied or after.received > before.received
    assert len(after.reason) <= 200
    assert not before.number or after.number == before.number


@given(st.sampled_from(get_args(Purpose)), st.lists(STEPS, max_size=25))
def test_what_came_and_an_end_stay(purpose: Purpose, steps: list[tuple[Any, ...]]) -> None:
    po, now, ends = on_its_way(purpose), NOW, list[str]()
    for step in steps:
        if step[0] == "later":
            now += timedelta(minutes=step[1])
        after = stepped(po, step, now)
        check(po, after)
        if po.under_way and not after.under_way:
            ends.append(after.ended_as)  # as the supplier, a person or the clock said
        elif step[0] == "told" and not po.under_way and step[1].state in ("done", "failed"):
            ends.append(step[1].state)
        assert after.contradicted == (len(set(ends)) > 1)
        po = after
    assert (len(ends) > 0) == (po.state in FINAL)


@given(st.sampled_from(get_args(Purpose)), st.lists(STEPS, max_size=12), ANSWERS, RECEIPTS)
def test_the_same_answer_again_brings_nothing_new(
    purpose: Purpose, steps: list[tuple[Any, ...]], answer: Answer, receipt: Receipt
) -> None:
    po, now = on_its_way(purpose), NOW
    for step in steps:
        now += timedelta(minutes=step[1]) if step[0] == "later" else timedelta(0)
        po = stepped(po, step, now)
    told = ("told", answer, receipt, 0)
    once = stepped(po, told, now)
    twice = stepped(once, told, now)
    asked: dict[str, Any] = {"asked": once.asked, "due_at": once.due_at}  # the next question is a little later
    if once.under_way:
        assert twice.model_copy(update=asked) == once
    else:
        assert twice == once
    assert applied(applied(twice)) == applied(twice)


@pytest.mark.parametrize("state", ["done", "failed"])
def test_the_same_end_told_again_is_no_contradiction(state: AnswerState) -> None:
    for receipt in (Receipt(), Receipt(2), Receipt(invalid=3)):
        ended = answered(on_its_way(), Answer(state), receipt, NOW)
        assert not answered(ended, Answer(state), receipt, NOW).contradicted
        other: AnswerState = "failed" if state == "done" else "done"
        assert answered(ended, Answer(other), receipt, NOW).contradicted


def test_what_never_arrived_and_is_delivered_all_the_same_is_marked() -> None:
    late = NOW + ON_ITS_WAY
    failed = answered(on_its_way(), Answer("absent"), Receipt(), late)
    assert (failed.state, failed.ended_as) == ("failed", "failed")
    assert not answered(failed, Answer("failed"), Receipt(), late).contradicted
    assert answered(failed, Answer("done"), Receipt(3), late).contradicted


@given(st.lists(st.sampled_from(["approve", "cancel", "send", "send again", "unsent"]), max_size=8))
def test_a_purchase_is_sent_by_one_call_or_not_at_all(steps: list[str]) -> None:
    po, senders = draft("stock"), set[str]()
    for step in steps:
        before = po
        try:
            match step:
                case "approve":
                    po = approved(po, "operator", NOW)
                case "cancel":
                    po = cancelled(po, "operator", "x", NOW)
                case "unsent":
                    po = unsent(po, "disabled", NOW)
                case name:
                    po = sent(po, name, NOW)
                    senders.add(po.sender)
        except Conflict:
            assert po == before
        assert not before.due_at or po.due_at
    assert len(senders) <= 1
    assert (po.sender != "") == bool(senders)


# On the order.


def paid(topup: bool) -> Order:
    made = order()
    terms: dict[str, Any] = {"sourcing": "on_demand", "on_shortage": "refund"} | ({"kind": "topup"} if topup else {})
    made = made.model_copy(update={"units": tuple(unit.model_copy(update=terms) for unit in made.units)})
    payment = Payment(id="Y1", provider="sandbox", amount=made.total, created_at=NOW)
    return captured(with_payment(placed(made, {}), payment, NOW), "Y1", "T1", made.total, NOW)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["buy", "fail", "bring", "unavailable", "refund", "later"]),
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(st.booleans(), MOVES)
def test_what_is_being_bought_is_neither_refunded_nor_bought_again(
    topup: bool, moves: list[tuple[str, int, int]]
) -> None:
    it, now, brought = paid(topup), NOW, set[str]()
    for how, unit, purchase in moves:
        name, id_ = f"0-{unit}", f"P{purchase}"
        before = it.unit(name)
        now += timedelta(minutes=7 if how == "later" else 0)
        it = _moved(it, how, name, id_, now)
        assert how == "refund" or _moved(it, how, name, id_, now) == it
        if how == "buy" and before.purchase:
            assert it.unit(name).purchase == before.purchase, "bought twice"
        if how == "bring" and before.purchase == id_:
            brought.add(name)
        for each in it.units:
            if each.purchase:
                assert each.state == "waiting"
                assert not wants_buying(it, each, now)
                assert not is_given_up(it, each, now)
                with pytest.raises(Conflict):
                    with_refund(it, [each.id], reason="asked", by="support", now=now)
        assert not any(it.unit(name).purchase or wants_buying(it, it.unit(name), now) for name in brought)


def _moved(it: Order, how: str, name: str, purchase: str, now: datetime) -> Order:
    mine = it.unit(name).purchase
    match how:
        case "buy":
            return being_bought(it, [name], purchase)
        case "fail":
            return not_bought(it, purchase, f"s{purchase}")
        case "bring" if mine == purchase:
            return _brought(it, name, purchase, now)
        case "unavailable" if not mine:
            return unavailable(it, [name], now)
        case "refund":
            return _refunded(it, name, now)
        case _:
            return it


def _brought(it: Order, name: str, purchase: str, now: datetime) -> Order:
    if it.unit(name).kind == "topup":
        return topped_up(it, purchase, name, Money(amount=1, currency="CNY"), now)
    return with_bought(it, purchase, {name: f"K{name}"}, 1)


def _refunded(it: Order, name: str, now: datetime) -> Order:
    try:
        return with_refund(it, [name], reason="asked", by="support", now=now)
    except Conflict:
        return it


def test_what_was_paid_back_is_not_bought() -> None:
    """Its money went while the purchase was approved, and not sent yet."""
    it = paid(topup=False)
    gone = it.model_copy(update={"units": tuple(_worthless(unit) for unit in it.units)})
    assert being_bought(gone, ["0-0"], "P1") == gone


def _worthless(unit: Unit) -> Unit:
    return unit.model_copy(update={"back": unit.amount})
