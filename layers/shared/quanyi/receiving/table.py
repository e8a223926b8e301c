"""Who is receiving the cards of a purchase, and which batches they came into: one item in the supply table.

    RECEIVING#<purchase>    RECEIVING    lease, lease_until, batches

A run names each batch here before it makes it, and notes at its end how many cards came into it. So the run that
follows one that died knows what to finish.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from quanyi.clock import stamp
from quanyi.errors import Busy
from quanyi.receiving.model import Tally
from quanyi.table import ConditionFailed, Item, Table

LEASE = timedelta(seconds=90)
"""Longer than a run may take: a function that receives must time out before."""

FREE = "attribute_not_exists(lease) OR lease_until < :now OR lease = :lease"
MINE = "lease = :lease"

Batches: TypeAlias = dict[str, Tally | None]
"""By id; None: no run has counted it yet."""


@dataclass(frozen=True)
class ReceivingTable:
    """`table` is the supply table."""

    table: Table

    def batches(self, purchase: str) -> Batches:
        item = self.table.get(_key(purchase))
        return _batches(item) if item else {}

    def take(self, purchase: str, lease: str, now: datetime) -> Batches:
        """Raises Busy while another run has it."""
        return _batches(
            self._change(
                purchase,
                "SET lease = :lease, lease_until = :until, batches = if_not_exists(batches, :none), v = :v",
                FREE,
                lease=lease,
                until=stamp(now + LEASE),
                now=stamp(now),
                none={},
                v=1,
            )
        )

    def name_batch(self, purchase: str, lease: str, batch: str) -> None:
        """Raises Busy: another run has taken over."""
        self._change(purchase, "SET batches.#batch = :none", MINE, {"batch": batch}, lease=lease, none={})

    def finish(self, purchase: str, lease: str, batches: Mapping[str, Tally]) -> None:
        """Notes all batches with what came into them, and gives the lease back. Raises Busy: another run has taken
        over."""
        counted = {batch: {"kept": tally.kept, "surplus": tally.surplus} for batch, tally in batches.items()}
        self._change(purchase, "SET batches = :batches REMOVE lease, lease_until", MINE, lease=lease, batches=counted)

    def let_go(self, purchase: str, lease: str) -> None:
        """Gives the lease back, so that the next run need not wait for it to end."""
        try:
            self.table.update(_key(purchase), "REMOVE lease, lease_until", condition=MINE, lease=lease)
        except ConditionFailed:
            return

    def _change(
        self, purchase: str, change: str, condition: str, names: Mapping[str, str] | None = None, **values: Any
    ) -> Item:
        try:
            return self.table.update(_key(purchase), change, condition=condition, names=names, **values)
        except ConditionFailed:
            raise Busy("Another run is receiving these cards.") from None


def _key(purchase: str) -> dict[str, str]:
    return {"pk": f"RECEIVING#{purchase}", "sk": "RECEIVING"}


def _batches(item: Item) -> Batches:
    counted: Mapping[str, Mapping[str, int]] = item["batches"]
    return {batch: Tally(**tally) if tally else None for batch, tally in counted.items()}
