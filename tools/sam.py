"""`python -m tools.sam build ...` runs the pinned SAM with a home of its own."""

import json
import os
import sys
import time

from tools.local.layout import LOCAL, SAM


def private_home() -> dict[str, str]:
    """Environment variables that keep SAM from the user's own settings, from telemetry and from looking for updates."""
    home = LOCAL / "sam"
    home.mkdir(parents=True, exist_ok=True)
    settings = {"telemetryEnabled": False, "lastVersionCheck": time.time()}
    # Another SAM may be reading it.
    draft = home / f"metadata.{os.getpid()}"
    draft.write_text(json.dumps(settings))
    draft.replace(home / "metadata.json")
    return {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(home)}


def main() -> None:
    os.execve(SAM, [str(SAM), *sys.argv[1:]], os.environ | private_home())  # noqa: S606


if __name__ == "__main__":
    main()
