"""A supplier's catalogue as it was synced, with the SKUs that its goods are offered as."""

from quanyi.catalog.listing import words
from quanyi.supply.table import goods_of
from quanyi.table import decode_cursor, encode_cursor
from suppliers.messages import GoodsList, GoodsView
from suppliers.wiring import Room

MOST_REQUESTS = 6
READ_AT_ONCE = 500
_CURSOR = ("pk", "sk")


def list_goods(
    room: Room, supplier: str, q: str | None, offered: bool | None, limit: int, cursor: str | None
) -> GoodsList:
    """By code. Raises NotFound, Invalid (too many words), Malformed (cursor)."""
    room.suppliers.get(supplier)
    start = decode_cursor(cursor, _CURSOR)
    if start:
        start["pk"] = f"GOODS#{supplier}"  # no cursor leads into another's
    skus: dict[str, list[str]] = {}
    for offer in room.offers.every_of_supplier(supplier):
        skus.setdefault(offer.code, []).append(offer.sku)
    wanted = words(q)
    found: list[GoodsView] = []
    size = READ_AT_ONCE if wanted or offered is not None else limit
    for _ in range(MOST_REQUESTS):
        page = room.goods.page(supplier, words=wanted, limit=size, start=start)
        for item in page.items:
            mine = skus.get(item["code"], [])
            if offered in (None, bool(mine)):
                found.append(GoodsView.of(goods_of(item), mine))
            start = {name: item[name] for name in _CURSOR}
            if len(found) == limit:
                return GoodsList(items=found, next=encode_cursor(start))
        start = page.next
        if start is None:
            return GoodsList(items=found, next=None)
    return GoodsList(items=found, next=encode_cursor(start))
