"""Payment providers that succeed less often than they did."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quanyi.insights.model import Finding
from quanyi.insights.statistics import Drop, Tally, drop, passing

LEAST_TRIED = 50
"""Orders tried in the last seven days."""
LEAST_BEFORE = 20
"""Orders tried in an earlier week that is compared with."""
LEAST_WEEKS = 4
LEAST_DROP = 0.05
"""Of all orders tried: what is less is nothing to switch for."""
FALSE = 0.01
"""Part of the providers found that may be found by chance."""

Row = Mapping[str, Any]


def falling_providers(rows: Sequence[Row]) -> Iterator[Finding]:
    """Of `provider_weeks`: the last week against the eight before it, which show how much the provider varies."""
    found: dict[str, tuple[Tally, Drop, int]] = {}
    for name in sorted({row["provider"] for row in rows}):
        weeks = {row["week"]: Tally(row["paid"], row["tried"]) for row in rows if row["provider"] == name}
        now, past = weeks.pop(0, Tally(0, 0)), [one for one in weeks.values() if one.of >= LEAST_BEFORE]
        if now.of >= LEAST_TRIED and len(past) >= LEAST_WEEKS:
            found[name] = now, drop(now, past), len(past)
    real = passing({name: one.chance for name, (_, one, _) in found.items()}, FALSE)
    for name, (now, one, weeks) in found.items():
        if name in real and one.before - one.now >= LEAST_DROP:
            yield Finding(
                rule="provider",
                about=name,
                severity="critical",
                weight=(one.before - one.now) * now.of,
                evidence={
                    "provider": name,
                    "tried": now.of,
                    "paid": now.hits,
                    "success_rate": round(one.now, 4),
                    "success_rate_before": round(one.before, 4),
                    "weeks": weeks,
                    "spread": round(one.spread, 2),
                    "z": round(one.z, 2),
                },
            )
