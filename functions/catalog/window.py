"""What a channel's shop shows: published, visible there, inside its on-sale window, at the channel's prices."""

from catalog.wiring import Desk
from quanyi.catalog.categories import Node
from quanyi.catalog.listing import Sort, words
from quanyi.catalog.listing_table import Found, Wanted, find
from quanyi.catalog.model import Sku, SkuId
from quanyi.catalog.product import Product
from quanyi.errors import NotFound


def shown_product(desk: Desk, channel: str, product_id: str) -> Product:
    """With only the SKUs on sale there now. Raises NotFound, also for what exists but isn't shown."""
    product = desk.products.product(product_id, consistent=False).sold_in(channel, desk.now())
    if product is None:
        raise NotFound("product")
    return product


def parts_of(desk: Desk, product: Product) -> dict[SkuId, Sku]:
    """The components of a product's bundles, whatever products they are of."""
    known = {sku.id: sku for sku in product.skus}
    missing = [part for part in product.parts if part not in known]
    return known | (desk.products.skus(missing, consistent=False) if missing else {})


def shown_products(
    desk: Desk, channel: str, category: str | None, q: str | None, sort: Sort, limit: int, cursor: str | None
) -> Found:
    """Raises NotFound (category), Invalid (too many words), Malformed (cursor)."""
    now = desk.now()
    inside = frozenset(desk.categories.tree(consistent=False).subtree_ids(category)) if category else None
    asked = Wanted(sort, limit, cursor, inside, tuple(words(q)), "published", channel)
    return find(desk.products, asked, lambda product: product.sold_in(channel, now))


def shown_categories(desk: Desk, root: str | None) -> list[Node]:
    """The subtree, parents before children. Raises NotFound."""
    return list(desk.categories.tree(consistent=False).walk(root))
