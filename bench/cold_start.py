"""What a cold start imports: the built checkout function, against the least that any function with boto3 pays."""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from bench.report import Figure, table
from tools.local.build import BUILT, build, building
from tools.local.layout import CREDENTIALS, MINISTACK_PYTHON, environment

MOST = 1.7
ROUNDS = 21
FUNCTION, LAYERS = "CheckoutFunction", ("SharedLayer", "PaymentsLayer")

_CLOCK = "import json, time\nwall, work = time.perf_counter(), time.process_time()\n"
_TOLD = "\nprint(json.dumps([time.perf_counter() - wall, time.process_time() - work]))"
HANDLER = f"{_CLOCK}import checkout.orders{_TOLD}"
BARE = f"{_CLOCK}import boto3\nboto3.client('dynamodb'){_TOLD}"


def measure() -> Figure:
    with tempfile.TemporaryDirectory(prefix="quanyi-bench-") as name:
        folder = Path(name)
        with building():  # whoever builds next must not change what is measured
            build()
            for part in (FUNCTION, *LAYERS):
                shutil.copytree(BUILT / part, folder / part)
        return _measured(folder)


def _measured(folder: Path) -> Figure:
    handler: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    for script in (HANDLER, BARE):
        _run(folder, script)  # the files are then in the machine's cache for both
    for _ in range(ROUNDS):
        handler.append(_run(folder, HANDLER))
        bare.append(_run(folder, BARE))
    wall, work = (statistics.median(t[i] for t in handler) / statistics.median(t[i] for t in bare) for i in (0, 1))
    rows = [_row("the checkout handler", handler), _row("`import boto3` and one client", bare)]
    rows.append(["ratio", f"{wall:.2f}", f"{work:.2f}"])
    size = _megabytes(folder)
    return Figure(
        name="cold-start",
        title="Cold import of the checkout handler ÷ `import boto3` + one client",
        aim=f"≤ {MOST}",
        seen=f"{wall:.2f}",
        reached=wall <= MOST,
        how=(
            f"The artifacts of `sam build` (for this machine, bytecode compiled), each import in a "
            f"fresh interpreter of "
            f"the version they were built for, {ROUNDS} times in turn; medians, time inside the interpreter. The "
            "handler's import makes no client; it does import boto3."
        ),
        body=f"{table(['', 'wall ms (median)', 'processor ms (median)'], rows)}\n\n"
        f"Function and layers as built: {size:.0f} MB.",
    )


def _row(name: str, times: list[tuple[float, float]]) -> list[object]:
    return [name, *(f"{statistics.median(t[i] for t in times) * 1000:.0f}" for i in (0, 1))]


def _run(folder: Path, script: str) -> tuple[float, float]:
    """Seconds by the wall and of the processor."""
    artifact = folder / FUNCTION
    path = os.pathsep.join([str(artifact), *(str(folder / layer / "python") for layer in LAYERS)])
    env = environment(PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1", POWERTOOLS_SERVICE_NAME="bench", **CREDENTIALS)
    command = [str(MINISTACK_PYTHON), "-P", "-c", script]
    done = subprocess.run(command, env=env, cwd=artifact, capture_output=True, text=True, check=True)
    wall, work = json.loads(done.stdout)
    return wall, work


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
