"""The tasks of workflows that buy: of buyers' orders (`fulfill/workflow.asl.json`) and of purchases for stock
(`workflow.asl.json`). Ids in, an outcome out; never a secret, never personal data."""

from typing import Any

from quanyi.http import log
from reorder.buy import buy
from reorder.stocking import go_on, wait
from reorder.wiring import buying


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"v": 1, "task": "buy", "order": ..., "attempt": ...}`, or `"go_on"` or `"wait"` with `purchase`, `execution`
    and, to wait, `token`."""
    match event["task"]:
        case "buy":
            answer: dict[str, Any] = {**buy(buying(), str(event["order"]), int(event["attempt"]))}
        case "go_on":
            answer = {**go_on(buying(), str(event["purchase"]), int(event["execution"]))}
        case "wait":
            wait(buying(), str(event["purchase"]), int(event["execution"]), str(event["token"]))
            answer = {"v": 1, "outcome": "waiting"}
        case unknown:
            raise ValueError(f"no such task: {unknown}")
    named = {name: event[name] for name in ("task", "order", "purchase") if name in event}
    log().info("task", extra={**named, "outcome": answer["outcome"]})
    return answer
