"""The tax in a price that includes it."""

WHOLE = 10_000
"""Basis points."""


def included(total: int, rate: int) -> int:
    """Minor units of tax in `total` at `rate` basis points: total × rate / (10000 + rate), half a unit rounded away
    from zero, so that what goes back carries exactly the tax that came with it.

    Chinese VAT: the sales amount is the price with the tax in it, divided by 1 + rate (`docs/tax.md`).
    """
    tax, rest = divmod(abs(total) * rate, WHOLE + rate)
    tax += 2 * rest >= WHOLE + rate
    return tax if total >= 0 else -tax
