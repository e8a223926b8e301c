"""Build template.yaml's functions for this machine's interpreter, which is the one that local functions run on."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import yaml

from tools import sam
from tools.local.layout import LOCAL, MINISTACK_PYTHON, PAGES_TEMPLATE, ROOT, SAM, TEMPLATE, UV, environment

BUILT = LOCAL / "build/artifacts"
BUILT_TEMPLATE = BUILT / "template.yaml"
PACKED_TEMPLATE = BUILT / "packed.json"
"""What is deployed: the same, in a form that SAM is quicker with. It reads YAML much slower than JSON, several times,
and takes twice as long to compress a layer."""
_ROOMS = LOCAL / "build/rooms"
_FINGERPRINT = LOCAL / "build/fingerprint"
_SOURCES = ("functions", "layers")
_UNBUILT = {"__pycache__", ".ruff_cache", ".DS_Store"}


class BuildFailed(Exception):
    """`sam build` said no; the text is what it said."""


@contextmanager
def building() -> Generator[None]:
    """One build, or one deployment from it, at a time on this checkout."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fingerprint() -> str:
    """Of everything that decides what is built and deployed: the templates and the sources, by name and content."""
    digest = hashlib.sha256()
    files = [TEMPLATE, PAGES_TEMPLATE]
    files += (path for folder in _SOURCES for path in sorted((ROOT / folder).rglob("*")))
    for path in files:
        if path.is_file() and not _UNBUILT.intersection(path.parts):
            digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def build() -> str:
    """Brings `BUILT` up to date and returns its fingerprint. Call it inside `building()`. Raises BuildFailed."""
    wanted = fingerprint()
    if PACKED_TEMPLATE.exists() and _FINGERPRINT.exists() and _FINGERPRINT.read_text() == wanted:
        return wanted
    _FINGERPRINT.unlink(missing_ok=True)
    cache = LOCAL / "build/cache"
    compile_rooms()
    run_sam("build", "--cached", "--build-dir", str(BUILT), "--cache-dir", str(cache), "--template-file", str(TEMPLATE))
    pack()
    _FINGERPRINT.write_text(wanted)
    return wanted


def compile_rooms() -> None:
    """Each room with its bytecode, once, for the functions that are made of it."""
    shutil.rmtree(_ROOMS, ignore_errors=True)
    shutil.copytree(ROOT / "functions", _ROOMS, ignore=shutil.ignore_patterns(*_UNBUILT))
    command = [str(MINISTACK_PYTHON), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(_ROOMS)]
    subprocess.run(command, env=environment(), check=True)


def pack() -> None:
    """Writes `PACKED_TEMPLATE`, and the layers that it names as archives."""
    template: dict[str, Any] = yaml.load(BUILT_TEMPLATE.read_text(), yaml.CSafeLoader)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = _packed(BUILT / name).name
    PACKED_TEMPLATE.write_text(json.dumps(template))


def _packed(folder: Path) -> Path:
    archive = folder.with_suffix(".zip")
    with ZipFile(archive, "w") as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            # Of no time, so that the same layer is the same archive, which is not sent again.
            entry = ZipInfo(str(path.relative_to(folder)))
            entry.external_attr = path.stat().st_mode << 16
            packed.writestr(entry, path.read_bytes(), ZIP_DEFLATED, compresslevel=1)
    return archive


def run_sam(*arguments: str, **changes: str) -> None:
    """Runs SAM quietly; its output is only in the BuildFailed that a failure raises."""
    env = environment(
        SAM_CLI_POLL_DELAY="0.3",
        BUILD_FOR="host",
        PYTHON=str(MINISTACK_PYTHON),
        UV_CONFIG_FILE=str(ROOT / ".tools/uv.toml"),
        INSTALL=f"{UV} pip install --quiet --python {MINISTACK_PYTHON}",
        COMPILED=str(_ROOMS),
        **sam.private_home(),
        **changes,
    )
    # samconfig.toml speaks of real accounts: nothing of it may apply here.
    no_settings = LOCAL / "sam/none.toml"
    no_settings.write_text("version = 0.1\n")
    command = [str(SAM), *arguments, "--config-file", str(no_settings)]
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).splitlines()
        # SAM puts a traceback around what it has to say; the line that says it starts with Error.
        said = [line for line in said if line.startswith("Error")] + said[-40:]
        raise BuildFailed("\n".join([f"`sam {arguments[0]}` failed:", *said]))
