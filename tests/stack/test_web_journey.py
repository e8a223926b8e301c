"""The whole way through the pages, as people go it: a merchant opens a shop; a visitor buys, uses, and gets money back
for what they have not seen; and the merchant's report tells of it all."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.stack.browser import Language, Pages, inaccessible, kept, overflows
from tests.stack.console import choose
from tests.stack.shop import Shop, Store, number
from tests.stack.texts import Texts
from tools.local.edge.server import Edge
from tools.local.stack import Stack

CARD, VOUCHER = 8800, 12600
USES = 5
"""What the console proposes for a voucher of several uses."""
CODE = re.compile(r"[0-9A-Z-]{12,}")


@pytest.fixture
def market(shop: Shop) -> Store:
    """A channel of its own: the report is of this one's sales alone."""
    name = number("market-")
    return shop.channel(id=name, name=name)


@pytest.fixture
def own_pages(browser: Browser, stack: Stack, market: Store, tmp_path: Path) -> Iterator[Pages]:
    """The pages, selling in `market`."""
    file = tmp_path / "stack.json"
    replace(stack, keys={**stack.keys, "publishable": {market.channel: market.browser}}).write(file)
    with Edge(0, file, channel=market.channel) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened = Pages(browser, server.url)
        yield opened
        opened.close()
        server.shutdown()
    assert opened.faults == []


def fits(page: Page) -> None:
    assert inaccessible(page) == []
    assert not overflows(page)


def yuan(amount: int) -> str:
    return f"¥{amount / 100:.2f}"


