"""Taking in what a supplier has delivered on a purchase: as often as it is asked, and wherever a run ended before.

The supplier's whole list is given each time. What is not in the card table yet is new; what is there and bears the
purchase's id is its own, and everything else a duplicate. One run at a time (under a lease) decides what is beyond the
quantity, and by the cards' ids, not by the list's order: so it is the same whoever decides it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from quanyi.backlog import Backlog
from quanyi.batches.table import BatchKeys
from quanyi.cards.model import Pool
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.clock import Clock
from quanyi.ids import Draw, new_id
from quanyi.receiving.arrivals import AT_MOST, BacklogFirst
from quanyi.receiving.model import Delivery, Duplicate, Received, Rejected, Tally
from quanyi.receiving.placing import SetAside, UnitsFirst, has_it, hold_again, order_of
from quanyi.receiving.reading import ReadList, read_list
from quanyi.receiving.table import Batches, ReceivingTable
from quanyi.receiving.writing import WRITERS, BatchInHand, CardWriter
from quanyi.table import Item
from quanyi.vault.keys import NamedKeys


@dataclass(frozen=True)
class Receiving:
    """What receiving works with."""

    cards: CardsTable
    pools: PoolsTable
    backlog: Backlog
    batch_keys: BatchKeys
    runs: ReceivingTable
    keys: NamedKeys
    clock: Clock
    draw: Draw


def receive(work: Receiving, delivery: Delivery) -> Received:
    """Takes in what is new and answers what has become of all of it. Raises Busy (another run is at it), and what AWS
    raises; calling again is safe then."""
    read = read_list(delivery, work.keys.key("fingerprint"))
    purchase = delivery.origin.import_id
    known = _known(work, delivery, read, work.runs.batches(purchase))
    if known.complete:
        return known.told()
    lease = new_id("R", work.draw)
    try:
        batches = work.runs.take(purchase, lease, work.clock())
        known = _known(work, delivery, read, batches)
        _Run(work, known, lease).go()
    except BaseException:
        with suppress(Exception):
            work.runs.let_go(purchase, lease)
        raise
    return known.told()


@dataclass
class _Known:
    """What is known of a delivery: its cards that the shop has, and whose they are."""

    delivery: Delivery
    read: ReadList
    batches: Batches
    now: datetime
    own: dict[str, Item] = field(default_factory=dict[str, Item])
    elsewhere: dict[str, Item] = field(default_factory=dict[str, Item])

    def add(self, card: str, item: Item) -> None:
        whose = self.own if item.get("import_id") == self.delivery.origin.import_id else self.elsewhere
        whose[card] = item

    @property
    def new(self) -> list[str]:
        """Cards that the shop does not have, in the order in which they come in."""
        return sorted(card for card in self.read.cards if card not in self.own and card not in self.elsewhere)

    @property
    def fresh(self) -> list[str]:
        """New ones that can be sold."""
        return [card for card in self.new if not self.read.cards[card].over(self.now)]

    @property
    def uncounted(self) -> list[str]:
        """Batches of this run, and of runs that died."""
        return [batch for batch, tally in self.batches.items() if tally is None]

    def bought(self) -> dict[str, list[Item]]:
        """By unit its own cards that came for it, first the one that the unit has."""
        holds = self.delivery.for_units
        found: dict[str, list[Item]] = {unit: [] for unit in sorted(holds)}
        for item in self.own.values():
            if (unit := item.get("bought_for")) in found:
                found[unit].append(item)
        return {unit: _best_first(items, unit, holds[unit]) for unit, items in found.items()}

    @property
    def assigned(self) -> dict[str, str]:
        """Cards by unit, of units that have one."""
        holds = self.delivery.for_units
        return {
            unit: items[0]["card_id"]
            for unit, items in self.bought().items()
            if items and has_it(items[0], unit, holds[unit])
        }

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be written."""
        assigned = self.assigned
        lost = any(items and unit not in assigned for unit, items in self.bought().items())
        return not (self.fresh or self.uncounted or lost)

    def tallies(self) -> dict[str, Tally]:
        """By batch. What a run has once counted stays, though a later list may lack the card."""
        seen: dict[str, Tally] = {}
        for item in self.own.values():
            before, beyond = seen.get(item["batch"], Tally()), item.get("surplus", False)
            seen[item["batch"]] = Tally(before.kept + (not beyond), before.surplus + beyond)
        for batch, tally in self.batches.items():
            now, before = seen.get(batch, Tally()), tally or Tally()
            seen[batch] = Tally(max(now.kept, before.kept), max(now.surplus, before.surplus))
        return seen

    @property
    def room(self) -> int:
        return max(0, self.delivery.quantity - sum(tally.kept for tally in self.tallies().values()))

    def told(self) -> Received:
        tallies = self.tallies()
        over = [Rejected(self.read.cards[card].index, "expired") for card in self.new]
        known = [
            Duplicate(self.read.cards[card].index, card, item["batch"], item.get("import_id"))
            for card, item in self.elsewhere.items()
        ]
        return Received(
            received=sum(tally.kept for tally in tallies.values()),
            surplus=sum(tally.surplus for tally in tallies.values()),
            duplicates=tuple(sorted(known, key=lambda one: one.index)),
            invalid=tuple(sorted([*self.read.invalid, *over], key=lambda one: one.index)),
            assigned=self.assigned,
            batches=tuple(sorted(batch for batch, tally in tallies.items() if tally.size)),
        )


