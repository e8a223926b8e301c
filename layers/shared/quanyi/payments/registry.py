"""Which payment providers this deployment has. A new one is one module and one entry here."""

from collections.abc import Mapping
from dataclasses import dataclass

from quanyi.payments.manual import MANUAL, Manual
from quanyi.payments.port import NoSuchProvider, Provider
from quanyi.payments.sandbox import Sandbox
from quanyi.table import Table
from quanyi.vault.kms import Keyring


@dataclass(frozen=True)
class Providers:
    """`offered` are those that shoppers may choose. A person's bookings are in every deployment."""

    offered: Mapping[str, Provider]

    def choose(self, name: str) -> Provider:
        """One that a shopper asked for. Raises NoSuchProvider."""
        if name not in self.offered:
            raise NoSuchProvider(f"Offered: {', '.join(sorted(self.offered)) or 'none'}.")
        return self.offered[name]

    def get(self, name: str) -> Provider:
        """The one that a payment came through. Raises NoSuchProvider."""
        return Manual() if name == MANUAL else self.choose(name)


def deployed(stage: str, sandbox: Table, keyring: Keyring) -> Providers:
    """The providers of this deployment. A production stage never has the sandbox, whatever its settings say."""
    offered: dict[str, Provider] = {}
    if stage != "production" and sandbox.name:
        offered["sandbox"] = Sandbox(sandbox, keyring)
    return Providers(offered)
