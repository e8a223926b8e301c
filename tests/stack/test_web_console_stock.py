"""Goods and stock, pressed in a browser: categories by keyboard, an Excel file with refused lines, a batch that is
recalled, a large file whose page is reloaded, who bought a card, cards for another channel, a stock policy that two
people change; and what each role may open."""

import io
import re
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Locator, Page, Response, expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.console import choose, choose_sku
from tests.stack.console_english import NO_REPLY, dialog, done, follow, go, loses_reply, press, signed_in, stays
from tests.stack.shop import Shop, Store, number, until

OVER = 90_000
"""Milliseconds that an import may take on a busy machine."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(rows: list[list[str]]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # pyright: ignore[reportOptionalMemberAccess]
    book.save(file)
    return file.getvalue()


def test_a_sheet_comes_in_and_its_batch_is_recalled(edge: str, pages: Pages, shop: Shop, tmp_path: Path) -> None:
    sku, codes = shop.sku(), [f"QY{number().upper()}" for _ in range(4)]
    shop.secrets += codes
    page = signed_in(pages, edge, shop.operator, f"/imports/new?sku={sku}")
    page.get_by_role("tab", name="File").click()
    file = {"name": "cards.xlsx", "mimeType": XLSX, "buffer": sheet([[code] for code in [*codes, codes[0], ""]])}
    page.locator("input[type=file]").set_input_files(file)  # pyright: ignore[reportArgumentType]
    page.get_by_label("Supplier", exact=True).fill("acme")
    page.get_by_role("textbox", name="Cost of each").fill("15")
    assert not [code for code in codes if code in page.content()]
    press(page, "Start import")
    expect(page.get_by_text("Done", exact=True)).to_be_visible(timeout=OVER)
    expect(page.get_by_role("region", name="Refused lines").locator("tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        press(page, "Download CSV")
    refused = tmp_path / "refused.csv"
    download.value.save_as(refused)
    assert refused.read_text(encoding="utf-8-sig").splitlines()[0] == "line,reason"

    page.locator("main a[href*='/stock/batches/']").first.click()
    act = act_on_batch(page, "Quarantine")
    expect(act.get_by_role("button", name="Quarantine")).to_be_disabled()
    act.get_by_label("Reason").fill("the supplier says it is bad")
    done(act, "Quarantine")
    expect(page.get_by_text(re.compile("4 changed"))).to_be_visible()
    assert inaccessible(page) == []

    # It is bad. The counts followed by themselves, or there would be nothing to void.
    give_up = act_on_batch(page, "Void what is in quarantine")
    expect(give_up.get_by_text("About 4 cards in quarantine are void for good")).to_be_visible()
    give_up.get_by_label("Reason").fill("all four were used before")
    loses_reply(page, "**/void-quarantined")
    stays(give_up, "Void what is in quarantine", NO_REPLY)
    done(give_up, "Void what is in quarantine")
    expect(page.get_by_text("0 changed; 4 left as they are")).to_be_visible()
    until(lambda: shop.admin("GET", f"/stock?sku={sku}").must()["counts"]["voided"] == 4)


def act_on_batch(page: Page, act: str) -> Locator:
    """Once the menu says that there are cards for it."""
    item = page.get_by_role("menuitem", name=re.compile(f"^{act} \\([1-9]"))
    press(page, "Change this batch ▾")
    item.click()
    return dialog(page, act)


def test_a_large_file_goes_on_without_its_page(edge: str, pages: Pages, shop: Shop, tmp_path: Path) -> None:
    """Beyond the first 2,000 lines, after which the importer notes where it is."""
    sku, codes = shop.sku(), [f"QY{number().upper()}" for _ in range(2100)]
    shop.secrets += codes
    lines = ["code", *codes, *codes[:20], *("ab" for _ in range(40))]
    page = signed_in(pages, edge, shop.operator, f"/imports/new?sku={sku}")
    page.get_by_role("tab", name="File").click()
    file = {"name": "cards.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    page.locator("input[type=file]").set_input_files(file)  # pyright: ignore[reportArgumentType]
    page.get_by_text("The first row names the columns").click()
    page.get_by_label("Supplier", exact=True).fill("acme")
    page.get_by_role("textbox", name="Cost of each").fill("15")
    press(page, "Start import")
    page.wait_for_url("**/imports/I*")
    page.reload()
    page.get_by_label("Key", exact=True).fill(shop.operator)
    press(page, "Sign in")
    expect(page.get_by_text("Done: 2100 cards came in.")).to_be_visible(timeout=OVER)
    expect(page.get_by_role("region", name="Refused lines").locator("tbody tr")).to_have_count(50)
    with page.expect_download() as download:
        press(page, "Download CSV")
    refused_lines = tmp_path / "refused.csv"
    download.value.save_as(refused_lines)
    told = refused_lines.read_text(encoding="utf-8-sig").splitlines()
    assert (len(told), told[1], told[-1]) == (61, "2102,duplicate_in_file", "2161,too_short")
    assert shop.admin("GET", f"/imports/{page.url.rpartition('/')[2]}").must()["accepted"] == 2100


def test_who_bought_a_card_and_what_becomes_of_the_others(edge: str, pages: Pages, shop: Shop, site: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 3)
    order, (sold,) = site.buy(sku)
    other = shop.channel(name=number("Street stall "))
    name = shop.admin("GET", f"/channels/{other.channel}").must()["name"]
    page = signed_in(pages, edge, shop.operator, "/cards")
    choose_sku(page, page.locator("main"), sku)
    # Customers paste the same twice.
    page.get_by_label("Numbers, codes or links").fill(f"{sold}\nNOTHING-1\n{sold}")
    press(page, "Find")
    expect(page.get_by_text("Not in stock: number 2 of those pasted.")).to_be_visible()
    rows = page.get_by_role("row").filter(has_text=order.id)
    expect(rows).to_have_count(2)
    assert sold not in page.content() + page.url
    assert sold not in page.locator("textarea").first.input_value()
    rows.first.get_by_role("button", name="More").click()
    card = page.get_by_role("dialog", name="Card")
    press(card, "Quarantine")
    act = dialog(page, "Quarantine")
    expect(act.get_by_text("Its buyer cannot open it any more")).to_be_visible()
    act.get_by_label("Reason").fill("stolen from the supplier")
    done(act, "Quarantine")
    expect(card.get_by_role("button", name="Release")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(rows.filter(has_text="Quarantined")).to_have_count(2)
    rows.first.get_by_role("link", name=order.id).click()
    expect(page.get_by_role("heading", name="Order", exact=True)).to_be_visible()
    assert sold not in page.content() + page.url

    # The others go to another channel, which stands by its name.
    follow(page, "Stock")
    go(page, f"/stock?sku={sku}")
    page.locator("main a[href*='/stock/batches/']").first.click()
    act = act_on_batch(page, "Move to another channel")
    choose(page, act, "Move to channel", name)
    act.get_by_label("Reason").fill("it sells better there")
    done(act, "Move to another channel")
    expect(page.get_by_text("2 changed; 1 left as they are")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=name)).to_have_count(2)
    levels = until(lambda: by_channel(shop, sku).get(other.channel))
    assert levels == 2


def by_channel(shop: Shop, sku: str) -> dict[str, int]:
    channels = shop.admin("GET", f"/stock?sku={sku}").must()["channels"]
    return {one["channel"]: one["counts"].get("available", 0) for one in channels}


def test_two_people_change_one_stock_policy(edge: str, pages: Pages, shop: Shop) -> None:
    sku = shop.sku()
    path = f"/stock-policies/{sku}/shared"
    fixed = {"kind": "fixed", "low": 5, "order_up_to": 20}
    shop.admin("PUT", path, {"mode": "alert", "levels": fixed, "version": 0}).must()
    first, second = (signed_in(pages, edge, shop.operator, path) for _ in range(2))
    level(first, "Order up to", "4")
    expect(first.get_by_text("Not less than the reorder point, please.")).to_be_visible()
    expect(first.get_by_role("button", name="Save")).to_be_disabled()
    expect(second.get_by_role("spinbutton", name="Order up to")).to_have_value("20")
    level(first, "Order up to", "40")
    press(first, "Save")
    expect(first.get_by_text("What would be done now")).to_be_visible()

    level(second, "Reorder point", "8")
    press(second, "Save")
    expect(second.get_by_text("nothing of yours was saved")).to_be_visible()
    press(second, "Show what was saved")
    expect(second.get_by_role("spinbutton", name="Order up to")).to_have_value("40")
    level(second, "Reorder point", "8")
    press(second, "Save")
    expect(second.get_by_text("What would be done now")).to_be_visible()
    levels = shop.admin("GET", path).must()["levels"]
    assert (levels["low"], levels["order_up_to"]) == (8, 40)


def level(page: Page, name: str, amount: str) -> None:
    field = page.get_by_role("spinbutton", name=name)
    field.fill(amount)
    field.press("Tab")


def test_categories_are_moved_without_a_mouse(edge: str, pages: Pages, shop: Shop) -> None:
    first, second = number("First "), number("Second ")
    page = signed_in(pages, edge, shop.operator, "/categories", phone=True)
    for name in (first, second):
        # A page without any offers it twice.
        page.get_by_role("button", name="New category", exact=True).first.click()
        form = dialog(page, "New category")
        form.get_by_role("textbox").last.fill(name)
        done(form, "Save")
        expect(page.get_by_text(name, exact=True)).to_be_visible()
    inward = page.get_by_role("button", name=re.compile(f": {second}$"))
    step = inward.filter(has_text="→")
    step.focus()
    step.press("Enter")
    expect(inward.filter(has_text="←")).to_be_enabled()
    kept = {one["titles"].get("en"): one for one in shop.admin("GET", "/categories").must()["items"]}
    assert kept[second]["parent_id"] == kept[first]["id"]
    # By touch, which drags nothing here.
    inward.filter(has_text="←").tap()
    expect(inward.filter(has_text="←")).to_be_disabled()
    kept = {one["titles"].get("en"): one for one in shop.admin("GET", "/categories").must()["items"]}
    assert kept[second]["parent_id"] is None


@pytest.mark.parametrize("role", ["support", "analyst", "operator"])
def test_no_page_of_a_role_asks_for_what_it_may_not(
    edge: str, pages: Pages, shop: Shop, site: Store, role: str
) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order, _ = site.buy(sku)
    key = shop.operator if role == "operator" else shop.new_key(role)["key"]
    page = signed_in(pages, edge, key)
    refused: list[str] = []

    def heard(answer: Response) -> None:
        if answer.status in (401, 403):
            refused.append(f"{answer.request.method} {answer.url}")

    page.on("response", heard)
    links = page.get_by_role("navigation", name="Menu").get_by_role("link").all()
    places = [str(link.get_attribute("href")).removeprefix("/console") or "/" for link in links]
    assert len(places) > 5
    if "/orders" in places:
        places += [f"/orders/{order.id}", f"/audit?kind=order&id={order.id}"]
    for place in places:
        go(page, place)
        page.wait_for_load_state("networkidle")
        expect(page.locator("main .el-skeleton")).to_have_count(0)
    assert refused == []
