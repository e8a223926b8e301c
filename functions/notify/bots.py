"""The bots' queue: domain events that bots tell of.

An event is first noted for every bot that tells of it, then each of these bots tells what waits for it: what comes in a
burst is told together. An event that a bot could not tell comes again by the queue, when it makes sense to try again,
and in the end lies in the dead-letter queue; it holds ids and numbers only.
"""

from datetime import datetime, timedelta
from json import dumps, loads
from typing import Any

from notify.due import StaffDue, due_of
from notify.speaking import LATER, Left, speak
from notify.wiring import Speaker, speaker
from quanyi.aws import FAULTS
from quanyi.bots.hearing import hears
from quanyi.bots.outbox import Waiting
from quanyi.bots.settings import BotSettings
from quanyi.http import log, place

A_RUN = timedelta(seconds=35)
"""A provider has twenty seconds at most: with one that was asked last, that is below the function's own time."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS messages; answers those to be delivered again."""
    room, records = speaker(), event["Records"]
    bots = [bot for bot in room.bots.every() if bot.enabled]
    heard: dict[str, tuple[str, list[BotSettings]]] = {}
    waits: dict[str, int] = {}
    for record in records:
        try:
            heard[record["messageId"]] = _note(room, bots, record["body"])
        except Exception as fault:  # noqa: BLE001 - the next one may be right
            log().error("event not noted", extra={"fault": type(fault).__name__, "at": place(fault)})
            waits[record["messageId"]] = LATER
    speaking = {bot.name: bot for _, wanting in heard.values() for bot in wanting}
    until = room.now() + A_RUN
    left = {name: _speak(room, bot, until) for name, bot in speaking.items()}
    for message, (told, wanting) in heard.items():
        if waiting := [wait for bot in wanting if (wait := _wait(left[bot.name], told))]:
            waits[message] = min(waiting)
    for record in records:
        if wait := waits.get(record["messageId"]):
            _put_off(room, record, wait)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in waits]}


def _note(room: Speaker, bots: list[BotSettings], body: str) -> tuple[str, list[BotSettings]]:
    """The event's id, and the bots that are still to tell it."""
    due = due_of(body)
    if not isinstance(due, StaffDue):
        return "", []
    told = loads(body)
    message = dumps({"detail-type": told["detail-type"], "detail": told["detail"]}, ensure_ascii=False)
    event = Waiting(due.event.id, due.event.at, message)
    wanting = [bot for bot in bots if hears(bot, due.event)]
    return event.id, [bot for bot in wanting if room.outbox.note(bot.name, event, room.now())]


def _speak(room: Speaker, bot: BotSettings, until: datetime) -> Left | None:
    """None: something is wrong with it, and nothing is known about what it told."""
    try:
        return speak(room, bot, until)
    except Exception as fault:  # noqa: BLE001 - the other bots may be right
        log().error("bot failed", extra={"bot": bot.name, "fault": type(fault).__name__, "at": place(fault)})
        return None


def _wait(left: Left | None, event: str) -> int:
    """Seconds; 0 when the event needs no other try."""
    if left is None:
        return LATER
    return left.wait if event in left.events else 0


def _put_off(room: Speaker, record: dict[str, Any], seconds: int) -> None:
    """The queue gives it out again then; where it can't be told so, by its own time."""
    handle = record.get("receiptHandle", "")
    try:
        room.sqs.change_message_visibility(QueueUrl=room.queue, ReceiptHandle=handle, VisibilityTimeout=seconds)
    except FAULTS as fault:
        log().info("not put off", extra={"fault": type(fault).__name__})
