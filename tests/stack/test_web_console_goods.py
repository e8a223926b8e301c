"""The console's first steps in a real browser: from signing in to a card that was bought."""

from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.stack.browser import Pages, inaccessible, kept
from tests.stack.shop import Shop

DELIVERED = 90_000
"""Milliseconds from the order to its delivery on a busy machine."""


def signed_in(page: Page, address: str, key: str) -> None:
    page.goto(address)
    page.get_by_label("密钥", exact=True).fill(key)
    page.get_by_role("button", name="登录").click()


def test_an_operator_gets_from_nothing_to_a_bought_card(pages: Pages, edge: str, shop: Shop) -> None:
    title = f"会员月卡 {token_hex(4)}"
    cards = [f"WIZ{token_hex(8).upper()}" for _ in range(3)]
    shop.secrets += cards
    page = pages(phone=False)
    signed_in(page, f"{edge}/console/first-steps?product=new", shop.operator)

    page.get_by_label("商品名称").fill(title)
    page.get_by_label("售价").fill("19.90")
    page.get_by_role("button", name="建好并上架").click()

    page.locator("textarea[name=keys]").fill("\n".join(cards))
    page.get_by_role("button", name="放进库存").click()
    page.get_by_role("button", name="买一次试试").click(timeout=DELIVERED)

    look = page.get_by_role("button", name="查看卡密")
    look.wait_for(timeout=DELIVERED)
    assert not [card for card in cards if card in page.content()], "a card is there before it was asked for"
    look.click()
    expect(page.locator(".secret code")).to_have_count(1)
    assert page.locator(".secret code").inner_text() in cards
    expect(page.get_by_text("可以卖货了")).to_be_visible()
    assert inaccessible(page) == []

    # The secret was on the page, and is nowhere else in the browser; so is the key.
    left = repr(kept(page)) + page.url
    assert not [secret for secret in (*cards, shop.operator) if secret in left]

    # Broken off and gone on with: a new visit sees from the shop what is done.
    (product,) = parse_qs(urlsplit(page.url).query)["product"]
    later = pages(phone=False)
    signed_in(later, f"{edge}/console/first-steps?product={product}", shop.operator)
    expect(later.locator(".steps .done")).to_have_count(3)
    assert not [card for card in cards if card in later.content()]


def test_a_key_of_another_role_is_shown_no_goods(pages: Pages, edge: str, shop: Shop) -> None:
    analyst = shop.new_key("analyst")["key"]
    page = pages(phone=False)
    signed_in(page, f"{edge}/console/products", analyst)
    expect(page).to_have_url(f"{edge}/console/")
    expect(page.get_by_role("link", name="首页")).to_be_visible()
    expect(page.get_by_role("link", name="商品", exact=True)).to_have_count(0)


def test_a_counters_key_opens_no_console(pages: Pages, edge: str, shop: Shop) -> None:
    page = pages(phone=False)
    signed_in(page, f"{edge}/console/", shop.new_key("counter")["key"])
    expect(page.get_by_text("这个密钥不能用于后台", exact=False)).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
