"""Living a labelled week through: what is decided, what happens all the same, and how that is scored."""

from collections import Counter
from datetime import timedelta

import pytest

from bench.risk import HARM, harm, score_of, together
from bench.risk_memory import RiskMemory
from bench.risk_replay import Judged, Lived, Shop, lived
from bench.shop_week.facts import Actor, Expired, Fact, Person, Placed, RefundAsked
from bench.shop_week.parameters import Parameters
from bench.shop_week.shop import START
from bench.shop_week.week import Week, week
from quanyi.risk.signals import SignalsTable, key
from quanyi.risk.told import Sign
from quanyi.table import ConditionFailed

WORLD = Parameters(
    plain_buyers=60,
    offices=1,
    families=3,
    corporates=1,
    bargain_hunters=10,
    declined_twice=3,
    gift_givers=3,
    bad_key_buyers=3,
    bad_batch_buyers=3,
    undecided=3,
    regulars=2,
    agents=1,
    hoarders=1,
    testers=1,
    refunders=1,
    diverters=1,
)
RING = Actor("hoarder-0", "hoarder", "hoarder")
FACE = Person("a@example.com", None, None, "d", "11.1.1.1", "p")


def an_order(number: int, *, units: int = 1) -> Placed:
    at = START + timedelta(minutes=number)
    return Placed(at, RING, f"o{number}", FACE, "site", None, "game-30", units, 2900)


@pytest.fixture(scope="module")
def seen() -> Week:
    return week(5, WORLD)


@pytest.fixture(scope="module")
def came(seen: Week) -> Lived:
    return lived(seen)


def test_a_week_is_lived_through_the_same_way_twice(seen: Week, came: Lived) -> None:
    assert lived(seen) == came


def test_every_point_decides_and_nothing_follows_from_what_was_stopped(seen: Week, came: Lived) -> None:
    assert {each.point for each in came.judged} == {"order", "delivery", "redemption", "refund"}
    happened = set(came.happened)
    placed = {fact.order for fact in came.happened if isinstance(fact, Placed)}
    assert {fact.order for fact in came.happened} == placed
    for each in came.judged:
        if each.said in ("refuse", "cap"):
            assert each.fact not in happened
    undisturbed = {fact.order for fact in seen.facts} - {
        each.fact.order for each in came.judged if each.said != "approve"
    }
    assert [fact for fact in seen.facts if fact.order in undisturbed] == [
        fact for fact in came.happened if fact.order in undisturbed
    ]


def test_an_unpaid_order_is_capped_and_set_free_again() -> None:
    shop = Shop()
    said = [shop.sees(an_order(number)) for number in range(12)]
    assert said == [True] * 10 + [False] * 2
    assert [each.said for each in shop.judged][-1] == "cap"
    for number in range(10):
        assert shop.sees(Expired(START + timedelta(minutes=15 + number), RING, f"o{number}"))
    # By then it is refused for what it left unpaid, not for what it holds.
    assert not shop.sees(an_order(60))
    assert shop.judged[-1].said == "refuse"


def test_the_table_in_memory_keeps_a_condition_and_knows_no_other() -> None:
    table = RiskMemory()
    SignalsTable(table).add(
        [Sign("ip", "x", "placed", "0000001aaaaaaaa"), Sign("ip", "x", "placed", "0000002bbbbbbbb")]
    )
    (item,) = table.get_many([key("ip", "x")])
    assert item["placed"] == {"0000001aaaaaaaa", "0000002bbbbbbbb"}
    with pytest.raises(ConditionFailed):
        table.put({"pk": item["pk"], "sk": "SIGNAL"}, condition="attribute_not_exists(pk)")
    with pytest.raises(AssertionError):
        table.put({"pk": "a", "sk": "b"}, condition="something = :else")


# Scoring.


def test_harm_is_counted_until_the_first_stop_and_in_the_whole() -> None:
    orders = [an_order(number, units=2) for number in range(4)]
    ends = [Expired(order.at + timedelta(seconds=10), RING, order.order) for order in orders]
    facts: list[Fact] = sorted([*orders, *ends], key=lambda fact: fact.at)
    stop = Judged("order", orders[2], "refuse")
    score = score_of(Week((RING,), tuple(facts)), Lived((stop,), tuple(f for f in facts if f.order != "o2")))
    caught = score.caught["hoarder"]
    assert (caught.actors, caught.stopped, caught.meant, caught.before, caught.done) == (1, 1, 8, 4, 6)
    assert together([score, score]).caught["hoarder"].meant == 16


def test_an_honest_order_counts_once_however_often_it_is_held() -> None:
    honest = Actor("plain-0", "plain", None)
    order = Placed(START, honest, "o", FACE, "site", None, "game-30", 2, 2900)
    asked = RefundAsked(START, honest, "o", 1, deserved=True)
    judged = (Judged("order", order, "hold", ("a",)), Judged("refund", asked, "hold", ("a", "b")))
    score = score_of(Week((honest,), (order, asked)), Lived(judged, (order, asked)))
    assert (score.orders.held, score.orders.of) == (1, 1)
    assert (score.at["refund"].held, score.rules) == (1, Counter(a=2, b=1))


def test_each_abuse_has_its_harm_and_the_honest_have_none(seen: Week) -> None:
    sold = {fact.order: fact for fact in seen.facts if isinstance(fact, Placed)}
    total: Counter[str | None] = Counter()
    for fact in seen.facts:
        total[fact.actor.abuse] += harm(fact, sold)
    assert total.pop(None) == 0
    assert set(+total) == set(HARM)
