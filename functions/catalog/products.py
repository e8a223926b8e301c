"""What the merchant does with products: make, read, change, publish."""

from catalog.requests import NewProduct, ProductChange, SkuBody, SkuChange, WholeProduct
from catalog.wiring import Desk
from quanyi.catalog.listing import words
from quanyi.catalog.listing_table import Found, Wanted, find
from quanyi.catalog.model import ProductState, Sku, SkuTerms
from quanyi.catalog.product import Product, ProductTerms, in_state, new_product, revised, terms_of
from quanyi.errors import Conflict, Invalid
from quanyi.ids import derived_id
from quanyi.replay import body_hash, must_repeat
from quanyi.vouchers.acceptable import must_be_acceptable


def create_product(desk: Desk, by: str, key: str, body: NewProduct) -> Product:
    """A draft whose id comes from the Idempotency-Key, so that a repeated call finds it."""
    product_id = derived_id("P", "product", key)
    skus = [(_sku_id(product_id, 1, at, sku), sku.terms) for at, sku in enumerate(body.skus)]
    made = new_product(product_id, _terms(body), skus, desk.now(), body_hash(body=body))
    product = made.model_copy(update={"changed_by": by})
    _judgeable(product)
    # Looked up first: what this call named may be gone since the first one, and it still gets the first answer.
    kept = desk.products.products([product_id]).get(product_id) or desk.products.create(product)
    must_repeat(kept.body_hash, product.body_hash)
    return kept


def replace_product(desk: Desk, by: str, product_id: str, body: WholeProduct) -> Product:
    old = desk.products.product(product_id)
    skus = {_sku_id(product_id, body.version + 1, at, sku): sku.terms for at, sku in enumerate(body.skus)}
    if len(skus) != len(body.skus):
        raise Invalid("A SKU is listed twice.", reason="sku_twice")
    return _changed(desk, by, old, body.version, _terms(body), skus)


def change_product(desk: Desk, by: str, product_id: str, body: ProductChange) -> Product:
    old = desk.products.product(product_id)
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    return _changed(desk, by, old, body.version, ProductTerms.model_validate({**old.terms.model_dump(), **given}), None)


def change_sku(desk: Desk, by: str, sku_id: str, body: SkuChange) -> Sku:
    sku = desk.products.sku(sku_id)
    old = desk.products.product(sku.product_id)
    terms = SkuTerms.model_validate(body.model_dump(include=set(SkuTerms.model_fields)))
    kept = {sku.id: sku for sku in old.skus}
    skus = {other: terms if other == sku_id else terms_of(kept[other]) for other in kept}
    new = revised(old, desk.now(), skus=skus)
    _judgeable(new, old)
    if kept[sku_id].version != body.version:
        made = kept[sku_id].version == body.version + 1 and new is old
        if not made:
            raise _stale(kept[sku_id].version)
    return next(sku for sku in desk.on_sale.change(old, new, by).skus if sku.id == sku_id)


def set_state(desk: Desk, by: str, product_id: str, state: ProductState, tries: int = 5) -> Product:
    """Publishing, drafting and archiving mean the same whoever else is at it, so they are decided anew after a race."""
    for left in range(tries, 0, -1):
        old = desk.products.product(product_id)
        try:
            return desk.on_sale.change(old, in_state(old, state, desk.now()), by)
        except Conflict as conflict:
            if conflict.extra.get("reason") != "stale_version" or left == 1:
                raise
    raise AssertionError("unreachable")


def list_products(
    desk: Desk, state: ProductState | None, category: str | None, q: str | None, limit: int, cursor: str | None
) -> Found:
    """Newest first. Raises NotFound (category)."""
    inside = frozenset(desk.categories.tree().subtree_ids(category)) if category else None
    asked = Wanted("all", limit, cursor, inside, tuple(words(q)), state)
    return find(desk.products, asked, lambda product: product)


def _changed(
    desk: Desk, by: str, old: Product, version: int, terms: ProductTerms, skus: dict[str, SkuTerms] | None
) -> Product:
    if old.version == version:
        new = revised(old, desk.now(), terms=terms, skus=skus)
        _judgeable(new, old)
        return desk.on_sale.change(old, new, by)
    # The same change once more: it was made, and its caller only missed the answer.
    if old.version == version + 1 and revised(old, desk.now(), terms=terms, skus=skus) is old:
        return old
    raise _stale(old.version)


def _judgeable(new: Product, old: Product | None = None) -> None:
    """Voucher terms that are new can be judged by when they are used. Raises Invalid (`condition`)."""
    before = {sku.id: sku.voucher for sku in old.skus} if old else {}
    for sku in new.skus:
        if sku.voucher and sku.voucher != before.get(sku.id):
            must_be_acceptable(sku.voucher, sku=sku.id)


def _stale(version: int) -> Conflict:
    return Conflict("Someone else has changed it: read it again.", reason="stale_version", version=version)


def _terms(body: ProductTerms) -> ProductTerms:
    return ProductTerms.model_validate(body.model_dump(include=set(ProductTerms.model_fields)))


def _sku_id(product: str, version: int, at: int, sku: SkuBody) -> str:
    return sku.id or derived_id("S", product, str(version), str(at))
