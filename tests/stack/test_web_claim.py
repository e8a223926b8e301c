"""The claim page in a browser: an order is opened by its link, each unit on a tap, and nothing of it is left behind."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.stack.browser import Pages, inaccessible, kept, overflows
from tests.stack.shop import Order, Shop, Store, number, until
from tools.local.edge.server import CHANNEL

TIMES = {"value": {"kind": "times", "times": 3}, "rules": {"days_from_delivery": 30}}


def opened(pages: Pages, edge: str, order: Order, language: str = "en", **how: Any) -> Page:
    page = pages(language, **how)
    page.goto(f"{edge}/claim/{order.id}#{order.token}")
    page.wait_for_selector(".head")
    return page


def view(page: Page, unit: int = 0) -> None:
    """Opens a unit that nobody has opened, past the question."""
    page.locator(".unit").nth(unit).get_by_role("button", name="View").first.click()
    page.get_by_role("dialog").get_by_role("button", name="View it").click()


def test_a_link_opens_an_order_and_each_unit_on_a_tap(pages: Pages, edge: str, shop: Shop, site: Store) -> None:
    sku = shop.sku(card_format="number_pin", tutorial={"zh-CN": "打开 App", "en": "Open the app"})
    pairs = [(f"6222{number()}00", f"PIN{number()}") for _ in range(2)]
    shop.paste(sku, [" ".join(pair) for pair in pairs])
    order = site.place(sku, 2, language="en")
    page = opened(pages, edge, order)
    expect(page.get_by_role("heading", level=1)).to_have_text("Please pay")
    site.pay(order)
    # It hears of it by itself.
    expect(page.get_by_role("heading", level=1)).to_have_text("Ready for you")
    assert order.token not in page.url
    numbers, pins = ([pair[place] for pair in pairs] for place in (0, 1))
    assert not [text for pair in pairs for text in pair if text in page.content()]
    assert inaccessible(page) == []

    view(page)
    expect(page.locator(".secret")).to_have_count(1)
    shown = re.sub(r"\s", "", page.locator(".secret-value").first.inner_text())
    assert shown in numbers
    pin = pins[numbers.index(shown)]
    assert pin not in page.content()
    page.get_by_role("button", name="Show PIN").click()
    expect(page.locator(".secret")).to_contain_text(pin)
    page.get_by_role("button", name="QR code").click()
    expect(page.get_by_role("img", name="QR code of the Card number")).to_be_visible()
    assert inaccessible(page) == []
    assert not overflows(page)

    # The other one is still closed: it could go back into stock.
    listed = site.wire.send("GET", f"/v1/orders/{order.id}/deliveries?open=none", credential=order.token).must()
    assert sorted(unit["revealed"] for unit in listed["deliveries"][0]["units"]) == [False, True]

    page.evaluate("dispatchEvent(new Event('pagehide'))")
    expect(page.locator(".secret")).to_have_count(0)
    page.reload()
    expect(page.locator(".unit")).to_have_count(2)
    assert not [text for pair in pairs for text in pair if text in page.content()]
    left = str(kept(page))
    assert not [text for text in (order.token, *numbers, *pins) if text in left]
    # What was seen once is opened without being asked again.
    page.locator(".unit", has_text="Viewed").first.get_by_role("button", name="View").click()
    expect(page.locator(".secret")).to_have_count(1)


def test_without_a_token_an_order_is_looked_up(pages: Pages, edge: str, shop: Shop) -> None:
    keys = {role: shop.new_key(role, CHANNEL)["key"] for role in ("storefront", "publishable")}
    here = Store(shop, CHANNEL, keys["storefront"], keys["publishable"])
    sku = shop.sku()
    shop.stock(sku, 1)
    email = f"{number()}@example.com"
    order, codes = here.buy(sku, contact={"email": email}, query_password="between-us")
    page = pages("zh-CN")
    page.goto(f"{edge}/claim/{order.id}")
    assert inaccessible(page) == []
    page.get_by_role("textbox", name="手机号或邮箱").fill(email)
    page.get_by_label(re.compile("^查单密码")).fill("another")
    page.get_by_role("button", name="查找订单").click()
    expect(page.get_by_text("没有找到订单")).to_be_visible()
    page.get_by_label(re.compile("^查单密码")).fill("between-us")
    page.get_by_role("button", name="查找订单").click()
    page.wait_for_selector(".unit")
    assert codes[0] not in page.content()
    page.reload()
    page.wait_for_selector(".unit")


def test_a_bad_card_is_claimed_for_and_replaced(pages: Pages, edge: str, shop: Shop, site: Store) -> None:
    sku = shop.sku(warranty_days=7, free_replacements=1)
    codes = shop.stock(sku, 2)
    order = site.place(sku, language="en")
    site.pay(order)
    site.reaches(order, "fulfilled")
    page = opened(pages, edge, order)
    expect(page.get_by_role("button", name="Not working?")).to_have_count(0)
    view(page)
    bad = page.locator(".secret-value").first.inner_text().replace(" ", "")
    assert bad in codes
    page.get_by_role("button", name="Not working?").click()
    page.get_by_label("It was used already").check()
    page.get_by_role("textbox", name="More about it").fill("It said: used")
    assert inaccessible(page) == []
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("This is a replacement.")).to_be_visible()
    page.get_by_role("button", name="View").click()
    page.get_by_role("button", name="View it").click()
    (new,) = [code for code in codes if code != bad]
    expect(page.locator(".secret")).to_contain_text(" ".join(new[at : at + 4] for at in range(0, len(new), 4)))
    page.get_by_text("replaced before").click()
    expect(page.locator(".secret-old")).to_contain_text(bad)


def test_an_invoice_is_asked_for_and_its_state_seen(pages: Pages, edge: str, shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order, _ = site.buy(sku)
    page = opened(pages, edge, order, "zh-CN")
    page.get_by_role("button", name="申请发票").click()
    page.get_by_label("企业").check()
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("请填写企业税号")).to_be_visible()
    page.get_by_role("textbox", name="抬头").fill("示例科技有限公司")
    page.get_by_role("textbox", name="税号").fill("91350100m000100y43")
    assert inaccessible(page) == []
    page.get_by_role("button", name="提交申请").click()
    expect(page.locator(".invoice")).to_contain_text("已申请")
    shop.admin("POST", f"/invoices/{order.id}/issued", {"number": "24442000000012345678"}).must()
    page.reload()
    expect(page.locator(".invoice")).to_contain_text("24442000000012345678")


def test_a_voucher_is_held_out_and_its_use_is_seen(pages: Pages, edge: str, shop: Shop, site: Store) -> None:
    store = number("S")
    shop.admin("PUT", f"/stores/{store}", {"name": "静安寺店", "version": 0}).must()
    order = site.place(shop.sku(kind="voucher", voucher=TIMES), language="en")
    site.pay(order)
    site.reaches(order, "fulfilled")
    page = opened(pages, edge, order, dark=True)
    page.get_by_role("button", name="Show at the counter").click()
    page.get_by_role("button", name="View it").click()
    expect(page.locator(".held .qr")).to_be_visible()
    expect(page.locator(".held")).to_contain_text("3 of 3 uses left")
    assert inaccessible(page) == []
    (code,) = site.received(order)
    till = shop.new_key("counter", stores=[store])["key"]
    site.wire.send("POST", "/v1/redemptions", {"code": code}, credential=till, key=number()).must(201)
    expect(page.locator(".held")).to_contain_text("Redeemed: 1")
    expect(page.locator(".held")).to_contain_text("2 of 3 uses left")


def test_what_is_awaited_says_by_when(pages: Pages, edge: str, shop: Shop, site: Store) -> None:
    order = site.place(shop.sku(kind="manual", backlog_hours=24))
    site.pay(order)
    page = opened(pages, edge, order, "zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("已付款，正在发货")
    expect(page.locator(".head")).to_contain_text("否则自动退款")
    assert inaccessible(page) == []
    support = shop.new_key("support")["key"]
    path = f"/v1/orders/{order.id}/manual-delivery"
    text = {"text": "账号 example，密码 secret-word"}
    until(lambda: site.wire.send("POST", path, text, credential=support, key=number()).status in (200, 201))
    page.get_by_role("button", name="查看内容").click()
    assert "secret-word" not in page.content()
    page.get_by_role("button", name="确认查看").click()
    expect(page.locator(".secret-text")).to_have_text(text["text"])
