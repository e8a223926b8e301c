"""What support does to an order, pressed in a browser: part of a price goes back, a bad card is replaced, a service is
delivered by hand, a refund that failed is asked for again, a complaint is answered."""

import re
from pathlib import Path
from urllib.error import HTTPError

from playwright.sync_api import Page, expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.console import choose
from tests.stack.console_english import dialog, done, follow, press, signed_in
from tests.stack.psps import WechatPsp
from tests.stack.shop import Shop, Store, number, until


def books(page: Page) -> dict[str, str]:
    line = page.locator(".books p").first.inner_text()
    return dict(re.findall(r"(Captured|Delivered|Refunded|Owed)\s+(\S\d[\d.,]*)", line))


def test_what_support_does_to_an_order(edge: str, pages: Pages, shop: Shop, site: Store) -> None:
    service, card = shop.sku(kind="manual", price=500), shop.sku()
    shop.stock(card, 3)
    order = site.place(card, lines=[{"sku": card, "quantity": 2}, {"sku": service, "quantity": 1}])
    site.pay(order)
    until(lambda: site.status(order)["delivered"] == 2)
    page = signed_in(pages, edge, shop.new_key("support")["key"], f"/orders/{order.id}")
    expect(page.get_by_role("heading", name="Order", exact=True)).to_be_visible()

    # Part of a price: what is too much is said before anything is sent.
    page.get_by_role("row").filter(has_text="0-0").get_by_role("button", name="Refund").click()
    refund = dialog(page, "Refund")
    refund.get_by_text("Part of the price", exact=True).click()
    refund.get_by_label("Amount (CNY)").fill("20")
    expect(refund.get_by_text("At most ¥19.99")).to_be_visible()
    refund.get_by_label("Amount (CNY)").fill("5")
    refund.get_by_label("Reason").fill("a day late")
    assert inaccessible(page) == []
    done(refund, "Refund ¥5.00")
    expect(page.locator(".books p").first).to_contain_text("Refunded ¥5.00")

    # A bad card: another one, and the first stands beside it.
    page.get_by_role("row").filter(has_text="0-1").get_by_role("button", name="Replace").click()
    replace = dialog(page, "Replace the card of 0-1")
    choose(page, replace, "What is wrong", "Already used")
    replace.get_by_label("Evidence").fill("the issuer says so")
    done(replace, "Replace")
    expect(page.get_by_role("row").filter(has_text="0-1").get_by_text("Replaced")).to_be_visible()

    # A service: the text is gone from the page once it was sent.
    press(page, "Deliver by hand")
    deliver = dialog(page, "Deliver by hand")
    seat = f"SEAT-{number()}"
    shop.secrets.append(seat)
    deliver.get_by_label("What the buyer gets").fill(seat)
    done(deliver, "Deliver 1")
    expect(page.get_by_role("row").filter(has_text="1-0").get_by_text("Delivered")).to_be_visible()
    assert seat not in page.content()

    press(page, "Resend mail")
    done(dialog(page, "Resend mail"), "Send")
    page.get_by_role("tab", name="Notes (0)").click()
    page.get_by_label("Write a note").fill("called back")
    press(page, "Save note")
    expect(page.get_by_role("tab", name="Notes (1)")).to_be_visible()

    page.get_by_role("tab", name="Every yuan").click()
    told = page.get_by_role("tabpanel", name="Every yuan").get_by_role("listitem")
    for said in ("Refund requested: a day late", "Replaced: 0-1", "Delivered: 1-0"):
        expect(told.filter(has_text=said).first).to_be_visible()
    expect(page.get_by_text("does not add up")).to_have_count(0)
    assert books(page) == {"Captured": "¥44.98", "Delivered": "¥39.98", "Refunded": "¥5.00", "Owed": "¥0.00"}


