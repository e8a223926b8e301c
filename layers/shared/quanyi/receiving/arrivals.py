"""Where a card goes that arrives, or comes back into sale: into the hold of a paid unit that waits for it, else into
its pool.

The card is put straight into that hold, so no buyer can overtake the queue, and bears its place there (`waits_for`):
should the run end before the queue knows of the card, the replay tells it (`resume`). A card whose unit no longer
waits goes to its pool; one that a run left behind does so when its hold ends.
"""

import threading
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from quanyi.backlog import Backlog, Entry, held_for
from quanyi.cards.model import NewCard, hold_name
from quanyi.cards.table import CardsTable
from quanyi.clock import Clock
from quanyi.table import Item

AT_MOST = 1_000
"""Waiting units looked at in one stretch."""

HOLD_LASTS = timedelta(minutes=15)
"""For the order that waited, to wake up and deliver."""


class Arrivals(Protocol):
    def look(self) -> None:
        """Called before each stretch."""
        ...

    def insert(self, card: NewCard) -> None:
        """Puts a new card. Raises ConditionFailed with the one that is there already."""
        ...

    def resume(self, item: Item) -> None:
        """Told of a card that an earlier run had put."""
        ...


@dataclass
class BacklogFirst:
    """Cards of one SKU serve its backlog, oldest unit first."""

    sku: str
    cards: CardsTable
    backlog: Backlog
    clock: Clock
    served: AbstractSet[tuple[str, str]] = frozenset()
    """Units (by order) that get their cards otherwise, though they may be in the queue."""
    _waiting: list[Entry] = field(default_factory=list)
    _unserved: dict[str, Entry] = field(default_factory=dict)
    """Those that had no card when this stretch began, by their place."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        waiting = self.backlog.waiting(self.sku, AT_MOST)
        self._waiting = [entry for entry in waiting if (entry.order, entry.unit) not in self.served]
        self._unserved = {entry.place: entry for entry in self._waiting}

    def insert(self, card: NewCard) -> None:
        def put(entry: Entry | None) -> None:
            instead = {**held_for(entry, card, self._until()), "waits_for": entry.place} if entry else {}
            self.cards.insert(card, **instead)

        self._place(card.card_id, card.pool.channel, put)

    def readmit(self, item: Item, *, by: str, reason: str) -> None:
        """Puts a card back that was out of sale. Raises Conflict: its state does not allow that (any more)."""
        card_id = item["card_id"]

        def put(entry: Entry | None) -> None:
            if entry is None:
                self.cards.readmit(card_id, by=by, reason=reason, now=self.clock())
                return
            hold = hold_name(entry.order, entry.attempt)
            self.cards.readmit_for(
                card_id, hold=hold, until=self._until(), place=entry.place, by=by, reason=reason, now=self.clock()
            )

        self._place(card_id, item["channel"], put)

    def resume(self, item: Item) -> None:
        entry = self._unserved.get(item.get("waits_for", ""))
        if entry is None or item.get("hold") != hold_name(entry.order, entry.attempt):
            return
        with self._lock:
            if entry in self._waiting:
                self._waiting.remove(entry)
        self._give(entry, item["card_id"])

    def _place(self, card_id: str, channel: str, put: Callable[[Entry | None], None]) -> None:
        """`put` is told for whom; None: nobody whom the card serves waits."""
        entry = self._next(channel) if self._waiting else None
        try:
            put(entry)
        except Exception:
            if entry:
                with self._lock:
                    self._waiting.insert(0, entry)
            raise
        if entry:
            self._give(entry, card_id)

    def _until(self) -> datetime:
        return self.clock() + HOLD_LASTS

    def _next(self, channel: str) -> Entry | None:
        with self._lock:
            for entry in self._waiting:
                if entry.serves(channel):
                    self._waiting.remove(entry)
                    return entry
        return None

    def _give(self, entry: Entry, card_id: str) -> None:
        if not self.backlog.give(entry, card_id):
            self.cards.release(card_id, hold=hold_name(entry.order, entry.attempt))
