"""The sandbox: a small payment provider of our own, for local use and tests, never in a production stage.

It keeps its own table, signs its notifications with a key of its own, and can be told to be slow or unclear. A
notification is JSON; its header `Sandbox-Signature: t=<unix seconds>,v1=<hex>` is HMAC-SHA256 over `<t>.<raw body>`,
as Stripe does it (https://docs.stripe.com/webhooks/signatures).
"""

import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps, loads
from typing import Any, Literal

from quanyi.clock import stamp
from quanyi.errors import Conflict, Malformed, NotFound
from quanyi.ids import Draw, new_id
from quanyi.payments.port import Captured, Created, Forged, Intent, Notice, Outcome, Refunding, Reply, Try, TryFailed
from quanyi.table import ConditionFailed, Item, Table
from quanyi.vault.kms import Keyring

TOLERANCE_SECONDS = 300
MERCHANT = "quanyi-sandbox"


@dataclass(frozen=True)
class Sandbox:
    """The provider's side as its merchants see it: implements `payments.port.Provider`."""

    table: Table
    keyring: Keyring
    name: str = "sandbox"
    refund_gap: timedelta = timedelta(0)

    def create(self, intent: Intent) -> Created:
        item = {
            **_key(intent.payment),
            "v": 1,
            "order": intent.order,
            "amount": intent.amount,
            "currency": intent.currency,
            "deadline": stamp(intent.deadline),
            "state": "open",
        }
        with suppress(ConditionFailed):  # the same payment again
            self.table.put(item, condition="attribute_not_exists(pk)")
        return Created({"type": "sandbox", "method": "POST", "path": f"/v1/sandbox/payments/{intent.payment}"})

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        fields = dict(part.split("=", 1) for part in headers.get("sandbox-signature", "").split(",") if "=" in part)
        sent_at, signature = fields.get("t", ""), fields.get("v1", "")
        timed = sent_at.isascii() and sent_at.isdigit() and len(sent_at) <= 12
        if not timed or abs(now.timestamp() - int(sent_at)) > TOLERANCE_SECONDS:
            raise Forged("The notification has no time, or is too old.")
        if not hmac.compare_digest(self._signature(int(sent_at), body).encode(), signature.encode()):
            raise Forged("The signature does not fit.")
        try:
            notice = loads(body)
            if notice["merchant"] != MERCHANT:
                raise Forged("Another merchant's notification.")
            if notice["event"] == "payment.failed":
                return (TryFailed(notice["payment"], notice["failure"], notice.get("reason", "")),)
            if notice["event"] != "payment.captured":
                return ()
            names = ("payment", "transaction", "amount", "currency")
            return (Captured(**{name: notice[name] for name in names}, payer=notice.get("payer", "")),)
        except (ValueError, KeyError, TypeError):
            raise Malformed("This is genuine, but not a notification.") from None

    def accepted(self) -> Reply:
        return Reply(200, '{"received":true}')

    def refused(self, status: int, code: str) -> Reply:
        return Reply(status, dumps({"received": False, "code": code}))

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        item = self.table.get(_key(known.payment))
        if item is None:
            return "closed"
        return _captured(known.payment, item) if item["state"] == "captured" else item["state"]

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        payment = known.payment
        try:
            self._move(payment, "closed", "#state <> :captured", captured="captured")
        except ConditionFailed as failed:
            return _captured(payment, failed.item) if failed.item else "closed"
        return "closed"

    def refund(self, asked: Refunding) -> Outcome:
        item = {**_refund_key(asked.refund), "transaction": asked.transaction, "amount": asked.amount, "v": 1}
        with suppress(ConditionFailed):  # the same refund again
            self.table.put(item, condition="attribute_not_exists(pk)")
        return "succeeded"

    def query_refund(self, asked: Refunding) -> Outcome:
        return "succeeded" if self.table.get(_refund_key(asked.refund)) else "failed"

    # What the provider itself does: its shopper's page and its notifications.

    def play(
        self,
        payment: str,
        outcome: Literal["paid", "failed"],
        draw: Draw,
        amount: int | None = None,
        currency: str | None = None,
        payer: str = "",
    ) -> Item:
        """The shopper pays (perhaps another amount or currency) or gives up. Paying twice is one capture. Raises
        NotFound, and Conflict when the merchant has closed the payment."""
        item = self.table.get(_key(payment))
        if item is None:
            raise NotFound("payment")
        if outcome == "failed":
            return item
        taken = item["amount"] if amount is None else amount
        try:
            condition = "#state = :open"
            return self._move(
                payment,
                "captured",
                condition,
                open="open",
                transaction=new_id("ST", draw),
                captured_amount=taken,
                currency=currency or item["currency"],
                payer=payer,
            )
        except ConditionFailed as failed:
            if failed.item["state"] == "closed":
                raise Conflict("The merchant has closed this payment.", state="closed") from None
            return failed.item

    def notification(self, payment: str, item: Item, now: datetime) -> tuple[dict[str, str], bytes]:
        """Headers and raw body of the signed notice that a payment was captured."""
        return self._signed({"event": "payment.captured", **vars(_captured(payment, item))}, now)

    def failure(self, payment: str, now: datetime, draw: Draw) -> tuple[dict[str, str], bytes]:
        """Likewise that a try of a payment was refused."""
        told = {"event": "payment.failed", "payment": payment, "failure": new_id("SF", draw), "reason": "declined"}
        return self._signed(told, now)

    def _signed(self, told: Mapping[str, Any], now: datetime) -> tuple[dict[str, str], bytes]:
        notice = {**told, "merchant": MERCHANT, "at": stamp(now)}
        body = dumps(notice, separators=(",", ":")).encode()
        sent_at = int(now.timestamp())
        signature = f"t={sent_at},v1={self._signature(sent_at, body)}"
        return {"Content-Type": "application/json", "Sandbox-Signature": signature}, body

    def _signature(self, sent_at: int, body: bytes) -> str:
        return hmac.digest(self.keyring.key("sandbox"), f"{sent_at}.".encode() + body, "sha256").hex()

    def _move(self, payment: str, to: str, condition: str, **values: Any) -> Item:
        sets = "SET #state = :to"
        if "transaction" in values:
            sets += ", #transaction = :transaction, captured_amount = :captured_amount"
            sets += ", currency = :currency, payer = :payer"
        return self.table.update(_key(payment), sets, condition=condition, to=to, **values)


def _key(payment: str) -> dict[str, str]:
    return {"pk": f"PAYMENT#{payment}", "sk": "PAYMENT"}


def _captured(payment: str, item: Item) -> Captured:
    return Captured(
        payment, item["transaction"], item["captured_amount"], item["currency"], payer=item.get("payer", "")
    )


def _refund_key(refund: str) -> dict[str, str]:
    return {"pk": f"REFUND#{refund}", "sk": "REFUND"}
