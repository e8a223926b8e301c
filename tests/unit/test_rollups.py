"""Rolls add up however they are cut, hold what the journals hold, and any range is few of them."""

import random
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.errors import Conflict, Invalid
from quanyi.facts.model import Fact
from quanyi.facts.of_order import facts_of
from quanyi.facts.table import Partition
from quanyi.orders.changes import captured, delivered, settled
from quanyi.orders.journal import balances
from quanyi.rollups.buyers import buyers_since, known_by, moves
from quanyi.rollups.calendar import DAY, cover, day_place, days_from, hours_of, monday_of, month_place, week_place
from quanyi.rollups.delivery import percentiles
from quanyi.rollups.measures import TOTAL, rounded_up
from quanyi.rollups.packing import MOST_BYTES, packed, unpacked
from quanyi.rollups.ranges import MOST_DAYS, By, asked
from quanyi.rollups.roll import KEPT, OTHER, Roll, folded, merged, rolled
from tests.aws.selling import facts_of_orders
from tests.unit.test_journal import NOW, STEPS, apply, placed_order, written

SEEDS = st.integers(0, 10**6)


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(0, 15))
def test_the_rolls_of_partitions_add_up_to_the_roll_of_all(seed: int, orders: int) -> None:
    draw = random.Random(seed)
    facts = facts_of_orders(draw, orders)
    told = facts + draw.sample(facts, len(facts) // 2)
    draw.shuffle(told)
    parts: dict[str, list[Fact]] = {}
    for fact in told:
        parts.setdefault(Partition.of(fact).key, []).append(fact)
    assert merged(map(rolled, parts.values())) == rolled(facts)
    assert rolled(facts).n == len(facts)


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(1, 15))
def test_slices_of_channels_and_of_goods_add_up_to_the_total(seed: int, orders: int) -> None:
    roll = rolled(facts_of_orders(random.Random(seed), orders))
    total = roll.of()
    assert merged(Roll(slices={TOTAL: c}) for c in roll.named("channel").values()).of() == total
    for dimension in ("category", "product", "sku"):
        here = roll.named(dimension).values()  # type: ignore[arg-type]
        for name in ("units", "gmv:CNY", "gmv:USD", "revenue:CNY", "cost:USD", "delivered"):
            assert sum(counts[name] for counts in here) == total[name]
    at_providers = roll.named("provider").values()
    for name in ("tried", "refused", "captures", "captured:CNY", "returned:CNY", "fees:USD"):
        assert sum(counts[name] for counts in at_providers) == total[name]


@settings(max_examples=200, deadline=None)
@given(STEPS, st.integers(1, 3), st.integers(0, 900), st.booleans())
def test_a_roll_holds_what_the_orders_journal_holds(
    steps: list[tuple[str, int, int]], units: int, price: int, done: bool
) -> None:
    it = written(placed_order(units, price))
    if done:
        it = captured(it, "P1", "T0", it.total, NOW)
        it = written(settled(delivered(it, [u.id for u in it.units], NOW), NOW))
    for number, (act, which, amount) in enumerate(steps):
        now = NOW + timedelta(minutes=number)
        with suppress(Conflict, Invalid):
            it = written(apply(it, act, which, amount, now), now)
    total, books = rolled(facts_of(it)).of(), Counter(balances(it))
    held = sum(by for name, by in books.items() if name.startswith("provider:") and name.count(":") == 1)
    assert total["captured:CNY"] - total["returned:CNY"] == held + books["fees"]
    paid = [payment for payment in it.payments if payment.captured and payment.currency is None]
    assert total["captured:CNY"] == sum(payment.captured for payment in paid), "what came back is no payment"
    assert total["captures"] == len([payment for payment in it.payments if payment.captured])
    assert total["revenue:CNY"] == -sum(by for name, by in books.items() if name.startswith("revenue:"))
    assert (total["cost:CNY"], total["loss:CNY"], total["fees:CNY"]) == (books["cost"], books["loss"], books["fees"])
    assert total["paid:CNY"] == bool(it.paid_at)
    assert total["gmv:CNY"] == (sum(line.total for line in it.lines) if it.paid_at else 0)


def test_the_straight_way_is_told_by_measure_and_slice() -> None:
    it = written(captured(placed_order(), "P1", "T1", 1700, NOW, fee=10))
    later = NOW + timedelta(seconds=101)
    it = written(settled(delivered(it, [u.id for u in it.units], later), later), later)
    roll = rolled(facts_of(it))
    assert roll.of() == {
        "placed": 1, "tried": 3, "paid:CNY": 1, "units": 3, "gmv:CNY": 1700, "delivered": 3, "s:110": 3,
        "captures": 1, "captured:CNY": 1700, "fees:CNY": 10, "revenue:CNY": 1700,
    }  # fmt: skip
    assert roll.of(("provider", "alipay"))["captured:CNY"] == 1700


@given(st.integers(0, 10**9))
def test_seconds_are_rounded_up_to_two_digits(seconds: int) -> None:
    found = rounded_up(seconds)
    assert seconds <= found <= seconds * 1.1 + 1
    assert rounded_up(found) == found
    assert not f"{found}"[2:].strip("0")


