"""Orders of shops that run dujiao-next (`docs/suppliers/dujiao.md`): the same use cases as under our own contract,
asked for and answered in that protocol's words.

There a key comes before all else: what was ordered under it is answered as it stands, whatever else a repetition says.
"""

from pydantic import ValidationError

from checkout.supplying import cancel_supplied, stands, supply
from checkout.wiring import Supplying
from quanyi.accounts.declined import Declined
from quanyi.accounts.dujiao import DujiaoOrderBody, DujiaoOrderView, order_refused, order_told
from quanyi.accounts.messages import SupplyOrderBody, SupplyOrderView
from quanyi.accounts.model import Account
from quanyi.money import MAX_AMOUNT


class NoSuchOrder(Exception):
    """No order of this account has that number."""


class NotCancellable(Exception):
    """Some of it is delivered, being bought, or gone back already."""


class NotOrdered(Exception):
    """Nothing was ordered, and the key is as free as before. `code` is the protocol's word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def place_dujiao(supplying: Supplying, account: Account, body: DujiaoOrderBody) -> DujiaoOrderView:
    """Raises NotOrdered, Busy (nobody can tell yet)."""
    channel, key = account.channel, body.downstream_order_no
    code = supplying.accounts.numbers.named(channel, "sku", body.sku_id)
    known = supplying.accounts.supplied(channel, key)
    if code is None and known is None:
        raise NotOrdered("sku_unavailable")
    # Given before the order is placed: whoever hears of an order hears its number.
    number = supplying.accounts.numbers.give(channel, "order", [key])[key]
    try:
        if code is None:
            return _told(account, number, stands(supplying, account, key))
        return _told(account, number, supply(supplying, account, _ours(supplying, account, body, code), "dujiao"))
    except Declined as declined:
        if declined.code == "key_reused":
            return _told(account, number, stands(supplying, account, key))
        return order_refused(declined.code, number, account.currency)


def cancel_dujiao(supplying: Supplying, account: Account, number: int) -> DujiaoOrderView:
    """Gives back an order of which nothing is delivered and nothing being bought. Raises NoSuchOrder, NotCancellable,
    Busy."""
    key = supplying.accounts.numbers.named(account.channel, "order", number)
    if key is None or supplying.accounts.supplied(account.channel, key) is None:
        raise NoSuchOrder
    # In part it is not cancelled: this buyer would give all back to its own, and keep what it has paid for.
    if not _is_whole(supplying, account, key):
        raise NotCancellable
    view = cancel_supplied(supplying, account, key)
    if view.state != "failed":
        raise NotCancellable
    return _told(account, number, view)


def _is_whole(supplying: Supplying, account: Account, key: str) -> bool:
    supplied = supplying.accounts.supplied(account.channel, key)
    order = supplying.shop.orders.find([supplied.order]).get(supplied.order) if supplied else None
    return order is None or all(unit.state == "waiting" and not unit.purchase for unit in order.units)


def _told(account: Account, number: int, view: SupplyOrderView) -> DujiaoOrderView:
    return order_told(number, view, account.currency)


def _ours(supplying: Supplying, account: Account, body: DujiaoOrderBody, code: str) -> SupplyOrderBody:
    """The protocol takes no highest price along: the account is charged at the price of the moment. Raises
    NotOrdered."""
    if body.callback_url and not body.callback_url.startswith(("https://", "http://")):
        raise NotOrdered("invalid_callback_url")
    sku = supplying.shop.catalog.skus([code]).get(code)
    fields = frozenset(field.name for field in sku.topup.fields) if sku and sku.topup else frozenset[str]()
    try:
        return SupplyOrderBody.model_validate(
            {
                "key": body.downstream_order_no,
                "code": code,
                "quantity": body.quantity,
                "most": MAX_AMOUNT,
                "currency": account.currency,
                "account": body.form(fields),
                "notify_url": body.callback_url or None,
            }
        )
    except ValidationError:
        # Without the cause: what was filled in is somebody's.
        raise NotOrdered("bad_request") from None
