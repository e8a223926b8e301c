"""What is in stock of a series follows its standing: out of sale while the series is frozen or over, in again when it
is not (as what arrives: paid units that wait are served first), voided once it was cancelled. Each card changes by its
own conditional write, so that all of it may be done again: one that was sold meanwhile stays its buyer's.

The standing is read anew before each page and after the last. When it has changed since, all is gone through again: in
whatever order calls and runs overtake each other, the stock ends as the series stands.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from quanyi.backlog import Backlog
from quanyi.cards.model import Pool
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.clock import Clock
from quanyi.errors import Conflict
from quanyi.receiving.arrivals import BacklogFirst
from quanyi.table import Item
from quanyi.vouchers.model import Standing
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.stock import BY, REASONS

CARDS_A_PAGE = 500
AT_ONCE = 16


@dataclass(frozen=True)
class Place:
    """How far a run got: behind the card `after` (empty: nowhere yet), of a series that stood so."""

    standing: Standing
    after: str = ""


@dataclass(frozen=True)
class SeriesStock:
    """What a run works with."""

    cards: CardsTable
    pools: PoolsTable
    series: SeriesTable
    backlog: Backlog
    clock: Clock


def follow(stock: SeriesStock, series: str, place: Place | None, time_left: Callable[[], bool]) -> Place | None:
    """Goes through the vouchers of a series from `place` on. Answers where to go on when time runs low; None: all is
    done."""
    done = False
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while True:
            kept = stock.series.get(series)
            standing = kept.standing(stock.clock())
            if place is None or place.standing != standing:
                place, done = Place(standing), False
            if done:
                return None
            start = {"series": series, "card_id": place.after} if place.after else None
            page = stock.cards.of_series(series, limit=CARDS_A_PAGE, start=start)
            found = stock.cards.get_many([item["card_id"] for item in page.items])
            arrivals = BacklogFirst(kept.sku, stock.cards, stock.backlog, stock.clock)
            if standing == "open":
                arrivals.look()
            list(threads.map(partial(_put_right, stock, arrivals, standing), found.values()))
            if page.next is None:
                done = True
                continue
            place = Place(standing, page.next["card_id"])
            if not time_left():
                return place


def _put_right(stock: SeriesStock, arrivals: BacklogFirst, standing: Standing, card: Item) -> None:
    who = {"by": BY, "reason": REASONS[standing]}
    try:
        match standing:
            case "cancelled" if card["state"] in ("available", "quarantined"):
                stock.cards.void(card["card_id"], **who)
            case "closed" if card["state"] == "available":
                stock.cards.take_off(card["card_id"], **who)
            case "open" if _was_taken_off(card):
                stock.pools.open(Pool.named(card["pool"]))
                arrivals.readmit(card, **who)
            case "open" if card["state"] == "reserved":
                arrivals.resume(card)
            case _:
                return
    except Conflict:  # sold meanwhile, or past its last moment of sale
        return


def _was_taken_off(card: Item) -> bool:
    """For its series, and not by a person."""
    why = (card.get("changed_by"), card.get("reason"))
    return card["state"] == "quarantined" and why == (BY, REASONS["closed"])
