"""What refunds and allowances do to an order's units, goods and books, and what is told of it."""

from datetime import UTC, datetime, timedelta
from json import dumps

import pytest

from fulfill.wait import ready
from notify.due import Due, due_of
from quanyi.audit.model import entry_of_order
from quanyi.errors import Conflict, Invalid
from quanyi.events.model import GoodsLost, RefundFailed, RefundRequested, RefundSucceeded
from quanyi.events.of_order import events_of
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.changes import assigned, captured, delivered, placed, settled, with_payment
from quanyi.orders.journal import balances, posted
from quanyi.orders.model import Line, Order, Payment, Unit
from quanyi.orders.refunds import (
    asked_again,
    goods_known,
    share_answered,
    share_came_back,
    taken_back,
    with_allowance,
    with_refund,
    with_surplus_refunded,
)
from quanyi.payments.receipt import needs_workflow

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
BY = "support:K1"


def bought(units: int = 3, price: int = 1000, *, arrived: int = 0) -> Order:
    """Paid; the first `arrived` units are delivered. All hold a card."""
    line = Line(
        sku="a", version=1, kind="card", titles={"en": "A"}, quantity=units, unit_price=price, total=units * price
    )
    made = Order(
        id="O0123456789ABCDEFGHJK",
        channel="site",
        member="M1",
        lines=(line,),
        units=tuple(Unit(id=f"0-{i}", line=0, sku="a", kind="card", amount=price) for i in range(units)),
        currency="CNY",
        total=units * price,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        body_hash="h",
    )
    made = placed(made, {u.id: f"card-{u.id}" for u in made.units})
    made = with_payment(made, Payment(id="P1", provider="sandbox", amount=made.total, created_at=NOW), NOW)
    made = captured(made, "P1", "T1", made.total, NOW)
    names = [f"0-{i}" for i in range(arrived)]
    return delivered(made, names, NOW, costs={name: Money(amount=700, currency="CNY") for name in names})


def with_second_try(order: Order) -> Order:
    second = Payment(id="P2", provider="sandbox", amount=order.total, created_at=NOW)
    return order.model_copy(update={"payments": (*order.payments, second)})


def written(order: Order) -> Order:
    """As its table would: with what moved in its journal."""
    return posted(order, NOW)


def refunded(order: Order, *units: str) -> Order:
    return with_refund(order, units, reason="asked", by=BY, now=NOW, of=("waiting", "delivered"))


def test_a_card_about_to_be_delivered_goes_back_too() -> None:
    it = refunded(bought(2, arrived=1), "0-0", "0-1")
    assert [u.goods for u in it.units] == ["out", "out"]
    without = it.model_copy(update={"units": tuple(u.model_copy(update={"card": None}) for u in bought(1).units)})
    assert refunded(without.model_copy(update={"state": "paid", "refunds": ()}), "0-0").units[0].goods == "none"


def test_money_that_a_provider_takes_back_stops_what_still_waits() -> None:
    it = taken_back(bought(2, arrived=1), "P1", "sandbox:x", 1000, "in their console", NOW)
    assert [(u.state, u.goods) for u in it.units] == [("delivered", "none"), ("refunded", "out")]
    assert books(it).model_dump() == {"captured": 2000, "delivered": 1000, "refunded": 1000, "owed": 0}
    assert not it.settled, "the card must be found first"


def test_goods_are_found_even_while_another_refund_waits_for_a_person() -> None:
    it = refunded(bought(2, arrived=1), "0-0")
    it = goods_known(it, {"0-0": "returned"})
    it = taken_back(it, "P1", "sandbox:x", 999, "in their console", NOW)
    it = taken_back(it, "P1", "sandbox:y", 1, "in their console", NOW)
    it = share_answered(it, it.refunds[0].id, 0, "failed", NOW)
    assert (it.units[1].state, it.units[1].goods) == ("refunded", "out")
    assert needs_workflow(it)
    assert goods_known(it, {"0-1": "returned"}).waits_for_person


