"""One order against its providers' files: what counts as a difference, and what does not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quanyi.cases.changes import opened
from quanyi.cases.model import Case
from quanyi.clock import end_of_day
from quanyi.ledger.check import card_differences, imprint, ledger_differences, order_differences
from quanyi.money import Money
from quanyi.orders.changes import captured, delivered, settled
from quanyi.orders.model import Order
from quanyi.orders.numbers import payment_number, share_number
from quanyi.orders.promise import overdue
from quanyi.orders.refunds import asked_again, share_answered, share_came_back, taken_back, with_refund
from quanyi.payments.port import CaseTold, SettlementRow
from quanyi.settlements.compare import Window, money_differences
from quanyi.settlements.differences import WHAT_TO_DO, DifferenceKind
from quanyi.settlements.fees import with_fee
from quanyi.settlements.model import Settled, days_between, keyed, sums_of
from tests.unit.test_journal import NOW, placed_order, written

DAY, ZONE = "2026-11-23", "Asia/Shanghai"
END = end_of_day(DAY, ZONE)
START = END - timedelta(days=1)


def window(there: bool = True, asked: list[Any] | None = None) -> Window:
    def decided(provider: str, first: datetime, last: datetime) -> bool:
        if asked is not None:
            asked.append((provider, first, last))
        return there

    return Window(START, END, decided)


def row(kind: Any = "payment", transaction: str = "T1", number: str = "P1", amount: int = 1700, **more: Any) -> Settled:
    known: dict[str, Any] = {"fee": 0, "currency": "CNY", "at": NOW} | more
    told = SettlementRow(kind=kind, transaction=transaction, number=number, amount=amount, **known)
    return next(keyed("alipay", DAY, [told]))


def paid(at: datetime = NOW) -> Order:
    return captured(placed_order(), "P1", "T1", 1700, at)


def refunded() -> Order:
    it = delivered(paid(), [u.id for u in paid().units], NOW)
    it = with_refund(it, ["1-0"], reason="r", by="s", now=NOW, of=("delivered",))
    return share_answered(it, it.refunds[0].id, 0, "succeeded", NOW)


def kinds(order: Order, rows: Sequence[Settled], of: Window | None = None, cases: Sequence[Case] = ()) -> list[str]:
    return [one.kind for one in money_differences(order, rows, of or window(), {case.id: case for case in cases})]


def a_case(number: str) -> Case:
    return opened("alipay", CaseTold(number, "dispute", "P1", 1700, "CNY", "fraudulent", NOW), None, NOW)


REFUND = share_number("R" + "0" * 23, 0)


def test_what_agrees() -> None:
    assert kinds(paid(), [row()]) == []
    assert kinds(refunded(), [row(), row("refund", number=REFUND, amount=300)]) == []


@pytest.mark.parametrize(
    ("order", "rows", "found"),
    [
        (placed_order(), [row()], "payment_not_here"),
        (paid(), [], "payment_not_at_provider"),
        (paid(), [row(), row(transaction="T9")], "payment_not_here"),
        (paid(), [row(amount=1699)], "payment_differs"),
        (paid(), [row(currency="USD")], "payment_differs"),
        (paid(), [row(fee=10)], "fee_not_booked"),
        (refunded(), [row()], "refund_not_at_provider"),
        (refunded(), [row(), row("refund", number=REFUND, amount=299)], "refund_differs"),
        (refunded(), [row(), row("refund", number=REFUND, amount=300), row("refund", number=REFUND, amount=-300)],
         "refund_came_back"),
        (paid(), [row(), row("refund", number=REFUND, amount=300)], "refund_not_here"),
        (paid(), [row(), row("refund", transaction="X", number="", amount=300)], "taken_back_not_here"),
        (paid(), [row(), row("dispute", transaction="DP", amount=300)], "taken_back_not_here"),
    ],
)  # fmt: skip
def test_what_does_not(order: Order, rows: list[Settled], found: str) -> None:
    assert kinds(order, rows) == [found]


def test_fees_of_payments_and_refunds() -> None:
    back = row("refund", number=REFUND, amount=300, fee=-2)
    it = with_fee(refunded(), "P1", "payment", 10)
    assert kinds(it, [row(fee=10), back]) == ["fee_not_booked"]
    it = with_fee(it, "P1", f"{DAY}#refund#T1#{REFUND}", -2)
    assert kinds(it, [row(fee=10), back]) == []
    assert it.payments[0].fee == 8


def test_a_fact_belongs_to_one_day() -> None:
    other = Window(END, END + timedelta(days=1), lambda *_: True)
    assert kinds(paid(), [row(amount=1)], other) == []
    assert kinds(paid(END), [row(at=END - timedelta(seconds=1))], window()) == [], "told after midnight"
    assert kinds(paid(END), [row(at=END - timedelta(seconds=1))], other) == []


def test_a_file_that_could_hold_it_is_waited_for() -> None:
    asked: list[Any] = []
    late = END - timedelta(minutes=5)
    assert kinds(paid(late), [], window(there=False, asked=asked)) == []
    ((provider, first, last),) = asked
    assert provider == "alipay"
    assert days_between(first, last, ZONE) == [DAY, "2026-11-24"]


def test_money_that_a_person_paid_back_stands_in_no_file() -> None:
    it = share_came_back(refunded(), refunded().refunds[0].id, 0, NOW)
    it = share_answered(it, it.refunds[0].id, 0, "succeeded", NOW, by_hand=True)
    assert kinds(it, [row()]) == []


def test_a_refund_that_went_out_and_came_back() -> None:
    """Each day has its row; neither is a difference once both are booked here."""
    it = refunded()
    name = share_number(it.refunds[0].id, 0)
    out = row("refund", number=name, amount=it.refunds[0].amount)
    back = row("refund", number=name, amount=-it.refunds[0].amount)
    failed = share_came_back(it, it.refunds[0].id, 0, NOW)
    assert kinds(it, [row(), out, back]) == ["refund_came_back"]
    assert kinds(failed, [row(), out, back]) == []
    assert kinds(failed, [row(), out]) == ["refund_not_here"]
    by_hand = share_answered(failed, it.refunds[0].id, 0, "succeeded", NOW, by_hand=True)
    assert kinds(by_hand, [row(), out, back]) == []
    again = asked_again(failed, it.refunds[0].id, NOW)
    assert kinds(again, [row(), out, back]) == []
    assert "refund_not_here" in kinds(again, [row(), out, back, out])
    done = share_answered(again, it.refunds[0].id, 0, "succeeded", NOW)
    assert kinds(done, [row(), out, back, out]) == []


def test_what_the_provider_took_back_and_told() -> None:
    lost = row("dispute", transaction="DP", amount=1700)
    done = delivered(paid(), [u.id for u in paid().units], NOW)
    case = a_case("DP")
    assert kinds(done, [row(), lost], cases=[case]) == [], "the case is open"
    for state, found in (("won", []), ("lost", ["taken_back_not_here"]), ("accepted", ["taken_back_not_here"])):
        assert kinds(done, [row(), lost], cases=[case.model_copy(update={"state": state})]) == found
    frozen = done.model_copy(update={"frozen": ("C1", case.id)})
    assert kinds(frozen, [row(), lost], cases=[a_case("another")]) == ["taken_back_not_here"], "frozen tells nothing"
    told = taken_back(done, "P1", "alipay:DP", 1700, "dispute_lost", NOW)
    assert kinds(told, [row(), lost]) == []
    assert kinds(told, [row(), row("dispute", transaction="DP", amount=1600)]) == ["taken_back_not_here"]


def test_a_dispute_for_more_than_the_payment_had_left_is_told_whole() -> None:
    done = delivered(paid(), [u.id for u in paid().units], NOW)
    part = taken_back(done, "P1", "alipay:console", 300, "console", NOW)
    told = taken_back(part, "P1", "alipay:DP", 1700, "dispute_lost", NOW)
    rows = [row(), row("refund", transaction="console", number="", amount=300)]
    assert kinds(told, [*rows, row("dispute", transaction="DP", amount=1700)]) == []
    assert kinds(told, [*rows, row("dispute", transaction="DP", amount=1400)]) == ["taken_back_not_here"]


def test_days_of_a_zone() -> None:
    assert days_between(START, END - timedelta(minutes=15), ZONE) == [DAY]
    assert days_between(START, END - timedelta(minutes=15), "UTC") == ["2026-11-22", DAY]
    assert days_between(NOW, NOW, ZONE) == [DAY]


def test_rows_that_look_the_same_are_told_apart_and_add_up() -> None:
    rows = [row("refund", number="", amount=5).row] * 2 + [row(fee=3).row]
    assert [one.key for one in keyed("alipay", DAY, rows)] == ["refund#T1#", "refund#T1##2", "payment#T1#P1"]
    assert sums_of(rows) == {"CNY": {"fee": 3, "payment": 1700, "refund": 10}}
    assert payment_number("O" + "1" * 20, "alipay", "k").startswith("P")


def test_an_order_in_itself() -> None:
    done = settled(delivered(paid(), [u.id for u in paid().units], NOW), NOW)
    assert [d.kind for d in order_differences(done, NOW)] == ["journal_differs"], "nothing was posted"
    assert list(order_differences(written(done), NOW)) == []
    broken = written(done).model_copy(update={"units": (done.units[0].model_copy(update={"back": 9}), *done.units[1:])})
    assert [d.kind for d in order_differences(broken, NOW)] == ["books_broken", "journal_differs"]
    failed = with_refund(paid(), ["1-0"], reason="r", by="s", now=NOW)
    failed = written(settled(share_answered(failed, failed.refunds[0].id, 0, "failed", NOW), NOW))
    (one,) = order_differences(failed, NOW)
    path = f"/v1/admin/orders/{failed.id}/refunds/{failed.refunds[0].id}/settle"
    assert (one.kind, one.call) == ("refund_failed", ("POST", path))


def test_what_should_be_settled_by_now() -> None:
    it = paid()
    assert [overdue(it, NOW + timedelta(minutes=m)) for m in (9, 11)] == [False, True]
    backlog = it.units[0].model_copy(update={"on_shortage": "backlog", "backlog_hours": 2})
    waits = it.model_copy(update={"units": (backlog, *it.units[1:])})
    assert [overdue(waits, NOW + timedelta(hours=h)) for h in (2, 3)] == [False, True]
    assert not overdue(placed_order(), NOW + timedelta(days=9))
    asked = with_refund(it, [u.id for u in it.units], reason="r", by="s", now=NOW)
    assert [overdue(asked, NOW + timedelta(hours=h)) for h in (23, 25)] == [False, True]
    for currency in ("CNY", "USD"):
        waits = captured(placed_order(), "P1", "T1", 1, NOW, currency=currency)
        over = waits.expires_at + timedelta(minutes=10)
        assert [overdue(waits, over + timedelta(minutes=m)) for m in (-1, 1)] == [False, True]


def test_the_ledger_and_the_cards() -> None:
    it = written(delivered(paid(), ["0-0"], NOW, costs={"0-0": Money(amount=5, currency="CNY")}))
    good = {posting.rev: imprint(posting.lines) for posting in it.journal}
    postings = list(it.journal)
    assert list(ledger_differences(it, postings, good)) == []
    for ledger in ({}, {1: 7}, {**good, 9: 1}):
        assert [d.kind for d in ledger_differences(it, postings, ledger)] == ["ledger_differs"]
    card = {"state": "delivered", "order": it.id, "unit": "0-0"}
    assert list(card_differences(it, {"c0-0": card})) == []
    assert list(card_differences(it, {"c0-0": {**card, "state": "quarantined"}})) == []
    for wrong in ({}, {"c0-0": {**card, "order": "O2"}}, {"c0-0": {**card, "state": "available"}}):
        assert [d.kind for d in card_differences(it, wrong)] == ["card_differs"]


def test_every_kind_says_what_to_do() -> None:
    from typing import get_args

    assert set(WHAT_TO_DO) == set(get_args(DifferenceKind))
    assert START.tzinfo is UTC or START.utcoffset() == timedelta(0)
