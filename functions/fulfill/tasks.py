"""The tasks of the workflow (`workflow.asl.json`). Ids in, an outcome out; never a secret, never personal data."""

from typing import Any

from fulfill.fulfil import fulfil
from fulfill.refund import send_refunds
from fulfill.wait import wait
from fulfill.wiring import works
from quanyi.http import log


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"v": 1, "task": "fulfil" | "refund" | "wait", "order": ..., "attempt": ..., "token": ...}`"""
    order, attempt = str(event["order"]), int(event["attempt"])
    match event["task"]:
        case "fulfil":
            answer: dict[str, Any] = {**fulfil(works(), order, attempt)}
        case "refund":
            answer = {**send_refunds(works(), order, attempt)}
        case "wait":
            wait(works(), order, attempt, event["token"])
            answer = {"v": 1, "outcome": "waiting"}
        case unknown:
            raise ValueError(f"no such task: {unknown}")
    log().info("task", extra={"task": event["task"], "order": order, "attempt": attempt, "outcome": answer["outcome"]})
    return answer
