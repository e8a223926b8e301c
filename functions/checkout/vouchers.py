"""Vouchers that are made when they are sold need no stock, but a series: what their buyer was offered is written down
before anybody can pay for it, and holds whatever the merchant changes later."""

from datetime import datetime

from checkout.wiring import Shop
from quanyi.errors import NotFound
from quanyi.orders.model import Unit
from quanyi.vouchers.model import Series, series_id_of


def sellable(shop: Shop, unit: Unit, now: datetime) -> bool:
    """Whether a voucher of the unit's series can be made and will be good for something. The series is made on first
    need."""
    series = _series(shop, unit, now)
    return series is not None and series.standing(now) == "open"


def _series(shop: Shop, unit: Unit, now: datetime) -> Series | None:
    """None where the SKU's terms changed while it was being ordered: the same call again is priced anew."""
    try:
        return shop.series.get(unit.series)
    except NotFound:
        sku = shop.catalog.sku(unit.sku)
    if sku.voucher is None or series_id_of(sku.id, sku.voucher) != unit.series:
        return None
    made = Series(id=unit.series, sku=sku.id, title=sku.title(), terms=sku.voucher, created_at=now)
    return shop.series.make(made)
