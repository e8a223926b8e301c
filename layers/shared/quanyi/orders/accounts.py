"""The accounts of an order's top-ups: read from what its lines say, told apart by unit, and sealed under the member's
key, so that they are gone once the member is erased."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from quanyi.catalog.account_form import AccountForm
from quanyi.catalog.accounts import Account, AccountInvalid, FieldFault, masked
from quanyi.catalog.texts import Language
from quanyi.errors import Invalid
from quanyi.ids import Draw
from quanyi.orders.model import Order, Unit
from quanyi.orders.pricing import Quote
from quanyi.vault.sealing import seal, unseal

MOST_BYTES = 60_000
"""Of all accounts of an order: it is one item, and one item has an end (`orders.packing`)."""


@dataclass(frozen=True)
class Asked:
    """A line as it was sent. `accounts`: one for all of its units, or one for each; values by the form's names."""

    sku: str
    quantity: int
    accounts: Sequence[Mapping[str, str]] = field(default=(), repr=False)


@dataclass(frozen=True)
class UnitAccount:
    """`hint` is its masked text, `place` where it stands in the request."""

    sku: str
    account: Account
    hint: str
    place: str


Named: TypeAlias = Mapping[str, UnitAccount]
"""Accounts by unit."""


@dataclass(frozen=True)
class _Copy:
    """The accounts, by SKU, of one of what a line asks for."""

    place: str = ""
    accounts: Mapping[str, Account] = field(default_factory=dict[str, Account])


def accounts_of(lines: Sequence[Asked], quote: Quote, language: Language, *, later: bool = True) -> Named:
    """The account of each unit that is a top-up and is not left out, as its SKU may allow and `later` does. `lines` are
    those that `quote` priced, in the order sent.

    Raises AccountInvalid with every wrong field, Invalid (`accounts_too_large`).
    """
    copies: dict[str, list[_Copy]] = {}
    wrong: list[FieldFault] = []
    for number, line in enumerate(lines):
        form = quote.forms[line.sku]
        accounts, faults = _of_line(
            line, form, f"lines.{number}.accounts", optional=later and form.account_hours is not None
        )
        # The same SKU on two lines was priced as one line: its units are those of both, in order.
        copies.setdefault(line.sku, []).extend(accounts)
        wrong += faults
    if wrong:
        raise AccountInvalid(wrong)
    found: dict[str, UnitAccount] = {}
    for number, line in enumerate(quote.lines):
        mine = [unit for unit in quote.units if unit.line == number]
        found |= _by_unit(mine, line.sku, copies[line.sku], quote.forms[line.sku], language)
    _must_fit(found.values())
    return found


def accounts_for(order: Order, number: int, given: Sequence[Mapping[str, str]], form: AccountForm) -> Named:
    """What is said after the order about the accounts of its line `number`, as `form` asks for them: one for all of the
    line's quantity, or one for each; an empty one says nothing.

    Raises AccountInvalid with every wrong field, Invalid (`accounts_too_large`).
    """
    line = order.lines[number]
    optional = any(_is_filled(account) for account in given)
    copies, wrong = _of_line(Asked(line.sku, line.quantity, given), form, "accounts", optional=optional)
    if wrong:
        raise AccountInvalid(wrong)
    found = _by_unit(topups_of(order, number), line.sku, copies, form, order.language)
    _must_fit(found.values(), sum(len(unit.account or b"") for unit in order.units if unit.id not in found))
    return found


def topups_of(order: Order, number: int) -> list[Unit]:
    """Of the order's line `number`, also within a bundle."""
    return [unit for unit in order.units if unit.line == number and unit.kind == "topup"]


def _by_unit(
    units: Sequence[Unit], sku: str, copies: Sequence[_Copy], form: AccountForm, language: Language
) -> dict[str, UnitAccount]:
    """Of one line, which asks for `sku`."""
    terms = {part.sku: part.terms for part in form.parts}
    found: dict[str, UnitAccount] = {}
    for unit in units:
        copy = copies[number_of(unit)]
        account = copy.accounts.get(unit.sku)
        if account:
            place = copy.place if unit.sku == sku else f"{copy.place}.{unit.sku}"
            found[unit.id] = UnitAccount(unit.sku, account, masked(terms[unit.sku], account, language), place)
    return found


def _must_fit(accounts: Iterable[UnitAccount], others: int = 0) -> None:
    if others + sum(len(one.account.to_text().encode()) for one in accounts) > MOST_BYTES:
        raise Invalid("These accounts are too large for one order.", reason="accounts_too_large")


def _is_filled(account: Mapping[str, str]) -> bool:
    return any(text.strip() for text in account.values())


def _of_line(line: Asked, form: AccountForm, place: str, *, optional: bool) -> tuple[list[_Copy], list[FieldFault]]:
    """`optional`: an empty account may stay away."""
    if not form.parts:
        wrong = [FieldFault(field=place, reason="unknown")] if any(line.accounts) else []
        return [_Copy()] * line.quantity, wrong
    if len(line.accounts) > 1 and len(line.accounts) != line.quantity:
        return [], [FieldFault(field=place, reason="count")]
    copies: list[_Copy] = []
    faults: list[FieldFault] = []
    for number, given in enumerate(line.accounts or [{}]):
        if optional and not _is_filled(given):
            copies.append(_Copy())
            continue
        accounts, wrong = form.read(given, f"{place}.{number}")
        copies.append(_Copy(f"{place}.{number}", accounts))
        faults += wrong
    return (copies if len(copies) > 1 else copies * line.quantity), faults


def number_of(unit: Unit) -> int:
    """Which one of its line's quantity a unit belongs to."""
    return int(unit.id.split("-")[1])


def hinted(units: Sequence[Unit], accounts: Named) -> tuple[Unit, ...]:
    """With the masked text of their accounts."""
    return tuple(
        unit.model_copy(update={"account_hint": accounts[unit.id].hint}) if unit.id in accounts else unit
        for unit in units
    )


def sealed(order: Order, accounts: Named, key: bytes, draw: Draw = secrets.token_bytes) -> tuple[Unit, ...]:
    """The order's units with their accounts, under the member's data key."""
    return tuple(
        unit.model_copy(
            update={"account": seal(key, accounts[unit.id].account.to_text(), _bound_to(order, unit), draw)}
        )
        if unit.id in accounts
        else unit
        for unit in order.units
    )


def opened(order: Order, unit: Unit, key: bytes) -> Account:
    """The account of a unit that is a top-up. Raises Tampered."""
    assert unit.account
    return Account.from_text(unseal(key, unit.account, _bound_to(order, unit)))


def _bound_to(order: Order, unit: Unit) -> str:
    return f"{order.id}#{unit.id}#account"
