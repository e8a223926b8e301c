"""One write of one item, as its table's stream tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

REMOVED = "REMOVED#"
"""Begins the key of the note that says who took an item away (`quanyi.removal`); what follows is the item's own."""


@dataclass(frozen=True)
class Change:
    """How the item was (empty when it is new) and how it is (empty when it was deleted).

    Binaries are left out: what our tables keep in bytes is sealed, and no reader of a stream opens it. `at` is in whole
    seconds; it and `sequence` are the same whenever the record comes again.
    """

    sequence: str
    at: datetime
    old: dict[str, Any]
    new: dict[str, Any]
