"""Suppliers and offers as the merchant sets them up; a supplier's secrets are in Secrets Manager."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from quanyi.api_keys.model import Network
from quanyi.catalog.listing import fold
from quanyi.catalog.model import Model, SkuId, Text
from quanyi.catalog.topup import FieldName
from quanyi.clock import Timestamp
from quanyi.money import MAX_AMOUNT, Amount, Currency

AdapterName = Literal["quanyi", "fulu", "dujiao"]
SupplierId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]
GoodsCode = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
LONGEST_TITLE = 300
Priority = Annotated[int, Field(ge=0, le=1000, strict=True, description="Lower is asked first")]


class MarkUp(Model):
    """What a SKU's price follows from: its cost, plus a share of it (basis points), plus a fixed amount, rounded up to
    a multiple of `step` and, where `ending` is set, to a price that ends so (`99`: 19.99)."""

    percent: Annotated[int, Field(ge=0, le=100_000, strict=True, description="Basis points of the cost")] = 0
    fixed: Annotated[int, Field(ge=0, le=10**9, strict=True, description="Minor units")] = 0
    step: Annotated[int, Field(ge=1, le=100_000, strict=True, description="Minor units")] = 1
    ending: Annotated[int, Field(ge=0, le=99, strict=True)] | None = None
    apply: Literal["always", "up", "never"] = "never"
    """Whether a sync changes the SKU's price by itself: with each change of cost, only when it rises, or never."""


class Sync(Model):
    """How far a sync of a supplier's catalogue has come: it is done in stages, each as far as its run's time goes, and
    the next run goes on. `run` is when it began, `after` where the stage goes on. `refused` tells why its catalogue was
    not believed, `fault` which call had no clear answer: of the sync under way, or of the last one.
    `believed_by` had it applied all the same."""

    run: str = ""
    stage: Literal["", "goods", "offers", "skus"] = ""
    after: str = ""
    refused: str = ""
    fault: str = ""
    believed_by: str = ""


class SupplierTerms(Model):
    title: Text
    adapter: AdapterName
    endpoint: Annotated[
        str,
        StringConstraints(pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,200}(/[A-Za-z0-9._~/-]*)?$"),
        Field(description="Where its API lies; https in production"),
    ]
    account: dict[str, Annotated[str, StringConstraints(max_length=1000)]] = Field(
        default_factory=dict, max_length=20, description="What is no secret: key ids, member and shop numbers"
    )
    currency: Currency = "CNY"
    """In which it charges; the cost of all its offers is in it."""
    enabled: bool = True
    """False: nothing new is bought; what is under way is still asked about."""
    priority: Priority = 100
    callback_ips: Annotated[tuple[Network, ...], Field(max_length=20)] = ()
    """Where callbacks may come from; empty: anywhere."""
    low_balance: Amount | None = None
    """Alert below it, minor units."""
    patience_hours: Annotated[int, Field(ge=1, le=24 * 14, strict=True)] = 24
    """When a person is to look at what the supplier has not made known."""
    mark_up: MarkUp | None = None
    """Of SKUs whose offers say nothing else."""


class Supplier(SupplierTerms):
    """As it is kept. `version` counts changes of its terms."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: SupplierId
    version: int = 1
    created_at: Timestamp
    updated_at: Timestamp
    changed_by: str = "system"
    balance: int | None = None
    balance_at: Timestamp | None = None
    synced_at: Timestamp | None = None
    """When a sync came to its end."""
    notify_url: str = ""
    """Where its callbacks go, as it was when the merchant set it up."""
    sync: Sync = Sync()
    credentials: str = ""
    """Names the call that changed its secrets last (no secret itself); empty as long as there are none."""
    credentials_changed_at: Timestamp | None = None
    credentials_changed_by: str = ""

    @property
    def terms(self) -> SupplierTerms:
        return SupplierTerms.model_validate(self.model_dump(include=set(SupplierTerms.model_fields)))


class OfferTerms(Model):
    """A supplier sells a SKU: under which code, at which cost, in which quantities."""

    code: GoodsCode
    cost: Amount
    """Of one, minor units of the supplier's currency. A sync keeps it up to date where the supplier has a catalogue."""
    enabled: bool = True
    minimum: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 1
    most: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 1_000
    """In one purchase."""
    pack: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 1
    """Quantities are multiples of it."""
    lead_minutes: Annotated[int, Field(ge=0, le=60 * 24 * 60, strict=True)] = 0
    """From ordering to having, as far as is known; what is measured counts more."""
    daily_limit: Annotated[int, Field(ge=1, le=10**6, strict=True)] | None = None
    priority: Priority | None = None
    """In place of the supplier's."""
    fields: dict[FieldName, FieldName] = Field(
        default_factory=dict, max_length=10, description="Our names of a top-up account's parts to the supplier's"
    )
    mark_up: MarkUp | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.minimum > self.most:
            raise ValueError("the minimum is above the most")
        if self.most < self.pack:
            raise ValueError("not one pack fits into the most")
        return self


class Offer(OfferTerms):
    """As it is kept. `version` counts changes of its terms; of its cost those by a sync too."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    sku: SkuId
    supplier: SupplierId
    version: int = 1
    updated_at: Timestamp
    changed_by: str = "system"
    cost_before: int | None = None
    """What it cost before the last change."""
    stock: int | None = None
    """What the supplier last said it has; None: it does not say."""
    on_sale: bool = True
    """False: the supplier's catalogue says it cannot be had."""

    @property
    def terms(self) -> OfferTerms:
        return OfferTerms.model_validate(self.model_dump(include=set(OfferTerms.model_fields)))

    def rounded(self, wanted: int, left: int | None = None) -> int:
        """The quantity to order for at least `wanted`, by minimum and pack; where there is no more than `left` to be
        had, or the most is less, as much of that as they allow: 0 when it is below the minimum."""
        quantity = -(-max(wanted, self.minimum) // self.pack) * self.pack
        most = self.most if left is None else min(left, self.most)
        return quantity if quantity <= most else self.within(most)

    def within(self, wanted: int) -> int:
        """The quantity to order for no more than `wanted`; 0 when the minimum does not allow it."""
        quantity = min(wanted, self.most) // self.pack * self.pack
        return quantity if quantity >= self.minimum else 0


class KeptGoods(Model):
    """Something in a supplier's catalogue, as a sync saw it (`port.Goods`). `run` is that sync."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    supplier: SupplierId
    code: GoodsCode
    title: Annotated[str, StringConstraints(max_length=LONGEST_TITLE)]
    kind: Literal["card", "topup"]
    cost: Annotated[int, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]
    """As it was told, even where that cannot be: `supply.believing` judges it."""
    currency: Annotated[str, StringConstraints(max_length=10)]
    face_value: int | None = None
    stock: int | None = None
    on_sale: bool = True
    minimum: int = 1
    most: int | None = None
    fields: tuple[str, ...] = ()
    run: str

    @property
    def search_text(self) -> str:
        return fold(f"{self.title} {self.code}")
