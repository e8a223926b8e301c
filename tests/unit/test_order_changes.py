"""Whatever happens to an order, in whatever order and however often: its money adds up and no unit is settled twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.errors import Conflict
from quanyi.orders.books import books
from quanyi.orders.changes import (
    ALLOWED,
    assigned,
    captured,
    delivered,
    ended,
    moved,
    placed,
    settled,
    unassigned,
    with_payment,
)
from quanyi.orders.model import Line, Order, Payment, Unit
from quanyi.orders.refunds import goods_known, share_answered, with_refund
from quanyi.orders.table import from_item, to_item
from quanyi.table import from_wire, to_wire

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DEADLINE = NOW + timedelta(minutes=15)


def order(units: int = 3, price: int = 700) -> Order:
    return Order(
        id="O" + "0" * 20,
        channel="site",
        member="M1",
        lines=(
            Line(
                sku="a",
                version=1,
                kind="card",
                titles={"en": "A"},
                quantity=units,
                unit_price=price,
                total=units * price,
            ),
        ),
        units=tuple(Unit(id=f"0-{i}", line=0, sku="a", kind="card", amount=price) for i in range(units)),
        currency="CNY",
        total=units * price,
        created_at=NOW,
        expires_at=DEADLINE,
        body_hash="h",
    )


def waiting(units: int = 3, price: int = 700) -> Order:
    made = order(units, price)
    return placed(made, {u.id: f"c{u.id}" for u in made.units})


def paying(it: Order, name: str = "P1") -> Order:
    return with_payment(it, Payment(id=name, provider="sandbox", amount=it.total, created_at=NOW), NOW)


def test_the_straight_way() -> None:
    it = captured(paying(waiting()), "P1", "T1", 2100, NOW)
    assert (it.state, it.attempt, it.due_at) == ("paid", 1, NOW + timedelta(minutes=2))
    it = settled(delivered(it, [u.id for u in it.units], NOW), NOW)
    assert (it.state, it.due_at, it.settled_at) == ("fulfilled", None, NOW)
    assert books(it).model_dump() == {"captured": 2100, "delivered": 2100, "refunded": 0, "owed": 0}


def test_a_payment_at_the_deadline_is_late_and_its_hold_is_not_honoured() -> None:
    it = captured(paying(waiting()), "P1", "T1", 2100, DEADLINE)
    assert (it.state, it.attempt) == ("paid", 2)
    assert [u.card for u in it.units] == [None] * 3
    assert it.stale == (("c0-0", 1), ("c0-1", 1), ("c0-2", 1))


def test_a_payment_just_before_the_deadline_is_in_time() -> None:
    it = captured(paying(waiting()), "P1", "T1", 2100, DEADLINE - timedelta(milliseconds=1))
    assert it.attempt == 1
    assert all(u.card for u in it.units)


def test_a_transaction_counts_once_and_a_second_one_is_surplus() -> None:
    it = captured(paying(waiting()), "P1", "T1", 2100, NOW)
    assert captured(it, "P1", "T1", 2100, NOW) == it
    twice = captured(it, "P1", "T2", 2100, NOW)
    assert twice.surplus == 2100
    assert captured(twice, "P1", "T2", 2100, NOW) == twice
    back = with_refund(twice, (), reason="paid twice", by="system", now=NOW)
    assert back.refunds[0].shares[0].payment == "P1.1"
    assert back.surplus == 0


def test_units_are_refunded_once_and_only_from_the_states_asked_for() -> None:
    it = captured(paying(waiting()), "P1", "T1", 2100, NOW)
    it = delivered(it, ["0-0"], NOW)
    with pytest.raises(Conflict):
        with_refund(it, ["0-0"], reason="r", by="x", now=NOW)
    with pytest.raises(Conflict):
        with_refund(it, ["9-9"], reason="r", by="x", now=NOW)
    it = with_refund(it, ["0-1", "0-2"], reason="out of stock", by="system", now=NOW)
    with pytest.raises(Conflict):
        with_refund(it, ["0-1"], reason="again", by="system", now=NOW)
    assert books(it).owed == 1400
    it = settled(share_answered(it, it.refunds[0].id, 0, "succeeded", NOW), NOW)
    assert (it.state, books(it).refunded) == ("partially_refunded", 1400)
    assert share_answered(it, it.refunds[0].id, 0, "failed", NOW) == it


def test_a_failed_refund_keeps_its_units_owed() -> None:
    it = with_refund(captured(paying(waiting(1)), "P1", "T1", 700, NOW), ["0-0"], reason="r", by="s", now=NOW)
    it = goods_known(it, {"0-0": "returned"})
    it = settled(share_answered(it, it.refunds[0].id, 0, "failed", NOW), NOW)
    assert (it.state, it.settled, books(it).owed) == ("refunding", False, 700)
    assert it.waits_for_person
    done = settled(share_answered(it, it.refunds[0].id, 0, "succeeded", NOW), NOW)
    assert (done.state, books(done).owed) == ("refunded", 0)


def test_no_state_is_reached_except_by_the_table() -> None:
    for state, allowed in ALLOWED.items():
        for to in ALLOWED:
            it = order().model_copy(update={"state": state})
            if to == state or to in allowed:
                assert moved(it, to).state == to
            else:
                with pytest.raises(Conflict):
                    moved(it, to)


def test_an_order_comes_back_from_the_table_as_it_went_in() -> None:
    it = captured(paying(waiting()), "P1", "T1", 2500, NOW).model_copy(update={"contact_sealed": b"\x00\xff"})
    it = with_refund(it, (), reason="paid too much", by="system", now=NOW)
    item = to_item(it, "Asia/Shanghai")
    assert from_item(from_wire(to_wire(item))) == it
    assert item["day"].startswith("2026-11-23#")


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "capture",
                "capture",
                "deliver",
                "lose",
                "refund",
                "answer",
                "expire",
                "cancel",
                "settle",
                "surplus",
                "card",
            ]
        ),
        st.integers(0, 3),
        st.integers(1, 3000),
    ),
    max_size=25,
)


@settings(max_examples=400, deadline=None)
@given(EVENTS, st.integers(1, 4), st.integers(1, 900))
def test_the_books_balance_after_any_sequence(events: list[tuple[str, int, int]], units: int, price: int) -> None:
    it = paying(paying(waiting(units, price)), "P2")
    seen: dict[str, str] = {}
    for step, (event, which, amount) in enumerate(events):
        now = NOW + timedelta(minutes=step)
        before = it
        it = _apply(it, event, which, amount, now)
        if event == "capture":
            assert _apply(it, event, which, amount, now) == it, "the same notification again"
        money = books(it)
        assert money.captured == money.delivered + money.refunded + money.owed
        for unit in it.units:
            if seen.get(unit.id) == "refunded":
                assert unit.state == "refunded"
            seen[unit.id] = unit.state
        for payment in it.payments:
            sent = sum(
                s.amount for r in it.refunds for s in r.shares if s.payment == payment.id and s.state != "failed"
            )
            assert sent <= payment.captured, "more went back than came in"
        assert it.captured >= before.captured


def _apply(it: Order, event: str, which: int, amount: int, now: datetime) -> Order:  # noqa: C901 - a flat list
    try:
        match event:
            case "capture":
                return captured(it, f"P{which % 2 + 1}", f"T{which}", amount, now)
            case "deliver":
                ready = [u.id for u in it.units if u.card and it.paid_at][: which + 1]
                return delivered(it, ready, now)
            case "lose":
                return unassigned(it, [it.units[which % len(it.units)].id])
            case "card":
                return assigned(it, {it.units[which % len(it.units)].id: f"n{amount}"}, it.attempt)
            case "refund":
                unit = it.units[which % len(it.units)]
                return with_refund(it, [unit.id], reason="r", by="s", now=now) if it.paid_at else it
            case "surplus":
                return with_refund(it, (), reason="s", by="s", now=now) if it.state != "awaiting_payment" else it
            case "answer":
                for refund in it.refunds:
                    if refund.state == "requested":
                        answer = ("succeeded", "failed", "unknown", "succeeded")[which]
                        return share_answered(it, refund.id, len(refund.shares) - 1, answer, now)  # type: ignore[arg-type]
                return it
            case "expire":
                return ended(it, "expired", "late") if it.state == "awaiting_payment" else it
            case "cancel":
                return ended(it, "cancelled", "no") if it.state == "awaiting_payment" else it
            case _:
                return settled(it, now) if it.state != "awaiting_payment" else it
    except Conflict:
        return it
