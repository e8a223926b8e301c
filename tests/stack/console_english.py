"""Short words for a long day at the console, in English (`console` has both languages)."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect

Opened = Callable[..., Page]


def signed_in(pages: Opened, edge: str, key: str, path: str = "/", phone: bool = False) -> Page:
    """At that page of the console, in English."""
    page = pages(language="en", phone=phone)
    page.goto(f"{edge}/console{path}")
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def follow(page: Page, name: str) -> None:
    """By the menu."""
    page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).click()


def go(page: Page, path: str) -> None:
    """As a link within the console would: a reload would ask for the key again."""
    page.evaluate(
        "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate', { state: {} })) }",
        f"/console{path}",
    )


def press(page: Page | Locator, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def dialog(page: Page, title: str) -> Locator:
    found = page.get_by_role("dialog", name=title)
    expect(found).to_be_visible()
    return found


def done(asked: Locator, act: str) -> None:
    """Presses the dialog's button; it goes away where nothing was refused."""
    asked.get_by_role("button", name=act, exact=True).click()
    expect(asked).to_be_hidden()


def loses_reply(page: Page, path: str) -> list[str]:
    """The next call to such a path is done by the shop, and its reply is lost on the way. Answers the Idempotency-Keys
    that calls to it come with, as they come."""
    keys: list[str] = []

    def pass_on(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key", ""))
        if len(keys) > 1:
            route.continue_()
            return
        route.fetch()
        route.abort("connectionreset")

    page.route(path, pass_on)
    return keys


def stays(asked: Locator, act: str, told: str) -> None:
    """Presses the dialog's button; it stays, and says why."""
    asked.get_by_role("button", name=act, exact=True).click()
    expect(asked.get_by_role("alert").get_by_text(told)).to_be_visible()


NO_REPLY = "No connection. Check the network and try again."
