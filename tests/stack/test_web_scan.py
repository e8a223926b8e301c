"""The counter's camera, in a browser whose camera shows a buyer's QR code; and another issuer's cards, whatever their
issuer does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
import segno
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.stack.browser import Pages, inaccessible, overflows
from tests.stack.shop import Shop, Store, number
from tests.stack.test_issuers import Issuer
from tools.local.chromium import ARGUMENTS, chromium

WIDTH, HEIGHT, DOT = 640, 480, 6
TIMES = {"value": {"kind": "times", "times": 9}, "reversal_minutes": 30}

# A phone's own reader of codes, which Chromium on a desk has not: it finds the code at its third look. And a lamp.
NATIVE = """(() => {
  let looks = 0;
  globalThis.BarcodeDetector = class {
    static getSupportedFormats() { return Promise.resolve(['qr_code', 'code_128', 'ean_13']); }
    detect(video) { looks += 1; return Promise.resolve(looks > 3 && video.videoWidth ? [{rawValue: %r}] : []); }
  };
  globalThis.stopped = 0;
  const stop = MediaStreamTrack.prototype.stop;
  MediaStreamTrack.prototype.stop = function () { globalThis.stopped += 1; return stop.call(this); };
  MediaStreamTrack.prototype.getCapabilities = () => ({torch: true});
  MediaStreamTrack.prototype.applyConstraints = (wanted) => {
    globalThis.lamp = wanted.advanced[0].torch;
    return Promise.resolve();
  };
})()"""


def film(text: str, path: Path) -> None:
    """Two pictures of a QR code on grey, as raw video that Chromium takes for a camera's (YUV4MPEG2)."""
    rows = [[bool(dot) for dot in row] for row in segno.make(text, error="m").matrix_iter(scale=DOT, border=4)]
    grey = bytearray([150]) * (WIDTH * HEIGHT)
    top, left = (HEIGHT - len(rows)) // 2, (WIDTH - len(rows)) // 2
    for y, row in enumerate(rows):
        start = (top + y) * WIDTH + left
        grey[start : start + len(row)] = bytes(0 if dark else 235 for dark in row)
    frame = b"FRAME\n" + bytes(grey) + bytes([128]) * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 Ip A1:1 C420jpeg\n".encode() + frame * 2)


@dataclass(frozen=True)
class Held:
    """A voucher in a buyer's hand: what its QR code says."""

    text: str


@pytest.fixture(scope="module")
def held(shop: Shop, site: Store) -> Held:
    order, codes = site.buy(shop.sku(kind="voucher", voucher=TIMES))
    shop.secrets += codes
    path = f"/v1/orders/{order.id}/vouchers/0-0/qr?kind=static"
    return Held(site.wire.send("GET", path, credential=order.token).must()["text"])


@pytest.fixture(scope="module")
def browser(held: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """With a camera that sees what is held out to it, and nobody who has to allow it."""
    file = tmp_path_factory.mktemp("camera") / "held.y4m"
    film(held.text, file)
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    ]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, *camera])
        yield running
        running.close()


@pytest.fixture
def where(shop: Shop) -> str:
    store = number("S")
    shop.admin("PUT", f"/stores/{store}", {"name": f"Store {store}", "region": "shanghai", "version": 0}).must()
    return store


def at_the_till(page: Page, edge: str, shop: Shop, store: str) -> None:
    page.goto(f"{edge}/counter/")
    page.locator("input[type=password]").fill(shop.new_key("counter", stores=[store])["key"])
    page.locator("button[type=submit]").click()
    page.wait_for_selector(".scan-open")


def test_a_camera_reads_what_a_buyer_holds_out(pages: Pages, edge: str, shop: Shop, where: str, held: Held) -> None:
    page = pages("en")
    page.context.grant_permissions(["camera"], origin=edge)
    at_the_till(page, edge, shop, where)
    page.get_by_role("button", name="Scan").click()
    expect(page.locator(".check")).to_contain_text("Can be used")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".check").get_by_role("button", name="Redeem").click()
    expect(page.locator(".outcome")).to_contain_text("Redeemed")
    expect(page.locator(".outcome")).to_be_focused()
    assert held.text not in page.content()


def test_a_phones_own_reader_is_taken_where_there_is_one(
    pages: Pages, edge: str, shop: Shop, where: str, held: Held
) -> None:
    page = pages("zh-CN", dark=True)
    page.context.grant_permissions(["camera"], origin=edge)
    page.add_init_script(NATIVE % held.text)
    library: list[str] = []
    page.on("request", lambda request: library.append(request.url) if "/picture-" in request.url else None)
    at_the_till(page, edge, shop, where)
    page.get_by_role("button", name="扫码").click()
    expect(page.locator(".check")).to_contain_text("可以使用")
    assert library == []
    # The camera is let go with the sheet, also where nothing was found.
    page.locator(".check").get_by_role("button", name="返回").click()
    page.evaluate("() => { BarcodeDetector.prototype.detect = () => Promise.resolve([]) }")
    page.get_by_role("button", name="扫码").click()
    page.get_by_role("button", name="打开手电筒").click()
    expect(page.get_by_role("button", name="关闭手电筒")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("globalThis.lamp") is True
    assert inaccessible(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("globalThis.stopped") == 2


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_another_issuers_cards_are_used_once_whatever_is_heard(
    pages: Pages, edge: str, shop: Shop, site: Store, where: str, issuer: Issuer
) -> None:
    name = number("i")
    terms = {"issuer": name, "endpoint": issuer.url, "key_id": "shop-1", "version": 0}
    shop.admin("PUT", f"/issuers/{name}", terms).must()
    shop.admin("PUT", f"/issuers/{name}/credentials", {"secret": issuer.secret.reveal()}, number()).must()
    sku = shop.sku(issuer=name)
    shop.stock(sku, 3)
    _, (good, blocked, slow) = site.buy(sku, 3)
    issuer.blocked = blocked
    page = pages("en")
    at_the_till(page, edge, shop, where)
    page.get_by_role("button", name="Other cards").click()

    def confirm(card: str) -> None:
        page.get_by_role("radio", name=name, exact=True).check()
        page.get_by_role("textbox", name="Card number or code").fill(card)
        page.locator("main").get_by_role("button", name="Redeem").click()

    confirm(good)
    expect(page.locator(".outcome")).to_contain_text("Confirmed by the issuer")
    page.get_by_role("button", name="Next").click()
    confirm(good)
    expect(page.locator(".refusal")).to_contain_text("was used already")
    page.get_by_role("button", name="Next").click()
    confirm(blocked)
    expect(page.locator(".refusal")).to_contain_text("issuer refuses")
    assert inaccessible(page) == []
    page.get_by_role("button", name="Next").click()

    # Its issuer is silent, then the till hears nothing either: one use all the same.
    issuer.silent = True
    keys: set[str] = set()

    def lose(route: Route) -> None:
        keys.add(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    page.route(re.compile("/v1/issuers/.*/redemptions"), lose)
    confirm(slow)
    expect(page.locator(".refusal")).to_contain_text("Not known yet")
    page.unroute(re.compile("/v1/issuers/.*/redemptions"))
    page.get_by_role("button", name="Ask again").click()
    expect(page.get_by_role("heading", name="Waiting for the issuer")).to_be_visible()
    issuer.silent = False
    expect(page.locator(".outcome")).to_contain_text("Confirmed by the issuer")
    assert len(keys) == 1
    assert [one["number"] for one in issuer.heard].count(slow) == 1
    assert not overflows(page)
