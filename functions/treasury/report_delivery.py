"""The queue of deliveries: domain events that a payment provider may have to hear of.

Each message stands alone: one that its provider did not take comes again by the queue, and in the end lies in the
dead-letter queue; it holds ids only.
"""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from quanyi.http import log, place
from treasury.deliveries import Unreported, due_of, report
from treasury.wiring import dispatch


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS messages; answers those to be delivered again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(event["Records"], _one, lambda_context=context):
        processor.process()
    return dict(processor.response())


def _one(record: SQSRecord) -> None:
    due = None
    try:
        due = due_of(record.body)
        outcome = report(dispatch(), *due) if due else "not_ours"
    except Exception as fault:  # noqa: BLE001 - the next one may be right
        order = due[0] if due else None
        log().error("delivery not reported", extra={"order": order, "fault": type(fault).__name__, "at": place(fault)})
        # Without what it said: the runtime prints a fault's text, and a library's may quote a credential.
        raise Unreported from None
    log().info("delivery", extra={"order": due[0] if due else None, "outcome": outcome})
