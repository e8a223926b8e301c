"""A roll: sums over some facts, by slice (`rollups.measures`)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from quanyi.facts.model import Fact
from quanyi.rollups.measures import TOTAL, Counts, Dimension, Parted, Slice, added_by, within

OTHER = "*"
"""The slice of a dimension in which those lie that a roll has no room for."""

KEPT: dict[Dimension, int] = {
    "channel": 100,
    "category": 100,
    "product": 300,
    "sku": 300,
    "provider": 20,
    "channel_category": 200,
    "channel_product": 500,
    "channel_provider": 100,
}
"""Slices of a dimension that a roll tells apart; the others are summed up under `OTHER`. A shop that sells no more in
a month has none of these."""


@dataclass(frozen=True)
class Roll:
    """`n` tells how much a roll knows: the number of its facts, and what buyers add (`rollups.buyers`). It only ever
    grows with what is known, and whichever of two rolls of one place has all that there is has the larger one."""

    n: int = 0
    slices: Mapping[Slice, Counts] = field(default_factory=dict[Slice, Counts])

    def of(self, where: Slice = TOTAL) -> Counts:
        return self.slices.get(where, Counter())

    def named(self, dimension: Dimension) -> dict[str, Counts]:
        """The slices of a dimension."""
        return {name: counts for (kind, name), counts in self.slices.items() if kind == dimension}

    def names_within(self, channel: str, dimension: Parted) -> dict[str, Counts]:
        """The slices of a dimension in a channel, or in all of them, by their own names; `OTHER` is none of these."""
        kind, begin = within(channel, dimension, "")
        found = self.named(kind)
        return {name.removeprefix(begin): found[name] for name in found if name.startswith(begin) and name != OTHER}

    @property
    def is_folded(self) -> bool:
        """Whether some slices had no room: those that are told apart may then be less than they were."""
        return any(name == OTHER for _, name in self.slices)


def rolled(facts: Iterable[Fact]) -> Roll:
    """Of facts, each counted once however often it comes. An order's `sold` facts must be among them together."""
    found: dict[Slice, Counts] = {}
    known, paid = set[str](), set[tuple[Slice, str]]()
    for fact in facts:
        if fact.id in known:
            continue
        known.add(fact.id)
        for where, counts in added_by(fact):
            _add(found, where, counts)
            if fact.kind == "sold" and (where, fact.of) not in paid:
                paid.add((where, fact.of))
                _add(found, where, Counter({f"paid:{fact.currency}": 1}))
    return Roll(len(known), _without_zeros(found))


def merged(rolls: Iterable[Roll]) -> Roll:
    """Of facts that are apart."""
    found: dict[Slice, Counts] = {}
    n = 0
    for roll in rolls:
        n += roll.n
        for where, counts in roll.slices.items():
            _add(found, where, counts)
    return Roll(n, _without_zeros(found))


def folded(roll: Roll, kept: Mapping[Dimension, int] = KEPT) -> Roll:
    """With no more slices of a dimension than `kept` says: those of the largest sums stay, the rest is `OTHER`."""
    found = {where: counts for where, counts in roll.slices.items() if where[0] not in kept}
    for dimension, most in kept.items():
        here = roll.named(dimension)
        rest = Counter(here.pop(OTHER, {}))
        order = sorted(here, key=lambda name: (-here[name]["units"], -here[name].total(), name))
        found |= {(dimension, name): here[name] for name in order[:most]}
        for name in order[most:]:
            rest.update(here[name])
        if rest:
            found[dimension, OTHER] = rest
    return Roll(roll.n, found)


def _add(to: dict[Slice, Counts], where: Slice, counts: Mapping[str, int]) -> None:
    here = to.setdefault(where, Counter())
    for name, by in counts.items():
        here[name] += by


def _without_zeros(slices: Mapping[Slice, Counts]) -> dict[Slice, Counts]:
    cleaned = {where: Counter({n: by for n, by in counts.items() if by}) for where, counts in slices.items()}
    return {where: counts for where, counts in cleaned.items() if counts}
