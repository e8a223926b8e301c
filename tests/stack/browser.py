"""The shop's pages in a real browser: opened as a shopper has them, and held to what no page may do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tools.local.edge.pages import is_api
from tools.local.layout import ROOT

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
PHONE, DESK = (390, 844), (1280, 800)
PATIENCE = 60_000
"""Milliseconds that a page may take for anything: machines that test are busy."""
expect.set_options(timeout=PATIENCE)

Language = str
"""`zh-CN` or `en`."""

# What a policy kept a page from doing is told to the page alone.
_WATCH = """document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile ?? ''}`))"""


@dataclass
class Pages:
    """Opens pages, each like a visit of its own, and remembers what went wrong in any of them."""

    browser: Browser
    edge: str
    faults: list[str] = field(default_factory=list[str])
    closing: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def __call__(
        self, language: Language = "zh-CN", phone: bool = True, dark: bool = False, agent: str | None = None
    ) -> Page:
        """`agent`: the browser that this one says it is."""
        width, height = PHONE if phone else DESK
        context = self.browser.new_context(
            user_agent=agent,
            locale=language,
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": height},
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        self.closing.append(context.close)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url.partition('#')[0]}: {error}"))
        return page

    def _said(self, message: ConsoleMessage) -> None:
        """Errors but for the browser's own line about a refusal of the API, which the page shows to its reader."""
        where = str(message.location.get("url", "")).removeprefix(self.edge)
        if message.type == "error" and not (is_api(where) and "Failed to load resource" in message.text):
            self.faults.append(f"{where.partition('#')[0]}: {message.text}")

    def close(self) -> None:
        for close in self.closing:
            close()


# What fades in is judged as it will be; what never ends (a skeleton's shimmer) is not waited for.
_SETTLED = """async () => { await Promise.all(document.getAnimations()
  .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime))
  .map((one) => one.finished.catch(() => undefined))) }"""

# What fades meanwhile would be too pale: it is there or gone, without steps between.
_STILL = """() => { const still = new CSSStyleSheet();
  still.replaceSync('*, ::before, ::after { transition-duration: 0s !important; animation-duration: 0s !important; }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, still] }"""
_MOVES = "() => { document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1) }"


def inaccessible(page: Page) -> list[str]:
    """Serious findings of axe about what the page shows now, and where."""
    page.evaluate(_STILL)
    page.evaluate(_SETTLED)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    page.evaluate(_MOVES)
    return [
        f"{one['id']}: {one['help']} {[node['target'] for node in one['nodes']][:3]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def overflows(page: Page) -> bool:
    """Whether the page can be pushed sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def kept(page: Page) -> dict[str, Any]:
    """What the page leaves in the browser."""
    return page.evaluate(
        """async () => ({
          local: Object.keys(localStorage),
          session: Object.entries(sessionStorage).map(([name, value]) => `${name}=${value}`),
          cookies: document.cookie,
          caches: await caches.keys(),
          workers: (await navigator.serviceWorker.getRegistrations()).length,
        })"""
    )
