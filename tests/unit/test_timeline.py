"""An order's line of time: nothing missing, and at its end the books are the order's."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from desk.timeline import TEXTS, Entry, timeline
from quanyi.batches.model import Batch
from quanyi.clock import stamp
from quanyi.errors import Conflict, Invalid
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.changes import assigned, captured, delivered, replaced, settled
from quanyi.orders.model import Order, Replaced
from quanyi.orders.refunds import goods_known, share_answered, with_allowance, with_refund
from tests.unit.test_journal import NOW, STEPS, apply, placed_order

MINUTE = timedelta(minutes=1)
COST = Money(amount=500, currency="CNY")


def later(minutes: int) -> Any:
    return NOW + minutes * MINUTE


def card(unit: str, batch: str, minutes: int, seen: int | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {
        "batch": batch,
        "order": "O" + "0" * 20,
        "unit": unit,
        "delivered_at": stamp(later(minutes)),
    }
    return item | ({"revealed_at": stamp(later(seen))} if seen else {})


def walked() -> tuple[Order, dict[str, Any], dict[str, Batch]]:
    """Paid, delivered, one card replaced and seen, a reduction, and one unit refunded."""
    it = captured(placed_order(), "P1", "T1", 1700, later(1), fee=10)
    it = delivered(it, [u.id for u in it.units], later(2), costs={u.id: COST for u in it.units})
    old = Replaced(card="c0-0", sku="a", at=later(4), by="support:K", reason="bad", cost=500)
    it = assigned(replaced(it, "0-0", old, sku="a", now=later(4), until=later(60)), {"0-0": "n0"}, it.attempt)
    it = settled(delivered(it, ["0-0"], later(5), costs={"0-0": COST}), later(5))
    it = with_allowance(it, 100, ["0-1"], reason="sorry", by="support:K", now=later(7))
    it = share_answered(it, it.refunds[0].id, 0, "succeeded", later(8))
    it = with_refund(it, ["1-0"], reason="not wanted", by="support:K", now=later(9), of=("delivered",))
    it = goods_known(it, {"1-0": "returned"})
    it = settled(share_answered(it, it.refunds[1].id, 0, "succeeded", later(10)), later(10))
    cards = {"c0-0": card("0-0", "B1", 2, 3), "n0": card("0-0", "B2", 5, 6), "c0-1": card("0-1", "B1", 2)}
    cards = {name: {**item, "card_id": name} for name, item in cards.items()}
    batches = {n: Batch(n, "a", f"supplier {n}", COST, None, None, NOW, b"") for n in ("B1", "B2")}
    return it, cards, batches


def told(entry: Entry) -> tuple[str, int | None]:
    return entry.what, entry.amount.amount if entry.amount else None


def test_a_whole_walk_in_order_with_running_books() -> None:
    order, cards, batches = walked()
    line = timeline(order, cards, batches)
    assert [told(entry) for entry in line] == [
        ("placed", 1700),
        *[("payment_opened", 1700)] * 3,
        ("payment_captured", 1700),
        *[("unit_delivered", 700)] * 2,
        ("unit_delivered", 300),
        ("first_revealed", None),
        ("unit_replaced", None),
        ("unit_delivered", 700),
        ("first_revealed", None),
        ("refund_requested", 100),
        ("price_reduced", 100),
        ("refund_succeeded", 100),
        ("refund_requested", 300),
        ("goods_returned", 500),
        ("refund_succeeded", 300),
    ]
    running = [(e.books.captured, e.books.delivered, e.books.refunded, e.books.owed) for e in line]
    assert running[4] == (1700, 0, 0, 1700)
    assert running[7] == (1700, 1700, 0, 0)
    assert running[9] == (1700, 1000, 0, 700), "a replaced unit is owed until its new card is there"
    assert running[10] == (1700, 1700, 0, 0)
    assert running[13] == (1700, 1600, 0, 100)
    assert running[-1] == (1700, 1300, 400, 0)
    assert line[-1].books == books(order)


def test_every_card_says_where_it_came_from() -> None:
    order, cards, batches = walked()
    given = {e.facts["card"]: e.facts for e in timeline(order, cards, batches) if e.what == "unit_delivered"}
    assert (given["n0"]["batch"], given["n0"]["supplier"]) == ("B2", "supplier B2")
    assert given["c0-0"]["cost"] == {"amount": 500, "currency": "CNY"}
    assert given["c1-0"]["batch"] is None, "a card that is gone is told without its origin"


def test_what_another_order_saw_of_a_card_is_not_told() -> None:
    order, cards, batches = walked()
    cards["c0-0"]["order"] = "O" + "1" * 20
    seen = [e.facts["card"] for e in timeline(order, cards, batches) if e.what == "first_revealed"]
    assert seen == ["n0"]


def test_every_text_is_there_in_both_languages_and_filled_in() -> None:
    assert all(len(texts) == 2 and all(texts) for texts in TEXTS.values())
    for entry in timeline(*walked()):
        assert set(entry.text) == {"zh-CN", "en"}
        assert not any("{" in text for text in entry.text.values())


@settings(max_examples=400, deadline=None)
@given(STEPS, st.integers(1, 3), st.integers(0, 900), st.booleans())
def test_the_end_is_what_the_books_say(steps: list[Any], units: int, price: int, done: bool) -> None:
    it = placed_order(units, price)
    if done:
        it = settled(delivered(captured(it, "P1", "T0", it.total, NOW), [u.id for u in it.units], NOW), NOW)
    for number, (act, which, amount) in enumerate(steps):
        with suppress(Conflict, Invalid):
            it = apply(it, act, which, amount, NOW + (number + 1) * MINUTE)
    line = timeline(it, {}, {})
    assert line[-1].books == books(it)
    assert [entry.at for entry in line] == sorted(entry.at for entry in line)
