"""The console's desk in a browser: an order is found and a unit of it refunded, and its books add up; a provider's
statement is brought by hand; support sees no rules of risk."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.console_english import dialog, done, follow, press, signed_in
from tests.stack.shop import Shop, Store, number


def books(page: Page) -> dict[str, str]:
    """The sums of the page's first line of books, as they are written."""
    line = page.locator(".books p").first
    return dict(re.findall(r"(Captured|Delivered|Refunded|Owed)\s+(\S\d[\d.,]*)", line.inner_text()))


def test_an_order_is_found_refunded_and_explained(edge: str, pages: Pages, shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 2)
    order, secrets = site.buy(sku, 2, contact={"email": "desk-buyer@example.com"})
    support: str = shop.new_key("support")["key"]
    page = signed_in(pages, edge, support)

    follow(page, "Orders")
    page.get_by_label("Find by contact, order or transaction").fill(order.id)
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page).to_have_url(re.compile(f"/console/orders/{order.id}$"))
    assert "desk-buyer@example.com" not in page.locator("main").inner_text()

    page.get_by_role("button", name="Refund", exact=True).nth(1).click()
    dialog = page.get_by_role("dialog", name="Refund")
    expect(dialog.get_by_text("¥19.99 goes back to the buyer")).to_be_visible()
    expect(dialog.get_by_text("Seen by the buyer: a loss")).to_be_visible()
    dialog.get_by_label("Reason").fill("changed their mind")
    dialog.get_by_role("button", name="Refund ¥19.99").click()
    expect(dialog).to_be_hidden()

    # The page looks again by itself while money is on its way.
    expect(page.locator(".books p").first).to_contain_text("Refunded ¥19.99")
    assert books(page) == {"Captured": "¥39.98", "Delivered": "¥19.99", "Refunded": "¥19.99", "Owed": "¥0.00"}
    page.get_by_role("tab", name="Every yuan").click()
    timeline = page.get_by_role("tabpanel", name="Every yuan").get_by_role("listitem")
    expect(timeline.filter(has_text="Refund requested: changed their mind")).to_be_visible()
    expect(timeline.filter(has_text="Refunded by sandbox").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("does not add up")).to_have_count(0)

    shown = page.content()
    assert not [secret for secret in secrets if secret in shown]
    told: dict[str, Any] = shop.admin("GET", f"/orders/{order.id}").must()["books"]
    assert told["captured"]["amount"] == sum(told[name]["amount"] for name in ("delivered", "refunded", "owed"))


def test_support_sees_no_rules_of_risk(edge: str, pages: Pages, shop: Shop) -> None:
    page = signed_in(pages, edge, shop.new_key("support")["key"])
    menu = page.get_by_role("navigation", name="Menu")
    expect(menu.get_by_role("link", name="Reviews")).to_be_visible()
    for name in ("Risk rules", "Risk policies", "Block and allow lists", "Decisions", "Charge-backs"):
        expect(menu.get_by_role("link", name=name)).to_have_count(0)

    follow(page, "Orders")
    expect(page.get_by_role("button", name="Export")).to_have_count(0)

    operator = signed_in(pages, edge, shop.operator)
    follow(operator, "Risk rules")
    expect(operator.get_by_role("heading", name="Risk rules")).to_be_visible()


def test_a_statement_is_brought_by_hand(edge: str, pages: Pages, shop: Shop) -> None:
    """Of a day before the shop began, so that no other test's day is touched."""
    day = (datetime.now(UTC) - timedelta(days=300)).date().isoformat()
    columns = ("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "订单金额", "手续费")
    row = (f"{day} 12:00:00", f"W{number()}", number("P"), "SUCCESS", "CNY", "19.99", "0.12000")
    lines = [",".join(columns), ",".join(f"`{one}" for one in row), "总交易单数,总交易额", "`1,`0"]
    page = signed_in(pages, edge, shop.operator, f"/reconcile?date={day}")
    press(page, "Bring a statement")
    brought = dialog(page, "Bring a statement")
    file = brought.get_by_label("Its file")
    file.set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"no statement"})
    press(brought, "Send")
    expect(brought.get_by_text("This is not a statement of that provider.")).to_be_visible()
    file.set_input_files({"name": "b.csv", "mimeType": "text/csv", "buffer": "\r\n".join(lines).encode("utf-8-sig")})
    done(brought, "Send")
    expect(page.get_by_text(f"The statement of {day} was read: 1 rows.")).to_be_visible()
    expect(page.get_by_text("Payment of no order")).to_be_visible()
    assert inaccessible(page) == []
    told = shop.admin("GET", f"/settlements?provider=wechat&day={day}").must()
    assert [told["file"]["rows"], *sorted(one["state"] for one in told["imports"])] == [1, "done", "failed"]
