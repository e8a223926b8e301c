"""Reads uploaded files, generates vouchers, and has what is in stock of a series follow its standing: woken by S3
through a queue when a file has arrived, by whoever looks after vouchers, and by itself to go on."""

from collections.abc import Callable
from json import loads
from typing import Any

from quanyi.http import log, place
from stock.importing import run_import
from stock.upload import PREFIX
from stock.wiring import go_on, importing, series_stock, withdraw_on
from stock.withdrawing import Place, follow

SPARE_MILLIS = 45_000
"""Time kept for the stretch that was begun; a run that has less left stops at its next checkpoint."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Each message brings an import's id, or a series. One that fails comes again, and goes on where the last run
    got."""
    failed = []
    for record in event["Records"]:
        message: dict[str, Any] = loads(record["body"])
        subject = message.get("withdraw") or import_of(message)
        try:
            over = _run(message, lambda: context.get_remaining_time_in_millis() > SPARE_MILLIS)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the message comes again
            # Its class and place only: a message can quote what was being read.
            log().error("import", extra={"import": subject, "fault": type(fault).__name__, "at": place(fault)})
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            log().info("import", extra={"import": subject, "over": over})
    return {"batchItemFailures": failed}


def _run(message: dict[str, Any], time_left: Callable[[], bool]) -> bool:
    """True when nothing is left to do; else somebody was asked to go on."""
    if series := message.get("withdraw"):
        got = Place(message["standing"], message["after"]) if "standing" in message else None
        onward = follow(series_stock(), series, got, time_left)
        if onward:
            withdraw_on(series, onward)
        return onward is None
    import_id = import_of(message)
    over = import_id is None or run_import(importing(), import_id, time_left)
    if not over and import_id:
        go_on(import_id)
    return over


def import_of(message: dict[str, Any]) -> str | None:
    """The import a message is about: our own `{"import": id}`, or EventBridge's `Object Created` of its file."""
    if "import" in message:
        return message["import"]
    key = message["detail"]["object"]["key"]
    return key.removeprefix(PREFIX) if key.startswith(PREFIX) else None
