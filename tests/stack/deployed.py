"""The deployed stack from behind: what a schedule or an administrator does to it."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tools.local.stack import Stack


@dataclass(frozen=True)
class Deployed:
    stack: Stack

    def sweep(self, function: str) -> dict[str, Any]:
        """Runs a scheduled function now, as its schedule does every minute; `CheckoutSweep` for instance."""
        client = self.stack.client("lambda")
        name = self.stack.physical_id(f"{function}Function")
        for _ in range(20):
            try:
                answer = client.invoke(FunctionName=name, Payload=b"{}")
            except client.exceptions.TooManyRequestsException:
                time.sleep(0.5)
                continue
            said = json.loads(answer["Payload"].read())
            assert "FunctionError" not in answer, said
            return said
        raise AssertionError(f"{name} was throttled for ever")

    @contextmanager
    def payment_seconds(self, seconds: int) -> Generator[None]:
        """Orders placed meanwhile wait that long for their payment: what a deployment with another `PaymentSeconds`
        would change, without the deployment."""
        client, name = self.stack.client("lambda"), self.stack.physical_id("CheckoutFunction")
        before = client.get_function_configuration(FunctionName=name)["Environment"]
        hurried = {"Variables": {**before["Variables"], "PAYMENT_SECONDS": str(seconds)}}
        client.update_function_configuration(FunctionName=name, Environment=hurried)
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Environment=before)
