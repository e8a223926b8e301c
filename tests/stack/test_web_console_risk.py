"""Rules of risk, lists and reviews, pressed in a browser."""

import pytest
from playwright.sync_api import expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.console import choose
from tests.stack.console_english import dialog, done, follow, press, signed_in
from tests.stack.shop import Order, Shop, Store, number, until

POINT = "/risk/rules/delivery"


@pytest.fixture
def store(shop: Shop) -> Store:
    """A channel of its own, so that rules about it touch no other test."""
    return shop.channel()


def held(shop: Shop, store: Store, sku: str) -> Order:
    """An order that a rule holds, once the rule is everywhere."""

    def buy() -> Order | None:
        order = store.place(sku, 2, contact={"email": f"{number('b')}@example.com"})
        store.pay(order)
        return order if store.reaches(order, "on_hold", "fulfilled")["state"] == "on_hold" else None

    return until(buy, seconds=120, every=3)


def test_a_rule_is_saved_tried_activated_and_rolled_back(edge: str, pages: Pages, shop: Shop, store: Store) -> None:
    sku, before = shop.sku(), shop.admin("GET", POINT).must()["active"]["version"]
    shop.stock(sku, 100)
    page = signed_in(pages, edge, shop.operator, "/rules/delivery")
    expect(page.get_by_role("button", name="Add a rule")).to_be_enabled()
    press(page, "Add a rule")
    row = page.locator(".scroll tbody tr").last
    row.get_by_label("Rule", exact=True).fill("several")
    row.get_by_label("Condition", exact=True).fill(f"order.channel == '{store.channel}' and order.unitz >= 2")
    row.get_by_label("Reason", exact=True).fill("several_units")
    press(page, "1. Save as a version")
    # What the API finds wrong stands at its cell.
    expect(page.get_by_text("order.units").first).to_be_visible()
    row.get_by_label("Condition", exact=True).fill(f"order.channel == '{store.channel}' and order.units >= 2")
    press(page, "1. Save as a version")
    press(page, "2. Try on past decisions")
    activate = page.get_by_role("button", name="3. Activate")
    expect(activate).to_be_enabled()
    assert inaccessible(page) == []
    activate.click()
    asked = dialog(page, "3. Activate")
    expect(asked.get_by_text("past decisions")).to_be_visible()
    done(asked, "3. Activate")
    try:
        orders = [held(shop, store, sku), held(shop, store, sku)]
        for order, act, state in zip(orders, ("Approve", "Refuse"), ("fulfilled", "refunded"), strict=True):
            follow(page, "Reviews")
            one = page.get_by_role("row").filter(has=page.locator(f"a[href*='{order.id}']"))
            until(lambda found=one: press(page, "Refresh") or found.count() == 1, every=1)
            press(one, "Look")
            press(page, act)
            asked = dialog(page, act)
            asked.get_by_label("Note").fill("seen")
            done(asked, act)
            store.reaches(order, state)
    finally:
        now = shop.admin("GET", POINT).must()["active"]["version"]
        follow(page, "Risk rules")
        page.get_by_role("region", name="Delivery").get_by_role("link").click()
        back = page.get_by_role("button", name="Roll back to")
        if now != before:
            name = back.inner_text().strip()
            back.click()
            done(dialog(page, name), name)
    assert shop.admin("GET", POINT).must()["active"]["version"] == before


def test_who_is_blocked_is_listed_found_and_let_go(edge: str, pages: Pages, shop: Shop) -> None:
    email, reason = f"{number('b')}@example.com", number("reason ")
    page = signed_in(pages, edge, shop.operator, "/lists")
    press(page, "Add")
    form = dialog(page, "Add")
    choose(page, form, "Kind", "E-mail")
    form.get_by_label("Value").fill(email)
    form.get_by_label("Reason").fill(reason)
    done(form, "Block")
    row = page.get_by_role("row").filter(has_text=reason)
    expect(row).to_be_visible()
    assert email not in page.content()
    press(row, "Take off")
    done(dialog(page, "Take off"), "Take off")
    expect(row).to_have_count(0)
