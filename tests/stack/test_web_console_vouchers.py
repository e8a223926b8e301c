"""A series of vouchers, pressed in a browser from its terms to its end; stores and issuers beside it."""

import csv
from pathlib import Path

from playwright.sync_api import expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.console_english import dialog, done, follow, go, press, signed_in
from tests.stack.shop import Shop, number


def test_a_series_lives_and_ends(edge: str, pages: Pages, shop: Shop, tmp_path: Path) -> None:
    sku = shop.sku(kind="voucher", price=5000, voucher={"value": {"kind": "amount", "amount": 5000}})
    store, named = number("s"), number("Jingan ")
    shop.admin("PUT", f"/stores/{store}", {"name": named, "region": "shanghai", "version": 0}).must()
    page = signed_in(pages, edge, shop.operator, f"/voucher-series?sku={sku}")
    press(page, "New series")
    drawer = dialog(page, "New series")
    drawer.get_by_label("Title", exact=True).fill("Autumn")
    drawer.get_by_label("Amount (CNY)").fill("no number")
    press(drawer, "New series")
    expect(drawer.get_by_text("An amount, please: 50.00")).to_be_visible()
    drawer.get_by_label("Amount (CNY)").fill("30")
    drawer.get_by_label("Minimum spend (CNY)").fill("100")
    drawer.get_by_text("Saturday", exact=True).click()
    stores = drawer.get_by_label("Stores", exact=True)
    stores.fill(named)
    page.get_by_role("option", name=named).click()
    stores.press_sequentially("pudong")
    # Left without Enter, they count: else the voucher would be good in every store.
    drawer.get_by_label("Regions", exact=True).fill("shanghai")
    drawer.get_by_label("For goods", exact=True).press_sequentially("Latte, large")
    assert inaccessible(page) == []
    press(drawer, "New series")
    expect(page.get_by_role("heading", name="Autumn")).to_be_visible()
    where = (f"only in {store}, pudong", "meant for shanghai: a use elsewhere is reported", "only for Latte, large")
    for rule in ("¥30.00 stored", "from ¥100.00 on", "only on Saturday", *where):
        expect(page.get_by_text(rule)).to_be_visible()

    press(page, "Generate")
    generate = dialog(page, "Generate")
    generate.get_by_role("spinbutton").fill("3")
    generate.get_by_role("spinbutton").blur()
    done(generate, "Generate 3")
    expect(page.get_by_text("vouchers: 3")).to_be_visible()
    press(page, "Refresh")
    expect(page.get_by_role("region", name="Vouchers").locator("tbody tr")).to_have_count(3)

    with page.expect_download() as download:
        press(page, "Export codes")
    file = tmp_path / "codes.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as rows:
        codes = [row["code"] for row in csv.DictReader(rows)]
    assert len(set(codes)) == 3
    shop.secrets += codes
    assert not [code for code in codes if code in page.content()]

    for act, state in (("Freeze", "Frozen: asked by its partner"), ("Unfreeze", "Usable"), ("Cancel", "Cancelled: ")):
        press(page, act)
        change = dialog(page, act)
        change.get_by_label("Reason").fill("asked by its partner")
        done(change, act)
        expect(page.get_by_text(state).first).to_be_visible()
    expect(page.get_by_role("button", name="Generate")).to_have_count(0)


def test_stores_and_issuers_are_kept(edge: str, pages: Pages, shop: Shop) -> None:
    page = signed_in(pages, edge, shop.operator, "/stores")
    name, place = number("Jingan "), number("s")
    press(page, "New store")
    store = dialog(page, "New store")
    store.get_by_label("Store *", exact=True).fill(name)
    store.get_by_label("Store id").fill(place)
    done(store, "Save")
    row = page.get_by_role("row").filter(has_text=place)
    expect(row.get_by_text("Open", exact=True)).to_be_visible()
    row.get_by_role("button", name=name).click()
    kept = dialog(page, name)
    kept.get_by_role("switch").press("Space")
    done(kept, "Save")
    expect(row.get_by_text("Closed", exact=True)).to_be_visible()

    follow(page, "Issuers")
    issuer = number("issuer-")
    press(page, "Add an issuer")
    form = dialog(page, "Add an issuer")
    form.get_by_label("Name").fill(issuer)
    form.get_by_label("Issuer").fill(issuer)
    form.get_by_label("Endpoint").fill("https://issuer.example.com/v1")
    form.get_by_label("Key id").fill("us")
    done(form, "Save")
    row = page.get_by_role("row").filter(has_text=issuer)
    expect(row.get_by_text("No secret")).to_be_visible()
    press(row, "Set the secret")
    secret = dialog(page, "Set the secret")
    text = number("secret-") + number()
    secret.get_by_label("Set the secret").last.fill(text)
    done(secret, "Save")
    expect(row.get_by_text("No secret")).to_have_count(0)
    assert text not in page.content()
    go(page, "/redemptions")
    expect(page.get_by_text("No uses in this store on this day.")).to_be_visible()
