"""Stores in the catalogue table: `STORES` / id."""

from collections.abc import Mapping
from dataclasses import dataclass

from quanyi.errors import Conflict, NotFound
from quanyi.stores.model import Store
from quanyi.table import ConditionFailed, Item, Table, decode_cursor, encode_cursor


@dataclass(frozen=True)
class StoresTable:
    table: Table

    def key(self, store_id: str) -> Mapping[str, str]:
        return {"pk": "STORES", "sk": store_id}

    def get(self, store_id: str) -> Store:
        """Raises NotFound."""
        item = self.table.get(self.key(store_id))
        if item is None:
            raise NotFound("store")
        return store_of(item)

    def page(self, limit: int, cursor: str | None) -> tuple[list[Store], str | None]:
        """By id. Raises Malformed (cursor)."""
        after = decode_cursor(cursor, ("sk",))
        page = self.table.query(
            "pk = :pk",
            limit=limit,
            start={"pk": "STORES", **after} if after else None,
            consistent=True,
            pk="STORES",
        )
        return [store_of(item) for item in page.items], encode_cursor({"sk": page.next["sk"]} if page.next else None)

    def all(self) -> dict[str, Store]:
        """By id."""
        items = self.table.query_all("pk = :pk", pk="STORES")
        return {store.id: store for store in map(store_of, items)}

    def save(self, store: Store) -> None:
        """Writes `store.version` over the one before it. Raises Conflict (`stale_version`)."""
        item = {**self.key(store.id), "v": 1, **store.model_dump(mode="json", exclude_none=True)}
        try:
            if store.version == 1:
                self.table.put(item, condition="attribute_not_exists(pk)")
            else:
                self.table.put(item, condition="version = :before", before=store.version - 1)
        except ConditionFailed as failed:
            now = failed.item.get("version", 0)
            raise Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now) from None


def store_of(item: Item) -> Store:
    return Store.model_validate(item)
