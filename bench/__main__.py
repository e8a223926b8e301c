"""`python -m bench [name ...]`: measures the figures (all without a name) and writes them into docs/benchmarks.md."""

import argparse
import sys
import time
from importlib import import_module

from bench.report import DOCUMENT, Figure, written

# The cheap ones first; those on the local AWS last.
MODULES = (
    "claims",
    "calls",
    "notifying",
    "fact_cost",
    "redeeming",
    "judging",
    "cold_start",
    "lazy_import",
    "risk",
    "topups",
    "purchases",
    "stock_policies",
    "watch",
    "catalogue_sync",
    "importing",
    "stock_size",
    "live_lag",
    "analytics",
    "rush",
    "storm",
    "tills",
    "speed",
    "on_demand",
    "pages",
    "order_list",
    "cost",
)
ORDER = (
    *("rush", "storm", "tills", "claims", "calls", "notifying", "redeeming", "judging", "cost", "speed"),
    *("topups", "purchases", "on-demand", "fact-cost"),
    *("cold-start", "lazy-import", "risk", "stock-policies", "watch", "catalogue-sync", "importing", "stock-size"),
    *("live-lag", "analytics", "pages", "order-list"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure Quanyi; writes docs/benchmarks.md")
    parser.add_argument("name", nargs="*", choices=[*ORDER, []], help="figures to measure (default: all)")
    asked: list[str] = parser.parse_args().name
    modules = [name for name in MODULES if not asked or name.replace("_", "-") in asked]
    missed = 0
    for name in modules:
        print(f"{name.replace('_', '-')} ...", flush=True)
        started = time.monotonic()
        figure: Figure = import_module(f"bench.{name}").measure()
        took = time.monotonic() - started
        before = DOCUMENT.read_text() if DOCUMENT.exists() else ""
        DOCUMENT.write_text(written(before, ORDER, [(figure, took)]))
        print(f"  {figure.seen}  (aim: {figure.aim}; {took:.0f} s)", flush=True)
        missed += figure.reached is False
    print(f"{DOCUMENT.name} written; {missed} of {len(modules)} aims not reached")
    return 0


if __name__ == "__main__":
    sys.exit(main())
