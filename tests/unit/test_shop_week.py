"""The labelled week: the same for a seed, labelled without a gap, in an order that a shop could see, and plausible."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.shop_week.facts import (
    Complained,
    Expired,
    Fact,
    Paid,
    PaymentFailed,
    Placed,
    Redeemed,
    RefundAsked,
    Revealed,
)
from bench.shop_week.parameters import Parameters, shifted
from bench.shop_week.shop import END, GOODS, HOLD, START, STORES
from bench.shop_week.week import KINDS, Week, week

USUAL = Parameters()
SMALL = Parameters(
    plain_buyers=20,
    offices=1,
    families=2,
    corporates=1,
    bargain_hunters=4,
    declined_twice=2,
    gift_givers=2,
    bad_key_buyers=2,
    bad_batch_buyers=2,
    undecided=2,
    regulars=1,
    agents=1,
    hoarders=1,
    testers=1,
    refunders=1,
    diverters=1,
)
SHARES = [field.name for field in fields(Parameters) if field.type is float and not field.name.endswith("pause")]
COUNTS = [field.name for field in fields(Parameters) if field.type is int]
MAY_BE_NONE = {
    "plain_buyers",
    "offices",
    "families",
    "corporates",
    "bargain_hunters",
    "declined_twice",
    "gift_givers",
    "bad_key_buyers",
    "bad_batch_buyers",
    "undecided",
    "regulars",
    "agents",
    "hoarders",
    "testers",
    "refunders",
    "diverters",
}


@st.composite
def parameters(draw: st.DrawFn) -> Parameters:
    shares = {name: draw(st.floats(0, 0.9 if name == "another_order" else 1), label=name) for name in SHARES}
    counts = {name: draw(st.integers(0 if name in MAY_BE_NONE else 1, 3), label=name) for name in COUNTS}
    pauses = {name: draw(st.floats(0.1, 60), label=name) for name in ("hoarder_pause", "tester_pause")}
    values: dict[str, Any] = {**shares, **counts, **pauses}
    return Parameters(**values)


@pytest.fixture(scope="module")
def usual() -> Week:
    return week(1, USUAL)


def by_order(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    lives: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        lives[fact.order].append(fact)
    return lives


def possible(life: list[Fact]) -> None:
    """One order's facts, as a shop could see them."""
    placed, kinds = life[0], [type(fact) for fact in life]
    assert isinstance(placed, Placed)
    assert START <= placed.at < END
    assert kinds.count(Placed) == 1
    assert kinds.count(Paid) + kinds.count(Expired) == 1
    end = next(i for i, kind in enumerate(kinds) if kind in {Paid, Expired})
    assert set(kinds[1:end]) <= {PaymentFailed}
    assert life[end].at <= placed.at + HOLD
    if kinds[end] is Expired:
        assert len(life) == end + 1
    after = kinds[end + 1 :]
    assert set(after) <= {Revealed, RefundAsked, Redeemed, Complained}
    assert after.count(Revealed) <= 1
    assert sum(fact.units for fact in life if isinstance(fact, RefundAsked)) <= placed.units
    uses = [fact for fact in life if isinstance(fact, Redeemed)]
    if uses:
        assert GOODS[placed.sku].kind == "voucher"
        assert sorted(use.unit for use in uses) == list(range(placed.units))
        assert {use.store for use in uses} <= STORES.keys()
        looked = next(fact for fact in life if isinstance(fact, Revealed))
        assert looked.at <= min(use.at for use in uses)


# A seed is a week.


def test_a_seed_gives_the_same_week_and_another_seed_another() -> None:
    assert week(1, SMALL) == week(1, SMALL)
    assert week(1, SMALL).facts != week(2, SMALL).facts


def test_more_of_one_kind_changes_nothing_about_the_others() -> None:
    more = week(1, replace(SMALL, hoarders=3, plain_buyers=30))
    few = week(1, SMALL)
    assert tuple(fact for fact in more.facts if fact.actor in few.actors) == few.facts


def test_the_week_knows_nothing_of_the_rules() -> None:
    package = Path(__file__).parents[2] / "bench/shop_week"
    sources = list(package.glob("*.py"))
    assert len(sources) > 5
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "quanyi"], source.name


# Whatever the parameters.


@settings(deadline=None, max_examples=60)
@given(parameters(), st.integers(0, 2**32))
def test_any_week_could_have_happened(of: Parameters, seed: int) -> None:
    seen = week(seed, of)
    assert list(seen.facts) == sorted(seen.facts, key=lambda fact: fact.at)
    for life in by_order(seen.facts).values():
        possible(life)


@settings(deadline=None, max_examples=60)
@given(parameters(), st.integers(0, 2**32))
def test_every_fact_is_labelled_and_nobody_is_counted_twice(of: Parameters, seed: int) -> None:
    seen = week(seed, of)
    known = set(seen.actors)
    assert len({actor.id for actor in seen.actors}) == len(seen.actors)
    assert {fact.actor for fact in seen.facts} <= known
    for actor in seen.actors:
        assert actor.trait in KINDS
        assert actor.abuse in {None, actor.trait}
    for life in by_order(seen.facts).values():
        assert len({fact.actor for fact in life}) == 1
    deserved = {(fact.actor.abuse, fact.deserved) for fact in seen.facts if isinstance(fact, RefundAsked)}
    assert deserved <= {(None, True), ("refunder", False)}


