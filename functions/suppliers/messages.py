"""What is sent and answered about suppliers. No answer holds a secret, or anything made of one."""

import re
from typing import Annotated, Literal, Self, cast

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BeforeValidator, Field

from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Money
from quanyi.secret import Secret
from quanyi.supply.health import Health
from quanyi.supply.model import GoodsCode, KeptGoods, MarkUp, Supplier, SupplierTerms
from quanyi.supply.port import Ability
from quanyi.supply.registry import Adapter
from suppliers.setup import Record, Standing
from suppliers.syncing import Outcome, Synced

SupplierParam = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]
Words = Annotated[str | None, Query(max_length=100, description="All of these words, anywhere in title or code")]


def _named(value: object) -> object:
    """Judged before the names are: an error names its place, and somebody may have sent value and name swapped."""
    for name in cast("dict[object, object]", value) if isinstance(value, dict) else ():
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{1,31}", name):
            raise ValueError("names look like `app_secret`")
    return cast("object", value)


class SupplierBody(SupplierTerms):
    """Replaces all terms. Only a supplier with credentials that fit can be `enabled`."""

    enabled: bool = False
    version: Annotated[int, Field(ge=0, strict=True, description="As last read; 0 where there is none yet")]

    @property
    def terms(self) -> SupplierTerms:
        return SupplierTerms.model_validate(self.model_dump(include=set(SupplierTerms.model_fields)))


class SwitchBody(Body):
    enabled: bool


class CredentialsBody(Body):
    """All of the supplier's secrets at once; those before them stay believed until the next change."""

    secrets: Annotated[
        dict[str, Secret],
        BeforeValidator(_named),
        Field(min_length=1, max_length=10, description="By name: what the adapter's `secret_names` list"),
    ]


class SyncBody(Body):
    believe: Annotated[
        bool, Field(description="Apply a catalogue that was refused because too much of it would change at once")
    ] = False


class AdapterView(View):
    """What a protocol can do for us, and what a supplier that speaks it must be set up with."""

    name: str
    title: str
    abilities: list[Ability]
    account_names: list[str]
    more_account_names: list[str]
    secret_names: list[str]

    @classmethod
    def of(cls, name: str, adapter: Adapter) -> Self:
        return cls(
            name=name,
            title=adapter.title,
            abilities=sorted(adapter.abilities),
            account_names=list(adapter.account),
            more_account_names=list(adapter.more_account),
            secret_names=list(adapter.secrets),
        )


class AdaptersView(View):
    items: list[AdapterView]


class SyncState(View):
    """`stage` is empty while none is under way. `refused`: why its catalogue was not believed, so that nothing of it is
    applied. `fault`: what had no clear answer. `synced_at` is when one last came to its end."""

    stage: str
    refused: str
    fault: str
    synced_at: Timestamp | None


class SupplierLine(View):
    id: str
    title: str
    adapter: str
    currency: str
    enabled: bool
    priority: int
    balance: Money | None
    balance_at: Timestamp | None
    low_balance: int | None
    has_credentials: bool
    sync: SyncState
    version: int
    updated_at: Timestamp
    changed_by: str

    @classmethod
    def of(cls, supplier: Supplier) -> Self:
        same = {name for name in cls.model_fields if name in Supplier.model_fields} - {"balance", "sync"}
        more = {"has_credentials": bool(supplier.credentials), "balance": _balance(supplier)}
        return cls.model_validate({**supplier.model_dump(include=same), **more, "sync": _sync(supplier)})


class SuppliersView(View):
    items: list[SupplierLine]


def notify_url(api_url: str, supplier: str) -> str:
    """Where a supplier calls back."""
    return f"{api_url}/v1/suppliers/{supplier}/notify"


