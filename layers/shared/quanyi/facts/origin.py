"""Which supplier a card came from and what it had cost: looked up by its batch when a fact is
told. A batch never changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from quanyi.batches.model import Batch
from quanyi.facts.model import Fact


class Batches(Protocol):
    """Batches, as origins ask for them."""

    def get_many(self, batch_ids: Sequence[str]) -> dict[str, Batch]: ...


@dataclass
class Origins:
    """Remembers what it looked up."""

    batches: Batches
    _known: dict[str, Batch] = field(default_factory=dict[str, Batch])

    def traced(self, facts: Sequence[Fact]) -> list[Fact]:
        """Facts of cards that expired, with their batch's supplier and cost; all others as they are."""
        if wanted := {fact.source for fact in facts if fact.kind == "expired"} - set(self._known):
            self._known |= self.batches.get_many(sorted(wanted))
        return [self._traced(fact) for fact in facts]

    def _traced(self, fact: Fact) -> Fact:
        batch = self._known.get(fact.source) if fact.kind == "expired" else None
        if batch is None:
            return fact
        return replace(fact, provider=batch.supplier, amount=batch.unit_cost.amount, currency=batch.unit_cost.currency)
