"""A dujiao-next shop's API for those who buy from it, as its page and its source tell (`quanyi.supply.adapters.dujiao`
names them), by hand: nothing of the adapter that it tests. How it differs is in `docs/suppliers/dujiao.md`.
"""

import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import new
from json import dumps, loads
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit
from zlib import crc32

from tools.local.suppliers.face import Asked, Callback, Told
from tools.local.suppliers.faults import Kind
from tools.local.suppliers.goods import Good, Refused, Sale
from tools.local.suppliers.shop import Shop

ROOT = "/api/v1/upstream"
SKEW = 60
MOST = 50
SEPARATOR = "----"
"""Between a card's number and its PIN, as many shops write it."""
REFUSALS = {
    "not_on_sale": (400, "sku_unavailable"),
    "sold_out": (409, "insufficient_stock"),
    "bad_quantity": (400, "bad_request"),
    "bad_account": (400, "bad_request"),
}
ROUTE = re.compile(r"/orders/(\d+)(/cancel)?|/products/(\d+)|/(ping|categories|products|orders)")


class Wrong(Exception):
    def __init__(self, http: int, code: str, **more: Any) -> None:
        super().__init__(code)
        self.told = Told(
            http,
            dumps({"ok": False, "error_code": code, "error_message": code.replace("_", " "), **more}).encode(),
            {"Content-Type": "application/json; charset=utf-8"},
        )


