"""The card table and its index of available cards, in memory and exact: what a draw and a delivery use of DynamoDB.

A write is decided and done in one step; a query answers from an index that learns of a write `lag` seconds later. Time
is whatever the caller says it is, so a test of contention can run in simulated time. It stands in for a boto3 client.
"""

import re
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError

from quanyi.cards.table import DELIVERED_TO, FREE_OR_MINE, HELD_BY, HELD_OR_DELIVERED_TO

Wire = dict[str, Any]

_SET = re.compile(r"([#\w]+) = (if_not_exists\(\w+, (:\w+)\)|[:#]\w+)")


@dataclass
class CardIndex:
    """`make` answers a card's item from its id, when it is first touched: a million cards need not be there in full.

    `now` tells the time, `travel` is called on the way to and on the way back from the table.
    """

    pool: str
    ids: list[str]
    make: Callable[[str], Wire]
    now: Callable[[], float] = lambda: 0.0
    travel: Callable[[], None] = lambda: None
    lag: float = 0.0
    items: dict[str, Wire] = field(default_factory=dict[str, Wire])
    calls: list[tuple[str, Wire, Wire | None, Wire | None]] = field(default_factory=list[Any])
    """Every call: operation, request, the item before, the item after. A query has the index entries in its request."""
    refused: int = 0
    """Conditional writes that were lost."""
    _news: deque[tuple[float, str, bool]] = field(default_factory=deque[tuple[float, str, bool]])

    def __post_init__(self) -> None:
        self.ids.sort()

    def add(self, card_id: str) -> None:
        """A new available card."""
        self._news.append((self.now() + self.lag, card_id, True))

    def query(self, **request: Any) -> Wire:
        self.travel()
        self._learn()
        values = request["ExpressionAttributeValues"]
        first, limit = values[":first"]["S"], request["Limit"]
        at = bisect_left(self.ids, first)
        wrapped = "<" in request["KeyConditionExpression"]
        seen = self.ids[: min(at, limit)] if wrapped else self.ids[at : at + limit]
        entries = [{"card_id": {"S": card}, "available": {"S": self.pool}} for card in seen]
        self.calls.append(("Query", {**request, "entries": entries}, None, None))
        self.travel()
        return {"Items": entries}

    def update_item(self, **request: Any) -> Wire:
        self.travel()
        card = request["Key"]["card_id"]["S"]
        before = self.items.setdefault(card, self.make(card))
        names = request.get("ExpressionAttributeNames", {})
        values = request["ExpressionAttributeValues"]
        holds = _CONDITIONS[request["ConditionExpression"]](before, values)
        after = _changed(before, request["UpdateExpression"], names, values) if holds else None
        self.calls.append(("UpdateItem", request, before, after))
        if after is not None:
            self.items[card] = after
            if ("available" in before) != ("available" in after):
                self._news.append((self.now() + self.lag, card, "available" in after))
        else:
            self.refused += 1
        self.travel()
        if after is None:
            raise ClientError(
                {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": before},  # type: ignore[typeddict-unknown-key]
                "UpdateItem",
            )
        return {"Attributes": after}

    def _learn(self) -> None:
        now = self.now()
        while self._news and self._news[0][0] <= now:
            _, card, available = self._news.popleft()
            at = bisect_left(self.ids, card)
            there = at < len(self.ids) and self.ids[at] == card
            if available and not there:
                insort(self.ids, card)
            elif there and not available:
                del self.ids[at]


def _text(item: Wire, name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _free_or_mine(item: Wire, values: Wire) -> bool:
    free = "available" in item and item["sell_by"]["S"] > values[":now"]["S"]
    return free or _held_by(item, values)


def _held_by(item: Wire, values: Wire) -> bool:
    return _text(item, "state") == "reserved" and _text(item, "hold") == values[":hold"]["S"]


def _held_or_delivered(item: Wire, values: Wire) -> bool:
    return _text(item, "state") in ("reserved", "delivered") and _text(item, "hold") == values[":hold"]["S"]


def _delivered_to(item: Wire, values: Wire) -> bool:
    return _text(item, "state") == "delivered" and _text(item, "order") == values[":order"]["S"]


_CONDITIONS: dict[str, Callable[[Wire, Wire], bool]] = {
    FREE_OR_MINE: _free_or_mine,
    HELD_BY: _held_by,
    HELD_OR_DELIVERED_TO: _held_or_delivered,
    DELIVERED_TO: _delivered_to,
}


def _changed(item: Wire, expression: str, names: dict[str, str], values: Wire) -> Wire:
    """The item after an update of the forms that `cards.table` writes: SET with `if_not_exists`, then REMOVE."""
    sets, _, removes = expression.removeprefix("SET ").partition(" REMOVE ")
    new = dict(item)
    for name, value, default in cast("list[tuple[str, str, str]]", _SET.findall(sets)):
        attribute: str = names.get(name, name)
        if default:
            new.setdefault(attribute, values[default])
        else:
            new[attribute] = values[value] if value.startswith(":") else item[names[value]]
    for name in _listed(removes):
        new.pop(names.get(name, name), None)
    return new


def _listed(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(",") if part.strip())
