"""The deployed stack from behind: what a schedule or an administrator does to it."""

import json
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quanyi.clock import stamp
from tests.stack.shop import Order
from tools.local.stack import Stack


@dataclass(frozen=True)
class Deployed:
    stack: Stack

    def sweep(self, function: str, **event: Any) -> dict[str, Any]:
        """Runs a scheduled function now, as its schedule does every minute; `CheckoutSweep` for instance."""
        client = self.stack.client("lambda")
        name = self.stack.physical_id(f"{function}Function")
        for _ in range(20):
            try:
                answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
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

    def mails_to(self, address: str) -> list[str]:
        """Texts of the mails that the local AWS was asked to send there, oldest first."""
        url = f"{self.stack.aws_endpoint_url}/_ministack/ses/messages"
        with urllib.request.urlopen(url, timeout=30) as answer:
            by_account = json.loads(answer.read())["messages"]
        return [str(mail) for mails in by_account.values() for mail in mails if address in mail["To"]]

    def execution_of(self, order: Order, attempt: int = 1) -> str:
        """The ARN of the execution of an order's attempt."""
        return self.stack.outputs["WorkflowArn"].replace(":stateMachine:", ":execution:") + f":{order.id}-{attempt}"

    def is_running(self, order: Order, attempt: int = 1) -> bool:
        client, arn = self.stack.client("stepfunctions"), self.execution_of(order, attempt)
        return client.describe_execution(executionArn=arn)["status"] == "RUNNING"

    def make_due(self, order: Order) -> None:
        """As if the time had passed after which the sweep looks at the order."""
        self._pass(order, "due_at = :now")

    def make_late(self, order: Order) -> None:
        """As if its time to pay had passed."""
        self._pass(order, "due_at = :now, expires_at = :now")

    def _pass(self, order: Order, changes: str) -> None:
        self.stack.client("dynamodb").update_item(
            TableName=self.stack.physical_id("OrdersTable"),
            Key={"pk": {"S": f"ORDER#{order.id}"}, "sk": {"S": "ORDER"}},
            UpdateExpression=f"SET {changes} ADD rev :one",
            ConditionExpression="attribute_exists(due_at)",
            ExpressionAttributeValues={":now": {"S": stamp(datetime.now(UTC))}, ":one": {"N": "1"}},
        )
