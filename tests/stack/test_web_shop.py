"""The H5 shop in a real browser: from looking around to the claim page, and what there is too little of."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.stack.browser import Pages, inaccessible, kept, overflows
from tests.stack.shop import Shop, number

WORDS = {
    "zh-CN": {
        "more": "增加",
        "buy": "立即购买",
        "contact": "手机号或邮箱",
        "password": re.compile("^查单密码"),
        "agree": re.compile("七天无理由退货"),
        "place": "提交订单",
        "test": re.compile("测试付款"),
        "pay": re.compile("^付款 "),
        "paid": "模拟付款成功",
        "failed": "模拟付款失败",
        "not_paid": re.compile("付款没有成功"),
        "left": re.compile("只剩 1 件"),
        "take": "改为 1 件",
        "look_up": "查找订单",
        "wait": "操作太频繁，请 1 秒后再试。",
    },
    "en": {
        "more": "One more",
        "buy": "Buy now",
        "contact": "E-mail or phone",
        "password": re.compile("^Order password"),
        "agree": re.compile("within 7 days"),
        "place": "Place order",
        "test": re.compile("Test payment"),
        "pay": re.compile("^Pay "),
        "paid": "Pay",
        "failed": "Let it fail",
        "not_paid": re.compile("did not go through"),
        "left": re.compile("1 left"),
        "take": "Take 1",
        "look_up": "Find order",
        "wait": "Too many tries: please wait a second.",
    },
}


@dataclass(frozen=True)
class Goods:
    product: str
    sku: str
    title: str


def sold(shop: Shop, stock: int, **terms: Any) -> Goods:
    """A product of its own name, with that many keys; none of what is not stocked."""
    title, sku = number("Key "), number("web-")
    named = {"zh-CN": title, "en": title}
    one = {"id": sku, "kind": "card", "titles": named, "price": 1999, **terms}
    made = shop.admin("POST", "/products", {"titles": named, "skus": [one]}).must()
    shop.admin("POST", f"/products/{made['id']}/publish").must()
    if stock:
        shop.stock(sku, stock)
    return Goods(made["id"], sku, title)


def fits(page: Page) -> None:
    assert inaccessible(page) == []
    assert not overflows(page)


def fill_in(page: Page, words: dict[str, Any], contact: str, password: str = "") -> None:
    page.get_by_label(words["contact"]).fill(contact)
    page.get_by_label(words["password"]).fill(password)
    page.get_by_role("checkbox", name=words["agree"]).check()


@pytest.mark.parametrize(("language", "phone"), [("zh-CN", True), ("en", False)])
def test_a_visitor_finds_buys_and_pays(shop: Shop, pages: Pages, edge: str, language: str, phone: bool) -> None:
    words = WORDS[language]
    goods = sold(shop, 3, tiers=[{"from_quantity": 2, "price": 1500}])
    page = pages(language, phone)
    page.goto(edge)
    page.get_by_role("searchbox").fill(goods.title)
    page.get_by_role("link", name=goods.title).click()
    page.get_by_role("button", name=words["more"]).click()
    expect(page.locator(".bottom")).to_contain_text("30.00")
    fits(page)

    page.get_by_role("button", name=words["buy"]).click()
    page.get_by_role("button", name=words["place"]).click()
    # Nothing is confirmed for anybody, and nothing is ordered without it.
    expect(page.get_by_role("checkbox", name=words["agree"])).not_to_be_checked()
    expect(page.get_by_label(words["contact"])).to_be_focused()
    contact, password = f"{number('buyer')}@example.com", number()
    fill_in(page, words, contact, password)
    fits(page)
    page.get_by_role("button", name=words["place"]).click()

    page.get_by_role("radio", name=words["test"]).check()
    order = page.url.rpartition("/")[2]
    fits(page)
    page.get_by_role("button", name=words["pay"]).click()
    page.get_by_role("dialog").get_by_role("button", name=words["failed"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["not_paid"])
    assert not any("qo_" in one or contact in one or password in one for one in kept(page)["session"])

    # The way back from a cashier: the page is loaded anew, and still knows its buyer.
    page.goto(f"{edge}/pay/return?order={order}")
    page.get_by_role("radio", name=words["test"]).check()
    page.get_by_role("button", name=words["pay"]).click()
    page.get_by_role("dialog").get_by_role("button", name=words["paid"], exact=True).click()
    page.wait_for_url(re.compile(rf"/claim/{order}"))

    elsewhere = pages(language, phone)
    elsewhere.goto(f"{edge}/orders")
    throttled(elsewhere, words, contact, password)
    fits(elsewhere)
    elsewhere.get_by_role("button", name=words["look_up"], exact=True).click()
    expect(elsewhere.get_by_role("button", name=re.compile(order))).to_be_visible()
    fits(elsewhere)

    elsewhere.goto(f"{edge}/claim/{order}")
    throttled(elsewhere, words, contact, password)
    fits(elsewhere)
    elsewhere.get_by_role("button", name=words["look_up"], exact=True).click()
    expect(elsewhere.get_by_text(goods.title).first).to_be_visible()


def throttled(page: Page, words: dict[str, Any], contact: str, password: str) -> None:
    """Looks for orders once too often, as the gateway sees it: it says so by itself, and for how long."""
    after, body = {"Retry-After": "1"}, {"status": 429, "code": "too_many_requests"}
    page.route("**/v1/orders/lookup", lambda route: route.fulfill(status=429, headers=after, json=body), times=1)
    page.get_by_label(words["contact"]).fill(contact)
    page.get_by_label(words["password"]).fill(password)
    page.get_by_role("button", name=words["look_up"], exact=True).click()
    expect(page.get_by_text(words["wait"])).to_be_visible()


def test_a_search_not_told_yet_calls_nobody_back(shop: Shop, pages: Pages, edge: str) -> None:
    goods = sold(shop, 1)
    page = pages("zh-CN", True)
    page.goto(edge)
    search, link = page.get_by_role("searchbox"), page.get_by_role("link", name=goods.title)
    search.fill(goods.title[:-2])
    link.wait_for()
    # The next page comes over a slow line, and meanwhile the pause after typing goes by.
    page.route(re.compile("/assets/Product-"), lambda route: (page.wait_for_timeout(1_000), route.continue_()))
    search.fill(goods.title)
    link.click()
    page.get_by_role("button", name=WORDS["zh-CN"]["more"]).wait_for()
    page.go_back()
    expect(search).to_have_value(goods.title)
    link.wait_for()


def test_what_is_short_is_told_and_the_rest_can_be_had(shop: Shop, pages: Pages, edge: str) -> None:
    words = WORDS["zh-CN"]
    goods = sold(shop, 1)
    page = pages("zh-CN", True)
    page.goto(f"{edge}/checkout?product={goods.product}&sku={goods.sku}&quantity=2")
    fill_in(page, words, f"{number('buyer')}@example.com")
    page.get_by_role("button", name=words["place"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["left"])
    fits(page)
    page.get_by_role("button", name=words["take"]).click()
    page.get_by_role("button", name=words["place"]).click()
    page.wait_for_url(re.compile(r"/pay/O[0-9A-Z]{20}$"))
