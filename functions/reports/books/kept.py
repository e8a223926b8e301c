"""Reports of large days, kept until the next run: the nightly one, or one that somebody asked for.

    RECONCILE#<day>   REPORT            the newest run: its sums, and how many pages of differences it has
    RECONCILE#<day>   <moment>#<page>   a page of a run's differences
    RECONCILE#<day>   TOLD              that the bus has heard of the day's differences

The pages come first and `REPORT` last, so a report is read whole or not at all.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from quanyi.clock import moment, stamp
from quanyi.settlements.differences import Difference
from quanyi.table import Table
from reports.books.reconcile import Report

A_PAGE = 100
KEPT_FOR = timedelta(days=730)


def keep(table: Table, report: Report) -> None:
    expires = int((report.as_of + KEPT_FOR).timestamp())
    told: dict[str, Any] = {**vars(report), "as_of": stamp(report.as_of), "v": 1, "expires": expires}
    differences = told.pop("differences")
    pages = [differences[at : at + A_PAGE] for at in range(0, len(differences), A_PAGE)]
    for number, page in enumerate(pages):
        rows = [{name: value for name, value in asdict(one).items() if value is not None} for one in page]
        table.put({**_key(report.day, _page(told["as_of"], number)), "v": 1, "expires": expires, "differences": rows})
    table.put({**_key(report.day, "REPORT"), **told, "pages": len(pages)})


def is_kept(table: Table, day: str) -> bool:
    return table.get(_key(day, "REPORT")) is not None


def has_told(table: Table, day: str) -> bool:
    return table.get(_key(day, "TOLD")) is not None


def note_told(table: Table, day: str, now: datetime) -> None:
    """Harmless when repeated."""
    table.put({**_key(day, "TOLD"), "v": 1, "at": stamp(now), "expires": int((now + KEPT_FOR).timestamp())})


def kept(table: Table, day: str) -> Report | None:
    item = table.get(_key(day, "REPORT"))
    if item is None:
        return None
    keys = [_key(day, _page(item["as_of"], number)) for number in range(item["pages"])]
    pages = sorted(table.get_many(keys), key=lambda page: page["sk"])
    return Report(
        day=day,
        as_of=moment(item["as_of"]),
        differences=[Difference(**row) for page in pages for row in page["differences"]],
        **{
            name: item[name]
            for name in ("orders", "units_delivered", "found", "waiting_for_file", "accounts", "providers")
        },
    )


def _key(day: str, name: str) -> dict[str, str]:
    return {"pk": f"RECONCILE#{day}", "sk": name}


def _page(as_of: str, number: int) -> str:
    return f"{as_of}#{number:03d}"
