"""Facts follow from an order's document alone, none is ever changed, and together they say what the journal says."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.change import Change
from quanyi.errors import Conflict, Invalid
from quanyi.facts.model import CAME_BACK, Fact
from quanyi.facts.of_card import facts_of_card
from quanyi.facts.of_order import facts_of, new_facts
from quanyi.facts.table import Partition, from_item, to_item
from quanyi.money import Money
from quanyi.orders.changes import captured, delivered, failed, not_made, replaced, settled, with_payment
from quanyi.orders.journal import balances
from quanyi.orders.model import Order, Payment, Replaced
from quanyi.orders.refunds import (
    asked_again,
    share_answered,
    share_came_back,
    taken_back,
    with_refund,
    with_surplus_refunded,
)
from quanyi.table import from_wire, to_wire
from tests.unit.test_journal import NOW, STEPS, apply, placed_order, written


def by_kind(facts: list[Fact], kind: str) -> list[Fact]:
    return [fact for fact in facts if fact.kind == kind]


@settings(max_examples=300, deadline=None)
@given(STEPS, st.integers(1, 3), st.integers(0, 900), st.booleans())
def test_facts_are_only_ever_added_and_sum_to_the_books(
    steps: list[tuple[str, int, int]], units: int, price: int, done: bool
) -> None:
    it = written(placed_order(units, price))
    told = new_facts(None, it)
    if done:
        paid = captured(it, "P1", "T0", it.total, NOW)
        it = advanced(told, it, written(settled(delivered(paid, [u.id for u in it.units], NOW), NOW)))
    for number, (act, which, amount) in enumerate(steps):
        now = NOW + timedelta(minutes=number)
        with suppress(Conflict, Invalid):
            it = advanced(told, it, written(apply(it, act, which, amount, now), now))
    assert len({fact.id for fact in told}) == len(told), "each was told once"
    assert sorted(told, key=lambda f: f.id) == sorted(facts_of(it), key=lambda f: f.id)
    assert moved(told) == balances(it)
    for number in range(len(it.lines)):
        mine = moved([fact for fact in told if fact.line == number])
        revenue = -sum(amount for account, amount in mine.items() if account.startswith("revenue:"))
        assert revenue == sum(u.value for u in it.units if u.line == number and u.state == "delivered")


def advanced(told: list[Fact], old: Order, new: Order) -> Order:
    known = facts_of(old)
    assert [fact for fact in facts_of(new) if fact in known] == known, "no fact was changed or lost"
    told += new_facts(old, new)
    return new


def moved(facts: list[Fact]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for fact in by_kind(facts, "posted"):
        found.update(fact.accounts)
    return {account: amount for account, amount in sorted(found.items()) if amount}


def test_the_straight_way() -> None:
    it = written(captured(placed_order(), "P1", "T1", 1700, NOW, fee=10))
    later = NOW + timedelta(seconds=7)
    costs = {"0-0": Money(amount=500, currency="CNY")}
    it = written(settled(delivered(it, [u.id for u in it.units], later, costs=costs), later), later)
    facts = facts_of(it)
    assert Counter(fact.kind for fact in facts) == {
        "placed": 1, "tried": 3, "sold": 2, "posted": 4, "delivered": 3,
    }  # fmt: skip
    assert [(f.sku, f.quantity, f.amount) for f in by_kind(facts, "sold")] == [("a", 2, 1400), ("b", 1, 300)]
    assert {f.seconds for f in by_kind(facts, "delivered")} == {7}
    assert [(f.line, dict(f.accounts)) for f in by_kind(facts, "posted")] == [
        (None, {"provider:alipay": 1690, "fees": 10, "owed": -1700}),
        (0, {"cost": 500, "revenue:service@600": -1400, "stock": -500}),
        (1, {"revenue:@0": -300}),
        (None, {"owed": 1700}),
    ]


def test_an_order_that_is_still_being_placed_has_none() -> None:
    assert facts_of(placed_order().model_copy(update={"state": "placing"})) == []


def test_a_replacement_is_a_delivery_of_its_own() -> None:
    it = captured(placed_order(1), "P1", "T1", placed_order(1).total, NOW)
    it = delivered(it, ["0-0"], NOW + timedelta(seconds=5))
    before = by_kind(facts_of(it), "delivered")
    old = Replaced(card="c0-0", sku="a", at=NOW + timedelta(hours=1), by="support:K", reason="bad")
    it = replaced(it, "0-0", old, sku="a2", now=old.at, until=NOW + timedelta(days=1))
    assert by_kind(facts_of(it), "delivered") == before
    unit = it.unit("0-0").model_copy(update={"card": "c9"})
    it = it.model_copy(update={"units": (unit, *it.units[1:])})
    it = delivered(it, ["0-0"], old.at + timedelta(seconds=30))
    again = by_kind(facts_of(it), "delivered")[1]
    assert (again.sku, again.seconds, again.reason) == ("a2", 30, "replacement")


def test_a_try_keeps_its_moment_when_it_is_made_anew_and_says_why_it_was_refused() -> None:
    it = placed_order()
    first = by_kind(facts_of(it), "tried")
    it = not_made(it, "P1")
    later = NOW + timedelta(minutes=1)
    it = with_payment(it, Payment(id="P1", provider="alipay", amount=it.total, created_at=later), later)
    assert sorted(by_kind(facts_of(it), "tried"), key=lambda f: f.id) == first
    it = failed(it, "P1", "F1", "card_declined")
    it = failed(failed(it, "P1", "F2"), "P1", "F1", "another")
    refused = by_kind(facts_of(it), "try_refused")
    assert [(fact.provider, fact.reason) for fact in refused] == [("alipay", "card_declined"), ("alipay", "")]


def test_a_refund_says_whether_it_pays_for_goods_and_keeps_saying_who_asked() -> None:
    it = captured(placed_order(), "P1", "T1", 2000, NOW)
    it = delivered(with_surplus_refunded(it, NOW), [u.id for u in it.units], NOW)
    it = with_refund(it, ["0-0"], reason="r", by="support:K1", of=("delivered",), now=NOW)
    first = by_kind(facts_of(it), "refund_asked")
    assert [(fact.amount, fact.reason) for fact in first] == [(300, "surplus"), (700, "support")]
    it = share_answered(share_answered(it, it.refunds[0].id, 0, "succeeded", NOW), it.refunds[1].id, 0, "failed", NOW)
    it = taken_back(it, "P1", "B1", 700, "console", NOW)
    assert by_kind(facts_of(it), "refund_asked") == first, "it settles the refund that the provider had refused"
    it = taken_back(it, "P1", "B2", 200, "console", NOW)
    assert by_kind(facts_of(it), "refund_asked")[-1].reason == "outside"


def test_a_refund_that_comes_back_is_told_apart_from_payments() -> None:
    it = written(captured(placed_order(), "P1", "T1", 1700, NOW))
    it = written(settled(with_refund(it, ["0-0"], reason="r", by="support:K1", now=NOW), NOW))
    refund = it.refunds[0].id
    for _ in range(2):
        it = written(settled(share_answered(it, refund, 0, "succeeded", NOW), NOW))
        it = written(settled(share_came_back(it, refund, 0, NOW), NOW))
        assert it.journal[-1].lines == {"owed": -700, "provider:alipay": 700}
        it = written(asked_again(it, refund, NOW))
    back = [fact for fact in facts_of(it) if fact.medium == CAME_BACK]
    assert [dict(fact.accounts) for fact in back] == [{"provider:alipay": 700}] * 2
    assert moved(facts_of(it)) == balances(it)


def test_a_fact_comes_back_from_the_table_as_it_went_in() -> None:
    it = written(captured(placed_order(), "P1", "T1", 1700, NOW))
    for fact in facts_of(it):
        item = from_wire(to_wire(to_item(fact)))
        assert from_item(item) == fact
        assert Partition.named(item["pk"]) == Partition.of(fact)
        assert item["pk"].startswith("FACT#2026-11-23T04:00#")


def card(**fields: Any) -> dict[str, Any]:
    return {"card_id": "secretfingerprint", "sku": "a", "order": "O1", "unit": "0-0", "sold_in": "site", **fields}


def test_a_reveal_and_a_redemption_are_told_without_the_cards_id() -> None:
    at = datetime(2026, 11, 23, 4, 0, 1, tzinfo=UTC)
    shown = card(revealed_at="2026-11-23T04:00:00.000Z")
    (fact,) = facts_of_card(Change("1", at, card(), shown))
    assert (fact.kind, fact.of, fact.sku, fact.channel, fact.at) == ("revealed", "O1", "a", "site", NOW)
    assert facts_of_card(Change("2", at, shown, {**shown, "state": "delivered"})) == []
    use = {"a": 500, "t": "2026-11-23T05:00:00.000Z", "k": "K1", "s": "S1"}
    used = {**shown, "currency": "CNY", "uses": {"U1": use}}
    (fact,) = facts_of_card(Change("3", at, shown, used))
    assert (fact.kind, fact.amount, fact.currency, fact.reason) == ("redeemed", 500, "CNY", "S1")
    back = {**used, "uses": {"U1": {**use, "r": "2026-11-23T06:00:00.000Z"}}}
    first, second = facts_of_card(Change("4", at, used, back))
    assert first == fact, "told again, it lands on itself"
    assert second.kind == "redemption_reversed"
    assert "secretfingerprint" not in repr((fact, second))
