"""The tasks of workflows that buy: of buyers' orders (`fulfill/workflow.asl.json`). Ids in, an outcome out; never a
secret, never personal data."""

from typing import Any

from quanyi.http import log
from reorder.buy import buy
from reorder.wiring import buying


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"v": 1, "task": "buy", "order": ..., "attempt": ...}`"""
    match event["task"]:
        case "buy":
            answer = {**buy(buying(), str(event["order"]), int(event["attempt"]))}
        case unknown:
            raise ValueError(f"no such task: {unknown}")
    log().info("task", extra={name: event[name] for name in ("task", "order") if name in event} | answer)
    return answer
