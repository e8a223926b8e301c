"""Who we are to a payment provider: what an adapter is built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from quanyi.secret import Secret


@dataclass(frozen=True)
class Access:
    """`account` holds what is no secret: application and merchant numbers, public keys, serial numbers. `secrets` holds
    the rest, one mapping a live version, the newest first: we sign with the first, and believe a signature made under
    any. `endpoint` replaces the provider's own address (a sandbox, a local provider); empty means the real one."""

    account: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: tuple[Mapping[str, Secret], ...] = field(default=(), repr=False)
    endpoint: str = ""
    timeout: float = 6.0
    """Seconds that the provider has to answer a call."""
