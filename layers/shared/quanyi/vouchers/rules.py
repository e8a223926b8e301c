"""Whether a voucher may be used now, here, for this: every rule that says no, and when it would say yes.

Days and hours are the shop's (`zone`, an IANA name). All rules are asked, so that a counter hears everything at once;
nothing here knows where a voucher is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from quanyi.clock import day, end_of_day
from quanyi.vouchers.model import MOST_USES, Series, UsageRules
from quanyi.vouchers.room import OF_A_USE
from quanyi.vouchers.use import Voucher

Rule = Literal[
    "cancelled",
    "series_cancelled",
    "frozen",
    "series_frozen",
    "order_frozen",
    "store_closed",
    "not_started",
    "expired",
    "weekday",
    "blackout",
    "hours",
    "store",
    "goods",
    "minimum_spend",
    "member_unknown",
    "per_day",
    "per_member",
    "per_member_per_day",
    "too_many_uses",
    "full",
    "spent",
    "way",
    "condition",
    "condition_failed",
]

FURTHEST_DAYS = 7 * 400
"""How far ahead the next opening is looked for: further than all blackout dates, were they on one weekday."""

_NEXT_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Refused:
    """A rule that says no. `passes_at`: the first moment at which it would not; None when that is not a matter of
    time. `wanted` is what the rule asks for."""

    rule: Rule
    passes_at: datetime | None = None
    wanted: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Sale:
    """What the voucher is to be used for. `amount` is that of the sale in minor units; `member` a keyed hash. The
    counts are uses by that member: of the series at all, and today."""

    store: str = ""
    amount: int | None = None
    goods: tuple[str, ...] = ()
    member: str = ""
    member_uses: int = 0
    member_uses_today: int = 0


def refusals(voucher: Voucher, series: Series, sale: Sale, now: datetime, zone: str) -> list[Refused]:
    """Every rule that does not allow this use, but for the merchant's own condition (`vouchers.condition`)."""
    return [
        *_standing(voucher, series),
        *_times(voucher, series, now, zone),
        *_place_and_sale(series.terms.rules, sale),
        *_limits(voucher, series, sale, now, zone),
    ]


def go_by_the_sale(rules: UsageRules, sale: Sale) -> list[Rule]:
    """Those rules that ask for what nobody has said of the sale yet."""
    spend, goods = sale.amount is None, not sale.goods
    asked: dict[Rule, bool] = {
        "goods": bool(rules.goods) and goods,
        "minimum_spend": rules.minimum_spend is not None and spend,
        "condition": (spend and "sale.amount" in rules.asks) or (goods and "sale.goods" in rules.asks),
    }
    return [rule for rule, open_ in asked.items() if open_]


def valid_from(voucher: Voucher, series: Series) -> datetime | None:
    return voucher.since or series.valid_from


def valid_until(voucher: Voucher, series: Series) -> datetime | None:
    """The first moment at which it has expired; None: never. What was set for the voucher goes before what was set for
    its series, and that before the rules, of which the earlier end holds."""
    if set_later := voucher.until or series.until:
        return set_later
    rules, ends = series.terms.rules, list[datetime]()
    if rules.valid_until:
        ends.append(rules.valid_until)
    if rules.days_from_delivery and voucher.delivered_at:
        ends.append(voucher.delivered_at + timedelta(days=rules.days_from_delivery))
    return min(ends, default=None)


def uses_on(voucher: Voucher, day_of: str, zone: str) -> int:
    """How often it was used on a day of the shop, reversed uses aside."""
    return sum(use.reversed_at is None and day(use.at, zone) == day_of for use in voucher.uses)


def next_opening(rules: UsageRules, since: datetime, until: datetime | None, zone: str) -> datetime | None:
    """The first moment from `since` on, and before `until`, at which weekdays, hours and blackout dates allow a use."""
    first = since.astimezone(ZoneInfo(zone)).date() - _NEXT_DAY  # its hours may reach past midnight
    for ahead in range(FURTHEST_DAYS):
        try:
            today = first + timedelta(days=ahead)
        except OverflowError:
            return None
        for opens, closes in _open_hours(rules, today, zone):
            if closes > since:
                opening = max(opens, since)
                return opening if until is None or opening < until else None
        if until is not None and today > until.astimezone(ZoneInfo(zone)).date():
            return None
    return None


