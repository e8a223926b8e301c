"""A product: the page in the shop that groups SKUs. It and its SKUs change together, under the product's version."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from quanyi.catalog.model import (
    Component,
    Halted,
    Language,
    Link,
    LongText,
    Model,
    ProductState,
    Sku,
    SkuId,
    SkuTerms,
    Titles,
)
from quanyi.catalog.prepaid import check_prepaid, check_prepaid_parts
from quanyi.clock import Timestamp
from quanyi.errors import Conflict, Invalid

MAX_SKUS = 50
MAX_PARTS = 40
"""Distinct components of a product's bundles: each is checked in the transaction that publishes the product."""
MAX_BYTES = 300_000
"""Of a product with its SKUs as JSON; keeps every item below 400 KB and the transaction below 4 MB."""

CategoryId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
Images = Annotated[tuple[Link, ...], Field(max_length=20)]
SortOrder = Annotated[int, Field(ge=-999_999, le=999_999, strict=True, description="Lower comes first")]


class ProductTerms(Model):
    """What a merchant writes about a product."""

    category_id: CategoryId | None = None
    titles: Titles
    descriptions: dict[Language, LongText] = Field(default_factory=dict)
    images: Images = ()
    sort_order: SortOrder = 0


class Product(ProductTerms):
    """A product as kept, with its SKUs in the merchant's order."""

    id: str
    state: ProductState = "draft"
    version: int = 1
    created_at: Timestamp
    updated_at: Timestamp
    changed_by: str = "system"
    body_hash: str = ""
    """Of the creating request, to tell a repeated call from a reused key."""
    skus: Annotated[tuple[Sku, ...], Field(max_length=MAX_SKUS)] = ()

    @property
    def terms(self) -> ProductTerms:
        return ProductTerms.model_validate(self.model_dump(include=set(ProductTerms.model_fields)))

    def title(self, language: Language = "zh-CN") -> str:
        return self.titles.get(language) or next(iter(self.titles.values()))

    def sold_in(self, channel: str, now: datetime) -> "Product | None":
        """The product with only the SKUs that the channel may sell now; None when there are none."""
        skus = tuple(sku for sku in self.skus if sku.sold_in(channel, now))
        return self.model_copy(update={"skus": skus}) if skus else None

    @property
    def parts(self) -> list[SkuId]:
        """Every SKU that the product's bundles consist of, each once."""
        return sorted({part.sku for sku in self.skus for part in sku.components})


def terms_of(sku: Sku) -> SkuTerms:
    return SkuTerms.model_validate(sku.model_dump(include=set(SkuTerms.model_fields)))


def revised(
    old: Product, now: datetime, *, terms: ProductTerms | None = None, skus: Mapping[SkuId, SkuTerms] | None = None
) -> Product:
    """The product with other terms and other or further SKUs; `old` itself when that changes nothing.

    SKUs are never removed, since orders, cards and bundles name them: a SKU is taken off sale by
    `only_listed_channels` without channels, or by its window. Kind and currency stay for the same reason, and so do
    issuer and card format, which the fingerprints and contents of its cards rest on, and how vouchers are issued. Other
    terms of vouchers hold for what is sold from then on: vouchers sold before keep theirs.
    Raises Invalid (`sku_missing`, `sku_fixed`, `too_many_skus`, `too_large`; of a published product `prepaid_rule`).
    """
    kept = {sku.id: sku for sku in old.skus}
    wanted: Mapping[SkuId, SkuTerms] = {sku.id: terms_of(sku) for sku in old.skus} if skus is None else skus
    if missing := sorted(set(kept) - set(wanted)):
        raise Invalid("A SKU cannot be removed; take it off sale instead.", reason="sku_missing", skus=missing)
    changed = [_revised_sku(old, kept.get(sku_id), sku_id, wanted[sku_id]) for sku_id in wanted]
    new = old.model_copy(update={**(terms or old.terms).__dict__, "skus": tuple(changed)})
    if new == old:
        return old
    _bounded(new)
    if old.state == "published":
        check_prepaid(new.skus)
    return new.model_copy(update={"version": old.version + 1, "updated_at": now})


def in_state(old: Product, state: ProductState, now: datetime) -> Product:
    """The product, and with it each SKU, in that state; `old` itself when it is there already.

    Raises Conflict (`no_skus`) for publishing an empty product, Invalid (`prepaid_rule`) for one with prepaid cards
    that the law does not allow.
    """
    if old.state == state:
        return old
    if state == "published" and not old.skus:
        raise Conflict("A product without SKUs cannot be published.", reason="no_skus", state=old.state)
    if state == "published":
        check_prepaid(old.skus)
    skus = tuple(s.model_copy(update={"product_state": state, "version": s.version + 1}) for s in old.skus)
    return old.model_copy(update={"state": state, "skus": skus, "version": old.version + 1, "updated_at": now})


