"""Facts of a day's stock: what a count of all cards found, by SKU and by the currency that they had cost.

They are no document's: a day that was not counted stays without. `reports` take averages over the days that were.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from quanyi.facts.model import Fact
from quanyi.money import Money


def facts_of_count(day: str, begins_at: datetime, found: Iterable[tuple[str, int, Money]]) -> list[Fact]:
    """`found` are SKU, how many of one batch are in stock, and what each had cost. The first fact says that there was a
    count, whatever it found."""
    units, worth = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for sku, count, cost in found:
        units[sku, cost.currency] += count
        worth[sku, cost.currency] += count * cost.amount
    kept = [
        Fact(
            f"{sku}#stocked#{day}#{currency}",
            "stocked",
            begins_at,
            sku,
            sku=sku,
            quantity=count,
            amount=worth[sku, currency],
            currency=currency,
        )
        for (sku, currency), count in sorted(units.items())
        if count
    ]
    return [Fact(f"#stocked#{day}", "stocked", begins_at, "stock"), *kept]
