"""`make nightly` calls the deployed function, and tells what it said."""

import io
import json
from typing import Any

import pytest

from tools.nightly import DIGEST, FUNCTION, NightFailed, compute


class FakeCloud:
    """Both clients."""

    def __init__(self, answer: dict[str, Any], error: str = "") -> None:
        self.answer, self.error, self.sent = answer, error, list[Any]()

    def describe_stack_resource(self, *, StackName: str, LogicalResourceId: str) -> Any:  # noqa: N803 - as AWS says it
        return {"StackResourceDetail": {"PhysicalResourceId": f"{StackName}-{LogicalResourceId}-1"}}

    def invoke(self, *, FunctionName: str, Payload: str) -> Any:  # noqa: N803
        self.sent.append((FunctionName, json.loads(Payload)))
        told = {"Payload": io.BytesIO(json.dumps(self.answer).encode())}
        return {**told, "FunctionError": self.error} if self.error else told


def test_a_day_is_asked_for_or_left_to_the_function() -> None:
    cloud = FakeCloud({"days": ["2026-11-25"], "new": 3, "compacted": 1})
    assert compute("shop", cloud, cloud, "2026-11-25")["new"] == 3
    compute("shop", cloud, cloud, None)
    compute("shop", cloud, cloud, None, DIGEST)
    name = f"shop-{FUNCTION}-1"
    assert cloud.sent == [(name, {"day": "2026-11-25"}), (name, {}), (f"shop-{DIGEST}-1", {})]


def test_a_failure_is_told() -> None:
    cloud = FakeCloud({"errorType": "Invalid", "errorMessage": "There is no day."}, error="Unhandled")
    with pytest.raises(NightFailed, match="There is no day"):
        compute("shop", cloud, cloud, "2026-02-30")
