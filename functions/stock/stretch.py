"""One stretch of an import: judging its records, and writing the cards they make, each by its own conditional write.

A stretch is what lies between two checkpoints. It may be done again after a crash: the same records make the same
cards with the same ids, and a card that is there already with this import's id and this line is this import's own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from quanyi.batches.model import MAX_CARDS, Batch
from quanyi.batches.table import BatchKeys
from quanyi.cards.model import Face, NewCard, Pool, card_id, pin_id
from quanyi.cards.pools import PoolsTable
from quanyi.ids import Draw, new_id
from quanyi.imports.entries import Refused
from quanyi.imports.model import Counts, Entry, LineFault, Plan, Record
from quanyi.table import ConditionFailed
from quanyi.vault.sealing import seal
from stock.arrivals import Arrivals

STRETCH = 2_000
"""Cards between two checkpoints: what a crash may cause to be written again."""
WRITERS = 16


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
class BatchInHand:
    """The batch that takes the next cards. `named` is told a batch's id before the batch is made."""

    plan: Plan
    import_id: str
    keys: BatchKeys
    draw: Draw
    clock: Callable[[], datetime]
    named: Callable[[str], None]
    _id: str = ""
    _key: bytes = field(default=b"", repr=False)
    _left: int = 0

    def seal(self, card: str, face: Face) -> tuple[str, bytes]:
        """The batch's id and the sealed face, in a fresh batch when the last one is full."""
        if self._left == 0:
            batch_id = new_id("B", self.draw)
            self.named(batch_id)
            batch = Batch(
                id=batch_id,
                sku=self.plan.sku,
                supplier=self.plan.supplier,
                unit_cost=self.plan.unit_cost,
                channel=self.plan.channel,
                import_id=self.import_id,
                created_at=self.clock(),
                wrapped=b"",
            )
            self._id, self._key, self._left = batch_id, self.keys.make(batch), MAX_CARDS
        self._left -= 1
        return self._id, seal(self._key, face.to_text(), card)


@dataclass
class StretchWriter:
    """Turns records into cards, stretch after stretch of one run."""

    plan: Plan
    import_id: str
    reader: Reader
    fingerprint_key: bytes = field(repr=False)
    arrivals: Arrivals
    pools: PoolsTable
    batch: BatchInHand
    threads: ThreadPoolExecutor
    opened: list[Pool]
    """Pools that this run has listed as open; it adds to them."""
    own: Callable[[Entry], Mapping[str, object]] | None = None
    """What else the card of an entry bears that is a voucher of ours."""
    _pools: dict[datetime | None, Pool] = field(default_factory=dict)

    @property
    def records_at_once(self) -> int:
        """Records of a stretch. It follows from the plan alone, so that a replay cuts the file alike."""
        return max(1, STRETCH // (self.plan.uses or 1))

    def write(self, records: Sequence[Record]) -> Outcome:
        judged = judge(records, self.reader, self.plan, self.fingerprint_key)
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
        return [
            self._card(entry, card_id(self.fingerprint_key, self.plan.issuer, self._face(entry), use))
            for entry in entries
            for use in range(1, self.plan.uses or 1)
        ]

    def _face(self, entry: Entry) -> Face:
        return Face(self.plan.format, entry.number, entry.pin)

    def _card(self, entry: Entry, card: str) -> NewCard:
        batch, sealed = self.batch.seal(card, self._face(entry))
        return NewCard(
            card_id=card,
            batch=batch,
            pool=self._pool(entry.expires_at),
            sealed=sealed,
            sell_by=entry.expires_at,
            # A voucher of ours expires by its series, which may be extended.
            expires_at=None if self.own else entry.expires_at,
            pin_id=pin_id(self.fingerprint_key, entry.pin) if entry.pin else None,
            import_id=self.import_id,
            line=entry.line,
            own=self.own(entry) if self.own else {},
        )

    def _pool(self, sell_by: datetime | None) -> Pool:
        """The pool of a last moment of sale, listed as open before its first card can be in it."""
        if sell_by not in self._pools:
            plan = self.plan
            pool = Pool.of(plan.sku, plan.channel, sell_by, plan.zone, plan.shards)
            if plan.for_sale and pool not in self.opened:
                self.pools.open(pool)
                self.opened.append(pool)
            self._pools[sell_by] = pool
        return self._pools[sell_by]

    def _put_all(self, cards: list[NewCard]) -> list[tuple[LineFault | None, str]]:
        """For each card: None and its batch when it is this import's own, else why it is refused."""
        slices = [cards[start::WRITERS] for start in range(min(WRITERS, len(cards)))]
        results: list[tuple[LineFault | None, str]] = [(None, "")] * len(cards)
        for start, part in enumerate(self.threads.map(self._put_each, slices)):
            results[start::WRITERS] = part
        return results

    def _put_each(self, cards: list[NewCard]) -> list[tuple[LineFault | None, str]]:
        return [self._put(card) for card in cards]

    def _put(self, card: NewCard) -> tuple[LineFault | None, str]:
        try:
            self.arrivals.insert(card)
        except ConditionFailed as there:
            if there.item.get("import_id") != self.import_id:
                return "duplicate", ""
            if there.item.get("line") != card.line:
                return "duplicate_in_file", ""
            self.arrivals.resume(there.item)
            return None, there.item["batch"]
        return None, card.batch


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
