"""Running an import: take its lease, look through the file, go on from the last checkpoint, finish, delete the file.

A run may end anywhere. What it has done is in the table: cards by their own conditional writes, the way it got in the
import's item. The next run goes on from there, and does the stretch in hand again (`stretch` tells why that is safe).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile

from quanyi.backlog import Backlog
from quanyi.batches.table import BatchKeys
from quanyi.cards.model import Pool
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.clock import Clock, moment
from quanyi.ids import Draw, new_id
from quanyi.imports.entries import EntryReader
from quanyi.imports.model import OVER, FileFault, ImportState, Numbers, Plan, Record, Survey
from quanyi.imports.table import ImportsTable, LeaseLost, NotFree, counts_of
from quanyi.receiving.arrivals import Arrivals, BacklogFirst
from quanyi.receiving.origin import Origin
from quanyi.receiving.writing import WRITERS, BatchInHand, CardWriter
from quanyi.table import Item
from quanyi.vault.kms import Keyring
from quanyi.vouchers.model import Series
from quanyi.vouchers.series import SeriesTable
from stock.numbers import ETAG, HandedOut, NumberReader, NumberSource, own_attributes
from stock.rehearsal import Rehearsal
from stock.source import Places, Source
from stock.stretch import StretchWriter
from stock.upload import UploadedFile, Uploads


@dataclass(frozen=True)
class Importing:
    """What a run works with."""

    imports: ImportsTable
    uploads: Uploads
    cards: CardsTable
    pools: PoolsTable
    backlog: Backlog
    keys: BatchKeys
    keyring: Keyring
    series: SeriesTable
    withdraw: Callable[[str], None]
    """Has what is in stock of a series follow its standing, soon."""
    clock: Clock
    draw: Draw


def run_import(work: Importing, import_id: str, time_left: Callable[[], bool]) -> bool:
    """True: there is nothing more to do for this call, since the import is over or another run has it. False: time
    ran low at a checkpoint, call again. Raises what AWS raises; calling again is safe then too."""
    lease = new_id("R", work.draw)
    try:
        item = work.imports.take(import_id, lease, work.clock())
    except NotFree as taken:
        if taken.item.get("state") in (None, *OVER):
            work.uploads.delete(import_id)  # uploaded twice, after a cancellation, or by nobody we know
        return True
    run = _Run(work, import_id, lease, item)
    try:
        over = run.go_on(time_left)
    except FileFault as fault:
        run.finish("failed", fault)
        over = True
    except LeaseLost:
        return True
    except BaseException:
        with suppress(Exception):
            work.imports.let_go(import_id, lease)
        raise
    if not over:
        work.imports.let_go(import_id, lease)
    return over


@dataclass
class _Run:
    """One run under one lease. `item` is the import as the last write left it."""

    work: Importing
    import_id: str
    lease: str
    item: Item
    opened: list[Pool] = field(default_factory=list)

    def go_on(self, time_left: Callable[[], bool]) -> bool:
        """True when the import is over. Raises FileFault, LeaseLost."""
        plan = Plan.model_validate_json(self.item["plan"])
        if self.item.get("cancelled_by") and "etag" not in self.item:
            self.finish("cancelled")
            return True
        series = self.work.series.get(plan.numbers.series) if plan.numbers else None
        if series and self._called_off(series.id):
            return True
        source = self._source(plan)
        with ThreadPoolExecutor(WRITERS) as threads:
            writer = self._writer(plan, series, source, threads)
            records = source.records(self.item["position"], self.item["line"])
            for stretch, last in _stretches(records, writer.records_at_once):
                self._do(writer, stretch, last)
                if self.item.get("cancelled_by"):
                    self.finish("cancelled")
                    return True
                if series and self._called_off(series.id):
                    return True
                if not time_left():
                    return False
        if self.item["read"] == 0:
            raise FileFault("empty_file")
        if series and self.work.series.get(series.id).standing(self.work.clock()) != "open":
            self.work.withdraw(series.id)
        self.finish("done")
        return True

    def _called_off(self, series: str) -> bool:
        """A series that was cancelled gets no more vouchers, and those that this run has put into stock meanwhile are
        taken out again."""
        if not self.work.series.get(series).cancelled:
            return False
        self.work.withdraw(series)
        self.finish("cancelled")
        return True

    def finish(self, state: ImportState, fault: FileFault | None = None) -> None:
        """Counts the batches, says how it ended, and deletes the file."""
        for batch, size in self.item["batches"].items():
            if size:
                self.work.keys.batches.settle(batch, size)
            else:
                self.work.keys.batches.drop(batch)
        for pool in self.opened:
            self.work.pools.open(pool)  # it may have been emptied, and closed, while the file was read
        self.work.imports.finish(self.import_id, self.lease, state, self.work.clock(), fault.code if fault else None)
        self.work.uploads.delete(self.import_id)

    def _source(self, plan: Plan) -> Source | NumberSource:
        if plan.numbers:
            numbers = NumberSource(plan.numbers)
            if "etag" not in self.item:
                self._note(numbers.survey(), ETAG, (0, None, None))
            return numbers
        return self._file(plan, self.work.uploads.open(self.import_id))

    def _file(self, plan: Plan, file: UploadedFile) -> Source:
        """The file, once it has been looked through: what that told is kept, and binds all runs to this very upload."""
        if "etag" in self.item:
            if self.item["etag"] != file.etag:
                raise FileFault("upload_changed")
            return Source(plan, file, self.item.get("encoding"))
        source = Source(plan, file)
        survey = source.survey()
        self._note(survey, file.etag, source.places())
        return source

    def _note(self, survey: Survey, etag: str, places: Places) -> None:
        self.item = self.work.imports.note_file(
            self.import_id, self.lease, survey, etag=etag, places=places, now=self.work.clock()
        )

    def _writer(
        self, plan: Plan, series: Series | None, source: Source | NumberSource, threads: ThreadPoolExecutor
    ) -> StretchWriter | Rehearsal:
        work = self.work
        if plan.numbers and series:
            return self._generator(plan, plan.numbers, series, threads)
        number, pin, expiry = self.item["places"]
        reader = EntryReader(plan, moment(self.item["started_at"]), (number, pin, expiry))
        if plan.dry_run:
            key = work.keyring.key("fingerprint")
            rehearsal = Rehearsal(plan, reader, key, work.cards, threads)
            earlier = takewhile(lambda record: record.after <= self.item["position"], source.records(0, 1))
            for stretch, _ in _stretches(earlier, rehearsal.records_at_once):
                rehearsal.remember(stretch)
            return rehearsal
        arrivals = BacklogFirst(plan.sku, work.cards, work.backlog, work.clock)
        return StretchWriter(plan, reader, arrivals, self._cards(plan, threads))

    def _generator(self, plan: Plan, numbers: Numbers, series: Series, threads: ThreadPoolExecutor) -> StretchWriter:
        work = self.work
        arrivals: Arrivals = BacklogFirst(plan.sku, work.cards, work.backlog, work.clock)
        if numbers.handed_out:
            arrivals = HandedOut(work.cards, moment(self.item["created_at"]))
        reader = NumberReader(series, work.keyring, plan.expires_at)
        own = partial(own_attributes, series, numbers)
        return StretchWriter(plan, reader, arrivals, self._cards(plan, threads), own)

    def _cards(self, plan: Plan, threads: ThreadPoolExecutor) -> CardWriter:
        work = self.work
        origin = Origin(
            self.import_id,
            plan.sku,
            plan.channel,
            plan.supplier,
            plan.unit_cost,
            plan.format,
            plan.issuer,
            plan.zone,
            plan.shards,
        )
        key = work.keyring.key("fingerprint")
        batch = BatchInHand(origin, work.keys, work.draw, work.clock, self._name_batch)
        return CardWriter(origin, key, work.pools, batch, threads, self.opened, plan.for_sale)

    def _name_batch(self, batch_id: str) -> None:
        self.item = self.work.imports.note_batch(self.import_id, self.lease, batch_id)

    def _do(self, writer: StretchWriter | Rehearsal, stretch: list[Record], last: Record) -> None:
        """One stretch and its checkpoint. Refused lines first: the checkpoint says that they are noted."""
        outcome = writer.write(stretch)
        self.work.imports.put_refused(self.import_id, outcome.refused)
        batches: dict[str, int] = dict(self.item["batches"])
        for batch, cards in outcome.cards.items():
            batches[batch] = batches.get(batch, 0) + cards
        self.item = self.work.imports.checkpoint(
            self.import_id,
            self.lease,
            at=self.item["position"],
            position=last.after,
            line=last.next_line,
            counts=counts_of(self.item) + outcome.counts,
            batches=batches,
            now=self.work.clock(),
        )


def _stretches(records: Iterator[Record], size: int) -> Iterator[tuple[list[Record], Record]]:
    """Records in stretches of `size`, blank ones dropped, each with the record at which it ends."""
    stretch: list[Record] = []
    record: Record | None = None
    for record in records:
        if record.fields or record.fault:
            stretch.append(record)
            if len(stretch) == size:
                yield stretch, record
                stretch = []
    if record is not None and stretch:
        yield stretch, record
