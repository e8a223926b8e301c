"""Which payment providers there are. A new one is one module and one entry here; `docs/payments.md` shows how.

A provider's module and its library are imported on its first use, so that a function which happens not to need them
starts as fast as without.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any, cast

from quanyi.payments.access import Access
from quanyi.payments.breaker import Breaker
from quanyi.payments.manual import MANUAL, Manual
from quanyi.payments.port import Client, Created, Intent, Method, NoSuchProvider, Provider, SettlementRow
from quanyi.payments.settings import ProviderSettings
from quanyi.payments.settings_table import ProviderSettingsTable
from quanyi.provider_secrets import CACHE_SECONDS, ProviderSecrets

_BROWSERS: frozenset[Client] = frozenset({"desktop", "phone", "app", "wechat"})
SANDBOX = "sandbox"


@dataclass(frozen=True)
class Kind:
    """What is known of a provider without loading it. `made_by` is `module:class`; the class is built from an Access.
    `keys` is the module that has `check(access)`; the class's own, when empty."""

    title: str
    made_by: str
    methods: tuple[Method, ...]
    currencies: frozenset[str]
    account: tuple[str, ...] = ()
    """What its settings must hold."""
    secrets: tuple[str, ...] = ()
    """What its secrets must hold."""
    more_account: tuple[str, ...] = ()
    """What its settings may hold besides."""
    more_secrets: tuple[str, ...] = ()
    reporting_secrets: tuple[str, ...] = ()
    """Of those, what telling it of deliveries takes (`reports_delivery`)."""
    keys: str = ""
    bill_zone: str = ""
    """The zone of the days that its settlement files are of; empty where it has none. Its package has `bill.rows`."""
    bill_dates_refunds: bool = True
    """Whether a refund's row has a moment of its own: else it may have its payment's, of another day than the file."""

    def rows(self, data: bytes) -> Iterator[SettlementRow]:
        """What a settlement file of this provider says. Raises Malformed."""
        package = self.made_by.split(":")[0].rpartition(".")[0]
        return cast("Iterator[SettlementRow]", cast("Any", import_module(f"{package}.bill")).rows(data))

    def build(self, access: Access) -> Provider:
        module, name = self.made_by.split(":")
        return cast("Provider", getattr(import_module(module), name)(access))

    def check(self, access: Access) -> None:
        """Raises Invalid where something is missing or cannot be read; it names the field, never the value."""
        cast("Any", import_module(self.keys or self.made_by.split(":")[0])).check(access)


_FIXED_METHOD = Method(SANDBOX)
_MINUTE = timedelta(minutes=1)

