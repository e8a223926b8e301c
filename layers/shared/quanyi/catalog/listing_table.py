"""Reading product lists: filtered by DynamoDB on the listing rows, then made sure of on the products themselves.

A page ends when it is full, when the list is at its end, or after a bounded number of requests: with a rare search
over many products it may then be short, or even empty, and still have a `next`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from quanyi.catalog.listing import INDEX, Sort, partition
from quanyi.catalog.model import ProductState
from quanyi.catalog.product import Product
from quanyi.catalog.table import CatalogTable
from quanyi.table import Item, decode_cursor, encode_cursor

MAX_REQUESTS = 6
"""Index requests a page, each of at most a megabyte or 4,000 rows: enough to search 10,000 products to their end."""
FIRST_ROWS, MOST_ROWS = 100, 4000
_CURSOR = ("pk", "sk", "listing_rank")
"""The rest of the index key follows from the sort, so no cursor can lead into another list."""


@dataclass(frozen=True)
class Wanted:
    """What a list asks for. `categories` None means any; `channel` None is the merchant, who sees everything."""

    sort: Sort | Literal["all"]
    limit: int
    cursor: str | None = None
    categories: frozenset[str] | None = None
    words: tuple[str, ...] = ()
    state: ProductState | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Found:
    products: list[Product]
    next: str | None


def find(catalog: CatalogTable, wanted: Wanted, shown: Callable[[Product], Product | None]) -> Found:
    """One page. `shown` answers what of a product the asker may see, None for nothing. Raises Malformed (cursor)."""
    start = decode_cursor(wanted.cursor, _CURSOR)
    if start:
        start["listing"] = partition(wanted.sort)[0]
    found: list[Product] = []
    for rows, last in _pages(catalog, wanted, start):
        at = 0
        while at < len(rows):
            part = rows[at : at + wanted.limit - len(found)]
            products = catalog.products((row["product_id"] for row in part), consistent=False)
            for row in part:
                at += 1
                product = products.get(row["product_id"])
                if product and _still(product, wanted) and (seen := shown(product)):
                    found.append(seen)
            if len(found) == wanted.limit:
                more = at < len(rows) or last is not None
                return Found(found, _cursor(rows[at - 1]) if more else None)
        start = last
    return Found(found, _cursor(start))


def _cursor(row: Item | None) -> str | None:
    return encode_cursor({name: row[name] for name in _CURSOR}) if row else None


def _pages(catalog: CatalogTable, wanted: Wanted, start: Item | None) -> Iterator[tuple[list[Item], Item | None]]:
    """Rows that pass the sieve, and where to go on; few rows at first, more when few pass."""
    hash_key, forward = partition(wanted.sort)
    sieve, values = _sieve(wanted)
    rare = bool(wanted.words or wanted.categories is not None or wanted.state)
    size = FIRST_ROWS if rare else wanted.limit + 1
    for _ in range(MAX_REQUESTS):
        page = catalog.table.query(
            "listing = :listing",
            index=INDEX,
            limit=size,
            start=start,
            forward=forward,
            filter=sieve or None,
            names={"state": "state"} if wanted.state else None,
            listing=hash_key,
            **values,
        )
        yield (
            [row for row in page.items if wanted.categories is None or row.get("category_id") in wanted.categories],
            (page.next),
        )
        start = page.next
        if start is None:
            return
        size = min(size * 6, MOST_ROWS)


def _sieve(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    tests: list[str] = []
    values: dict[str, Any] = {}
    for i, word in enumerate(wanted.words):
        tests.append(f"(contains(search_text, :w{i}) OR contains(sku_ids, :w{i}))")
        values[f"w{i}"] = word
    if wanted.categories is not None and len(wanted.categories) <= 100:  # as many as IN takes
        names = [f"c{i}" for i in range(len(wanted.categories))]
        tests.append(f"category_id IN ({', '.join(f':{name}' for name in names)})")
        values |= dict(zip(names, sorted(wanted.categories), strict=True))
    if wanted.state:
        tests.append("#state = :state")
        values["state"] = wanted.state
    if wanted.channel is not None:
        tests.append("(attribute_not_exists(only_in) OR contains(only_in, :channel))")
        tests.append("(attribute_not_exists(hidden_in) OR NOT contains(hidden_in, :channel))")
        values["channel"] = wanted.channel
    return " AND ".join(tests), values


def _still(product: Product, wanted: Wanted) -> bool:
    """The index may lag behind the product."""
    return (wanted.state is None or product.state == wanted.state) and (
        wanted.categories is None or product.category_id in wanted.categories
    )
