"""A shop that has sold for a month: many orders in its table, as its own code writes them."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bench.local_stack import LocalShop, at_once, expect
from quanyi.orders.model import Order, OrderState
from quanyi.orders.table import OrdersTable, to_item
from quanyi.table import Table

DAYS = 30
CHANNELS = {"site": 0.9, "app": 0.099, "fair": 0.001}
STATES: dict[OrderState, float] = {"fulfilled": 0.93, "expired": 0.05, "refunded": 0.0199, "cancelled": 0.0001}
HELD = (0.31, 0.64, 0.97)
"""How far back, of all that time, an order is held: three in all."""
BUYER = "keeps-coming@example.com"
COMES_AGAIN = 40
A_CALL = 1_000


def bought(shop: LocalShop) -> Order:
    """A real one, whole, to make the others like it."""
    shop.stock(1)
    body: dict[str, Any] = {"lines": [{"sku": "video-gold-month", "quantity": 1}], "contact": {"email": BUYER}}
    placed = expect(shop.client.call("POST", "/v1/orders", body, credential=shop.key, key="like"))["id"]
    shop.pay(placed)
    shop.await_state(placed, "fulfilled")
    return _orders(shop).get(placed)


def lay(shop: LocalShop, like: Order, count: int) -> None:
    """Writes that many. Nobody is told of them: what hears of orders is not what is looked at here."""
    kept = _orders(shop)
    shop.stack.client("dynamodb").update_table(TableName=kept.table.name, StreamSpecification={"StreamEnabled": False})
    made = list(several(like, count, Random(7)))
    parts = [made[start : start + A_CALL] for start in range(0, count, A_CALL)]
    at_once(2, lambda part: kept.table.put_many([to_item(order, kept.zone) for order in part]), parts)


def several(like: Order, count: int, draw: Random) -> Iterator[Order]:
    """Newest first, as many an hour all the time."""
    held = {int(count * place) for place in HELD}
    again = {int(count * (number + 0.5) / COMES_AGAIN) for number in range(COMES_AGAIN)}
    step = timedelta(days=DAYS) / (count + 1)
    for number in range(count):
        at = like.created_at - number * step - timedelta(seconds=1)
        yield _one(like, number, at, draw, held=number in held, same_buyer=number in again)


def _one(like: Order, number: int, at: datetime, draw: Random, *, held: bool, same_buyer: bool) -> Order:
    [state] = draw.choices([*STATES], weights=[*STATES.values()])
    [channel] = draw.choices([*CHANNELS], weights=[*CHANNELS.values()])
    changed: dict[str, Any] = {
        "id": f"O{number:020d}",
        "state": "on_hold" if held else state,
        "channel": channel,
        "created_at": at,
        "paid_at": at,
        "settled_at": None if held else at,
        "email": like.email if same_buyer else urlsafe_b64encode(draw.randbytes(32)).decode().rstrip("="),
    }
    return like.model_copy(update=changed)


def _orders(shop: LocalShop) -> OrdersTable:
    table = Table(shop.stack.physical_id("OrdersTable"), shop.stack.client("dynamodb"))
    return OrdersTable(table, "Asia/Shanghai")
