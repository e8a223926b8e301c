"""Our own open contract (`docs/supply-contract.md`), spoken by hand from its text: nothing of the code it tests."""

import hmac
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from json import dumps, loads
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tools.local.suppliers.face import Asked, Callback, Told
from tools.local.suppliers.faults import Kind
from tools.local.suppliers.goods import Entry, Good, Refused, Sale
from tools.local.suppliers.shop import Shop

ROOT = "/v1/supply"
PAGE = 50
SKEW = 300
STATUS = {"not_on_sale": 404, "bad_quantity": 422, "bad_account": 422, "other_currency": 422}
"""Of refusals; the others are 409."""


class QuanyiFace:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.key_id = "local"
        self.secrets = [secrets.token_urlsafe(32)]
        """Newest first: the customer may still sign with the second."""

    def access(self, url: str) -> dict[str, Any]:
        return {
            "adapter": "quanyi",
            "endpoint": url,
            "account": {"key_id": self.key_id},
            "secrets": {"secret": self.secrets[0]},
            "currency": self.shop.currency,
        }

    def about(self, asked: Asked) -> tuple[Kind, str]:
        match (asked.method, *urlsplit(asked.target).path.removeprefix(ROOT).split("/")[1:]):
            case ("POST", "orders"):
                return "order", _key(asked.body)
            case ("GET", "orders", key):
                return "query", key
            case ("POST", "orders", key, "cancel"):
                return "cancel", key
            case ("GET", "goods"):
                return "goods", ""
            case ("POST", "goods", "stock"):
                return "stock", ""
            case ("GET", "goods", _, "quote"):
                return "quote", ""
            case ("POST", "goods", _, "check"):
                return "check", ""
            case ("GET", "balance"):
                return "balance", ""
            case ("GET", "statements", _):
                return "statement", ""
            case _:
                return "other", ""

    def serve(self, asked: Asked, *, forged: bool = False) -> Told:
        if asked.headers.get("quanyi-key") != self.key_id:
            return Told(401, b"{}", {"Content-Type": "application/problem+json"})
        try:
            if not self._authentic(asked):
                raise Refused("unauthenticated")  # noqa: TRY301 - answered as every refusal
            status, told = 200, self._carried_out(asked)
        except Refused as refused:
            status = 401 if refused.why == "unauthenticated" else STATUS.get(refused.why, 409)
            told = {"type": "about:blank", "title": refused.why, "status": status, "code": refused.why}
        except (KeyError, TypeError, ValueError):
            status, told = 422, {"type": "about:blank", "status": 422, "code": "invalid_request"}
        if status == 200 and told.get("code") == "not_found":
            status = 404
        body = dumps(told, ensure_ascii=False).encode()
        kind = "application/json" if status == 200 else "application/problem+json"
        signed = self.signed(str(status), asked.target, body, forged)
        return Told(status, body, {"Content-Type": kind, "Cache-Control": "no-store", **signed})

    def callback(self, sale: Sale, *, forged: bool = False) -> Callback | None:
        body = dumps({"v": 1, "key": sale.key}).encode()
        where = urlsplit(sale.notify_url)
        target = where.path + (f"?{where.query}" if where.query else "")
        signed = self.signed("POST", target, body, forged)
        return Callback(sale.notify_url, {"Content-Type": "application/json", **signed}, body)

    # Below: each route.

    def _carried_out(self, asked: Asked) -> dict[str, Any]:
        path = urlsplit(asked.target).path.removeprefix(ROOT).split("/")[1:]
        query = dict(parse_qsl(urlsplit(asked.target).query))
        body: dict[str, Any] = loads(asked.body or b"{}")
        kind, key = self.about(asked)
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "order": lambda: self._order(body),
            "query": lambda: self._told(self.shop.sale(key), key, cards=True),
            "cancel": lambda: self._cancelled(key),
            "goods": lambda: self._goods(query.get("after", "")),
            "stock": lambda: {"stock": {c: self.shop.goods[c].stock for c in body["codes"] if c in self.shop.goods}},
            "quote": lambda: self._quote(path[1], int(query.get("quantity", "1"))),
            "check": lambda: {"ok": self.shop.can_top_up(path[1], body["account"])},
            "balance": lambda: {"amount": max(0, self.shop.balance), "currency": self.shop.currency},
            "statement": lambda: self._statement(path[1], query.get("after", "")),
            "other": lambda: {"status": 404, "code": "not_found"},
        }
        return answers[kind]()

    def _order(self, body: dict[str, Any]) -> dict[str, Any]:
        fields = {name: body.get(name) for name in ("most", "currency", "account")}
        sale = self.shop.place(
            body["key"], body["code"], body["quantity"], notify_url=body.get("notify_url") or "", **fields
        )
        return self._told(sale, sale.key)

    def _cancelled(self, key: str) -> dict[str, Any]:
        sale = self.shop.cancel(key)
        if sale is None and key not in self.shop.refusals:
            return {"v": 1, "key": key, "state": "failed", "quantity": 0, "delivered": 0, "reason": "cancelled"}
        return self._told(sale, key)

    def _told(self, sale: Sale | None, key: str, *, cards: bool = False) -> dict[str, Any]:
        if sale is None:
            if why := self.shop.refusals.get(key):
                return {"v": 1, "key": key, "state": "failed", "quantity": 0, "delivered": 0, "reason": why}
            return {"type": "about:blank", "title": "Not found", "status": 404, "code": "not_found", "key": key}
        told: dict[str, Any] = {
            "v": 1,
            "key": sale.key,
            "state": sale.state,
            "number": sale.number,
            "quantity": sale.quantity,
            "delivered": len(sale.cards),
            "cost": {"amount": max(0, self.shop.kept(sale.key)), "currency": self.shop.currency},
            "reason": sale.reason,
        }
        if cards:
            told["cards"] = [
                {"number": card.number, "pin": card.pin or None, "expires_at": _utc(card.expires_at)}
                for card in sale.cards
            ]
        return told

    def _goods(self, after: str) -> dict[str, Any]:
        codes = [code for code in sorted(self.shop.goods) if code > after]
        page = [self._good(self.shop.goods[code]) for code in codes[:PAGE]]
        return {"items": page, "next": codes[PAGE - 1] if len(codes) > PAGE else ""}

    def _good(self, good: Good) -> dict[str, Any]:
        return {
            "code": good.code,
            "title": good.title,
            "kind": good.kind,
            "cost": {"amount": good.cost, "currency": self.shop.currency},
            "face_value": good.face_value,
            "stock": good.stock,
            "on_sale": good.on_sale,
            "minimum": good.minimum,
            "most": good.most,
            "fields": list(good.fields),
        }

    def _quote(self, code: str, quantity: int) -> dict[str, Any]:
        good = self.shop.goods.get(code)
        if good is None or not good.on_sale:
            raise Refused("not_on_sale")
        cost = {"amount": good.cost, "currency": self.shop.currency}
        return {"code": code, "quantity": quantity, "cost": cost, "stock": good.stock}

    def _statement(self, day: str, after: str) -> dict[str, Any]:
        rows = [self._row(entry) for entry in self.shop.statement(day)]
        start = int(after or 0)
        following = start + PAGE
        return {"day": day, "rows": rows[start:following], "next": str(following) if len(rows) > following else ""}

    def _row(self, entry: Entry) -> dict[str, Any]:
        return {
            "key": entry.key,
            "number": entry.number,
            "amount": entry.amount,
            "currency": self.shop.currency,
            "at": _utc(entry.at),
            "quantity": entry.quantity,
            "kind": entry.kind,
        }

    # Below: signing.

    def _authentic(self, asked: Asked) -> bool:
        at = asked.headers.get("quanyi-timestamp", "")
        if not at.isdecimal() or abs(int(at) - time.time()) > SKEW:
            return False
        given = asked.headers.get("quanyi-signature", "")
        return any(given == _hmac(one, at, asked.method, asked.target, asked.body) for one in self.secrets)

    def signed(self, what: str, target: str, body: bytes, forged: bool = False) -> dict[str, str]:
        at = str(int(time.time()))
        secret = "not the secret" if forged else self.secrets[0]
        return {
            "Quanyi-Key": self.key_id,
            "Quanyi-Timestamp": at,
            "Quanyi-Signature": _hmac(secret, at, what, target, body),
        }


def _hmac(secret: str, at: str, what: str, target: str, body: bytes) -> str:
    """Over the path from its last `/v1/suppl` on, and the query with its names in order."""
    where = urlsplit(target)
    path = where.path[max(0, where.path.rfind("/v1/suppl")) :]
    pairs = sorted(parse_qsl(where.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    text = "\n".join([at, what, f"{path}?{query}" if query else path, sha256(body).hexdigest()])
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _key(body: bytes) -> str:
    try:
        return str(loads(body)["key"])
    except (ValueError, KeyError, TypeError):
        return ""
