"""How fast the pages open on a slow phone: throttled Chromium, the built pages behind the local edge, a real API."""

import statistics
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench.local_stack import LocalShop, local_shop
from bench.report import Figure, table
from tools.local.chromium import ARGUMENTS, chromium
from tools.local.edge.server import CHANNEL, Edge

ROUNDS = 5
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
"""Milliseconds a round trip, and bytes a second: Lighthouse's slow 4G."""
CPU = 4
"""How many times slower than this machine: a cheap phone beside a desk's computer."""
MOST_KB = {"/": 120, "/claim/": 120, "/counter/": 120, "/console/": 400}
MOST_SHIFT = 0.1
"""Cumulative layout shift that Web Vitals call good."""

_WATCH = """
  window.__seen = { largest: 0, shift: 0 };
  new PerformanceObserver((list) => { for (const one of list.getEntries()) __seen.largest = one.startTime; })
    .observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) __seen.shift += one.value;
  }).observe({ type: 'layout-shift', buffered: true });
"""
_READ = """() => {
  const files = performance.getEntriesByType('resource');
  const weigh = (kind) => files.filter((one) => kind.test(new URL(one.name).pathname))
    .reduce((sum, one) => sum + one.encodedBodySize, 0);
  return { ...window.__seen, script: weigh(/\\.m?js$/), style: weigh(/\\.css$/), requests: files.length + 1,
    first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0 };
}"""


@dataclass(frozen=True)
class Opened:
    """One cold visit: milliseconds to the first and the largest paint, how far things jumped, packed bytes."""

    first: float
    largest: float
    shift: float
    script: int
    style: int
    requests: int


def measure() -> Figure:
    with local_shop() as shop, edge_of(shop) as edge, sync_playwright() as playwright:
        places = {**{path: path for path in MOST_KB}, "/claim/": _claimed(shop)}
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
        seen = {path: [opened(browser, edge + place) for _ in range(ROUNDS)] for path, place in places.items()}
        browser.close()
    return figure(seen)


def figure(seen: Mapping[str, Sequence[Opened]]) -> Figure:
    """Of visits by path."""
    fits = all(
        visit.script <= MOST_KB[path] * 1024 and visit.shift <= MOST_SHIFT
        for path, visits in seen.items()
        for visit in visits
    )
    heaviest = ", ".join(f"{path} {max(visit.script for visit in visits) / 1024:.0f}" for path, visits in seen.items())
    return Figure(
        name="pages",
        title="JavaScript of a page's first load, packed KB; how far things jump meanwhile",
        aim=f"shop, claim, counter ≤ {MOST_KB['/']} KB, console ≤ {MOST_KB['/console/']} KB; shift ≤ {MOST_SHIFT}",
        seen=f"{heaviest} KB; shift ≤ {max(visit.shift for visits in seen.values() for visit in visits):.3f}",
        reached=fits,
        how=(
            "The built pages behind the local edge, the API of a fresh local stack behind them; the claim page shows "
            "an order that was delivered. Chromium as a phone (390 × 844), its cache empty each time, slowed to slow 4G"
            f" (1.6 Mbit/s, 150 ms a round trip) and to a {CPU}th of this machine's processor, {ROUNDS} visits a page. "
            "Paints are medians and say little about another machine: the local AWS answers from the same cores. Bytes "
            "and shifts are the worst visit's."
        ),
        body=table(
            ["page", "first paint ms", "largest paint ms", "layout shift", "JS KB", "CSS KB", "requests"],
            [_row(path, visits) for path, visits in seen.items()],
        ),
    )


def _row(path: str, visits: Sequence[Opened]) -> list[object]:
    return [
        f"`{path}`",
        round(statistics.median(visit.first for visit in visits)),
        round(statistics.median(visit.largest for visit in visits)),
        max(visit.shift for visit in visits),
        max(visit.script for visit in visits) / 1024,
        max(visit.style for visit in visits) / 1024,
        max(visit.requests for visit in visits),
    ]


def opened(browser: Browser, url: str) -> Opened:
    """A cold visit, looked at when nothing is loaded any more."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(_WATCH)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW_4G)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
    page.goto(url)
    page.wait_for_selector("#app > *", state="attached")
    page.wait_for_load_state("networkidle")
    told: dict[str, Any] = page.evaluate(_READ)
    context.close()
    return Opened(**told)


def _claimed(shop: LocalShop) -> str:
    """The link to an order that was delivered."""
    shop.stock(1)
    order = shop.place().body
    shop.pay(order["id"])
    shop.await_state(order["id"], "fulfilled")
    return f"/claim/{order['id']}#{order['access_token']}"


@contextmanager
def edge_of(shop: LocalShop) -> Generator[str]:
    """The built pages and the shop's API on one origin."""
    made = shop.operate("POST", f"/v1/admin/channels/{CHANNEL}/keys", {"role": "publishable", "name": "pages"})
    with tempfile.TemporaryDirectory(prefix="quanyi-bench-") as name:
        file = Path(name) / "stack.json"
        replace(shop.stack, keys={"publishable": {CHANNEL: made["key"]}}).write(file)
        with Edge(0, file) as edge:
            threading.Thread(target=edge.serve_forever, daemon=True).start()
            yield edge.url
            edge.shutdown()
