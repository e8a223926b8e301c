"""`make audit`: which of the pinned packages have known vulnerabilities, as PyPI and npm's registry tell.

A registry that tells none (a mirror may not) is named, and is no failure: only what is known to be vulnerable is.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.local.layout import ROOT

PIP_AUDIT = ROOT / ".tools/audit/bin/pip-audit"
NPM = ROOT / ".venv/bin/npm"


class NotTold(Exception):
    """The registry told nothing about vulnerabilities; the text is its last word."""


def pinned(root: Path = ROOT) -> list[Path]:
    """Every file of pins, and none twice."""
    patterns = ("layers/*/requirements.txt", "functions/*/requirements.txt", "requirements/*.txt")
    return sorted(path for pattern in patterns for path in root.glob(pattern))


def of_pip(said: str, fault: str) -> Iterator[str]:
    """What `pip-audit --format json` found. Raises NotTold."""
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        raise NotTold(_last(fault)) from None
    for package in found["dependencies"]:
        for known in package.get("vulns", []):
            fixed = ", ".join(known["fix_versions"]) or "none yet"
            yield f"{package['name']} {package['version']}: {known['id']}, mended in {fixed}"


def of_npm(said: str, fault: str) -> Iterator[str]:
    """What `npm audit --json` found. Raises NotTold."""
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        raise NotTold(_last(fault)) from None
    if "vulnerabilities" not in found:
        raise NotTold(str(found.get("message") or _last(fault)))
    for name, known in found["vulnerabilities"].items():
        titles = {str(via["title"]) for via in known["via"] if not isinstance(via, str)}
        yield f"{name} {known['range']}: {known['severity']}, {'; '.join(sorted(titles)) or 'by what it needs'}"


def audited(what: str, found: Iterable[str]) -> bool:
    """Prints it; answers whether nothing is known to be vulnerable."""
    try:
        lines = list(found)
    except NotTold as silent:
        print(f"{what}: NOT AUDITED, the registry tells no advisories: {silent}")
        return True
    print(f"{what}: {len(lines) or 'no'} known vulnerabilities")
    for line in lines:
        print(f"  {line}")
    return not lines


def _last(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no answer")[:200]


def _run(*command: str | Path, cwd: Path = ROOT) -> tuple[str, str]:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


def main() -> int:
    clean = True
    for path in pinned():
        name = str(path.relative_to(ROOT))
        said = _run(PIP_AUDIT, "--disable-pip", "--require-hashes", "--format", "json", "--requirement", path)
        clean &= audited(name, of_pip(*said))
    for folder, kept in ((ROOT / "web", ("--omit=dev",)), (ROOT, ())):
        name = str((folder / "package-lock.json").relative_to(ROOT))
        clean &= audited(name, of_npm(*_run(NPM, "audit", "--json", *kept, cwd=folder)))
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
