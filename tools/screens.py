"""`make screens`: takes the pictures of docs/screens anew, of the demo shop that `make run` serves.

Run `make nightly` before, so that there are reports to show. Two vouchers are bought for some of them, and a part of
one redeemed. The machine needs a font for Chinese.
"""

import secrets
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools.local.chromium import ARGUMENTS, NoBrowser, chromium
from tools.local.layout import ROOT
from tools.local.stack import Stack
from tools.shop_client import HttpShop, Refused

FOLDER = ROOT / "docs/screens"
PHONE, DESK = (390, 844), (1280, 800)
COLOURS = 128
PRODUCT, COFFEE = "本店咖啡券", "house-coffee-3"
GIFT = "house-gift-50"
"""Unlike coffee it is redeemed at any time of day."""


class NoPictures(Exception):
    """Something that the pictures need is not there; the text says what to do."""


@dataclass(frozen=True)
class Bought:
    order: str
    token: str

    def code_and_pin(self, stack: Stack) -> tuple[str, str]:
        """It has been looked at from then on."""
        path = f"/v1/orders/{self.order}/deliveries"
        [delivery] = HttpShop(stack.api_url, self.token).call("GET", path)["deliveries"]
        unit = delivery["units"][0]
        return unit["number"], unit["pin"] or ""


@dataclass(frozen=True)
class Camera:
    browser: Browser
    stack: Stack

    @contextmanager
    def visit(self, path: str, language: str, size: tuple[int, int]) -> Generator[Page]:
        width, height = size
        context = self.browser.new_context(
            locale=language,
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": height},
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(self.stack.edge_url + path)
        yield page
        context.close()

    @contextmanager
    def console(self, path: str, language: str, height: int = DESK[1]) -> Generator[Page]:
        with self.visit(f"/console{path}", language, (DESK[0], height)) as page:
            _enter(page, self.stack.keys["operator"])
            yield page

    def take(self, page: Page, name: str, whole: bool = False) -> None:
        """When all that it asked for is there, and nothing is loading any more."""
        page.wait_for_load_state("networkidle")
        for loading in (".el-skeleton", ".is-loading", "[aria-busy=true]"):
            page.locator(loading).first.wait_for(state="detached")
        page.mouse.move(0, 0)
        file = FOLDER / f"{name}.png"
        page.screenshot(path=file, full_page=whole, animations="disabled")
        _smaller(file)
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1024} KB")


def _enter(page: Page, key: str) -> None:
    """At the door of console or counter."""
    page.locator("input").first.fill(key)
    page.keyboard.press("Enter")
    page.locator("input[type=password]").wait_for(state="detached")


def _smaller(file: Path) -> None:
    """With a palette, which is enough for pages."""
    with Image.open(file) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


def bought(stack: Stack, sku: str) -> Bought:
    """One of it, as a visitor buys it in the shop. Raises NoPictures, Refused."""
    store = HttpShop(stack.api_url, stack.keys["publishable"]["site"])
    lines = [{"sku": sku, "quantity": 1}]
    body: dict[str, Any] = {"lines": lines, "contact": {"email": "buyer@example.com"}}
    order = store.call("POST", "/v1/orders", body, key=secrets.token_hex(8))
    path = f"/v1/orders/{order['id']}"
    payment = store.call("POST", f"{path}/payments", {"provider": "sandbox"}, key="pay")
    store.call("POST", f"/v1/sandbox/payments/{payment['id']}", {"outcome": "paid"})
    own = HttpShop(stack.api_url, order["access_token"])
    for _ in range(60):
        if own.call("GET", path)["state"] == "fulfilled":
            break
        time.sleep(1)
    else:
        raise NoPictures(f"the order {order['id']} is not delivered within a minute")
    return Bought(order["id"], order["access_token"])


def shop_pages(camera: Camera) -> None:
    with camera.visit("/", "zh-CN", PHONE) as page:
        page.get_by_role("button", name="不允许", exact=True).click()
        camera.take(page, "shop-zh")
        page.get_by_role("searchbox").fill(PRODUCT)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=PRODUCT).first.click()
        page.get_by_role("button", name="立即购买", exact=True).wait_for()
        camera.take(page, "product-zh")


def claim_page(camera: Camera, order: Bought) -> None:
    with camera.visit(f"/claim/{order.order}#{order.token}", "zh-CN", PHONE) as page:
        camera.take(page, "claim-zh", whole=True)


def counter_page(camera: Camera, gift: Bought) -> None:
    with camera.visit("/counter/", "en", PHONE) as page:
        _enter(page, camera.stack.keys["counter"])
        code, pin = gift.code_and_pin(camera.stack)
        page.get_by_label("Voucher code", exact=True).fill(code)
        page.get_by_label("PIN (if it has one)", exact=True).fill(pin)
        page.get_by_role("button", name="Check", exact=True).click()
        page.get_by_label("How much to take? (CNY)", exact=True).fill("18")
        page.get_by_role("button", name="Continue", exact=True).click()
        page.get_by_text("Takes ¥18.00").wait_for()
        page.get_by_role("button", name="Redeem", exact=True).first.click()
        page.get_by_role("button", name="Next", exact=True).wait_for()
        camera.take(page, "counter-done-en")


def console_pages(camera: Camera, order: Bought) -> None:
    with camera.console("/", "en", height=1000) as page:
        camera.take(page, "console-home-en")
    with camera.console(f"/orders/{order.order}", "en") as page:
        page.get_by_role("tab", name="Every yuan").click()
        camera.take(page, "timeline-en")
    for name in ("insights", "customers"):
        with camera.console(f"/{name}", "zh-CN") as page:
            camera.take(page, f"{name}-zh")


def _needs_chinese() -> None:
    """Raises NoPictures."""
    known = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)
    if not known.stdout.strip():
        raise NoPictures("no font here has Chinese: install one (on Debian `apt-get install fonts-wqy-microhei`)")


def main() -> None:
    try:
        stack = Stack.read()
        _needs_chinese()
        order, gift = bought(stack, COFFEE), bought(stack, GIFT)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
            camera = Camera(browser, stack)
            shop_pages(camera)
            claim_page(camera, order)
            console_pages(camera, order)
            counter_page(camera, gift)
            browser.close()
    except FileNotFoundError:
        sys.exit("no local shop: start one with `make run`")
    except (NoPictures, NoBrowser, Refused) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