@dataclass
class Journey:
    """Whoever goes it: all speak one language and have one size of screen."""

    shop: Shop
    market: Store
    pages: Pages
    language: Language
    phone: bool
    store: str = field(default_factory=lambda: number("S"))
    card: str = field(default_factory=lambda: number("Card "))
    voucher: str = field(default_factory=lambda: number("Voucher "))
    keys: list[str] = field(default_factory=lambda: [number("JRN").upper() for _ in range(4)])

    def opened(self, path: str) -> Page:
        page = self.pages(self.language, self.phone)
        page.goto(self.pages.edge + path)
        return page

    def says(self, app: str) -> Texts:
        return Texts(app, self.language)

    # The merchant.

    def signed_in(self, path: str) -> Page:
        page, says = self.opened(f"/console{path}"), self.says("console")
        page.get_by_label(says("door.key"), exact=True).fill(self.shop.operator)
        page.get_by_role("button", name=says("door.enter")).click()
        return page

    def to(self, page: Page, place: str) -> None:
        """Follows the console's menu."""
        says = self.says("console")
        if self.phone:
            page.get_by_role("button", name=says("frame.menu")).click()
        menu = page.get_by_role("navigation", name=says("frame.menu"))
        menu.get_by_role("link", name=says(f"menu.{place}"), exact=True).click()
        page.get_by_role("heading", level=1, name=says(f"menu.{place}"), exact=True).wait_for()

    def takes_first_steps(self) -> Page:
        says = self.says("console")
        page = self.signed_in("/first-steps?product=new")
        page.get_by_label(says("home.steps.product.name")).fill(self.card)
        page.get_by_label(says("home.steps.product.price")).fill(f"{CARD / 100}")
        fits(page)
        page.get_by_role("button", name=says("home.steps.product.make")).click()
        page.locator("textarea[name=keys]").fill("\n".join(self.keys))
        expect(page.get_by_text(says("home.steps.keys.count", count=len(self.keys)))).to_be_visible()
        fits(page)
        page.get_by_role("button", name=says("home.steps.keys.bring")).click()
        page.get_by_role("button", name=says("home.steps.purchase.buy"), exact=True).click()
        page.get_by_role("button", name=says("home.steps.purchase.look")).wait_for()
        expect(page.get_by_text(says("home.steps.over"))).to_be_visible()
        fits(page)
        return page

    def offers_a_voucher(self, page: Page) -> None:
        says = self.says("console")
        self.to(page, "products")
        page.get_by_role("button", name=says("catalogue.new")).click()
        native = {"zh-CN": "简体中文", "en": "English"}[self.language]
        title = says("ui.inLanguage", label=says("catalogue.title"), language=native)
        page.get_by_label(title).fill(self.voucher)
        page.get_by_role("button", name=says("catalogue.newSku")).click()
        page.get_by_role("menuitem", name=says("catalogue.kindsWhat.voucher")).click()
        form = page.get_by_role("dialog")
        form.get_by_label(says("catalogue.fields.price"), exact=True).fill(f"{VOUCHER / 100}")
        form.get_by_role("tab", name=says("catalogue.tabs.voucher")).click()
        choose(page, form, says("catalogue.voucher.value"), says("catalogue.voucher.values.times"))
        fits(page)
        form.get_by_role("button", name=says("catalogue.skuDone")).click()
        expect(form).to_be_hidden()
        page.get_by_role("button", name=says("catalogue.saveAndPublish")).click()
        expect(page.get_by_text(says("catalogue.states.published"), exact=True)).to_be_visible()
        fits(page)

    def refunds(self, page: Page, order: str) -> None:
        """The card that nobody has seen, found by its order's number."""
        says = self.says("console")
        self.to(page, "orders")
        page.get_by_label(says("orders.search.label")).fill(order)
        page.get_by_role("button", name=says("orders.search.go"), exact=True).click()
        row = page.get_by_role("row").filter(has=page.get_by_role("button", name=says("orders.refund.act"), exact=True))
        row.filter(has_text=self.card).get_by_role("button", name=says("orders.refund.act"), exact=True).click()
        dialog = page.get_by_role("dialog", name=says("orders.refund.title"))
        expect(dialog.get_by_text(says("orders.refund.preview", amount=yuan(CARD)))).to_be_visible()
        expect(dialog.get_by_text(says("orders.refund.bearsNone"))).to_be_visible()
        dialog.get_by_label(says("orders.reason")).fill("changed their mind")
        fits(page)
        dialog.get_by_role("button", name=says("orders.refund.go", amount=yuan(CARD))).click()
        expect(dialog).to_be_hidden()

        sums = page.locator(".books p").first
        for name, amount in (("captured", CARD + VOUCHER), ("delivered", VOUCHER), ("refunded", CARD), ("owed", 0)):
            expect(sums).to_contain_text(f"{says(f'orders.books.{name}')} {yuan(amount)}")
        expect(sums).to_contain_text(says("orders.books.right"))
        page.get_by_role("tab", name=says("orders.tab.timeline")).click()
        timeline = page.get_by_role("tabpanel", name=says("orders.tab.timeline"))
        expect(timeline.get_by_role("listitem").filter(has_text="changed their mind")).to_be_visible()
        expect(timeline.get_by_text(f"+{yuan(CARD)}").last).to_be_visible()
        expect(page.get_by_text(says("orders.books.wrong"))).to_have_count(0)
        fits(page)

    def reads_the_report(self, page: Page) -> None:
        says = self.says("console")
        self.to(page, "trading")
        choose(page, page.locator("main"), says("know.channel"), self.market.channel)
        tiles = page.locator(".tile")

        def tile(name: str) -> Locator:
            named = page.locator(".name").get_by_text(says(f"know.{name}"), exact=True)
            return tiles.filter(has=named).locator(".value")

        # The wizard's own purchase is one too. The page hears of the last by itself.
        expect(tile("gmv")).to_have_text(yuan(2 * CARD + VOUCHER))
        expect(tile("orders")).to_have_text("2")
        expect(tile("delivered")).to_have_text("3")
        expect(tile("refunds")).to_have_text("1")
        expect(tile("returned")).to_have_text(yuan(CARD))
        expect(tile("net")).to_have_text(yuan(CARD + VOUCHER))
        hot = page.locator(".panel").filter(has=page.get_by_role("heading", name=says("know.hot")))
        for title, amount in ((self.card, 2 * CARD), (self.voucher, VOUCHER)):
            expect(hot.get_by_role("row").filter(has_text=title)).to_contain_text(yuan(amount))
        fits(page)

    # The buyer.

    def buys(self) -> tuple[Page, str]:
        """Both in one order; the page is the claim page then."""
        says = self.says("shop")
        page = self.opened("/")
        for title in (self.voucher, self.card):
            page.get_by_role("searchbox").fill(title)
            page.get_by_role("link", name=title).click()
            page.get_by_role("button", name=says("product.add")).click()
            fits(page)
            page.get_by_role("link", name=says.like("basket.see")).wait_for()
            if title == self.voucher:
                page.get_by_role("link", name=says("shop.home")).or_(
                    page.get_by_role("button", name=says("shop.back"))
                ).first.click()
        page.get_by_role("link", name=says.like("basket.see")).click()
        expect(page.locator(".total")).to_contain_text(yuan(CARD + VOUCHER))
        fits(page)
        page.get_by_role("button", name=says("basket.checkout")).click()
        page.get_by_label(says("checkout.contact")).fill(f"{number('buyer')}@example.com")
        page.get_by_role("checkbox", name=says("checkout.noReturn")).check()
        expect(page.get_by_role("button", name=says("checkout.place"))).to_be_enabled()
        fits(page)
        page.get_by_role("button", name=says("checkout.place")).click()
        page.get_by_role("radio", name=says("pay.provider.sandbox")).check()
        order = page.url.rpartition("/")[2]
        page.get_by_role("button", name=says("pay.pay", amount=yuan(CARD + VOUCHER))).click()
        page.get_by_role("dialog").get_by_role("button", name=says("pay.sandboxPaid"), exact=True).click()
        page.wait_for_url(re.compile(f"/claim/{order}"))
        return page, order

    def claims(self, page: Page) -> str:
        """The voucher alone; answers its code, which is then no longer on the page."""
        says = self.says("claim")
        expect(page.get_by_role("heading", level=1)).to_have_text(says("head.ready.title"))
        fits(page)
        unit = page.locator(".unit").filter(has=page.get_by_role("button", name=says("unit.openVoucher")))
        unit.get_by_role("button", name=says("unit.openVoucher")).click()
        page.get_by_role("dialog").get_by_role("button", name=says("confirm.now")).click()
        expect(page.locator(".secret")).to_contain_text(says("voucher.timesLeft", left=USES, whole=USES))
        code = page.locator(".secret-value").inner_text()
        assert CODE.fullmatch(code)
        self.shop.secrets.append(code)
        fits(page)
        page.get_by_role("button", name=says("voucher.show")).click()
        expect(page.get_by_role("img", name=says("voucher.qr"))).to_be_visible()
        fits(page)
        assert not [key for key in self.keys if key in page.content()], "a card is there before it was asked for"
        return code

    # The counter.

    def redeems(self, code: str) -> None:
        says = self.says("counter")
        key = self.shop.new_key("counter", stores=[self.store])["key"]
        page = self.opened("/counter/")
        page.get_by_label(says("door.key")).fill(key)
        page.get_by_role("button", name=says("door.enter")).click()
        page.get_by_role("textbox", name=says("till.code")).fill(code)
        page.get_by_role("button", name=says("till.check"), exact=True).click()
        check = page.locator(".check")
        expect(check).to_contain_text(self.voucher)
        expect(check).to_contain_text(says("check.timesLeft", left=USES, whole=USES))
        fits(page)
        check.get_by_role("button", name=says("check.redeem"), exact=True).click()
        outcome = page.locator(".outcome")
        expect(outcome).to_contain_text(says("done.title"))
        expect(outcome).to_contain_text(says("check.timesLeft", left=USES - 1, whole=USES))
        fits(page)
        assert not [text for text in (key, code) if text in repr(kept(page)) + page.url]


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_from_an_empty_shop_to_its_report(
    shop: Shop, market: Store, own_pages: Pages, language: Language, phone: bool
) -> None:
    way = Journey(shop, market, own_pages, language, phone)
    shop.secrets += way.keys
    shop.admin("PUT", f"/stores/{way.store}", {"name": "Jing'an", "version": 0}).must()

    console = way.takes_first_steps()
    way.offers_a_voucher(console)
    buyer, order = way.buys()
    code = way.claims(buyer)
    way.redeems(code)
    said = way.says("claim")
    # What is held out hears of it by itself.
    expect(buyer.locator(".held")).to_contain_text(said("voucher.took", n=1))
    buyer.get_by_role("dialog").get_by_role("button", name=said("common.close")).click()
    way.refunds(console, order)
    buyer.reload()
    expect(buyer.get_by_role("heading", level=1)).to_have_text(said("head.partiallyRefunded.title"))
    fits(buyer)
    way.reads_the_report(console)

    secret: list[Any] = [*way.keys, code, shop.operator]
    left = "".join(repr(kept(page)) + page.url for page in (console, buyer))
    assert not [text for text in secret if text in left]
