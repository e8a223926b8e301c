"""How long deliveries took: percentiles by nearest rank over counts of rounded seconds (`measures.rounded_up`)."""

from collections.abc import Mapping, Sequence

from quanyi.rollups.measures import SECONDS


def percentiles(counts: Mapping[str, int], shares: Sequence[int]) -> list[int | None]:
    """For each share (of a hundred) the smallest number of seconds within which that many of all were delivered; None
    where nothing was."""
    took = sorted((int(name.removeprefix(SECONDS)), by) for name, by in counts.items() if name.startswith(SECONDS))
    every = sum(by for _, by in took)
    return [_at(took, -(-every * share // 100)) if every else None for share in shares]


def _at(took: Sequence[tuple[int, int]], rank: int) -> int:
    seen = 0
    for seconds, by in took:
        seen += by
        if seen >= rank:
            return seconds
    return took[-1][0]