def _standing(voucher: Voucher, series: Series) -> Iterator[Refused]:
    if voucher.state not in ("delivered", "redeemed"):
        yield Refused("cancelled")
    if series.cancelled:
        yield Refused("series_cancelled")
    if voucher.frozen:
        yield Refused("frozen")
    if series.frozen:
        yield Refused("series_frozen")


def _times(voucher: Voucher, series: Series, now: datetime, zone: str) -> Iterator[Refused]:
    rules, since, until = series.terms.rules, valid_from(voucher, series), valid_until(voucher, series)
    if until is not None and now >= until:
        yield Refused("expired", wanted={"until": until})
        return
    if since is not None and now < since:
        yield Refused("not_started", next_opening(rules, since, until, zone), {"from": since})
        return
    opening = next_opening(rules, now, until, zone)
    if opening == now:
        return
    today = now.astimezone(ZoneInfo(zone)).date()
    wrong_day = rules.weekdays and today.isoweekday() not in rules.weekdays
    if wrong_day:
        yield Refused("weekday", opening, {"weekdays": list(rules.weekdays)})
    if today in rules.blackout_dates:
        yield Refused("blackout", opening, {"date": today.isoformat()})
    elif not wrong_day:
        yield Refused("hours", opening, {"hours": [f"{h.opens}-{h.closes}" for h in rules.hours]})


def _place_and_sale(rules: UsageRules, sale: Sale) -> Iterator[Refused]:
    if rules.stores and sale.store not in rules.stores:
        yield Refused("store", wanted={"stores": list(rules.stores)})
    if rules.goods and not set(rules.goods) & set(sale.goods):
        yield Refused("goods", wanted={"goods": list(rules.goods)})
    if rules.minimum_spend and (sale.amount is None or sale.amount < rules.minimum_spend):
        yield Refused("minimum_spend", wanted={"amount": rules.minimum_spend})


def _limits(voucher: Voucher, series: Series, sale: Sale, now: datetime, zone: str) -> Iterator[Refused]:
    rules, today = series.terms.rules, day(now, zone)
    if voucher.used >= MOST_USES:
        yield Refused("too_many_uses", wanted={"limit": MOST_USES})
    if voucher.room < OF_A_USE:
        yield Refused("full")
    tomorrow = next_opening(rules, end_of_day(today, zone), valid_until(voucher, series), zone)
    if rules.per_day is not None and uses_on(voucher, today, zone) >= rules.per_day:
        yield Refused("per_day", tomorrow, {"limit": rules.per_day})
    if rules.counts_members and not sale.member:
        yield Refused("member_unknown")
        return
    ever, a_day = rules.most_by_member, rules.most_by_member_a_day
    if ever is not None and sale.member_uses >= ever:
        yield Refused("per_member", wanted={"limit": ever})
    elif a_day is not None and sale.member_uses_today >= a_day:
        yield Refused("per_member_per_day", tomorrow, {"limit": a_day})


def _open_hours(rules: UsageRules, today: date, zone: str) -> list[tuple[datetime, datetime]]:
    """When that day's hours begin and end, in UTC, earliest first."""
    if (rules.weekdays and today.isoweekday() not in rules.weekdays) or today in rules.blackout_dates:
        return []
    if not rules.hours:
        return [(_at(today, time(), zone), _at(today + _NEXT_DAY, time(), zone))]
    spans: list[tuple[datetime, datetime]] = []
    for hours in rules.hours:
        opens, closes = time.fromisoformat(hours.opens), time.fromisoformat(hours.closes)
        last = today if opens < closes else today + _NEXT_DAY
        spans.append((_at(today, opens, zone), _at(last, closes, zone)))
    return sorted(spans)


def _at(today: date, clock: time, zone: str) -> datetime:
    """In UTC, where moments can be compared across a change of the clocks."""
    return datetime.combine(today, clock, ZoneInfo(zone)).astimezone(UTC)
