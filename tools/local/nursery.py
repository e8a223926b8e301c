"""A Python that has imported the shared layer already, and forks the interpreters of functions.

    python tools/local/nursery.py CONTROL LAYER     (MiniStack's own interpreter; `ministack_shim.py` starts it)

Of the CPU second and a half that a function takes to start, nine tenths are imports that all functions have in common.
An interpreter forked from here has them, and shares their memory. It is a process of its own like any other: its
environment, working folder, search path and random numbers are nobody else's, and what its own room adds is imported by
it alone.

CONTROL is a socket's file descriptor. A message is JSON `{"script": ..., "cwd": ..., "env": {...}}` with four file
descriptors: stdin, stdout, stderr, and the end of a pipe that is open for as long as the interpreter lives. The answer
is its process id. When the other side is gone, so is the nursery; interpreters end with their stdin.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LARGEST = 1 << 20
"""Bytes of a message: an environment, mostly."""


def main() -> None:
    control, layer = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    learn(layer / "python")
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for them
    while True:
        message, given, *_ = socket.recv_fds(control, LARGEST, 4)
        if not message:
            return
        child = os.fork()
        if not child:
            break
        for descriptor in given:
            os.close(descriptor)
        control.send(str(child).encode())
    control.close()
    be(json.loads(message), given)


def learn(packages: Path) -> None:
    """Imports what functions import: boto3, which the runtime brings along, and the layer with its libraries. A module
    that asks for another layer is left to the functions that have it."""
    for name in ("boto3", "botocore.handlers"):
        importlib.import_module(name)
    sys.path.insert(0, str(packages))
    for path in sorted((packages / "quanyi").rglob("*.py")):
        name = ".".join(path.relative_to(packages).with_suffix("").parts).removesuffix(".__init__")
        with suppress(ImportError):
            importlib.import_module(name)
    sys.path.remove(str(packages))


def be(wanted: dict[str, str | dict[str, str]], given: Sequence[int]) -> None:
    """What `python SCRIPT` would be, started with these streams, there and with this environment."""
    script, cwd, env = wanted["script"], wanted["cwd"], wanted["env"]
    assert isinstance(script, str)
    assert isinstance(cwd, str)
    assert isinstance(env, dict)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, life = given
    for at, descriptor in enumerate(streams):
        os.dup2(descriptor, at)
        os.close(descriptor)
    os.set_inheritable(life, False)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