def test_a_unit_that_does_not_wait_gets_no_card() -> None:
    it = bought(1)
    it = it.model_copy(update={"units": (it.units[0].model_copy(update={"card": None}),)})
    assert assigned(refunded(it, "0-0"), {"0-0": "late"}, 1).units[0].card is None
    assert assigned(it, {"0-0": "late"}, 1).units[0].card == "late"


def test_an_execution_does_not_sleep_over_a_refund() -> None:
    it = bought(2)
    it = it.model_copy(update={"units": tuple(u.model_copy(update={"card": None}) for u in it.units)})
    assert not ready(it, NOW)
    asked = refunded(it, "0-0")
    assert ready(asked, NOW)
    assert not ready(share_answered(asked, asked.refunds[0].id, 0, "unknown", NOW), NOW), "that is for the sweep"


def test_more_than_the_units_are_worth_is_never_sent() -> None:
    it = with_allowance(bought(2, arrived=2), 600, ["0-0"], reason="slow", by=BY, now=NOW)
    with pytest.raises(Invalid) as refused:
        with_allowance(it, 401, ["0-0"], reason="slow", by=BY, now=NOW)
    assert refused.value.extra == {"reason": "amount_too_large", "most": 400}
    it = refunded(it, "0-0")
    assert [r.amount for r in it.refunds] == [600, 400]
    with pytest.raises(Conflict):
        refunded(it, "0-0")


def test_the_way_of_a_refund_is_told_with_what_became_of_the_goods() -> None:
    before = bought(3, arrived=3)
    asked = refunded(before, "0-0", "0-1")
    (requested,) = events_of(before, asked, NOW)
    assert isinstance(requested, RefundRequested)
    assert (requested.units, requested.amount, requested.by) == (("0-0", "0-1"), 2000, BY)
    found = goods_known(asked, {"0-0": "lost", "0-1": "returned"})
    (lost,) = events_of(asked, found, NOW)
    assert isinstance(lost, GoodsLost)
    assert (lost.units, lost.skus, lost.costs) == (("0-0",), {"a": 1}, {"CNY": 700})
    assert events_of(found, goods_known(found, {"0-0": "returned"}), NOW) == [], "known once"
    done = settled(share_answered(found, found.refunds[0].id, 0, "succeeded", NOW), NOW)
    succeeded = events_of(found, done, NOW)[0]
    assert isinstance(succeeded, RefundSucceeded)
    assert (succeeded.goods, succeeded.parts) == ({"0-0": "lost", "0-1": "returned"}, {})
    (failed,) = events_of(found, share_answered(found, found.refunds[0].id, 0, "failed", NOW), NOW)
    assert isinstance(failed, RefundFailed)
    assert failed.goods == succeeded.goods


def test_an_allowance_is_told_by_its_parts_and_lessens_what_is_delivered() -> None:
    before = settled(bought(2, arrived=2), NOW)
    asked = with_allowance(before, 501, ["0-0", "0-1"], reason="slow", by=BY, now=NOW)
    (requested,) = events_of(before, asked, NOW)
    assert isinstance(requested, RefundRequested)
    assert (requested.units, requested.parts) == ((), {"0-0": 251, "0-1": 250})
    done = settled(share_answered(asked, asked.refunds[0].id, 0, "succeeded", NOW), NOW)
    _, end = events_of(asked, done, NOW)
    told = end.model_dump(include={"captured", "delivered", "refunded"})
    assert told == {"captured": 2000, "delivered": 1499, "refunded": 501}
    assert done.state == "partially_refunded"


def test_what_a_provider_took_back_was_never_requested() -> None:
    before = bought(1, arrived=1)
    after = taken_back(before, "P1", "sandbox:x", 300, "lost dispute", NOW)
    (told,) = events_of(before, after, NOW)
    assert isinstance(told, RefundSucceeded)
    assert told.outside
    assert due_of(dumps({"detail-type": "RefundSucceeded", "detail": told.model_dump(mode="json")})) is None


