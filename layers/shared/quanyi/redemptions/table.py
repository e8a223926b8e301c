"""Redemptions by store and day, in the stats table.

    REDEMPTIONS#<store>#<day>   <moment>#<number>
    SOLDUSED#<day>#<shard>      <moment>#<number>   the same, of vouchers that an order sold, whatever the store
    PRINTUSED#<day>#<shard>     <moment>#<number>   the same, of vouchers that no order sold

A record is put without a condition: told again, it lands on itself. Without a store, the store's part is empty.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quanyi.cards.model import shard_of
from quanyi.clock import day, stamp
from quanyi.redemptions.model import Record
from quanyi.table import Item, Table, decode_cursor, encode_cursor
from quanyi.vouchers.use import Use

SHARDS = 4
READ = 200
PARTS = [f"{kind}#{{day}}#{shard}" for kind in ("SOLDUSED", "PRINTUSED") for shard in range(SHARDS)]
"""Of a day, in the order in which they are read."""
PLACE_FORM = r"[0-7]#.+"
START = "0#0"
"""The place before the first."""
MOST_PAGES = 5
"""How many uses are read in a call, page after page, to find those of one channel."""


@dataclass(frozen=True)
class RedemptionsTable:
    """`table` is the stats table; `zone` the shop's, whose days these are."""

    table: Table
    zone: str

    def put(self, records: Sequence[Record]) -> None:
        """All of them; of several about one use the last holds. Raises Busy: then some are written; put all again."""
        items = [item for record in records for item in self._items(record)]
        self.table.put_many(list({(item["pk"], item["sk"]): item for item in items}.values()))

    def used_on(self, on: str, *, after: str = START) -> Iterator[Record]:
        """All uses on a day in every store, those of vouchers that an order sold first; beyond a use's `place_of`. The
        order is for ever the same."""
        shard, _, last = after.partition("#")
        for number in range(int(shard), len(PARTS)):
            pk, beyond = PARTS[number].format(day=on), last if f"{number}" == shard else "0"
            yield from map(_record, self.table.query_all("pk = :pk AND sk > :beyond", pk=pk, beyond=beyond))

    def of_day(
        self, store: str, on: str, *, limit: int, cursor: str | None = None, channel: str = ""
    ) -> tuple[list[Record], str | None]:
        """A page of a store's redemptions on a day (`2026-11-26`), newest first; only those that were made through
        `channel`, where it is told. A page may hold fewer then, though more follow: a call reads a bounded part of the
        day. Raises Malformed (cursor)."""
        pk = f"REDEMPTIONS#{store}#{on}"
        after = decode_cursor(cursor, ("sk",))
        start: Item | None = {"pk": pk, **after} if after else None
        found: list[Item] = []
        for _ in range(MOST_PAGES if channel else 1):
            page = self.table.query("pk = :pk", limit=READ if channel else limit, start=start, forward=False, pk=pk)
            mine = [item for item in page.items if not channel or item["use"].get("c") == channel]
            found += mine[: limit - len(found)]
            full = len(found) == limit
            start = found[-1] if full and (page.next or found[-1] != mine[-1]) else page.next
            if full or start is None:
                break
        return [_record(item) for item in found], encode_cursor({"sk": start["sk"]} if start else None)

    def _items(self, record: Record) -> list[Item]:
        item = self._item(record)
        return [item, {**item, "pk": PARTS[_part_of(record)].format(day=day(record.use.at, self.zone))}]

    def _item(self, record: Record) -> Item:
        use = record.use
        return {
            "pk": f"REDEMPTIONS#{use.store}#{day(use.at, self.zone)}",
            "sk": _sk_of(record),
            "v": 1,
            "card_id": record.card_id,
            "series": record.series,
            "sku": record.sku,
            "currency": record.currency,
            "order": record.order or None,
            "channel": record.channel or None,
            "use_id": use.id,
            "use": use.to_item(),
        }


def place_of(record: Record) -> str:
    """Where a use stands among those of its day."""
    return f"{_part_of(record)}#{_sk_of(record)}"


def _part_of(record: Record) -> int:
    return shard_of(record.card_id, SHARDS) + (0 if record.order else SHARDS)


def _sk_of(record: Record) -> str:
    return f"{stamp(record.use.at)}#{record.number}"


def _record(item: Item) -> Record:
    return Record(
        item["card_id"],
        item["series"],
        item["sku"],
        item["currency"],
        Use.from_item(item["use_id"], item["use"]),
        item.get("order", ""),
        item.get("channel", ""),
    )
