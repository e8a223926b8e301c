"""All three local payment providers in one process, on 127.0.0.1, until SIGTERM or Ctrl-C.

    python -m tools.local.providers [--port-base N] [--parent PID]

Its one line of output is JSON, by provider: `url`, and `access`, which is what a merchant enters to be paid through it.
"""

import argparse
import os
import signal
import sys
import threading
from json import dumps

from tools.local.providers.together import Providers


def main() -> None:
    parser = argparse.ArgumentParser(description="The local payment providers, until stopped")
    parser.add_argument("--port-base", type=int, default=0, help="the first of three ports; default: any free ones")
    parser.add_argument("--parent", type=int, help="stop when this process, which started us, is gone")
    asked = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: over.set())
    try:
        providers = Providers(asked.port_base).start()
    except OSError as error:
        sys.exit(f"the local payment providers could not start: {error}")
    print(dumps(providers.told()), flush=True)
    while not over.wait(1.0 if asked.parent else None):
        if os.getppid() != asked.parent:
            break
    providers.stop()


if __name__ == "__main__":
    main()
