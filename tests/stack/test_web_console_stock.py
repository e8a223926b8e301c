"""Goods and stock, pressed in a browser: categories by keyboard, an Excel file with refused lines, a batch that is
recalled, a stock policy tried before it is saved; and what each role may open."""

import io
import re
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Response, expect

from tests.stack.browser import Pages, inaccessible
from tests.stack.console_english import dialog, done, go, press, signed_in
from tests.stack.shop import Shop, Store, number

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
    press(page, "Change this batch ▾")
    page.get_by_role("menuitem", name=re.compile("Quarantine")).click()
    act = dialog(page, "Quarantine")
    expect(act.get_by_role("button", name="Quarantine")).to_be_disabled()
    act.get_by_label("Reason").fill("the supplier says it is bad")
    done(act, "Quarantine")
    expect(page.get_by_text(re.compile("4 changed"))).to_be_visible()
    assert inaccessible(page) == []


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
