"""Starting and waking the fulfilment workflow (Step Functions). It carries ids only."""

from dataclasses import dataclass
from json import dumps
from typing import Any

from botocore.exceptions import ClientError

from quanyi.aws import code_of
from quanyi.errors import Busy
from quanyi.orders.model import Order

_GONE = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


@dataclass(frozen=True)
class Workflow:
    """`client` is a boto3 Step Functions client."""

    arn: str
    client: Any

    def start(self, order: Order) -> None:
        """Starts the execution of the order's current attempt; one that was started already is left alone.

        The name makes it exactly once: Step Functions keeps a name for 90 days.
        """
        given = dumps({"v": 1, "order": order.id, "attempt": order.attempt})
        try:
            self.client.start_execution(
                stateMachineArn=self.arn, name=execution_name(order.id, order.attempt), input=given
            )
        except ClientError as error:
            code = code_of(error)
            if code == "ExecutionAlreadyExists":
                return
            if code in ("ThrottlingException", "TooManyRequestsException", "ServiceUnavailable", "InternalFailure"):
                raise Busy("the workflow service is throttled") from error
            raise

    def runs(self, order: Order) -> bool:
        """Whether the execution of the order's attempt is running; False too when it never started."""
        name = execution_name(order.id, order.attempt)
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


def execution_name(order_id: str, attempt: int) -> str:
    return f"{order_id}-{attempt}"
