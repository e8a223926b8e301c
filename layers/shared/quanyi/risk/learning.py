"""Writing down what orders and uses of vouchers tell about identities: every fact once, however often its record comes.

Holds are taken off here too: an order that was paid, or is over, does not count as unpaid any more.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from quanyi.orders.model import Order
from quanyi.redemptions.model import Record
from quanyi.risk.buckets import LASTS
from quanyi.risk.holds import HoldsTable
from quanyi.risk.signals import SignalsTable
from quanyi.risk.told import Told
from quanyi.risk.uses import signs_of
from quanyi.stats.once import OnceCounter
from quanyi.table import Table

THREADS = 8


@dataclass(frozen=True)
class Learning:
    """`table` is the risk table."""

    table: Table

    def from_orders(self, told: Sequence[Told]) -> None:
        """Raises Busy: then some is written and some is not; call again with all."""
        self._release([each.released for each in told if each.released])
        SignalsTable(self.table).add(sign for each in told for sign in each.signs)
        OnceCounter(self.table, LASTS).add([noted for each in told for noted in each.noted])

    def from_uses(self, records: Sequence[Record]) -> None:
        """Raises Busy: call again with all."""
        SignalsTable(self.table).add(sign for record in records for sign in signs_of(record))

    def _release(self, orders: Sequence[Order]) -> None:
        if orders:
            with ThreadPoolExecutor(min(len(orders), THREADS)) as several:
                list(several.map(HoldsTable(self.table).release, orders))