def adjusted(
    old: Product,
    now: datetime,
    *,
    halted: Mapping[SkuId, Halted] | None = None,
    prices: Mapping[SkuId, int] | None = None,
) -> Product:
    """The product as the shop itself changes it: SKUs taken off sale or put back, list prices that follow their cost.
    `old` itself when that changes nothing."""
    halts, priced = halted or {}, prices or {}
    skus = tuple(_adjusted_sku(sku, halts.get(sku.id, sku.halted), priced.get(sku.id, sku.price)) for sku in old.skus)
    if skus == old.skus:
        return old
    changed = {"skus": skus, "version": old.version + 1, "updated_at": now, "changed_by": "system"}
    return old.model_copy(update=changed)


def halting(old: Product, new: Product, halted: Mapping[SkuId, Halted]) -> Product:
    """`new`, which a merchant made of `old`, with SKUs taken off sale or put back in the same change."""
    before = {sku.id: sku.version + 1 for sku in old.skus}
    skus = tuple(
        sku.model_copy(update={"halted": halted[sku.id], "version": before.get(sku.id, sku.version)})
        if halted.get(sku.id, sku.halted) != sku.halted
        else sku
        for sku in new.skus
    )
    return new if skus == new.skus else new.model_copy(update={"skus": skus})


def _adjusted_sku(old: Sku, halted: Halted, price: int) -> Sku:
    if (old.halted, old.price) == (halted, price):
        return old
    return old.model_copy(update={"halted": halted, "price": price, "version": old.version + 1})


def check_bundles(product: Product, parts: Mapping[SkuId, Sku]) -> None:
    """Raises Invalid (`bundle_parts`) unless every component exists, is no bundle itself, and costs the same
    currency as its bundle. A SKU's kind and currency never change, so what was checked once stays true. Of a published
    product, raises Invalid (`prepaid_rule`) too, for prepaid cards in its bundles as they are now.
    """
    if len(product.parts) > MAX_PARTS:
        raise Invalid(f"A product's bundles consist of at most {MAX_PARTS} SKUs.", reason="bundle_parts")
    known = {**parts, **{sku.id: sku for sku in product.skus}}
    wrong = [
        {"bundle": sku.id, "sku": part.sku, "problem": problem}
        for sku in product.skus
        for part in sku.components
        if (problem := _problem(sku, part, known))
    ]
    if wrong:
        raise Invalid("Some bundle components do not fit.", reason="bundle_parts", components=wrong)
    if product.state == "published":
        check_prepaid_parts(product.skus, known)


def _problem(bundle: Sku, part: Component, known: Mapping[SkuId, Sku]) -> str | None:
    sku = known.get(part.sku)
    if sku is None:
        return "unknown"
    if sku.kind == "bundle":
        return "kind"
    return "currency" if sku.currency != bundle.currency else None


def _revised_sku(product: Product, old: Sku | None, sku_id: SkuId, terms: SkuTerms) -> Sku:
    if old is None:
        kept = {"id": sku_id, "product_id": product.id, "product_state": product.state, "version": 1}
        return Sku.model_validate({**terms.model_dump(), **kept})
    fixed = [
        name for name in ("kind", "currency", "issuer", "card_format") if getattr(old, name) != getattr(terms, name)
    ]
    if old.voucher and terms.voucher and old.voucher.issue != terms.voucher.issue:
        fixed.append("voucher.issue")  # its units would look for stock that nobody made, or leave theirs unsold
    if fixed:
        raise Invalid("What a SKU is cannot change; make another SKU.", reason="sku_fixed", sku=sku_id, fields=fixed)
    if terms_of(old) == terms:
        return old
    kept = old.model_dump(include={"id", "product_id", "product_state", "halted"}) | {"version": old.version + 1}
    return Sku.model_validate({**terms.model_dump(), **kept})


def new_product(
    product_id: str, terms: ProductTerms, skus: Sequence[tuple[SkuId, SkuTerms]], now: datetime, body_hash: str
) -> Product:
    """A draft. Raises Invalid (`sku_twice`, `too_many_skus`, `too_large`)."""
    ids = [sku_id for sku_id, _ in skus]
    if len(set(ids)) != len(ids):
        raise Invalid("A SKU is listed twice.", reason="sku_twice")
    empty = Product(**terms.__dict__, id=product_id, created_at=now, updated_at=now, body_hash=body_hash)
    product = empty.model_copy(update={"skus": tuple(_revised_sku(empty, None, *sku) for sku in skus)})
    _bounded(product)
    return product


def _bounded(product: Product) -> None:
    if len(product.skus) > MAX_SKUS:
        raise Invalid(f"A product has at most {MAX_SKUS} SKUs.", reason="too_many_skus")
    if len(product.model_dump_json().encode()) > MAX_BYTES:
        raise Invalid(f"A product with its SKUs is at most {MAX_BYTES} bytes of JSON.", reason="too_large")
