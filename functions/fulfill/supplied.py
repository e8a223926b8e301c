"""How an order that another shop placed stands, with its cards. Telling them is a reveal like any other: the account is
the order's buyer."""

from fulfill.delivery_views import UnitView
from fulfill.reveal import reveal
from fulfill.wiring import Works
from quanyi.accounts.declined import Declined
from quanyi.accounts.dujiao import DujiaoOrderView, order_shown
from quanyi.accounts.messages import SupplyOrderView
from quanyi.accounts.model import Account
from quanyi.accounts.standing import standing
from quanyi.callers import Caller
from quanyi.errors import NotFound
from quanyi.orders.model import Order
from quanyi.supply.contract import CardView


def collected(works: Works, account: Account, key: str, ip: str) -> SupplyOrderView:
    """Every card that was delivered so far, in the order of the units. Raises Declined (`not_found`)."""
    supplied = works.accounts.supplied(account.channel, key)
    order = _order(works, supplied.order) if supplied else None
    view = standing(supplied, order) if supplied else None
    if supplied is None or view is None:
        raise Declined("not_found", key)
    if order is None or not order.paid_at or not any(unit.kind == "card" for unit in order.units):
        return view
    cards = _cards(works, account, order, ip) if any(unit.state == "delivered" for unit in order.units) else ()
    return standing(supplied, order, cards, shown=len(cards)) or view


def collected_by_number(works: Works, account: Account, number: int, ip: str) -> DujiaoOrderView:
    """The same in the words of dujiao-next's protocol, which knows an order by a number. Raises Declined
    (`not_found`)."""
    numbers, channel = works.accounts.numbers, account.channel
    key = numbers.named(channel, "order", number)
    supplied = works.accounts.supplied(channel, key) if key else None
    if supplied is None:
        raise Declined("not_found")
    view = collected(works, account, supplied.key, ip)
    order = _order(works, supplied.order)
    skus = {line.sku: numbers.find(channel, "sku", line.sku) or 0 for line in order.lines} if order else {}
    return order_shown(number, view, account.currency, order, skus)


def _order(works: Works, order_id: str) -> Order | None:
    try:
        return works.orders.get(order_id)
    except NotFound:
        return None


def _cards(works: Works, account: Account, order: Order, ip: str) -> tuple[CardView, ...]:
    """Of the units that are delivered by `order`, whatever was delivered since. What the shop has frozen is left
    out."""
    caller = Caller(role="storefront", key_id=f"account:{account.channel}", channel=account.channel, ip=ip)
    shown = {unit.unit: unit for line in reveal(works, caller, order.id).deliveries for unit in line.units}
    delivered = [shown[unit.id] for unit in order.units if unit.state == "delivered"]
    return tuple(_card(unit) for unit in delivered if unit.number is not None)


def _card(unit: UnitView) -> CardView:
    assert unit.number is not None
    return CardView(
        number=unit.number, pin=unit.pin, format=unit.format, expires_at=unit.expires_at or unit.valid_until
    )
