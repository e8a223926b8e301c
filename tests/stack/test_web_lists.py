"""The console's lists in a browser, where the API looks through so many and no more: a page goes on by itself, says how
far it got, and can be stopped."""

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
