"""Starting and waking workflows (Step Functions): fulfilment, and purchases for stock. They carry ids only."""

from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps
from typing import Any

from botocore.exceptions import ClientError

from quanyi.aws import code_of
from quanyi.errors import Busy
from quanyi.orders.model import Order
from quanyi.purchases.model import PurchaseOrder

_GONE = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


@dataclass(frozen=True)
class Executions:
    """Of one state machine. `client` is a boto3 Step Functions client."""

    arn: str
    client: Any

    def begin(self, name: str, given: Mapping[str, Any]) -> None:
        """Starts the execution of that name; one that was started already is left alone.

        The name makes it exactly once: Step Functions keeps a name for 90 days.
        """
        try:
            self.client.start_execution(stateMachineArn=self.arn, name=name, input=dumps(given))
        except ClientError as error:
            code = code_of(error)
            if code == "ExecutionAlreadyExists":
                return
            if code in ("ThrottlingException", "TooManyRequestsException", "ServiceUnavailable", "InternalFailure"):
                raise Busy("the workflow service is throttled") from error
            raise

    def is_running(self, name: str) -> bool:
        """False too when it never started."""
        arn = self.arn.replace(":stateMachine:", ":execution:") + f":{name}"
        try:
            return self.client.describe_execution(executionArn=arn)["status"] == "RUNNING"
        except ClientError as error:
            if code_of(error) == "ExecutionDoesNotExist":
                return False
            raise

    def wake(self, token: str) -> bool:
        """Lets a waiting execution go on. False: nobody waits under this token any more."""
        try:
            self.client.send_task_success(taskToken=token, output="{}")
        except ClientError as error:
            if code_of(error) in _GONE:
                return False
            raise
        return True


@dataclass(frozen=True)
class Workflow(Executions):
    """Fulfilment: one execution for each attempt of an order."""

    def start(self, order: Order) -> None:
        self.begin(execution_name(order.id, order.attempt), {"v": 1, "order": order.id, "attempt": order.attempt})

    def runs(self, order: Order) -> bool:
        return self.is_running(execution_name(order.id, order.attempt))


@dataclass(frozen=True)
class Purchasing(Executions):
    """Purchases for stock: one execution for each, and another when one was lost."""

    def start(self, po: PurchaseOrder) -> None:
        self.begin(execution_name(po.id, po.execution), {"v": 1, "purchase": po.id, "execution": po.execution})

    def runs(self, po: PurchaseOrder) -> bool:
        return self.is_running(execution_name(po.id, po.execution))


def execution_name(subject: str, attempt: int) -> str:
    return f"{subject}-{attempt}"
