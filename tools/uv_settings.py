"""Write uv's settings from pip's: `python tools/uv_settings.py .tools/uv.toml`. Only Python's standard library.

A machine that reaches its packages through a mirror, or trusts a certificate of its own, says so to pip; uv does not
read that.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path


def pip_settings() -> dict[str, str]:
    """What pip was told by its files and, stronger, by its environment variables."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, str] = {}
    # `pip config get` misses some of what `list` shows; a line is global.cert='/a/b' or :env:.cert='/a/b'.
    for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
        scope, _, rest = line.partition(".")
        name, _, value = rest.partition("=")
        if scope in {"global", "install", ":env:"}:
            found[name] = str(ast.literal_eval(value))
    return found


def settings() -> str:
    """The text of a uv.toml."""
    pip = pip_settings()
    lines = ["# written by tools/uv_settings.py from pip's settings"]
    if "cert" in pip:
        lines.append("system-certs = true")
    if "index-url" in pip:
        lines += ["[[index]]", f"url = {json.dumps(pip['index-url'])}", "default = true"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings())
