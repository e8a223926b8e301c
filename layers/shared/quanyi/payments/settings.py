"""What the merchant set about a payment provider: everything but its secrets, which are in Secrets Manager."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from quanyi.catalog.model import ChannelId, Model
from quanyi.clock import Timestamp
from quanyi.money import Currency

ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]
MethodName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Endpoint = Annotated[
    str,
    StringConstraints(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]{1,200}(/[A-Za-z0-9._~/-]*)?)?$"),
    Field(description="In place of the provider's own address: its sandbox, a local provider. Empty: the real one"),
]
AccountText = Annotated[str, StringConstraints(max_length=10_000)]


class ProviderTerms(Model):
    """Empty `methods`, `channels` and `currencies` mean all that there are."""

    enabled: bool = True
    """False: shoppers are not offered it any more; what was paid through it is still notified, queried, refunded."""
    account: dict[str, AccountText] = Field(
        default_factory=dict,
        max_length=30,
        description="What is no secret: application and merchant numbers, public keys",
    )
    methods: Annotated[tuple[MethodName, ...], Field(max_length=10)] = ()
    channels: Annotated[tuple[ChannelId, ...], Field(max_length=100)] = ()
    currencies: Annotated[tuple[Currency, ...], Field(max_length=50)] = ()
    endpoint: Endpoint = ""
    reports_delivery: bool = False
    """The provider holds money until it was told of the delivery (WeChat mini-programs of some types)."""


class ProviderSettings(ProviderTerms):
    """As it is kept. `version` counts its changes and those of the secrets: `credentials` names the call that changed
    them last (no secret itself), and is empty as long as there are none."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    name: ProviderName
    version: int = 1
    updated_at: Timestamp
    changed_by: str = "system"
    credentials: str = ""
    credentials_changed_at: Timestamp | None = None
    credentials_changed_by: str = ""

    @property
    def terms(self) -> ProviderTerms:
        return ProviderTerms.model_validate(self.model_dump(include=set(ProviderTerms.model_fields)))

    def serves(self, channel: str, currency: str) -> bool:
        return (
            self.enabled
            and (not self.channels or channel in self.channels)
            and (not self.currencies or currency in self.currencies)
        )
