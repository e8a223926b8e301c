"""What a shop's shelves are made of, pressed in a browser: categories by mouse, a bundle and a top-up in one product,
prices by quantity and channel; the product archived and brought back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, expect

from tests.stack.browser import Pages
from tests.stack.console import Console
from tests.stack.shop import Shop, Store, number, titles


@dataclass(frozen=True)
class Tree:
    """The categories as somebody with a mouse has them."""

    console: Console
    shop: Shop

    def row(self, name: str) -> Locator:
        page = self.console.page
        return page.locator(".el-tree-node__content").filter(has=page.get_by_text(name, exact=True))

    def holds(self, moved: str, onto: str, how: float) -> None:
        """Takes one by its name and holds it over another: `how` far down its row, at 0.5 on it."""
        mouse = self.console.page.mouse
        for name in (onto, moved):
            self.row(name).scroll_into_view_if_needed()
        at, over = self.row(moved).locator(".name").bounding_box(), self.row(onto).bounding_box()
        assert at
        assert over
        mouse.move(at["x"] + 8, at["y"] + at["height"] / 2)
        mouse.down()
        mouse.move(at["x"] + 20, at["y"] + at["height"] / 2 + 4, steps=3)
        mouse.move(over["x"] + 150, over["y"] + over["height"] * how, steps=8)

    def drops(self, moved: str, onto: str, how: float) -> None:
        self.holds(moved, onto, how)
        with self.console.page.expect_response("**/move"):
            self.console.page.mouse.up()

    def below(self, parent: str) -> list[str]:
        """Titles of what lies in that category, in order, as the shop has it."""
        items: list[Mapping[str, Any]] = self.shop.admin("GET", "/categories").must()["items"]
        id_of = {one["titles"].get("en"): one["id"] for one in items}
        return [one["titles"]["en"] for one in items if one["parent_id"] == id_of[parent]]


def test_categories_are_dragged_into_and_between_each_other(edge: str, pages: Pages, shop: Shop) -> None:
    top, first, second = (number(name) for name in ("Top ", "First ", "Second "))
    for name in (top, first, second):
        shop.admin("POST", "/categories", {"titles": {"en": name}, "parent_id": None}).must()
    console = Console(pages, shop.operator, "en", at="/categories")
    tree = Tree(console, shop)
    page, mouse = console.page, console.page.mouse

    tree.drops(first, top, 0.5)
    expect(tree.row(first)).to_be_visible()
    tree.drops(second, first, 0.02)
    assert tree.below(top) == [second, first]
    expect(tree.row(top).locator("xpath=following-sibling::*").locator(".name").first).to_have_text(second)
    tree.drops(second, first, 0.98)
    assert tree.below(top) == [first, second]

    # Below itself: the pointer says no, and whoever lets go is told why.
    tree.holds(top, first, 0.5)
    mouse.up()
    expect(page.get_by_text(console.says("catalogue.intoItself", title=top))).to_be_visible()
    # Thought better of, it stays where it was, on the page too.
    moves: list[str] = []
    page.on("request", lambda request: moves.append(request.url) if request.url.endswith("/move") else None)
    for breaks_off in (lambda: page.keyboard.press("Escape"), lambda: mouse.move(700, 20, steps=3)):
        tree.holds(second, first, 0.5)
        expect(page.locator(".el-tree-node.is-drop-inner")).to_have_count(1)
        breaks_off()
        mouse.up()
        expect(page.locator(".el-tree-node.is-drop-inner")).to_have_count(0)
        names = tree.row(top).locator("xpath=following-sibling::*").locator(".name")
        expect(names).to_have_text([first, second])
    assert moves == []
    assert tree.below(top) == [first, second]
    console.fits()


def window(store: Store, product: str) -> int:
    """What the channel's shop window answers for it."""
    return store.wire.send("GET", f"/v1/products/{product}", credential=store.browser).status


def add(console: Console, kind: str, tab: str) -> Locator:
    """A new SKU of that kind; answers its form, at that tab."""
    # An arrow stands beside its text.
    console.page.get_by_role("button", name=console.says("catalogue.newSku")).click()
    console.page.get_by_role("menuitem").filter(has_text=console.says(f"catalogue.kinds.{kind}")).click()
    form = console.page.get_by_role("dialog")
    form.get_by_role("tab", name=console.says(f"catalogue.tabs.{tab}"), exact=True).wait_for()
    return form


def at(console: Console, form: Locator, tab: str) -> None:
    form.get_by_role("tab", name=console.says(f"catalogue.tabs.{tab}"), exact=True).click()


