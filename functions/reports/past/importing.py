"""Imports an export of past orders. The file is looked through whole before anything of it is written. A run that dies
is repeated from the start: an order that is kept already, and a fact that is told, each lands on itself."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from quanyi.errors import NotFound
from quanyi.imports.model import FileFault
from quanyi.past.buyer import buyer_of
from quanyi.past.facts import facts_of
from quanyi.past.model import Changed, PastOrder, grown
from quanyi.past.orders import Export, Fault, ReadOrder, counted, read_orders
from quanyi.past.reading import MissingColumn, places, records
from quanyi.past.rows import RowReader
from quanyi.past.source import Source
from reports.past.goods import Dictionary
from reports.past.office import PastOffice
from reports.upload import PastPlace

WRITERS = 8
A_CALL = 25
"""Orders that one writer has in hand."""
MOST_FAULTS = 100
"""That an import lists; all are counted."""


def past_import(room: PastOffice, where: PastPlace) -> dict[str, Any]:
    """How it went. Raises what AWS raises; calling again is safe."""
    data = room.uploads.read(where) if room.past.begin(*where) else None
    if data is None:  # nobody announced it, or it has been read
        room.uploads.delete(where)
        return {"state": "not_wanted"}
    try:
        source = room.past.source(where.source)
        columns, rows = places(source, found := records(source, data))
        del found
        export = read_orders(RowReader(source, columns, room.zone, room.now()), rows)
    except NotFound:
        return _failed(room, where, reason="source_gone")
    except MissingColumn as missing:
        return _failed(room, where, reason=missing.code, fields=missing.fields)
    except FileFault as fault:
        return _failed(room, where, reason=fault.code)
    outcome = told(room, source, export, where.import_id)
    room.past.finish(*where, now=room.now(), **outcome)
    room.uploads.delete(where)
    return {"state": "done", **{name: value for name, value in outcome.items() if name != "faults"}}


def told(room: PastOffice, source: Source, export: Export, import_id: str) -> dict[str, Any]:
    """Keeps the orders, tells their facts, and answers what the import came to."""
    words = Dictionary.of(room.catalog, source, (name for one in export.orders for name in one.names.values()))
    writer = _Writer(room, source, words, import_id)
    chunks = [export.orders[at : at + A_CALL] for at in range(0, len(export.orders), A_CALL)]
    with ThreadPoolExecutor(WRITERS) as several:
        done = [result for results in several.map(writer.write, chunks) for result in results]
    orders = [result for result in done if isinstance(result, PastOrder)]
    faults = sorted([*export.faults, *(result for result in done if isinstance(result, Fault))], key=lambda f: f.line)
    news = Counter(_news(order, import_id) for order in orders)
    return {
        "rows": export.rows,
        "orders": len(orders),
        "new": news["new"],
        "changed": news["changed"],
        "pending": export.pending,
        "without_sku": sum(not line.sku for order in orders for line in order.lines),
        "without_buyer": sum(not order.buyer for order in orders),
        "refused": counted(faults),
        "faults": [vars(fault) for fault in faults[:MOST_FAULTS]],
    }


def _news(order: PastOrder, import_id: str) -> str:
    if order.told_by != import_id:
        return "known"
    return "new" if order.rev == 1 else "changed"


@dataclass(frozen=True)
class _Writer:
    room: PastOffice
    source: Source
    words: Dictionary
    import_id: str

    def write(self, some: Sequence[ReadOrder]) -> list[PastOrder | Fault]:
        known = self.room.past.known(self.source.id, [one.order.id for one in some])
        results = [self._kept(one, known.get(one.order.id)) for one in some]
        self.room.facts.put([fact for order in _kept_ones(results) for fact in facts_of(order)])
        return results

    def _kept(self, one: ReadOrder, standing: PastOrder | None) -> PastOrder | Fault:
        read = self._whole(one)
        try:
            while (order := grown(standing, read, one.refunds)) != standing:
                if (standing := self.room.past.keep(order)) is None:
                    return order
        except Changed:
            return Fault(one.line, "changed_since")
        return order

    def _whole(self, one: ReadOrder) -> PastOrder:
        """With its buyer and its goods, of which only names of ours are left."""
        found = [(line, self.words.goods(one.names[line.key])) for line in one.order.lines]
        return replace(
            one.order,
            lines=tuple(
                replace(line, sku=goods.sku, product=goods.product, category=goods.category) for line, goods in found
            ),
            buyer=buyer_of(self.room.keyring, self.source.id, one.told),
            told_by=self.import_id,
        )


def _kept_ones(results: Sequence[PastOrder | Fault]) -> Iterator[PastOrder]:
    return (result for result in results if isinstance(result, PastOrder))


def _failed(room: PastOffice, where: PastPlace, **why: Any) -> dict[str, Any]:
    room.past.fail(*where, now=room.now(), **why)
    room.uploads.delete(where)
    return {"state": "failed", **why}
