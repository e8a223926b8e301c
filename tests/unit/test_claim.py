"""Drawing cards: what is there is found, losers are not tried twice, and nobody gets more than was asked for."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.cards.claim import draw_cards
from quanyi.cards.model import Pool, shard_of
from quanyi.cards.table import CardsTable

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class FakeCards:
    """`free` can be claimed; `stale` is still listed by the index though somebody has it."""

    free: dict[str, set[str]]
    stale: dict[str, set[str]] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)
    reads: int = 0

    def candidates(self, pool: str, *, start: str, limit: int, wrapped: bool = False) -> list[str]:
        self.reads += 1
        listed = sorted(self.free.get(pool, set()) | self.stale.get(pool, set()))
        return [c for c in listed if (c < start) == wrapped][:limit]

    def claim(self, card_id: str, **_: Any) -> bool:
        self.claims.append(card_id)
        for cards in self.free.values():
            if card_id in cards:
                cards.remove(card_id)
                return True
        return False


def drawn(cards: FakeCards, pools: Sequence[Pool], wanted: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    known = cast("CardsTable", cards)
    return draw_cards(known, pools, wanted, hold="O#1", until=NOW, now=lambda: NOW, draw=rng.randbytes)


def ids(count: int, prefix: str = "") -> set[str]:
    return {f"{prefix}{n * 7919 % 100003:05d}" for n in range(count)}


@given(st.integers(0, 40), st.integers(0, 30), st.integers(1, 40), st.integers(0, 9), st.integers(1, 4))
def test_it_finds_all_there_is_and_never_more(free: int, stale: int, wanted: int, seed: int, shards: int) -> None:
    pool = Pool("a", "shared", "2026-12-31", shards)
    by_shard: dict[str, set[str]] = {pool.name(s): set() for s in range(shards)}
    for card in ids(free):
        by_shard[pool.name(shard_of(card, shards))].add(card)
    listed = {pool.name(0): ids(stale, "x")}
    cards = FakeCards(by_shard, listed)
    got = drawn(cards, [pool], wanted, seed)
    assert len(got) == len(set(got)) == min(free, wanted)
    assert len(cards.claims) == len(set(cards.claims)), "a loser was tried twice"


def test_the_earliest_pool_is_emptied_first() -> None:
    early, late = Pool("a", "site", "2026-11-30"), Pool("a", "shared", "2026-12-31")
    cards = FakeCards({early.name(): ids(2, "e"), late.name(): ids(5, "l")})
    got = drawn(cards, [early, late], 3)
    assert [c[0] for c in got] == ["e", "e", "l"]


@pytest.mark.parametrize("wanted", [1, 5])
def test_without_races_a_draw_costs_one_read_and_one_write_a_card(wanted: int) -> None:
    pool = Pool("a", "shared", "2026-12-31")
    cards = FakeCards({pool.name(): ids(10_000)})
    assert len(drawn(cards, [pool], wanted)) == wanted
    assert len(cards.claims) == wanted
    assert cards.reads <= 2
