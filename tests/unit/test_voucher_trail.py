"""What the audit trail says about vouchers: whom a person froze, extended or cancelled; not every one that was made."""

from datetime import UTC, datetime
from typing import Any

import pytest

from quanyi.audit.model import entry_of_card
from quanyi.change import Change

AT = datetime(2026, 11, 26, tzinfo=UTC)
VOUCHER = {
    "card_id": "c" * 43,
    "sku": "coffee",
    "channel": "shared",
    "batch": "B1",
    "series": "VS1",
    "left": 1,
    "whole": 1,
}
GIVEN = {**VOUCHER, "state": "delivered", "delivered_at": "2026-11-26T00:00:00.000Z"}
BY = {"changed_by": "operator:K1", "reason": "because"}


def told(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, str, str | None] | None:
    entry = entry_of_card(Change("1", AT, old, new))
    return (entry.what, entry.by, entry.facts[0].get("reason")) if entry else None


def test_a_voucher_that_is_handed_out_is_told_by_its_run() -> None:
    assert told({}, GIVEN) is None
    assert told({}, {**VOUCHER, "state": "available"}) is None


def test_one_that_is_made_for_an_order_is_told() -> None:
    entry = entry_of_card(Change("1", AT, {}, {**VOUCHER, "state": "reserved", "hold": "O1#1"}))
    assert entry
    assert (entry.what, entry.by, entry.facts[0]["order"]) == ("reserved", "system", "O1")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ({}, {"frozen": "because"}, "frozen"),
        ({"frozen": "because"}, {}, "unfrozen"),
        ({}, {"until": "2027-01-01T00:00:00.000Z"}, "extended"),
        ({}, {"state": "voided"}, "voided"),
    ],
)
def test_what_a_person_did_is_told_with_their_reason(old: dict[str, Any], new: dict[str, Any], what: str) -> None:
    assert told({**GIVEN, **old}, {**GIVEN, **BY, **new}) == (what, "operator:K1", "because")


def test_a_wrong_pin_is_no_entry() -> None:
    assert told(GIVEN, {**GIVEN, "pins_tried": {"a"}}) is None
