"""What a digest says of a day: from the day's rolls, as the live report is, so that the two never differ.

A shop's beginning is its first day with a roll; a day before it is no day without orders, and nothing is compared with
it. Days are looked back on no further than the digest shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from quanyi.alerts.kinds import SEVERITIES
from quanyi.alerts.model import Alert
from quanyi.alerts.texts import SEVERITY_WORDS, TITLES, explained, subject_text
from quanyi.catalog.model import Language
from quanyi.mail.model import LANGUAGES
from quanyi.rollups.calendar import days_from
from quanyi.rollups.measures import TOTAL, Counts, Slice
from quanyi.rollups.roll import OTHER, Roll
from reports.digest.views import (
    AlertPart,
    ChannelPart,
    Digest,
    DigestDay,
    Earlier,
    ProductPart,
    ProviderPart,
    Step,
    Tries,
)
from reports.trading_views import Amounts, Change, currencies_of, reasons_of

DAYS = 30
A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
MOST_CHANNELS = 20
MOST_PRODUCTS = 5
MOST_PROVIDERS = 6
MOST_ALERTS = 6


@dataclass(frozen=True)
class Told:
    """What is known of a shop: the rolls of its days, alerts that are open, what its channels and products are called,
    and what the night's findings say to do."""

    rolls: Mapping[date, Roll]
    zone: str
    now: datetime
    alerts: Sequence[Alert] = ()
    channels: Mapping[str, str] = field(default_factory=dict[str, str])
    titles: Mapping[str, Mapping[Language, str]] = field(default_factory=dict[str, Mapping[Language, str]])
    steps: Sequence[Step] = ()


def days_shown(day: date) -> list[date]:
    """Of a digest, its own the last."""
    return [*days_from(day - (DAYS - 1) * A_DAY, day)]


def digest_of(told: Told, day: date) -> Digest:
    """Without its pictures."""
    rolls = {one: told.rolls[one] for one in days_shown(day) if one in told.rolls}
    days = [*days_from(min(rolls, default=day), day)]
    series = [DigestDay.of(one, rolls.get(one, Roll())) for one in days]
    own, roll = series[-1], rolls.get(day, Roll())
    alerts = sorted(told.alerts, key=lambda alert: -SEVERITIES.index(alert.severity))
    worth = [alert for alert in alerts if alert.severity != "info"]
    return Digest(
        day=day,
        zone=told.zone,
        made_at=told.now,
        currencies=_currencies(rolls.values(), roll),
        own=own,
        before=_earlier(own, series, A_DAY),
        week_before=_earlier(own, series, A_WEEK),
        series=series,
        channels=_channels(told, roll),
        products=_products(told, roll),
        providers=_providers(roll, [rolls.get(one, Roll()) for one in days]),
        alerts=[_alert(alert, told.zone) for alert in worth[:MOST_ALERTS]],
        more_alerts=len(worth[MOST_ALERTS:]),
        steps=[*told.steps],
    )


def sold_most(roll: Roll) -> list[str]:
    """The products that a digest names."""
    found = {name: counts for name, counts in roll.names_within("", "product").items() if counts["units"]}
    return _best(found, roll)[:MOST_PRODUCTS]


def _currencies(rolls: Iterable[Roll], own: Roll) -> list[str]:
    """Those of the day, and those of a month in which money moved; that of most orders first."""
    paid = {currency: 0 for roll in rolls for currency in currencies_of(roll.of(TOTAL))}
    counts = own.of(TOTAL)
    return sorted(paid, key=lambda currency: (-counts[f"paid:{currency}"], currency))


def _earlier(own: DigestDay, series: Sequence[DigestDay], ago: timedelta) -> Earlier | None:
    there = next((one for one in series if one.day == own.day - ago), None)
    return Earlier(day=there, change=Change.of(own.figures, there.figures)) if there else None


def _channels(told: Told, roll: Roll) -> list[ChannelPart]:
    """Those that sold or moved money, by GMV in the currency of most orders."""
    found = {name: counts for name, counts in roll.named("channel").items() if name != OTHER and currencies_of(counts)}
    return [
        ChannelPart(
            channel=name,
            name=told.channels.get(name, name),
            orders_paid=_paid(found[name]),
            money=_money(found[name], TOTAL),
        )
        for name in _best(found, roll)[:MOST_CHANNELS]
    ]


def _products(told: Told, roll: Roll) -> list[ProductPart]:
    found = roll.names_within("", "product")
    return [
        ProductPart(
            product=name,
            titles=dict(told.titles.get(name, {})),
            orders_paid=_paid(found[name]),
            units_sold=found[name]["units"],
            money=_money(found[name], ("product", name)),
        )
        for name in sold_most(roll)
    ]


def _best(found: Mapping[str, Counts], roll: Roll) -> list[str]:
    counts = roll.of(TOTAL)
    main = max(currencies_of(counts), key=lambda currency: counts[f"paid:{currency}"], default="")
    return sorted(found, key=lambda name: (-found[name][f"gmv:{main}"], -found[name]["units"], name))


def _paid(counts: Counts) -> int:
    return sum(by for name, by in counts.items() if name.startswith("paid:"))


def _money(counts: Counts, where: Slice) -> dict[str, Amounts]:
    return {currency: Amounts.of(counts, currency, where) for currency in currencies_of(counts)}


def _providers(roll: Roll, rolls: Sequence[Roll]) -> list[ProviderPart]:
    """Those at which somebody tried to pay within the days, most of the day's tries first."""
    of_days = [one.names_within("", "provider") for one in rolls]
    of_day = roll.names_within("", "provider")
    tried = {name: counts["tried"] for day in of_days for name, counts in day.items() if counts["tried"]}
    order = sorted(tried, key=lambda name: (-of_day.get(name, Counts())["tried"], name))[:MOST_PROVIDERS]
    return [
        ProviderPart(
            provider=name,
            **Tries.of(of_day.get(name, Counts())).model_dump(),
            reasons=reasons_of(of_day.get(name, Counts())),
            series=[Tries.of(day.get(name, Counts())) for day in of_days],
        )
        for name in order
    ]


def _alert(alert: Alert, zone: str) -> AlertPart:
    def said(language: Language) -> str:
        first = next(iter(explained(alert.kind, alert.facts, language, zone)), "")
        severity, title = SEVERITY_WORDS[language][alert.severity], TITLES[language][alert.kind]
        about = subject_text(alert.subject, language)
        return _ALERTS[language].format(severity=severity, title=title, about=about, first=first).rstrip()

    return AlertPart(
        alert=alert.id,
        kind=alert.kind,
        severity=alert.severity,
        said={language: said(language) for language in LANGUAGES},
    )


_ALERTS: Mapping[Language, str] = {
    "zh-CN": "【{severity}】{title}：{about}。{first}",
    "en": "[{severity}] {title}: {about}. {first}",
}
