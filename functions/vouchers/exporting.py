"""The codes of generated vouchers as CSV, a page at a time, each page on the audit trail before it is answered.

No card is opened: number, code, PIN and QR text follow from the series' key. What was sold is its buyer's secret, and
stands there without them.
"""

import csv
import io
from collections.abc import Iterator

from quanyi.callers import Caller
from quanyi.cards.model import Face
from quanyi.errors import Malformed
from quanyi.table import Item, decode_cursor, encode_cursor
from quanyi.vouchers.issue import numbered_face, voucher_id
from quanyi.vouchers.model import Series
from quanyi.vouchers.qr import static_text
from vouchers.series import note
from vouchers.wiring import Desk

ROWS = 2_000
"""Numbers of one page: about 300 KB, and 20 reads of 100 cards."""
HEADER = ("number", "card", "state", "left", "code", "pin", "qr")


def export(desk: Desk, caller: Caller, series_id: str, cursor: str | None) -> tuple[str, str | None]:
    """A page of CSV (UTF-8 with a mark, which spreadsheets want) and the cursor of the next. Numbers that are not made
    yet are left out. Raises NotFound, Malformed."""
    series = desk.series.get(series_id)
    start = decode_cursor(cursor, ("after",)) or {"after": "0"}
    if not start["after"].isdecimal():
        raise Malformed("The cursor cannot be read.")
    after = int(start["after"])
    issued = max((run.last for run in desk.runs.of(series_id)), default=0)
    last = min(after + ROWS, issued)
    numbers = range(after + 1, last + 1)
    faces = {number: numbered_face(desk.keyring, series, number) for number in numbers}
    ids = {number: voucher_id(desk.keyring, face) for number, face in faces.items()}
    found = desk.cards.get_many([*ids.values()])
    note(desk, caller, series, "CodesExported", first=after + 1, last=last)
    written = io.StringIO()
    written.write("\ufeff")
    rows = csv.writer(written)
    rows.writerow(HEADER)
    rows.writerows(_rows(desk, series, faces, {n: found[card] for n, card in ids.items() if card in found}))
    return written.getvalue(), encode_cursor({"after": str(last)}) if last < issued else None


def _rows(desk: Desk, series: Series, faces: dict[int, Face], cards: dict[int, Item]) -> Iterator[tuple[object, ...]]:
    for number, card in cards.items():
        told = (number, card["card_id"], card["state"], card["left"])
        if is_sold(card):
            yield (*told, "", "", "")
            continue
        face = faces[number]
        qr = static_text(desk.keyring, card["card_id"]) if "static_qr" in series.terms.ways else ""
        yield (*told, face.number.reveal(), face.pin.reveal() if face.pin else "", qr)


def is_sold(card: Item) -> bool:
    """It is a buyer's, or held for one."""
    return bool(card.get("order")) or card["state"] == "reserved"
