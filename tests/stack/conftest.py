"""One deployed stack for all tests of this folder: template.yaml, unchanged and whole, with the pages' own stack, on a
local AWS of its own."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.stack.books import Books
from tests.stack.browser import Pages
from tests.stack.deployed import Deployed
from tests.stack.provider import Provider
from tests.stack.psp import Psp
from tests.stack.psps import AlipayPsp, StripePsp, WechatPsp
from tests.stack.shop import Shop, Store, Wire
from tools.demo_providers import set_up
from tools.local.chromium import ARGUMENTS, NoBrowser, chromium
from tools.local.cloud import Cloud
from tools.local.deploy import deploy, links_to
from tools.local.edge.pages import BUILT
from tools.local.edge.server import CHANNEL, Edge
from tools.local.keys import issue_operator_key
from tools.local.layout import Home
from tools.local.ports import free_port
from tools.local.providers.together import Providers
from tools.local.stack import Stack
from tools.shop_client import HttpShop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`test_secrets.py` searches what all the others left behind, so it comes last; before it `test_risk.py`, whose
    policies the others are spared. Whichever comes first builds and deploys, on cores that may be busy."""
    late = ["test_risk.py", "test_secrets.py"]
    items.sort(key=lambda item: late.index(item.path.name) if item.path.name in late else -1)
    for item in items:
        item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def edge_url() -> str:
    """Where `edge` will be: known before the deployment, so that links in mails lead there."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, edge_url: str) -> Iterator[Cloud]:
    home = Home(tmp_path_factory.mktemp("cloud"))
    with Cloud(home) as running:
        deploy(running, {**links_to(edge_url), "WebPages": "yes"})
        yield running
    # What the interpreters of functions ran, which pytest would keep for three runs.
    shutil.rmtree(home.scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def stack(cloud: Cloud) -> Stack:
    """A shop with one operator key (`stack.keys["operator"]`) and nothing to sell yet.

    Shared by all tests, so each opens channels and products of its own and counts on no table being empty.
    """
    bare = Stack.of(cloud, keys={})
    return Stack.of(cloud, keys={"operator": issue_operator_key(bare)})


@pytest.fixture(scope="session")
def function_log(cloud: Cloud) -> Path:
    """JSON lines `{"function": ..., "message": ...}`: every line that a function printed so far."""
    return cloud.home.function_log


@pytest.fixture(scope="session")
def shop(stack: Stack) -> Shop:
    """The shop as its operator sees it. It remembers every secret that came into stock, for `test_secrets.py`."""
    return Shop(Wire(stack.api_url), stack.keys["operator"])


@pytest.fixture(scope="session")
def site(shop: Shop) -> Store:
    """A channel for tests that need nothing special of one."""
    return shop.channel()


@pytest.fixture(scope="session")
def books(stack: Stack) -> Books:
    return Books(stack)


@pytest.fixture(scope="session")
def provider(stack: Stack) -> Provider:
    return Provider.of(stack)


@pytest.fixture(scope="session")
def psps(stack: Stack) -> Iterator[dict[str, Psp]]:
    """The real providers' stand-ins by name, set up as a merchant does it."""
    servers = Providers().start()
    found = (AlipayPsp(servers.alipay), WechatPsp(servers.wechat), StripePsp(servers.stripe))
    shop = HttpShop(stack.api_url, stack.keys["operator"])
    for psp in found:
        notify_url = set_up(shop, psp.name, psp.access())
        if psp.name == "stripe":
            servers.stripe.webhook(notify_url)
    yield {psp.name: psp for psp in found}
    servers.stop()


@pytest.fixture(params=["alipay", "wechat", "stripe"])
def psp(request: pytest.FixtureRequest, psps: dict[str, Psp]) -> Psp:
    """Each of them in turn."""
    return psps[request.param]


@pytest.fixture(scope="session")
def deployed(stack: Stack) -> Deployed:
    return Deployed(stack)


@pytest.fixture(scope="session")
def edge(stack: Stack, shop: Shop, edge_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of the built pages and of the deployed API, whose shop sells in the channel `site`."""
    if not BUILT.is_dir():
        pytest.fail("the pages are not built: `make web` does it")
    shop.admin("POST", "/channels", {"id": CHANNEL, "name": "Site", "kind": "site"}, key="edge-channel").must()
    key = shop.new_key("publishable", CHANNEL)["key"]
    file = tmp_path_factory.mktemp("edge") / "stack.json"
    replace(stack, keys={**stack.keys, "publishable": {CHANNEL: key}}, edge_url=edge_url).write(file)
    with Edge(int(edge_url.rpartition(":")[2]), file) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield edge_url
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for longer than a module: while it is there, no other test could run an event loop.
    try:
        path = chromium()
    except NoBrowser as none:
        pytest.fail(str(none))
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        yield running
        running.close()


@pytest.fixture
def pages(browser: Browser, edge: str) -> Iterator[Pages]:
    """`pages(language="zh-CN", phone=True, dark=False)` opens a new visit. The test fails for whatever any of its pages
    logged as an error, threw, or was kept from by its policy."""
    opened = Pages(browser, edge)
    yield opened
    opened.close()
    assert opened.faults == []
