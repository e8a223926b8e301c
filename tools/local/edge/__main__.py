"""The edge in a process of its own, on 127.0.0.1, until SIGTERM or Ctrl-C.

    python -m tools.local.edge [--port-base N] [--stack FILE] [--parent PID]

Its one line of output is JSON: `{"edge": {"url": ...}}`.
"""

import argparse
import os
import signal
import sys
import threading
from json import dumps
from pathlib import Path

from tools.local.edge.server import Edge
from tools.local.stack import STACK_FILE


def main() -> None:
    parser = argparse.ArgumentParser(description="The pages and the API on one origin, until stopped")
    parser.add_argument("--port-base", type=int, default=0, help="default: any free one")
    parser.add_argument("--stack", type=Path, default=STACK_FILE, help="which shop; default: that of `make run`")
    parser.add_argument("--parent", type=int, help="stop when this process, which started us, is gone")
    asked = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: over.set())
    try:
        edge = Edge(asked.port_base, asked.stack)
    except OSError as error:
        sys.exit(f"the local edge could not start: {error}")
    threading.Thread(target=edge.serve_forever, daemon=True).start()
    print(dumps({"edge": {"url": edge.url}}), flush=True)
    while not over.wait(1.0 if asked.parent else None):
        if os.getppid() != asked.parent:
            break
    edge.shutdown()


if __name__ == "__main__":
    main()
