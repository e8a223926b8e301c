"""福禄开放平台 2.0 as its pages and SDKs tell of it (`quanyi.supply.adapters.fulu` names them), by hand: nothing of the
adapter that it tests. How it differs from the real one is in `docs/suppliers/fulu.md`.
"""

import hashlib
import secrets
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from json import dumps, loads
from typing import Any
from zlib import crc32

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from tools.local.suppliers.face import Asked, Callback, Told
from tools.local.suppliers.faults import Kind
from tools.local.suppliers.goods import Good, Refused, Sale, SoldCard
from tools.local.suppliers.shop import Shop

PATH = "/api/getway"
CONSOLE = "/console"
"""Where the merchant says once which address is to be told of orders: `{"notify_url": "..."}`."""
BEIJING = timezone(timedelta(hours=8))
SKEW = timedelta(minutes=10)
FORM = "%Y-%m-%d %H:%M:%S"
KINDS: Mapping[str, Kind] = {
    "fulu.order.card.add": "order",
    "fulu.order.direct.add": "order",
    "fulu.order.info.get": "query",
    "fulu.user.info.get": "balance",
    "fulu.goods.list.get": "goods",
    "fulu.goods.info.get": "quote",
    "fulu.goods.stock.check": "stock",
}
FIXED = {"version": ("2.0", 1007), "format": ("json", 1009), "charset": ("utf-8", 1011), "sign_type": ("md5", 1013)}
"""What a common parameter must be, and the code where it is missing; the next one where it is something else."""
CODES = {
    "not_on_sale": 3002,
    "sold_out": 3005,
    "bad_quantity": 4001,
    "bad_account": 4004,
    "key_reused": 4010,
    "no_balance": 4005,
}
MESSAGES = {0: "接口调用成功", 4010: "外部订单号已存在", 4011: "订单不存在", 3005: "商品库存不足", 5000: "系统异常"}
ACCOUNT = ("charge_account", "charge_game_srv", "charge_game_region")
"""What the parts of a top-up's account are called here, in the order of the shop's own names."""


