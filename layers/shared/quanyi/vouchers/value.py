"""What one use takes off a voucher, and what the customer gets for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from quanyi.errors import Invalid
from quanyi.money import Money
from quanyi.vouchers.model import AmountValue, DiscountValue, VoucherTerms

Missing: TypeAlias = Literal["amount", "sale"]

_WHOLE = 10_000
"""Basis points."""


@dataclass(frozen=True)
class Taken:
    """`amount` is what is taken off the voucher: uses, or minor units. `details` is kept with the use."""

    amount: int
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


def taken(terms: VoucherTerms, amount: Money | None, sale: Money | None) -> Taken:
    """`amount` is what to take of a stored amount; `sale` what the customer pays without the voucher (where it is not
    given, `amount` stands for it).

    Raises Invalid (`amount_missing`, `currency`).
    """
    must_be_in(terms, amount, sale)
    whole = sale or amount
    told = {"sale": whole.amount} if whole else {}
    match terms.value:
        case AmountValue():
            if amount is None or amount.amount < 1:
                raise Invalid("Say how much to take off the voucher, as `amount`.", reason="amount_missing")
            return Taken(amount.amount, told)
        case DiscountValue():
            if whole is None:
                raise Invalid("Say what the sale amounts to, as `sale`.", reason="amount_missing")
            return Taken(1, {**told, "off": discount(terms.value, whole.amount)})
        case _:
            return Taken(1, told)


def must_be_in(terms: VoucherTerms, *sums: Money | None) -> None:
    """Raises Invalid (`currency`)."""
    if any(money and money.currency != terms.currency for money in sums):
        raise Invalid(f"This voucher is worth {terms.currency}.", reason="currency", currency=terms.currency)


def unsaid(terms: VoucherTerms, amount: Money | None, sale: Money | None) -> Missing | None:
    """What a use must say, and this one does not. None: `taken` knows what it takes."""
    match terms.value:
        case AmountValue() if amount is None:
            return "amount"
        case DiscountValue() if amount is None and sale is None:
            return "sale"
        case _:
            return None


def discount(value: DiscountValue, amount: int) -> int:
    """What it takes off a sale of that amount, in minor units, rounded down."""
    off = value.amount_off if value.percent is None else amount * value.percent // _WHOLE
    return min(off or 0, amount, value.max_off or amount)
