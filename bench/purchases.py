"""200 purchase orders at the same supplier, which delivers short, too much, twice and what others had, too."""

import logging
from collections import Counter

from bench.report import Figure, table
from tests.aws.wholesale import Wholesale, bought_for_stock, check_cards, troubled

COUNT = 200
LIES = ("short", "surplus", "repeated", "resold")


def measure() -> Figure:
    logging.disable(logging.CRITICAL)
    server = troubled(seed=21)
    for lie in LIES:
        server.faults.on(lie, 0.1)
    with Wholesale(server=server) as shop:
        ends = bought_for_stock(shop, COUNT)
        counts = check_cards(shop)
        twice = len(server.shop.charged_twice())
    logging.disable(logging.NOTSET)
    struck = Counter({name: count for name, count in server.faults.struck.items() if name in LIES})
    over = sum(ends[state] for state in ("received", "failed"))
    rows = [(name, counts[name]) for name in ("ordered", "received", "short", "surplus", "duplicates")]
    return Figure(
        name="purchases",
        title=f"{COUNT} purchase orders at a supplier that fails in every way",
        aim="every card in exactly one batch, every shortage on its purchase order",
        seen=f"{counts['received'] + counts['surplus']:,} cards, each in one batch; {counts['short']} short, all noted",
        reached=over == COUNT and not twice,
        how=(
            "As the top-ups above, with purchase orders of three to seven cards of 200 SKUs; besides, a tenth each of "
            "the deliveries is one card short, has one too many, names a card twice, or has one that somebody else "
            "had. Asserted for each purchase: what the supplier delivered is received, set aside, duplicate or "
            "invalid; the card table holds exactly the former two, and each batch counts its own."
        ),
        body="\n\n".join(
            (
                table(("purchase orders", "count"), sorted(ends.items())),
                table(("cards", "count"), rows),
                "Lies that were told: " + ", ".join(f"{name} {count}" for name, count in sorted(struck.items())) + ".",
            )
        ),
    )
