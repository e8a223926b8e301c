"""What buyers meet between a product and their claim page: accounts to fill in, every provider's way to pay, a price
that has changed, money that comes late."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.stack.browser import Pages, inaccessible, overflows
from tests.stack.psp import PATIENCE, PAYER, Psp
from tests.stack.shop import Shop, Store, number, until
from tests.stack.supply import PHONE, supplied, typed
from tests.stack.test_web_shop import WORDS, Goods, fill_in, fits, sold

CHINESE = WORDS["zh-CN"]
WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0.50"
BRIDGE = """globalThis.WeixinJSBridge = {invoke: (name, params, told) => {
  globalThis.asked = {name, params};
  told({err_msg: `get_brand_wcpay_request:${globalThis.answer ?? 'cancel'}`});
}}"""


def ordered(page: Page, edge: str, goods: Goods, more: str = "") -> str:
    """Placed by a buyer; answers the order, whose ways to pay are shown."""
    page.goto(f"{edge}/checkout?product={goods.product}&sku={goods.sku}&quantity=1{more}")
    fill_in(page, CHINESE, f"{number('buyer')}@example.com")
    page.get_by_role("button", name=CHINESE["place"]).click()
    page.wait_for_url(re.compile(r"/pay/O[0-9A-Z]{20}$"))
    return page.url.rpartition("/")[2]


def choose(page: Page, way: str) -> None:
    """A shop offers what was set up half a minute later."""

    def there() -> bool:
        page.get_by_role("radio").first.wait_for()
        if page.locator("label", has_text=way).count():
            return True
        page.reload()
        return False

    until(there, seconds=PATIENCE, every=1)
    page.locator("label", has_text=way).locator("input").check()


def pay(page: Page) -> None:
    page.get_by_role("button", name=CHINESE["pay"]).click()


def payment(shop: Shop, order: str) -> str:
    """The try that was begun last."""
    return until(lambda: shop.admin("GET", f"/orders/{order}").must()["payments"])[-1]["id"]


def arrives(page: Page, order: str) -> None:
    page.wait_for_url(re.compile(f"/claim/{order}"))
    page.wait_for_selector(".unit")


def forgive_icons(pages: Pages) -> None:
    """Local cashiers have no icon; that is said in the name of the page that was on the way there."""
    pages.faults[:] = [fault for fault in pages.faults if "favicon.ico" not in fault]


def test_each_account_of_a_bundle_is_filled_in_and_topped_up(shop: Shop, pages: Pages, edge: str) -> None:
    with supplied(shop) as supply:
        named = [{"zh-CN": title, "en": title} for title in (number("话费 "), number("流量 "))]
        parts = [supply.topup(titles=titles) for titles in named]
        pack = [{"sku": sku, "quantity": 1} for sku in parts]
        goods = sold(shop, 0, kind="bundle", price=11000, components=pack)
        page = pages("zh-CN")
        page.goto(f"{edge}/p/{goods.product}")
        page.get_by_role("button", name=CHINESE["buy"]).click()
        # Nothing goes on without an account, and each says what it is for.
        expect(page.get_by_label("手机号").first).to_be_focused()
        fields = [page.get_by_role("group", name=titles["zh-CN"]).get_by_role("textbox") for titles in named]
        phones = [supply.phone() for _ in fields]
        fields[0].fill(phones[0])
        fields[1].fill("123")
        fields[1].blur()
        expect(page.get_by_text("手机号不对")).to_be_visible()
        fits(page)
        fields[1].fill(phones[1])
        page.get_by_role("button", name=CHINESE["buy"]).click()
        fill_in(page, CHINESE, f"{number('buyer')}@example.com")
        page.get_by_role("button", name=CHINESE["place"]).click()
        page.get_by_role("radio", name=CHINESE["test"]).check()
        order = page.url.rpartition("/")[2]
        pay(page)
        page.get_by_role("dialog").get_by_role("button", name=CHINESE["paid"]).click()
        arrives(page, order)
        expect(page.locator(".unit .mark")).to_have_text(["已到账", "已到账"])
        assert not [phone for phone in phones if phone in page.content()]
        assert sorted(page.locator(".unit-account").all_inner_texts()) == sorted(f"{p[:3]}****{p[-4:]}" for p in phones)
        assert inaccessible(page) == []
        assert not overflows(page)


def test_accounts_that_were_left_out_are_named_on_the_claim_page(shop: Shop, pages: Pages, edge: str) -> None:
    form = {"fields": [PHONE], "ask": "later", "account_hours": 48, "confirm_text": {"zh-CN": "我已核对账号"}}
    with supplied(shop) as supply:
        goods = sold(shop, 0, kind="topup", price=4980, face_value=5000, topup=form)
        supply.sells(goods.sku, "mobile-50", 4950)
        page = pages("zh-CN")
        page.goto(f"{edge}/p/{goods.product}")
        page.get_by_role("button", name=CHINESE["more"]).click()
        page.get_by_role("radio", name="付款后再填").check()
        expect(page.get_by_text("付款后 2 天内填写")).to_be_visible()
        fits(page)
        page.get_by_role("button", name=CHINESE["buy"]).click()
        fill_in(page, CHINESE, f"{number('buyer')}@example.com")
        page.get_by_role("checkbox", name="我已核对账号").check()
        page.get_by_role("button", name=CHINESE["place"]).click()
        page.get_by_role("radio", name=CHINESE["test"]).check()
        order = page.url.rpartition("/")[2]
        pay(page)
        page.get_by_role("dialog").get_by_role("button", name=CHINESE["paid"]).click()
        arrives(page, order)
        expect(page.get_by_role("heading", level=1)).to_have_text("还差一步：请填写充值账号")
        expect(page.locator(".unit .mark")).to_have_text(["待填账号", "待填账号"])
        fits(page)

        page.get_by_role("radio", name="每件填一个账号").check()
        phones = [supply.phone() for _ in range(2)]
        page.get_by_role("group", name="第 1 件").get_by_role("textbox").fill(typed(phones[0]))
        second = page.get_by_role("group", name="第 2 件").get_by_role("textbox")
        second.fill("123")
        page.get_by_role("button", name="提交账号").click()
        # What is wrong is said at its field, and nothing was sent.
        expect(second).to_be_focused()
        expect(page.get_by_text("手机号不对")).to_be_visible()
        expect(page.get_by_text("请先勾选确认")).to_be_visible()
        fits(page)
        second.fill(phones[1])
        page.get_by_role("checkbox", name="我已核对账号").check()
        page.get_by_role("button", name="提交账号").click()
        expect(page.get_by_role("button", name="提交账号")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        expect(page.locator(".unit .mark")).to_have_text(["已到账", "已到账"], timeout=60_000)
        assert page.locator(".unit-account").all_inner_texts() == [f"{p[:3]}****{p[-4:]}" for p in phones]
        assert not [phone for phone in phones if phone in page.content()]


def test_at_a_desk_a_code_is_scanned_and_a_cashier_is_come_back_from(
    shop: Shop, site: Store, pages: Pages, edge: str, psps: Mapping[str, Psp]
) -> None:
    goods = sold(shop, 2)
    page = pages("zh-CN", phone=False)
    order = ordered(page, edge, goods)
    choose(page, "用微信扫码")
    pay(page)
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    fits(page)
    psps["wechat"].pay(payment(shop, order))
    psps["wechat"].tell(site.wire, payment(shop, order))
    arrives(page, order)

    # The other way leads away, and back by the browser's own button.
    page = pages("zh-CN", phone=False)
    order = ordered(page, edge, goods)
    choose(page, "打开支付宝网页")
    pay(page)
    page.wait_for_url(re.compile(re.escape(psps["alipay"].url)))
    page.go_back()
    page.reload()
    expect(page.locator("label", has_text="打开支付宝网页").locator("input")).to_be_checked()
    psps["alipay"].pay(payment(shop, order))
    psps["alipay"].tell(site.wire, payment(shop, order))
    arrives(page, order)
    forgive_icons(pages)


def test_in_wechat_its_own_sheet_is_asked(
    shop: Shop, site: Store, pages: Pages, edge: str, psps: Mapping[str, Psp]
) -> None:
    goods = sold(shop, 1)
    page = pages("zh-CN", agent=WECHAT)
    page.add_init_script(BRIDGE)
    order = ordered(page, edge, goods, f"#payer={PAYER}")
    choose(page, "在微信里付款")
    pay(page)
    expect(page.get_by_role("alert")).to_contain_text("付款已取消")
    asked: dict[str, Any] = page.evaluate("globalThis.asked")
    assert asked["name"] == "getBrandWCPayRequest"
    assert {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"} == set(asked["params"])
    assert PAYER not in page.url + str(page.evaluate("JSON.stringify({...sessionStorage})"))
    # The phone says yes; the order is paid when WeChat says so.
    page.evaluate("globalThis.answer = 'ok'")
    pay(page)
    expect(page.get_by_role("alert")).to_contain_text("正在确认付款")
    psps["wechat"].pay(payment(shop, order))
    psps["wechat"].tell(site.wire, payment(shop, order))
    arrives(page, order)


@pytest.mark.parametrize(
    "action",
    [
        {"type": "redirect", "url": "javascript:alert(1)"},
        {"type": "client", "library": "nobody's"},
    ],
    ids=lambda action: action["type"],
)
def test_what_cannot_be_done_here_is_said(shop: Shop, pages: Pages, edge: str, action: dict[str, Any]) -> None:
    page = pages("zh-CN")
    ordered(page, edge, sold(shop, 1))
    choose(page, "测试付款")

    def another(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "action": action})

    page.route("**/payments", another)
    pay(page)
    expect(page.get_by_role("alert")).to_contain_text("请换一种")


def test_a_new_price_is_asked_about_and_money_that_comes_late_is_heard_of(
    shop: Shop, site: Store, pages: Pages, edge: str
) -> None:
    goods = sold(shop, 1)
    page = pages("zh-CN", dark=True)
    page.goto(f"{edge}/checkout?product={goods.product}&sku={goods.sku}&quantity=1")
    fill_in(page, CHINESE, f"{number('buyer')}@example.com")
    expect(page.locator(".bottom")).to_contain_text("19.99")
    known = shop.admin("GET", f"/skus/{goods.sku}").must()
    kept = {name: known[name] for name in ("kind", "titles", "version")}
    shop.admin("PUT", f"/skus/{goods.sku}", {**kept, "price": 2599}).must()
    page.get_by_role("button", name=CHINESE["place"]).click()
    expect(page.get_by_role("alert")).to_contain_text("原 ¥19.99，现 ¥25.99")
    fits(page)
    page.get_by_role("button", name=CHINESE["place"]).click()
    page.wait_for_url(re.compile(r"/pay/O[0-9A-Z]{20}$"))
    order = page.url.rpartition("/")[2]
    choose(page, "测试付款")
    pay(page)
    page.get_by_role("dialog").wait_for()

    # Its time is over: the sheet goes away. Then the money comes all the same.
    def over(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "state": "expired"})

    page.route(re.compile(f"/v1/orders/{order}$"), over)
    expect(page.get_by_role("heading", name="订单已超时")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert inaccessible(page) == []
    page.unroute(re.compile(f"/v1/orders/{order}$"))
    site.play(payment(shop, order)).must()
    arrives(page, order)
