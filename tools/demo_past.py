"""What the demo shop sold before it existed: exports of two other platforms, and what was spent on their channels.

So that reports have something to say on the first day. Buyers, orders and amounts are invented, the same ones whenever
it is asked on the same day: a shop that grows, whose weekends are better than its weeks, whose video months are bought
again, and whose mini program costs more to advertise than it earns.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from quanyi.clock import day as day_of
from tools.demo_shop import PRODUCTS
from tools.shop_client import ShopApi

ZONE = "Asia/Shanghai"
SHOWN = ("insights", "channels", "customers")
DAYS = 112
"""Sixteen weeks: a weekday has enough of its own kind to be compared with."""
WEEKDAYS = (1.0, 0.95, 0.95, 1.0, 1.2, 1.6, 1.5)
A_DAY = 7.0
"""New orders on an ordinary Monday at the end, beside what is bought again."""
AGAIN = {"iqiyi-gold-month": 0.6, "youku-vip-month": 0.35, "qq-music-month": 0.3}
"""How many of a month's buyers buy the next one."""
TOGETHER = ("mango-tv-month", "luckin-latte")
BOTH = 0.7
"""Of those who want one of them in the mini program, where an order has several lines."""
REFUNDED = 0.03
WANTED: Mapping[str, int] = {
    "iqiyi-gold-month": 30,
    "youku-vip-month": 16,
    "qq-music-month": 12,
    "luckin-latte": 14,
    "mango-tv-month": 8,
    "steam-cny-100": 7,
    "apple-cny-100": 6,
    "iqiyi-gold-year": 3,
    "jd-ecard-100": 4,
}
"""Of a hundred orders."""
SPENT = {"taobao": 3_000, "mini-program": 30_000}
"""A day, by channel, in fen."""

_SKUS = {sku["id"]: sku for product in PRODUCTS for sku in product.skus}
_MINI = (
    "订单号",
    "子订单号",
    "下单时间",
    "支付时间",
    "商家编码",
    "数量",
    "实付金额",
    "手机",
    "状态",
    "退款",
    "退款时间",
)
_MINI_FIELDS = (
    *("order", "line", "created_at", "paid_at", "sku", "quantity", "amount", "phone", "status"),
    *("refund", "refunded_at"),
)


@dataclass(frozen=True)
class Sale:
    """An order of one unit of each of its SKUs."""

    number: str
    paid_at: datetime
    channel: str
    phone: str
    skus: tuple[str, ...]
    refunded: bool


_Wish = tuple[str, str, tuple[str, ...]]
"""Channel, phone and SKUs of a sale to be."""


def bring(shop: ShopApi, today: date) -> None:
    """Uploads both exports and tells what was spent. The shop reads them by itself; again, it finds all of it known.
    Raises Refused."""
    sold = list(sales(today))
    taobao = shop.call("GET", "/v1/admin/past-orders/presets")["presets"]["taobao"]
    titles = {_title(sku): sku for sku in WANTED}
    _import(shop, "taobao-shop", {**taobao, "name": "淘宝店", "channel": "taobao", "skus": titles}, taobao_file(sold))
    _import(shop, "old-mini-program", mini_settings(), mini_file(sold))
    entries = [
        {"day": f"{today - timedelta(days=back)}", "channel": channel, "amount": amount, "currency": "CNY"}
        for back in range(1, DAYS + 1)
        for channel, amount in SPENT.items()
    ]
    shop.call("PUT", "/v1/admin/channel-spend", {"entries": entries})


def shop_day(now: datetime) -> date:
    return date.fromisoformat(day_of(now, ZONE))


def report_lines(stack: dict[str, Any]) -> list[str]:
    """Lines for bash: the night's work now, and some of what it found."""
    look = f'curl -s -H "Authorization: Bearer {stack["keys"]["analyst"]}" {stack["api_url"]}/v1/reports'
    return ["make nightly", *(f"{look}/{name}; echo" for name in SHOWN)]


