"""What functions print, as lines that a person can read."""

import json
import re
from typing import Any, cast

from tools.local.layout import STACK_NAME

_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:")
# Said by every line of powertools' Logger; what a person wants to see follows after them.
_ENVELOPE = {
    *("level", "location", "message", "timestamp", "service", "cold_start", "function_name", "function_memory_size"),
    *("function_arn", "function_request_id", "xray_trace_id", "exception", "exception_name", "stack_trace"),
}
_WIDTH = 22


def function_label(physical: str) -> str:
    """`quanyi-CheckoutNotifyFunction-94FA92E4` becomes `checkout-notify`, which is also what `make invoke` calls it."""
    logical = re.sub(r"-[0-9A-Fa-f]{6,}$", "", physical.removeprefix(f"{STACK_NAME}-")).removesuffix("Function")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", logical).lower()


def readable(line: str) -> str | None:
    """One line of a function log file as one line for the terminal (a traceback follows on lines of its own).

    None for lines that tell a person nothing: the platform's own, and metrics.
    """
    entry = json.loads(line)
    label, message = function_label(entry["function"]), str(entry["message"])
    if message.startswith(_PLATFORM):
        return None
    try:
        said = json.loads(message)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return f"{label:<{_WIDTH}} {message}"
    if "_aws" in said:
        return None
    return _from_logger(label, cast("dict[str, Any]", said))


def _from_logger(label: str, said: dict[str, Any]) -> str:
    moment = str(said.get("timestamp", ""))[11:19]
    rest = " ".join(f"{key}={_short(value)}" for key, value in said.items() if key not in _ENVELOPE)
    text = f"{moment} {label:<{_WIDTH}} {said.get('level', '-'):<7} {_short(said.get('message', ''))}"
    text = f"{text}  {rest}" if rest else text
    if exception := said.get("exception"):
        text += "\n" + "\n".join(f"    {line}" for line in str(exception).splitlines())
    return text


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
