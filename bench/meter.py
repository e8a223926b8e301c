"""Counts the AWS calls that this process makes through boto3, with DynamoDB's capacity units.

It listens to boto3's own events, so what is counted is what the code under test really asked for. A call is counted
once, however often botocore tried it.
"""

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from bench.units import Schema, Wire, item_bytes, read_units, write_units

_IMAGE = "bench.before"


@dataclass(frozen=True)
class Made:
    """One call. Units are zero for services without any."""

    service: str
    operation: str
    target: str = ""
    """Table, or `table/index`."""
    reads: float = 0
    writes: Mapping[str, int] = field(default_factory=dict[str, int])
    """Write units by index, the table's own under `""`."""
    events: tuple[Mapping[str, Any], ...] = ()
    """Entries of a PutEvents."""

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation} {self.target}".strip()


@dataclass
class Meter:
    """`schemas` are those of the tables by their physical names; `names` is what to call the tables."""

    schemas: Mapping[str, Schema]
    names: Mapping[str, str]
    made: list[Made] = field(default_factory=list[Made])
    _paused: bool = False

    def pause(self) -> None:
        """Does not look at DynamoDB until `resume`: for taking the time of what runs."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def attach(self, session: boto3.Session) -> None:
        """Every client that this session makes from now on is metered."""
        # Its own session: reading an item before a write must not be counted.
        self._peek = boto3.Session(region_name=session.region_name).client("dynamodb")
        session.events.register("provide-client-params", self._before)
        session.events.register("after-call", self._after)

    @contextmanager
    def counting(self) -> Generator[list[Made]]:
        """The calls made inside the block."""
        found: list[Made] = []
        first = len(self.made)
        yield found
        found += self.made[first:]

    def _before(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        writes = () if self._paused else _writes(model.name, params)
        context[_IMAGE] = (params, [self._image(*write) for write in writes])

    def _after(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        params, before = context.get(_IMAGE, ({}, []))
        service = model.service_model.service_name
        if service != "dynamodb":
            self.made.append(Made(service, model.name, events=tuple(params.get("Entries", ()))))
            return
        if self._paused:
            return
        failed = "Error" in parsed
        if found := list(_writes(model.name, params)):
            # A transaction pays twice for each of its writes: once to prepare, once to commit.
            times = 2 if model.name == "TransactWriteItems" else 1
            for (table, key), old in zip(found, before, strict=True):
                units = write_units(self.schemas[table], old, self._image(table, key), refused=failed)
                self._note(model.name, table, writes={index: n * times for index, n in units.items()})
            if model.name in ("TransactWriteItems", "BatchWriteItem"):
                self._one_call(len(found))
            return
        self._read(model.name, params, parsed)

    def _one_call(self, items: int) -> None:
        """The last `items` notes were one call."""
        several, self.made[-items:] = self.made[-items:], []
        targets = " + ".join(f"{n} {target}" for target, n in Counter(one.target for one in several).items())
        writes: Counter[str] = Counter()
        for one in several:
            writes.update({f"{one.target}{'/' if index else ''}{index}": n for index, n in one.writes.items()})
        reads = sum(one.reads for one in several)
        self.made.append(Made("dynamodb", several[0].operation, targets, reads, dict(writes)))

    def _read(self, operation: str, params: dict[str, Any], parsed: dict[str, Any]) -> None:
        if operation == "BatchGetItem":
            for table, asked in params["RequestItems"].items():
                consistent = bool(asked.get("ConsistentRead"))
                found = parsed.get("Responses", {}).get(table, [])
                missing = len(asked["Keys"]) - len(found)
                units = sum(read_units(item_bytes(item), consistent=consistent) for item in found)
                self._note(operation, table, reads=units + missing * read_units(0, consistent=consistent))
            if len(params["RequestItems"]) > 1:
                self._one_call(len(params["RequestItems"]))
            return
        consistent = bool(params.get("ConsistentRead"))
        items: list[Wire] = parsed.get("Items") or [parsed.get("Item") or {}]
        units = read_units(sum(map(item_bytes, items)), consistent=consistent)
        self._note(operation, params.get("TableName", ""), params.get("IndexName", ""), reads=units)

    def _note(
        self, operation: str, table: str, index: str = "", *, reads: float = 0, writes: dict[str, int] | None = None
    ) -> None:
        target = self.names.get(table, table) + (f"/{index}" if index else "")
        self.made.append(Made("dynamodb", operation, target, reads, writes or {}))

    def _image(self, table: str, key: Wire) -> Wire | None:
        return self._peek.get_item(TableName=table, Key=dict(key), ConsistentRead=True).get("Item")


def _keyed(schema_keys: tuple[str, ...], item: Wire) -> Wire:
    return {name: item[name] for name in schema_keys}


def _writes(operation: str, params: Mapping[str, Any]) -> Generator[tuple[str, Wire]]:
    """The items that a call writes: table and key."""
    match operation:
        case "PutItem":
            yield params["TableName"], _key_of(params["Item"])
        case "UpdateItem" | "DeleteItem":
            yield params["TableName"], params["Key"]
        case "TransactWriteItems":
            for write in params["TransactItems"]:
                ((kind, request),) = write.items()
                yield request["TableName"], _key_of(request["Item"]) if kind == "Put" else request["Key"]
        case "BatchWriteItem":
            for table, requests in params["RequestItems"].items():
                for request in requests:
                    put = request.get("PutRequest")
                    yield table, _key_of(put["Item"]) if put else request["DeleteRequest"]["Key"]
        case _:
            return


def _key_of(item: Wire) -> Wire:
    names = ("card_id",) if "card_id" in item else ("pk", "sk")
    return _keyed(names, item)


def by_name(made: list[Made]) -> Counter[str]:
    return Counter(call.name for call in made)


def units(made: list[Made]) -> tuple[float, int]:
    """Read and write units, indexes included."""
    return sum(call.reads for call in made), sum(sum(call.writes.values()) for call in made)
