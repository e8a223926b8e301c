"""What support does to an order, pressed in a browser: part of a price goes back, a bad card is replaced, a service is
delivered by hand, a refund that failed is asked for again or paid back by hand, a complaint is answered. Replies that
are lost and colleagues who are faster do nothing twice."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

from playwright.sync_api import Locator, Page, expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.console import choose
from tests.stack.console_english import NO_REPLY, dialog, done, follow, go, loses_reply, press, signed_in, stays
from tests.stack.psps import StripePsp, WechatPsp
from tests.stack.shop import Order, Shop, Store, number, until


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
    sent = comes_back(page, wechat, "0-0", "no longer wanted")
    row = refund_row(page, "no longer wanted")
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


def test_a_refund_is_paid_back_by_hand_once(
    edge: str, pages: Pages, shop: Shop, site: Store, psps: dict[str, WechatPsp]
) -> None:
    """Its reply is lost, and a colleague has sent the money too."""
    wechat, sku = psps["wechat"], shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    wechat.tell_itself(wechat.paid(site, order))
    site.reaches(order, "fulfilled")
    page = signed_in(pages, edge, shop.operator, f"/orders/{order.id}")
    comes_back(page, wechat, "0-0", "no longer wanted")
    colleague = signed_in(pages, edge, shop.operator, f"/orders/{order.id}")
    asked = [paid_by_hand(one, reason) for one, reason in ((page, "by bank"), (colleague, "by another bank"))]
    asked[0].get_by_label("Reference of the payment").fill("no 1")
    expect(asked[0].get_by_text("Letters, digits and signs, without blanks")).to_be_visible()
    expect(asked[0].get_by_role("button", name="It was paid back")).to_be_disabled()
    asked[0].get_by_label("Reference of the payment").fill("ICBC-1")
    loses_reply(page, "**/settle")
    stays(asked[0], "It was paid back", NO_REPLY)
    done(asked[0], "It was paid back")
    stays(asked[1], "It was paid back", "Somebody has noted this refund as paid back by hand already")
    # Behind the dialog that says so the page has looked again.
    for one in (page, colleague):
        expect(one.locator(".books p").first).to_contain_text("Refunded ¥19.99")
    notes = [note["text"] for note in shop.admin("GET", f"/orders/{order.id}").must()["notes"]]
    assert notes == ["Paid back by hand (ICBC-1): by bank"]


def comes_back(page: Page, wechat: WechatPsp, unit: str, reason: str) -> str:
    """A refund of that unit is asked for, and WeChat cannot do it; answers WeChat's name of it."""
    wechat.server.refund_mode(stay_open=True)
    try:
        page.get_by_role("row").filter(has_text=unit).get_by_role("button", name="Refund").click()
        refund = dialog(page, "Refund")
        refund.get_by_label("Reason").fill(reason)
        with page.expect_response(lambda one: one.url.endswith("/refunds")) as answer:
            done(refund, "Refund ¥19.99")
        page.get_by_role("tab", name="Money", exact=True).click()
        expect(refund_row(page, reason).get_by_text("Under way").first).to_be_visible()
        sent = f"{answer.value.json()['id']}-0"
        until(lambda: settled(wechat, sent, "ABNORMAL"), every=1)
    finally:
        wechat.server.refund_mode()
    press(page, "Refresh")
    return sent


def refund_row(page: Page, reason: str) -> Locator:
    return page.get_by_label("Refunds", exact=True).get_by_role("row").filter(has_text=reason)


def paid_by_hand(page: Page, reason: str) -> Locator:
    page.get_by_role("tab", name="Money", exact=True).click()
    press(page, "Paid back by hand")
    asked = dialog(page, "Paid back by hand")
    asked.get_by_label("Reason").fill(reason)
    return asked


