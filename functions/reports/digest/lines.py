"""What a digest says in one language, whether as a page or in plain text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from quanyi.catalog.model import Language
from quanyi.catalog.texts import said
from reports.digest.pictures import amounts
from reports.digest.rows import Row, money_rows, shop_rows
from reports.digest.views import Digest
from reports.digest.words import changed, money, named_day, provider_name, word
from reports.trading_views import Amounts

MOST_REASONS = 5
MOST_NAMES = 8


class Sold(NamedTuple):
    """`gmv` has a text for each currency."""

    title: str
    units: str
    gmv: tuple[str, ...]


@dataclass(frozen=True)
class Lines:
    """`link` is where the shop's people see more."""

    digest: Digest
    language: Language
    link: str

    @property
    def main(self) -> str:
        """The currency of most orders; empty where there never was any."""
        return next(iter(self.digest.currencies), "")

    @property
    def is_first_day(self) -> bool:
        return self.digest.before is None and self.digest.week_before is None

    def say(self, name: str, **values: object) -> str:
        return word(self.language, name, **values)

    def subject(self) -> str:
        digest = self.digest
        if digest.own.is_quiet:
            return self.say("subject_quiet", day=digest.day)
        told = amounts(digest.own, self.main)
        gmv = f"{money(told.gmv if told else 0, self.main)} {self.main}"
        change = digest.before.change.money.get(self.main, {}).get("gmv") if digest.before else None
        if change is None:
            return self.say("subject", day=digest.day, gmv=gmv)
        return self.say("subject_change", day=digest.day, gmv=gmv, change=changed(change))

    def day(self) -> str:
        return named_day(self.language, self.digest.day)

    def rows(self, currency: str) -> list[Row]:
        """Of the first currency with those of the shop, of another the money alone."""
        rows = money_rows(self.digest, currency, self.language)
        return [*rows, *shop_rows(self.digest, self.language)] if currency == self.main else rows

    def steps(self) -> list[tuple[str, str]]:
        """What is so, and what to do."""
        return [(said(step.title, self.language), said(step.todo, self.language)) for step in self.digest.steps]

    def channels(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(one.name, sold) for one in self.digest.channels if (sold := _sold(one.money))]

    def channel_names(self) -> str:
        """What the channels' codes stand for, where a merchant named them otherwise."""
        named = [one for one in self.digest.channels if one.name.casefold() != one.channel]
        return self.joined([self.named(one.channel, one.name) for one in named[:MOST_NAMES]])

    def products(self) -> list[Sold]:
        return [
            Sold(
                said(one.titles, self.language) or one.product,
                self.say("units", count=f"{one.units_sold:,}"),
                _sold(one.money),
            )
            for one in self.digest.products
        ]

    def reasons(self) -> list[str]:
        found = [
            (times, f"{provider_name(self.language, one.provider)} {reason} × {times:,}")
            for one in self.digest.providers
            for reason, times in one.reasons.items()
        ]
        return [text for _, text in sorted(found, key=lambda one: -one[0])[:MOST_REASONS]]

    def alerts(self) -> list[str]:
        lines = [said(alert.said, self.language) for alert in self.digest.alerts]
        more = self.digest.more_alerts
        return [*lines, self.say("more_alerts", count=more)] if more else lines

    def foot(self) -> tuple[str, str]:
        at = self.digest.made_at.astimezone(ZoneInfo(self.digest.zone))
        return self.say("foot", made_at=f"{at:%Y-%m-%d %H:%M}", zone=self.digest.zone), self.say("foot_off")

    def named(self, name: str, what: str) -> str:
        return self.say("named", of=name, what=what)

    def joined(self, several: Sequence[str]) -> str:
        return self.say("between").join(several)

    def text(self) -> Iterator[str]:
        """Of a mail without its page."""
        digest = self.digest
        yield f"{self.say('title')} {self.day()}\n"
        if digest.own.is_quiet:
            yield f"{self.say('quiet', day=digest.day)}\n"
        yield from self._list("steps", [self.named(title, todo) for title, todo in self.steps()])
        yield from self._list("alerts", self.alerts())
        if not digest.own.is_quiet:
            if self.is_first_day:
                yield f"{self.say('first_day')}\n"
            for currency in digest.currencies:
                yield f"[{currency}]"
                yield from map(self._text_row, self.rows(currency))
                yield ""
            yield from self._list("channels", [self.named(name, " + ".join(gmv)) for name, gmv in self.channels()])
            yield from self._list(
                "products", [self.named(one.title, f"{' + '.join(one.gmv)} · {one.units}") for one in self.products()]
            )
            yield from self._list("refused", self.reasons())
        yield self.named(self.say("link"), f"{self.link}\n")
        yield from self.foot()

    def _list(self, name: str, lines: Sequence[str]) -> Iterator[str]:
        if lines:
            yield self.say(name)
            yield from (f"- {line}" for line in lines)
            yield ""

    def _text_row(self, row: Row) -> str:
        beside = [
            f"{self.say(name)} {compared.was} ({compared.change})"
            for name, compared in (("before", row.before), ("week_before", row.week_before))
            if compared
        ]
        return self.named(row.label, row.own) + (f"  [{'; '.join(beside)}]" if beside else "")


def _sold(money_of: Mapping[str, Amounts]) -> tuple[str, ...]:
    """In each currency that something was sold in."""
    return tuple(f"{money(one.gmv, currency)} {currency}" for currency, one in money_of.items() if one.gmv)
