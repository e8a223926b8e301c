"""A wholesale line on the claim page: fifty cards at one press, whatever the connection does, and nothing before it."""

import re
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.stack.browser import Pages, inaccessible, kept, overflows
from tests.stack.shop import Shop, Store, number


def in_page(page: Page, texts: list[str]) -> list[str]:
    html = page.content()
    return [text for text in texts if text in html]


def saved(page: Page, button: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes().decode()


def test_fifty_cards_are_opened_at_one_press_and_taken_along(pages: Pages, edge: str, shop: Shop, site: Store) -> None:
    sku = shop.sku(card_format="number_pin")
    cards = [(f"6222{number().upper()}{place:03d}", f"0{number()}") for place in range(50)]
    secrets = [text for card in cards for text in card]
    shop.paste(sku, [" ".join(card) for card in cards])
    order = site.place(sku, 50, language="en")
    site.pay(order)
    site.reaches(order, "fulfilled")
    page = pages("en")
    page.goto(f"{edge}/claim/{order.id}#{order.token}")
    page.get_by_role("button", name="View all 50").click()
    assert in_page(page, secrets) == []
    assert inaccessible(page) == []

    # The second part breaks off: what came is there, and one more press goes on without asking again.
    broken: list[str] = []

    def lose(route: Route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.fetch()
            route.abort()

    page.route(re.compile(r"/deliveries\?open=0-20(%2C|,)"), lose)
    page.get_by_role("dialog").get_by_role("button", name="View it").click()
    expect(page.get_by_role("alert")).to_contain_text("What is open stays open")
    listed = page.locator(".wholesale-list li")
    expect(listed).to_have_count(20)
    assert len(in_page(page, [held for held, _ in cards])) == 20
    page.get_by_role("button", name="View the other 30").click()
    expect(listed).to_have_count(50)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert in_page(page, [pin for _, pin in cards]) == []
    assert inaccessible(page) == []
    assert not overflows(page)

    assert sorted(saved(page, "Save as text").splitlines()) == sorted(" ".join(card) for card in cards)
    table = saved(page, "Save as CSV")
    assert [text for text in secrets if text not in table] == []
    page.get_by_role("button", name="Show PIN").click()
    expect(page.locator(".wholesale-list")).to_contain_text(cards[0][1])

    page.evaluate("dispatchEvent(new Event('pagehide'))")
    expect(listed).to_have_count(0)
    assert in_page(page, secrets) == []
    left = f"{kept(page)} {page.url} {page.title()}"
    assert [text for text in secrets if text in left] == []
    # All were seen: they open again at once.
    page.get_by_role("button", name="View all 50").click()
    expect(listed).to_have_count(50)
