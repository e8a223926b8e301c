"""The queue of purchases that are over: what one was charged, or refused for its price, tells what its offer costs now.

Each message stands alone; one that fails comes again by the queue, and after some tries lies in the dead-letter queue.
"""

from json import loads
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from quanyi.http import log, place
from suppliers.correcting import correct
from suppliers.wiring import room


class NotCorrected(Exception):
    """The message must come again."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS messages; answers those to be delivered again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(event["Records"], _one, lambda_context=context):
        processor.process()
    return dict(processor.response())


def _one(record: SQSRecord) -> None:
    try:
        message: dict[str, Any] = loads(record.body)
        outcome = correct(room(), message["detail-type"], message["detail"])
    except Exception as fault:  # noqa: BLE001 - the next one may be right
        log().error("price not seen to", extra={"fault": type(fault).__name__, "at": place(fault)})
        raise NotCorrected from None
    log().info("price seen to", extra={"outcome": outcome})
