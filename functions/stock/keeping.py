"""Looking after stock: cards found, taken out of sale, put back, moved; one by one or a batch at a time.

Each card changes by its own conditional write, so a page of a batch may be done again: what is done already is skipped.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

from quanyi.batches.model import Batch
from quanyi.batches.table import BatchesTable
from quanyi.cards.model import SHARED, Face, Pool, card_id
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.catalog.model import CardFormat
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.secret import Secret
from quanyi.table import Item, Table, decode_cursor, encode_cursor
from quanyi.vault.kms import Keyring
from quanyi.vouchers.model import VOUCHER_ISSUER
from stock.intake import must_exist
from stock.levels import levels_of
from stock.views import BatchPage, BatchView, CardPage, CardView, FoundCards, PageDone

CardAction = Literal["quarantine", "release", "void", "move"]
BatchAction = Literal[CardAction, "void-quarantined", "expire"]

AT_ONCE = 16
CARDS_A_CALL = 200
USES_SHOWN = 100

_BATCH_LISTED = ("pk", "sk", "list", "listed")
_BATCH_CARDS = ("batch", "card_id")
_MEANS = {"quarantine": "quarantined", "release": "available", "void": "voided", "move": "available"}

Change: TypeAlias = Callable[[Item], bool]


@dataclass(frozen=True)
class Person:
    """Who changes a card, and why; both go to the audit trail."""

    by: str
    reason: str


@dataclass(frozen=True)
class Keeping:
    catalog: CatalogTable
    channels: ChannelTable
    cards: CardsTable
    pools: PoolsTable
    batches: BatchesTable
    stats: Table
    keyring: Keyring
    clock: Clock

    def find(self, secrets: Sequence[Secret], sku_id: str | None, issuer: str, kind: CardFormat) -> list[FoundCards]:
        """For each pasted number, code or link the cards made of it (several for a reusable key). Raises Invalid."""
        uses = None
        if sku_id:
            sku = self.catalog.skus([sku_id]).get(sku_id)
            if sku is None:
                raise Invalid("No such SKU.", reason="sku_unknown", sku=sku_id)
            issuer = VOUCHER_ISSUER if sku.own else sku.issuer
            kind, uses = sku.card_format, sku.reusable_uses
        key = self.keyring.key("fingerprint")
        each = [None] if uses is None else list(range(min(uses, USES_SHOWN)))
        ids = [[card_id(key, issuer, Face(kind, secret), use) for use in each] for secret in secrets]
        found = self.cards.get_many([one for of_one in ids for one in of_one])
        return [FoundCards(cards=[CardView.of(found[one]) for one in of_one if one in found]) for of_one in ids]

    def card(self, card: str) -> CardView:
        """Raises NotFound."""
        return CardView.of(self._card(card))

    def change(self, card: str, action: CardAction, person: Person, channel: str | None = None) -> CardView:
        """One card. The same change by the same person again answers it as it is. Raises NotFound, Conflict,
        Invalid."""
        item = self._card(card)
        self._check_channel(action, channel)
        try:
            return CardView.of(self._change(action, item, person, channel))
        except Conflict:
            now = self._card(card)
            done = now["state"] == _MEANS[action] and (now.get("changed_by"), now.get("reason")) == (
                person.by,
                person.reason,
            )
            if not done:
                raise
            return CardView.of(now)

    def change_batch(
        self, batch_id: str, action: BatchAction, person: Person, channel: str | None, cursor: str | None
    ) -> PageDone:
        """Up to CARDS_A_CALL cards of a batch; call again with `next` until there is none. Raises NotFound, Invalid."""
        self._check_channel(action, channel)
        if cursor is None:
            self.batches.get(batch_id)
        items, following = self._cards_of(batch_id, CARDS_A_CALL, cursor)

        def change(item: Item) -> bool:
            try:
                if action == "expire":
                    return self.cards.expire(item["card_id"], now=self.clock())
                if action == "quarantine":
                    # One card may be quarantined after its delivery too, as somebody has looked at it; a whole batch
                    # must not take cards from their buyers, not even one sold since this page was read.
                    self.cards.take_off(item["card_id"], by=person.by, reason=person.reason)
                    return True
                if action == "void-quarantined":
                    self.cards.give_up(item["card_id"], by=person.by, reason=person.reason)
                    return True
                if action == "void" and item["state"] != "available":
                    return False  # what is in quarantine waits for a decision of its own
                if action == "move" and item["channel"] == channel:
                    return False
                self._change(action, item, person, channel)
            except (Conflict, NotFound):
                return False
            return True

        with ThreadPoolExecutor(AT_ONCE) as threads:
            done = sum(threads.map(change, items))
        return PageDone(changed=done, skipped=len(items) - done, next=following)

    def cards_of(self, batch_id: str, limit: int, cursor: str | None) -> CardPage:
        items, following = self._cards_of(batch_id, limit, cursor)
        return CardPage(items=[CardView.of(item) for item in items], next=following)

    def batch(self, batch_id: str) -> BatchView:
        """With its cards counted by state. Raises NotFound."""
        return self._counted([self.batches.get(batch_id)])[0]

    def batches_of(self, sku: str, limit: int, cursor: str | None) -> BatchPage:
        found, following = self.batches.page(sku, limit=limit, start=decode_cursor(cursor, _BATCH_LISTED))
        return BatchPage(items=self._counted(found), next=encode_cursor(following))

    def _change(self, action: CardAction, item: Item, person: Person, channel: str | None) -> Item:
        card = item["card_id"]
        by, reason = person.by, person.reason
        if action == "quarantine":
            return self.cards.quarantine(card, by=by, reason=reason)
        if action == "void":
            return self.cards.void(card, by=by, reason=reason)
        if action == "release":
            self._open(self._pool(item, item["channel"]))
            return self.cards.readmit(card, by=by, reason=reason, now=self.clock())
        to = self._pool(item, channel or SHARED)
        self._open(to)
        return self.cards.move(card, to=to, by=by, reason=reason)

    def _check_channel(self, action: BatchAction, channel: str | None) -> None:
        if action == "move":
            if channel is None:
                raise Invalid("Where to? `channel` is missing.", reason="channel_missing")
            must_exist(self.channels, channel)

    def _pool(self, item: Item, channel: str) -> Pool:
        sku = self.catalog.skus([item["sku"]]).get(item["sku"])
        return Pool(item["sku"], channel, item["pool"].split("#")[2], sku.shards if sku else 1)

    def _open(self, pool: Pool) -> None:
        """Before a card comes into it: an open pool without cards costs a look, a closed one with cards hides them."""
        if pool not in self.pools.every(pool.sku):
            self.pools.open(pool)

    def _card(self, card: str) -> Item:
        item = self.cards.get(card)
        if item is None:
            raise NotFound("card")
        return item

    def _cards_of(self, batch_id: str, limit: int, cursor: str | None) -> tuple[list[Item], str | None]:
        start = decode_cursor(cursor, _BATCH_CARDS)
        if start and start["batch"] != batch_id:
            raise Invalid("The cursor is another batch's.", reason="foreign_cursor")
        page = self.cards.of_batch(batch_id, limit=limit, start=start)
        ids = [item["card_id"] for item in page.items]
        found = self.cards.get_many(ids)
        return [found[one] for one in ids if one in found], encode_cursor(page.next)

    def _counted(self, batches: Sequence[Batch]) -> list[BatchView]:
        counts = levels_of(self.stats, [(batch.sku, f"BATCH#{batch.id}") for batch in batches])
        return [BatchView.of(batch, counts.get((batch.sku, f"BATCH#{batch.id}"), {})) for batch in batches]
