"""What payment providers cost a cold start that does not need them: nothing of theirs is imported before its first
use."""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.report import Figure, table
from tools.local.build import BUILT, build, building
from tools.local.layout import CREDENTIALS, MINISTACK_PYTHON, environment

MOST = 1.05
ROUNDS = 31
SHARED, PAYMENTS = "SharedLayer", "PaymentsLayer"
MODULES = {"checkout.notify": "CheckoutNotifyFunction", "checkout.orders": "CheckoutFunction"}
LIBRARIES = ("stripe", "wechatpayv3", "alipay", "Cryptodome", "requests")

_SCRIPT = """
import json, sys, time
wall, work = time.perf_counter(), time.process_time()
import {module}
took = [time.perf_counter() - wall, time.process_time() - work]
print(json.dumps([*took, [name for name in {libraries} if name in sys.modules]]))
"""


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="quanyi-bench-") as name:
        folder = Path(name)
        with building():  # whoever builds next must not change what is measured
            build()
            for part in (*MODULES.values(), SHARED, PAYMENTS):
                shutil.copytree(BUILT / part, folder / part)
        seen = {module: _ratio(folder, module) for module in MODULES}
    worst = max(ratio for ratio, _ in seen.values())
    rows = [row for _, rows in seen.values() for row in rows]
    return Figure(
        name="lazy-import",
        title="Cold import of checkout with all providers' libraries installed ÷ without them",
        aim=f"≤ {MOST}",
        seen=f"{worst:.3f}",
        reached=worst <= MOST,
        how=(
            "The artifacts of `sam build` (for this machine, bytecode compiled), each import in a fresh interpreter of "
            f"the version they were built for, {ROUNDS} times with the layer of the providers' libraries behind the "
            "shared one and as often without it, in turn; the median of the paired ratios of processor time, the worse "
            "of both handlers. None of the libraries is in `sys.modules` afterwards: that is checked each time."
        ),
        body=table(["", "wall ms (median)", "processor ms (median)"], rows),
    )


def _ratio(folder: Path, module: str) -> tuple[float, list[list[object]]]:
    """Of processor time, and the rows that tell of it."""
    layers = {"with": (SHARED, PAYMENTS), "without": (SHARED,)}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in layers}
    for which in layers.values():
        _run(folder, module, which)  # the files are then in the machine's cache for both
    for number in range(ROUNDS):
        for name in sorted(layers, reverse=bool(number % 2)):
            times[name].append(_run(folder, module, layers[name]))
    pairs = list(zip(times["with"], times["without"], strict=True))
    wall, work = (statistics.median(a[i] / b[i] for a, b in pairs) for i in (0, 1))
    rows: list[list[object]] = [
        [f"`{module}` {name}", *(f"{statistics.median(t[i] for t in times[name]) * 1000:.0f}" for i in (0, 1))]
        for name in layers
    ]
    return work, [*rows, ["ratio (median of pairs)", f"{wall:.3f}", f"{work:.3f}"]]


def _run(folder: Path, module: str, layers: Sequence[str]) -> tuple[float, float]:
    """Seconds by the wall and of the processor."""
    artifact = folder / MODULES[module]
    path = os.pathsep.join([str(artifact), *(str(folder / layer / "python") for layer in layers)])
    env = environment(PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1", POWERTOOLS_SERVICE_NAME="bench", **CREDENTIALS)
    script = _SCRIPT.format(module=module, libraries=LIBRARIES)
    command = [str(MINISTACK_PYTHON), "-P", "-c", script]
    done = subprocess.run(command, env=env, cwd=artifact, capture_output=True, text=True, check=True)
    wall, work, loaded = json.loads(done.stdout)
    assert not loaded, f"{module} imports {loaded}"
    return wall, work