def test_a_mail_tells_of_money_that_the_shop_sent() -> None:
    before = refunded(bought(1, arrived=1), "0-0")
    (told,) = events_of(before, share_answered(before, before.refunds[0].id, 0, "succeeded", NOW), NOW)
    mail = {"detail-type": "RefundSucceeded", "detail": told.model_dump(mode="json")}
    due = due_of(dumps(mail))
    assert isinstance(due, Due)
    assert (due.kind, due.amount) == ("refund", 1000)
    none = {"detail-type": "RefundSucceeded", "detail": told.model_dump(mode="json") | {"amount": 0}}
    assert due_of(dumps(none)) is None, "goods of a lost dispute"


@pytest.mark.parametrize("what", ["units", "parts", "surplus"])
def test_a_refund_that_comes_back_is_owed_again(what: str) -> None:
    it = bought(2, arrived=2)
    if what == "units":
        it = refunded(it, "0-0", "0-1")
    elif what == "parts":
        it = with_allowance(it, 1500, ["0-0", "0-1"], reason="slow", by=BY, now=NOW)
    else:
        it = captured(with_second_try(it), "P2", "T2", 2000, NOW)
        it = with_surplus_refunded(it, NOW)
    it = goods_known(it, {"0-0": "lost", "0-1": "returned"})
    refund = it.refunds[0]
    before = written(settled(share_answered(it, refund.id, 0, "succeeded", NOW), NOW))
    assert before.settled
    after = written(settled(share_came_back(before, refund.id, 0, NOW), NOW))
    assert (after.state, after.refunds[0].state, after.settled_at) == ("refunding", "failed", None)
    assert after.waits_for_person
    assert books(after).owed == refund.amount
    assert books(after).refunded == 0
    assert balances(after)["owed"] == -refund.amount
    assert after.journal[-1].lines == {"owed": -refund.amount, "provider:sandbox": refund.amount}
    assert [type(event) for event in events_of(before, after, NOW)] == [RefundFailed]
    assert share_came_back(after, refund.id, 0, NOW) == after
    again = asked_again(after, refund.id, NOW)
    assert needs_workflow(again)
    assert [share.again for share in again.refunds[0].shares] == [1]
    done = written(settled(share_answered(again, refund.id, 0, "succeeded", NOW), NOW))
    assert (done.state, books(done)) == (before.state, books(before))
    assert done.settled


def test_what_was_settled_without_the_provider_cannot_come_back_there() -> None:
    it = refunded(bought(1, arrived=1), "0-0")
    refused = share_answered(goods_known(it, {"0-0": "lost"}), it.refunds[0].id, 0, "failed", NOW)
    by_hand = share_answered(refused, it.refunds[0].id, 0, "succeeded", NOW, by_hand=True)
    in_console = taken_back(refused, "P1", "sandbox:x", 1000, "in their console", NOW)
    for done in (by_hand, in_console):
        assert done.refunds[0].state == "succeeded"
        assert share_came_back(done, it.refunds[0].id, 0, NOW) == done


def test_no_more_is_asked_for_again_than_the_payment_has_left() -> None:
    it = goods_known(refunded(bought(2, arrived=1), "0-0"), {"0-0": "lost"})
    it = taken_back(it, "P1", "sandbox:x", 999, "in their console", NOW)
    it = share_answered(it, it.refunds[0].id, 0, "failed", NOW)
    assert asked_again(it, it.refunds[0].id, NOW).refunds[0].state == "requested"
    gone = it.model_copy(update={"payments": (it.payments[0].model_copy(update={"captured": 1998}),)})
    with pytest.raises(Conflict):
        asked_again(gone, it.refunds[0].id, NOW)


def test_the_audit_trail_tells_a_request_once() -> None:
    before = bought(1, arrived=1)
    after = refunded(before, "0-0").model_copy(update={"changed_by": BY})
    entry = entry_of_order(before, after, NOW, events_of(before, after, NOW))
    assert entry
    assert [fact["what"] for fact in entry.facts] == ["RefundRequested"]
    assert entry.by == BY
