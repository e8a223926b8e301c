"""Reading a table's stream record by record: one that can't be handled must not stop the ones behind it.

A record that fails is logged by its place in the stream and sent to the dead-letter queue as keys only (its images may
hold what a queue must not); the rest of the batch goes on.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from json import dumps
from typing import Any, TypeVar

from quanyi.aws import FAULTS, client
from quanyi.change import Change
from quanyi.errors import Busy
from quanyi.http import log, place
from quanyi.table import from_wire

ReadT = TypeVar("ReadT")


def read_each(event: dict[str, Any], read: Callable[[Change], ReadT]) -> list[ReadT]:
    """What `read` makes of every record, for handlers that write a batch in one go. `read` itself writes nothing; a
    record that it can't read is parked in `DEAD_LETTER_QUEUE`, the others go on."""
    found: list[ReadT] = []
    for record in event["Records"]:
        try:
            found.append(read(change_of(record)))
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with it, the next one may be right
            _park(record, fault)
    return found


def change_of(record: dict[str, Any]) -> Change:
    """A stream record as Lambda hands it over."""
    told = record["dynamodb"]
    old, new = (from_wire(_without_bytes(told.get(image) or {})) for image in ("OldImage", "NewImage"))
    at = datetime.fromtimestamp(int(told["ApproximateCreationDateTime"]), UTC)
    return Change(sequence=told["SequenceNumber"], at=at, old=old, new=new)


def each_record(event: dict[str, Any], handle: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Handles the records in order. One failure is tried twice more at once, then parked in `DEAD_LETTER_QUEUE`.

    A fault of AWS is not the record's: it is raised, as is one of parking, and the whole batch comes again.
    """
    for record in event["Records"]:
        for attempt in range(3):
            try:
                handle(record)
                break
            except (Busy, *FAULTS):
                if attempt == 2:
                    raise
            except Exception as fault:  # noqa: BLE001 - parked below, or raised again by parking
                if attempt == 2:
                    _park(record, fault)
    return {"batchItemFailures": []}


def _park(record: dict[str, Any], fault: Exception) -> None:
    change = record["dynamodb"]
    log().error(
        "stream record parked",
        extra={"sequence": change.get("SequenceNumber"), "fault": type(fault).__name__, "at": place(fault)},
    )
    message = {
        "v": 1,
        "source": record.get("eventSourceARN"),
        "sequence": change.get("SequenceNumber"),
        "event": record.get("eventName"),
        "keys": change.get("Keys"),
        "fault": type(fault).__name__,
    }
    client("sqs").send_message(QueueUrl=os.environ["DEAD_LETTER_QUEUE"], MessageBody=dumps(message))


def _without_bytes(attributes: dict[str, Any]) -> dict[str, Any]:
    kept = {name: _kept(value) for name, value in attributes.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _kept(value: dict[str, Any]) -> dict[str, Any] | None:
    ((kind, inner),) = value.items()
    if kind in ("B", "BS"):
        return None
    if kind == "M":
        return {"M": _without_bytes(inner)}
    if kind == "L":
        return {"L": [kept for one in inner if (kept := _kept(one)) is not None]}
    return value
