"""The numbers that alerts tell, and how each is read.

A watcher gives what it knows; sentences whose numbers are not there are left out (`alerts.texts`).
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from quanyi.alerts.kinds import AlertKind, Fact, Facts
from quanyi.clock import moment
from quanyi.mail.model import money_text

LONGEST = 200
"""Characters of a fact that is a text."""

CURRENCY = "currency"
"""The fact that all amounts of an alert are in."""


def _number(value: Fact, facts: Facts, zone: str) -> str:
    return str(value)


def _tenths(value: Fact, facts: Facts, zone: str) -> str:
    whole, rest = divmod(int(value), 10)
    return f"{whole}.{rest}" if rest else str(whole)


def _percent(value: Fact, facts: Facts, zone: str) -> str:
    whole, rest = divmod(int(value), 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"


def _amount(value: Fact, facts: Facts, zone: str) -> str:
    amount = int(value)
    return f"{'-' if amount < 0 else ''}{money_text(abs(amount), str(facts[CURRENCY]))}"


def _moment(value: Fact, facts: Facts, zone: str) -> str:
    return f"{moment(str(value)).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


Reading = Callable[[Fact, Facts, str], str]

READINGS: dict[str, Reading] = {
    # Stock: cards.
    "left": _number,
    "reorder_at": _number,
    "coming": _number,
    "waiting": _number,
    "order_up_to": _number,
    "proposed": _number,
    "lead_demand": _number,
    "safety": _number,
    "expiring": _number,
    "unsold": _number,
    # Cards of a purchase, lines of a statement.
    "missing": _number,
    "duplicates": _number,
    "invalid": _number,
    "surplus": _number,
    "differences": _number,
    # Stock: tenths of cards a day, tenths of days.
    "daily": _tenths,
    "days": _tenths,
    "most_days": _tenths,
    "lead_days": _tenths,
    "within_days": _tenths,
    # Basis points.
    "service": _percent,
    "success": _percent,
    "least_success": _percent,
    "short": _percent,
    "bad": _percent,
    "margin": _percent,
    # Suppliers and purchases.
    "supplier": _number,
    "halted": _number,
    "sku": _number,
    "purchase": _number,
    "order": _number,
    "quantity": _number,
    "calls": _number,
    "hours": _number,
    "minutes": _number,
    "seconds": _tenths,
    "reason": _number,
    "day": _number,
    "sent_at": _moment,
    # Minor units of `currency`.
    CURRENCY: _number,
    "balance": _amount,
    "least_balance": _amount,
    "price": _amount,
    "cost": _amount,
    "limit": _amount,
    "claim": _amount,
}
TEXTS = {"supplier", "halted", "sku", "purchase", "order", "reason", "day", "sent_at", CURRENCY}
"""Facts that are texts; the others are whole numbers."""
AMOUNTS = {name for name, reading in READINGS.items() if reading is _amount}

NEEDED: dict[AlertKind, tuple[str, ...]] = {
    "stock_low": ("left", "reorder_at"),
    "stock_out": (),
    "stock_expiring": ("expiring", "within_days"),
    "overstock": ("left", "days", "most_days"),
    "supplier_failing": ("supplier", "calls", "hours", "success", "least_success"),
    "balance_low": ("supplier", "balance", "least_balance", CURRENCY),
    "below_cost": ("price", "cost", CURRENCY),
    "purchase_unknown": ("purchase", "supplier", "sku", "quantity", "sent_at"),
    "purchase_failed": ("purchase", "supplier", "sku", "quantity", "reason"),
    "purchase_waits_approval": ("purchase", "supplier", "sku", "quantity", "cost", CURRENCY),
    "purchase_differs": ("purchase", "supplier", "sku", "quantity"),
    "purchase_not_applied": ("purchase", "supplier", "sku", "quantity", "minutes"),
    "sku_not_bought": ("sku", "order", "waiting"),
    "statement_differs": ("supplier", "day", "differences"),
}
"""What an alert of a kind always tells."""


def faults_in(kind: AlertKind, facts: Facts) -> list[str]:
    """What is missing, unknown or of the wrong type."""
    wrong = [f"{name} is missing" for name in NEEDED[kind] if name not in facts]
    if CURRENCY not in facts and AMOUNTS & {*facts}:
        wrong.append(f"{CURRENCY} is missing")
    for name, value in facts.items():
        if name not in READINGS:
            wrong.append(f"{name} is unknown")
        elif (name in TEXTS) != isinstance(value, str):
            wrong.append(f"{name} is a {type(value).__name__}")
        elif isinstance(value, str) and not (0 < len(value) <= LONGEST):
            wrong.append(f"{name} is too long, or empty")
        elif name == "sent_at" and not _is_moment(str(value)):
            wrong.append(f"{name} is no moment")
    return wrong


def said(facts: Facts, zone: str) -> dict[str, str]:
    """Each fact in words that need no language."""
    return {name: READINGS[name](value, facts, zone) for name, value in facts.items() if name in READINGS}


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
