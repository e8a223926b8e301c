"""What one write of a card does to the levels: a card leaves one count and enters another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from quanyi.change import Change
from quanyi.ids import derived_id

Row: TypeAlias = tuple[str, str]
"""A SKU, and a channel (or `shared`) or `BATCH#<id>`."""

Step: TypeAlias = tuple[Row, str, int]
"""A row, a card state, and how much to add."""


@dataclass(frozen=True)
class Counted:
    """One write of a card as the levels see it. `id` is its own for ever, and `second` lasts as well."""

    id: str
    sku: str
    second: int
    steps: tuple[Step, ...]


def counted(change: Change) -> Counted:
    """No steps when the card stays in its row and state."""
    before, after = _places(change.old), _places(change.new)
    steps = () if before == after else (*((*p, -1) for p in before), *((*p, 1) for p in after))
    card = change.new or change.old
    return Counted(
        id=derived_id("", card["card_id"], change.sequence)[:12],
        sku=card["sku"],
        second=int(change.at.timestamp()),
        steps=steps,
    )


def _places(card: Mapping[str, Any]) -> list[tuple[Row, str]]:
    if not card:
        return []
    return [((card["sku"], where), card["state"]) for where in (card["channel"], f"BATCH#{card['batch']}")]
