"""Which claims are granted without a person, what a replacement does to the order and its books, and what is told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quanyi.catalog.model import Sku
from quanyi.claims.model import (
    LONGEST_WARRANTY,
    WINDOW,
    Claim,
    Grant,
    claim_id,
    may_be_automatic,
    still_counting,
    under_warranty,
    within_limits,
)
from quanyi.errors import Conflict, NotFound
from quanyi.events.model import CardReplaced
from quanyi.events.of_order import events_of
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.changes import assigned, delivered, replaced, settled
from quanyi.orders.journal import balances, posted
from quanyi.orders.model import Order, Replaced, Unit
from quanyi.orders.pricing import Wanted, quote
from tests.unit.test_refunds import BY, NOW, bought, refunded

LATER = NOW + timedelta(days=1)


def sku(**terms: Any) -> Sku:
    known = {"id": "a", "product_id": "PR1", "product_state": "published", "version": 1, "kind": "card"}
    return Sku.model_validate({**known, "titles": {"en": "A"}, "price": 1000, **terms})


def bad(unit: Unit, reason: str = "invalid") -> Replaced:
    assert unit.card
    return Replaced(card=unit.card, sku=unit.sku, at=LATER, by=BY, reason=reason, cost=unit.cost)


def replacing(order: Order, unit: str = "0-0", sku: str = "a") -> Order:
    old = bad(order.unit(unit))
    return replaced(order, unit, old, sku=sku, now=LATER, until=LATER + timedelta(hours=72))


def test_the_warranty_is_frozen_with_the_order() -> None:
    priced = quote([Wanted("a", 2)], {"a": sku(warranty_days=30, free_replacements=1)}, "site", NOW)
    assert [(u.warranty_days, u.replacements) for u in priced.units] == [(30, 1)] * 2
    assert quote([Wanted("a", 2)], {"a": sku()}, "site", NOW).version != priced.version


@pytest.mark.parametrize(
    "terms",
    [
        {"warranty_days": 3651},
        {"free_replacements": 6},
        {"replace_with": ["b", "b"]},
        {"replace_with": ["b", "c", "d", "e", "f", "g"]},
    ],
)
def test_terms_have_bounds(terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        sku(**terms)


def test_a_warranty_ends_with_its_last_day() -> None:
    unit = bought(1, arrived=1).units[0].model_copy(update={"warranty_days": 7})
    assert under_warranty(unit, NOW + timedelta(days=7))
    assert not under_warranty(unit, NOW + timedelta(days=7, milliseconds=1))
    assert not under_warranty(unit.model_copy(update={"delivered_at": None}), NOW)


def test_what_a_person_must_look_at() -> None:
    order = bought(1, arrived=1)
    unit = order.units[0].model_copy(update={"replacements": 1})
    assert may_be_automatic(order, unit)
    assert not may_be_automatic(order, order.units[0])
    assert not may_be_automatic(order.model_copy(update={"frozen": ("D1",)}), unit)
    assert not may_be_automatic(order, unit.model_copy(update={"back": unit.amount}))


def grant(number: int, *, order: str = "O1", unit: str = "0-0", at: datetime = NOW) -> Grant:
    return Grant(claim=f"C{number}", order=order, unit=unit, at=at)


def test_limits_of_unit_order_and_buyer() -> None:
    new = grant(9)
    assert not within_limits([], new, 0)
    assert within_limits([grant(1)], new, 2)
    assert not within_limits([grant(1), grant(2)], new, 2)
    assert within_limits([grant(i, unit=f"0-{i}") for i in (1, 2)], new, 1)
    assert not within_limits([grant(i, unit=f"0-{i}") for i in (1, 2, 3)], new, 1), "three an order"
    others = [grant(i, order=f"O{i}") for i in range(2, 7)]
    assert within_limits(others[:4], new, 1)
    assert not within_limits(others, new, 1), "five a buyer"
    assert within_limits([one.model_copy(update={"at": NOW - WINDOW}) for one in others], new, 1)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 90)), max_size=40))
def test_no_sequence_of_claims_passes_a_limit(asked: list[tuple[int, int, int]]) -> None:
    grants: list[Grant] = []
    for number, (order, unit, days) in enumerate(sorted(asked, key=lambda one: one[2])):
        new = grant(number, order=f"O{order}", unit=f"0-{unit}", at=NOW + timedelta(days=days))
        grants = still_counting(grants, new.at)
        if within_limits(grants, new, 2):
            grants.append(new)
    for one in grants:
        assert sum(other.order == one.order for other in grants) <= 3
        assert sum((other.order, other.unit) == (one.order, one.unit) for other in grants) <= 2
        assert sum(one.at - WINDOW < other.at <= one.at for other in grants) <= 5


def test_grants_are_forgotten_when_no_warranty_lasts_so_long() -> None:
    assert still_counting([grant(1), grant(2, at=LATER)], NOW + LONGEST_WARRANTY) == [grant(2, at=LATER)]


def test_a_claims_id_says_where_it_is_kept_and_its_words_are_not_printed() -> None:
    name = claim_id("O0123456789ABCDEFGHJK", "0-1-2-3", "ab-_12345678")
    assert name == "C0123456789ABCDEFGHJK.0-1-2-3.ab-_1234"
    fields: dict[str, Any] = {"id": name, "order": "O1", "member": "M1", "unit": "0-0", "card": "c", "sku": "a"}
    more: dict[str, Any] = {"reason": "used", "by": BY, "asked": "x", "created_at": NOW, "state": "open"}
    assert "its words" not in repr(Claim.model_validate({**fields, **more, "text": b"its words"}))


def test_a_replaced_unit_waits_under_a_new_attempt_and_the_money_is_owed_again() -> None:
    before = settled(bought(2, arrived=2), NOW)
    after = replacing(before, sku="b")
    unit = after.units[0]
    assert (unit.state, unit.sku, unit.card, unit.waits_until) == ("waiting", "b", None, LATER + timedelta(hours=72))
    assert (after.state, after.attempt, after.settled) == ("fulfilling", before.attempt + 1, False)
    assert books(after).model_dump() == {"captured": 2000, "delivered": 1000, "refunded": 0, "owed": 1000}
    again = replaced(after, "0-0", unit.replaced[0], sku="a", now=LATER, until=LATER)
    assert again is after, "once for a card"


def test_the_suppliers_debt_is_in_the_journal_and_every_entry_adds_up() -> None:
    it = posted(settled(bought(1, arrived=1), NOW), NOW)
    it = posted(replacing(it), LATER)
    it = assigned(it, {"0-0": "fresh"}, it.attempt)
    costs = {"0-0": Money(amount=800, currency="CNY")}
    it = posted(settled(delivered(it, costs, LATER, costs=costs), LATER), LATER)
    held = balances(it)
    assert (held["supplier"], held["cost"], held["stock"]) == (700, 800, -1500)
    assert [sum(posting.lines.values()) for posting in it.journal] == [0] * 3
    assert it.state == "fulfilled"


def test_only_a_delivered_card_is_replaced() -> None:
    order = bought(2, arrived=1)
    old = bad(order.units[0])
    with pytest.raises(Conflict):
        replacing(refunded(order, "0-0"))
    with pytest.raises(Conflict):
        replaced(order, "0-1", old, sku="a", now=NOW, until=NOW)
    with pytest.raises(NotFound):
        replaced(order, "0-7", old, sku="a", now=NOW, until=NOW)


def test_a_replacement_is_told_with_the_card_its_reason_and_who() -> None:
    before = settled(bought(1, arrived=1), NOW)
    after = replacing(before, sku="b")
    (told,) = events_of(before, after, LATER)
    assert isinstance(told, CardReplaced)
    assert told.model_dump(include={"unit", "card", "sku", "replaced_with", "reason", "by"}) == {
        "unit": "0-0",
        "card": "card-0-0",
        "sku": "a",
        "replaced_with": "b",
        "reason": "invalid",
        "by": BY,
    }
    fresh = assigned(after, {"0-0": "fresh"}, after.attempt)
    there = settled(delivered(fresh, ["0-0"], LATER), LATER)
    assert [type(event).__name__ for event in events_of(fresh, there, LATER)] == ["UnitsDelivered", "OrderFulfilled"]
