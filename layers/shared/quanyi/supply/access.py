"""Who we are to a supplier: what an adapter is built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from quanyi.clock import Clock, system_clock
from quanyi.secret import Secret


@dataclass(frozen=True)
class Access:
    """`account` holds what is no secret. `secrets` holds the rest, one mapping a live version, the newest first: we
    sign with the first, and believe a signature made under any."""

    endpoint: str
    currency: str
    account: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: tuple[Mapping[str, Secret], ...] = field(default=(), repr=False)
    now: Clock = system_clock
