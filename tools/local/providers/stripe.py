"""A Stripe of our own on 127.0.0.1, speaking its wire form: form-encoded calls under `/v1` with a secret key, JSON
answers and errors, idempotency keys, lists with cursors, and notifications signed by Stripe's own library.

Nothing of Quanyi is imported here: what the adapter believes of Stripe is checked, not shared.
`docs/payments/stripe.md` says what differs from the real one.
"""

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tools.local.providers.stripe_api import Api, Fault, Listener
from tools.local.providers.stripe_ledger import Ledger, Object, Problem


@dataclass
class StripeServer:
    """`start` listens on `port`, or on a free one; `url` is the API's address. `notify_url` stands for the endpoint
    that a merchant sets up in Stripe's dashboard."""

    notify_url: str = ""
    livemode: bool = False
    port: int = 0
    publishable_key: str = field(init=False)
    webhook_secrets: list[str] = field(init=False)
    """All that are live, newest first."""
    ledger: Ledger = field(init=False)
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.livemode)
        self.publishable_key = self._key("pk")
        self.webhook_secrets = [f"whsec_{secrets.token_hex(16)}"]
        self.api = Api(self.ledger, [self._key("sk")])
        self._lock = self.api.lock
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        assert self._listener, "start it first"
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    def start(self) -> "StripeServer":
        self._listener = Listener(self.api, self.control, self.port)
        self.api.page = self.url
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        if self._listener:
            self._listener.shutdown()
            self._listener.server_close()

    def control(self, what: str, asked: Object) -> Any:
        """`POST /_control/<what>` with the arguments as JSON. Raises Problem."""
        if what not in CONTROLS:
            raise Problem("", f"Controls: {', '.join(CONTROLS)}.", status=404)
        try:
            return getattr(self, what)(**asked)
        except TypeError as wrong:
            raise Problem("", str(wrong)) from None

    # Controls: what shoppers, banks and the merchant's hands in the dashboard do.

    def pay(
        self, payment: str, amount: int | None = None, currency: str | None = None, state: str = "succeeded"
    ) -> Object:
        """The shopper pays; `state` may be `processing` (a slow method), `requires_payment_method` (it failed). Raises
        Problem when the payment is closed."""
        with self._lock:
            session = self._of("checkout.session", payment)
            if session is not None:
                return self._pay_session(session, amount, currency, state)
            intent = self._of("payment_intent", payment)
            if intent is None:
                raise Problem("resource_missing", "Nobody made this payment.", status=404)
            return self._pay_intent(intent, amount, currency, state)

    def console_refund(self, payment: str, amount: int | None = None) -> Object:
        """A refund that the merchant makes in the dashboard."""
        with self._lock:
            asked = {"payment_intent": self._paid(payment)["id"], "reason": "requested_by_customer"}
            return self.ledger.make_refund(asked | ({} if amount is None else {"amount": amount}), self.api.refunds_end)

    def settle_refund(self, key: str, status: str) -> Object:
        """A pending refund of ours ends."""
        with self._lock:
            refund = next(r for r in self.ledger.all("refund").values() if r["metadata"].get("refund") == key)
            self.ledger.settle_refund(refund, status)
            return refund

    def dispute(
        self, payment: str, amount: int | None = None, reason: str = "fraudulent", status: str = "needs_response"
    ) -> Object:
        with self._lock:
            return self.ledger.make_dispute(self._paid(payment)["id"], amount, reason, status)

    def move_dispute(self, dispute: str, status: str) -> Object:
        with self._lock:
            return self.ledger.move_dispute(self.ledger.get("dispute", dispute), status)

    def notify(self, payment: str, times: int = 1, kind: str = "") -> list[tuple[int, str]]:
        """Sends every event about the payment (whose type begins with `kind`), in order, so many times."""
        events = [each for each in self.events(payment) if each["type"].startswith(kind)]
        return [self.send(each) for _ in range(times) for each in events]

    def events(self, payment: str) -> list[Object]:
        """Oldest first."""
        with self._lock:
            mine = {
                each["id"]
                for kind in ("payment_intent", "checkout.session")
                for each in self.ledger.all(kind).values()
                if each["metadata"].get("payment") == payment
            }
            mine |= {s["payment_intent"] for s in self.ledger.all("checkout.session").values() if s["id"] in mine}
            return [
                each
                for each in self.ledger.all("event").values()
                if {each["data"]["object"]["id"], each["data"]["object"].get("payment_intent")} & mine - {None}
            ]

    def signed(self, event: Object, at: int | None = None) -> tuple[dict[str, str], bytes]:
        """Headers and body of a notification; under every live secret, as while one is being rolled."""
        from stripe import WebhookSignature

        body = json.dumps(event, indent=2)
        at = int(time.time()) if at is None else at
        headers = [WebhookSignature.generate_signature_header(body, key, at) for key in self.webhook_secrets]
        value = ",".join([headers[0], *(header.split(",", 1)[1] for header in headers[1:])])
        return {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": value}, body.encode()

    def send(self, event: Object) -> tuple[int, str]:
        headers, body = self.signed(event)
        try:
            with urlopen(Request(self.notify_url, body, headers), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def fail(self, mode: str, times: int = 1, where: str = "", seconds: float = 0.0) -> None:
        """See Fault. `unclear_refund` is a refund that stays pending."""
        if mode == "unclear_refund":
            self.api.refunds_end = "pending"
        else:
            self.api.faults.append(Fault(mode, times, where, seconds))

    def heal(self) -> None:
        self.api.faults.clear()
        self.api.refunds_end = "succeeded"

    def forget_keys(self) -> None:
        """A day has passed for idempotency keys."""
        self.api.replies.clear()

    def roll(self, *, secret_key: bool = False, webhook_secret: bool = False) -> None:
        """A new key or signing secret beside the old one."""
        if secret_key:
            self.api.secret_keys.insert(0, self._key("sk"))
        if webhook_secret:
            self.webhook_secrets.insert(0, f"whsec_{secrets.token_hex(16)}")

    def webhook(self, url: str) -> None:
        self.notify_url = url

    def later(self, seconds: int) -> None:
        """Its clock goes ahead."""
        self.ledger.skew += seconds
        for session in self.ledger.all("checkout.session").values():
            if session["status"] == "open" and session["expires_at"] <= self.ledger.now():
                self.ledger.expire_session(session["id"])

    def _pay_session(self, session: Object, amount: int | None, currency: str | None, state: str) -> Object:
        if session["status"] == "open" and session["expires_at"] <= self.ledger.now():
            self.ledger.expire_session(session["id"])
        if session["status"] == "expired":
            raise Problem("", "This Checkout Session has expired.")
        if session["payment_intent"] is None:
            asked = {"amount": session["amount_total"], "currency": session["currency"]}
            intent = self.ledger.make_intent(asked | {"metadata": session["_intent_metadata"]})
            session["payment_intent"] = intent["id"]
        intent = self.ledger.get("payment_intent", session["payment_intent"])
        slow = intent["status"] == "processing"
        if intent["status"] == "succeeded":
            raise Problem("", "This Checkout Session is paid.")
        session["status"] = "complete"
        if state == "succeeded":
            session["payment_status"] = "paid"
            session["amount_total"] = session["amount_total"] if amount is None else amount
            session["currency"] = (currency or session["currency"]).lower()
        paid = self._pay_intent(intent, amount, currency, state)
        if slow:
            ended = "async_payment_succeeded" if state == "succeeded" else "async_payment_failed"
            self.ledger.event(f"checkout.session.{ended}", session)
        else:
            self.ledger.event("checkout.session.completed", session)
        return paid

    def _pay_intent(self, intent: Object, amount: int | None, currency: str | None, state: str) -> Object:
        if intent["status"] in ("succeeded", "canceled"):
            raise Problem("payment_intent_unexpected_state", f"It has a status of {intent['status']}.")
        if state == "succeeded":
            taken = intent["amount"] if amount is None else amount
            self.ledger.charge(intent, taken, (currency or intent["currency"]).lower())
        else:
            intent["status"] = state
        return intent

    def _of(self, kind: str, payment: str) -> Object | None:
        made = [each for each in self.ledger.all(kind).values() if each["metadata"].get("payment") == payment]
        return made[-1] if made else None

    def _paid(self, payment: str) -> Object:
        intent = self._of("payment_intent", payment)
        if intent is None or intent["status"] != "succeeded":
            raise Problem("resource_missing", "Nothing was paid.", status=404)
        return intent

    def _key(self, kind: str) -> str:
        return f"{kind}_{'live' if self.livemode else 'test'}_{secrets.token_hex(16)}"


CONTROLS = (
    *("pay", "notify", "console_refund", "settle_refund", "dispute", "move_dispute", "fail", "heal", "forget_keys"),
    *("roll", "webhook", "later"),
)


def access(server: StripeServer) -> dict[str, Any]:
    """What a merchant enters at Quanyi to use it."""
    return {
        "account": {"publishable_key": server.publishable_key},
        "secrets": {"secret_key": server.api.secret_keys[0], "webhook_secret": server.webhook_secrets[0]},
        "endpoint": server.url,
    }
