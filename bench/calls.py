"""How many AWS calls an order takes, and how many states its workflow passes."""

import secrets
import statistics
from typing import Any

from bench.emulated import EmulatedShop, emulated_shop
from bench.goods import SKU
from bench.local_stack import local_shop
from bench.meter import Made, by_name, units
from bench.report import Figure, table
from checkout import notify, orders
from checkout.wiring import sandbox, shop
from fulfill import deliveries, tasks

PLACE, FULFIL, STATES = 7 + 2, 12, 5
"""Seven calls to place an order, and two for its risk decision."""
ORDERS = 30


def measure() -> Figure:
    with emulated_shop() as emulated:
        emulated.stock(500)
        Journey(emulated).whole()  # keys and clients are made by the first order of a process
        made = [Journey(emulated, listed_pools=i % 2 == 0).whole() for i in range(ORDERS)]
    placing = [len(order.place) for order in made]
    paid = [len(order.notify) + len(order.fulfil) for order in made]
    states = states_of_an_order()
    body = table(
        ["step", "calls", "read units", "write units", "of which"],
        [_row(name, getattr(made[0], name)) for name in ("place", "pay", "notify", "fulfil", "reveal")],
    )
    seen = f"{max(placing)}; {max(paid)} and {len(states)} states"
    return Figure(
        name="calls",
        title="AWS calls to place an order of 1 card (warm); from notification to fulfilled",
        aim=f"≤ {PLACE}; ≤ {FULFIL} and ≤ {STATES} states",
        seen=seen,
        reached=max(placing) <= PLACE and max(paid) <= FULFIL and len(states) <= STATES,
        how=(
            f"Calls: {ORDERS} orders through the real handlers on moto in this process, counted by "
            f"boto3's events; every "
            "second one with the list of open pools read anew (a process keeps it for 5 s). The most of any order is "
            "told. Units follow from the items by DynamoDB's rules, index writes included. States: one order on the "
            "local stack, from the execution's own history. Not counted here: the authorizer (2 "
            "calls, kept for 60 s by "
            "the gateway) and what follows from the streams (see `cost`)."
        ),
        body=f"{body}\n\nPlacing: {min(placing)}-{max(placing)} calls, median {statistics.median(placing):g}. "
        f"States entered: {', '.join(states)}.",
    )


def _row(name: str, made: list[Made]) -> list[object]:
    reads, writes = units(made)
    return [name, len(made), float(reads), writes, "; ".join(f"{n} × {call}" for call, n in by_name(made).items())]


class Journey:
    """One order of one card, step by step; each step keeps the calls it made."""

    def __init__(self, shop: EmulatedShop, *, listed_pools: bool = False) -> None:
        self.shop = shop
        self.listed_pools = listed_pools
        self.place: list[Made] = []
        self.pay: list[Made] = []
        self.notify: list[Made] = []
        self.fulfil: list[Made] = []
        self.reveal: list[Made] = []

    def whole(self) -> "Journey":
        if not self.listed_pools:
            shop().pools._cache.clear()  # pyright: ignore[reportPrivateUsage]
        it, meter = self.shop, self.shop.meter
        with meter.counting() as self.place:
            placed = it.post(orders.handler, "/v1/orders", order_body(), Idempotency_Key=secrets.token_hex(8))
        path = f"/v1/orders/{placed['id']}"
        with meter.counting() as pay:
            payment = it.post(orders.handler, f"{path}/payments", {"provider": "sandbox"}, Idempotency_Key="p")
        self.pay = pay
        item = sandbox().play(payment["id"], "paid", secrets.token_bytes)
        headers, body = sandbox().notification(payment["id"], item, shop().now())
        with meter.counting() as self.notify:
            it.raw(notify.handler, "/v1/payments/sandbox/notify", headers, body)
        with meter.counting() as self.fulfil:
            event = {"v": 1, "task": "fulfil", "order": placed["id"], "attempt": 1}
            answer: dict[str, Any] = tasks.handler(event, None)
        assert answer["outcome"] == "done", answer
        with meter.counting() as self.reveal:
            shown = it.get(deliveries.handler, f"{path}/deliveries")
        assert shown["deliveries"][0]["units"][0]["number"], "nothing was delivered"
        return self


def order_body() -> dict[str, Any]:
    member = f"u{secrets.randbelow(10**9):09d}"
    return {"lines": [{"sku": SKU["id"], "quantity": 1}], "member": member}


def states_of_an_order() -> list[str]:
    """Names of the states that one order's execution entered on the local stack."""
    with local_shop() as local:
        local.stock(2)
        return local.states(local.buy())
