"""What an account is offered, in the words of dujiao-next's Open API (`docs/suppliers/dujiao.md`).

A page of that protocol has a number, and the list a total: so all of a channel's products are read for each page, and
put in the order in which they were made, which new ones do not change.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from quanyi.accounts.dujiao import DujiaoAnswer, amount
from quanyi.accounts.model import Account
from quanyi.accounts.numbers import first_number
from quanyi.catalog.listing_table import Wanted, find
from quanyi.catalog.model import Sku
from quanyi.catalog.product import Product
from quanyi.clock import Timestamp
from quanyi.http import View
from supplying.offered import is_for, stock_of
from supplying.wiring import Counter

MOST = 50
READ_AT_ONCE = 100
CATEGORY = 1
"""Of every product: categories are not told."""
PLENTY = 20


class DujiaoSku(View):
    id: int
    sku_code: str
    spec_values: dict[str, str]
    price_amount: str
    stock_status: str
    stock_quantity: int
    is_active: bool = True


class DujiaoProduct(View):
    id: int
    slug: str
    title: dict[str, str]
    description: dict[str, str]
    images: tuple[str, ...]
    price_amount: str
    wholesale_prices: tuple[dict[str, Any], ...]
    fulfillment_type: str
    manual_form_schema: dict[str, Any] | None
    is_active: bool = True
    category_id: int = CATEGORY
    skus: tuple[DujiaoSku, ...]
    created_at: Timestamp
    updated_at: Timestamp


class DujiaoProductAnswer(DujiaoAnswer):
    product: DujiaoProduct | None = None


class DujiaoProductPage(DujiaoAnswer):
    """Without what is off sale."""

    items: tuple[DujiaoProduct, ...]
    total: int
    page: int
    page_size: int
    includes_inactive: bool = False


class DujiaoShop(DujiaoAnswer):
    """`balance` is what can be bought for."""

    site_name: str
    protocol_version: str = "1.0"
    user_id: Annotated[int, Field(description="The account's")]
    balance: str
    currency: str
    member_level: None = None


def ping(account: Account, site: str) -> DujiaoShop:
    return DujiaoShop(
        site_name=site,
        user_id=first_number(account.channel, "account", account.channel),
        balance=amount(max(0, account.left)),
        currency=account.currency,
    )


def products(counter: Counter, account: Account, page: int, size: int) -> DujiaoProductPage:
    size = min(size, MOST)
    found = sorted(_sold(counter, account), key=lambda one: (one.created_at, one.id))
    shown = _told(counter, account, found[(page - 1) * size : page * size])
    return DujiaoProductPage(items=shown, total=len(found), page=page, page_size=size)


def product(counter: Counter, account: Account, number: int) -> DujiaoProduct | None:
    """None: it is not sold, or there is none."""
    name = counter.accounts.numbers.named(account.channel, "product", number)
    found = counter.catalog.products([name]).get(name) if name else None
    sold = _for(counter, account, found) if found else None
    return _told(counter, account, [sold])[0] if sold else None


def _sold(counter: Counter, account: Account) -> Iterator[Product]:
    cursor = None
    while True:
        wanted = Wanted("newest", READ_AT_ONCE, cursor, state="published", channel=account.channel)
        found = find(counter.catalog, wanted, lambda one: _for(counter, account, one))
        yield from found.products
        cursor = found.next
        if cursor is None:
            return


def _for(counter: Counter, account: Account, product: Product) -> Product | None:
    """With the SKUs that the account may buy now."""
    sold = product.sold_in(account.channel, counter.now())
    skus = tuple(sku for sku in sold.skus if is_for(sku, account)) if sold else ()
    return product.model_copy(update={"skus": skus}) if skus else None


def _told(counter: Counter, account: Account, shown: Sequence[Product]) -> tuple[DujiaoProduct, ...]:
    skus = [sku for one in shown for sku in one.skus]
    numbers, stock = counter.accounts.numbers, stock_of(counter, account, skus)
    named = numbers.give(account.channel, "product", [one.id for one in shown])
    skus_named = numbers.give(account.channel, "sku", [sku.id for sku in skus])
    return tuple(_product(one, named[one.id], skus_named, account.channel, stock) for one in shown)


def _product(
    product: Product, number: int, skus: Mapping[str, int], channel: str, stock: Mapping[str, int | None]
) -> DujiaoProduct:
    form = _form(product.skus)
    return DujiaoProduct(
        id=number,
        slug=product.id,
        title=_texts(product.titles),
        description=_texts(product.descriptions),
        images=tuple(product.images),
        price_amount=amount(min(sku.unit_price(channel, 1) for sku in product.skus)),
        wholesale_prices=tuple(
            {"sku_id": skus[sku.id], "min_quantity": tier.from_quantity, "unit_price": amount(tier.price)}
            for sku in product.skus
            for tier in sku.tiers_in(channel)
        ),
        fulfillment_type="manual" if form else "auto",
        manual_form_schema=form,
        skus=tuple(_sku(sku, skus[sku.id], channel, stock[sku.id]) for sku in product.skus),
        created_at=product.created_at,
        updated_at=product.updated_at,
    )


def _sku(sku: Sku, number: int, channel: str, left: int | None) -> DujiaoSku:
    return DujiaoSku(
        id=number,
        sku_code=sku.id,
        spec_values=_texts(sku.titles),
        price_amount=amount(sku.unit_price(channel, 1)),
        stock_status=_stock_word(left),
        stock_quantity=-1 if left is None else left,
    )


def _form(skus: Sequence[Sku]) -> dict[str, Any] | None:
    """What a buyer fills in, of all SKUs of a product: the protocol has one form for them. Required is what every SKU
    asks for; whether it is all there is seen when it is ordered."""
    forms = [{field.name: field for field in sku.topup.fields} if sku.topup else {} for sku in skus]
    every = {name: field for form in forms for name, field in form.items()}
    fields = [
        {
            "key": name,
            "type": "text",
            "required": all(name in form and form[name].required for form in forms),
            "label": _texts(field.titles),
        }
        for name, field in every.items()
    ]
    return {"fields": fields} if fields else None


def _stock_word(left: int | None) -> str:
    if left is None:
        return "unlimited"
    return "in_stock" if left > PLENTY else "low_stock" if left else "out_of_stock"


def _texts(texts: Mapping[Any, str]) -> dict[str, str]:
    """By language, in the protocol's names of them."""
    return {"en-US" if language == "en" else str(language): text for language, text in texts.items()}
