"""Taking what is left in stock of a cancelled series out of sale. Each card changes by its own conditional write, so
that all of it may be done again: one that was sold meanwhile stays its buyer's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from quanyi.cards.table import CardsTable
from quanyi.errors import Conflict

CARDS_A_PAGE = 500
AT_ONCE = 16
REASON = "its series was cancelled"


def withdraw(cards: CardsTable, series: str, after: str | None, time_left: Callable[[], bool]) -> str | None:
    """Voids the vouchers of a series that can still be sold, behind the card `after`. Answers where to go on when time
    runs low; None: all is done."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        start = {"series": series, "card_id": after} if after else None
        while True:
            page = cards.of_series(series, limit=CARDS_A_PAGE, start=start)
            ids: list[str] = [item["card_id"] for item in page.items]
            list(threads.map(partial(_void, cards), ids))
            start = page.next
            if start is None:
                return None
            if not time_left():
                return start["card_id"]


def _void(cards: CardsTable, card_id: str) -> None:
    try:
        cards.void(card_id, by="system", reason=REASON)
    except Conflict:  # sold, handed out, or out of use already
        return
