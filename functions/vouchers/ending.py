"""Another end of vouchers that people have already: what the law on prepaid cards leaves of it.

Where a SKU is such a card, its validity was checked before anybody could buy it. A new end goes before all that its
terms say, so that it is checked likewise; one that is no earlier than the present one takes nothing from anybody.
"""

from datetime import datetime

from quanyi.catalog.prepaid import check_prepaid_end, last_delivery
from quanyi.vouchers.model import Series
from quanyi.vouchers.rules import valid_from, valid_until
from quanyi.vouchers.use import Voucher
from vouchers.wiring import Desk


def may_end(desk: Desk, series: Series, until: datetime) -> None:
    """All of a series, for its last buyer and whom it was handed out to last. Raises Invalid (`prepaid_rule`)."""
    present = series.valid_until
    sku = desk.catalog.skus([series.sku]).get(series.sku)
    if sku is None or (present and until >= present):
        return
    sold = last_delivery(sku)
    given = [run.at for run in desk.runs.of(series.id) if run.handed_out]
    check_prepaid_end(sku, until, last=max([sold, *given]) if sold else None, opens=series.valid_from)


def may_end_one(desk: Desk, voucher: Voucher, series: Series, until: datetime) -> None:
    """One voucher, for whoever has it. Raises Invalid (`prepaid_rule`)."""
    present = valid_until(voucher, series)
    sku = desk.catalog.skus([series.sku]).get(series.sku)
    if sku is None or (present and until >= present):
        return
    check_prepaid_end(sku, until, last=voucher.delivered_at, opens=valid_from(voucher, series))
