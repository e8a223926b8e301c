"""Past orders on the stats table.

    PAST_SOURCES             <source>       how its exports are read, or that it was removed
    PAST#<source>            IMPORT#<id>    an import: announced, under way, done with what it came to, or failed
    PAST#<source>#<shard>    <order>        what is known of an order (`past.model`): no contact, no title, no number

An order is kept before its facts are told, and with the condition that it still stands as it was read. So whoever tells
them, and however often, they follow from one document.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from quanyi.clock import moment, stamp
from quanyi.errors import NotFound
from quanyi.orders.table import shard_of
from quanyi.past.model import Back, PastLine, PastOrder
from quanyi.past.source import Source
from quanyi.table import ConditionFailed, Item, Table

SOURCES = "PAST_SOURCES"
SHARDS = 16
"""Of a source's orders: an import writes some thousand a second."""
KEPT_FOR = timedelta(days=365)
"""Imports; what they told stays."""

ImportState = Literal["awaiting_upload", "importing", "done", "failed"]
OPEN = "#state IN (:awaiting, :importing)"


@dataclass(frozen=True)
class PastTable:
    """`table` is the stats table."""

    table: Table

    def sources(self) -> list[Source]:
        """Those that are in use, by id."""
        return [_source(item) for item in self._sources() if "removed" not in item]

    def ever(self) -> list[str]:
        """The ids of all sources, removed ones too: they may have orders."""
        return [str(item["sk"]) for item in self._sources()]

    def source(self, source_id: str) -> Source:
        """Raises NotFound."""
        item = self.table.get({"pk": SOURCES, "sk": source_id})
        if item is None or "removed" in item:
            raise NotFound("source of past orders")
        return _source(item)

    def save(self, source: Source) -> None:
        self.table.put({"pk": SOURCES, "sk": source.id, "v": 1, **source.model_dump(mode="json", exclude_none=True)})

    def remove(self, source_id: str) -> None:
        """Its orders stay, and so does its name. Harmless when there is none."""
        key = {"pk": SOURCES, "sk": source_id}
        if self.table.get(key):
            self.table.put({**key, "v": 1, "removed": True})

    def announce(self, source_id: str, import_id: str, *, by: str, now: datetime) -> Item:
        """A new import that waits for its file, or the one that has this id already."""
        item: Item = {
            **_import_key(source_id, import_id),
            "v": 1,
            "id": import_id,
            "source": source_id,
            "state": "awaiting_upload",
            "created_at": stamp(now),
            "by": by,
            "expires": int((now + KEPT_FOR).timestamp()),
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            return failed.item
        return item

    def begin(self, source_id: str, import_id: str) -> bool:
        """The file has arrived. False: nobody announced it, or it is over already."""
        return self._move(source_id, import_id, "importing")

    def fail(self, source_id: str, import_id: str, *, now: datetime, **why: Any) -> None:
        self._move(source_id, import_id, "failed", finished_at=stamp(now), **why)

    def finish(self, source_id: str, import_id: str, *, now: datetime, **told: Any) -> None:
        """Last of all: a run that dies comes again until then."""
        self._move(source_id, import_id, "done", finished_at=stamp(now), **told)

    def imports(self, source_id: str) -> list[Item]:
        """Newest first."""
        found = self.table.query_all("pk = :pk AND begins_with(sk, :of)", pk=f"PAST#{source_id}", of="IMPORT#")
        return sorted(found, key=lambda item: item["created_at"], reverse=True)

    def known(self, source_id: str, orders: Sequence[str]) -> dict[str, PastOrder]:
        """Those of these that were imported before."""
        found = self.table.get_many([_order_key(source_id, order) for order in orders])
        return {item["sk"]: _order(item) for item in found}

    def keep(self, order: PastOrder) -> PastOrder | None:
        """None: it is kept. Else what stands there, because another import has changed it meanwhile."""
        item = _order_item(order)
        try:
            if order.rev == 1:
                self.table.put(item, condition="attribute_not_exists(pk)")
            else:
                self.table.put(item, condition="rev = :before", before=order.rev - 1)
        except ConditionFailed as kept:
            return _order(kept.item)
        return None

    def orders(self, source_id: str) -> Iterator[PastOrder]:
        """All that were ever imported, to tell their facts again from."""
        for shard in range(SHARDS):
            yield from map(_order, self.table.query_all("pk = :pk", pk=f"PAST#{source_id}#{shard}", consistent=True))

    def _sources(self) -> Iterator[Item]:
        return self.table.query_all("pk = :pk", pk=SOURCES, consistent=True)

    def _move(self, source_id: str, import_id: str, to: ImportState, **told: Any) -> bool:
        sets = "".join(f", #{name} = :{name}" for name in told)
        try:
            self.table.update(
                _import_key(source_id, import_id),
                f"SET #state = :to{sets}",
                condition=OPEN,
                to=to,
                awaiting="awaiting_upload",
                importing="importing",
                **told,
            )
        except ConditionFailed:
            return False
        return True


def _import_key(source_id: str, import_id: str) -> dict[str, str]:
    return {"pk": f"PAST#{source_id}", "sk": f"IMPORT#{import_id}"}


def _order_key(source_id: str, order: str) -> dict[str, str]:
    return {"pk": f"PAST#{source_id}#{shard_of(order, SHARDS)}", "sk": order}


def _source(item: Mapping[str, Any]) -> Source:
    return Source.model_validate({name: item[name] for name in Source.model_fields if name in item})


def _order_item(order: PastOrder) -> Item:
    item: Item = {
        **_order_key(order.source, order.id),
        "v": 1,
        "rev": order.rev,
        "told_by": order.told_by,
        "channel": order.channel,
        "account": order.account,
        "currency": order.currency,
        "placed_at": stamp(order.placed_at),
        "lines": [{name: value for name, value in asdict(line).items() if value != ""} for line in order.lines],
        "backs": [{"at": stamp(b.at), "amounts": dict(b.amounts), "delivered": b.delivered} for b in order.backs],
    }
    moments = {"paid_at": order.paid_at, "delivered_at": order.delivered_at}
    item |= {name: stamp(at) for name, at in moments.items() if at}
    return item | ({"buyer": order.buyer} if order.buyer else {})


def _order(item: Mapping[str, Any]) -> PastOrder:
    _, source, _ = item["pk"].split("#")
    return PastOrder(
        id=item["sk"],
        source=source,
        **{name: item[name] for name in ("channel", "account", "currency", "rev", "told_by")},
        placed_at=moment(item["placed_at"]),
        lines=tuple(PastLine(**line) for line in item["lines"]),
        buyer=item.get("buyer", ""),
        paid_at=moment(item["paid_at"]) if "paid_at" in item else None,
        delivered_at=moment(item["delivered_at"]) if "delivered_at" in item else None,
        backs=tuple(Back(moment(b["at"]), b["amounts"], b["delivered"]) for b in item["backs"]),
    )
