"""How many AWS calls a payment provider waits for: from its notification to the acknowledgement."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.calls import order_body
from bench.emulated import EmulatedShop, emulated_shop, forget
from bench.meter import Made, by_name, units
from bench.report import Figure, table
from checkout import notify, orders
from quanyi.callers import Caller
from tools.demo_providers import NAMES, set_up
from tools.local.providers.together import Providers
from treasury import admin

MOST = 5
ORDERS = 10
OPERATOR = Caller(role="operator", key_id="K2", channel="")

Sent = tuple[Mapping[str, str], bytes]


@dataclass(frozen=True)
class Treasury:
    """The routes that set a provider up, behind `tools.shop_client.ShopApi`."""

    shop: EmulatedShop

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        headers = {"Idempotency_Key": key} if key else {}
        if method == "PUT":
            return self.shop.put(admin.handler, path, body, OPERATOR, **headers)
        if method == "POST":
            return self.shop.post(admin.handler, path, body, OPERATOR, **headers)
        return self.shop.get(admin.handler, path, OPERATOR)

    def upload(self, url: str, fields: dict[str, str], content: bytes) -> None:
        raise NotImplementedError


def measure() -> Figure:
    servers = Providers().start()
    try:
        with emulated_shop() as shop:
            shop.stock(len(NAMES) * (ORDERS + 3))
            told = servers.told()
            for name in NAMES:
                set_up(Treasury(shop), name, told[name]["access"])
            forget()  # what the treasury knows, checkout does not
            warm = {name: _warm(shop, servers, name) for name in NAMES}
            cold = {name: _cold(shop, servers, name) for name in NAMES}
    finally:
        servers.stop()
    most = max(len(calls) for name in NAMES for calls in warm[name])
    most_cold = max(len(calls) for calls in cold.values())
    rows = [
        row
        for name in NAMES
        for row in (_row(f"{name}, warm", max(warm[name], key=len)), _row(f"{name}, first", cold[name]))
    ]
    return Figure(
        name="notifying",
        title="AWS calls from a real provider's notification to its acknowledgement (warm; the first of a process)",
        aim=f"≤ {MOST}",
        seen=f"{most}; {most_cold}",
        reached=most <= MOST,
        how=(
            f"Notifications of the local Alipay, WeChat Pay and Stripe about {ORDERS} orders each, through the real "
            "handler on moto in this process, counted by boto3's events up to the answer, which every provider takes "
            "for a yes; the most of any order is told. The first of a process also reads the provider's settings (kept "
            "for 30 s) and both live versions of its credentials (kept for five minutes): everything that a process "
            "builds once was forgotten before it. No provider is asked anything meanwhile."
        ),
        body=table(["notification", "calls", "read units", "write units", "of which"], rows),
    )


def _row(name: str, made: list[Made]) -> list[object]:
    reads, writes = units(made)
    return [name, len(made), float(reads), writes, "; ".join(f"{n} × {call}" for call, n in by_name(made).items())]


def _warm(shop: EmulatedShop, servers: Providers, name: str) -> list[list[Made]]:
    _told(shop, name, _paid(shop, servers, name))
    return [_told(shop, name, _paid(shop, servers, name)) for _ in range(ORDERS)]


def _cold(shop: EmulatedShop, servers: Providers, name: str) -> list[Made]:
    notification = _paid(shop, servers, name)
    forget()
    return _told(shop, name, notification)


def _told(shop: EmulatedShop, name: str, notification: Sent) -> list[Made]:
    headers, body = notification
    with shop.meter.counting() as made:
        answer = shop.raw(notify.handler, f"/v1/payments/{name}/notify", dict(headers), body)
    assert answer in ("success", '{"code": "SUCCESS", "message": "OK"}', '{"received": true}'), answer
    return made


def _paid(shop: EmulatedShop, servers: Providers, name: str) -> Sent:
    """An order that was paid at the provider; what the provider says about it."""
    path = f"/v1/orders/{shop.post(orders.handler, '/v1/orders', order_body(), Idempotency_Key=_number())['id']}"
    how = {"provider": name, "method": "qr" if name == "alipay" else ""}
    payment: str = shop.post(orders.handler, f"{path}/payments", how, Idempotency_Key=_number())["id"]
    if name == "alipay":
        servers.alipay.pay(payment)
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return form, servers.alipay.notification(payment)
    if name == "wechat":
        servers.wechat.pay(payment)
        return servers.wechat.notice(payment)
    servers.stripe.pay(payment)
    (event,) = (it for it in servers.stripe.events(payment) if it["type"] == "payment_intent.succeeded")
    return servers.stripe.signed(event)


def _number() -> str:
    return secrets.token_hex(8)
