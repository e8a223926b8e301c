"""The queue of orders that money went back of: an issued invoice of theirs may have to be reversed.

Each message stands alone: one that fails comes again by the queue, and in the end lies in the dead-letter queue.
"""

from json import loads
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from quanyi.events.model import RefundSucceeded
from quanyi.http import log
from receipts.issuing import flag
from receipts.wiring import receipts


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS messages, each a domain event as the bus sends it; answers those to be delivered again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(event["Records"], _one, lambda_context=context):
        processor.process()
    return dict(processor.response())


def _one(record: SQSRecord) -> None:
    message: dict[str, Any] = loads(record.body)
    if message["detail-type"] != RefundSucceeded.__name__:
        return
    order = RefundSucceeded.model_validate(message["detail"]).order
    invoice = flag(receipts(), order)
    log().info("invoice watched", extra={"order": order, "state": invoice.state if invoice else None})
