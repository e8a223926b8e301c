"""`/v1/reports/trading`: how the shop trades, seconds after it happened, from rolls alone (`quanyi.rollups`).

Whatever the number of orders, it takes two reads of up to a hundred rolls, and one of the open alerts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from quanyi.alerts.table import from_item
from quanyi.clock import day
from quanyi.errors import Invalid
from quanyi.rollups.calendar import Place
from quanyi.rollups.measures import TOTAL, Parted, Slice, within
from quanyi.rollups.ranges import By, Piece, asked
from quanyi.rollups.roll import Roll, merged
from reports.trading_views import (
    SHARED,
    Change,
    Conversion,
    DeliveryTime,
    Figures,
    PieceView,
    ProductView,
    ProviderView,
    StockAtRisk,
    TradingView,
    currencies_of,
)
from reports.wiring import Trading

TOP = 10
MOST_ALERTS = 100
"""Of those that are open, the newest."""
PARAMETERS = frozenset({"from", "to", "by", "channel", "category", "product", "provider"})


@dataclass(frozen=True)
class About:
    """What of the shop's trade: all, or what went through a channel, and of that a category, a product, a provider."""

    channel: str = ""
    category: str | None = None
    product: str | None = None
    provider: str | None = None

    @property
    def part(self) -> tuple[Parted, str] | None:
        """Raises Invalid (`one_filter`)."""
        given: Mapping[Parted, str | None] = {
            "category": self.category,
            "product": self.product,
            "provider": self.provider,
        }
        told: list[tuple[Parted, str]] = [(name, value) for name, value in given.items() if value is not None]
        if len(told) > 1:
            raise Invalid("One of `category`, `product` and `provider`.", reason="one_filter")
        return told[0] if told else None

    @property
    def slice(self) -> Slice:
        if part := self.part:
            return within(self.channel, *part)
        return ("channel", self.channel) if self.channel else TOTAL


def known_parameters(given: Iterable[str], zone: str, theirs: str | None) -> None:
    """Refuses what this report does not know, instead of answering something else than was asked. Raises Invalid
    (`foreign_zone`, `unknown_parameter`)."""
    if theirs not in (None, zone):
        raise Invalid("Days are the shop's.", reason="foreign_zone", zone=zone)
    if unknown := sorted(set(given) - PARAMETERS - {"zone"}):
        known = sorted(PARAMETERS)
        raise Invalid("There is no such parameter.", reason="unknown_parameter", unknown=unknown, known=known)


def trading(source: Trading, first: date, last: date, by: By, about: About) -> TradingView:
    """Raises Invalid (`bad_range`, `one_filter`)."""
    now, where, part = source.now(), about.slice, about.part
    today = date.fromisoformat(day(now, source.zone))
    it = asked(first, last, by, today)
    begun = it.until(today)
    pieces, past = it.pieces(source.zone), begun.before.whole()
    own = it.whole() if by == "hour" else [place for piece in pieces for place in piece.places]
    rolls = source.rolls.read(
        list(dict.fromkeys([*(place for piece in pieces for place in piece.places), *own, *past]))
    )

    def of(places: Iterable[Place]) -> Roll:
        return merged(rolls[place] for place in places if place in rolls)

    whole = of(own)
    totals, before = _figures(whole, where, it.first), _figures(of(past), where, begun.before.first)
    counts, at_provider = whole.of(where), part is not None and part[0] == "provider"
    return TradingView(
        first=first,
        last=last,
        by=by,
        zone=source.zone,
        as_of=now,
        totals=totals,
        before=before,
        change=Change.of(totals, before),
        series=[
            PieceView(begin=piece.begin, figures=_figures(of(piece.places), where, _first_of(piece, by)))
            for piece in pieces
        ],
        conversion=None if at_provider else Conversion.of(counts, where),
        delivery_seconds=DeliveryTime.of(counts) if part is None or part[0] == "category" else None,
        providers=_providers(whole, about) if part is None or at_provider else None,
        top_products=_top(whole, about.channel) if part is None else None,
        stock_at_risk=_at_risk(source, whole, about.channel, begun.days) if part is None else None,
        folded=whole.is_folded,
    )


def _figures(roll: Roll, where: Slice, since: date | None) -> Figures:
    return Figures.of(roll.of(where), where, since if where[0] in ("total", "channel") else None)


def _first_of(piece: Piece, by: By) -> date | None:
    return None if by == "hour" else date.fromisoformat(piece.begin)


def _providers(whole: Roll, about: About) -> list[ProviderView]:
    found = whole.names_within(about.channel, "provider")
    return [ProviderView.of(name, found[name]) for name in sorted(found) if about.provider in (None, name)]


def _top(whole: Roll, channel: str) -> list[ProductView]:
    """By what was sold in the currency of most orders, then by units."""
    found = whole.names_within(channel, "product")
    total = whole.of(("channel", channel) if channel else TOTAL)
    main = max(currencies_of(total), key=lambda currency: total[f"paid:{currency}"], default="")
    sold = [name for name in found if found[name]["units"]]
    order = sorted(sold, key=lambda name: (-found[name][f"gmv:{main}"], -found[name]["units"], name))
    return [ProductView.of(name, found[name]) for name in order[:TOP]]


def _at_risk(source: Trading, whole: Roll, channel: str, days: int) -> list[StockAtRisk]:
    """Those that sell most first. Of a channel: what it sells from."""
    page = source.alerts.page(state="open", limit=MOST_ALERTS)
    skus, none = whole.named("sku"), None if whole.is_folded else Counter[str]()
    low = [alert for alert in map(from_item, page.items) if alert.kind in ("stock_low", "stock_out")]
    found = [StockAtRisk.of(alert, skus.get(alert.subject.partition("#")[0], none), days) for alert in low]
    mine = [one for one in found if not channel or one.channel in (channel, SHARED)]
    return sorted(mine, key=lambda one: (-(one.sold or 0), one.sku, one.channel))
