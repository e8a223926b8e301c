"""One deployed stack for all tests of this folder: template.yaml, unchanged, on a local AWS of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.books import Books
from tests.stack.deployed import Deployed
from tests.stack.provider import Provider
from tests.stack.psp import Psp
from tests.stack.psps import AlipayPsp, StripePsp, WechatPsp
from tests.stack.shop import Shop, Store, Wire
from tools.demo_providers import set_up
from tools.local.cloud import Cloud
from tools.local.deploy import deploy
from tools.local.keys import issue_operator_key
from tools.local.layout import Home
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
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    home = Home(tmp_path_factory.mktemp("cloud"))
    with Cloud(home) as running:
        deploy(running)
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
