"""Conditional writes that buyers waste on each other while drawing cards."""

import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.card_index import CardIndex
from bench.report import Figure, table
from bench.simulated_time import SimulatedTime
from quanyi.cards.claim import WINDOW, draw_cards
from quanyi.cards.model import Pool
from quanyi.cards.table import CardsTable
from quanyi.table import Table

BUYERS = 64
CLAIMS = 2000
POOLS = (10_000, 500)
LAGS = (0.0, 0.020, 0.100)
MOST = 0.05
OTHER_CALLS = 5
"""Of the seven calls that place an order, those before and after the draw."""
CALL = (0.002, 0.006)
"""Seconds that a call takes, from and to."""
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
POOL = Pool("sku", "shared", "9999-12-31")


@dataclass(frozen=True)
class Nearest(CardsTable):
    """Takes the first card behind a random point: one of two that were compared."""

    def candidates(self, pool: str, *, start: str, limit: int, wrapped: bool = False) -> list[str]:
        return super().candidates(pool, start=start, limit=limit, wrapped=wrapped)[: limit - WINDOW + 1]


@dataclass(frozen=True)
class TakeFirst(CardsTable):
    """Begins at the pool's first card every time."""

    def candidates(self, pool: str, *, start: str, limit: int, wrapped: bool = False) -> list[str]:
        return [] if wrapped else super().candidates(pool, start="-", limit=limit)[: limit - WINDOW + 1]


SHIPPED, NEAREST, WARNING = f"any of {WINDOW} (ships)", "the first behind a random point", "the pool's first"
STRATEGIES: dict[str, Callable[[Table], CardsTable]] = {SHIPPED: CardsTable, NEAREST: Nearest, WARNING: TakeFirst}
SERIOUS = (SHIPPED, NEAREST)


@dataclass(frozen=True)
class Seen:
    claims: int
    wasted: int
    reads: int
    seconds: float

    @property
    def waste(self) -> float:
        return self.wasted / self.claims


def measure() -> Figure:
    rows: list[list[object]] = []
    level: dict[tuple[str, int, float], Seen] = {}
    for size in POOLS:
        for lag in LAGS:
            for name in SERIOUS:
                found = level[name, size, lag] = simulate(name, size, lag, refill=True)
                rows.append(_row(f"{size:,}", lag, name, found))
    rows.append(_row("500", 0.0, WARNING, simulate(WARNING, 500, 0.0, refill=True, claims=500)))
    rows += [_row("500 until sold out", 0.0, name, simulate(name, 500, 0.0, refill=False)) for name in SERIOUS]
    shipped = {size: level[SHIPPED, size, 0.0].waste for size in POOLS}
    head = ["pool", "index lag ms", "strategy", "claims", "wasted writes per claim", "reads per claim", "claims/s"]
    best = min(SERIOUS, key=lambda name: sum(level[name, size, lag].waste for size in POOLS for lag in LAGS))
    return Figure(
        name="claims",
        title=f"Wasted conditional writes per claim, {BUYERS} at once, pools of 10,000 and 500",
        aim=f"≤ {MOST} at no lag",
        seen=" and ".join(f"{waste:.3f}" for waste in shipped.values()),
        reached=all(waste <= MOST for waste in shipped.values()),
        how=(
            f"Simulated: the shipped `draw_cards` against an exact card table and index in memory, in "
            f"simulated time, so "
            f"nothing else on the machine matters. {BUYERS} buyers place orders of one card without a pause; a call "
            f"takes {CALL[0] * 1000:g}-{CALL[1] * 1000:g} ms, and {OTHER_CALLS} calls of each order are not about "
            "cards. A pool is kept at its size (a card comes in for each that is claimed), since "
            "waste follows from how "
            "many cards there are to meet on; the last rows sell a pool of 500 to its last card. Of the two strategies "
            "compared the better one ships; the pool's first card for everybody shows what both avoid."
        ),
        body=f"{table(head, rows)}\n\nThe better of the two over all pools and lags: {best}.",
    )


def _row(pool: str, lag: float, name: str, seen: Seen) -> list[object]:
    reads, rate = seen.reads / seen.claims, seen.claims / seen.seconds
    return [pool, round(lag * 1000), name, seen.claims, f"{seen.waste:.3f}", f"{reads:.2f}", f"{rate:,.0f}"]


def simulate(strategy: str, size: int, lag: float, *, refill: bool, claims: int = CLAIMS, seed: int = 1) -> Seen:
    """Buyers drawing until so many claims are made, or until the pool is empty when it isn't refilled."""
    clock, chance = SimulatedTime(), random.Random(seed)
    draw = chance.randbytes

    def a_call() -> float:
        return chance.uniform(*CALL)

    def card() -> str:
        return urlsafe_b64encode(draw(32)).decode().rstrip("=")

    index = CardIndex(
        pool=POOL.name(),
        ids=[card() for _ in range(size)],
        make=_card,
        now=lambda: clock.now,
        travel=lambda: clock.sleep(a_call() / 2),
        lag=lag,
    )
    cards = STRATEGIES[strategy](Table("cards", index))
    sold: list[str] = []
    left = claims if refill else size

    def buyer(number: int) -> None:
        nonlocal left
        clock.sleep(a_call() * (OTHER_CALLS + 2) * chance.random())
        while left > 0:
            left -= 1
            clock.sleep(sum(a_call() for _ in range(OTHER_CALLS)))
            until = NOW + timedelta(minutes=15)
            got = draw_cards(cards, [POOL], 1, hold=f"{number}-{left}", until=until, now=lambda: NOW, draw=draw)
            sold.extend(got)
            if got and refill:
                index.add(card())

    clock.run([lambda number=number: buyer(number) for number in range(BUYERS)])
    if len(sold) != len(set(sold)):
        raise AssertionError("a card was claimed twice")
    reads = sum(operation == "Query" for operation, *_ in index.calls)
    return Seen(len(sold), index.refused, reads, clock.now)


def _card(card_id: str) -> dict[str, dict[str, str]]:
    fields = {"card_id": card_id, "state": "available", "available": POOL.name(), "pool": POOL.name()}
    return {name: {"S": value} for name, value in {**fields, "sell_by": "9999-12-31T00:00:00.000Z"}.items()}
