"""What the local Stripe keeps, and what its rules do to it. Objects are dicts in Stripe's own form."""

import itertools
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]

MINIMUM: Mapping[str, int] = {"usd": 50, "hkd": 400, "gbp": 30, "jpy": 50, "cny": 400}
"""As Stripe asks for at least, about (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)."""
LARGEST = 99_999_999
FEE = (29, 30)
"""Per mille and fixed, in minor units."""
DISPUTE_FEE = 1500
DAY = 86_400


class Problem(Exception):
    """An error as the API answers it (https://docs.stripe.com/api/errors)."""

    def __init__(self, code: str, message: str, *, param: str = "", status: int = 400, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {"type": kind or "invalid_request_error", "code": code, "message": message}
            | ({"param": param} if param else {})
        }


@dataclass
class Ledger:
    """One account's objects by kind and id, in order of making."""

    livemode: bool = False
    objects: dict[str, dict[str, Object]] = field(default_factory=dict[str, dict[str, Object]])
    skew: int = 0
    """Seconds that its clock is ahead: sessions expire, days end."""
    _count: "itertools.count[int]" = field(default_factory=itertools.count)

    def now(self) -> int:
        return int(time.time()) + self.skew

    def add(self, kind: str, prefix: str, **fields: Any) -> Object:
        made: Object = {
            "id": f"{prefix}_{next(self._count):04d}{secrets.token_hex(8)}",
            "object": kind,
            "created": self.now(),
            "livemode": self.livemode,
            **fields,
        }
        self.all(kind)[made["id"]] = made
        return made

    def all(self, kind: str) -> dict[str, Object]:
        return self.objects.setdefault(kind, {})

    def get(self, kind: str, number: str, param: str = "id") -> Object:
        found = self.all(kind).get(number)
        if found is None:
            raise Problem("resource_missing", f"No such {kind}: '{number}'", param=param, status=404)
        return found

    def event(self, kind: str, about: Object) -> Object:
        return self.add("event", "evt", type=kind, api_version="2026-10-28.endive", data={"object": _copy(about)})

    def moved(self, source: Object, kind: str, category: str, amount: int, fee: int = 0) -> None:
        """The balance: the account settles in the currency of each payment."""
        self.add(
            "balance_transaction",
            "txn",
            amount=amount,
            fee=fee,
            net=amount - fee,
            currency=source["currency"],
            source=source["id"],
            type=kind,
            reporting_category=category,
        )

    # Payments.

    def make_intent(self, asked: Object) -> Object:
        amount, currency = _amount(asked.get("amount"), "amount"), str(asked.get("currency", ""))
        if len(currency) != 3 or currency != currency.lower():
            raise Problem("parameter_invalid", f"Invalid currency: {currency}", param="currency")
        if amount < MINIMUM.get(currency, 1):
            raise Problem("amount_too_small", "Amount must be at least more", param="amount")
        if amount > LARGEST:
            raise Problem("amount_too_large", "Amount must be no more", param="amount")
        made = self.add(
            "payment_intent",
            "pi",
            amount=amount,
            amount_received=0,
            currency=currency,
            status="requires_payment_method",
            metadata=_metadata(asked),
            latest_charge=None,
        )
        made["client_secret"] = f"{made['id']}_secret_{secrets.token_hex(12)}"
        return made

    def cancel_intent(self, number: str) -> Object:
        intent = self.get("payment_intent", number, "intent")
        if intent["status"] in ("succeeded", "canceled", "processing"):
            message = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            raise Problem("payment_intent_unexpected_state", message)
        intent["status"] = "canceled"
        return intent

    def make_session(self, asked: Object, page: str) -> Object:
        item = asked["line_items"]["0"]
        price = item["price_data"]
        amount = _amount(price["unit_amount"], "line_items[0][price_data][unit_amount]") * int(item["quantity"])
        if not asked.get("success_url"):
            raise Problem("parameter_missing", "Missing required param: success_url.", param="success_url")
        ends = int(asked.get("expires_at", self.now() + DAY))
        if not self.now() + 1800 <= ends <= self.now() + DAY:
            raise Problem("", "The `expires_at` timestamp must be 30 minutes to 24 hours away.", param="expires_at")
        made = self.add(
            "checkout.session",
            "cs_live" if self.livemode else "cs_test",
            amount_total=amount,
            currency=price["currency"],
            status="open",
            payment_status="unpaid",
            payment_intent=None,
            expires_at=ends,
            metadata=_metadata(asked),
            success_url=asked["success_url"],
            client_reference_id=asked.get("client_reference_id"),
            _intent_metadata=_metadata(asked.get("payment_intent_data", {})),
        )
        made["url"] = f"{page}/c/pay/{made['id']}"
        return made

    def expire_session(self, number: str) -> Object:
        session = self.get("checkout.session", number, "session")
        if session["status"] != "open":
            raise Problem("resource_missing", 'Only Checkout Sessions with a status in ["open"] can be expired.')
        session["status"] = "expired"
        self.event("checkout.session.expired", session)
        return session

    def charge(self, intent: Object, amount: int, currency: str) -> Object:
        """The shopper's money is there. A real PaymentIntent takes its own amount; this one takes what it is told."""
        made = self.add(
            "charge",
            "ch",
            amount=amount,
            amount_refunded=0,
            currency=currency,
            payment_intent=intent["id"],
            metadata=dict(intent["metadata"]),
            disputed=False,
            paid=True,
        )
        intent.update(status="succeeded", amount_received=amount, currency=currency, latest_charge=made["id"])
        self.moved(made, "charge", "charge", amount, amount * FEE[0] // 1000 + FEE[1])
        self.event("charge.succeeded", made)
        self.event("payment_intent.succeeded", intent)
        return made

    # Refunds.

    def charge_of(self, intent: str) -> Object:
        self.get("payment_intent", intent, "payment_intent")
        found = [each for each in self.all("charge").values() if each["payment_intent"] == intent]
        if not found:
            raise Problem("", "This PaymentIntent does not have a successful charge to refund.")
        return found[0]

    def make_refund(self, asked: Object, status: str) -> Object:
        charge = self.charge_of(str(asked.get("payment_intent", "")))
        left = charge["amount"] - charge["amount_refunded"]
        amount = _amount(asked.get("amount", left), "amount")
        if left == 0:
            raise Problem("charge_already_refunded", "Charge has already been refunded.")
        if amount > left:
            raise Problem("", "Refund amount is greater than unrefunded amount on charge.", param="amount")
        charge["amount_refunded"] += amount
        made = self.add(
            "refund",
            "re",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=charge["payment_intent"],
            metadata=_metadata(asked),
            reason=asked.get("reason"),
            status="pending",
        )
        self.moved(made, "refund", "refund", -amount)
        self.event("refund.created", made)
        if status != "pending":
            self.settle_refund(made, status)
        return made

    def settle_refund(self, refund: Object, status: str) -> None:
        refund["status"] = status
        charge = self.get("charge", refund["charge"])
        if status == "failed":
            charge["amount_refunded"] -= refund["amount"]
            self.moved(refund, "refund_failure", "refund_failure", refund["amount"])
        self.event("refund.failed" if status == "failed" else "refund.updated", refund)
        if status == "succeeded":
            self.event("charge.refunded", charge)

    # Disputes.

    def make_dispute(self, intent: str, amount: int | None, reason: str, status: str) -> Object:
        charge = self.charge_of(intent)
        made = self.add(
            "dispute",
            "du",
            amount=amount or charge["amount"],
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent,
            reason=reason,
            status=status,
            evidence={},
            evidence_details={"due_by": self.now() + 7 * DAY, "submission_count": 0, "has_evidence": False},
            metadata={},
        )
        charge["disputed"] = True
        self.event("charge.dispute.created", made)
        if not status.startswith("warning_"):
            self.moved(made, "adjustment", "dispute", -made["amount"], DISPUTE_FEE)
            self.event("charge.dispute.funds_withdrawn", made)
        return made

    def move_dispute(self, dispute: Object, status: str) -> Object:
        dispute["status"] = status
        if status == "won":
            self.moved(dispute, "adjustment", "dispute_reversal", dispute["amount"])
            self.event("charge.dispute.funds_reinstated", dispute)
        ended = status in ("won", "lost", "warning_closed")
        self.event("charge.dispute.closed" if ended else "charge.dispute.updated", dispute)
        return dispute

    def answer_dispute(self, number: str, asked: Object) -> Object:
        dispute = self.get("dispute", number, "dispute")
        if dispute["status"] not in ("needs_response", "warning_needs_response"):
            raise Problem("", "This dispute cannot be answered any more.")
        evidence: Object = asked.get("evidence", {})
        for name, text in evidence.items():
            if len(text) > 20_000:
                raise Problem("", f"{name} is too long.", param=f"evidence[{name}]")
        dispute["evidence"] |= evidence
        dispute["evidence_details"]["has_evidence"] = True
        if asked.get("submit", "true") == "true":
            dispute["evidence_details"]["submission_count"] += 1
            self.move_dispute(dispute, dispute["status"].replace("needs_response", "under_review"))
        return dispute

    def close_dispute(self, number: str) -> Object:
        dispute = self.get("dispute", number, "dispute")
        if dispute["status"] != "needs_response":
            raise Problem("", "This dispute cannot be closed.")
        return self.move_dispute(dispute, "lost")


def _amount(value: Any, param: str) -> int:
    if not str(value).isdigit():
        raise Problem("parameter_invalid_integer", f"Invalid integer: {value}", param=param)
    return int(value)


def _metadata(asked: Object) -> Object:
    return dict(asked.get("metadata") or {})


def _copy(thing: Object) -> Object:
    """As it was when the event happened, without what only we know."""
    return {
        name: dict(value) if isinstance(value, dict) else value  # pyright: ignore[reportUnknownArgumentType]
        for name, value in thing.items()
        if not name.startswith("_")
    }