def test_what_has_no_room_is_summed_up_under_other() -> None:
    most = KEPT["product"]
    slices = {("product", f"P{number:04d}"): Counter(units=number) for number in range(1, most + 51)}
    roll = folded(Roll(1, {TOTAL: Counter(units=1), **slices}))  # type: ignore[dict-item]
    names = roll.named("product")
    assert len(names) == most + 1
    assert names[OTHER]["units"] == sum(range(1, 51)), "the smallest"
    assert roll.of() == Counter(units=1)
    assert folded(roll) == roll
    again = merged([roll, Roll(1, {("product", "P0001"): Counter(units=10**6)})])
    assert folded(again).of(("product", "P0001"))["units"] == 10**6


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_a_roll_comes_back_from_its_bytes(seed: int) -> None:
    roll = rolled(facts_of_orders(random.Random(seed), 10))
    data, kept = packed(roll)
    assert unpacked(data, roll.n) == kept == roll
    assert packed(kept) == (data, kept)


def test_the_largest_roll_fits_its_item() -> None:
    draw = random.Random(1)
    slices = {
        (dimension, f"{dimension}{draw.randbytes(8).hex()}"): Counter(
            {f"{name}:{currency}": draw.randrange(10**9) for name in "abcdefgh" for currency in ("CNY", "USD")}
            | {f"s:{rounded_up(draw.randrange(10**5))}": draw.randrange(10**6) for _ in range(100)}
        )
        for dimension, most in KEPT.items()
        for _ in range(most * 2)
    }
    data, kept = packed(Roll(1, slices))  # type: ignore[arg-type]
    assert len(data) <= MOST_BYTES
    assert merged([kept]).named("product")[OTHER]


# Time.


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 800))
def test_a_cover_has_each_day_once(first: date, length: int) -> None:
    last = first + timedelta(days=length - 1)
    names = {day_place(on): [on] for on in days_from(first, last)}
    months = {on.replace(day=1) for on in days_from(first, last)}
    for month in months:
        names[month_place(month)] = [
            on for on in days_from(month, month + timedelta(days=31)) if on.month == month.month
        ]
    assert [on for place in cover(first, last) for on in names[place]] == list(days_from(first, last))


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from(sorted(MOST_DAYS)), st.integers(1, 400))
def test_whatever_is_asked_is_at_most_two_hundred_rolls(first: date, by: By, length: int) -> None:
    last = first + timedelta(days=min(length, MOST_DAYS[by]) - 1)
    it = asked(first, last, by, today=last)
    pieces = it.pieces("Europe/Berlin")
    places = {place for piece in pieces for place in piece.places} | {*it.whole(), *it.before.whole()}
    if by != "hour":
        places -= set(it.whole()) - {place for piece in pieces for place in piece.places}
    assert len(places) <= 200
    assert it.before.last == first - DAY
    assert it.before.days == it.days


def test_weeks_begin_on_mondays_and_parts_of_them_are_days() -> None:
    it = asked(date(2026, 11, 21), date(2026, 11, 30), "week", date(2026, 12, 1))
    assert [(piece.begin, len(piece.places)) for piece in it.pieces("Asia/Shanghai")] == [
        ("2026-11-21", 2),
        ("2026-11-23", 1),
        ("2026-11-30", 1),
    ]
    assert it.pieces("Asia/Shanghai")[1].places == [week_place(monday_of(date(2026, 11, 29)))]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 11, 26), 24),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Asia/Kolkata", date(2026, 3, 29), 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clock(zone: str, day: date, hours: int) -> None:
    assert len(hours_of(day, zone)) == hours
    assert {hour[:10] for hour in hours_of(day, zone)} == {f"{day}"}


@pytest.mark.parametrize(
    ("first", "last", "by"),
    [
        (date(2026, 11, 2), date(2026, 11, 1), "day"),
        (date(2026, 11, 27), date(2026, 11, 28), "day"),
        (date(2025, 1, 1), date(2026, 11, 1), "month"),
        (date(2026, 11, 1), date(2026, 11, 5), "hour"),
        (date(1, 1, 1), date(1, 1, 2), "day"),
    ],
)
def test_a_range_that_cannot_be_is_refused(first: date, last: date, by: By) -> None:
    with pytest.raises(Invalid):
        asked(first, last, by, today=date(2026, 11, 26))


# Buyers.


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 12)), max_size=25), st.integers(1, 12), st.integers(0, 11)
)
def test_buyers_of_any_range_are_counted_once_whatever_the_order(
    told: list[tuple[str, int]], first: int, length: int
) -> None:
    days: dict[int, Counter[str]] = {}
    known: dict[str, frozenset[int]] = {}
    for buyer, on in told:
        for moved, change in moves(known.get(buyer, frozenset()), frozenset({on})).items():
            days.setdefault(moved, Counter()).update(change)
            assert known_by(change) > 0
        known[buyer] = known.get(buyer, frozenset()) | {on}
    last = first + length
    whole: Counter[str] = Counter()
    for on in range(first, last + 1):
        whole.update(days.get(on, Counter()))
    within = {buyer for buyer, on in told if first <= on <= last}
    earlier = {buyer for buyer, on in told if on < first}
    assert buyers_since(whole, date.fromordinal(first)) == (len(within), len(within - earlier))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=60), st.sampled_from([1, 50, 90, 99, 100]))
def test_percentiles_are_by_nearest_rank(seconds: list[int], share: int) -> None:
    counts = Counter(f"s:{rounded_up(one)}" for one in seconds)
    counts["delivered"] = len(seconds)
    assert percentiles(counts, [share]) == [sorted(seconds)[-(-len(seconds) * share // 100) - 1]]
    assert percentiles(Counter(delivered=3), [share]) == [None]
