"""One redemption: its number, which leads back to the voucher, and its record."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quanyi.change import Change
from quanyi.vouchers.use import Use

_NUMBER = re.compile(r"R([0-9A-Z]{16})([A-Za-z0-9_-]{43})")
NUMBER_FORM = r"^R[0-9A-Z]{16}[A-Za-z0-9_-]{43}$"


def number_of(card_id: str, use_id: str) -> str:
    """60 characters. It tells nothing of the voucher's code, and opens nothing by itself."""
    return f"R{use_id}{card_id}"


def parts_of(number: str) -> tuple[str, str] | None:
    """The card's id and the use's; None for what is no number."""
    found = _NUMBER.fullmatch(number)
    return (found[2], found[1]) if found else None


@dataclass(frozen=True)
class Record:
    """A use and whose voucher it was of. Another write of the same use (its reversal) replaces it."""

    card_id: str
    series: str
    sku: str
    currency: str
    use: Use
    order: str = ""
    channel: str = ""
    """Where the voucher was sold."""

    @property
    def number(self) -> str:
        return number_of(self.card_id, self.use.id)

    @property
    def taken_back(self) -> bool:
        return self.use.reversed_at is not None

    @property
    def by(self) -> str:
        """Who took it, or gave it back: role and key."""
        role = "storefront" if self.use.channel else "counter"
        return self.use.reversed_by or f"{role}:{self.use.key_id}"


def records_of(change: Change) -> Iterator[Record]:
    """Of those uses that one write of a card made or reversed."""
    before: dict[str, Any] = change.old.get("uses", {})
    uses: dict[str, Any] = change.new.get("uses", {})
    for use_id, item in uses.items():
        if before.get(use_id) != item:
            card = change.new
            yield Record(
                card["card_id"],
                card.get("series", ""),
                card["sku"],
                card.get("currency", ""),
                Use.from_item(use_id, item),
                card.get("order", ""),
                card.get("sold_in", ""),
            )
