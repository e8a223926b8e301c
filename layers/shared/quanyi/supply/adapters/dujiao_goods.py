"""A dujiao-next shop's goods: products with SKUs, and how each is called here."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from quanyi.supply.adapters.replies import minor_units, objects, text, whole
from quanyi.supply.port import Goods

_LONGEST_NUMBER = 20
_TONGUES = ("zh-CN", "zh-TW", "en-US", "en")


def code_of(product: int, sku: int) -> str:
    """`12-345`."""
    return f"{product}-{sku}"


def is_number(text: str) -> bool:
    """Whether it is a number as a shop gives out."""
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER


def parts_of(code: str) -> tuple[int, int] | None:
    """Product and SKU; None: no code of a shop's goods."""
    product, _, sku = code.partition("-")
    return (int(product), int(sku)) if is_number(product) and is_number(sku) else None


def goods_of(product: Mapping[str, Any], currency: str) -> Iterator[Goods]:
    """One for each SKU. Raises Unclear."""
    form = _form(product)
    for sku in objects(product.get("skus") or []):
        yield Goods(
            code=code_of(whole(product, "id"), whole(sku, "id")),
            title=_title(product, sku),
            kind="topup" if form else "card",
            cost=minor_units(sku.get("price_amount")),
            currency=currency,
            stock=_stock(sku),
            on_sale=product.get("is_active") is True and sku.get("is_active") is True,
            fields=form,
        )


def sku_of(product: Mapping[str, Any] | None, sku: int) -> Mapping[str, Any] | None:
    """None: it is not for sale. Raises Unclear."""
    if product is None or product.get("is_active") is not True:
        return None
    found = (one for one in objects(product.get("skus") or []) if one.get("id") == sku)
    return next((one for one in found if one.get("is_active") is True), None)


def stock_of(products: Mapping[int, Mapping[str, Any] | None], parts: tuple[int, int]) -> int | None:
    """Raises Unclear."""
    product, sku = parts
    one = sku_of(products[product], sku)
    return 0 if one is None else _stock(one)


def _stock(sku: Mapping[str, Any]) -> int | None:
    """A shop's -1 is without end. Raises Unclear."""
    left = whole(sku, "stock_quantity")
    return None if left < 0 else left


def _form(product: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the fields that a buyer fills in. Raises Unclear."""
    schema = product.get("manual_form_schema")
    if not isinstance(schema, dict):
        return ()
    found = cast("Mapping[str, Any]", schema).get("fields")
    return tuple(text(one, "key") for one in objects(found or []))


def _title(product: Mapping[str, Any], sku: Mapping[str, Any]) -> str:
    specs = sku.get("spec_values")
    values = cast("Mapping[str, Any]", specs).values() if isinstance(specs, dict) else ()
    parts = [_in_chinese(product.get("title")), *(_in_chinese(value) for value in values)]
    return " ".join(part for part in parts if part)


def _in_chinese(texts: object) -> str:
    """A text, or the best of several languages'."""
    if isinstance(texts, str):
        return texts
    if not isinstance(texts, dict):
        return ""
    by_tongue = cast("Mapping[str, object]", texts)
    found = (by_tongue.get(tongue) for tongue in (*_TONGUES, *by_tongue))
    return next((one for one in found if isinstance(one, str) and one), "")