class DujiaoFace:
    """What the shop sells is renamed: here a code is a product's number and a SKU's."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        renamed = [replace(good, code="{}-{}".format(*numbers_of(good.code))) for good in shop.goods.values()]
        shop.goods = {good.code: good for good in renamed}
        self.api_key = f"dk_{secrets.token_hex(12)}"
        self.api_secret = secrets.token_hex(32)
        self.unpaid: dict[str, int] = {}
        """Orders that the wallet did not pay, cancelled at once: number by key."""

    def access(self, url: str) -> dict[str, Any]:
        return {
            "adapter": "dujiao",
            "endpoint": url,
            "account": {"api_key": self.api_key, "separator": SEPARATOR},
            "secrets": {"api_secret": self.api_secret},
            "currency": self.shop.currency,
        }

    def about(self, asked: Asked) -> tuple[Kind, str]:
        found = ROUTE.fullmatch(urlsplit(asked.target).path.removeprefix(ROOT))
        if found is None:
            return "other", ""
        order, cancel, product, name = found.groups()
        if order:
            sale = self._numbered(int(order))
            return ("cancel" if cancel else "query"), sale.key if sale else ""
        if name == "orders":
            body = _object(asked.body)
            looks = body.get("sku_id") not in {numbers_of(code)[1] for code in self.shop.goods}
            return ("query" if looks else "order"), str(body.get("downstream_order_no", ""))
        kinds: Mapping[str, Kind] = {"ping": "balance", "products": "goods"}
        return ("stock" if product else kinds.get(name, "other")), ""

    def serve(self, asked: Asked, *, forged: bool = False) -> Told:
        """Answers bear no signature, so none can be forged."""
        try:
            self._check(asked)
            told = self._carried_out(asked)
        except Wrong as wrong:
            return wrong.told
        except Refused as refused:
            return Wrong(*REFUSALS.get(refused.why, (500, "internal_error"))).told
        except (KeyError, TypeError, ValueError):
            return Wrong(400, "bad_request").told
        body = dumps({"ok": True, **told}, ensure_ascii=False).encode()
        return Told(200, body, {"Content-Type": "application/json; charset=utf-8"})

    def callback(self, sale: Sale, *, forged: bool = False) -> Callback | None:
        at = int(time.time())
        order = self._order(sale)
        told = {
            "event": "order.fulfilled" if sale.state == "done" else "order.status_changed",
            "order_id": order["order_id"],
            "order_no": order["order_no"],
            "downstream_order_no": sale.key,
            "status": order["status"],
            "timestamp": at,
        }
        if "fulfillment" in order:
            told["fulfillment"] = order["fulfillment"]
        body = dumps(told, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Dujiao-Next-Api-Key": self.api_key,
            "Dujiao-Next-Timestamp": str(at),
            "Dujiao-Next-Signature": self.sign("POST", f"{ROOT}/callback", str(at), body, forged),
        }
        return Callback(sale.notify_url, headers, body, _heard)

    # Below: each route.

    def _carried_out(self, asked: Asked) -> dict[str, Any]:
        where = urlsplit(asked.target)
        found = ROUTE.fullmatch(where.path.removeprefix(ROOT))
        order, cancel, product, name = found.groups() if found else (None, None, None, None)
        body = _object(asked.body)
        answers: Mapping[tuple[str, str], Callable[[], dict[str, Any]]] = {
            ("POST", "ping"): self._ping,
            ("GET", "categories"): lambda: {"categories": []},
            ("GET", "products"): lambda: self._products(dict(parse_qsl(where.query))),
            ("GET", "product"): lambda: {"product": self._told(self._good(int(product or 0)))},
            ("POST", "orders"): lambda: self._placed(body),
            ("GET", "order"): lambda: self._found(int(order or 0)),
            ("POST", "cancel"): lambda: self._cancelled(int(order or 0)),
        }
        what = "cancel" if cancel else "order" if order else "product" if product else name or ""
        if (asked.method, what) not in answers:
            raise Wrong(404, "not_found")
        return answers[asked.method, what]()

    def _ping(self) -> dict[str, Any]:
        balance = _amount(max(0, self.shop.balance))
        shop = {"site_name": "本地货源", "protocol_version": "1.0", "user_id": 42, "member_level": None}
        return {**shop, "balance": balance, "currency": self.shop.currency}

    def _products(self, query: Mapping[str, str]) -> dict[str, Any]:
        page, size = max(1, int(query.get("page", "1"))), min(MOST, int(query.get("page_size", str(MOST))))
        inactive = query.get("include_inactive") == "true"
        listed = [good for _, good in sorted(self.shop.goods.items()) if good.on_sale or inactive]
        shown = listed[(page - 1) * size : page * size]
        told = {"total": len(listed), "page": page, "page_size": size, "includes_inactive": inactive}
        return {"items": [self._told(good) for good in shown], **told}

    def _placed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The key before the SKU, as the shop itself does."""
        sku, quantity, key = body.get("sku_id"), body.get("quantity"), str(body.get("downstream_order_no", ""))
        if not isinstance(sku, int) or not isinstance(quantity, int) or sku < 1 or quantity < 1:
            raise Wrong(400, "bad_request")
        url = body.get("callback_url", "")
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise Wrong(400, "invalid_callback_url")
        if key in self.unpaid:
            return self._unpaid(self.unpaid[key])
        if key in self.shop.sales:
            known = self.shop.sales[key]
            if known.code in self.shop.goods and numbers_of(known.code)[1] == sku:
                self.shop.asked[key] += 1
            return self._short(known)
        good = next((good for good in self.shop.goods.values() if numbers_of(good.code)[1] == sku), None)
        if good is None:
            raise Wrong(400, "sku_unavailable")
        form: dict[str, str] = body.get("manual_form_data") or {}
        account = {name: str(form[name]) for name in good.fields if form.get(name)} if good.fields else None
        try:
            sale = self.shop.place(key, good.code, quantity, account=account, notify_url=url)
        except Refused as refused:
            if refused.why != "no_balance":
                raise
            number = self.unpaid.setdefault(key, 900_000_000 + len(self.unpaid))
            raise Wrong(200, "payment_failed", order_id=number, order_no=_no(number), status="canceled") from None
        return self._short(sale) | {"status": "paid"}

    def _found(self, number: int) -> dict[str, Any]:
        if number in self.unpaid.values():
            return self._unpaid(number)
        sale = self._numbered(number)
        if sale is None:
            raise Wrong(404, "order_not_found")
        return self._order(sale)

    def _cancelled(self, number: int) -> dict[str, Any]:
        """What is paid stays, and everything is paid as it is placed."""
        known = number in self.unpaid.values() or self._numbered(number)
        raise Wrong(409, "cancel_not_allowed") if known else Wrong(404, "order_not_found")

    def _order(self, sale: Sale) -> dict[str, Any]:
        total = sale.unit_cost * sale.quantity
        back = total - max(0, min(total, self.shop.kept(sale.key)))
        told: dict[str, Any] = {**self._short(sale), "refunded_amount": _amount(back)}
        by_hand = "manual" if sale.kind == "topup" else "auto"
        told["items"] = [
            {
                "product_id": numbers_of(sale.code)[0],
                "sku_id": numbers_of(sale.code)[1],
                "title": {"zh-CN": self.shop.goods[sale.code].title},
                "quantity": sale.quantity,
                "unit_price": _amount(sale.unit_cost),
                "total_price": _amount(total),
                "fulfillment_type": by_hand,
            }
        ]
        if sale.state == "done":
            lines = [SEPARATOR.join(part for part in (card.number, card.pin) if part) for card in sale.cards]
            told["fulfillment"] = {
                "type": by_hand,
                "status": "delivered",
                "payload": "\n".join(lines) if lines else "已充值",
                "delivery_data": None,
                "delivered_at": _utc(sale.ended_at),
            }
        return told

    def _short(self, sale: Sale) -> dict[str, Any]:
        total = sale.unit_cost * sale.quantity
        number = int(sale.number[1:])
        told = {"order_id": number, "order_no": _no(number), "amount": _amount(total)}
        return {**told, "status": self._status(sale, total), "currency": self.shop.currency}

    def _status(self, sale: Sale, total: int) -> str:
        if sale.state == "pending":
            return "partially_delivered" if sale.cards else "fulfilling"
        if sale.state == "failed":
            return "refunded"
        if self.shop.kept(sale.key) < total:
            return "partially_refunded"
        return "delivered" if sale.kind == "topup" else "completed"

    def _unpaid(self, number: int) -> dict[str, Any]:
        told = {"order_id": number, "order_no": _no(number), "status": "canceled", "amount": "0.00"}
        return {**told, "currency": self.shop.currency}

    def _told(self, good: Good) -> dict[str, Any]:
        stock = -1 if good.stock is None else good.stock
        sku: dict[str, Any] = {
            "id": numbers_of(good.code)[1],
            "sku_code": "DEFAULT",
            "spec_values": {},
            "price_amount": _amount(good.cost),
            "stock_status": _stock_word(stock),
            "stock_quantity": stock,
            "is_active": good.on_sale,
        }
        form = {"fields": [{"key": name, "type": "text", "required": True} for name in good.fields]}
        return {
            "id": numbers_of(good.code)[0],
            "slug": good.code,
            "title": {"zh-CN": good.title},
            "price_amount": _amount(good.cost),
            "fulfillment_type": "manual" if good.fields else "auto",
            "manual_form_schema": form if good.fields else None,
            "is_active": good.on_sale,
            "category_id": 1,
            "skus": [sku],
        }

    def _good(self, product: int) -> Good:
        found = next((good for good in self.shop.goods.values() if numbers_of(good.code)[0] == product), None)
        if found is None:
            raise Wrong(404, "product_not_found")
        return found

    def _numbered(self, number: int) -> Sale | None:
        found = next((it for it in list(self.shop.sales.values()) if int(it.number[1:]) == number), None)
        return self.shop.sale(found.key) if found else None

    # Below: signing.

    def _check(self, asked: Asked) -> None:
        """Raises Wrong."""
        key, at, given = (
            asked.headers.get(f"dujiao-next-{name}", "") for name in ("api-key", "timestamp", "signature")
        )
        if not (key and at and given):
            raise Wrong(401, "missing_auth_headers")
        if not at.isdecimal():
            raise Wrong(401, "invalid_timestamp")
        if abs(int(at) - time.time()) > SKEW:
            raise Wrong(401, "timestamp_expired")
        if key != self.api_key:
            raise Wrong(401, "invalid_api_key")
        if given != self.sign(asked.method, urlsplit(asked.target).path, at, asked.body):
            raise Wrong(401, "invalid_signature")

    def sign(self, method: str, path: str, at: str, body: bytes, forged: bool = False) -> str:
        digest = new("md5", body, usedforsecurity=False).hexdigest()
        mac = hmac.new(b"not the secret" if forged else self.api_secret.encode(), digestmod="sha256")
        for part in (method, "\n", path, "\n", at, "\n", digest):
            mac.update(part.encode())
        return mac.hexdigest()


def numbers_of(code: str) -> tuple[int, int]:
    """Product and SKU; the same for the same code."""
    product, _, sku = code.partition("-")
    if product.isdecimal() and sku.isdecimal():
        return int(product), int(sku)
    return 1 + crc32(code.encode()) % 100_000, 1 + crc32(b"sku " + code.encode()) % 1_000_000


def _heard(status: int, body: bytes) -> bool:
    return status == 200 and _object(body).get("ok") is True


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = loads(body or b"{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _stock_word(stock: int) -> str:
    if stock < 0:
        return "unlimited"
    return "in_stock" if stock > 20 else "low_stock" if stock else "out_of_stock"


def _no(number: int) -> str:
    return f"DJ{number:012d}"


def _amount(units: int) -> str:
    return f"{units // 100}.{units % 100:02d}"


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