def test_a_whole_order_goes_back_once_whoever_asks(edge: str, pages: Pages, shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 2)
    order, _ = site.buy(sku, 2)
    page, colleague = (signed_in(pages, edge, shop.operator, f"/orders/{order.id}") for _ in range(2))
    asked: list[Locator] = []
    for one in (page, colleague):
        one.locator("main").get_by_role("button", name="Refund", exact=True).first.click()
        asked.append(dialog(one, "Refund"))
        asked[-1].get_by_label("Reason").fill("sold by mistake")
    keys = loses_reply(page, "**/refunds")
    stays(asked[0], "Refund ¥39.98", NO_REPLY)
    # Under another key it is another wish: nothing is left to refund, and the dialog shows so.
    stays(asked[1], "Refund ¥39.98", "Its state does not allow this now.")
    expect(asked[1].get_by_text("Nothing of this can go back.")).to_be_visible()
    expect(asked[1].get_by_role("button", name="Refund ¥0.00")).to_be_disabled()
    done(asked[0], "Refund ¥39.98")
    assert keys[0]
    assert keys == [keys[0]] * 2
    expect(page.locator(".books p").first).to_contain_text("Refunded ¥39.98")
    assert len(shop.admin("GET", f"/orders/{order.id}").must()["refunds"]) == 1


def test_an_order_is_frozen_while_its_charge_is_disputed(
    edge: str, pages: Pages, shop: Shop, site: Store, psps: dict[str, StripePsp]
) -> None:
    stripe, sku = psps["stripe"], shop.sku()
    shop.stock(sku, 2)
    answered, given_up = (disputed(stripe, shop, site, sku) for _ in range(2))
    page = signed_in(pages, edge, shop.new_key("support")["key"], f"/orders/{answered.order.id}")
    frozen = page.get_by_text("Frozen by a complaint or dispute")
    expect(frozen).to_be_visible()
    page.locator("main").get_by_role("button", name="Refund", exact=True).first.click()
    refund = dialog(page, "Refund")
    refund.get_by_label("Reason").fill("they complain")
    expect(refund.get_by_text("the bank may take the same money back")).to_be_visible()
    expect(refund.get_by_role("button", name="Refund ¥19.99")).to_be_disabled()
    press(refund, "Cancel")

    page.locator(f"main a[href$='{answered.case}']").click()
    press(page, "Gather it")
    expect(page.get_by_role("region", name="Evidence")).to_contain_text(answered.order.id)
    keys = loses_reply(page, "**/answer")
    press(page, "Reply")
    reply = dialog(page, "Reply")
    reply.get_by_label("Text").fill("They opened it from their own address.")
    stays(reply, "Reply", NO_REPLY)
    done(reply, "Reply")
    assert keys == [keys[0]] * 2
    # Evidence is taken once, so nothing else is offered.
    expect(page.get_by_text("Now the bank decides")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button", name="Accept")).to_have_count(0)
    assert inaccessible(page) == []
    said = shop.admin("GET", f"/cases/{answered.case}").must()
    assert [(one["action"], one["outcome"]) for one in said["answers"]] == [("reply", "succeeded")]
    stripe.server.move_dispute(said["number"], "won")
    until(lambda: stripe.server.notify(answered.payment, kind="charge.dispute")[-1][0] == 200, every=0.5)
    go(page, f"/orders/{answered.order.id}")
    expect(page.get_by_role("heading", name="Order", exact=True)).to_be_visible()
    until(lambda: press(page, "Refresh") or frozen.count() == 0, every=0.5)

    go(page, f"/cases/{given_up.case}")
    press(page, "Accept")
    done(dialog(page, "Accept"), "Accept")
    expect(page.get_by_role("main").get_by_text("Accepted", exact=True).first).to_be_visible()
    assert shop.admin("GET", f"/cases/{given_up.case}").must()["state"] == "accepted"


@dataclass(frozen=True)
class Disputed:
    order: Order
    payment: str
    case: str


def disputed(stripe: StripePsp, shop: Shop, site: Store, sku: str) -> Disputed:
    order = site.place(sku)
    payment = stripe.paid(site, order)
    stripe.tell_itself(payment)
    site.reaches(order, "fulfilled")
    stripe.server.dispute(payment)
    stripe.server.notify(payment, kind="charge.dispute")
    frozen = until(lambda: shop.admin("GET", f"/orders/{order.id}").must()["frozen"])
    return Disputed(order, payment, frozen[0])


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

    # Support may not list what there is, and types what it filters by.
    page = signed_in(pages, edge, shop.new_key("support")["key"], "/orders")
    for label, typed in (("Channel", store.channel), ("SKU", sku)):
        page.get_by_role("textbox", name=label, exact=True).press_sequentially(typed)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(typed))
    expect(page.get_by_role("region", name="Orders").locator("tbody tr")).to_have_count(2)
