"""Accounts that an order of top-ups left out: what is missing, until when, and how its buyer names it afterwards."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from quanyi.errors import Conflict
from quanyi.ids import Draw
from quanyi.orders.accounts import Named, hinted, number_of, opened, sealed
from quanyi.orders.changes import awake
from quanyi.orders.model import Order, Unit
from quanyi.orders.promise import promised


class AccountGiven(Conflict):
    """An account was named before, and another one is named now: it may be topped up already, so it stays.
    `extra["units"]` are those it was named for."""

    code, title = "account_given", "Another account was named before"


class AccountTooLate(Conflict):
    """Nobody waits for the account any more: its money goes back or went, or the order was never paid.
    `extra["units"]` are those it is about."""

    code, title = "account_too_late", "It does not wait for an account any more"


@dataclass(frozen=True)
class Missing:
    """What a line still lacks: `numbers` are those of its quantity, counted from 0. `until` is None before the order is
    paid, which is when its time begins."""

    line: int
    sku: str
    numbers: tuple[int, ...]
    units: tuple[str, ...]
    until: datetime | None


def missing(order: Order, now: datetime) -> list[Missing]:
    """By line, what can still be named."""
    found: list[Missing] = []
    for number, line in enumerate(order.lines):
        units = [unit for unit in order.units if unit.line == number and awaits_account(order, unit, now)]
        if units:
            until = min(promised(order, unit) for unit in units) if order.paid_at else None
            numbers = tuple(sorted({number_of(unit) for unit in units}))
            found.append(Missing(number, line.sku, numbers, tuple(unit.id for unit in units), until))
    return found


def awaits_account(order: Order, unit: Unit, now: datetime) -> bool:
    """It lacks its account, which can still be named: before the payment as long as the order can be paid, after it
    until the unit's promise is over."""
    if not unit.lacks_account or unit.state != "waiting":
        return False
    return (
        now < promised(order, unit) if order.paid_at else order.state == "awaiting_payment" and now < order.expires_at
    )


def named(order: Order, accounts: Named, key: bytes, now: datetime, by: str, draw: Draw = secrets.token_bytes) -> Order:
    """With accounts for units that lacked one, sealed under the member's `key`. The same accounts again change nothing.
    Raises AccountGiven, AccountTooLate: then none was taken."""
    units = [unit for unit in order.units if unit.id in accounts]
    others = [unit for unit in units if unit.account and opened(order, unit, key) != accounts[unit.id].account]
    if others:
        raise AccountGiven("It stays as it was named first.", units=_ids(others))
    lacking = [unit for unit in units if unit.lacks_account]
    late = [unit for unit in lacking if not awaits_account(order, unit, now)]
    if late:
        raise AccountTooLate("Its time is over.", state=order.state, units=_ids(late))
    if not lacking:
        return order
    fresh = {unit.id: accounts[unit.id] for unit in lacking}
    order = order.model_copy(update={"units": hinted(order.units, fresh), "changed_by": by})
    at = {"account_at": now}
    units = [unit.model_copy(update=at) if unit.id in fresh else unit for unit in sealed(order, fresh, key, draw)]
    order = order.model_copy(update={"units": tuple(units)})
    # Should this call end here, a sweep lets the workflow go on.
    return awake(order, now) if order.paid_at else order


def _ids(units: Sequence[Unit]) -> list[str]:
    return [unit.id for unit in units]
