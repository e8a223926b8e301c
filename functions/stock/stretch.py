"""One stretch of an import: judging its records, and writing the cards they make, each by its own conditional write.

A stretch is what lies between two checkpoints. It may be done again after a crash: the same records make the same
cards with the same ids, and a card that is there already with this import's id and this line is this import's own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from quanyi.cards.model import Face, NewCard, card_id
from quanyi.imports.entries import Refused
from quanyi.imports.model import Counts, Entry, LineFault, Plan, Record
from quanyi.receiving.arrivals import Arrivals
from quanyi.receiving.writing import CardWriter, is_own
from quanyi.table import Item

STRETCH = 2_000
"""Cards between two checkpoints: what a crash may cause to be written again."""


class Reader(Protocol):
    def read(self, record: Record) -> Entry:
        """Raises Refused."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a stretch came to; `cards` counts the import's own by batch."""

    counts: Counts
    refused: list[tuple[int, LineFault]]
    cards: dict[str, int]


@dataclass
class StretchWriter:
    """Turns records into cards, stretch after stretch of one run."""

    plan: Plan
    reader: Reader
    arrivals: Arrivals
    writer: CardWriter
    own: Callable[[Entry], Mapping[str, object]] | None = None
    """What else the card of an entry bears that is a voucher of ours."""

    @property
    def records_at_once(self) -> int:
        """Records of a stretch. It follows from the plan alone, so that a replay cuts the file alike."""
        return max(1, STRETCH // (self.plan.uses or 1))

    def write(self, records: Sequence[Record]) -> Outcome:
        judged = judge(records, self.reader, self.plan, self.writer.fingerprint_key)
        refused = list(judged.refused)
        self.arrivals.look()
        results = self._put_all([self._card(entry, card) for card, entry in judged.entries.items()])
        own: list[Entry] = []
        tally: dict[str, int] = {}
        for entry, (fault, batch) in zip(judged.entries.values(), results, strict=True):
            if fault:
                refused.append((entry.line, fault))
            else:
                own.append(entry)
                tally[batch] = tally.get(batch, 0) + 1
        for _, batch in self._put_all(self._further_uses(own)):
            tally[batch] = tally.get(batch, 0) + 1
        return Outcome(counted(len(records), len(own), refused, sum(tally.values())), sorted(refused), tally)

    def _further_uses(self, entries: Iterable[Entry]) -> list[NewCard]:
        """A reusable key's other units, once its first one is known to be this import's own."""
        key = self.writer.fingerprint_key
        return [
            self._card(entry, card_id(key, self.plan.issuer, self._face(entry), use))
            for entry in entries
            for use in range(1, self.plan.uses or 1)
        ]

    def _face(self, entry: Entry) -> Face:
        return Face(self.plan.format, entry.number, entry.pin)

    def _card(self, entry: Entry, card: str) -> NewCard:
        own = self.own(entry) if self.own else None
        return self.writer.card(card, self._face(entry), entry.expires_at, line=entry.line, own=own)

    def _put_all(self, cards: list[NewCard]) -> list[tuple[LineFault | None, str]]:
        """For each card: None and its batch when it is this import's own, else why it is refused."""
        results = self.writer.put_all(cards, self.arrivals)
        return [_judged(card, there) for card, there in zip(cards, results, strict=True)]


def _judged(card: NewCard, there: Item | None) -> tuple[LineFault | None, str]:
    if there is None:
        return None, card.batch
    if is_own(there, card):
        return None, there["batch"]
    return "duplicate_in_file" if there.get("import_id") == card.import_id else "duplicate", ""


@dataclass(frozen=True)
class Judged:
    """Entries by card id (of the first use), in the file's order, and the lines that are none."""

    entries: dict[str, Entry]
    refused: list[tuple[int, LineFault]]


def judge(records: Sequence[Record], reader: Reader, plan: Plan, key: bytes) -> Judged:
    """Of two lines with the same secret the first is the card."""
    entries: dict[str, Entry] = {}
    refused: list[tuple[int, LineFault]] = []
    use = None if plan.uses is None else 0
    for record in records:
        try:
            entry = reader.read(record)
        except Refused as reason:
            refused.append((record.line, reason.fault))
            continue
        card = card_id(key, plan.issuer, Face(plan.format, entry.number, entry.pin), use)
        if card in entries:
            refused.append((record.line, "duplicate_in_file"))
        else:
            entries[card] = entry
    return Judged(entries, refused)


def counted(read: int, accepted: int, refused: Sequence[tuple[int, LineFault]], cards: int) -> Counts:
    duplicate = sum(fault in ("duplicate", "duplicate_in_file") for _, fault in refused)
    return Counts(read, accepted, duplicate, len(refused) - duplicate, cards)
