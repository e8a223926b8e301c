"""Which suppliers' protocols there are. A new one is one module and one entry here; `docs/suppliers.md` shows how.

An adapter's module is imported on its first use, so that a function which happens not to need it starts as fast as
without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from quanyi.clock import Clock, system_clock
from quanyi.errors import Conflict
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.access import Access
from quanyi.supply.model import AdapterName, Supplier


@dataclass(frozen=True)
class Adapter:
    """What is known of one without loading it. `made_by` is `module:class`; the class is built from an Access."""

    title: str
    made_by: str
    abilities: frozenset[port.Ability]
    account: tuple[str, ...] = ()
    """What a supplier's account must hold."""
    secrets: tuple[str, ...] = ()
    """What its secrets must hold."""
    more_account: tuple[str, ...] = ()
    """What its account may hold besides."""
    statement_zone: str = ""
    """The zone of the days that its statements are of; empty where it has none."""

    def build(self, access: Access) -> port.Supplier:
        module, name = self.made_by.split(":")
        return cast("port.Supplier", getattr(import_module(module), name)(access))


ADAPTERS: Mapping[AdapterName, Adapter] = {
    "quanyi": Adapter(
        title="Quanyi",
        made_by="quanyi.supply.adapters.quanyi:Quanyi",
        abilities=frozenset(
            {
                *("cards", "topup", "callback", "balance", "stock", "quote", "goods", "cancel", "check", "statement"),
                "price_limit",
            }
        ),
        account=("key_id",),
        secrets=("secret",),
        statement_zone="Asia/Shanghai",
    ),
    "fulu": Adapter(
        title="福禄开放平台",
        made_by="quanyi.supply.adapters.fulu:Fulu",
        abilities=frozenset({"cards", "topup", "callback", "balance", "stock", "quote", "goods", "price_check"}),
        account=("app_key",),
        secrets=("app_secret",),
        more_account=("not_found",),
    ),
    "dujiao": Adapter(
        title="dujiao-next",
        made_by="quanyi.supply.adapters.dujiao:Dujiao",
        abilities=frozenset({"cards", "topup", "callback", "balance", "stock", "quote", "goods", "price_check"}),
        account=("api_key",),
        secrets=("api_secret",),
        more_account=("not_found", "separator"),
    ),
}


def missing(settings: Supplier, secrets: Sequence[Mapping[str, Secret]]) -> list[str]:
    """Names of what its account or newest secrets lack."""
    adapter = ADAPTERS.get(settings.adapter)
    if adapter is None:
        return ["adapter"]
    newest: Mapping[str, Secret] = secrets[0] if secrets else {}
    lacking = [f"account.{name}" for name in adapter.account if not settings.account.get(name)]
    return lacking + [f"secrets.{name}" for name in adapter.secrets if not newest.get(name)]


def supplier_of(
    settings: Supplier, secrets: Sequence[Mapping[str, Secret]], now: Clock = system_clock
) -> port.Supplier:
    """`secrets` are its live versions, newest first. Raises Conflict (`credentials_missing`): nothing can be asked."""
    if lacking := missing(settings, secrets):
        raise Conflict("The supplier is not set up.", reason="credentials_missing", missing=lacking)
    adapter = ADAPTERS[settings.adapter]
    whole = tuple(version for version in secrets if all(version.get(name) for name in adapter.secrets))
    return adapter.build(Access(settings.endpoint, settings.currency, settings.account, whole, now))
