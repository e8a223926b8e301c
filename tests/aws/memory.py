"""DynamoDB in a dictionary: as many calls in a second as moto answers in a minute, for proofs that need millions.

It knows the expressions that this code base uses, raises for any other, and answers in the wire's form. The tests of
`test_money.py` run on it and on moto.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from quanyi.table import Item, Table, from_wire
from quanyi.vault.kms import Keyring
from tests.aws.conftest import tables

Wire = dict[str, Any]
Path = tuple[str, ...]
_TOKEN = re.compile(r"\s*(<=|>=|<>|[=<>(),+]|[#:]?\w+(?:\.#?\w+)*)")
_WORDS = {"AND", "OR", "NOT", "IN", "BETWEEN"}


@cache
def _tokens(text: str) -> Sequence[str]:
    tokens = _TOKEN.findall(text)
    assert "".join(tokens) == re.sub(r"\s+", "", text), text
    return tokens


def _refused(item: Wire | None) -> ClientError:
    answer: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}
    return ClientError(answer | ({"Item": item} if item else {}), "Any")


def _plain(value: Wire) -> Any:
    ((kind, inner),) = value.items()
    if kind == "N":
        return float(inner) if "." in inner else int(inner)
    return set(inner) if kind in ("SS", "NS", "BS") else inner


def _at(item: Wire, path: Path) -> Wire | None:
    """What an item holds there."""
    *steps, name = path
    for step in steps:
        item = item.get(step, {}).get("M", {})
    return item.get(name)


@dataclass
class Expression:
    """One expression under evaluation, over an item in wire form."""

    tokens: Sequence[str]
    item: Wire
    names: Mapping[str, str]
    values: Mapping[str, Wire]
    at: int = 0

    @classmethod
    def of(cls, text: str, item: Wire, request: Mapping[str, Any]) -> "Expression":
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        return cls(_tokens(text), item, names, values)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        assert token
        assert wanted in ("", token), (wanted, self.tokens)
        self.at += 1
        return token

    def attribute(self) -> Path:
        """Of a document's inner attribute, each step."""
        return tuple(self.names[step] if step.startswith("#") else step for step in self.take().split("."))

    # Conditions.

    def holds(self) -> bool:
        found = self._either()
        assert not self.peek(), self.tokens
        return found

    def _either(self) -> bool:
        found = self._both()
        while self.peek() == "OR":
            self.take()
            found = self._both() or found
        return found

    def _both(self) -> bool:
        found = self._one()
        while self.peek() == "AND":
            self.take()
            found = self._one() and found
        return found

    def _one(self) -> bool:
        token = self.peek()
        if token == "NOT":
            self.take()
            return not self._one()
        if token == "(":
            self.take()
            found = self._either()
            self.take(")")
            return found
        if token in ("attribute_exists", "attribute_not_exists"):
            self.take()
            self.take("(")
            there = _at(self.item, self.attribute()) is not None
            self.take(")")
            return there == (token == "attribute_exists")
        if token in ("contains", "begins_with"):
            self.take()
            self.take("(")
            whole = self._value()
            self.take(",")
            part = self._value()
            self.take(")")
            if whole is None or part is None:
                return False
            return part in whole if token == "contains" else str(whole).startswith(str(part))
        return self._compared()

    def _compared(self) -> bool:
        left = self._value()
        operator = self.take()
        if operator == "IN":
            self.take("(")
            options = [self._value()]
            while self.peek() == ",":
                self.take()
                options.append(self._value())
            self.take(")")
            return left in options
        right = self._value()
        if operator == "<>":
            return left != right
        if left is None or right is None:
            return False
        tests: dict[str, Callable[[], bool]] = {
            "=": lambda: left == right,
            "<": lambda: left < right,
            "<=": lambda: left <= right,
            ">": lambda: left > right,
            ">=": lambda: left >= right,
        }
        return tests[operator]()

    def _value(self) -> Any:
        token = self.peek()
        if token == "size":
            self.take()
            self.take("(")
            found = self._value()
            self.take(")")
            return None if found is None else len(found)
        if token.startswith(":"):
            return _plain(self.values[self.take()])
        found = _at(self.item, self.attribute())
        return None if found is None else _plain(found)

    # Changes.

    def changed(self) -> Wire:
        after = dict(self.item)
        while self.peek():
            clause = self.take()
            while True:
                self._apply(clause, after)
                if self.peek() != ",":
                    break
                self.take()
        return after

    def _apply(self, clause: str, after: Wire) -> None:
        *steps, name = self.attribute()
        for step in steps:
            inner = dict(after[step]["M"])  # an error where there is no such map, as on AWS
            after[step] = {"M": inner}
            after = inner
        if clause == "REMOVE":
            after.pop(name, None)
        elif clause == "SET":
            self.take("=")
            after[name] = self._operand()
            if self.peek() == "+":
                self.take()
                after[name] = {"N": str(_plain(after[name]) + _plain(self._operand()))}
        else:
            given = self.values[self.take()]
            self._merged(clause, name, given, after)

    def _merged(self, clause: str, name: str, given: Wire, after: Wire) -> None:
        ((kind, values),) = given.items()
        if kind == "N":
            assert clause == "ADD"
            after[name] = {"N": str(_plain(after.get(name, {"N": "0"})) + _plain(given))}
            return
        before = set(after.get(name, {kind: []})[kind])
        left = before | set(values) if clause == "ADD" else before - set(values)
        if left:
            after[name] = {kind: sorted(left)}
        else:
            after.pop(name, None)

    def _operand(self) -> Wire:
        if self.peek() == "if_not_exists":
            self.take()
            self.take("(")
            found = _at(self.item, self.attribute())
            self.take(",")
            other = self._operand()
            self.take(")")
            return other if found is None else found
        if self.peek().startswith(":"):
            return self.values[self.take()]
        found = _at(self.item, self.attribute())
        assert found is not None
        return found


