"""Run one built function on a sample event, under Lambda's own runtime and without a container.

    python -m tools.local.invoke checkout place-order      CheckoutFunction on events/checkout/place-order.json

The runtime interface emulator that SAM ships serves the event, the runtime interface client that Lambda's images hold
runs the handler, with the environment that the function has in the stack `make run` serves. Prints the answer; exits 1
when the function raised.
"""

import json
import os
import platform
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tools.local.build import BUILT, BuildFailed, build, building
from tools.local.layout import CREDENTIALS, ROOT, SAM, environment
from tools.local.ports import free_port
from tools.local.stack import Stack

EVENTS = ROOT / "events"
_PATH = "/2015-03-31/functions/function/invocations"


class NoSuchSample(Exception):
    """No function, or no event, of that name. Lists those there are."""


class RuntimeDied(Exception):
    """The function never answered: its process ended first, for instance because its module does not import."""


def logical_id(function: str) -> str:
    """`checkout-notify` names CheckoutNotifyFunction."""
    return "".join(part.capitalize() for part in function.split("-")) + "Function"


def sample(function: str, event: str) -> Path:
    """Raises NoSuchSample."""
    path = EVENTS / function / f"{event}.json"
    if not path.is_file():
        known = sorted(f"FN={found.parent.name} EVENT={found.stem}" for found in EVENTS.glob("*/*.json"))
        raise NoSuchSample("\n  ".join([f"no {path.relative_to(ROOT)}; there are:", *known]))
    return path


def invoke(name: str, configuration: dict[str, Any], endpoint: str, event: bytes) -> bytes:
    """The answer of the built function `name`, byte for byte. Raises RuntimeDied."""
    limit = float(configuration.get("Timeout", 15))
    with _serving(name, configuration, endpoint) as (url, process):
        deadline = time.monotonic() + limit + 30
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, data=event), timeout=limit + 30) as answer:
                    return answer.read()
            except (ConnectionError, urllib.error.URLError) as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeDied(f"{name} never answered: {error}") from error
            time.sleep(0.05)


@contextmanager
def _serving(
    name: str, configuration: dict[str, Any], endpoint: str
) -> Generator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The emulator with the function behind it, on ports of its own."""
    front, back = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    machine = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    emulator = next(SAM.parents[1].glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"))
    emulator.chmod(0o755)
    command = [
        str(emulator),
        "--log-level",
        "error",
        "--runtime-interface-emulator-address",
        front,
        "--runtime-api-address",
        back,
    ]
    command += [sys.executable, "-P", "-m", "awslambdaric", configuration["Handler"]]
    artifact = BUILT / name
    # Its imports are found in its artifact and its layers first, as in Lambda; boto3 and awslambdaric are ours.
    layers = [f"{layer}/python" for layer in sorted(BUILT.glob("*Layer"), reverse=True)]
    env = environment(
        **configuration.get("Environment", {}).get("Variables", {}),
        **CREDENTIALS,
        AWS_ENDPOINT_URL=endpoint,
        AWS_REGION=CREDENTIALS["AWS_DEFAULT_REGION"],
        AWS_LAMBDA_FUNCTION_NAME=configuration["FunctionName"],
        AWS_LAMBDA_FUNCTION_TIMEOUT=str(configuration.get("Timeout", 15)),
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(configuration.get("MemorySize", 128)),
        LAMBDA_TASK_ROOT=str(artifact),
        PYTHONPATH=os.pathsep.join([str(artifact), *layers]),
        PYTHONDONTWRITEBYTECODE="1",
    )
    process = subprocess.Popen(command, env=env, cwd=artifact, stdout=sys.stderr, stderr=sys.stderr)
    try:
        yield f"http://{front}{_PATH}", process
    finally:
        process.terminate()
        process.wait(10)


def _is_error(answer: bytes) -> bool:
    """Lambda's own form of an error; a handler's answer never has both keys."""
    try:
        said = json.loads(answer)
    except ValueError:
        return True
    return isinstance(said, dict) and {"errorMessage", "errorType"} <= set(said)  # pyright: ignore[reportUnknownArgumentType]


def main() -> None:
    function, event = sys.argv[1:3]
    try:
        path = sample(function, event)
        with building():
            build()
        stack = Stack.read()
        name = logical_id(function)
        configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.physical_id(name))
        answer = invoke(name, configuration, stack.aws_endpoint_url, path.read_bytes())
    except FileNotFoundError:
        sys.exit("no local stack: start one with `make run`, since the function needs its tables")
    except ClientError as error:
        sys.exit(f"{logical_id(function)} is not in the local stack: {error}")
    except (BuildFailed, NoSuchSample, RuntimeDied) as error:
        sys.exit(str(error))
    print(answer.decode())
    sys.exit(1 if _is_error(answer) else 0)


if __name__ == "__main__":
    main()
