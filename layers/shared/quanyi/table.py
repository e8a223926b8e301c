"""A DynamoDB table as plain dictionaries, with the few operations that conditional writes need.

Every write may carry a condition; when it does not hold, `ConditionFailed` brings the item as it stands, so that the
caller can tell *why* without reading again. Throttling and conflicts that outlive the retries become `Busy` (503).
"""

import random
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from json import dumps, loads
from typing import Any, TypeAlias, cast

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from quanyi.aws import code_of
from quanyi.errors import Busy, Malformed

Item: TypeAlias = dict[str, Any]
Key: TypeAlias = Mapping[str, Any]

_NAME = re.compile(r"#(\w+)")
_serialize_any = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize
_BUSY = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
    "InternalServerError",
    "ServiceUnavailable",
}
_DIGITS = 38
"""Of DynamoDB's numbers."""
_EXACT = 10**_DIGITS


class ConditionFailed(Exception):
    """The condition of a write did not hold. `item` is what the table holds instead (empty when absent)."""

    def __init__(self, item: Item) -> None:
        super().__init__("condition failed")
        self.item = item


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values to DynamoDB's typed form. None and empty sets are left out; floats are refused by boto3."""
    return {k: _serialize(v) for k, v in item.items() if v is not None and v != set()}


def _serialize(value: Any) -> Any:
    """As boto3 does, at a fraction of its time for what items mostly consist of."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int) and -_EXACT < value < _EXACT:
        return {"N": str(int(value))}
    if isinstance(value, dict):
        return {"M": {name: _serialize(inner) for name, inner in cast("Item", value).items()}}
    if isinstance(value, list | tuple):
        return {"L": [_serialize(inner) for inner in cast("list[Any]", value)]}
    return _serialize_any(value)


def from_wire(item: Mapping[str, Any]) -> Item:
    """The reverse; whole numbers become `int`, binaries `bytes`."""
    return {k: _plain(v) for k, v in item.items()}


def _plain(value: Any) -> Any:
    """As quickly."""
    ((kind, inner),) = value.items()
    if kind == "S":
        return inner
    if kind == "N" and len(inner) < _DIGITS and inner.removeprefix("-").isdecimal():
        return int(inner)
    if kind == "M":
        return {name: _plain(within) for name, within in inner.items()}
    if kind == "L":
        return [_plain(within) for within in inner]
    return _plain_any(_deserialize(value))


def _plain_any(value: Any) -> Any:
    if isinstance(value, Binary):
        return bytes(cast("Any", value).value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    return value


@dataclass(frozen=True)
class Write:
    """One conditional write of a transaction; made by `Table.write_put`, `write_update`, `write_delete`."""

    kind: str
    request: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One table. `client` is a boto3 DynamoDB client; `pause` sleeps between tries of a conflicting transaction."""

    name: str
    client: Any
    pause: Callable[[float], None] = time.sleep

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        answer = self._call("get_item", Key=to_wire(key), ConsistentRead=consistent)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key], *, consistent: bool = True) -> list[Item]:
        """The items that exist, in no order. Any number of keys, some maybe twice; asks again for what was left out."""
        found: list[Item] = []
        todo = [to_wire(key) for key in {tuple(sorted(key.items())): key for key in keys}.values()]
        tries = 0
        while todo:
            chunk, todo = todo[:100], todo[100:]
            request = {self.name: {"Keys": chunk, "ConsistentRead": consistent}}
            answer = _translated(self.client.batch_get_item, RequestItems=request)
            found += [from_wire(item) for item in answer["Responses"].get(self.name, [])]
            left = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if left:
                todo += left
                tries += 1
                if tries > 8:
                    raise Busy("the table is throttled")
                self.pause(random.uniform(0, 0.05 * 2**tries))  # noqa: S311 - jitter, not a secret
        return found

    def put(self, item: Item, *, condition: str | None = None, names: Key | None = None, **values: Any) -> None:
        """Raises ConditionFailed. `values` fill `:name` in the condition; `#name` is the attribute `name`, or what
        `names` says."""
        self._call("put_item", Item=to_wire(item), **_expression(condition, names, values))

    def put_many(self, items: Sequence[Item]) -> None:
        """Puts any number of items whose keys differ, without a condition. Raises Busy: then some are written; put all
        again."""
        self._write_many([{"PutRequest": {"Item": to_wire(item)}} for item in items])

    def delete_many(self, keys: Sequence[Key]) -> None:
        """Deletes any number of items by keys that differ, those that are there. Raises Busy, as `put_many`."""
        self._write_many([{"DeleteRequest": {"Key": to_wire(key)}} for key in keys])

    def _write_many(self, todo: list[dict[str, Any]]) -> None:
        tries = 0
        while todo:
            chunk, todo = todo[:25], todo[25:]
            answer = _translated(self.client.batch_write_item, RequestItems={self.name: chunk})
            if left := answer.get("UnprocessedItems", {}).get(self.name, []):
                todo += left
                tries += 1
                if tries > 8:
                    raise Busy("the table is throttled")
                self.pause(random.uniform(0, 0.05 * 2**tries))  # noqa: S311 - jitter, not a secret

    def update(
        self, key: Key, change: str, *, condition: str | None = None, names: Key | None = None, **values: Any
    ) -> Item:
        """Applies an update expression and answers the item as it is then. Raises ConditionFailed."""
        answer = self._call(
            "update_item",
            Key=to_wire(key),
            ReturnValues="ALL_NEW",
            **_expression(condition, names, values, change),
        )
        return from_wire(answer.get("Attributes", {}))

    def delete(self, key: Key, *, condition: str | None = None, names: Key | None = None, **values: Any) -> None:
        self._call("delete_item", Key=to_wire(key), **_expression(condition, names, values))

    def query(
        self,
        where: str,
        *,
        index: str | None = None,
        limit: int | None = None,
        start: Item | None = None,
        forward: bool = True,
        consistent: bool = False,
        filter: str | None = None,
        names: Key | None = None,
        **values: Any,
    ) -> "Page":
        """One page of a query; `limit` counts items read, before the filter."""
        request: dict[str, Any] = {"KeyConditionExpression": where, "ScanIndexForward": forward}
        request |= {"IndexName": index} if index else {"ConsistentRead": consistent}
        if limit:
            request["Limit"] = limit
        if start:
            request["ExclusiveStartKey"] = to_wire(start)
        if filter:
            request["FilterExpression"] = filter
        answer = self._call("query", **request, **_names_values(f"{where} {filter or ''}", names, values))
        last, looked = answer.get("LastEvaluatedKey"), answer.get("ScannedCount", len(answer["Items"]))
        return Page([from_wire(item) for item in answer["Items"]], from_wire(last) if last else None, looked)

    def query_all(self, where: str, *, limit: int | None = None, **how: Any) -> Iterator[Item]:
        """All items of a query, page after page (each of `limit` items)."""
        start: Item | None = None
        while True:
            page = self.query(where, limit=limit, start=start, **how)
            yield from page.items
            start = page.next
            if start is None:
                return

    def write_put(self, item: Item, *, condition: str | None = None, names: Key | None = None, **values: Any) -> Write:
        return Write("Put", {"TableName": self.name, "Item": to_wire(item), **_expression(condition, names, values)})

    def write_update(
        self, key: Key, change: str, *, condition: str | None = None, names: Key | None = None, **values: Any
    ) -> Write:
        request = {"TableName": self.name, "Key": to_wire(key)}
        return Write("Update", {**request, **_expression(condition, names, values, change)})

    def write_delete(self, key: Key, *, condition: str | None = None, names: Key | None = None, **values: Any) -> Write:
        request = {"TableName": self.name, "Key": to_wire(key)}
        return Write("Delete", {**request, **_expression(condition, names, values)})

    def together(self, writes: Sequence[Write], *, tries: int = 6) -> None:
        """All of the writes (at most 100) or none. Raises ConditionFailed with the first item whose condition failed.

        A conflict with another transaction is tried again with jitter, then `Busy`.
        """
        for attempt in range(tries):
            try:
                self.client.transact_write_items(TransactItems=[{w.kind: w.request} for w in writes])
                return
            except ClientError as error:
                code = code_of(error)
                reasons = error.response.get("CancellationReasons", [])
                for reason in reasons:
                    if reason.get("Code") == "ConditionalCheckFailed":
                        raise ConditionFailed(from_wire(reason.get("Item", {}))) from None
                conflict = any(reason.get("Code") in ("TransactionConflict", "ThrottlingError") for reason in reasons)
                if not conflict and code not in _BUSY:
                    raise
                if attempt == tries - 1:
                    raise Busy("the items are contended") from None
            self.pause(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        return _translated(getattr(self.client, operation), TableName=self.name, **request)


def read_together(asked: Sequence[tuple[Table, Key]]) -> list[Item | None]:
    """Items of several tables in one call (at most 100, each asked for once), consistently, in the order asked. Asks
    again for what DynamoDB left unprocessed; raises Busy."""
    found: dict[tuple[str, str], Item] = {}
    todo: dict[str, Any] = {}
    for table, key in asked:
        todo.setdefault(table.name, {"Keys": [], "ConsistentRead": True})["Keys"].append(to_wire(key))
    fields = {table.name: tuple(key) for table, key in asked}
    tries = 0
    while todo:
        answer = _translated(asked[0][0].client.batch_get_item, RequestItems=todo)
        for name, items in answer["Responses"].items():
            for item in map(from_wire, items):
                found[name, _place(item, fields[name])] = item
        if todo := answer.get("UnprocessedKeys", {}):
            tries += 1
            if tries > 8:
                raise Busy("the tables are throttled")
            asked[0][0].pause(random.uniform(0, 0.05 * 2**tries))  # noqa: S311 - jitter, not a secret
    return [found.get((table.name, _place(key, fields[table.name]))) for table, key in asked]


def _place(item: Key, fields: Sequence[str]) -> str:
    return dumps([item[field] for field in fields])


@dataclass(frozen=True)
class Page:
    """Items of one page, and the key to go on from (None at the end). `looked`: those that a filter left out, too."""

    items: list[Item]
    next: Item | None
    looked: int = 0


def _translated(call: Callable[..., dict[str, Any]], **request: Any) -> dict[str, Any]:
    for attempt in range(5):
        try:
            return call(**request)
        except ClientError as error:
            code = code_of(error)
            if code == "ConditionalCheckFailedException":
                raise ConditionFailed(from_wire(error.response.get("Item", {}))) from None
            if code == "TransactionConflictException" and attempt < 4:
                # A single write met a transaction on the same item: not a refusal; try again with jitter.
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
                continue
            if code in _BUSY:
                raise Busy("the table is throttled") from error
            raise
    raise AssertionError("unreachable")


def _names_values(text: str, names: Key | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Names and values for the expressions in `text`: `#word` stands for the attribute `word` (many words are
    reserved) unless `names` says otherwise; `:word` for the value of that name."""
    request: dict[str, Any] = {}
    if used := set(_NAME.findall(text)):
        request["ExpressionAttributeNames"] = {f"#{name}": (names or {}).get(name, name) for name in used}
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": _serialize(value) for name, value in values.items()}
    return request


def _expression(
    condition: str | None, names: Key | None, values: Mapping[str, Any], change: str = ""
) -> dict[str, Any]:
    request = _names_values(f"{change} {condition or ''}", names, values)
    if change:
        request["UpdateExpression"] = change
    if condition:
        request["ConditionExpression"] = condition
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request


def encode_cursor(key: Item | None) -> str | None:
    """An opaque cursor for the API from a page's `next`. It holds keys only, never a secret."""
    return urlsafe_b64encode(dumps(key, separators=(",", ":")).encode()).decode().rstrip("=") if key else None


def decode_cursor(cursor: str | None, fields: Iterable[str]) -> Item | None:
    """The reverse; raises Malformed unless it decodes to strings under exactly `fields`."""
    if not cursor:
        return None
    try:
        key: Any = loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise Malformed("The cursor cannot be read.") from None
    known: Item = cast("Item", key) if isinstance(key, dict) else {}
    if set(known) != set(fields) or not all(_fits(value) for value in known.values()):
        raise Malformed("The cursor cannot be read.")
    return known


def _fits(value: Any) -> bool:
    """DynamoDB refuses other key texts, and then it would look like a fault of ours."""
    return isinstance(value, str) and 0 < len(value.encode(errors="replace")) <= 1024
