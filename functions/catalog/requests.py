"""What the merchant's console sends."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from quanyi.api_keys.model import Networks, Stores
from quanyi.callers import KeyRole
from quanyi.catalog.model import Language, LongText, SkuId, SkuTerms, Text, Titles
from quanyi.catalog.product import MAX_SKUS, CategoryId, Images, ProductTerms, SortOrder
from quanyi.channels.model import ChannelSettings, NewChannelId
from quanyi.http import Body

Id = Annotated[str, Path(max_length=64)]
Version = Annotated[int, Field(ge=1, strict=True, description="As last read: refused when it has changed since")]


class SkuBody(SkuTerms):
    id: Annotated[SkuId | None, Field(description="The merchant's own, or one is made")] = None

    @property
    def terms(self) -> SkuTerms:
        return SkuTerms.model_validate(self.model_dump(include=set(SkuTerms.model_fields)))


Skus = Annotated[tuple[SkuBody, ...], Field(max_length=MAX_SKUS)]


class NewProduct(ProductTerms):
    skus: Skus = ()


class WholeProduct(ProductTerms):
    """Replaces the product's terms and its SKUs' terms; new SKUs may be among them, none may be missing."""

    version: Version
    skus: Skus


class ProductChange(Body):
    """Only what is given changes."""

    version: Version
    category_id: CategoryId | None = None
    titles: Titles = Field(default_factory=dict)
    descriptions: dict[Language, LongText] = Field(default_factory=dict)
    images: Images = ()
    sort_order: SortOrder = 0


class SkuChange(SkuTerms):
    """Replaces the SKU's terms. `version` is the SKU's."""

    version: Version


class NewCategory(Body):
    titles: Titles
    parent_id: CategoryId | None = None
    before: Annotated[CategoryId | None, Field(description="A child of the same parent; None: last")] = None


class CategoryRename(Body):
    version: Version
    titles: Titles


class CategoryMove(Body):
    parent_id: Annotated[CategoryId | None, Field(description="None: to the top")]
    before: Annotated[CategoryId | None, Field(description="A child of that parent; None: last")] = None


class NewChannel(ChannelSettings):
    id: NewChannelId | None = None

    @property
    def settings(self) -> ChannelSettings:
        return ChannelSettings.model_validate(self.model_dump(include=set(ChannelSettings.model_fields)))


class ChannelChange(ChannelSettings):
    """Replaces the channel's settings."""

    version: Version

    @property
    def settings(self) -> ChannelSettings:
        return ChannelSettings.model_validate(self.model_dump(include=set(ChannelSettings.model_fields)))


class NewKey(Body):
    role: KeyRole
    name: Annotated[Text, Field(description="Whose it is; two of one role and name can work at once")] = "default"
    ips: Networks = ()
    stores: Stores = ()


class KeyChange(Body):
    ips: Networks
