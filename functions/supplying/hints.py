"""Telling another shop that one of its orders is over: a hint that holds its key alone. It asks, and believes only what
it hears then; so one that is lost, late or sent twice does no harm."""

from json import dumps, loads
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from quanyi.accounts.door import SECRET_NAME
from quanyi.accounts.model import Supplied
from quanyi.events.model import OrderFulfilled, OrderPartiallyRefunded, OrderRefunded
from quanyi.signed import signed
from quanyi.supply import dujiao
from quanyi.supply.contract import Hint, signed_path
from quanyi.supply.wire import NoReply
from supplying.wiring import Hints

Told = Literal["told", "nobody_asks", "untold"]

_OVER = (OrderFulfilled, OrderPartiallyRefunded, OrderRefunded)


def over(body: str) -> str | None:
    """The order, from an event that came by the bus; None for one of another kind."""
    message: dict[str, Any] = loads(body)
    kind = next((kind for kind in _OVER if kind.__name__ == message.get("detail-type")), None)
    return kind.model_validate(message["detail"]).order if kind else None


def hint(hints: Hints, order: str) -> Told:
    """Tells the account of an order that it is over, if it is an account's. `untold`: nobody took it. Raises Busy."""
    supplied = hints.accounts.of_order(order)
    account = hints.accounts.find(supplied.channel) if supplied and supplied.notify_url else None
    if supplied is None or account is None or not account.notify:
        return "nobody_asks"
    live = hints.secrets.read(account.channel)
    if not live or SECRET_NAME not in live[0]:
        return "nobody_asks"
    if supplied.speaks == "dujiao":
        body = _in_dujiao(hints, supplied)
        headers = dujiao.signed(account.channel, live[0][SECRET_NAME], hints.now(), "POST", dujiao.CALLED_AT, body)
    else:
        body = Hint(key=supplied.key).model_dump_json().encode()
        headers = signed(account.channel, live[0][SECRET_NAME], hints.now(), "POST", _path(supplied), body)
    try:
        reply = hints.send("POST", supplied.notify_url, {"Content-Type": "application/json", **headers}, body)
    except NoReply:
        return "untold"
    return "told" if 200 <= reply.status < 300 else "untold"


def _in_dujiao(hints: Hints, supplied: Supplied) -> bytes:
    """A dujiao-next shop believes what a callback says, and takes an order that is told as delivered without its cards
    for one without cards. Cards are told only to who asks; so this says that it goes on, and it asks."""
    told = {
        "event": "order.status_changed",
        "order_id": hints.accounts.numbers.find(supplied.channel, "order", supplied.key),
        "order_no": supplied.order,
        "downstream_order_no": supplied.key,
        "status": "fulfilling",
        "timestamp": int(hints.now().timestamp()),
    }
    return dumps(told).encode()


def _path(supplied: Supplied) -> str:
    where = urlsplit(supplied.notify_url)
    return signed_path(where.path, dict(parse_qsl(where.query, keep_blank_values=True)))
