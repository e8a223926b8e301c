"""Two levels of stock: below the first it is time to buy, and up to the second.

A policy of periodic review (R, s, S), Silver, Pyke & Thomas 2017, sections 6.5 and 6.9. Whoever doesn't order today can
do so only a review period later, and that comes a lead time after: so the reorder point covers both,

    s = demand over lead time + demand over review period + safety stock,

and is the smallest one for which what is expected to be short in a review period is at most the share of its demand
that the service level allows (the fill rate, P2; E. A. Silver & D. P. Bischak, Omega 39, 2011, without the
approximation for high service):

    E[(D(L + R) - s)+] - E[(D(L) - s)+]  <=  (1 - service) * E[D(R)],

with D(t) the demand of the next t days as it is forecast, holidays included, and as uncertain as such forecasts were.
S = s + the demand of the days that a purchase is to last beyond that.
"""

from math import ceil, floor

from quanyi.catalog.model import Model
from quanyi.restock.calendar import Days
from quanyi.restock.distribution import grain, shortages
from quanyi.restock.explanation import Explanation, explained
from quanyi.restock.forecast import Forecast
from quanyi.restock.model import DynamicLevels, FixedLevels, PolicyTerms

WHOLE = 10_000
"""Basis points."""
FARTHEST = 20.0
"""Deviations from the mean that are looked at: no service level asks for more."""


class StockLevels(Model):
    """What a nightly plan finds and the watch goes by until the next. `sells_before_expiry`: no more than that, with
    what is there and on order, would sell before it expires; `lasts_too_long`: more than that is overstock."""

    low: int
    order_up_to: int
    sells_before_expiry: int | None = None
    lasts_too_long: int | None = None
    explanation: Explanation


def forecast_days(terms: PolicyTerms, lead: int) -> int:
    """How many days ahead the forecast of a policy looks."""
    if isinstance(terms.levels, FixedLevels):
        return max(1, lead)
    return max(1, lead + terms.levels.review_days + terms.levels.cover_days)


def stock_levels(terms: PolicyTerms, lead: int, forecast: Forecast, days: Days) -> StockLevels:
    """`forecast` is made of `days`, over `lead` and, for dynamic levels, their review period."""
    levels = terms.levels
    if isinstance(levels, FixedLevels):
        low, order_up_to = levels.low, levels.order_up_to
        why = explained(fixed=1, low=low, order_up_to=order_up_to)
    else:
        low, order_up_to, why = _dynamic(levels, lead, forecast, days)
    known = forecast.pattern != "none"
    before, long = terms.shelf_life_days, terms.overstock_days
    return StockLevels(
        low=low,
        order_up_to=order_up_to,
        sells_before_expiry=floor(forecast.over(lead + before)) if before and known else None,
        lasts_too_long=max(order_up_to, ceil(forecast.over(long))) if long else None,
        explanation=why,
    )


def base_stocks(forecast: Forecast, *services: int) -> list[int]:
    """s for each service level, in basis points."""
    step = grain(forecast.whole)
    count = ceil((forecast.whole.mean + FARTHEST * forecast.whole.variance**0.5) / step) + 1
    whole, lead = shortages(forecast.whole, step, count), shortages(forecast.lead, step, count)
    allowed = [(WHOLE - service) / WHOLE * forecast.review for service in services]
    return [step * next((i for i in range(count) if whole[i] - lead[i] <= each), count) for each in allowed]


def _dynamic(levels: DynamicLevels, lead: int, forecast: Forecast, days: Days) -> tuple[int, int, Explanation]:
    if forecast.pattern == "none":
        return levels.least, levels.least, explained(no_demand=0, low=levels.least, order_up_to=levels.least)
    review = lead + levels.review_days
    lead_demand = round(forecast.lead.mean)
    review_demand = round(forecast.whole.mean) - lead_demand
    [needed] = base_stocks(forecast, levels.service_level)
    low = max(needed, levels.least)
    cover = ceil(sum(forecast.daily[review : review + levels.cover_days]))
    why = explained(
        **{forecast.pattern: forecast.history},
        daily=round(1000 * forecast.level),
        lead_days=lead,
        review_days=levels.review_days,
        service=levels.service_level,
        **({"calendar_until": int(f"{days.known_until:%Y%m%d}")} if days.known_until else {}),
        lead_demand=lead_demand,
        review_demand=review_demand,
        safety=needed - lead_demand - review_demand,
        **({"least": levels.least} if low > needed else {}),
        low=low,
        cover_demand=cover,
        order_up_to=low + cover,
    )
    return low, low + cover, why
