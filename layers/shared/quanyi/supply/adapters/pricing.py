"""Asking the price right before an order, for protocols whose orders take no highest price along (`price_check`).

An offer's cost is as old as the last sync. What is asked here is what the order will be charged, but for a price that
rises in the moment between. Nothing has been sent where this holds an order back, so that it has failed for certain:
also where the supplier does not answer, which spares the buyer an order that nobody might make known.
"""

from collections.abc import Callable

from quanyi.supply.adapters.replies import Unclear
from quanyi.supply.port import PRICE_ABOVE_MOST, Answer, Wanted

TOO_DEAR = Answer("failed", reason=PRICE_ABOVE_MOST)
NO_PRICE = Answer("failed", reason="price_unclear")
NOT_SOLD = Answer("failed", reason="not_on_sale")


def held_back(wanted: Wanted, price: Callable[[], int | None]) -> Answer | None:
    """Why nothing is ordered; None: it may be. `price` asks what one costs now, minor units, None where it is not for
    sale; it may raise Unclear."""
    try:
        now = price()
    except Unclear:
        return NO_PRICE
    if now is None:
        return NOT_SOLD
    return TOO_DEAR if now > wanted.most else None
