"""A cell that a spreadsheet would run is defused; what leads to the next page."""

import csv
import io
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from desk.export import page
from quanyi.csv_pages import next_link
from quanyi.orders.model import Line, Order, Payment, Unit

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def order(transaction: str = "T1", end_reason: str | None = None) -> Order:
    line = Line(sku="ik", version=1, kind="card", titles={"en": "x"}, quantity=1, unit_price=1999, total=1999)
    unit = Unit(id="0-0", line=0, sku="ik", kind="card", amount=1999)
    paid = Payment(
        id="P1", provider="manual", amount=1999, captured=1999, transaction=transaction, created_at=NOW, captured_at=NOW
    )
    return Order(
        id="O1",
        state="paid",
        channel="site",
        member="M1",
        lines=(line,),
        units=(unit,),
        currency="CNY",
        total=1999,
        created_at=NOW,
        expires_at=NOW,
        body_hash="",
        payments=(paid,),
        paid_at=NOW,
        end_reason=end_reason,
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")'])
def test_no_cell_is_a_formula(text: str) -> None:
    rows = list(csv.DictReader(io.StringIO(page([order(text, text)], first=True).removeprefix("\ufeff"))))
    assert rows[0]["transactions"] == rows[0]["end_reason"] == f"'{text}"


def test_only_the_first_page_names_the_columns() -> None:
    assert page([order()], first=True).removeprefix("\ufeff").endswith(page([order()], first=False))
    assert len(page([order()], first=False).splitlines()) == 1


def test_the_link_repeats_what_was_asked() -> None:
    headers = next_link({"from": "2026-11-01", "sku": "a&b"}, "abc")
    assert headers["X-Next-Cursor"] == "abc"
    assert parse_qs(headers["Link"].split(">")[0].removeprefix("<?")) == {
        "from": ["2026-11-01"],
        "sku": ["a&b"],
        "cursor": ["abc"],
    }
    assert next_link({}, None) == {}