def _best_first(items: Sequence[Item], unit: str, hold: str) -> list[Item]:
    return sorted(items, key=lambda item: (not has_it(item, unit, hold), item["card_id"]))


def _known(work: Receiving, delivery: Delivery, read: ReadList, batches: Batches) -> _Known:
    known = _Known(delivery, read, batches, work.clock())
    for card, item in work.cards.get_many(list(read.cards)).items():
        known.add(card, item)
    return known


@dataclass
class _Run:
    """One run under a lease."""

    work: Receiving
    known: _Known
    lease: str
    opened: list[Pool] = field(default_factory=list[Pool])

    def go(self) -> None:
        delivery = self.known.delivery
        served = {(order_of(hold), unit) for unit, hold in delivery.for_units.items()}
        backlog = BacklogFirst(delivery.origin.sku, self.work.cards, self.work.backlog, self.work.clock, served)
        self._take_up(backlog)
        self._hold_again()
        with ThreadPoolExecutor(WRITERS) as threads:
            self._bring_in(self._writer(threads), backlog)
        self._finish()

    def _take_up(self, backlog: BacklogFirst) -> None:
        """Goes on where runs that died broke off."""
        uncounted = self.known.uncounted
        if not uncounted:
            return
        for batch in uncounted:
            self._look_into(batch)
        backlog.look()
        for item in self.known.own.values():
            if item["batch"] in uncounted:
                self.opened.append(Pool.named(item["pool"]))
                backlog.resume(item)

    def _look_into(self, batch: str) -> None:
        """Finds cards that came into a batch and are not in the list any more: their key must not be dropped."""
        start: Item | None = None
        while True:
            page = self.work.cards.of_batch(batch, limit=500, start=start)
            missing = [item["card_id"] for item in page.items if item["card_id"] not in self.known.own]
            for card, item in self.work.cards.get_many(missing).items():
                self.known.add(card, item)
            start = page.next
            if start is None:
                return

    def _hold_again(self) -> None:
        """A unit for which a card came keeps that card."""
        for unit, items in self.known.bought().items():
            hold = self.known.delivery.for_units[unit]
            for item in items:
                if held := hold_again(self.work.cards, item, unit, hold, self.known.now):
                    self.known.add(held["card_id"], held)
                    break

    def _bring_in(self, writer: CardWriter, backlog: BacklogFirst) -> None:
        """Cards up to the quantity, then those beyond it. Of the former one may turn out to have come from elsewhere
        meanwhile; then the next one takes its place."""
        rest = self.known.fresh
        while rest and (room := self.known.room):
            count = min(room, AT_MOST)
            chosen, rest = rest[:count], rest[count:]
            assigned = self.known.assigned
            waiting = [(u, hold) for u, hold in sorted(self.known.delivery.for_units.items()) if u not in assigned]
            wanted = dict(zip(chosen, waiting, strict=False))
            places = UnitsFirst(wanted, backlog, self.work.cards, self.work.clock)
            places.look()
            self._put(writer, chosen, places)
        if rest:
            self._put(writer, rest, SetAside(self.work.cards, self.known.delivery.origin.import_id))

    def _put(self, writer: CardWriter, ids: Sequence[str], places: UnitsFirst | SetAside) -> None:
        read = [self.known.read.cards[card] for card in ids]
        cards = [writer.card(card, one.face, one.expires_at) for card, one in zip(ids, read, strict=True)]
        for card, there in zip(cards, writer.put_all(cards, places), strict=True):
            self.known.add(card.card_id, there or {**card.item(), **places.instead(card)})

    def _writer(self, threads: ThreadPoolExecutor) -> CardWriter:
        work, origin = self.work, self.known.delivery.origin
        batch = BatchInHand(origin, work.batch_keys, work.draw, work.clock, self._name_batch)
        return CardWriter(origin, work.keys.key("fingerprint"), work.pools, batch, threads, self.opened)

    def _name_batch(self, batch: str) -> None:
        self.work.runs.name_batch(self.known.delivery.origin.import_id, self.lease, batch)
        self.known.batches[batch] = None

    def _finish(self) -> None:
        tallies = self.known.tallies()
        for batch in self.known.uncounted:
            if size := tallies[batch].size:
                self.work.batch_keys.batches.settle(batch, size)
            else:
                self.work.batch_keys.batches.drop(batch)
        for pool in dict.fromkeys(self.opened):
            self.work.pools.open(pool)  # it may have been emptied, and closed, while cards came in
        kept = {batch: tally for batch, tally in tallies.items() if tally.size}
        self.known.batches = {**kept}
        self.work.runs.finish(self.known.delivery.origin.import_id, self.lease, kept)
