"""What an issuer does for us. `docs/redeem.md` has the contract that `issuers.rest` speaks.

A request's id is the same whenever it is sent again: an issuer redeems once for each.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from quanyi.errors import Refusal
from quanyi.secret import Secret

Outcome = Literal["succeeded", "failed", "unknown"]


class IssuerRefused(Refusal):
    """The card's issuer does not redeem it; `reason` is its word."""

    status, code, title = 409, "issuer_refused", "The card's issuer refuses"

    def __init__(self, reason: str) -> None:
        super().__init__("The card's issuer refuses to redeem it.", reason=reason)


@dataclass(frozen=True)
class Confirming:
    """A use to be confirmed. `amount` is minor units, 0 for the whole card."""

    request: str
    number: Secret
    pin: Secret | None
    amount: int
    currency: str
    store: str
    at: datetime


@dataclass(frozen=True)
class Confirmed:
    """`left` is what the card holds now, in minor units; None: nothing, or the issuer does not say. `reason` is why it
    failed."""

    outcome: Outcome
    left: int | None = None
    reason: str = ""


class Issuer(Protocol):
    """Neither call raises: whatever goes wrong is `unknown`."""

    def confirm(self, asked: Confirming) -> Confirmed: ...

    def query(self, request: str, asked_at: datetime) -> Confirmed:
        """How a request ended. One that the issuer does not know has failed once it can no longer be on its way."""
        ...
