"""Which offer is taken, how many of each, and why not the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.supply.choosing import Choice, Offered, Promise, choose, left_of, parts
from quanyi.supply.health import Health
from quanyi.supply.model import Offer, Supplier

NOW = datetime(2026, 11, 26, tzinfo=UTC)
HOUR = timedelta(hours=1)


def offer(supplier: str, cost: int = 100, **more: Any) -> tuple[Offer, Supplier]:
    known = {"title": supplier, "adapter": "quanyi", "endpoint": "https://s.test", "created_at": NOW, "updated_at": NOW}
    seller = Supplier.model_validate({"id": supplier, **known})
    told = {"sku": "a", "supplier": supplier, "code": "c", "cost": cost, "updated_at": NOW, **more}
    return Offer.model_validate(told), seller


def chosen(*offers: tuple[Offer, Supplier], wanted: int = 1, **more: Any) -> Choice:
    how: dict[str, Any] = {"most": 1000, "currency": "CNY", **more}
    taken, health = how.pop("taken", {}), how.pop("health", {})
    return choose(Offered(offers, health, taken), wanted=wanted, **how)


def quantities(choice: Choice) -> list[tuple[str, int]]:
    return [(one.supplier.id, one.quantity) for one in choice.candidates]


# How many.


@st.composite
def offerings(draw: st.DrawFn) -> Offered:
    names = [f"s{number}" for number in range(draw(st.integers(1, 4)))]
    found: list[tuple[Offer, Supplier]] = []
    for name in names:
        minimum, pack = draw(st.integers(1, 12)), draw(st.integers(1, 6))
        terms = {
            "minimum": minimum,
            "pack": pack,
            "most": max(minimum, pack) + draw(st.integers(0, 60)),
            "daily_limit": draw(st.none() | st.integers(1, 60)),
            "stock": draw(st.none() | st.integers(0, 60)),
            "lead_minutes": draw(st.integers(0, 200)),
        }
        found.append(offer(name, draw(st.integers(1, 300)), **terms))
    return Offered(tuple(found), {}, {name: draw(st.integers(0, 70)) for name in names})


PROMISES = st.none() | st.builds(Promise, left=st.integers(0, 200).map(lambda n: n * HOUR / 60), waits=st.booleans())


@given(offerings(), st.integers(1, 120), PROMISES)
def test_parts_are_never_more_than_wanted_nor_than_there_are(
    offered: Offered, wanted: int, promise: Promise | None
) -> None:
    found = parts(offered, wanted=wanted, most=200, currency="CNY", promise=promise)
    together = {seller.id: 0 for _, seller in offered.offers}
    for part in found:
        of = part.offer
        assert part.quantity % of.pack == 0
        assert of.minimum <= part.quantity <= of.most
        assert of.cost <= 200
        assert promise is None or promise.waits or timedelta(minutes=of.lead_minutes) <= promise.left
        together[part.supplier.id] += part.quantity
    assert sum(together.values()) <= wanted
    for of, seller in offered.offers:
        assert of.stock is None or together[seller.id] <= of.stock
        if of.daily_limit is not None and together[seller.id]:
            assert together[seller.id] + offered.taken[seller.id] <= of.daily_limit


@given(offerings(), st.integers(1, 120))
def test_what_parts_leave_nobody_has(offered: Offered, wanted: int) -> None:
    found = parts(offered, wanted=wanted, most=200, currency="CNY")
    rest = wanted - sum(part.quantity for part in found)
    for part in found:
        offered = offered.after(part.supplier.id, part.quantity)
    assert not rest or not choose(offered, wanted=rest, most=200, currency="CNY", exact=True).candidates


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.integers(1, 250))
def test_parts_add_up_as_far_as_limits_go(limits: list[int], wanted: int) -> None:
    offered = Offered(tuple(offer(f"s{n}", daily_limit=limit) for n, limit in enumerate(limits)))
    found = parts(offered, wanted=wanted, most=200, currency="CNY")
    assert sum(part.quantity for part in found) == min(wanted, sum(limits))


@given(offerings(), st.integers(1, 120))
def test_for_stock_as_much_as_there_is_in_whole_packs(offered: Offered, wanted: int) -> None:
    for one in choose(offered, wanted=wanted, most=200, currency="CNY").candidates:
        left = left_of(one.offer, offered.taken[one.supplier.id])
        assert one.offer.minimum <= one.quantity <= left
        assert one.quantity % one.offer.pack == 0
        whole = -(-max(wanted, one.offer.minimum) // one.offer.pack) * one.offer.pack
        assert one.quantity == whole or whole > left


def test_the_best_offer_has_a_part_and_the_next_the_rest() -> None:
    offered = Offered(
        (offer("best", 90, daily_limit=8), offer("next", 100, stock=4), offer("last", 110)), {}, {"best": 5}
    )
    found = parts(offered, wanted=10, most=1000, currency="CNY")
    assert [(one.supplier.id, one.quantity) for one in found] == [("best", 3), ("next", 4), ("last", 3)]


@pytest.mark.parametrize(
    ("terms", "taken", "why"),
    [
        ({"daily_limit": 5}, 5, "daily_limit"),
        ({"daily_limit": 5}, 9, "daily_limit"),
        ({"daily_limit": 5, "minimum": 3}, 3, "daily_limit"),
        ({"daily_limit": 30, "pack": 4}, 27, "daily_limit"),
        ({"stock": 0}, 0, "out_of_stock"),
        ({"stock": 2, "minimum": 3}, 0, "out_of_stock"),
        ({"stock": 0, "daily_limit": 5}, 5, "out_of_stock"),
        ({"minimum": 11}, 0, "quantity"),
        ({"pack": 11}, 0, "quantity"),
    ],
)
def test_why_nothing_is_left(terms: dict[str, Any], taken: int, why: str) -> None:
    choice = chosen(offer("acme", **terms), wanted=10, exact=True, taken={"acme": taken})
    assert (choice.candidates, choice.refused) == ((), {"acme": why})


# In time.


def test_what_keeps_the_promise_comes_first_whatever_it_costs() -> None:
    promise = Promise(HOUR, waits=True)
    slow, fast = offer("slow", 50, lead_minutes=61, priority=1), offer("fast", 900, lead_minutes=60, priority=9)
    choice = chosen(slow, fast, promise=promise)
    assert [(one.supplier.id, one.late) for one in choice.candidates] == [("fast", False), ("slow", True)]
    assert choice.candidates[1].lead_minutes == 61
    assert quantities(chosen(slow, fast)) == [("slow", 1), ("fast", 1)], "for stock nothing is promised"


def test_what_was_measured_counts_more_than_what_was_declared() -> None:
    promise = Promise(HOUR, waits=True)
    health = {"slow": Health(succeeded=1, latency_ms=2 * 3_600_000), "fast": Health(succeeded=1, latency_ms=1000)}
    choice = chosen(offer("slow", 50), offer("fast", lead_minutes=600), promise=promise, health=health)
    assert [(one.supplier.id, one.late) for one in choice.candidates] == [("fast", False), ("slow", True)]


def test_where_money_goes_back_nobody_is_asked_who_says_that_it_takes_longer() -> None:
    promise = Promise.of("refund", 24 * HOUR)
    health = {"measured": Health(succeeded=1, latency_ms=3_600_000)}
    offers = offer("slow", 50, lead_minutes=11), offer("fast", lead_minutes=10), offer("measured")
    choice = chosen(*offers, promise=promise, health=health)
    assert choice.refused == {"slow": "too_slow"}
    assert [(one.supplier.id, one.late) for one in choice.candidates] == [("fast", False), ("measured", True)]


def test_one_that_fails_most_of_the_time_but_in_time_comes_before_what_is_late() -> None:
    failing = {"fails": Health(failed=20, latency_ms=20)}
    choice = chosen(offer("late", lead_minutes=90), offer("fails"), promise=Promise(HOUR, waits=True), health=failing)
    assert [one.supplier.id for one in choice.candidates] == ["fails", "late"]
