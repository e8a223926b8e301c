"""What is to be done about a SKU's stock now: nothing, tell somebody, or buy so many.

Packs, the supplier's minimum and every cap come last and hold together: what is bought is a whole number of packs, not
less than the minimum, and within each cap; where that is impossible nothing is bought, and the explanation says why.
"""

from dataclasses import dataclass
from typing import Literal

from quanyi.catalog.model import Model
from quanyi.money import Money
from quanyi.restock.explanation import Code, Explanation, explained
from quanyi.restock.model import PolicyTerms
from quanyi.restock.reorder_point import WHOLE, StockLevels

StockAlert = Literal["stock_out", "stock_low", "overstock", "stock_expiring"]
Doubt = Literal["above_approval", "cost_too_high", "cost_rose", "other_currency"]
"""Why a person decides, although the policy buys by itself."""
Act = Literal["nothing", "alert", "propose", "buy"]


@dataclass(frozen=True)
class Stock:
    """Of a SKU in a channel (or shared). `expiring`: available cards whose last day is within the policy's days."""

    available: int
    on_order: int = 0
    backlog: int = 0
    expiring: int = 0

    @property
    def position(self) -> int:
        return self.available + self.on_order - self.backlog


@dataclass(frozen=True)
class Buying:
    """What the offer at hand allows. `left_today`: of its daily limit; `budget_left`: of the policy's month, in the
    offer's currency; None: no limit."""

    unit_cost: Money
    minimum: int = 1
    pack: int = 1
    left_today: int | None = None
    budget_left: int | None = None
    last_cost: Money | None = None


class Proposal(Model):
    """`quantity` is what to buy, if only as advice (`alert`); with `doubts` a person decides on it."""

    act: Act
    alerts: tuple[StockAlert, ...] = ()
    quantity: int = 0
    cost: Money | None = None
    doubts: tuple[Doubt, ...] = ()
    explanation: Explanation


def proposed(terms: PolicyTerms, levels: StockLevels, stock: Stock, buying: Buying | None) -> Proposal:
    """`buying` is None while there is no offer to buy from."""
    alerts = _alerts(levels, stock)
    why = levels.explanation + explained(
        available=stock.available, on_order=stock.on_order, backlog=stock.backlog, position=stock.position
    )
    quantity, cost, doubts = 0, None, tuple[Doubt, ...]()
    if buying and stock.position < levels.low:
        quantity, how = quantity_of(terms, levels, stock, buying)
        why += how
    if buying and quantity:
        cost = Money(amount=quantity * buying.unit_cost.amount, currency=buying.unit_cost.currency)
        doubts = _doubts(terms, buying, cost)
    act: Act = "alert" if alerts else "nothing"
    if quantity and terms.mode != "alert":
        act = "buy" if terms.mode == "auto" and not doubts else "propose"
    return Proposal(act=act, alerts=alerts, quantity=quantity, cost=cost, doubts=doubts, explanation=why)


def quantity_of(terms: PolicyTerms, levels: StockLevels, stock: Stock, buying: Buying) -> tuple[int, Explanation]:
    """How many to buy to be at `order_up_to` again, and how that came."""
    wanted = max(0, levels.order_up_to - stock.position)
    why = explained(wanted=wanted)
    if not wanted:
        return 0, why
    quantity = _packs_up(max(wanted, buying.minimum), buying.pack)
    if wanted < buying.minimum:
        why += explained(minimum=buying.minimum)
    if quantity != max(wanted, buying.minimum):
        why += explained(packed=quantity)
    caps = _caps(terms, levels, stock, buying)
    binding = {code: cap for code, cap in caps.items() if cap < quantity}
    if binding:
        least = max(0, min(binding.values()))
        quantity = least // buying.pack * buying.pack
        why += explained(**{code: max(0, cap) for code, cap in binding.items()})
        if quantity < buying.minimum:
            return 0, why + explained(below_minimum=quantity, quantity=0)
    return quantity, why + explained(quantity=quantity)


def _caps(terms: PolicyTerms, levels: StockLevels, stock: Stock, buying: Buying) -> dict[Code, int]:
    """The most that each allows."""
    budget = buying.budget_left
    caps: dict[Code, int | None] = {
        "cap_most_stock": None if terms.most_stock is None else terms.most_stock - stock.position,
        "cap_most_ordered": terms.most_ordered,
        "cap_shelf_life": None if (most := levels.sells_before_expiry) is None else most - stock.position,
        "cap_supplier": buying.left_today,
        "cap_budget": budget // buying.unit_cost.amount if budget is not None and buying.unit_cost.amount else None,
    }
    return {code: cap for code, cap in caps.items() if cap is not None}


def _packs_up(units: int, pack: int) -> int:
    return -(-units // pack) * pack


def _alerts(levels: StockLevels, stock: Stock) -> tuple[StockAlert, ...]:
    found = list[StockAlert]()
    if stock.available <= 0 and (levels.low > 0 or stock.backlog > 0):
        found.append("stock_out")
    elif stock.position < levels.low:
        found.append("stock_low")
    if levels.lasts_too_long is not None and stock.available > levels.lasts_too_long:
        found.append("overstock")
    if stock.expiring > 0:
        found.append("stock_expiring")
    return tuple(found)


def _doubts(terms: PolicyTerms, buying: Buying, cost: Money) -> tuple[Doubt, ...]:
    """Amounts of another currency can't be compared: a person does."""
    guard, last = terms.price_guard, buying.last_cost
    limits = (
        terms.approval_above,
        guard.most_cost,
        terms.monthly_budget,
        last if guard.most_rise is not None else None,
    )
    if any(limit and limit.currency != cost.currency for limit in limits):
        return ("other_currency",)
    found = list[Doubt]()
    if terms.approval_above and cost.amount > terms.approval_above.amount:
        found.append("above_approval")
    if guard.most_cost and buying.unit_cost.amount > guard.most_cost.amount:
        found.append("cost_too_high")
    if guard.most_rise is not None and last and _rose(last.amount, buying.unit_cost.amount, guard.most_rise):
        found.append("cost_rose")
    return tuple(found)


def _rose(last: int, now: int, most: int) -> bool:
    return now * WHOLE > last * (WHOLE + most)