@dataclass
class MemoryDynamo:
    """The part of a boto3 DynamoDB client that `quanyi.table.Table` uses. `before` is called with each operation, and
    `after` once it took effect: a test makes calls fail there."""

    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    writes: int = 0
    """Items that were put, changed or deleted."""
    _items: dict[str, dict[tuple[str, ...], Wire]] = field(default_factory=dict[str, dict[tuple[str, ...], Wire]])
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._declared = {declared["TableName"]: declared for declared in tables().values()}

    def _table(self, name: str) -> dict[tuple[str, ...], Wire]:
        return self._items.setdefault(name, {})

    def _key(self, table: str, item: Wire) -> tuple[str, ...]:
        return tuple(item[k["AttributeName"]]["S"] for k in self._declared[table]["KeySchema"])

    def call(self, operation: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self.before(operation)
        with self._lock:
            answer = act()
        self.after(operation)
        return answer

    def _check(self, request: Mapping[str, Any], old: Wire | None) -> None:
        condition = request.get("ConditionExpression")
        if condition and not Expression.of(condition, old or {}, request).holds():
            raise _refused(old)

    def get_item(self, **request: Any) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            found = self._table(request["TableName"]).get(self._key(request["TableName"], request["Key"]))
            return {"Item": dict(found)} if found is not None else {}

        return self.call("get_item", act)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            answer: dict[str, list[Wire]] = {}
            for name, asked in request["RequestItems"].items():
                found = [self._table(name).get(self._key(name, key)) for key in asked["Keys"]]
                answer[name] = [dict(item) for item in found if item is not None]
            return {"Responses": answer}

        return self.call("batch_get_item", act)

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self.call("put_item", lambda: self._put(request))

    def update_item(self, **request: Any) -> dict[str, Any]:
        return self.call("update_item", lambda: self._update(request))

    def delete_item(self, **request: Any) -> dict[str, Any]:
        return self.call("delete_item", lambda: self._delete(request))

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        acts = {"Put": self._put, "Update": self._update, "Delete": self._delete}

        def act() -> dict[str, Any]:
            before = {name: dict(items) for name, items in self._items.items()}
            try:
                for write in request["TransactItems"]:
                    ((kind, asked),) = write.items()
                    acts[kind](asked)
            except ClientError as error:
                self._items = before
                reason: dict[str, Any] = {"Code": "ConditionalCheckFailed"}
                if item := error.response.get("Item"):
                    reason["Item"] = item
                answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [reason]}
                raise ClientError(answer, "TransactWriteItems") from None
            return {}

        return self.call("transact_write_items", act)

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            for name, asked in request["RequestItems"].items():
                for write in asked:
                    self._put({"TableName": name, **write["PutRequest"]})
            return {}

        return self.call("batch_write_item", act)

    def _put(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table, item = request["TableName"], request["Item"]
        key = self._key(table, item)
        self._check(request, self._table(table).get(key))
        self._table(table)[key] = dict(item)
        self.writes += 1
        return {}

    def _update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = request["TableName"]
        key = self._key(table, request["Key"])
        old = self._table(table).get(key)
        self._check(request, old)
        new = Expression.of(request["UpdateExpression"], old or dict(request["Key"]), request).changed()
        self._table(table)[key] = new
        self.writes += 1
        return {"Attributes": dict(new)}

    def _delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = request["TableName"]
        key = self._key(table, request["Key"])
        self._check(request, self._table(table).get(key))
        self._table(table).pop(key, None)
        self.writes += 1
        return {}

    def query(self, **request: Any) -> dict[str, Any]:
        return self.call("query", lambda: self._query(request))

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = request["TableName"]
        declared = self._declared[table]
        schema: list[Any] = declared["KeySchema"]
        if index := request.get("IndexName"):
            schema = next(i["KeySchema"] for i in declared["GlobalSecondaryIndexes"] if i["IndexName"] == index)
        order = [k["AttributeName"] for k in schema]
        own = [k["AttributeName"] for k in declared["KeySchema"]]

        def place(item: Wire) -> list[str]:
            return [item[name]["S"] for name in [*order[1:], *own]]

        condition = request["KeyConditionExpression"]
        partition, equals, value = _tokens(condition)[:3]
        assert (request.get("ExpressionAttributeNames", {}).get(partition, partition), equals) == (order[0], "=")
        wanted = request["ExpressionAttributeValues"][value]
        found = sorted(
            (
                item
                for item in self._table(table).values()
                if item.get(order[0]) == wanted
                and all(name in item for name in order)
                and Expression.of(condition, item, request).holds()
            ),
            key=place,
            reverse=not request.get("ScanIndexForward", True),
        )
        if start := request.get("ExclusiveStartKey"):
            forward, here = request.get("ScanIndexForward", True), place(start)
            found = [item for item in found if (place(item) > here if forward else place(item) < here)]
        limit = request.get("Limit")
        page = found[:limit] if limit else found
        more = bool(limit) and len(found) >= (limit or 0)
        last = {name: page[-1][name] for name in {*order, *own}} if more and page else None
        if keep := request.get("FilterExpression"):
            page = [item for item in page if Expression.of(keep, item, request).holds()]
        return {"Items": [dict(item) for item in page]} | ({"LastEvaluatedKey": last} if last else {})

    def everything(self, table: str) -> list[Item]:
        return [from_wire(item) for item in self._table(table).values()]


class MemoryKms:
    """Wraps data keys by a number. A stand-in for `vault.kms.Kms`."""

    key_id = "memory"
    client = None

    def __init__(self) -> None:
        self._keys: list[bytes] = []

    def new_data_key(self, context: dict[str, str]) -> tuple[bytes, bytes]:
        self._keys.append(len(self._keys).to_bytes(32))
        return self._keys[-1], str(len(self._keys) - 1).encode()

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        return self._keys[int(wrapped)]


@dataclass
class MemoryCloud:
    """What `Market` needs of `conftest.Cloud`."""

    dynamo: MemoryDynamo = field(default_factory=MemoryDynamo)
    kms: Any = field(default_factory=MemoryKms)

    def table(self, logical_id: str) -> Table:
        return Table(tables()[logical_id]["TableName"], self.dynamo, pause=lambda _: None)

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.table("CatalogTable"), self.kms)

    def contents(self, *logical_ids: str) -> dict[str, list[Item]]:
        return {name: self.dynamo.everything(tables()[name]["TableName"]) for name in logical_ids or tables()}
