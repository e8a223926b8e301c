"""The local suppliers in one process, on 127.0.0.1, until SIGTERM or Ctrl-C.

    python -m tools.local.suppliers [--port-base N] [--seed N] [--parent PID]

Its one line of output is JSON, by protocol: `url`, and `access`, which is what a merchant enters to buy from it. What
goes wrong there is switched on by `POST <url>/_control/on` with `{"fault": "cut_after", "share": 0.2}`.
"""

import argparse
import os
import signal
import sys
import threading
from json import dumps

from tools.local.suppliers.together import Suppliers


def main() -> None:
    parser = argparse.ArgumentParser(description="The local suppliers, until stopped")
    parser.add_argument("--port-base", type=int, default=0, help="the first of their ports; default: any free ones")
    parser.add_argument("--seed", type=int, default=0, help="what goes wrong follows from it")
    parser.add_argument("--parent", type=int, help="stop when this process, which started us, is gone")
    asked = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: over.set())
    try:
        suppliers = Suppliers(asked.port_base, asked.seed).start()
    except OSError as error:
        sys.exit(f"the local suppliers could not start: {error}")
    print(dumps(suppliers.told()), flush=True)
    while not over.wait(1.0 if asked.parent else None):
        if os.getppid() != asked.parent:
            break
    suppliers.stop()


if __name__ == "__main__":
    main()
