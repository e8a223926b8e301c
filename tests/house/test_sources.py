"""Imports point inward, rooms do not know each other, nothing happens at import, names and sizes stay readable."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.sources import (
    ADAPTERS,
    INDOORS,
    LAYER,
    LONGEST,
    PROVIDERS,
    ROOT,
    Sources,
    eager,
    empty_names,
    foreign_imports,
    imports_between_rooms,
    outward_imports,
    rooms,
    sources,
    too_long,
)


def between_rooms(found: Sources) -> list[str]:
    return imports_between_rooms(found, rooms())


RULES: dict[str, tuple[Callable[[Sources], list[str]], dict[str, str]]] = {
    "only adapters know AWS and HTTP": (
        foreign_imports,
        {
            f"{LAYER}/cards/model.py": "import boto3",
            f"{LAYER}/orders/changes.py": "from botocore.exceptions import ClientError",
            f"{LAYER}/payments/receipt.py": "def f():\n    import urllib.request",
            f"{LAYER}/payments/port.py": "def f():\n    import stripe",
            f"{LAYER}/catalog/model.py": "def f():\n    import zen",
        },
    ),
    "rules know no adapter": (
        outward_imports,
        {
            f"{LAYER}/orders/changes.py": "from quanyi.table import Table",
            f"{LAYER}/orders/pricing.py": "from quanyi import aws",
            f"{LAYER}/payments/port.py": "from quanyi.payments.stripe.provider import Stripe",
            f"{LAYER}/channels/model.py": "from quanyi.orders.table import OrdersTable",
        },
    ),
    "rooms do not know each other": (
        between_rooms,
        {
            "functions/checkout/place.py": "from fulfill.wiring import works",
            f"{LAYER}/backlog.py": "import checkout.place",
        },
    ),
    "nothing happens at import": (
        eager,
        {
            "functions/checkout/place.py": "NOW = datetime.now(UTC)",
            "functions/checkout/pay.py": "def f(at=time.time()): ...",
            "functions/fulfill/tasks.py": "STAGE = os.environ['STAGE']",
            "functions/stock/sheet.py": "class A:\n    s3 = boto3.client('s3')",
            f"{LAYER}/ids.py": "SALT = secrets.token_bytes(4)",
            f"{LAYER}/http.py": "LOG = Logger()",
            "functions/desk/find.py": "settings = DeskSettings.read()",
        },
    ),
    "a module can be read in one sitting": (too_long, {"tools/x.py": "\n" * (LONGEST + 1)}),
    "a name says something": (
        empty_names,
        {"functions/checkout/utils.py": "", "tools/common/x.py": "", f"{LAYER}/x.py": "class CardManager: ..."},
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_holds(rule: str) -> None:
    broken_by, _ = RULES[rule]
    assert broken_by(sources()) == []


@pytest.mark.parametrize(
    ("rule", "path"),
    [pytest.param(rule, path, id=f"{rule}: {path}") for rule, (_, bad) in RULES.items() for path in bad],
)
def test_can_fail(rule: str, path: str) -> None:
    broken_by, examples = RULES[rule]
    known = dict.fromkeys(sources(), "")
    assert len(broken_by({**known, path: examples[path]})) >= 1


def test_the_exceptions_are_in_use() -> None:
    for path in ADAPTERS | INDOORS:
        assert (ROOT / LAYER / path).is_file(), f"{path} is gone: take it off the list"
    for path in PROVIDERS:
        assert (ROOT / LAYER / path).is_dir(), f"{path} is gone: take it off the list"


def test_every_module_imports_without_an_environment(tmp_path: Path) -> None:
    """Where `eager` does not see it: the whole code is imported where there are no variables, no region, no network."""
    modules = sorted(
        str(path.relative_to(base)).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for base in (ROOT / "functions", ROOT / "layers/shared")
        for path in base.rglob("*.py")
    )
    program = (
        "import importlib, socket, sys\n"
        "def no(*_): raise AssertionError('a connection at import')\n"
        "socket.socket.connect = no\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
    )
    path = os.pathsep.join([str(ROOT / "functions"), str(ROOT / "layers/shared")])
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *modules],
        env={"PYTHONPATH": path, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