def sales(today: date) -> Iterator[Sale]:
    """Of all days before `today`, the earliest first."""
    draw, buyers = Random(20261127), 0  # noqa: S311 - a demo's
    again: dict[date, list[_Wish]] = {}
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        new = round(A_DAY * WEEKDAYS[day.weekday()] * (1 - back / DAYS / 2) * draw.uniform(0.8, 1.2))
        wishes = [*again.pop(day, []), *(_wish(draw, f"199{buyers + n:08}") for n in range(1, new + 1))]
        buyers += new
        for at, wish in enumerate(wishes):
            paid_at = datetime.combine(day, time(hour=draw.randrange(9, 24), minute=draw.randrange(60)))
            sale = Sale(f"{day:%Y%m%d}{at:04}", paid_at, *wish, refunded=draw.random() < REFUNDED)
            yield sale
            for sku in () if sale.refunded else sale.skus:
                if draw.random() < AGAIN.get(sku, 0.05):
                    later = day + timedelta(days=draw.randint(27, 33))
                    again.setdefault(later, []).append((wish[0], wish[1], (sku,)))


def _wish(draw: Random, phone: str) -> _Wish:
    channel = draw.choices(("taobao", "mini-program"), (60, 40))[0]
    sku = draw.choices([*WANTED], [*WANTED.values()])[0]
    both = channel == "mini-program" and sku in TOGETHER and draw.random() < BOTH
    return channel, phone, TOGETHER if both else (sku,)


def taobao_file(sold: Sequence[Sale]) -> bytes:
    """As its seller centre writes it: one row an order, names masked, in GB18030."""
    header = (
        *("订单编号", "买家会员名", "买家实际支付金额", "订单状态", "订单创建时间", "订单付款时间", "宝贝标题"),
        *("联系手机", "宝贝总数量", "退款金额"),
    )
    rows = [
        (
            sale.number,
            "t***1",
            _yuan(sale.skus),
            "交易成功",
            f"{sale.paid_at - timedelta(minutes=2)}",
            f"{sale.paid_at}",
            _title(sale.skus[0]),
            sale.phone,
            1,
            _yuan(sale.skus) if sale.refunded else "0.00",
        )
        for sale in sold
        if sale.channel == "taobao"
    ]
    return _csv(header, rows).encode("gb18030")


def mini_settings() -> dict[str, Any]:
    """A source of the merchant's own: a row for each line, and the moment at which money went back."""
    return {
        "name": "旧小程序",
        "channel": "mini-program",
        "columns": dict(zip(_MINI_FIELDS, _MINI, strict=True)),
        "statuses": {"paid": ["已完成"]},
    }


def mini_file(sold: Sequence[Sale]) -> bytes:
    rows = [
        (
            sale.number,
            f"{sale.number}-{at}",
            f"{sale.paid_at - timedelta(minutes=1)}",
            f"{sale.paid_at}",
            sku,
            1,
            _yuan([sku]),
            sale.phone,
            "已完成",
            _yuan([sku]) if sale.refunded else "",
            f"{sale.paid_at + timedelta(minutes=40)}" if sale.refunded else "",
        )
        for sale in sold
        if sale.channel == "mini-program"
        for at, sku in enumerate(sale.skus, 1)
    ]
    return _csv(_MINI, rows).encode()


def _import(shop: ShopApi, source: str, settings: Mapping[str, Any], content: bytes) -> None:
    shop.call("PUT", f"/v1/admin/past-orders/sources/{source}", dict(settings))
    made = shop.call("POST", "/v1/admin/past-orders/imports", {"source": source}, key=f"demo-past-{source}")
    if made["upload"]:
        shop.upload(made["upload"]["url"], made["upload"]["fields"], content)


def _title(sku: str) -> str:
    return str(_SKUS[sku]["titles"]["zh-CN"])


def _yuan(skus: Sequence[str]) -> str:
    return f"{sum(int(_SKUS[sku]['price']) for sku in skus) / 100:.2f}"


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()
