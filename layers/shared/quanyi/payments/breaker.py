"""A circuit breaker around starting payments: a provider that keeps failing is left alone for a while, in all
processes, so that checkout does not wait for it; the others stay selectable.

State is shared in the stats table (`CIRCUITS` / `payments:<provider>`), read at most every few seconds a process.
Powertools' breaker is imported on first use: only functions that take money need it.
"""
# ruff: noqa: PLC0415

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from quanyi.errors import Refusal
from quanyi.payments.port import ProviderUnavailable, Unsent

FAILURES = 5
"""In a row, within one process: then the circuit opens for all."""
RECOVERY_SECONDS = 30

Answer = TypeVar("Answer")


class Unasked(ProviderUnavailable):
    """The provider failed again and again a moment ago, and was not asked this time: choose another."""

    status, code, title = 503, "provider_paused", "The payment provider fails at the moment"


@dataclass(frozen=True)
class Breaker:
    """`table` names the stats table; `client` is a boto3 DynamoDB client."""

    table: str
    client: Any

    def guard(self, provider: str, call: Callable[[], Answer]) -> Answer:
        """Calls, unless the provider's circuit is open. Raises Unasked, and what `call` raises.

        A provider that refuses clearly works: that closes its circuit, too. What we refused ourselves says nothing.
        """
        from aws_lambda_powertools.utilities.circuit_breaker import (
            CircuitBreakerOpenError,
            circuit_breaker,  # pyright: ignore[reportUnknownVariableType] - untyped there
        )

        around = cast("Any", circuit_breaker)
        refused: list[Refusal] = []

        def answered() -> Answer | None:
            try:
                return call()
            except (ProviderUnavailable, Unsent):
                raise
            except Refusal as refusal:
                refused.append(refusal)
                return None

        guarded = around(name=_circuit(provider), persistence_store=self._store, config=self._config)(answered)
        try:
            answer = cast("Answer", guarded())
        except CircuitBreakerOpenError:
            raise Unasked("This provider fails at the moment; choose another.") from None
        if refused:
            raise refused[0]
        return answer

    def closed(self, provider: str) -> bool:
        """Whether the provider may be asked now; a state that cannot be read counts as closed. While one call tries
        whether it works again, all others wait for what that hears."""
        from aws_lambda_powertools.utilities.circuit_breaker import CircuitState

        self._store.configure(self._config, _circuit(provider))
        record = self._store.get_state(_circuit(provider))
        if record.state == CircuitState.HALF_OPEN:
            return record.probe_lease_expiry is not None and time.time() >= record.probe_lease_expiry
        recovering = record.opened_at is not None and time.time() >= record.opened_at + RECOVERY_SECONDS
        return record.state == CircuitState.CLOSED or recovering

    @cached_property
    def _config(self) -> Any:
        from aws_lambda_powertools.utilities.circuit_breaker import CircuitBreakerConfig

        return CircuitBreakerConfig(
            failure_threshold=FAILURES,
            recovery_timeout=RECOVERY_SECONDS,
            success_threshold=1,
            handled_exceptions=ProviderUnavailable,
        )

    @cached_property
    def _store(self) -> Any:
        from aws_lambda_powertools.utilities.circuit_breaker.persistence import CircuitBreakerDynamoDBPersistence

        return CircuitBreakerDynamoDBPersistence(
            table_name=self.table,
            key_attr="pk",
            static_pk_value="CIRCUITS",
            sort_key_attr="sk",
            expiry_attr="expires",
            boto3_client=self.client,
        )


def _circuit(provider: str) -> str:
    return f"payments:{provider}"
