"""The lines of a digest's tables: each number of the day, and how it compares."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from quanyi.catalog.model import Language
from reports.digest.views import Digest, DigestDay, Earlier
from reports.digest.words import NONE, changed, count, money, percent, shifted, waited, word
from reports.trading_views import share

_MONEY = ("gmv", "net", "revenue", "margin", "average_order", "returned")
_COUNTS = ("orders_paid", "buyers", "new_buyers")


class Compared(NamedTuple):
    """What was on an earlier day, and how much more there is now; both texts."""

    was: str
    change: str


class Row(NamedTuple):
    """`before` and `week_before` are None where the shop had not begun."""

    label: str
    own: str
    before: Compared | None
    week_before: Compared | None


def money_rows(digest: Digest, currency: str, language: Language) -> list[Row]:
    """Of one currency, in its units."""

    def of(name: str) -> Row:
        def value(day: DigestDay) -> int | None:
            told = day.figures.money.get(currency)
            return getattr(told, name) if told else None if name == "average_order" else 0

        return _row(
            digest,
            word(language, name),
            lambda day: money(value(day), currency),
            lambda earlier: changed(earlier.change.money.get(currency, {}).get(name)),
        )

    rows = [of(name) for name in _MONEY]
    at = _MONEY.index("margin") + 1
    return [*rows[:at], _points(digest, "margin_rate", lambda day: margin_rate(day, currency), language), *rows[at:]]


def shop_rows(digest: Digest, language: Language) -> list[Row]:
    """Of the shop, whatever the currency."""
    return [*_shop_rows(digest, language)]


def margin_rate(day: DigestDay, currency: str) -> int | None:
    """Margin of revenue, in basis points; None where nothing was delivered."""
    told = day.figures.money.get(currency)
    return share(told.margin or 0, told.revenue) if told and told.revenue and told.revenue > 0 else None


def _shop_rows(digest: Digest, language: Language) -> Iterator[Row]:
    for name in _COUNTS:
        yield _row(
            digest,
            word(language, name),
            lambda day, name=name: count(getattr(day.figures, name)),
            lambda earlier, name=name: changed(earlier.change.numbers[name]),
        )
    yield _points(digest, "success", lambda day: day.payments.success, language)
    for name in ("p50", "p95"):

        def waits(day: DigestDay, name: str = name) -> int | None:
            return getattr(day.delivery_seconds, name)

        def change(earlier: Earlier, waits: Callable[[DigestDay], int | None] = waits) -> str:
            now, was = waits(digest.own), waits(earlier.day)
            return changed((now - was) * 10_000 // was) if now is not None and was else NONE

        yield _row(digest, word(language, name), lambda day, waits=waits: waited(waits(day), language), change)


def _points(digest: Digest, name: str, rate: Callable[[DigestDay], int | None], language: Language) -> Row:
    return _row(
        digest,
        word(language, name),
        lambda day: percent(rate(day)),
        lambda earlier: shifted(rate(digest.own), rate(earlier.day), language),
    )


def _row(digest: Digest, label: str, say: Callable[[DigestDay], str], change: Callable[[Earlier], str]) -> Row:
    def compared(earlier: Earlier | None) -> Compared | None:
        return Compared(say(earlier.day), change(earlier)) if earlier else None

    return Row(label, say(digest.own), compared(digest.before), compared(digest.week_before))