KINDS: Mapping[str, Kind] = {
    "alipay": Kind(
        title="Alipay",
        made_by="quanyi.payments.alipay.provider:Alipay",
        keys="quanyi.payments.alipay.keys",
        methods=(
            Method("page", frozenset({"desktop"}), least=_MINUTE, asks_nobody=True),
            Method("wap", frozenset({"phone", "app"}), least=_MINUTE, asks_nobody=True),
            Method("qr", frozenset({"desktop"}), least=_MINUTE),
        ),
        currencies=frozenset({"CNY"}),
        account=("app_id", "seller_id"),
        secrets=("private_key", "alipay_public_key"),
        bill_zone="Asia/Shanghai",
    ),
    "wechat": Kind(
        title="WeChat Pay",
        made_by="quanyi.payments.wechat.provider:Wechat",
        keys="quanyi.payments.wechat.keys",
        methods=(
            Method("native", frozenset({"desktop"})),
            Method("jsapi", frozenset({"wechat", "mini_program"}), needs_payer=True),
            Method("h5", frozenset({"phone"})),
        ),
        currencies=frozenset({"CNY"}),
        account=("mchid", "appid"),
        secrets=("private_key", "merchant_serial", "api_v3_key"),
        bill_zone="Asia/Shanghai",
        bill_dates_refunds=False,
        more_account=(
            "public_key",
            "public_key_id",
            "platform_certificates",
            "refund_notify_url",
            "mini_program_endpoint",
        ),
        more_secrets=("mini_program_secret",),
        reporting_secrets=("mini_program_secret",),
    ),
    "stripe": Kind(
        title="Stripe",
        made_by="quanyi.payments.stripe.provider:Stripe",
        keys="quanyi.payments.stripe.keys",
        methods=(
            Method("payment_intent", _BROWSERS),
            Method("checkout", _BROWSERS, least=timedelta(minutes=30)),
        ),
        currencies=frozenset(
            {
                *("AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "IDR", "INR", "JPY", "KRW", "MOP", "MYR"),
                *("NOK", "NZD", "PHP", "SEK", "SGD", "THB", "TWD", "USD", "VND"),
            }
        ),
        account=("publishable_key",),
        secrets=("secret_key", "webhook_secret"),
        bill_zone="UTC",
        more_account=("account_id",),
    ),
}


@dataclass(frozen=True)
class Offer:
    """One way to pay, as a shopper may choose it. `available` is false while the provider fails."""

    provider: str
    title: str
    method: Method
    available: bool


@dataclass(frozen=True)
class Providers:
    """`fixed` are those that need no setting up (the sandbox), `indoors` those that no shopper is offered (prepaid
    accounts); the others are what the merchant set up. A person's bookings are in every deployment."""

    fixed: Mapping[str, Provider]
    settings: ProviderSettingsTable | None = None
    secrets: ProviderSecrets | None = None
    breaker: Breaker | None = None
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)
    indoors: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    _built: dict[str, tuple[object, Provider]] = field(
        default_factory=dict[str, tuple[object, Provider]], repr=False, compare=False
    )
    _read_for: dict[str, str] = field(default_factory=dict[str, str], repr=False, compare=False)
    """By provider, which change of its secrets they were last read for."""

    def offers(self, channel: str, currency: str, client: Client | None) -> Sequence[Offer]:
        """Every way to pay in that channel, currency and client (None: any)."""
        found = [Offer(name, name.capitalize(), _FIXED_METHOD, available=True) for name in sorted(self.fixed)]
        for name, settings in sorted(self._settings().items()):
            kind = self.kinds.get(name)
            if kind is None or not settings.serves(channel, currency) or currency not in kind.currencies:
                continue
            ready = self.breaker is None or self.breaker.closed(name)
            found += [
                Offer(name, kind.title, method, ready or method.asks_nobody)
                for method in kind.methods
                if (not settings.methods or method.name in settings.methods)
                and (client is None or client in method.clients)
            ]
        return found

    def choose(self, name: str, method: str, channel: str, currency: str) -> tuple[Provider, Method]:
        """What a shopper asked for; an empty method is the provider's first. Raises NoSuchProvider."""
        offers = self.offers(channel, currency, None)
        mine = [offer.method for offer in offers if offer.provider == name and method in ("", offer.method.name)]
        if not mine:
            ways = ", ".join(f"{offer.provider}/{offer.method.name}" for offer in offers)
            raise NoSuchProvider(f"Offered: {ways or 'none'}.")
        return self.get(name), mine[0]

    def create(self, provider: Provider, intent: Intent) -> Created:
        """Starts a payment behind the provider's circuit breaker, where the provider is asked for it. Raises
        ProviderUnavailable, Invalid."""
        kind = self.kinds.get(provider.name)
        alone = any(method.asks_nobody for method in (kind.methods if kind else ()) if method.name == intent.method)
        if self.breaker is None or alone or provider.name in self.fixed:
            return provider.create(intent)
        return self.breaker.guard(provider.name, lambda: provider.create(intent))

    def get(self, name: str, *, fresh: bool = False) -> Provider:
        """The one that a payment came through, offered or not any more. `fresh` reads its secrets anew, at most twice a
        minute. Raises NoSuchProvider."""
        if name == MANUAL:
            return Manual()
        if known := self.fixed.get(name) or self.indoors.get(name):
            return known
        settings, kind = self._settings().get(name), self.kinds.get(name)
        if settings is None or kind is None or self.secrets is None:
            raise NoSuchProvider("This provider is not set up.")
        # The settings tell when the secrets were changed, and they are read far more often than those.
        changed = self._read_for.get(name) != settings.credentials
        versions = self.secrets.read(name, no_older_than=0.0 if changed else 30.0 if fresh else CACHE_SECONDS)
        self._read_for[name] = settings.credentials
        if not versions:
            raise NoSuchProvider("This provider has no credentials.")
        made_from = (settings, versions)
        built = self._built.get(name)
        if built is None or built[0] != made_from:
            built = (made_from, kind.build(access_of(settings, versions)))
            self._built[name] = built
        return built[1]

    def setting(self, name: str) -> ProviderSettings | None:
        return self._settings().get(name)

    def every(self) -> Mapping[str, ProviderSettings]:
        """What the merchant set up, by name; kept for seconds."""
        return self._settings()

    def _settings(self) -> Mapping[str, ProviderSettings]:
        return self.settings.every() if self.settings else {}


def access_of(settings: ProviderSettings, secrets: Sequence[Mapping[str, Any]]) -> Access:
    return Access(account=settings.account, secrets=tuple(secrets), endpoint=settings.endpoint)
