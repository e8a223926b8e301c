"""The console's suppliers in a browser: one is added, offers a SKU, is bought from, delivers; its statement fits."""

import pytest
from playwright.sync_api import expect

from tests.stack.browser import Language, Pages
from tests.stack.console import Console, choose, choose_sku
from tests.stack.shop import Shop, number
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import BEIJING

CODE, COST = "video-30", "15.00"


def added(console: Console, server: SupplierServer, supplier: str) -> None:
    """By its terms, its credentials and a first question; then it is put on."""
    page, says, told = console.page, console.says, server.access
    console.to("suppliers")
    console.button("supply.addSupplier").click()
    form = console.drawer("supply.addSupplier")
    console.field("supply.id", form).fill("Not an id")
    expect(form.get_by_text(says("supply.idWrong"))).to_be_visible()
    console.field("supply.id", form).fill(supplier)
    console.field("supply.name", form).fill(supplier)
    console.field("supply.endpoint", form).fill(told["endpoint"])
    for name, value in told["account"].items():
        form.get_by_label(name, exact=True).fill(value)
    console.fits()
    console.button("supply.save", form).click()

    # The next step is there by itself.
    page.wait_for_url(f"**/suppliers/{supplier}")
    for name, value in told["secrets"].items():
        page.get_by_label(name, exact=True).fill(value)
    console.button("secrets.send").click()
    expect(page.get_by_text(says.like("supply.credentialsAt"))).to_be_visible()
    assert not [value for value in told["secrets"].values() if value in page.content()]
    console.button("supply.askBalance").click()
    expect(page.locator(".el-descriptions")).to_contain_text("¥")
    page.get_by_role("switch", name=says("supply.on")).press("Space")
    expect(page.get_by_text(says("supply.isOff"))).to_have_count(0)
    console.fits()


def offers(console: Console, sku: str) -> None:
    page = console.page
    # It was put on, so what it sells is next.
    console.button("supply.addOffer").click()
    form = console.drawer("supply.addOffer")
    choose_sku(page, form, sku)
    console.field("supply.code", form).fill(CODE)
    console.field("supply.cost", form).fill(COST)
    console.fits()
    console.button("supply.save", form).click()
    expect(page.get_by_role("row").filter(has_text=sku)).to_contain_text(f"¥{COST}")


def buys(console: Console, sku: str, supplier: str) -> None:
    page, says = console.page, console.says
    console.to("purchases")
    console.button("supply.buy").click()
    form = console.drawer("supply.buy")
    choose_sku(page, form, sku)
    form.get_by_role("spinbutton").fill("3")
    form.get_by_role("spinbutton").press("Tab")
    expect(form.get_by_text(says("supply.bestOffer", supplier=supplier))).to_be_visible()
    form.get_by_role("checkbox", name=says("supply.approveNow")).press("Space")
    console.fits()
    console.button("supply.draftNow", form).click()

    order = page.get_by_role("dialog").filter(has_text=sku)
    expect(order).to_contain_text(says("supply.states.draft"))
    console.button("supply.approve", order, total="¥45.00").click()
    # It is followed until its cards are there.
    expect(order).to_contain_text(says("supply.receivedOf", received=3, quantity=3))
    expect(order).to_contain_text(says("supply.states.received"))
    console.fits()
    page.keyboard.press("Escape")


def compares(console: Console, supplier: str, day: str) -> None:
    page, says = console.page, console.says
    console.to("statements")
    choose(page, page.locator("main"), says("supply.supplier"), supplier)
    page.get_by_label(says("supply.day"), exact=True).fill(day)
    console.button("supply.compare").click()
    expect(page.get_by_text(says("supply.matched", matched=1, rows=1, differences=0))).to_be_visible()
    console.fits()


@pytest.mark.parametrize(("language", "phone"), [("zh-CN", False), ("en", True)], ids=["zh-desk", "en-phone"])
def test_a_supplier_is_added_and_bought_from(
    shop: Shop, pages: Pages, edge: str, language: Language, phone: bool
) -> None:
    supplier = number("acme-")
    sku = shop.sku(card_format="number_pin", issuer=number("i"))
    with SupplierServer("quanyi", seed=1) as server:
        shop.credentials += server.access["secrets"].values()
        console = Console(pages, shop.operator, language, phone)
        try:
            added(console, server, supplier)
            offers(console, sku)
            buys(console, sku, supplier)
            # By the supplier's clock.
            day = f"{min(sale.at for sale in server.shop.sales.values()).astimezone(BEIJING):%Y-%m-%d}"
            compares(console, supplier, day)
        finally:
            cards = [card for sale in server.shop.sales.values() for card in sale.cards]
            shop.secrets += [text for card in cards for text in (card.number, card.pin) if text]
            shop.admin("PUT", f"/suppliers/{supplier}/enabled", {"enabled": False})
    assert shop.admin("GET", f"/stock?sku={sku}").must()["counts"].get("available") == 3
