"""Batches and their data keys, in the supply table under `BATCH#<id>`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from quanyi.batches.model import Batch, key_context
from quanyi.clock import moment, stamp
from quanyi.errors import NotFound
from quanyi.money import Money
from quanyi.table import ConditionFailed, Item, Table
from quanyi.vault.kms import Kms

LISTED_INDEX = "listed-index"
NEW = "attribute_not_exists(pk)"
EMPTY = "attribute_not_exists(#size)"


@dataclass(frozen=True)
class BatchesTable:
    """Batches. Only `settle` and `drop` touch a batch once it is there."""

    table: Table
    _costs: dict[str, Money] = field(default_factory=dict[str, Money], repr=False, compare=False)

    def add(self, batch: Batch) -> None:
        """Puts a new batch; the same again is harmless."""
        item: Item = {
            **_key(batch.id),
            "list": f"BATCHES#{batch.sku}",
            "listed": f"{stamp(batch.created_at)}#{batch.id}",
            "v": 1,
            "id": batch.id,
            "sku": batch.sku,
            "supplier": batch.supplier,
            "unit_cost": batch.unit_cost.amount,
            "currency": batch.unit_cost.currency,
            "channel": batch.channel,
            "import_id": batch.import_id,
            "created_at": stamp(batch.created_at),
            "wrapped": batch.wrapped,
        }
        try:
            self.table.put(item, condition=NEW)
        except ConditionFailed as failed:
            if failed.item.get("wrapped") != batch.wrapped:
                raise

    def get(self, batch_id: str) -> Batch:
        """Raises NotFound."""
        item = self.table.get(_key(batch_id))
        if item is None:
            raise NotFound("batch")
        return _batch(item)

    def get_many(self, batch_ids: Sequence[str]) -> dict[str, Batch]:
        items = self.table.get_many([_key(batch_id) for batch_id in batch_ids])
        return {item["id"]: _batch(item) for item in items}

    def unit_cost(self, batch_id: str) -> Money:
        """What a card of that batch cost. Read once a process, since a batch never changes. Raises NotFound."""
        if batch_id not in self._costs:
            self._costs[batch_id] = self.get(batch_id).unit_cost
        return self._costs[batch_id]

    def page(self, sku: str, *, limit: int, start: Item | None) -> tuple[list[Batch], Item | None]:
        """A SKU's batches, newest first, and the key to go on from."""
        page = self.table.query(
            "#list = :list",
            index=LISTED_INDEX,
            limit=limit,
            start=start,
            forward=False,
            names={"list": "list"},
            list=f"BATCHES#{sku}",
        )
        return [_batch(item) for item in page.items], page.next

    def settle(self, batch_id: str, size: int) -> None:
        """Notes how many cards came in, once its import is over."""
        try:
            self.table.update(
                _key(batch_id),
                "SET #size = :size",
                condition="attribute_exists(pk)",
                names={"size": "size"},
                size=size,
            )
        except ConditionFailed:
            raise NotFound("batch") from None

    def drop(self, batch_id: str) -> None:
        """Removes a batch into which no card came (all were duplicates). Harmless when it is gone."""
        try:
            self.table.delete(_key(batch_id), condition=EMPTY, names={"size": "size"})
        except ConditionFailed:
            return


@dataclass(frozen=True)
class BatchKeys:
    """Data keys of batches. Making one needs KMS's GenerateDataKey, opening one Decrypt: only the `reveal` function may
    do the latter, so it alone can read cards."""

    kms: Kms
    batches: BatchesTable
    _open: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def make(self, batch: Batch) -> bytes:
        """Puts `batch` with a fresh data key and answers that key; keep it in memory only."""
        plain, wrapped = self.kms.new_data_key(key_context(batch.id))
        self.batches.add(replace(batch, wrapped=wrapped))
        return plain

    def open(self, batch_ids: Sequence[str]) -> dict[str, bytes]:
        """The data keys by batch: one read for all that this process has not opened yet, one KMS call for each.
        Raises NotFound."""
        wanted = [batch_id for batch_id in dict.fromkeys(batch_ids) if batch_id not in self._open]
        found: dict[str, Any] = self.batches.get_many(wanted) if wanted else {}
        for batch_id in wanted:
            if batch_id not in found:
                raise NotFound("batch")
            self._open[batch_id] = self.kms.unwrap(found[batch_id].wrapped, key_context(batch_id))
        return {batch_id: self._open[batch_id] for batch_id in batch_ids}


def _key(batch_id: str) -> dict[str, str]:
    return {"pk": f"BATCH#{batch_id}", "sk": "BATCH"}


def _batch(item: Item) -> Batch:
    return Batch(
        id=item["id"],
        sku=item["sku"],
        supplier=item["supplier"],
        unit_cost=Money(amount=item["unit_cost"], currency=item["currency"]),
        channel=item.get("channel"),
        import_id=item.get("import_id"),
        created_at=moment(item["created_at"]),
        wrapped=item["wrapped"],
        size=item.get("size"),
    )
