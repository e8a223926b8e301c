"""A Chromium for tests and measurements: this machine's own, else one that an npm package of `web/` brings along."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tools.local.layout import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKED = ROOT / "web/node_modules/@sparticuz/chromium"
UNPACKED = ROOT / ".tools/chromium"
ARGUMENTS = (
    # Containers and root have no sandbox to give; what is opened are our own pages.
    "--no-sandbox",
    "--disable-dev-shm-usage",
)
_UNPACK = "import('@sparticuz/chromium').then(async ({default: it}) => console.log(await it.executablePath()))"


class NoBrowser(Exception):
    """There is none, and none could be unpacked; the text says what to do."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no Chromium: {why}. Install one (on Debian `apt-get install chromium`), or run `make web`")


@cache
def chromium() -> Path:
    """Raises NoBrowser."""
    if own := next(filter(None, map(shutil.which, NAMES)), None):
        return Path(own)
    if not PACKED.is_dir():
        raise NoBrowser("none of " + ", ".join(NAMES) + " is here, nor the npm package")
    UNPACKED.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [shutil.which("node", path=str(ROOT / ".venv/bin")) or "node", "--eval", _UNPACK],
        cwd=ROOT / "web",
        env={**os.environ, "TMPDIR": str(UNPACKED)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = Path(done.stdout.strip())
    if done.returncode or not found.is_file():
        raise NoBrowser("the npm package's cannot be unpacked: " + "".join(done.stderr.splitlines()[-1:]))
    return found
