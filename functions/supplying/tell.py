"""The queue of hints: orders that are over, of which one may be another shop's.

Each message stands alone; one that the shop did not take comes again by the queue. After some tries it is let go: the
shop asks by itself, too.
"""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from quanyi.http import log, place
from quanyi.metrics import count
from supplying.hints import hint, over
from supplying.wiring import hints

TRIES = 5


class Untold(Exception):
    """Nobody took it (yet): the message must come again."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS messages; answers those to be delivered again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(event["Records"], _one, lambda_context=context):
        processor.process()
    return dict(processor.response())


def _one(record: SQSRecord) -> None:
    order = None
    try:
        order = over(record.body)
        outcome = hint(hints(), order) if order else "nobody_asks"
    except Exception as fault:  # noqa: BLE001 - the next one may be right
        log().error("not told", extra={"order": order, "fault": type(fault).__name__, "at": place(fault)})
        raise Untold from None
    log().info("hint", extra={"order": order, "outcome": outcome})
    if outcome != "untold":
        return
    if int(record.attributes.approximate_receive_count) < TRIES:
        raise Untold
    count("HintGivenUp")
