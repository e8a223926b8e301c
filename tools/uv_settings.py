"""Write uv's settings from pip's: `python tools/uv_settings.py .tools/uv.toml`. Only Python's standard library.

A machine that reaches its packages through a mirror, or trusts a certificate of its own, says so to pip; uv does not
read that.
"""

import json
import subprocess
import sys
from pathlib import Path


def pip_setting(name: str) -> str:
    """What pip was told by its files or its environment variables; empty for nothing."""
    for scope in ("global", ":env:"):
        asked = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", f"{scope}.{name}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0:
            return asked.stdout.strip()
    return ""


def settings() -> str:
    """The text of a uv.toml."""
    lines = ["# written by tools/uv_settings.py from pip's settings"]
    if pip_setting("cert"):
        lines.append("system-certs = true")
    if index := pip_setting("index-url"):
        lines += ["[[index]]", f"url = {json.dumps(index)}", "default = true"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings())
