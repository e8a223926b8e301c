"""What is sent and answered about payment providers. No answer holds a secret, or anything made of one."""

import re
from typing import Annotated, cast

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BeforeValidator, Field

from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.payments.port import Client, Method
from quanyi.payments.settings import ProviderSettings, ProviderTerms
from quanyi.secret import Secret
from treasury.setup import Standing, Tried

ProviderParam = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]


def _named(value: object) -> object:
    """Judged before the names are: an error names its place, and somebody may have sent value and name swapped."""
    for name in cast("dict[object, object]", value) if isinstance(value, dict) else ():
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{1,31}", name):
            raise ValueError("names look like `private_key`")
    return cast("object", value)


class ProviderTermsBody(ProviderTerms):
    """Replaces all settings. Only a provider with credentials that fit can be `enabled`."""

    enabled: bool = False
    version: Annotated[int, Field(ge=0, strict=True, description="As last read; 0 where there is none yet")]

    @property
    def terms(self) -> ProviderTerms:
        return ProviderTerms.model_validate(self.model_dump(include=set(ProviderTerms.model_fields)))


class CredentialsBody(Body):
    """All of the provider's secrets at once; those before them stay believed until the next change."""

    secrets: Annotated[
        dict[str, Secret],
        BeforeValidator(_named),
        Field(min_length=1, max_length=10, description="By name: what `secret_names` and `more_secret_names` list"),
    ]


class ProviderMethod(View):
    name: str
    clients: list[Client]
    needs_payer: bool
    least_seconds: int
    """How long a payment stays open at the provider at least: its order waits that long."""

    @classmethod
    def of(cls, method: Method) -> "ProviderMethod":
        return cls(
            name=method.name,
            clients=sorted(method.clients),
            needs_payer=method.needs_payer,
            least_seconds=int(method.least.total_seconds()),
        )


class CredentialsView(View):
    """`live` are the names that each live version has, the newest first."""

    live: list[list[str]]
    changed_at: Timestamp | None
    changed_by: str


class ProviderSettingsView(View):
    version: int
    enabled: bool
    account: dict[str, str]
    methods: list[str]
    channels: list[str]
    currencies: list[str]
    endpoint: str
    reports_delivery: bool
    updated_at: Timestamp
    changed_by: str

    @classmethod
    def of(cls, settings: ProviderSettings) -> "ProviderSettingsView":
        return cls.model_validate(settings.model_dump(include=set(cls.model_fields)))


class ProviderView(View):
    """`notify_url` is what to enter at the provider. `circuit` is open while the provider keeps failing: shoppers are
    then told that it is not available."""

    name: str
    title: str
    methods: list[ProviderMethod]
    currencies: list[str]
    account_names: list[str]
    more_account_names: list[str]
    secret_names: list[str]
    more_secret_names: list[str]
    set_up: bool
    enabled: bool
    circuit: Annotated[str, Field(pattern="^(open|closed)$")]
    notify_url: str
    settings: ProviderSettingsView | None
    credentials: CredentialsView | None

    @classmethod
    def of(cls, standing: Standing, api_url: str) -> "ProviderView":
        kind, known = standing.kind, standing.settings
        credentials = CredentialsView(
            live=[list(names) for names in standing.live],
            changed_at=known.credentials_changed_at if known else None,
            changed_by=known.credentials_changed_by if known else "",
        )
        return cls(
            name=standing.name,
            title=kind.title,
            methods=[ProviderMethod.of(method) for method in kind.methods],
            currencies=sorted(kind.currencies),
            account_names=list(kind.account),
            more_account_names=list(kind.more_account),
            secret_names=list(kind.secrets),
            more_secret_names=list(kind.more_secrets),
            set_up=standing.set_up,
            enabled=known is not None and known.enabled,
            circuit="closed" if standing.available else "open",
            notify_url=f"{api_url}/v1/payments/{standing.name}/notify",
            settings=ProviderSettingsView.of(known) if known else None,
            credentials=credentials if standing.live else None,
        )


class ProvidersView(View):
    providers: list[ProviderView]


class ProviderTestView(View):
    """`works`: the provider took our signature and knew that there is no such payment. `answer` is what it said."""

    name: str
    works: bool
    answer: str

    @classmethod
    def of(cls, tried: Tried) -> "ProviderTestView":
        return cls(name=tried.name, works=tried.works, answer=tried.answer)
