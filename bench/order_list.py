"""The console's list of a hundred thousand orders in a browser: what each page and each filter asks for and reads."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, expect, sync_playwright

from bench.local_stack import local_shop
from bench.lying_orders import BUYER, COMES_AGAIN, DAYS, HELD, bought, lay
from bench.pages import edge_of
from bench.report import Figure, table
from quanyi.clock import day
from quanyi.orders.listing import LOOKED
from tools.local.chromium import ARGUMENTS, chromium
from tools.local.cloud import CloudFailed

ORDERS = 100_000
TURNED = 19
"""Pages that are turned after the first."""
A_PAGE = 20
PATIENCE = 300_000
"""Milliseconds."""


@dataclass
class Done:
    """What one step at the list took."""

    what: str
    found: int = 0
    """Rows that the step showed, or, where it looked further, those that it had found in the end."""
    calls: int = 0
    kilobytes: float = 0
    rows: int = 0
    """In the page at the end."""
    read: int = 0
    """Orders that the calls read from the index."""
    most: int = 0
    """In any single call."""
    took: float = 0


@dataclass
class Desk:
    """A person at the list, and what their browser asks for meanwhile."""

    page: Page
    heard: list[Response] = field(default_factory=list[Response])

    def __post_init__(self) -> None:
        self.page.on("response", lambda one: self.heard.append(one) if _is_lists(one) else None)

    def does(self, what: str, act: Callable[[], None]) -> Done:
        """Until the list is at rest again."""
        self.heard.clear()
        begun = time.monotonic()
        act()
        expect(self.page.locator("section[aria-busy=false] .el-table")).to_be_visible()
        done = Done(what, took=time.monotonic() - begun, rows=self.rows())
        done.found = done.rows
        for one in self.heard:
            looked = int(one.json().get("looked", 0))
            done.calls += 1
            done.kilobytes += one.request.sizes()["responseBodySize"] / 1024
            done.read += looked
            done.most = max(done.most, looked)
        return done

    def rows(self) -> int:
        return self.page.locator(".el-table__body-wrapper tbody tr.row").count()

    def press(self, name: str) -> None:
        # The answer that the press brings: only then the list is busy with nothing else.
        with self.page.expect_response(_is_lists):
            self.page.get_by_role("button", name=name, exact=True).click()

    def choose(self, label: str, option: str) -> None:
        # What is chosen lies above the field: it is opened by a key.
        self.page.get_by_role("combobox", name=label).press("Enter")
        with self.page.expect_response(_is_lists):
            self.page.get_by_role("option", name=option, exact=True).click()

    def type(self, label: str, text: str) -> None:
        with self.page.expect_response(_is_lists):
            self.page.get_by_label(label, exact=True).fill(text)
            self.page.keyboard.press("Enter")


def measure() -> Figure:
    with local_shop() as shop, edge_of(shop) as edge, sync_playwright() as playwright:
        try:
            like = bought(shop)
            lay(shop, like, ORDERS)
            browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
            page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en").new_page()
            page.set_default_timeout(PATIENCE)
            expect.set_options(timeout=PATIENCE)
            one_day = day(like.created_at - timedelta(days=DAYS // 2), "Asia/Shanghai")
            made = shop.operate("POST", "/v1/admin/keys", {"role": "support", "name": "bench"})
            seen = walked(signed_in(page, edge, made["key"]), one_day)
            browser.close()
        finally:
            # So many orders are not written down in the time that a stop has, and nobody needs them.
            with suppress(CloudFailed):
                shop.cloud.stop()
    return figure(seen)


def signed_in(page: Page, edge: str, key: str) -> Desk:
    page.goto(f"{edge}/console/")
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Menu").wait_for()
    return Desk(page)


def walked(desk: Desk, one_day: str) -> list[Done]:
    """Every way through the list, one after the other."""
    menu = desk.page.get_by_role("navigation", name="Menu")
    seen = [desk.does("first page", menu.get_by_role("link", name="Orders", exact=True).click)]
    turned = [desk.does("", lambda: desk.press("Next")) for _ in range(TURNED)]
    seen.append(_worst(f"each of the {TURNED} pages after it", turned))
    seen.append(desk.does("state: fulfilled (93 %)", lambda: desk.choose("State", "Fulfilled")))
    seen.append(_all_of(desk, f"state: on hold ({len(HELD)} orders)", lambda: desk.choose("State", "On hold")))
    desk.does("", lambda: desk.choose("State", "Any state"))
    seen.append(desk.does("channel: app (10 %)", lambda: desk.type("Channel", "app")))
    seen.append(desk.does("channel: fair (0.1 %)", lambda: desk.type("Channel", "fair")))
    desk.does("", lambda: desk.type("Channel", ""))
    desk.does("", lambda: desk.type("From", one_day))
    seen.append(desk.does("one day", lambda: desk.type("To", one_day)))
    search = "Find by contact, order or transaction"
    seen.append(desk.does(f"a buyer's contact ({COMES_AGAIN + 1} orders)", lambda: desk.type(search, BUYER)))
    return seen


def _worst(what: str, of: Sequence[Done]) -> Done:
    most = {
        name: max(getattr(one, name) for one in of) for name in ("calls", "kilobytes", "rows", "read", "most", "took")
    }
    return Done(what, found=of[-1].rows, **most)


def _all_of(desk: Desk, what: str, act: Callable[[], None]) -> Done:
    """Looks further whenever the page offers it."""
    whole = desk.does(what, act)
    further = desk.page.get_by_role("button", name="Look further", exact=True)
    while further.count():
        more = desk.does(what, lambda: desk.press("Look further"))
        whole = Done(
            what,
            more.rows,
            whole.calls + more.calls,
            whole.kilobytes + more.kilobytes,
            more.rows,
            whole.read + more.read,
            max(whole.most, more.most),
            whole.took + more.took,
        )
    return whole


def figure(seen: Sequence[Done]) -> Figure:
    most, rows = max(one.most for one in seen), max(one.rows for one in seen)
    each = max(one.kilobytes / max(one.calls, 1) for one in seen)
    return Figure(
        name="order-list",
        title=f"Orders that one call of the console's list reads, of {ORDERS:,}; rows that the page holds",
        aim=f"≤ {LOOKED:,} whatever is filtered; {A_PAGE} rows",
        seen=f"{most:,}; {rows} rows, {each:.0f} KB a call",
        reached=0 < most <= LOOKED and rows <= A_PAGE and all(one.found for one in seen),
        how=(
            f"{ORDERS:,} orders of {DAYS} days in the table of a fresh local stack, written by the shop's own code "
            "with all that its indexes need; the table's stream is off, since reports are not what is looked at. The "
            "built console in Chromium, not slowed, through the local edge. Calls, bytes as they travel and rows are "
            "what the browser saw; orders read are what DynamoDB says that it read of the index, before any filter, "
            "and each row is read once more from the table. A page that few orders fit is put together from several "
            "calls, of which each looks so far and no further; the list says how far it got. Of the pages that are "
            "turned each column has its worst. Times say little about another machine."
        ),
        body=table(
            ["at the list", "found", "calls", "KB", "rows in the page", "orders read", "most in one call", "ms"],
            [
                [one.what, one.found, one.calls, one.kilobytes, one.rows, one.read, one.most, round(one.took * 1000)]
                for one in seen
            ],
        ),
    )


def _is_lists(one: Response) -> bool:
    """Not what the page before is still told."""
    return urlsplit(one.url).path.startswith("/v1/admin/orders")