class SupplierView(SupplierTerms, View):
    """`notify_url` is what to enter at the supplier, where it calls back. `lacking` is what is still to be entered
    before it can be enabled; `live` are the names that each live version of its secrets has, the newest first."""

    id: str
    version: int
    created_at: Timestamp
    updated_at: Timestamp
    changed_by: str
    abilities: list[Ability]
    lacking: list[str]
    live: list[list[str]]
    credentials_changed_at: Timestamp | None
    credentials_changed_by: str
    balance: Money | None
    balance_at: Timestamp | None
    sync: SyncState
    notify_url: str

    @classmethod
    def of(cls, standing: Standing, api_url: str) -> Self:
        supplier = standing.supplier
        same = {name for name in cls.model_fields if name in Supplier.model_fields} - {"balance", "sync"}
        return cls.model_validate(
            {
                **supplier.model_dump(include=same),
                "abilities": sorted(standing.adapter.abilities) if standing.adapter else [],
                "lacking": list(standing.lacking),
                "live": [list(names) for names in standing.live],
                "balance": _balance(supplier),
                "sync": _sync(supplier),
                "notify_url": notify_url(api_url, supplier.id),
            }
        )


class BalanceView(View):
    """`low`: below what the supplier is to be alerted of at."""

    balance: Money
    at: Timestamp
    low: bool

    @classmethod
    def of(cls, supplier: Supplier) -> Self:
        balance = supplier.balance or 0
        assert supplier.balance_at
        low = supplier.low_balance is not None and balance < supplier.low_balance
        return cls(balance=Money(amount=balance, currency=supplier.currency), at=supplier.balance_at, low=low)


class HealthNumbers(View):
    """Purchases by what became of them, cards ordered, received and bad; rates in basis points, smoothed so that a few
    purchases neither praise nor blame."""

    sent: int
    succeeded: int
    failed: int
    unknown: int
    short: int
    ordered_cards: int
    received_cards: int
    bad_cards: int
    success_rate: int
    bad_rate: int
    short_rate: int
    lead_ms: int | None
    failing: bool

    @classmethod
    def of(cls, health: Health) -> Self:
        counts = {name: getattr(health, name) for name in cls.model_fields if name in Health.model_fields}
        rates = {name: round(getattr(health, name) * 10_000) for name in ("success_rate", "bad_rate", "short_rate")}
        return cls.model_validate({**counts, **rates, "lead_ms": health.lead_ms, "failing": health.failing})


class HealthDay(HealthNumbers):
    day: str


class HealthView(HealthNumbers):
    """Over the last fourteen days, and each of them with purchases, newest first."""

    days: list[HealthDay]

    @classmethod
    def of_record(cls, record: Record) -> Self:
        days = [HealthDay(day=day, **HealthNumbers.of(health).model_dump()) for day, health in record.days.items()]
        return cls(days=days, **HealthNumbers.of(record.whole).model_dump())


class SyncedView(View):
    """What the run did. `paused`: it was out of time, or the supplier gave no clear answer; call again to go on.
    `elsewhere`: another run is at it. `costs`, `gone` and `back` count offers; `halted`, `resumed` and `priced` are
    SKUs that went off sale, came back, and have another price."""

    outcome: Outcome
    goods: int
    costs: int
    gone: int
    back: int
    halted: list[str]
    resumed: list[str]
    priced: list[str]
    sync: SyncState

    @classmethod
    def of(cls, supplier: Supplier, done: Synced) -> Self:
        return cls.model_validate({**vars(done), "sync": _sync(supplier)})


class GoodsView(View):
    """Something in the supplier's catalogue; `skus` are those that it is offered as here."""

    code: str
    title: str
    kind: Literal["card", "topup"]
    cost: int
    currency: str
    face_value: int | None
    stock: int | None
    on_sale: bool
    minimum: int
    most: int | None
    fields: tuple[str, ...]
    skus: list[str]

    @classmethod
    def of(cls, goods: KeptGoods, skus: list[str]) -> Self:
        return cls.model_validate({**goods.model_dump(include=set(cls.model_fields) - {"skus"}), "skus": skus})


class GoodsList(View):
    """A page may be short, or empty, and still have a `next`."""

    items: list[GoodsView]
    next: str | None


class GoodsBody(Body):
    """Offers a SKU as these goods. With a rule (this one, or the supplier's) the SKU's price is set by it at once."""

    code: GoodsCode
    mark_up: MarkUp | None = None


def _balance(supplier: Supplier) -> Money | None:
    if supplier.balance is None:
        return None
    return Money(amount=supplier.balance, currency=supplier.currency)


def _sync(supplier: Supplier) -> SyncState:
    state = supplier.sync
    return SyncState(stage=state.stage, refused=state.refused, fault=state.fault, synced_at=supplier.synced_at)
