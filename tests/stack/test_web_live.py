"""What the console shows lives without flicker: what is on the page stays there while it is read again."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.stack.browser import Pages
from tests.stack.shop import Shop, Store
from tests.stack.test_web_console_desk import follow, signed_in

REFRESHES = 3
MOST_SHIFT = 0.01
"""Of the layout, in all of them; Web Vitals call ten times as much good."""

SENT: dict[str, Any] = {
    "id": "PO0000000000000000001",
    "state": "sent",
    "supplier": "acme",
    "sku": "ik-month",
    "quantity": 20,
    "received": 0,
    "total": {"amount": 30_000, "currency": "CNY"},
    "unit_cost": {"amount": 1_500, "currency": "CNY"},
    "claim": {"amount": 0, "currency": "CNY"},
    "purpose": "stock",
    "created_at": "2026-11-27T04:00:00Z",
    "notes": [],
}

_WATCH = """() => {
  const watched = window.__watched = {
    marked: [...document.querySelectorAll('main *')], skeletons: 0, shift: 0, focus: document.activeElement,
    selected: getSelection().toString(), scrolled: scrollY,
  };
  new MutationObserver(() => { watched.skeletons += document.querySelectorAll('main .el-skeleton').length; })
    .observe(document.querySelector('main'), { childList: true, subtree: true });
  watched.shifts = new PerformanceObserver((list) => watched.add(list.getEntries()));
  watched.add = (entries) => { for (const one of entries) if (!one.hadRecentInput) watched.shift += one.value; };
  watched.shifts.observe({ type: 'layout-shift' });
}"""
_TOLD = """() => {
  const watched = window.__watched;
  watched.add(watched.shifts.takeRecords());
  return {
    gone: watched.marked.filter((one) => !one.isConnected).map((one) => `${one.tagName}.${one.className}`),
    marked: watched.marked.length, skeletons: watched.skeletons, shift: watched.shift,
    focus: document.activeElement === watched.focus && watched.focus !== document.body,
    selected: getSelection().toString() === watched.selected && watched.selected !== '',
    scrolled: scrollY === watched.scrolled,
  };
}"""
_LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
_TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def refreshed(page: Page, path: str, change: Callable[[], object], changed: Callable[[], None]) -> dict[str, Any]:
    """What became of the page over some refreshes, in the midst of which something really changes. The page asks by
    itself; that somebody looks at it again makes it ask at once."""
    page.get_by_role("heading", level=1).first.select_text()
    page.evaluate("scrollTo(0, 60)")
    page.get_by_role("link").first.focus()
    page.evaluate(_WATCH)
    change()
    for _ in range(REFRESHES):
        with page.expect_response(lambda one: urlsplit(one.url).path == path) as answer:
            page.evaluate(_LOOK_AGAIN)
        answer.value.finished()
    changed()
    page.evaluate(_TWO_FRAMES)
    return page.evaluate(_TOLD)


def stands_still(told: dict[str, Any]) -> None:
    assert told["marked"] > 20
    assert (told["gone"], told["skeletons"]) == ([], 0)
    assert (told["focus"], told["selected"], told["scrolled"]) == (True, True, True)
    assert told["shift"] < MOST_SHIFT


def text_changes(of: Locator) -> Callable[[], None]:
    before = of.inner_text()
    return lambda: expect(of).not_to_have_text(before)


@pytest.mark.parametrize("place", ["Home", "Trading"])
def test_todays_numbers_change_in_their_places(place: str, edge: str, pages: Pages, shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 2)
    site.buy(sku)
    page = signed_in(pages, edge, shop.operator)
    follow(page, place)
    tile = page.locator("dl.numbers > div, .tiles > *").filter(has_text="rders").first
    expect(tile).to_contain_text(re.compile(r"[1-9]"))
    told = refreshed(page, "/v1/reports/trading", lambda: site.buy(sku), text_changes(tile))
    stands_still(told)


def test_an_order_goes_on_in_its_place(edge: str, pages: Pages, shop: Shop, site: Store) -> None:
    order = site.place(shop.sku(kind="manual", backlog_hours=24))
    site.pay(order)
    site.reaches(order, "fulfilling")
    notes = f"/orders/{order.id}/notes"
    shop.admin("POST", notes, {"text": "called"}).must()
    page = signed_in(pages, edge, shop.operator)
    follow(page, "Orders")
    page.get_by_label("Find by contact, order or transaction").fill(order.id)
    page.get_by_role("button", name="Find", exact=True).click()
    tab = page.get_by_role("tab", name=re.compile("^Notes"))
    expect(tab).to_be_visible()
    expect(page.locator("main .el-skeleton")).to_have_count(0)
    told = refreshed(
        page,
        f"/v1/admin/orders/{order.id}",
        lambda: shop.admin("POST", notes, {"text": "called again"}).must(),
        text_changes(tab),
    )
    stands_still(told)


def test_an_import_goes_on_in_its_place(edge: str, pages: Pages, shop: Shop) -> None:
    made: str = shop.announce(shop.sku()).must()["id"]
    page = signed_in(pages, edge, shop.operator)
    follow(page, "Import cards")
    page.locator(f"a[href$='/imports/{made}']").click()
    state = page.locator(".heading .el-tag").first
    expect(state).to_be_visible()
    stands_still(refreshed(page, f"/v1/admin/imports/{made}", lambda: None, lambda: expect(state).to_be_visible()))
    shop.admin("POST", f"/imports/{made}/cancel").must()
    expect(state).to_have_text("Stopped")


def test_a_purchase_goes_on_in_its_place(edge: str, pages: Pages, shop: Shop) -> None:
    page = signed_in(pages, edge, shop.operator)
    received = [0]

    def answer(route: Route) -> None:
        route.fulfill(json={"items": [{**SENT, "received": received[0]}], "next": None})

    page.route("**/v1/admin/purchase-orders?*", answer)
    follow(page, "Purchase orders")
    page.get_by_role("button", name=SENT["id"]).click()
    drawer = page.get_by_role("dialog", name=SENT["id"])
    expect(drawer).to_contain_text("0 of 20")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    cell = page.get_by_role("cell", name="/ 20")
    expect(cell).to_have_text("0 / 20")
    told = refreshed(page, "/v1/admin/purchase-orders", lambda: received.append(received.pop() + 7), text_changes(cell))
    stands_still(told)
