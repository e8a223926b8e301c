"""Products and categories as a shop's page shows them: one language, one channel's prices."""

from collections.abc import Mapping
from typing import Self

from quanyi.catalog.account_form import FormField, form_of
from quanyi.catalog.categories import Node
from quanyi.catalog.listing_table import Found
from quanyi.catalog.model import Component, Kind, Language, Sku, SkuId, Validity
from quanyi.catalog.product import Product
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.money import Money
from quanyi.vouchers.model import UsageRules, Value, VoucherTerms


class ShownTier(View):
    from_quantity: int
    price: Money


class ShownComponent(View):
    sku: str
    title: str
    quantity: int

    @classmethod
    def of(cls, part: Component, language: Language, parts: Mapping[SkuId, Sku]) -> Self:
        """A bundle that lacks a component is on nobody's page for long: until then its id has to do."""
        known = parts.get(part.sku)
        return cls(sku=part.sku, title=known.title(language) if known else part.sku, quantity=part.quantity)


class ShownVoucher(View):
    """What a voucher of the shop's own is worth, and where and when it can be used."""

    value: Value
    rules: UsageRules
    regions: tuple[str, ...]

    @classmethod
    def of(cls, terms: VoucherTerms) -> Self:
        """Without the merchant's own condition, which is no text for a shop's page."""
        rules = terms.rules.model_copy(update={"when": ""})
        return cls(value=terms.value, rules=rules, regions=terms.regions)


class ShownSku(View):
    """A SKU on sale. Its tutorial comes with the delivery."""

    id: str
    version: int
    kind: Kind
    title: str
    price: Money
    tiers: list[ShownTier]
    face_value: Money | None
    images: list[str]
    validity: Validity
    limit_per_buyer: int | None
    limit_per_order: int | None
    on_sale_until: Timestamp | None
    components: list[ShownComponent]
    voucher: ShownVoucher | None
    account_form: list[FormField]
    """What to ask for when it is ordered: every account that it tops up, also within a bundle."""
    account_hours: int | None
    """An order may leave the accounts out: so many hours after its payment they can still be named. Null: it must name
    them."""
    confirm_texts: list[dict[Language, str]]
    """What its buyer agrees to, by language."""

    @classmethod
    def of(cls, sku: Sku, channel: str, language: Language, parts: Mapping[SkuId, Sku]) -> Self:
        """`parts` are the components of bundles."""
        form = form_of(sku, parts)

        def money(amount: int) -> Money:
            return Money(amount=amount, currency=sku.currency)

        return cls(
            id=sku.id,
            version=sku.version,
            kind=sku.kind,
            title=sku.title(language),
            price=money(sku.unit_price(channel, 1)),
            tiers=[
                ShownTier(from_quantity=tier.from_quantity, price=money(tier.price)) for tier in sku.tiers_in(channel)
            ],
            face_value=None if sku.face_value is None else money(sku.face_value),
            images=list(sku.images),
            validity=sku.validity,
            limit_per_buyer=sku.limit_per_buyer,
            limit_per_order=sku.limit_per_order,
            on_sale_until=sku.on_sale_until,
            components=[ShownComponent.of(part, language, parts) for part in sku.components],
            voucher=ShownVoucher.of(sku.voucher) if sku.voucher else None,
            account_form=form.fields,
            account_hours=form.account_hours,
            confirm_texts=form.confirm_texts,
        )


class ShownProduct(View):
    id: str
    category_id: str | None
    title: str
    description: str
    images: list[str]
    skus: list[ShownSku]

    @classmethod
    def of(cls, product: Product, channel: str, language: Language, parts: Mapping[SkuId, Sku]) -> Self:
        """`parts` are the components of its bundles."""
        descriptions = product.descriptions
        return cls(
            id=product.id,
            category_id=product.category_id,
            title=product.title(language),
            description=descriptions.get(language) or next(iter(descriptions.values()), ""),
            images=list(product.images),
            skus=[ShownSku.of(sku, channel, language, parts) for sku in product.skus],
        )


class ListedSku(View):
    id: str
    title: str
    price: Money


class ListedProduct(View):
    """A product in a list; `GET /v1/products/{id}` says the rest."""

    id: str
    category_id: str | None
    title: str
    image: str | None
    skus: list[ListedSku]

    @classmethod
    def of(cls, product: Product, channel: str, language: Language) -> Self:
        return cls(
            id=product.id,
            category_id=product.category_id,
            title=product.title(language),
            image=next(iter(product.images), None),
            skus=[
                ListedSku(
                    id=sku.id,
                    title=sku.title(language),
                    price=Money(amount=sku.unit_price(channel, 1), currency=sku.currency),
                )
                for sku in product.skus
            ],
        )


class ProductList(View):
    """A page may be short, or empty, and still have a `next`; the list ends where `next` is null."""

    items: list[ListedProduct]
    next: str | None

    @classmethod
    def of(cls, found: Found, channel: str, language: Language) -> Self:
        return cls(items=[ListedProduct.of(p, channel, language) for p in found.products], next=found.next)


class ShownCategory(View):
    """`depth` counts from the root that was asked for."""

    id: str
    parent_id: str | None
    depth: int
    title: str


class CategoryList(View):
    """Parents before children, siblings in the merchant's order: a tree of any depth as a flat list."""

    items: list[ShownCategory]

    @classmethod
    def of(cls, nodes: list[Node], language: Language) -> Self:
        return cls(
            items=[
                ShownCategory(
                    id=node.category.id,
                    parent_id=node.category.parent_id,
                    depth=node.depth,
                    title=node.category.title(language),
                )
                for node in nodes
            ]
        )