def writes_a_bundle(console: Console, part: str, words: str, channel: str) -> None:
    form, says = add(console, "bundle", "bundle"), console.says
    console.field("catalogue.fields.price", form).fill("30")
    at(console, form, "bundle")
    for _ in range(2):
        console.button("catalogue.addPart", form).click()
    # What is typed is searched for: Enter takes what was found, not what was typed.
    box = form.get_by_role("combobox", name=f"{says('catalogue.part')} 1", exact=True)
    box.press_sequentially(words)
    expect(console.page.get_by_role("option", name=part).locator("visible=true")).to_be_visible()
    box.press("Enter")
    form.get_by_label(f"{says('catalogue.quantity')} 1", exact=True).fill("2")
    at(console, form, "sale")
    console.button("catalogue.addTier", form).first.click()
    price = form.get_by_label(f"{says('catalogue.each')} 1", exact=True)
    expect(price).to_have_value("30.00")
    price.fill("25")
    console.fits()
    chosen = form.get_by_role("combobox", name=says("catalogue.addChannel"))
    chosen.press("ArrowDown")
    console.page.get_by_role("option", name=channel).locator("visible=true").click()
    console.field("catalogue.ownPrice", form, channel=channel).fill("28")
    console.button("catalogue.skuDone").click()


def writes_a_topup(console: Console) -> None:
    form, says = add(console, "topup", "topup"), console.says
    form.get_by_label(says("ui.inLanguage", label=says("catalogue.title"), language="简体中文"), exact=True).fill(
        "点券"
    )
    console.field("catalogue.fields.price", form).fill("9.9")
    console.field("catalogue.fields.face_value", form).fill("10")
    at(console, form, "topup")
    console.button("catalogue.templates.game", form).click()
    form.get_by_role("button", name="1. ", exact=False).click()
    form.get_by_role("button", name="2. ", exact=False).click()
    console.button("catalogue.addOption", form).click()
    form.get_by_label(f"{says('catalogue.optionValue')} 2", exact=True).fill("south")
    second = f"{says('catalogue.title')} 2"
    form.get_by_label(says("ui.inLanguage", label=second, language="简体中文"), exact=True).fill("华南")
    console.fits()
    # What somebody wrote is not replaced unasked.
    console.button("catalogue.templates.qq", form).click()
    console.button("common.cancel", console.drawer("catalogue.useTemplate")).click()
    console.button("catalogue.skuDone").click()


def test_a_product_is_written_archived_and_brought_back(edge: str, pages: Pages, shop: Shop) -> None:
    name = number("渠道")
    store = shop.channel(name=name)
    words = number("part")
    part = shop.sku(titles=titles(f"配件 {words}"))
    console = Console(pages, shop.operator, phone=True, at="/products/new")
    page, says = console.page, console.says
    title = says("ui.inLanguage", label=says("catalogue.title"), language="简体中文")
    page.get_by_label(title, exact=True).fill("大礼包")
    writes_a_bundle(console, part, words, name)
    writes_a_topup(console)

    console.button("catalogue.saveAndPublish").click()
    expect(page.get_by_text(says("catalogue.missing.part", where="大礼包"))).to_be_visible()
    # Not saved yet: to leave is asked about, and who stays finds it all.
    page.get_by_role("button", name=says("frame.menu")).click()
    page.get_by_role("link", name=says("menu.channels"), exact=True).click()
    console.button("common.cancel", console.drawer("ui.leave")).click()
    page.get_by_role("button", name=says("frame.menu")).click()
    page.get_by_role("row").filter(has_text=says("catalogue.kinds.bundle")).get_by_role("button").first.click()
    form = page.get_by_role("dialog")
    at(console, form, "bundle")
    console.button("ui.delete", form).nth(1).click()
    console.button("catalogue.skuDone").click()
    console.button("catalogue.saveAndPublish").click()
    console.tells("catalogue.publishedNow")

    product = page.url.rpartition("/")[2]
    bundle, topup = shop.admin("GET", f"/products/{product}").must()["skus"]
    assert bundle["components"] == [{"sku": part, "quantity": 2}]
    assert bundle["tiers"] == [{"from_quantity": 10, "price": 2500}]
    assert bundle["channels"][store.channel]["price"] == 2800
    assert [one["name"] for one in topup["topup"]["fields"]] == ["user", "server"]
    assert [one["value"] for one in topup["topup"]["fields"][1]["options"]] == ["1", "south"]
    assert window(store, product) == 200

    console.button("catalogue.archive").first.click()
    console.button("catalogue.archive", console.drawer("catalogue.archive")).click()
    console.tells("catalogue.archivedNow")
    assert window(store, product) == 404
    console.button("catalogue.publish").click()
    expect(page.get_by_text(says("catalogue.states.published"), exact=True)).to_be_visible()
    assert window(store, product) == 200
    console.fits()
