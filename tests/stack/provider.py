"""The sandbox provider's own hand: notifications signed with its real key, whatever they say."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Any

from quanyi.payments.sandbox import MERCHANT, Sandbox
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from tests.stack.shop import Answer, Order, Wire, number
from tools.local.stack import Stack

NOTIFY = "/v1/payments/sandbox/notify"


@dataclass(frozen=True)
class Notice:
    headers: dict[str, str]
    body: bytes

    def send(self, wire: Wire, path: str = NOTIFY) -> Answer:
        return wire.send("POST", path, raw=self.body, headers=self.headers)


@dataclass(frozen=True)
class Provider:
    """Signs with the key that the deployed stack verifies with."""

    sandbox: Sandbox

    @classmethod
    def of(cls, stack: Stack) -> "Provider":
        tables, kms = stack.client("dynamodb"), Kms(stack.outputs["VaultKeyArn"], stack.client("kms"))
        keyring = Keyring(Table(stack.physical_id("CatalogTable"), tables), kms)
        return cls(Sandbox(Table(stack.physical_id("SandboxTable"), tables), keyring))

    def notice(self, order: Order, payment: str, /, *, age: timedelta = timedelta(0), **changes: Any) -> Notice:
        """That the whole order was paid, unless `changes` say otherwise."""
        said = {
            "event": "payment.captured",
            "merchant": MERCHANT,
            "payment": payment,
            "order": order.id,
            "transaction": number("ST"),
            **order.placed["total"],
            **changes,
        }
        return self.signed(dumps(said).encode(), age)

    def signed(self, body: bytes, age: timedelta = timedelta(0)) -> Notice:
        at = int((datetime.now(UTC) - age).timestamp())
        signature = self.sandbox._signature(at, body)
        headers = {"Content-Type": "application/json", "Sandbox-Signature": f"t={at},v1={signature}"}
        return Notice(headers, body)
