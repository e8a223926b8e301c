"""What an operator does to one voucher. The audit trail follows from the card table's stream."""

from quanyi.audit.model import Entry, card_subject
from quanyi.callers import Caller
from quanyi.errors import Conflict, NotFound
from quanyi.ids import new_id
from quanyi.table import Item
from quanyi.vouchers.model import Series
from quanyi.vouchers.qr import static_text
from quanyi.vouchers.use import Voucher
from vouchers.drawing import svg_of
from vouchers.ending import may_end_one
from vouchers.exporting import is_sold
from vouchers.finding import voucher
from vouchers.requests import Action, Change
from vouchers.series import must_fit
from vouchers.views import QrView
from vouchers.wiring import Desk


def change_voucher(desk: Desk, caller: Caller, card_id: str, action: Action, body: Change) -> tuple[Item, Series]:
    """One that was handed out or sold; what is in stock is changed as any card. The same again answers it as it is.
    Raises NotFound, Conflict, Invalid (`until`, `prepaid_rule`)."""
    must_fit(action, body)
    item, series = voucher(desk, card_id)
    if body.until:
        may_end_one(desk, Voucher.from_item(item), series, body.until)
    who = {"by": caller.name, "reason": body.reason}
    try:
        match action:
            case "extend":
                return desk.vouchers.extend(card_id, body.until, **who), series
            case "freeze":
                return desk.vouchers.freeze(card_id, **who), series
            case "unfreeze":
                item = desk.vouchers.unfreeze(card_id, **who)
                desk.guesses.forget(desk.keyring, card_id, desk.now())
                return item, series
            case "cancel":
                return desk.vouchers.cancel(card_id, **who), series
    except Conflict:
        item, series = voucher(desk, card_id)
        mine = {"changed_by": caller.name, "reason": body.reason}.items() <= item.items()
        if action != "cancel" or item["state"] != "voided" or not mine:
            raise
        return item, series


def qr_of(desk: Desk, caller: Caller, series_id: str, card_id: str) -> QrView:
    """The static QR code of a voucher that was not sold, for print: as good as its code, so that it is on the audit
    trail before it is answered. Raises NotFound, Conflict (`sold`, `way`)."""
    item, series = voucher(desk, card_id)
    if series.id != series_id:
        raise NotFound("voucher")
    if is_sold(item):
        raise Conflict("It was sold: its QR code is its buyer's.", reason="sold", state=item["state"])
    if "static_qr" not in series.terms.ways:
        raise Conflict("Vouchers of this series have no lasting QR code.", reason="way", state=item["state"])
    facts = [{"what": "QrCodeShown"}]
    desk.audit.put([Entry(card_subject(card_id), desk.now(), new_id("", desk.draw), caller.name, facts)])
    text = static_text(desk.keyring, card_id)
    return QrView(text=text, svg=svg_of(text))
