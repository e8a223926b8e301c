"""Payment providers that succeed less often than they did."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quanyi.insights.model import Finding
from quanyi.insights.statistics import Drop, Tally, drop, passing
from quanyi.insights.thresholds import DEFAULTS, ProviderTerms

FALSE = 0.01
"""Part of the providers found that may be found by chance."""

Row = Mapping[str, Any]


def falling_providers(rows: Sequence[Row], least: ProviderTerms = DEFAULTS.provider) -> Iterator[Finding]:
    """Of `provider_weeks`: the last week against the eight before it, which show how much the provider varies."""
    found: dict[str, tuple[Tally, Drop, int]] = {}
    for name in sorted({row["provider"] for row in rows}):
        weeks = {row["week"]: Tally(row["paid"], row["tried"]) for row in rows if row["provider"] == name}
        now, past = weeks.pop(0, Tally(0, 0)), [one for one in weeks.values() if one.of >= least.tried_before]
        if now.of >= least.tried and len(past) >= least.weeks:
            found[name] = now, drop(now, past), len(past)
    real = passing({name: one.chance for name, (_, one, _) in found.items()}, FALSE)
    for name, (now, one, weeks) in found.items():
        if name in real and one.before - one.now >= least.fall_bp / 10_000:
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
