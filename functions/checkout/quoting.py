"""Pricing a basket for a shopper, and telling that it was: one fact a call, since a quote is asked for without a number
of its own and without anybody's name. A shopper who changes the basket is quoted again.
"""

from collections.abc import Sequence

from checkout.place import price
from checkout.wiring import Shop
from quanyi.aws import FAULTS
from quanyi.errors import Busy
from quanyi.facts.model import Fact
from quanyi.facts.table import to_item
from quanyi.ids import new_id
from quanyi.metrics import count
from quanyi.orders.pricing import Quote, Wanted


def quoted(shop: Shop, channel: str, wanted: Sequence[Wanted]) -> Quote:
    """Raises NotOnSale, OverLimit, Invalid; of a quote that was refused no fact is told."""
    now = shop.now()
    found = price(shop, channel, wanted, now)
    name = new_id("Q", shop.draw)
    fact = Fact(
        f"{name}#quoted",
        "quoted",
        now,
        name,
        channel=channel,
        quantity=len(found.units),
        amount=found.total,
        currency=found.currency,
    )
    try:
        # Once, without waiting: a shopper's answer is worth more than a number in a report.
        shop.facts.table.put(to_item(fact))
    except (Busy, *FAULTS):
        count("FactNotTold", kind=fact.kind)
    return found
