"""Which charts a digest has, and what each says to whoever cannot see it."""

from collections.abc import Iterator

from quanyi.mail.model import LANGUAGES
from reports.digest import charts as digest_charts
from reports.digest.charts import Drawn
from reports.digest.views import Digest, DigestDay, Picture, PictureKind
from reports.digest.words import money, percent, provider_name, waited, word
from reports.trading_views import Amounts

MOST_CURRENCIES = 3
"""With charts of their own; the others have their numbers."""


def pictures_of(digest: Digest) -> list[tuple[Picture, bytes]]:
    """None of a quiet day, and none of what never was."""
    return [] if digest.own.is_quiet else [*_pictures(digest)]


def amounts(day: DigestDay, currency: str) -> Amounts | None:
    return day.figures.money.get(currency)


def _pictures(digest: Digest) -> Iterator[tuple[Picture, bytes]]:
    days = [one.day for one in digest.series]
    for currency in digest.currencies[:MOST_CURRENCIES]:
        yield _trade(digest, currency)
        parts = [(part.channel, part.money[currency].gmv or 0) for part in digest.channels if currency in part.money]
        if sum(amount > 0 for _, amount in parts) > 1:
            yield _channels(digest, currency, [part for part in parts if part[1] > 0])
    if digest.providers:
        drawn = digest_charts.payments(
            days, [(one.provider, [tries.success for tries in one.series]) for one in digest.providers]
        )
        alt = {
            language: word(
                language,
                "alt_payments",
                days=len(days),
                day=digest.day,
                parts=word(language, "between").join(
                    f"{provider_name(language, one.provider)} {percent(one.success)}" for one in digest.providers
                ),
            )
            for language in LANGUAGES
        }
        yield _picture("payments", drawn, alt)
    p50, p95 = ([getattr(one.delivery_seconds, name) for one in digest.series] for name in ("p50", "p95"))
    if any(value is not None for value in p95):
        alt = {
            language: word(
                language,
                "alt_delivery",
                days=len(days),
                day=digest.day,
                p50=waited(p50[-1], language),
                p95=waited(p95[-1], language),
            )
            for language in LANGUAGES
        }
        yield _picture("delivery", digest_charts.delivery(days, p50, p95), alt)


def _trade(digest: Digest, currency: str) -> tuple[Picture, bytes]:
    days = [one.day for one in digest.series]
    told = [amounts(one, currency) for one in digest.series]
    gmv, margin = [one.gmv or 0 if one else 0 for one in told], [one.margin or 0 if one else 0 for one in told]
    most = max(range(len(days)), key=lambda number: gmv[number])
    said = {
        "days": len(days),
        "currency": currency,
        "day": digest.day,
        "gmv": money(gmv[-1], currency),
        "margin": money(margin[-1], currency),
        "most": money(gmv[most], currency),
        "most_day": days[most],
    }
    alt = {language: word(language, "alt_trade", **said) for language in LANGUAGES}
    return _picture("trade", digest_charts.trade(days, gmv, margin, currency), alt, currency)


def _channels(digest: Digest, currency: str, parts: list[tuple[str, int]]) -> tuple[Picture, bytes]:
    whole = sum(amount for _, amount in parts)
    shares = [f"{code} {percent(amount * 10_000 // whole)}" for code, amount in sorted(parts, key=lambda one: -one[1])]
    alt = {
        language: word(
            language, "alt_channels", day=digest.day, currency=currency, parts=word(language, "between").join(shares)
        )
        for language in LANGUAGES
    }
    return _picture("channels", digest_charts.shares(parts, currency), alt, currency)


def _picture(kind: PictureKind, drawn: Drawn, alt: dict[str, str], currency: str = "") -> tuple[Picture, bytes]:
    name = f"{kind}-{currency}" if currency else kind
    told = {"name": name, "kind": kind, "currency": currency, "width": drawn.width, "height": drawn.height, "alt": alt}
    return Picture.model_validate(told), drawn.content