@settings(deadline=None, max_examples=30)
@given(parameters(), st.integers(0, 2**32))
def test_what_the_shop_sees_does_not_tell_the_label(of: Parameters, seed: int) -> None:
    seen = week(seed, of)
    placed = [fact for fact in seen.facts if isinstance(fact, Placed)]
    shown = {str(text) for fact in placed for text in (fact.order, fact.agent, fact.person.email, fact.person.device)}
    assert not [text for text in shown for kind in KINDS if kind in text]


def test_the_shifted_worlds_differ_from_the_usual_one() -> None:
    worlds = shifted(USUAL)
    assert len(worlds) >= 4
    assert USUAL not in worlds.values()
    assert len(set(worlds.values())) == len(worlds)


# The usual week is a plausible one.


def test_every_kind_lives_in_the_usual_week(usual: Week) -> None:
    assert usual.orders().keys() == set(KINDS)
    honest = sum(
        count for kind, count in usual.orders().items() if kind not in {"hoarder", "tester", "refunder", "diverter"}
    )
    assert honest > 5_000


def test_honest_rates_are_those_of_a_shop(usual: Week) -> None:
    facts = [fact for fact in usual.facts if fact.actor.trait == "plain"]
    count = Counter(type(fact) for fact in facts)
    assert count[Paid] / count[Placed] == pytest.approx(USUAL.pays, abs=0.03)
    assert count[PaymentFailed] / count[Placed] == pytest.approx(USUAL.declined, abs=0.02)
    assert count[RefundAsked] / count[Paid] < 0.02
    assert count[Complained] / count[Paid] < 0.005
    orders = [fact for fact in facts if isinstance(fact, Placed)]
    assert len(orders) / USUAL.plain_buyers == pytest.approx(1 / (1 - USUAL.another_order), abs=0.05)
    by_day = Counter((fact.at - START).days for fact in orders)
    assert by_day.keys() == set(range(7))
    foreign = _foreign(usual, [fact for fact in usual.facts if not fact.actor.abuse])
    assert sum(foreign) / len(foreign) == pytest.approx(USUAL.travellers, abs=0.02)


def test_strangers_share_addresses_but_neither_devices_nor_purses(usual: Week) -> None:
    plain = [fact for fact in usual.facts if isinstance(fact, Placed) and fact.actor.trait == "plain"]
    people = {(fact.actor, fact.person) for fact in plain}
    assert max(Counter(person.ip for _, person in people).values()) > 20
    assert max(Counter(person.device for _, person in people if person.device).values()) == 1
    assert max(Counter(person.payer for _, person in people).values()) == 1


def test_hoarders_hold_much_at_once_on_few_devices_and_hardly_pay(usual: Week) -> None:
    for life in _lives(usual, "hoarder"):
        placed = [fact for fact in life if isinstance(fact, Placed)]
        assert len({fact.person.device for fact in placed}) <= USUAL.hoarder_devices
        assert len({fact.person.email for fact in placed}) == USUAL.hoarder_accounts
        assert sum(isinstance(fact, Paid) for fact in life) / len(placed) < 0.25
        held = max(sum(a.units for a in placed if a.at <= b.at < a.at + HOLD) for b in placed)
        assert held >= 15


def test_card_testers_are_declined_far_more_than_anybody(usual: Week) -> None:
    for life in _lives(usual, "tester"):
        count = Counter(type(fact) for fact in life)
        assert count[PaymentFailed] > 2 * count[Paid]
        placed = [fact for fact in life if isinstance(fact, Placed)]
        assert len({fact.person.email for fact in placed}) == len(placed) == USUAL.tester_cards
        assert max(fact.total for fact in placed) <= 3_000
        assert len({fact.person.ip for fact in placed}) <= 2 * USUAL.tester_networks


def test_malicious_refunders_look_first_and_ask_again_and_again(usual: Week) -> None:
    for life in _lives(usual, "refunder"):
        asked = {fact.order for fact in life if isinstance(fact, RefundAsked)}
        assert asked <= {fact.order for fact in life if isinstance(fact, Revealed)}
        assert len({fact.payer for fact in life if isinstance(fact, Paid)}) <= USUAL.refunder_payers
    asked = [sum(isinstance(fact, RefundAsked) for fact in life) for life in _lives(usual, "refunder")]
    assert sum(asked) / len(asked) > 5
    honest = Counter(fact.actor for fact in usual.facts if isinstance(fact, RefundAsked) and not fact.actor.abuse)
    assert max(honest.values()) >= 2


def test_diverted_vouchers_are_used_abroad_and_by_few(usual: Week) -> None:
    foreign = _foreign(usual, [fact for fact in usual.facts if fact.actor.abuse == "diverter"])
    assert sum(foreign) / len(foreign) > 0.6
    for life in _lives(usual, "diverter"):
        by = Counter(fact.by for fact in life if isinstance(fact, Redeemed))
        assert sum(count for _, count in by.most_common(USUAL.diverter_redeemers)) / by.total() > 0.5
        assert len({fact.agent for fact in life if isinstance(fact, Placed)}) == 1


def _lives(seen: Week, abuse: str) -> list[list[Fact]]:
    lives = [[fact for fact in seen.facts if fact.actor == actor] for actor in seen.actors if actor.abuse == abuse]
    assert len(lives) >= 5
    return lives


def _foreign(seen: Week, among: list[Fact]) -> list[bool]:
    """Of each redemption, whether it was in another region than the voucher's."""
    sku = {fact.order: fact.sku for fact in seen.facts if isinstance(fact, Placed)}
    return [STORES[use.store] != GOODS[sku[use.order]].region for use in among if isinstance(use, Redeemed)]