def test_a_refund_that_failed_is_asked_for_again(
    edge: str, pages: Pages, shop: Shop, site: Store, psps: dict[str, WechatPsp]
) -> None:
    wechat, sku = psps["wechat"], shop.sku()
    shop.stock(sku, 2)
    order = site.place(sku, 2)
    payment = wechat.paid(site, order)
    wechat.tell_itself(payment)
    site.reaches(order, "fulfilled")
    page = signed_in(pages, edge, shop.operator, f"/orders/{order.id}")
    # The buyer's account is closed: what was under way comes back.
    wechat.server.refund_mode(stay_open=True)
    try:
        page.get_by_role("row").filter(has_text="0-0").get_by_role("button", name="Refund").click()
        refund = dialog(page, "Refund")
        refund.get_by_label("Reason").fill("no longer wanted")
        done(refund, "Refund ¥19.99")
        page.get_by_role("tab", name="Money", exact=True).click()
        row = page.get_by_label("Refunds", exact=True).get_by_role("row").filter(has_text="no longer wanted")
        expect(row.get_by_text("Under way").first).to_be_visible()
        sent = f"{shop.admin('GET', f'/orders/{order.id}').must()['refunds'][0]['id']}-0"
        until(lambda: settled(wechat, sent, "ABNORMAL"), every=1)
    finally:
        wechat.server.refund_mode()
    press(page, "Refresh")
    expect(row.get_by_text("Failed: needs you").first).to_be_visible()
    assert inaccessible(page) == []

    press(page, "Ask again")
    again = dialog(page, "Ask for it again")
    again.get_by_label("Reason").fill("another account")
    done(again, "Ask again")
    until(lambda: settled(wechat, sent, "SUCCESS"), every=1)
    press(page, "Refresh")
    expect(row.get_by_text("Paid back").first).to_be_visible()
    expect(page.locator(".books p").first).to_contain_text("Refunded ¥19.99")


def settled(wechat: WechatPsp, refund: str, status: str) -> bool:
    """Once WeChat has been asked for it."""
    try:
        wechat.server.settle_refund(refund, status)
        return set(wechat.server.notify_refund(refund)) == {200}
    except (KeyError, HTTPError):
        return False


def test_a_complaint_is_answered(edge: str, pages: Pages, shop: Shop, site: Store, psps: dict[str, WechatPsp]) -> None:
    wechat, sku = psps["wechat"], shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    payment = wechat.paid(site, order)
    wechat.tell_itself(payment)
    site.reaches(order, "fulfilled")
    wechat.server.complain(payment, text="the key does not work", tell=True)
    page = signed_in(pages, edge, shop.new_key("support")["key"])
    follow(page, "Complaints, disputes")
    row = page.get_by_role("row").filter(has=page.locator(f"a[href*='{order.id}']"))
    until(lambda: press(page, "Refresh") or row.count() == 1, every=1)
    row.get_by_role("button", name="Look").click()
    expect(page.get_by_text("the key does not work")).to_be_visible()

    press(page, "Reply")
    reply = dialog(page, "Reply")
    reply.get_by_label("Text").fill("We have replaced it.")
    done(reply, "Reply")
    expect(page.get_by_role("main").get_by_text("We have replaced it.")).to_be_visible()
    assert inaccessible(page) == []


def test_orders_are_filtered_and_exported(edge: str, pages: Pages, shop: Shop, tmp_path: Path) -> None:
    name = number("Corner shop ")
    store, sku = shop.channel(name=name), shop.sku()
    shop.stock(sku, 3)
    bought, _ = store.buy(sku)
    waiting = store.place(sku)
    page = signed_in(pages, edge, shop.operator, "/orders")
    choose(page, page, "Channel", name)
    table = page.get_by_role("region", name="Orders")
    until(lambda: press(page, "Refresh") or table.locator("tbody tr").count() == 2, every=1)
    expect(page).to_have_url(re.compile(rf"channel={store.channel}"))
    choose(page, page, "State", "Fulfilled")
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(table.locator(f"a[href$='{bought.id}']")).to_be_visible()
    with page.expect_download() as download:
        press(page, "Export")
    file = tmp_path / "orders.csv"
    download.value.save_as(file)
    said = file.read_text(encoding="utf-8-sig")
    assert bought.id in said
    assert waiting.id not in said
