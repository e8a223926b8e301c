"""Finding vouchers: by the code that somebody reads out, by order, by series; and reading one with its uses."""

from collections.abc import Sequence

from quanyi.cards.model import Face
from quanyi.errors import Invalid, NotFound
from quanyi.secret import Secret
from quanyi.table import Item, decode_cursor, encode_cursor
from quanyi.vouchers.code import plain, well_formed
from quanyi.vouchers.issue import voucher_id
from quanyi.vouchers.model import Series
from quanyi.vouchers.use import is_voucher
from vouchers.views import FoundVouchers, VoucherPage, VoucherView, VoucherWithUses
from vouchers.wiring import Desk

_OF_SERIES = ("series", "card_id")


def find(desk: Desk, codes: Sequence[Secret]) -> FoundVouchers:
    texts = [plain(code.reveal()) for code in codes]
    ids = [voucher_id(desk.keyring, Face("code", Secret(text))) if well_formed(text) else "" for text in texts]
    views = _views(desk, [one for one in ids if one])
    return FoundVouchers(items=[views.get(one) for one in ids])


def of_order(desk: Desk, order_id: str) -> VoucherPage:
    """With those that were replaced, oldest first. Raises NotFound."""
    units = [unit for unit in desk.orders.get(order_id).units if unit.own]
    ids = [card for unit in units for card in (*(gone.card for gone in unit.replaced), unit.card) if card]
    views = _views(desk, ids)
    return VoucherPage(items=[views[one] for one in ids if one in views])


def of_series(desk: Desk, series_id: str, limit: int, cursor: str | None) -> VoucherPage:
    """In no order that means anything. Raises NotFound, Invalid (`foreign_cursor`)."""
    desk.series.get(series_id)
    start = decode_cursor(cursor, _OF_SERIES)
    if start and start["series"] != series_id:
        raise Invalid("The cursor is another series'.", reason="foreign_cursor")
    page = desk.cards.of_series(series_id, limit=limit, start=start)
    ids = [item["card_id"] for item in page.items]
    views = _views(desk, ids)
    return VoucherPage(items=[views[one] for one in ids if one in views], next=encode_cursor(page.next))


def voucher(desk: Desk, card_id: str) -> tuple[Item, Series]:
    """Its card's item, and its series. Raises NotFound."""
    item = desk.cards.get(card_id)
    if item is None or not is_voucher(item):
        raise NotFound("voucher")
    return item, desk.series.get(item["series"])


def with_uses(desk: Desk, card_id: str) -> VoucherWithUses:
    """Raises NotFound."""
    return VoucherWithUses.with_uses(*voucher(desk, card_id))


def _views(desk: Desk, ids: Sequence[str]) -> dict[str, VoucherView]:
    items = {one: item for one, item in desk.cards.get_many(ids).items() if is_voucher(item)}
    series = desk.series.named(item["series"] for item in items.values())
    return {one: VoucherView.of(item, series[item["series"]]) for one, item in items.items()}
