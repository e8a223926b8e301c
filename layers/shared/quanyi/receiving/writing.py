"""Writing cards that arrive: sealed in memory under the key of the batch in hand, each by its own conditional write.

All of it may be done again after a crash: the same secret makes the same card id, and a card that is there already and
bears the same origin is its own.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from quanyi.batches.model import MAX_CARDS, Batch
from quanyi.batches.table import BatchKeys
from quanyi.cards.model import Face, NewCard, Pool, pin_id
from quanyi.cards.pools import PoolsTable
from quanyi.clock import Clock
from quanyi.ids import Draw, new_id
from quanyi.receiving.arrivals import Arrivals
from quanyi.receiving.origin import Origin
from quanyi.table import ConditionFailed, Item
from quanyi.vault.sealing import seal

WRITERS = 16


@dataclass
class BatchInHand:
    """The batch that takes the next cards. `named` is told a batch's id before the batch is made."""

    origin: Origin
    keys: BatchKeys
    draw: Draw
    clock: Clock
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
                sku=self.origin.sku,
                supplier=self.origin.supplier,
                unit_cost=self.origin.unit_cost,
                channel=self.origin.channel,
                import_id=self.origin.import_id,
                created_at=self.clock(),
                wrapped=b"",
            )
            self._id, self._key, self._left = batch_id, self.keys.make(batch), MAX_CARDS
        self._left -= 1
        return self._id, seal(self._key, face.to_text(), card)


@dataclass
class CardWriter:
    """Makes cards of one origin and puts them where they go."""

    origin: Origin
    fingerprint_key: bytes = field(repr=False)
    pools: PoolsTable
    batch: BatchInHand
    threads: ThreadPoolExecutor
    opened: list[Pool]
    """Pools that this run has listed as open; it adds to them."""
    for_sale: bool = True
    _pools: dict[datetime | None, Pool] = field(default_factory=dict)

    def card(
        self,
        card: str,
        face: Face,
        expires_at: datetime | None,
        *,
        line: int | None = None,
        own: Mapping[str, object] | None = None,
    ) -> NewCard:
        """A card, sealed. `own` is what it bears that is a voucher of ours."""
        batch, sealed = self.batch.seal(card, face)
        return NewCard(
            card_id=card,
            batch=batch,
            pool=self._pool(expires_at),
            sealed=sealed,
            sell_by=expires_at,
            # A voucher of ours expires by its series, which may be extended.
            expires_at=expires_at if own is None else None,
            pin_id=pin_id(self.fingerprint_key, face.pin) if face.pin else None,
            import_id=self.origin.import_id,
            line=line,
            own=own or {},
        )

    def put_all(self, cards: Sequence[NewCard], arrivals: Arrivals) -> list[Item | None]:
        """For each card None, or the one that was there already (`is_own` tells whose)."""

        def put_each(part: Sequence[NewCard]) -> list[Item | None]:
            return [_put(card, arrivals) for card in part]

        slices = [cards[start::WRITERS] for start in range(min(WRITERS, len(cards)))]
        results: list[Item | None] = [None] * len(cards)
        for start, part in enumerate(self.threads.map(put_each, slices)):
            results[start::WRITERS] = part
        return results

    def _pool(self, sell_by: datetime | None) -> Pool:
        """The pool of a last moment of sale, listed as open before its first card can be in it."""
        if sell_by not in self._pools:
            origin = self.origin
            pool = Pool.of(origin.sku, origin.channel, sell_by, origin.zone, origin.shards)
            if self.for_sale and pool not in self.opened:
                self.pools.open(pool)
                self.opened.append(pool)
            self._pools[sell_by] = pool
        return self._pools[sell_by]


def is_own(there: Item, card: NewCard) -> bool:
    """Whether a card that is there already was put by an earlier try of this very write."""
    return (there.get("import_id"), there.get("line")) == (card.import_id, card.line)


def _put(card: NewCard, arrivals: Arrivals) -> Item | None:
    try:
        arrivals.insert(card)
    except ConditionFailed as there:
        if is_own(there.item, card):
            arrivals.resume(there.item)
        return there.item
    return None
