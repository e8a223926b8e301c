"""How products are found: small listing rows beside each product, one per way of sorting, in one index.

A row holds what a search filters on and nothing else (about 300 bytes), so that DynamoDB can filter them by the
thousand: 10,000 products are 3 MB, which a search that finds nothing reads in four requests. Search is by substring
over every language's titles, so it needs no word boundaries and serves Chinese as it does English; a SKU is also found
by its whole id.
What a row says is a first sieve; the product itself, read afterwards, decides what a channel may see.

Rows of a product (`sk`), and the index partition (`listing`) each stands in:

    LISTING#all      product#all      every product, newest first: for the merchant's console
    LISTING#rank     product#rank     published only, in the merchant's order, then newest first
    LISTING#newest   product#newest   published only, newest first
    LISTING#price    product#price    published only, by the lowest list price (no channel's, no tier), minor units
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from quanyi.catalog.product import Product
from quanyi.clock import NEVER
from quanyi.errors import Invalid

Sort = Literal["rank", "newest", "price", "-price"]

INDEX = "listing-index"
MAX_SEARCH_TEXT = 1000
MAX_WORDS = 5


def rows(product: Product) -> dict[str, dict[str, Any]]:
    """The product's listing rows by sort; those it must not have (any more) are absent."""
    ranks = {"all": _newest(product)}
    if product.state == "published":
        ranks["rank"] = f"{product.sort_order + 10**6:07d}#{_newest(product)}"
        ranks["newest"] = _newest(product)
        ranks["price"] = f"{min((sku.price for sku in product.skus), default=0):013d}#{_newest(product)}"
    said = {
        "product_id": product.id,
        "state": product.state,
        "category_id": product.category_id,
        "search_text": search_text(product),
        "sku_ids": [fold(sku.id) for sku in product.skus],
        **_channels(product),
        "v": 1,
    }
    return {sort: {"listing": f"product#{sort}", "listing_rank": rank, **said} for sort, rank in ranks.items()}


SORTS = ("all", "rank", "newest", "price")


def partition(sort: Sort | Literal["all"]) -> tuple[str, bool]:
    """The index partition to read for a sort, and whether forwards."""
    return f"product#{sort.removeprefix('-')}", not sort.startswith("-")


def fold(text: str) -> str:
    """One form for all that reads alike: full and half width, upper and lower case, runs of blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def search_text(product: Product) -> str:
    titles = [*product.titles.values(), *(title for sku in product.skus for title in sku.titles.values())]
    return "\n".join(dict.fromkeys(fold(title) for title in titles))[:MAX_SEARCH_TEXT]


def words(q: str | None) -> list[str]:
    """What every found product's text must contain. Raises Invalid for more words than are looked for."""
    found = fold(q or "").split()
    if len(found) > MAX_WORDS:
        raise Invalid(f"A search has at most {MAX_WORDS} words.", reason="too_many_words")
    return found


def _newest(product: Product) -> str:
    """Rises as creation goes back, so that the newest comes first; the id makes it unique."""
    return f"{_millis(NEVER) - _millis(product.created_at):015d}#{product.id}"


def _millis(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _channels(product: Product) -> Mapping[str, list[str]]:
    """`only_in`: the channels that show it, where they are listed; `hidden_in`: where no SKU of it is visible."""
    names = {name for sku in product.skus for name in sku.channels}
    visible = {n for n in names if any(n in s.channels and s.channels[n].visible for s in product.skus)}
    if product.skus and all(sku.only_listed_channels for sku in product.skus):
        return {"only_in": sorted(visible)}
    open_skus = [sku for sku in product.skus if not sku.only_listed_channels]
    hidden = {n for n in names - visible if all(n in sku.channels for sku in open_skus)}
    return {"hidden_in": sorted(hidden)} if hidden else {}
