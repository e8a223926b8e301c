"""What findings name, as the shop has it by now: goods, channels, providers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from quanyi.catalog.model import Sku
from quanyi.catalog.texts import Language, said
from quanyi.channels.model import Channel
from quanyi.insights.model import Finding
from quanyi.payments.settings import ProviderSettings


@dataclass(frozen=True)
class Known:
    """`skus` that findings name (`skus_named`), those that exist; all `channels` and `providers` that are set up.
    `ends` is the first moment after the day `day`."""

    day: date
    ends: datetime
    skus: Mapping[str, Sku] = field(default_factory=dict[str, Sku])
    channels: Mapping[str, Channel] = field(default_factory=dict[str, Channel])
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict[str, ProviderSettings])

    def sku_title(self, sku: str, language: Language) -> str:
        return said(self.skus[sku].titles, language) if sku in self.skus else sku

    def channel_name(self, channel: str) -> str:
        return self.channels[channel].name if channel in self.channels else channel


def made_sku(finding: Finding, day: date) -> str | None:
    """The SKU that acting on the finding makes: while there is one, somebody has acted, and nobody is told again.
    Coupons are made anew in another month."""
    named = finding.id[1:13]
    match finding.rule:
        case "bundle" | "repurchase":
            return f"{finding.rule}-{named}"
        case "win_back":
            return f"coupon-{named}-{day:%Y%m}"
        case _:
            return None


def skus_named(findings: Iterable[Finding], day: date) -> list[str]:
    found: list[str] = []
    for one in findings:
        found += [str(one.evidence[name]) for name in ("sku", "a", "b") if name in one.evidence]
        if made := made_sku(one, day):
            found.append(made)
    return list(dict.fromkeys(found))
