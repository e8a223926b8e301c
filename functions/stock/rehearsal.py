"""A dry run: what an import would do, told from card ids alone. It reads the card table and writes nothing to it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from quanyi.cards.table import CardsTable
from quanyi.imports.entries import EntryReader
from quanyi.imports.model import Entry, LineFault, Plan, Record
from stock.stretch import STRETCH, Judged, Outcome, counted, judge


@dataclass
class Rehearsal:
    """The stretches of a dry run. `seen` holds a part of every id so far: where an import asks the table whether a line
    repeats an earlier one, a dry run has to remember."""

    plan: Plan
    reader: EntryReader
    fingerprint_key: bytes = field(repr=False)
    cards: CardsTable
    threads: ThreadPoolExecutor
    seen: set[int] = field(default_factory=set, repr=False)

    @property
    def records_at_once(self) -> int:
        return STRETCH

    def remember(self, records: Sequence[Record]) -> None:
        """Takes note of records that an earlier run has reported."""
        self._fresh(self._judged(records))

    def write(self, records: Sequence[Record]) -> Outcome:
        judged = self._judged(records)
        fresh = self._fresh(judged)
        ids = list(fresh)
        groups = [ids[start : start + 100] for start in range(0, len(ids), 100)]
        known = {item["card_id"] for found in self.threads.map(self._known, groups) for item in found}
        repeated = [entry.line for card, entry in judged.entries.items() if card not in fresh]
        present = [entry.line for card, entry in fresh.items() if card in known]
        refused: list[tuple[int, LineFault]] = [
            *judged.refused,
            *((line, "duplicate_in_file") for line in repeated),
            *((line, "duplicate") for line in present),
        ]
        return Outcome(counted(len(records), len(fresh) - len(known), refused, 0), sorted(refused), {})

    def _judged(self, records: Sequence[Record]) -> Judged:
        return judge(records, self.reader, self.plan, self.fingerprint_key)

    def _fresh(self, judged: Judged) -> dict[str, Entry]:
        fresh: dict[str, Entry] = {}
        for card, entry in judged.entries.items():
            short = int.from_bytes(card[:10].encode())
            if short not in self.seen:
                self.seen.add(short)
                fresh[card] = entry
        return fresh

    def _known(self, ids: list[str]) -> list[dict[str, Any]]:
        return self.cards.table.get_many([{"card_id": card} for card in ids], consistent=False)
