"""The console's lists in a browser. Where the API looks through so many and no more, a page goes on by itself, says how
far it got, and can be stopped; what is there as a whole sorts by its columns; a refresh that fails moves nothing."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.shop import Shop
from tests.stack.test_web_console_desk import follow, signed_in

A_CALL = 8_000
ROW: dict[str, Any] = {
    "state": "on_hold",
    "channel": "site",
    "total": {"amount": 1980, "currency": "CNY"},
    "captured": {"amount": 1980, "currency": "CNY"},
    "created_at": "2026-11-27T04:00:00Z",
    "paid_at": None,
    "settled_at": None,
    "skus": ["a"],
    "units": 1,
    "delivered": 0,
}


def answering(held: Callable[[int], bool], calls: int) -> Callable[[Route], None]:
    """A month's orders of which few are on hold: so many answers, some of which have one."""

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        at = int(query.get("cursor", ["0"])[0])
        found = [{**ROW, "id": f"O{at:020d}"}] if query.get("state") == ["on_hold"] and held(at) else []
        after = str(at + 1) if query.get("state") and at + 1 < calls else None
        route.fulfill(json={"items": found, "next": after, "looked": A_CALL})

    return answer


def opened(pages: Pages, edge: str, key: str, answer: Callable[[Route], None]) -> Page:
    page = signed_in(pages, edge, key)
    page.route("**/v1/admin/orders?*", answer)
    follow(page, "Orders")
    # What is chosen lies above the field: it is opened by a key.
    page.get_by_role("combobox", name="State").press("Enter")
    page.get_by_role("option", name="On hold", exact=True).click()
    return page


def test_a_page_looks_on_by_itself_and_asks_its_reader_after_a_while(edge: str, pages: Pages, shop: Shop) -> None:
    page = opened(pages, edge, shop.operator, answering(lambda at: at in (3, 17), calls=25))
    rows = page.locator("main .el-table__body-wrapper tbody tr.row")
    expect(page.get_by_text("Looked through 80,000 so far: 1 found.")).to_be_visible()
    expect(rows).to_have_count(1)
    assert inaccessible(page) == []
    page.get_by_role("button", name="Look further").click()
    expect(page.get_by_text("Looked through 160,000 so far: 2 found.")).to_be_visible()
    page.get_by_role("button", name="Look further").click()
    expect(page.get_by_role("button", name="Look further")).to_have_count(0)
    expect(rows).to_have_count(2)


def test_what_is_looked_for_too_long_is_stopped_and_gone_on_with(edge: str, pages: Pages, shop: Shop) -> None:
    stuck: list[Route] = []
    answer = answering(lambda at: at == 0, calls=3)

    def first_alone(route: Route) -> None:
        if "cursor=1" in route.request.url and not stuck:
            stuck.append(route)
        else:
            answer(route)

    page = opened(pages, edge, shop.operator, first_alone)
    expect(page.get_by_text("Looked through 8,000 so far: 1 found.")).to_be_visible()
    page.get_by_role("button", name="Stop looking").click()
    further = page.get_by_role("button", name="Look further")
    expect(further).to_be_visible()
    expect(page.locator("main .el-table__body-wrapper tbody tr.row")).to_have_count(1)
    further.click()
    expect(further).to_have_count(0)
    expect(page.get_by_role("button", name="Stop looking")).to_have_count(0)


ACCOUNT: dict[str, Any] = {
    "currency": "CNY",
    "credit": 0,
    "enabled": True,
    "ips": [],
    "notify": False,
    "has_secret": True,
    "key_id": "k",
    "secret_changed_at": None,
    "secret_changed_by": "",
    "updated_at": "2026-11-27T04:00:00Z",
    "changed_by": "operator",
    "version": 1,
}
A_PAGE = 100
BALANCES = {"shop-10": 990, "shop-9": 100_000, "=1+1": 5_000}

_SHIFTS = """() => { window.__shift = 0; new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.__shift += one.value;
}).observe({ type: 'layout-shift' }) }"""


def test_a_whole_list_sorts_and_a_refresh_that_fails_moves_nothing(edge: str, pages: Pages, shop: Shop) -> None:
    page = signed_in(pages, edge, shop.operator)
    accounts = [{**ACCOUNT, "channel": name, "balance": of, "left": of} for name, of in BALANCES.items()]
    answer: dict[str, Any] = {"status": 200, "json": {"accounts": accounts, "next": None}}
    page.route("**/v1/admin/accounts?*", lambda route: route.fulfill(**answer))
    follow(page, "Resellers' accounts")
    names = page.locator("main tbody tr td:first-child")
    expect(names).to_have_text(["shop-10", "shop-9", "=1+1"])

    page.get_by_role("button", name="Sort by Channel").press("Enter")
    expect(names).to_have_text(["=1+1", "shop-9", "shop-10"])
    page.get_by_role("button", name="Sort by Balance").press("Enter")
    page.get_by_role("button", name="Sort by Balance").press("Enter")
    expect(names).to_have_text(["shop-9", "=1+1", "shop-10"])
    expect(page.get_by_role("columnheader", name="Balance")).to_have_attribute("aria-sort", "descending")
    assert inaccessible(page) == []

    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("channel,balance,credit,left,")
    assert [line.split(",")[0] for line in lines[1:]] == ["shop-10", "shop-9", "'=1+1"]

    page.evaluate(_SHIFTS)
    before = names.first.bounding_box()
    known, answer = answer, {"status": 503, "json": {"code": "unavailable", "status": 503}}
    refresh = page.get_by_role("button", name="Refresh")
    refresh.click()
    told = page.get_by_role("alert").filter(has_text="Try again")
    expect(told).to_be_visible()
    assert (names.first.bounding_box(), page.evaluate("window.__shift")) == (before, 0)
    assert inaccessible(page) == []
    told.get_by_role("button", name="Close").click()
    expect(told).to_be_hidden()
    refresh.click()
    expect(told).to_be_hidden()

    full = [{**accounts[0], "channel": f"shop-{at}"} for at in range(A_PAGE, 0, -1)]
    answer = {**known, "json": {"accounts": full, "next": "more"}}
    refresh.click()
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_enabled()
    expect(page.get_by_role("button", name="Sort by Channel")).to_have_count(0)
    expect(names.first).to_have_text("shop-100")
