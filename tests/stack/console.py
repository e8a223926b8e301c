"""The console in a browser, as those who work at it use it: signed in, by its menu, in either language."""

from playwright.sync_api import Locator, Page, expect

from tests.stack.browser import Language, Pages, inaccessible, overflows
from tests.stack.texts import Texts


class Console:
    """A visit of somebody with a key. `page` is what they see, `says` what it says."""

    def __init__(
        self, pages: Pages, key: str, language: Language = "zh-CN", phone: bool = False, at: str = "/"
    ) -> None:
        self.phone = phone
        self.says = Texts("console", language)
        self.page = pages(language, phone)
        self.page.goto(f"{pages.edge}/console{at}")
        self.page.get_by_label(self.says("door.key"), exact=True).fill(key)
        self.button("door.enter").click()

    def to(self, place: str) -> None:
        """Follows the menu."""
        if self.phone:
            self.page.get_by_role("button", name=self.says("frame.menu")).click()
        menu = self.page.get_by_role("navigation", name=self.says("frame.menu"))
        title = self.says(f"menu.{place}")
        menu.get_by_role("link", name=title, exact=True).click()
        self.page.get_by_role("heading", level=1, name=title, exact=True).wait_for()

    def button(self, name: str, within: Locator | None = None, **values: object) -> Locator:
        return (within or self.page.locator("body")).get_by_role("button", name=self.says(name, **values), exact=True)

    def field(self, name: str, within: Locator | None = None, **values: object) -> Locator:
        return (within or self.page.locator("body")).get_by_label(self.says(name, **values), exact=True)

    def drawer(self, name: str, **values: object) -> Locator:
        return self.page.get_by_role("dialog", name=self.says(name, **values))

    def tells(self, name: str, **values: object) -> None:
        """In the line that comes up when a press went well."""
        expect(self.page.locator(".el-message").get_by_text(self.says(name, **values)).first).to_be_visible()

    def fits(self) -> None:
        # What is under way is pale.
        expect(self.page.locator(".is-loading")).to_have_count(0)
        found = inaccessible(self.page)
        assert not found, found
        assert not overflows(self.page)


def choose(page: Page, within: Page | Locator, label: str, option: str) -> None:
    """Of a list that opens at the end of the page. By keyboard: what is chosen lies over the input."""
    within.get_by_role("combobox", name=label, exact=True).press("ArrowDown")
    page.get_by_role("option", name=option).locator("visible=true").click()


def choose_sku(page: Page, within: Locator, sku: str) -> None:
    """Of one that searches as one types; the whole id is taken as it is."""
    box = within.get_by_role("combobox", name="SKU", exact=True)
    box.fill(sku)
    page.get_by_role("option", name=sku).first.click()
    # Focus opens it again, and it would lie over what is below.
    box.press("Tab")
