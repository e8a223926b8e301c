"""One AWS call (DynamoDB, KMS, Step Functions) fails, in every way that a call can fail; whoever called tries again."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from quanyi.errors import Busy
from quanyi.orders.model import Order
from tests.aws.market import FakeWorkflow, Market
from tests.aws.memory import MemoryDynamo, MemoryKms


class Crash(BaseException):
    """The process is gone: nothing catches it, nothing is cleaned up."""


def _throttled() -> Exception:
    error = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}
    return ClientError(error, "Any")  # type: ignore[arg-type]


def _failing() -> Exception:
    error = {"Error": {"Code": "InternalServerError", "Message": "a fault of AWS"}}
    return ClientError(error, "Any")  # type: ignore[arg-type]


def _conflicting() -> Exception:
    error = {"Error": {"Code": "TransactionConflictException", "Message": "met a transaction"}}
    return ClientError(error, "Any")  # type: ignore[arg-type]


MODES: dict[str, tuple[Callable[[], BaseException], bool]] = {
    "throttled": (_throttled, False),
    "failing": (_failing, False),
    "conflicting": (_conflicting, False),
    "reply lost": (lambda: ReadTimeoutError(endpoint_url="dynamodb"), True),
    "crash before": (Crash, False),
    "crash after": (Crash, True),
}


class Faults:
    """Fails the `at`-th AWS call; `applied` says whether the call took effect all the same."""

    def __init__(self, at: int, fault: Callable[[], BaseException], *, applied: bool) -> None:
        self.at, self.fault, self.applied = at, fault, applied
        self.calls: list[str] = []
        self.armed = False

    @contextmanager
    def __call__(self, patch: pytest.MonkeyPatch) -> Generator[None]:
        real = BaseClient._make_api_call  # type: ignore[attr-defined]
        start = FakeWorkflow.start

        def counted(client: Any, operation: str, request: Any) -> Any:
            return self._counted(operation, lambda: real(client, operation, request))

        memory = MemoryDynamo.call

        def remembered(dynamo: MemoryDynamo, operation: str, act: Callable[[], dict[str, Any]]) -> Any:
            return self._counted(operation, lambda: memory(dynamo, operation, act))

        def started(workflow: FakeWorkflow, order: Order) -> None:
            self._counted("StartExecution", lambda: start(workflow, order))

        with patch.context() as patched:
            patched.setattr(BaseClient, "_make_api_call", counted)
            patched.setattr(MemoryDynamo, "call", remembered)
            for operation in ("new_data_key", "unwrap"):
                patched.setattr(MemoryKms, operation, self._of_kms(operation))
            patched.setattr(FakeWorkflow, "start", started)
            yield

    def _of_kms(self, operation: str) -> Callable[..., Any]:
        real = getattr(MemoryKms, operation)
        return lambda kms, *given: self._counted(operation, lambda: real(kms, *given))

    def _counted(self, operation: str, call: Callable[[], Any]) -> Any:
        if not self.armed:
            return call()
        self.calls.append(operation)
        if len(self.calls) != self.at:
            return call()
        if self.applied:
            call()
        raise self.fault()


def insist(market: Market, faults: Faults, step: Callable[[], Any]) -> Any:
    """What every caller of ours does: the same call again, a little later."""
    for _ in range(6):
        try:
            faults.armed = True
            return step()
        except (Crash, ClientError, ReadTimeoutError, Busy):
            market.later(seconds=31)
        finally:
            faults.armed = False
    raise AssertionError("it never got through")
