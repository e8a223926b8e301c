"""The counter page in a browser: sign in, present, look, redeem once whatever the network does, take back, count up."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.stack.browser import Pages, inaccessible, kept, overflows
from tests.stack.shop import Shop, Store, number

TIMES = {"value": {"kind": "times", "times": 3}, "pin_digits": 4, "reversal_minutes": 30}
AMOUNT = {"value": {"kind": "amount", "amount": 5000}, "reversal_minutes": 30}


@pytest.fixture
def where(shop: Shop) -> str:
    """A store of its own, so that its list is only of what a test did."""
    store = number("S")
    shop.admin("PUT", f"/stores/{store}", {"name": f"Store {store}", "region": "shanghai", "version": 0}).must()
    return store


def signed_in(pages: Pages, edge: str, shop: Shop, store: str, language: str = "en") -> Page:
    key = shop.new_key("counter", stores=[store])["key"]
    page = pages(language)
    page.goto(f"{edge}/counter/")
    page.locator("input[type=password]").fill(key)
    page.locator("input:not([type=password])").fill("mei")
    page.locator("button[type=submit]").click()
    page.wait_for_selector(".scan-open")
    assert key not in page.content() + str(kept(page))
    return page


def bought(shop: Shop, site: Store, **voucher: object) -> tuple[str, str | None]:
    """Code and PIN of a new voucher."""
    order, _ = site.buy(shop.sku(kind="voucher", voucher=voucher))
    unit = site.reveal(order)["deliveries"][0]["units"][0]
    shop.secrets.append(unit["number"])
    return unit["number"], unit["pin"]


def presented(page: Page, code: str, pin: str | None = None) -> None:
    page.get_by_role("textbox", name="Voucher code").fill(code)
    if pin:
        page.get_by_role("textbox", name="PIN").first.fill(pin)
    page.keyboard.press("Enter")


def redeem(page: Page) -> None:
    page.locator(".check").get_by_role("button", name="Redeem").click()


def test_a_voucher_is_looked_at_redeemed_and_taken_back(
    pages: Pages, edge: str, shop: Shop, site: Store, where: str
) -> None:
    code, pin = bought(shop, site, **TIMES)
    page = signed_in(pages, edge, shop, where)
    assert inaccessible(page) == []
    other = "2" if code[-1] != "2" else "3"
    presented(page, code[:-1] + other, pin)
    expect(page.get_by_text("One character is wrong or missing")).to_be_visible()
    presented(page, code.lower().replace("-", " "), pin)
    expect(page.locator(".check")).to_contain_text("3 of 3 left")
    assert inaccessible(page) == []
    redeem(page)
    expect(page.locator(".outcome")).to_contain_text("2 of 3 left")
    assert inaccessible(page) == []
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Take back", exact=True).click()
    expect(page.locator(".outcome.reversed")).to_contain_text("3 of 3 left")


def test_a_lost_answer_is_asked_for_again_and_taken_once(
    pages: Pages, edge: str, shop: Shop, site: Store, where: str
) -> None:
    code, _ = bought(shop, site, **AMOUNT)
    page = signed_in(pages, edge, shop, where)
    presented(page, code)
    page.get_by_role("textbox", name="How much to take?").fill("12.50")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".check")).to_contain_text("Takes ¥12.50")
    keys: list[str] = []

    def lose(route: Route) -> None:
        """It is done, and nobody hears of it."""
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    page.route("**/v1/redemptions", lose)
    redeem(page)
    expect(page.locator(".refusal")).to_contain_text("Not known yet")
    page.unroute("**/v1/redemptions")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".outcome")).to_contain_text("¥37.50 left")
    assert len(keys) > 1
    assert len(set(keys)) == 1


def test_a_scanner_types_what_a_buyer_shows(pages: Pages, edge: str, shop: Shop, site: Store, where: str) -> None:
    order, codes = site.buy(shop.sku(kind="voucher", voucher=TIMES))
    shop.secrets += codes
    path = f"/v1/orders/{order.id}/vouchers/0-0/qr"
    text = site.wire.send("GET", path, credential=order.token).must()["text"]
    page = signed_in(pages, edge, shop, where)
    page.evaluate("document.activeElement.blur()")
    page.evaluate(
        "text => [...text, 'Enter'].forEach(key => document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {key, bubbles: true})))",
        text,
    )
    expect(page.locator(".check")).to_contain_text("3 of 3 left")
    redeem(page)
    expect(page.locator(".outcome")).to_contain_text("2 of 3 left")
    assert text not in page.content()


def test_a_refusal_says_what_to_do(pages: Pages, edge: str, shop: Shop, site: Store, where: str) -> None:
    code, pin = bought(shop, site, **{**TIMES, "value": {"kind": "once"}, "rules": {"stores": ["elsewhere"]}})
    page = signed_in(pages, edge, shop, where)
    presented(page, code, pin)
    expect(page.locator(".check")).to_contain_text("Not in this store.")
    expect(page.locator(".check").get_by_role("button", name="Redeem")).to_have_count(0)
    page.get_by_role("button", name="Back").click()
    presented(page, code, "0000" if pin != "0000" else "1111")
    expect(page.locator(".refusal")).to_contain_text("the PIN is wrong")
    assert inaccessible(page) == []


def test_the_days_list_adds_up(pages: Pages, edge: str, shop: Shop, site: Store, where: str) -> None:
    till = shop.new_key("counter", stores=[where])["key"]
    for amount in (1250, 750):
        code, _ = bought(shop, site, **AMOUNT)
        body = {"code": code, "amount": {"amount": amount, "currency": "CNY"}, "operator": "mei"}
        site.wire.send("POST", "/v1/redemptions", body, credential=till, key=number()).must(201)
    page = signed_in(pages, edge, shop, where, "zh-CN")
    page.get_by_role("button", name="今日").click()
    # The list hears of a use seconds after it.
    for _ in range(30):
        page.get_by_role("button", name="刷新").click()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        if page.locator(".today-list li").count() == 2:
            break
        page.wait_for_timeout(500)
    expect(page.locator(".today-sums")).to_contain_text("¥20.00")
    assert inaccessible(page) == []
    assert not overflows(page)
    page.get_by_role("button", name="撤销").first.click()
    page.get_by_role("dialog").get_by_role("button", name="撤销").click()
    expect(page.locator(".today-list .reversed")).to_have_count(1)


def test_a_wrong_key_says_what_a_counter_needs(pages: Pages, edge: str, shop: Shop) -> None:
    page = pages("en")
    page.goto(f"{edge}/counter/")
    for key, said in (("qy_operator_ABC", "begins with qy_counter_"), ("qy_counter_ABC", "not valid")):
        page.locator("input[type=password]").fill(key)
        page.locator("button[type=submit]").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
