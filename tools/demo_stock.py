"""What the demo shop has in stock, and which vouchers it hands out. The keys are invented (`tools.demo_keys`)."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from tools.demo_keys import keys


@dataclass(frozen=True)
class Delivery:
    """One file of keys from a supplier. `shapes` has a second one where a PIN belongs to the number."""

    sku: str
    count: int
    shapes: tuple[str, ...]
    unit_cost: int
    supplier: str = "demo-wholesale"
    currency: str = "CNY"
    channel: str | None = None
    header: tuple[str, ...] = ()
    """Given: a CSV file with that first row; else lines of text."""
    encoding: str = "utf-8"
    expires: str | None = None

    @property
    def name(self) -> str:
        return f"{self.sku}-{self.channel or 'shared'}"

    def body(self) -> dict[str, Any]:
        said: dict[str, Any] = {"sku": self.sku, "supplier": self.supplier}
        said["unit_cost"] = {"amount": self.unit_cost, "currency": self.currency}
        if self.channel:
            said["channel"] = self.channel
        if self.header:
            columns = dict(zip(("number", "pin", "expires_at"), self.header, strict=False))
            said |= {"file_type": "csv", "header": True, "columns": columns}
        return said

    def rows(self) -> list[tuple[str, ...]]:
        found = keys(self.sku, self.shapes, self.count, self.channel or "")
        return [(*row, self.expires) for row in found] if self.expires else found

    def file(self) -> bytes:
        rows = self.rows()
        if not self.header:
            return "".join("----".join(row) + "\n" for row in rows).encode(self.encoding)
        text = io.StringIO()
        csv.writer(text).writerows([self.header, *rows])
        return text.getvalue().encode(self.encoding)


@dataclass(frozen=True)
class Giveaway:
    """A series of vouchers that the shop hands out itself."""

    sku: str
    title: str
    count: int

    def body(self) -> dict[str, Any]:
        return {"sku": self.sku, "title": self.title}


GIVEAWAYS: tuple[Giveaway, ...] = (Giveaway("house-gift-50", "开业赠券", 20),)

IQIYI = ("9900############", "DEMO????????")

STOCK: tuple[Delivery, ...] = (
    Delivery("iqiyi-gold-month", 40, IQIYI, 1650, header=("卡号", "密码", "有效期"), expires="2035-12-31"),
    Delivery("iqiyi-gold-month", 20, IQIYI, 1650, channel="taobao"),
    Delivery("iqiyi-gold-year", 15, IQIYI, 14500),
    Delivery("youku-vip-month", 30, ("YKDEMO??????????",), 1480),
    Delivery("tencent-video-month", 30, ("TXDEMO????????????",), 1900),
    Delivery("tencent-video-svip-year", 3, ("TXDEMO????????????",), 30500),
    Delivery("netflix-us-25", 20, ("DEMO???????",), 2300, supplier="demo-overseas", currency="USD"),
    Delivery("qq-music-month", 30, ("QQDEMO??????????",), 980),
    Delivery("netease-music-month", 25, ("NCMDEMO?????????",), 900),
    Delivery("spotify-us-10", 15, ("DEMO????????????",), 950, supplier="demo-overseas", currency="USD"),
    Delivery("steam-cny-50", 25, ("DEMO?-?????-?????",), 4750, supplier="demo-overseas"),
    Delivery("steam-cny-100", 20, ("DEMO?-?????-?????",), 9450, supplier="demo-overseas"),
    Delivery("apple-cny-100", 25, ("XDEMO???????????",), 9450),
    Delivery("apple-cny-500", 10, ("XDEMO???????????",), 47400),
    Delivery(
        *("jd-ecard-100", 30, ("JDVDEMO#########", "DEMO-????-????-????"), 9750),
        header=("卡号", "卡密"),
        encoding="gbk",
    ),
    Delivery("luckin-latte", 20, ("https://gift.example.com/demo/????????????????",), 990),
    Delivery("booster-week", 1, ("BOOST-DEMO-????",), 5),
)
