"""SAM's own local runs, in containers: the functions built for the image that the container engine has."""

import os
import platform
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import sam
from tools.local.layout import LOCAL, REGION, ROOT, SAM, TEMPLATE, environment
from tools.local.ports import free_port

ENGINE = ROOT / ".tools/engine"
FOLDER = LOCAL / "sam-local"
BUILT = FOLDER / "build"
# The one difference from what is deployed: the machine that runs the test, and the Python of the image it can make.
OVERRIDES = {"python3.13": "python3.11", "arm64": "x86_64"}
WHEELS = "--python-version 3.11 --implementation cp --only-binary=:all: " + " ".join(
    f"--platform {name}_x86_64" for name in ("manylinux2014", "manylinux_2_28")
)

Sam = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def engine() -> Iterator[dict[str, str]]:
    """Environment variables that lead to a container engine. One that is running is taken; else ours is started."""
    if platform.machine() != "x86_64":
        pytest.skip("the image is made for x86_64")
    if os.environ.get("DOCKER_HOST") or Path("/var/run/docker.sock").exists():
        yield {}
        return
    if os.geteuid() != 0:
        pytest.skip("no container engine, and making one needs root")
    up = subprocess.run(
        [str(ROOT / "tools/container-engine-up"), str(ENGINE)],
        env=os.environ | {"PYTHON": str(ROOT / ".tools/uv/bin/python")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    name, _, value = up.stdout.removeprefix("export ").strip().partition("=")
    yield {name: value}
    os.kill(int((ENGINE / "engine.pid").read_text()), signal.SIGTERM)


@pytest.fixture(scope="session")
def sam_environment(engine: dict[str, str]) -> dict[str, str]:
    return environment(
        **engine,
        **sam.private_home(),
        BUILD_FOR="lambda",
        LAMBDA_WHEELS=WHEELS,
        TARGET_PYTHON="python3.11",
        PYTHON=str(ROOT / ".tools/uv/bin/python"),
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="none",
        AWS_SECRET_ACCESS_KEY="none",
    )


@pytest.fixture(scope="session")
def built(sam_environment: dict[str, str]) -> Path:
    """The built template."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = TEMPLATE.read_text()
    for ours, theirs in OVERRIDES.items():
        text = text.replace(ours, theirs)
    changed = FOLDER / "template.yaml"
    changed.write_text(text)
    command = [str(SAM), "build", "--template-file", str(changed), "--base-dir", str(ROOT), "--build-dir", str(BUILT)]
    command += ["--cached", "--cache-dir", str(FOLDER / "cache")]
    done = subprocess.run(command, cwd=FOLDER, env=sam_environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, shlex.join(command) + done.stdout[-3000:] + done.stderr[-3000:]
    return BUILT / "template.yaml"


@pytest.fixture(scope="session")
def invoke(built: Path, sam_environment: dict[str, str]) -> Sam:
    """`invoke(logical_id, event)` as `sam local invoke` does it; the answer is on standard output."""

    def run(logical_id: str, event: str) -> "subprocess.CompletedProcess[str]":
        command = [str(SAM), "local", "invoke", logical_id, "--template-file", str(built), "--event", "-"]
        command += ["--skip-pull-image", "--layer-cache-basedir", str(FOLDER / "layers")]
        return subprocess.run(
            command, cwd=FOLDER, env=sam_environment, input=event, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="session")
def api_log() -> Path:
    """What `sam local start-api` wrote so far."""
    return FOLDER / "start-api.log"


@pytest.fixture(scope="session")
def api_url(built: Path, sam_environment: dict[str, str], api_log: Path) -> Iterator[str]:
    """Where `sam local start-api` answers."""
    port = free_port()
    command = [str(SAM), "local", "start-api", "--template-file", str(built), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--skip-pull-image", "--warm-containers", "LAZY"]
    command += ["--layer-cache-basedir", str(FOLDER / "layers")]
    with api_log.open("w") as log:
        process = subprocess.Popen(command, cwd=FOLDER, env=sam_environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while not _answers(url):
            assert process.poll() is None, api_log.read_text()[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


if sys.platform != "linux":
    pytest.skip("the container engine is Linux's", allow_module_level=True)
