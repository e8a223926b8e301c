"""Products and SKUs on the Catalog table.

    PRODUCT#<id>  PRODUCT        the product, its SKUs' ids in order, `version`
    PRODUCT#<id>  LISTING#<sort> its listing rows (`catalog.listing`)
    SKU#<id>      SKU            one SKU, with its product's state, so that selling it takes one read

A product and its SKUs change in one transaction whose condition is the product's version; nothing else writes them.
Reading goes product first, SKUs after: what is read of them is then at least as new as the version, and a write
decided on a torn read fails its condition.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quanyi.catalog.categories import category_key
from quanyi.catalog.listing import SORTS, rows
from quanyi.catalog.model import Sku, SkuId
from quanyi.catalog.product import Product, check_bundles
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.table import ConditionFailed, Item, Key, Table, Write, to_wire

UNCHANGED = "version = :seen"
NEW = "attribute_not_exists(pk)"
PUBLISHED = "product_state = :published"


@dataclass(frozen=True)
class CatalogTable:
    """What checkout needs is `sku` and `skus`; the rest is the merchant's and the shop window's."""

    table: Table

    def sku(self, sku_id: SkuId) -> Sku:
        """Raises NotFound."""
        found = self.skus([sku_id])
        if sku_id not in found:
            raise NotFound("SKU")
        return found[sku_id]

    def skus(self, ids: Iterable[SkuId], *, consistent: bool = True) -> dict[SkuId, Sku]:
        """Those that exist: one GetItem for one id, one BatchGetItem for up to 100."""
        items = self._items([sku_key(sku_id) for sku_id in dict.fromkeys(ids)], consistent)
        return {item["id"]: _sku(item) for item in items}

    def product(self, product_id: str, *, consistent: bool = True) -> Product:
        """With its SKUs. Raises NotFound."""
        found = self.products([product_id], consistent=consistent)
        if product_id not in found:
            raise NotFound("product")
        return found[product_id]

    def products(self, ids: Iterable[str], *, consistent: bool = True) -> dict[str, Product]:
        """Those that exist, with their SKUs."""
        items = self._items([product_key(product_id) for product_id in dict.fromkeys(ids)], consistent)
        skus = self.skus((sku for item in items for sku in item["sku_ids"]), consistent=consistent)
        return {item["id"]: _product(item, skus) for item in items}

    def categories_of(self, products: Iterable[str]) -> dict[str, str]:
        """In which category each product that exists stands, as of lately; empty for those in none."""
        items = self._items([product_key(product_id) for product_id in dict.fromkeys(products)], consistent=False)
        return {item["id"]: item.get("category_id") or "" for item in items}

    def _items(self, keys: Sequence[Key], consistent: bool) -> list[Item]:
        if len(keys) == 1:
            item = self.table.get(keys[0], consistent=consistent)
            return [item] if item else []
        return self.table.get_many(keys, consistent=consistent)

    def create(self, product: Product) -> Product:
        """Writes a new draft. Answers what is kept under its id already, if something is (the caller compares
        `body_hash`). Raises Invalid (`category_unknown`, `bundle_parts`), Conflict (`sku_exists`)."""
        check_bundles(product, self.skus(product.parts))
        writes = [
            self.table.write_put(_product_item(product), condition=NEW),
            *(self.table.write_put(_sku_item(sku), condition=NEW) for sku in product.skus),
            *self._listed(None, product),
            *self._counted(None, product.category_id),
        ]
        try:
            self.table.together(writes)
        except ConditionFailed:
            if kept := self.products([product.id]).get(product.id):
                return kept
            self._explain(product, [sku.id for sku in product.skus])
        return product

    def change(self, old: Product, new: Product) -> Product:
        """Writes `new` if `old` is still what is kept. A change that was made already is answered as made.

        Raises Invalid (`category_unknown`, `bundle_parts`, `prepaid_rule`), Conflict (`stale_version`, `sku_exists`,
        `part_not_published`).
        """
        if new is old:
            return old
        check_bundles(new, self.skus(new.parts))
        before = {sku.id: sku for sku in old.skus}
        writes = [
            self.table.write_put(_product_item(new), condition=UNCHANGED, seen=old.version),
            *(
                self.table.write_put(_sku_item(sku), condition=None if sku.id in before else NEW)
                for sku in new.skus
                if sku != before.get(sku.id)
            ),
            *self._listed(old, new),
            *self._counted(old.category_id, new.category_id),
            *self._parts_published(old, new),
        ]
        try:
            self.table.together(writes)
        except ConditionFailed:
            kept = self.product(new.id)
            if kept.model_copy(update={"updated_at": new.updated_at}) == new:
                return kept
            if kept.version != old.version:
                raise Conflict(
                    "Someone else has changed it: read it again.", reason="stale_version", version=kept.version
                ) from None
            self._explain(new, [sku.id for sku in new.skus if sku.id not in before])
        return new

    def _listed(self, old: Product | None, new: Product) -> list[Write]:
        before, now = rows(old) if old else {}, rows(new)
        key = product_key(new.id)["pk"]
        writes = [
            self.table.write_put({"pk": key, "sk": f"LISTING#{sort}", **row})
            for sort, row in now.items()
            if row != before.get(sort)
        ]
        gone = [sort for sort in SORTS if sort in before and sort not in now]
        return writes + [self.table.write_delete({"pk": key, "sk": f"LISTING#{sort}"}) for sort in gone]

    def _counted(self, old: str | None, new: str | None) -> list[Write]:
        """A category counts its products, so that only an empty one can be deleted."""
        if old == new:
            return []
        steps = [(category, step) for category, step in ((old, -1), (new, 1)) if category]
        return [
            self.table.write_update(
                category_key(category), "ADD products :step", condition="attribute_exists(pk)", step=step
            )
            for category, step in steps
        ]

    def _parts_published(self, old: Product, new: Product) -> list[Write]:
        if new.state != "published" or (old.state == "published" and set(new.parts) <= set(old.parts)):
            return []
        own = {sku.id for sku in new.skus}
        return [
            Write(
                "ConditionCheck",
                {
                    "TableName": self.table.name,
                    "Key": to_wire(sku_key(part)),
                    "ConditionExpression": PUBLISHED,
                    "ExpressionAttributeValues": {":published": {"S": "published"}},
                },
            )
            for part in new.parts
            if part not in own
        ]

    def _explain(self, product: Product, new_skus: Sequence[SkuId]) -> None:
        """Tells why a transaction was refused, when it was not the version. Always raises."""
        if taken := sorted(self.skus(new_skus)):
            raise Conflict("These SKU ids are taken.", reason="sku_exists", skus=taken)
        if product.category_id and self.table.get(category_key(product.category_id)) is None:
            raise Invalid("No such category.", reason="category_unknown", category_id=product.category_id)
        parts = self.skus(product.parts).values()
        drafts = sorted(sku.id for sku in parts if sku.product_state != "published")
        raise Conflict("The components of a published bundle are published.", reason="part_not_published", skus=drafts)


def sku_key(sku_id: SkuId) -> Key:
    return {"pk": f"SKU#{sku_id}", "sk": "SKU"}


def product_key(product_id: str) -> Key:
    return {"pk": f"PRODUCT#{product_id}", "sk": "PRODUCT"}


def _sku_item(sku: Sku) -> Item:
    return {**sku_key(sku.id), **sku.model_dump(mode="json", exclude_none=True), "v": 1}


def _sku(item: Item) -> Sku:
    return Sku.model_validate({name: item[name] for name in Sku.model_fields if name in item})


def _product_item(product: Product) -> Item:
    kept = product.model_dump(mode="json", exclude_none=True, exclude={"skus"})
    return {**product_key(product.id), **kept, "sku_ids": [sku.id for sku in product.skus], "v": 1}


def _product(item: Item, skus: dict[SkuId, Sku]) -> Product:
    kept = {name: item[name] for name in Product.model_fields if name in item}
    return Product.model_validate(
        {**kept, "skus": [skus[sku_id].model_dump() for sku_id in item["sku_ids"] if sku_id in skus]}
    )
