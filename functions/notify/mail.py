"""The mail queue: domain events that a buyer or the shop's people hear of, and mails that a person asked for.

Each message stands alone: one that fails comes again by the queue, and in the end lies in the dead-letter queue; it
holds ids only.
"""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from notify.due import due_of
from notify.sending import send
from notify.wiring import post
from quanyi.http import log, place


class NotSent(Exception):
    """Says nothing more: the runtime prints a fault's text, and an SES fault's text quotes the address."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS messages; answers those to be delivered again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(event["Records"], _one, lambda_context=context):
        processor.process()
    return dict(processor.response())


def _one(record: SQSRecord) -> None:
    try:
        due = due_of(record.body)
        outcome = send(post(), due) if due else "not ours"
    except Exception as fault:  # noqa: BLE001 - the next one may be right
        log().error("mail not sent", extra={"fault": type(fault).__name__, "at": place(fault)})
        raise NotSent from None
    told = {"about": due.about, "kind": due.kind, "occasion": due.occasion} if due else {}
    log().info("mail", extra={**told, "outcome": outcome})