class Wrong(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class FuluFace:
    """What the shop sells is renamed: Fulu's goods have numbers, and the parts of an account names of its own."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        renamed = [
            replace(good, code=number_of(good.code), fields=ACCOUNT[: len(good.fields)]) for good in shop.goods.values()
        ]
        shop.goods = {good.code: good for good in renamed}
        self.app_key = secrets.token_urlsafe(48)
        self.app_secret = secrets.token_hex(16)
        self.notify_url = ""

    def access(self, url: str) -> dict[str, Any]:
        return {
            "adapter": "fulu",
            "endpoint": url + PATH,
            "account": {"app_key": self.app_key},
            "secrets": {"app_secret": self.app_secret},
            "currency": self.shop.currency,
        }

    def about(self, asked: Asked) -> tuple[Kind, str]:
        try:
            common = loads(asked.body)
            content = loads(common["biz_content"])
            return KINDS.get(common["method"], "other"), str(content.get("customer_order_no", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return "other", ""

    def serve(self, asked: Asked, *, forged: bool = False) -> Told:
        if asked.target == CONSOLE:
            self.notify_url = str(loads(asked.body)["notify_url"])
            return Told(200, b"{}", {"Content-Type": "application/json"})
        if asked.method != "POST" or asked.target != PATH:
            return Told(404, b"Not Found", {"Content-Type": "text/plain"})
        try:
            code, result = 0, self._carried_out(asked)
        except Wrong as wrong:
            code, result = wrong.code, ""
        except Refused as refused:
            code, result = CODES.get(refused.why, 5000), ""
        except (ValueError, KeyError, TypeError, AttributeError):
            code, result = 5000, ""
        told = {"code": code, "message": MESSAGES.get(code, "失败"), "result": result or None}
        told["sign"] = self.sign(result, forged)
        body = dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        return Told(200, body, {"Content-Type": "application/json; charset=utf-8"})

    def callback(self, sale: Sale, *, forged: bool = False) -> Callback | None:
        if sale.state == "pending":
            return None
        fields = {
            "order_id": _number(sale),
            "charge_finish_time": _beijing(sale.ended_at or sale.at),
            "customer_order_no": sale.key,
            "order_status": "success" if sale.state == "done" else "failed",
            "recharge_description": "充值成功" if sale.state == "done" else "充值失败",
            "product_id": number_of(sale.code),
            "price": f"{sale.unit_cost / 100:.4f}",
            "buy_num": str(sale.quantity),
            "operator_serial_number": "",
        }
        fields["sign"] = self.sign(dumps(fields, ensure_ascii=False, separators=(",", ":")), forged)
        url = sale.notify_url or self.notify_url
        body = dumps(fields, ensure_ascii=False).encode()
        return Callback(url, {"Content-Type": "application/json"}, body, lambda _status, heard: heard == b"success")

    # Below: each call.

    def _carried_out(self, asked: Asked) -> str:
        common: dict[str, Any] = loads(asked.body)
        self._check(common, asked.headers.get("content-type", ""))
        content: dict[str, Any] = loads(common["biz_content"])
        answers: Mapping[str, Callable[[], Any]] = {
            "fulu.order.card.add": lambda: self._placed(content, "card"),
            "fulu.order.direct.add": lambda: self._placed(content, "topup"),
            "fulu.order.info.get": lambda: self._order(content),
            "fulu.user.info.get": lambda: {"name": "本地商户", "balance": self._balance(), "is_open": 1},
            "fulu.goods.list.get": lambda: [self._goods(good) for good in self.shop.goods.values() if good.on_sale],
            "fulu.goods.info.get": lambda: self._goods(self._good(content["product_id"])),
            "fulu.goods.stock.check": lambda: self._stock(content),
        }
        return dumps(answers[common["method"]](), ensure_ascii=False, separators=(",", ":"))

    def _check(self, common: Mapping[str, Any], media: str) -> None:
        """In the order of the codes. Raises Wrong."""
        if not media.startswith("application/json"):
            raise Wrong(5000)
        if common.get("method") not in KINDS:
            raise Wrong(1001 if common.get("method") else 1000)
        try:
            at = datetime.strptime(common.get("timestamp") or "", FORM).replace(tzinfo=BEIJING)
        except ValueError:
            raise Wrong(1003 if common.get("timestamp") else 1002) from None
        if abs(datetime.now(UTC) - at) > SKEW:
            raise Wrong(1004)
        if common.get("app_key") != self.app_key:
            raise Wrong(1006 if common.get("app_key") else 1005)
        for name, (value, missing) in FIXED.items():
            if common.get(name) != value:
                raise Wrong(missing + 1 if common.get(name) else missing)
        signed = {name: value for name, value in common.items() if name != "sign"}
        if common.get("sign") != self.sign(dumps(signed, ensure_ascii=False, separators=(",", ":"))):
            raise Wrong(1016 if common.get("sign") else 1015)
        if not isinstance(common.get("biz_content"), str):
            raise Wrong(1017)

    def _placed(self, content: Mapping[str, Any], kind: str) -> dict[str, Any]:
        key, quantity = content.get("customer_order_no"), content.get("buy_num")
        if not isinstance(key, str) or not 0 < len(key) <= 50:
            raise Wrong(4000)
        if not isinstance(quantity, int) or quantity < 1:
            raise Wrong(4001)
        good = self._good(content.get("product_id"))
        if good.kind != kind:
            raise Wrong(3008)
        if kind == "topup" and not content.get("charge_account"):
            raise Wrong(4002)
        if key in self.shop.sales:
            self.shop.asked[key] += 1
            raise Refused("key_reused")
        named = {name: str(content[name]) for name in ACCOUNT if name in content}
        sale = self.shop.place(key, good.code, quantity, account=named if kind == "topup" else None)
        return self._told(sale) | {"order_state": "untreated", "finish_time": None}

    def _order(self, content: Mapping[str, Any]) -> dict[str, Any]:
        sale = self.shop.sale(str(content["customer_order_no"]))
        if sale is None:
            raise Wrong(4011)
        over = sale.state == "done" and sale.kind == "card"
        return self._told(sale) | {"cards": [self._card(card) for card in sale.cards] if over else None}

    def _told(self, sale: Sale) -> dict[str, Any]:
        return {
            "order_id": _number(sale),
            "customer_order_no": sale.key,
            "product_id": int(number_of(sale.code)),
            "product_name": self.shop.goods[sale.code].title,
            "charge_account": next(iter(sale.account.values()), ""),
            "create_time": _beijing(sale.at),
            "buy_num": sale.quantity,
            "order_price": sale.unit_cost / 100,
            "order_type": 3 if sale.kind == "card" else 4,
            "order_state": {"pending": "processing", "done": "success", "failed": "failed"}[sale.state],
            "finish_time": _beijing(sale.ended_at) if sale.ended_at else None,
            "area": "",
            "server": "",
            "type": "",
            "operator_serial_number": "",
        }

    def _card(self, card: SoldCard) -> dict[str, Any]:
        return {
            "card_type": "0",
            "card_number": self._sealed(card.number),
            "card_pwd": self._sealed(card.pin) if card.pin else "",
            "card_deadline": _beijing(card.expires_at) if card.expires_at else "",
        }

    def _goods(self, good: Good) -> dict[str, Any]:
        return {
            "product_id": int(number_of(good.code)),
            "product_name": good.title,
            "product_type": "卡密" if good.kind == "card" else "直充",
            "face_value": (good.cost if good.face_value is None else good.face_value) / 100,
            "purchase_price": good.cost / 100,
            "sales_status": "上架" if good.on_sale else "下架",
            "stock_status": _stock_word(good, 1),
            "template_id": "",
            "details": "",
        }

    def _stock(self, content: Mapping[str, Any]) -> dict[str, Any]:
        good = self._good(content["product_id"])
        if not good.on_sale:
            raise Wrong(3002)
        return {"product_id": int(content["product_id"]), "stock_status": _stock_word(good, int(content["buy_num"]))}

    def _good(self, product: object) -> Good:
        found = [good for good in self.shop.goods.values() if number_of(good.code) == str(product)]
        if not found:
            raise Wrong(3001)
        return found[0]

    def _balance(self) -> float:
        return max(0, self.shop.balance) / 100

    # Below: signing and sealing.

    def sign(self, text: str, forged: bool = False) -> str:
        counted = sorted(Counter(text).items())
        digest = hashlib.new("md5", usedforsecurity=False)
        digest.update("".join(character * times for character, times in counted).encode())
        digest.update(b"not the secret" if forged else self.app_secret.encode())
        return digest.hexdigest()

    def _sealed(self, plain: str) -> str:
        data = plain.encode()
        missing = 16 - len(data) % 16
        cipher = Cipher(AES256(self.app_secret.encode()), ECB()).encryptor()  # noqa: S305 - Fulu's protocol
        return b64encode(cipher.update(data + bytes([missing]) * missing) + cipher.finalize()).decode()


def number_of(code: str) -> str:
    """The same for the same code."""
    return code if code.isdecimal() else str(10_000_000 + crc32(code.encode()) % 9_000_000)


def _stock_word(good: Good, wanted: int) -> str:
    if good.stock is None or good.stock > 100:
        return "充足"
    return "警报" if good.stock >= wanted else "断货"


def _number(sale: Sale) -> str:
    return f"2611{sale.number[1:]:0>16}"


def _beijing(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):{FORM}}"
