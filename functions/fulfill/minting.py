"""Vouchers that are made when they are sold: derived from their unit, sealed, and put straight into the order's hold.

Since the code follows from the unit, a step that breaks off is done again with the same card. It is there already then:
in this hold, in that of an earlier attempt of the same order, or where a sweep has put it. The order's own hold takes
it from each of them.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from quanyi.batches.model import MAX_CARDS, Batch
from quanyi.batches.table import BatchKeys
from quanyi.cards.model import NewCard, Pool, held_attributes, hold_name
from quanyi.cards.table import CardsTable
from quanyi.clock import Clock
from quanyi.ids import Draw, new_id
from quanyi.money import Money
from quanyi.orders.model import Order, Unit
from quanyi.table import ConditionFailed
from quanyi.vault.keys import NamedKeys
from quanyi.vault.sealing import seal
from quanyi.vouchers.issue import sold_face, voucher_id, voucher_pin_id
from quanyi.vouchers.model import VOUCHER_ISSUER, Series
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.use import new_voucher

AT_ONCE = 16


@dataclass
class _OpenBatch:
    id: str
    key: bytes = field(repr=False)
    left: int = MAX_CARDS


@dataclass(frozen=True)
class Mint:
    """Makes vouchers. A process goes on with the batch of a SKU that it has begun: its plain key is in memory only."""

    cards: CardsTable
    series: SeriesTable
    batch_keys: BatchKeys
    keys: NamedKeys
    zone: str
    now: Clock
    draw: Draw
    _open: dict[str, _OpenBatch] = field(default_factory=dict[str, _OpenBatch], repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def mint(self, order: Order, units: Sequence[Unit], until: datetime) -> dict[str, str]:
        """Cards by unit, reserved for the order's current attempt until then. Units of a series that is over get
        none, nor does one whose voucher a person has taken out of use."""
        series = {name: self._open_series(name) for name in {unit.series for unit in units}}

        def one(unit: Unit) -> str | None:
            of = series[unit.series]
            return self._made(order, unit, of, until) if of else None

        with ThreadPoolExecutor(min(len(units), AT_ONCE)) as several:
            made = list(several.map(one, units))
        return {unit.id: card for unit, card in zip(units, made, strict=True) if card}

    def _open_series(self, series_id: str) -> Series | None:
        series = self.series.get(series_id)
        return None if series.over(self.now()) else series

    def _made(self, order: Order, unit: Unit, series: Series, until: datetime) -> str | None:
        face = sold_face(self.keys, series.terms, order.id, unit.id, len(unit.replaced))
        card, hold = voucher_id(self.keys, face), hold_name(order.id, order.attempt)
        batch = self._batch(series)
        new = NewCard(
            card_id=card,
            batch=batch.id,
            pool=Pool.of(unit.sku, order.channel, None, self.zone),
            sealed=seal(batch.key, face.to_text(), card, self.draw),
            pin_id=voucher_pin_id(self.keys, face),
            own=new_voucher(series, price=unit.amount, agent=order.agent),
        )
        try:
            self.cards.insert(new, **held_attributes(card, hold, until))
        except ConditionFailed as there:
            earlier = there.item.get("hold", "")
            if earlier != hold and earlier.rpartition("#")[0] == order.id:
                self.cards.release(card, hold=earlier)
            return card if self.cards.claim(card, hold=hold, until=until, now=self.now()) else None
        return card

    def _batch(self, series: Series) -> _OpenBatch:
        with self._lock:
            batch = self._open.get(series.sku)
            if batch is None or batch.left == 0:
                batch = self._open[series.sku] = self._new_batch(series)
            batch.left -= 1
            return batch

    def _new_batch(self, series: Series) -> _OpenBatch:
        batch = Batch(
            id=new_id("B", self.draw),
            sku=series.sku,
            supplier=VOUCHER_ISSUER,
            unit_cost=Money(amount=0, currency=series.terms.currency),
            channel=None,
            import_id=None,
            created_at=self.now(),
            wrapped=b"",
        )
        return _OpenBatch(batch.id, self.batch_keys.make(batch))
