"""Money is an integer number of minor units (fen, cents) and an ISO 4217 code; never a float."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_AMOUNT = 10**12

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["CNY"])]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True, description="Minor units: fen, cents", examples=[1999])]


class Money(BaseModel):
    """`{"amount": 1999, "currency": "CNY"}` is ¥19.99."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    amount: Amount
    currency: Currency


_NO_MINOR_UNIT = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def decimals(currency: str) -> int:
    """Of a currency's minor unit, by ISO 4217: 2 for fen and cents."""
    return 0 if currency in _NO_MINOR_UNIT else 3 if currency in _THOUSANDTHS else 2


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of `total` minor units in proportion to `weights`, adding up to `total` exactly (largest remainder).

    Equal remainders go to the earlier share, so the same input always gives the same shares; weights that are all
    zero count as equal. Raises ValueError for no weights or a negative one.
    """
    if not weights or min(weights) < 0:
        raise ValueError("split needs at least one weight, none negative")
    if sum(weights) == 0:
        weights = [1] * len(weights)
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares
