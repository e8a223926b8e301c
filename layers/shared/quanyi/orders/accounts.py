"""The accounts of an order's top-ups: read from what its lines say, told apart by unit, and sealed under the member's
key, so that they are gone once the member is erased."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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


def accounts_of(lines: Sequence[Asked], quote: Quote, language: Language) -> dict[str, UnitAccount]:
    """The account of each unit that is a top-up. `lines` are those that `quote` priced, in the order sent.

    Raises AccountInvalid with every wrong field, Invalid (`accounts_too_large`).
    """
    copies: dict[str, list[_Copy]] = {}
    wrong: list[FieldFault] = []
    for number, line in enumerate(lines):
        accounts, faults = _of_line(line, quote.forms[line.sku], f"lines.{number}.accounts")
        # The same SKU on two lines was priced as one line: its units are those of both, in order.
        copies.setdefault(line.sku, []).extend(accounts)
        wrong += faults
    if wrong:
        raise AccountInvalid(wrong)
    terms = {(sku, part.sku): part.terms for sku, form in quote.forms.items() for part in form.parts}
    found: dict[str, UnitAccount] = {}
    for unit in quote.units:
        if unit.kind == "topup":
            sku = quote.lines[unit.line].sku
            copy = copies[sku][_number(unit)]
            account = copy.accounts[unit.sku]
            place = copy.place if unit.sku == sku else f"{copy.place}.{unit.sku}"
            found[unit.id] = UnitAccount(unit.sku, account, masked(terms[sku, unit.sku], account, language), place)
    if sum(len(one.account.to_text().encode()) for one in found.values()) > MOST_BYTES:
        raise Invalid("These accounts are too large for one order.", reason="accounts_too_large")
    return found


@dataclass(frozen=True)
class _Copy:
    """The accounts, by SKU, of one of what a line asks for."""

    place: str = ""
    accounts: Mapping[str, Account] = field(default_factory=dict[str, Account])


def _of_line(line: Asked, form: AccountForm, place: str) -> tuple[list[_Copy], list[FieldFault]]:
    if not form.parts:
        wrong = [FieldFault(field=place, reason="unknown")] if any(line.accounts) else []
        return [_Copy()] * line.quantity, wrong
    if len(line.accounts) > 1 and len(line.accounts) != line.quantity:
        return [], [FieldFault(field=place, reason="count")]
    copies: list[_Copy] = []
    faults: list[FieldFault] = []
    for number, given in enumerate(line.accounts or [{}]):
        accounts, wrong = form.read(given, f"{place}.{number}")
        copies.append(_Copy(f"{place}.{number}", accounts))
        faults += wrong
    return (copies if len(copies) > 1 else copies * line.quantity), faults


def _number(unit: Unit) -> int:
    """Which one of its line's quantity a unit belongs to."""
    return int(unit.id.split("-")[1])


def hinted(units: Sequence[Unit], accounts: Mapping[str, UnitAccount]) -> tuple[Unit, ...]:
    """With the masked text of their accounts."""
    return tuple(
        unit.model_copy(update={"account_hint": accounts[unit.id].hint}) if unit.id in accounts else unit
        for unit in units
    )


def sealed(
    order: Order, accounts: Mapping[str, UnitAccount], key: bytes, draw: Draw = secrets.token_bytes
) -> tuple[Unit, ...]:
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
