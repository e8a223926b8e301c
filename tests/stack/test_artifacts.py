"""Every built function imports from its own artifact, the layer and what Lambda brings along, and from nothing else.

The local AWS runs functions on an interpreter that sees more packages than Lambda's: there, what an artifact lacks
would pass unnoticed.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tools.local.build import BUILT, BUILT_TEMPLATE
from tools.local.cloud import Cloud
from tools.local.layout import ROOT, environment
from tools.translate import load_template

# What the Lambda runtime has beside Python itself: boto3 and what boto3 needs.
RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")

# One interpreter per function, forked from one that has the shared layer (see `nursery.py`): most of the second and a
# half that each would take is what they all import. What its own room or its other layers lack is still missing.
IMPORT = """
import importlib, json, os, runpy, sys, traceback
from pathlib import Path
nursery, runtime, shared, functions = json.loads(sys.argv[1])
learn = runpy.run_path(nursery)["learn"]
sys.path.insert(0, runtime)
learn(Path(shared))
for handler, paths in functions.values():
    if os.fork():
        status = os.wait()[1]
        print(os.waitstatus_to_exitcode(status), flush=True)
        continue
    sys.path[:0] = [*paths, shared]
    module, _, name = handler.rpartition(".")
    try:
        assert callable(getattr(importlib.import_module(module), name))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
"""


ADAPTERS = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
from quanyi.payments.registry import KINDS
for kind in KINDS.values():
    importlib.import_module(kind.made_by.split(":")[0])
import boto3
assert "OpenSSL.SSL" not in sys.modules, "botocore loads pyOpenSSL where it finds it: a tenth of a cold start"
for library in ("stripe", "wechatpayv3", "alipay", "Cryptodome.PublicKey.RSA", "requests"):
    importlib.import_module(library)
"""

ENGINE = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from quanyi.analytics.engine import Engine
engine = Engine()
engine.read([])
assert engine.run("sales_daily", first="2026-01-01", last="2026-01-01").rows == []
loaded = engine.connection.execute("SELECT extension_name FROM duckdb_extensions() WHERE loaded").fetchall()
assert {("json",), ("parquet",)} <= {*loaded}, "nothing is fetched at run time"
"""


CHARTS = """
import json, sys, warnings
sys.path[:0] = json.loads(sys.argv[1])
warnings.simplefilter("error")
from datetime import date
from reports.digest import charts as digest_charts
day = [date(2026, 11, 26)]
for drawn in (
    digest_charts.trade(day, [1999], [400], "CNY"),
    digest_charts.shares([("site", 3), ("app", 1)], "CNY"),
    digest_charts.payments(day, [("wechat", [9900])]),
    digest_charts.delivery(day, [2], [90]),
):
    assert drawn.content.startswith(b"\\x89PNG")
"""

NURSERY = ROOT / "tools/local/nursery.py"

MOST_MEGABYTES = 250
"""Of a function and its layers, unpacked: Lambda's limit."""


@pytest.fixture(scope="session")
def runtime(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Lambda runtime's packages only. Asks for `cloud`, which has built the functions."""
    folder = tmp_path_factory.mktemp("runtime")
    packages = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    for name in RUNTIME:
        (folder / name).symlink_to(packages / name)
    return folder


def test_each_handler_imports_alone(runtime: Path) -> None:
    built = load_template(BUILT_TEMPLATE)
    functions = {
        name: (resource["Properties"]["Handler"], _paths(name, resource["Properties"]))
        for name, resource in built["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert functions
    told = json.dumps([str(NURSERY), str(runtime), str(BUILT / "SharedLayer/python"), functions])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT, told], env=environment(), capture_output=True, text=True, check=False
    )
    codes = done.stdout.split()
    failures = [name for name, code in zip(functions, codes, strict=True) if code != "0"]
    assert not failures, f"{failures}\n{done.stderr}"


def _paths(name: str, properties: dict[str, Any]) -> list[str]:
    """A function's own room and its layers but the shared one."""
    return [str(BUILT / name), *(str(BUILT / layer["Ref"] / "python") for layer in properties.get("Layers", []))]


def test_the_payment_providers_libraries_import_alone(runtime: Path) -> None:
    """They are imported on first use only, so that no handler's import would miss one."""
    paths = [str(BUILT / layer / "python") for layer in ("SharedLayer", "PaymentsLayer")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ADAPTERS, json.dumps([*paths, str(runtime)])],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr


def test_the_engine_of_analytics_runs_on_its_layer_alone(runtime: Path) -> None:
    paths = [*(str(BUILT / layer / "python") for layer in ("SharedLayer", "AnalyticsLayer")), str(runtime)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ENGINE, json.dumps(paths)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_charts_are_drawn_by_their_layer_alone(runtime: Path, tmp_path: Path) -> None:
    """In the layer's own typeface, without a word about one that is missing."""
    layers = (str(BUILT / layer / "python") for layer in ("SharedLayer", "ChartsLayer"))
    paths = [str(BUILT / "ReportsDigestFunction"), *layers, str(runtime)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CHARTS, json.dumps(paths)],
        env={**environment(), "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "findfont" not in done.stderr


def test_each_function_fits_with_its_layers(runtime: Path) -> None:
    """Built for this machine, which is a little larger than for Lambda's."""
    built = load_template(BUILT_TEMPLATE)["Resources"]
    too_large: list[str] = []
    for name, resource in built.items():
        if resource["Type"] == "AWS::Serverless::Function":
            layers = ["SharedLayer", *(layer["Ref"] for layer in resource["Properties"].get("Layers", []))]
            size = sum(_bytes(BUILT / folder) for folder in (name, *layers))
            too_large += [f"{name}: {size >> 20} MB"] if size > MOST_MEGABYTES << 20 else []
    assert too_large == []


@cache
def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
