"""Cards that arrived for waiting orders: a bad record is parked, a fault of AWS brings the whole batch again."""

from typing import Any

import pytest

from fulfill import serve as room
from quanyi.errors import Busy
from quanyi.table import to_wire
from tests.aws.conftest import Cloud, LambdaContext


@pytest.fixture
def parked(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Any:
    queue = cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE", queue)
    return lambda: cloud.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])


def record(**image: Any) -> dict[str, Any]:
    item = {"pk": "BACKLOG#a", "sk": "2026#O1#0-0", "order": "O1", "unit": "0-0", "channel": "site", **image}
    change = {"Keys": to_wire({"pk": item["pk"], "sk": item["sk"]}), "NewImage": to_wire(item), "SequenceNumber": "1"}
    return {"eventName": "MODIFY", "dynamodb": change, "eventSourceARN": "arn:aws:dynamodb:::table/orders"}


def test_a_record_that_cannot_be_read_is_parked_without_its_images(parked: Any) -> None:
    answer = room.handler({"Records": [record(card="SECRETISH")]}, LambdaContext())  # no attempt: not an entry
    assert answer == {"batchItemFailures": []}
    messages = parked()
    assert len(messages) == 1
    assert "SECRETISH" not in messages[0]["Body"]
    assert "BACKLOG#a" in messages[0]["Body"]


def test_an_entry_whose_order_is_gone_is_passed_over(parked: Any) -> None:
    room.handler({"Records": [record(card="c", attempt=1)]}, LambdaContext())
    assert parked() == []


def test_a_fault_of_aws_brings_the_batch_again(parked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def throttled(*_: Any) -> None:
        tries.append(1)
        raise Busy("throttled")

    monkeypatch.setattr(room, "serve", throttled)
    with pytest.raises(Busy):
        room.handler({"Records": [record(card="c", attempt=1)]}, LambdaContext())
    assert len(tries) == 3
    assert parked() == []
