"""Transactions on moto, undone item by item. For each write of a transaction moto copies the table that it goes to,
with all its items and all that its stream was told, to have it back if a condition fails: that grows with the square
of what a test does. The items that a transaction names are all that it may change, and enough to go back to.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

_stock: Any = DynamoDBBackend.transact_write_items

# In place of the module `copy` in `moto.dynamodb.models`: "going back" to a table itself changes nothing.
COPY = SimpleNamespace(deepcopy=lambda value: value if isinstance(value, Table) else deepcopy(value))


def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
    """In place of `DynamoDBBackend.transact_write_items`; one call at a time."""
    before = [_as_it_is(self, request) for write in transact_items for request in write.values()]
    try:
        _stock(self, transact_items)
    except Exception:
        for restore in before:
            restore()
        raise


def _as_it_is(backend: Any, request: dict[str, Any]) -> Callable[[], None]:
    """What brings back the item that a write is about, and forgets what the stream was told."""
    table = backend.tables.get(request.get("TableName"))
    with suppress(AttributeError, KeyError, MockValidationException):  # of such a write moto says what is wrong
        hash_key, range_key = backend.get_keys_value(table, request.get("Item") or request["Key"])
        kept, shard = deepcopy(table.get_item(hash_key, range_key)), table.stream_shard
        records = len(shard.items) if shard else 0

        def restore() -> None:
            place, key = (table.items, hash_key) if range_key is None else (table.items[hash_key], range_key)
            if kept is None:
                place.pop(key, None)
            else:
                place[key] = kept
            if shard:
                del shard.items[records:]

        return restore
    return lambda: None
