"""Products, categories, channels and keys as the merchant's console shows them."""

from typing import Annotated, Self

from pydantic import Field

from quanyi.api_keys.model import ApiKey
from quanyi.callers import KeyRole
from quanyi.catalog.categories import Category, Node
from quanyi.catalog.listing_table import Found
from quanyi.catalog.model import ProductState, Sku, Titles
from quanyi.catalog.product import Product, ProductTerms
from quanyi.channels.model import Channel, ChannelSettings
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.secret import Secret

BELOW_COST = (
    "Off sale: every supplier's offer costs more than the lowest price leaves. Raise the price, lower `least_margin` "
    "or find a cheaper offer, and it is on sale again; `GET /v1/admin/offers/{sku}` shows the offers."
)


class SkuView(Sku, View):
    advice: Annotated[str, Field(description="What to do about a SKU that is `halted`")] = ""

    @classmethod
    def of(cls, sku: Sku) -> Self:
        return cls.model_validate({**sku.model_dump(), "advice": BELOW_COST if sku.halted else ""})


class ProductView(ProductTerms, View):
    id: str
    state: ProductState
    version: int
    created_at: Timestamp
    updated_at: Timestamp
    changed_by: str
    skus: list[SkuView]

    @classmethod
    def of(cls, product: Product) -> Self:
        skus = [SkuView.of(sku) for sku in product.skus]
        return cls.model_validate({**product.model_dump(exclude={"body_hash", "skus"}), "skus": skus})


class ProductLine(View):
    """A product in the console's list."""

    id: str
    state: ProductState
    version: int
    category_id: str | None
    titles: Titles
    image: str | None
    sort_order: int
    created_at: Timestamp
    updated_at: Timestamp
    skus: list[str]

    @classmethod
    def of(cls, product: Product) -> Self:
        same = product.model_dump(include=set(cls.model_fields) - {"image", "skus"})
        image = next(iter(product.images), None)
        return cls.model_validate({**same, "image": image, "skus": [sku.id for sku in product.skus]})


class ProductLines(View):
    """A page may be short, or empty, and still have a `next`."""

    items: list[ProductLine]
    next: str | None

    @classmethod
    def of(cls, found: Found) -> Self:
        return cls(items=[ProductLine.of(product) for product in found.products], next=found.next)


class CategoryView(View):
    id: str
    parent_id: str | None
    titles: Titles
    products: int
    version: int

    @classmethod
    def of(cls, category: Category) -> Self:
        return cls.model_validate(category.model_dump(include=set(cls.model_fields)))


class CategoryInTree(CategoryView):
    depth: int


class CategoryTreeView(View):
    """Parents before children, siblings in order."""

    items: list[CategoryInTree]

    @classmethod
    def of(cls, nodes: list[Node]) -> Self:
        fields = set(CategoryView.model_fields)
        return cls(
            items=[
                CategoryInTree.model_validate({**n.category.model_dump(include=fields), "depth": n.depth})
                for n in nodes
            ]
        )


class ChannelView(ChannelSettings, View):
    id: str
    version: int
    created_at: Timestamp

    @classmethod
    def of(cls, channel: Channel) -> Self:
        return cls.model_validate(channel.model_dump(exclude={"body_hash"}))


class ChannelList(View):
    items: list[ChannelView]
    next: str | None

    @classmethod
    def of(cls, page: tuple[list[Channel], str | None]) -> Self:
        return cls(items=[ChannelView.of(channel) for channel in page[0]], next=page[1])


class KeyView(View):
    """A key without its text."""

    id: str
    role: KeyRole
    channel: str
    name: str
    ips: list[str]
    stores: list[str]
    created_at: Timestamp
    revoked_at: Timestamp | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls.model_validate(key.model_dump(include=set(KeyView.model_fields)))


class KeyList(View):
    items: list[KeyView]
    next: str | None

    @classmethod
    def of(cls, page: tuple[list[ApiKey], str | None]) -> Self:
        return cls(items=[KeyView.of(key) for key in page[0]], next=page[1])


class NewKeyView(KeyView):
    key: Annotated[
        str | None,
        Field(repr=False, description="The key itself, this once: a repeated call answers null, since nobody keeps it"),
    ]

    @classmethod
    def made(cls, key: ApiKey, text: Secret | None) -> Self:
        return cls(**KeyView.of(key).model_dump(), key=text.reveal() if text else None)
