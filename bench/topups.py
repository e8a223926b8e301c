"""2,000 top-ups at a supplier that loses answers, calls twice or not at all, and fails late: none charged twice."""

import logging
from collections import Counter

from bench.report import Figure, table
from tests.aws.wholesale import Wholesale, sells_topups, topped_up, troubled

COUNT = 2_000
GOOD = ("topped up once", "refunded, not charged")

BAD = ("REFUNDED AND CHARGED", "CHARGED TWICE", "FULFILLED FOR NOTHING", "OPEN")


def measure() -> Figure:
    logging.disable(logging.CRITICAL)
    with Wholesale(server=troubled(seed=20)) as shop:
        sells_topups(shop)
        ends = topped_up(shop, COUNT)
        twice = len(shop.server.shop.charged_twice())
        struck, calls = shop.server.faults.struck, Counter(kind for kind, _ in shop.server.calls)
    logging.disable(logging.NOTSET)
    bad = sum(count for end, count in ends.items() if end not in GOOD)
    rows = [
        (end, ends[end]) for end in (*GOOD, "REFUNDED AND CHARGED", "CHARGED TWICE", "FULFILLED FOR NOTHING", "OPEN")
    ]
    faults = ", ".join(f"{name} {count:,}" for name, count in sorted(struck.items()))
    return Figure(
        name="topups",
        title=f"{COUNT:,} top-ups at a supplier that fails in every way",
        aim="0 charged twice, 0 refunded and charged, 0 open",
        seen=f"{twice} charged twice, {ends['REFUNDED AND CHARGED']} refunded and charged, {ends['OPEN']} open",
        reached=not bad and not twice and ends.total() == COUNT,
        how=(
            "Each is placed, paid and fulfilled by the real code on a DynamoDB in memory, in six threads; the supplier "
            "is the local one over HTTP, with 20 % of its answers to orders cut off after they were carried out and "
            "10 % before, 10 % of its callbacks twice and 5 % never, 30 % of the orders done later and 5 % failed "
            "later. Time passes by three simulated minutes a round until nothing is open; what became of each order "
            "is compared with the supplier's own books."
        ),
        body="\n\n".join(
            (
                table(("orders", "count"), rows),
                f"Faults that struck: {faults}.",
                f"The supplier was sent {calls['order']:,} orders and asked {calls['query']:,} times.",
            )
        ),
    )
