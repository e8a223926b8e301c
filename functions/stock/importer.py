"""Reads uploaded files: woken by S3 through a queue when a file has arrived, and by itself to go on with a long one."""

from json import loads
from typing import Any

from quanyi.http import log, place
from stock.importing import run_import
from stock.upload import PREFIX
from stock.wiring import go_on, importing

SPARE_MILLIS = 45_000
"""Time kept for the stretch that was begun; a run that has less left stops at its next checkpoint."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Each message brings an import's id. One that fails comes again, and goes on where the last run got."""
    failed = []
    for record in event["Records"]:
        import_id = import_of(record["body"])
        try:
            over = import_id is None or run_import(
                importing(), import_id, lambda: context.get_remaining_time_in_millis() > SPARE_MILLIS
            )
            if not over and import_id:
                go_on(import_id)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the message comes again
            # Its class and place only: a message can quote what was being read.
            log().error("import", extra={"import": import_id, "fault": type(fault).__name__, "at": place(fault)})
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            log().info("import", extra={"import": import_id, "over": over})
    return {"batchItemFailures": failed}


def import_of(body: str) -> str | None:
    """The import a message is about: our own `{"import": id}`, or EventBridge's `Object Created` of its file."""
    message = loads(body)
    if "import" in message:
        return message["import"]
    key = message["detail"]["object"]["key"]
    return key.removeprefix(PREFIX) if key.startswith(PREFIX) else None
