"""A channel's prepaid account as what pays its orders. Not for shoppers to choose: who sells to other shops pays each
order from the account of the shop that placed it.

Making such a payment takes the money at once; whoever makes it books it, and the sweep does where they could not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from quanyi.accounts.model import Move, NotTaken, Supplied
from quanyi.accounts.table import AccountsTable
from quanyi.clock import Clock, system_clock
from quanyi.errors import Busy, Refusal
from quanyi.orders.numbers import order_of
from quanyi.payments.port import (
    Captured,
    Created,
    Forged,
    Intent,
    Notice,
    NotMade,
    Outcome,
    Refunding,
    Reply,
    Try,
)

ACCOUNT = "account"


@dataclass(frozen=True)
class AccountPayments:
    """Implements `payments.port.Provider`. A transaction is the payment's own number; `now` dates moves."""

    accounts: AccountsTable
    now: Clock = system_clock
    name: str = ACCOUNT
    refund_gap: timedelta = timedelta(0)

    def create(self, intent: Intent) -> Created:
        """Raises NotMade; `extra["reason"]` is why the account was not charged."""
        supplied = self._supplied(intent.payment)
        try:
            self.accounts.take(supplied, self._move(supplied, intent.payment, -intent.amount, intent.currency))
        except NotTaken as refused:
            raise NotMade("The account is not charged.", reason=refused.why) from None
        return Created({"type": ACCOUNT})

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        raise Forged("Nobody notifies us of what we take ourselves.")

    def accepted(self) -> Reply:
        return Reply(200, "{}")

    def refused(self, status: int, code: str) -> Reply:
        return Reply(status, "{}")

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        try:
            supplied = self._supplied(known.payment)
            move = self.accounts.find_move(supplied.channel, known.payment)
        except NotMade:
            return "closed"
        except Busy:
            return "unknown"
        return _standing(move) if move else "open"

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        try:
            supplied = self._supplied(known.payment)
            move = self._move(supplied, known.payment, 0, known.currency)
            return _standing(self.accounts.close(move.model_copy(update={"kind": "closed"})))
        except NotMade:
            return "closed"
        except Busy:
            return "unknown"

    def refund(self, asked: Refunding) -> Outcome:
        try:
            supplied = self._supplied(asked.payment)
            move = self._move(supplied, asked.refund, asked.amount, asked.currency)
            self.accounts.give(move.model_copy(update={"kind": "refund"}))
        except Busy:
            return "unknown"
        except Refusal:  # there is no such account, or the number was given back with another amount
            return "failed"
        return "succeeded"

    def query_refund(self, asked: Refunding) -> Outcome:
        try:
            supplied = self._supplied(asked.payment)
            return "succeeded" if self.accounts.find_move(supplied.channel, asked.refund) else "failed"
        except NotMade:
            return "failed"
        except Busy:
            return "unknown"

    def _supplied(self, payment: str) -> Supplied:
        supplied = self.accounts.of_order(order_of(payment))
        if supplied is None:
            raise NotMade("No account has asked for this order.", reason="no_account")
        return supplied

    def _move(self, supplied: Supplied, key: str, amount: int, currency: str) -> Move:
        return Move(
            channel=supplied.channel,
            key=key,
            kind="charge",
            amount=amount,
            currency=currency,
            at=self.now(),
            of=supplied.key,
            order=supplied.order,
            quantity=supplied.quantity,
        )


def _standing(move: Move) -> Captured | Literal["closed"]:
    return "closed" if move.kind == "closed" else Captured(move.key, move.key, -move.amount, move.currency)
