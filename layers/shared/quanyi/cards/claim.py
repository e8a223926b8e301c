"""Drawing cards from pools: look where available cards should be, then let one conditional write decide.

Each draw picks at random among a few ids behind a random point, so that buyers rarely meet; a lost race draws
again from another place and remembers the loser (the index may list it for a while yet); an empty pool gives way to
the next one. A card that was claimed and is not fit to be sold counts as a loser.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from quanyi.cards.model import Pool
from quanyi.cards.table import CardsTable
from quanyi.ids import Draw
from quanyi.table import Item

SPARE = 1
"""Candidates beyond those wanted: one lost race needs no second read; a whole old window would be full of ghosts."""

WINDOW = 16
"""Ids read at least, of which one is picked at random: the first id behind a random point would be picked in proportion
to the gap before it, so that buyers met twice as often (measured: docs/benchmarks.md). Still half a read unit."""

AT_ONCE = 16

MOST_UNFIT = 64
"""Cards that turn out unfit in one draw, before it gives up: whoever takes them out of the pool is at it."""


def draw_cards(
    cards: CardsTable,
    pools: Sequence[Pool],
    wanted: int,
    *,
    hold: str,
    until: datetime,
    now: Callable[[], datetime],
    draw: Draw,
    fit: Callable[[Item], bool] | None = None,
) -> list[str]:
    """Reserves up to `wanted` cards for `hold` and answers their ids; fewer means the pools are (or look) empty.
    `fit` is asked about each card that was claimed, and has put away what it says no to.

    `now` is asked at each claim, since a card's last moment of sale is judged by the write itself. Cards that were
    reserved stay so if this raises: their hold's deadline frees them.
    """
    got: list[str] = []
    lost: set[str] = set()
    unfit: list[str] = []

    def attempt(card_id: str) -> tuple[str, bool]:
        card = cards.claim(card_id, hold=hold, until=until, now=now())
        if card and fit and not fit(card):
            unfit.append(card_id)
            return card_id, False
        return card_id, bool(card)

    for pool in pools:
        shards = list(range(pool.shards))
        first = draw(1)[0] % pool.shards
        for shard in shards[first:] + shards[:first]:
            while len(got) < wanted and len(unfit) < MOST_UNFIT:
                seen = _candidates(cards, pool.name(shard), wanted - len(got), lost | set(got), draw)
                if not seen:
                    break
                # One write more than is wanted would be one card too many: spare candidates only replace losers.
                tries, spare = seen[: wanted - len(got)], seen[wanted - len(got) :]
                while tries:
                    results = _all(attempt, tries)
                    got += [card_id for card_id, won in results if won]
                    losers = [card_id for card_id, won in results if not won]
                    lost.update(losers)
                    tries, spare = spare[: len(losers)], spare[len(losers) :]
        if len(got) == wanted:
            break
    return got


def _candidates(cards: CardsTable, pool: str, wanted: int, known: set[str], draw: Draw) -> list[str]:
    start = urlsafe_b64encode(draw(9)).decode()
    limit = min(max(WINDOW, wanted + SPARE + min(len(known), 50)), 1000)
    seen = [c for c in cards.candidates(pool, start=start, limit=limit) if c not in known]
    if len(seen) < wanted:
        more = cards.candidates(pool, start=start, limit=limit, wrapped=True)
        seen += [c for c in more if c not in known and c not in seen]
    return sorted(seen, key=lambda _: draw(4))[: wanted + SPARE]


def _all(attempt: Callable[[str], tuple[str, bool]], card_ids: Sequence[str]) -> list[tuple[str, bool]]:
    if len(card_ids) == 1:
        return [attempt(card_ids[0])]
    with ThreadPoolExecutor(min(len(card_ids), AT_ONCE)) as pool:
        return list(pool.map(attempt, card_ids))
