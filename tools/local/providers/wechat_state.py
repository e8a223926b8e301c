"""What the local WeChat Pay knows and does: payments, refunds, complaints, shipping. No sockets here.

A method that serves a request takes its parts and answers a status and JSON, as WeChat's API v3 does; refusals are
`Refused`, with WeChat's own codes.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.local.providers.wechat_bill import trade_bill
from tools.local.providers.wechat_wire import Keys, beijing

Json = dict[str, Any]
Served = tuple[int, Json | None]


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Ledger:
    keys: Keys = field(default_factory=Keys)
    mchid: str = "1900000109"
    appid: str = "wxd678efh567hg6787"
    mini_program_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    payments: dict[str, Json] = field(default_factory=dict[str, Json])
    refunds: dict[str, Json] = field(default_factory=dict[str, Json])
    complaints: dict[str, Json] = field(default_factory=dict[str, Json])
    shipped: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    refunds_stay_open: bool = False
    too_little_money: bool = False
    refund_gap: timedelta = timedelta(0)
    """The real one wants a minute between refunds of a payment."""

    def prepay(self, kind: str, body: Json, base: str) -> Served:
        if (body.get("mchid"), body.get("appid")) != (self.mchid, self.appid):
            raise Refused(400, "APPID_MCHID_NOT_MATCH")
        number = str(body.get("out_trade_no"))
        _must(re.fullmatch(r"[0-9A-Za-z_|*-]{6,32}", number))
        _must(0 < len(str(body.get("description", "")).encode()) <= 127)
        _must(type(body["amount"]["total"]) is int and body["amount"]["total"] > 0)
        _must(body["amount"].get("currency", "CNY") == "CNY" and "?" not in body["notify_url"])
        _must(kind != "jsapi" or body.get("payer", {}).get("openid"))
        _must(kind != "h5" or body.get("scene_info", {}).get("payer_client_ip"))
        known = self._payment(number) if number in self.payments else None
        if known is None:
            known = self.payments[number] = self._opened(kind, body)
        elif known["state"] != "NOTPAY":
            raise Refused(400, "ORDERPAID" if known["state"] == "SUCCESS" else "ORDER_CLOSED")
        elif known["asked"] != body:
            raise Refused(400, "INVALID_REQUEST")
        prepay = known["prepay_id"]
        if kind == "native":
            return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={prepay[-9:]}"}
        return 200, {"prepay_id": prepay} if kind == "jsapi" else {"h5_url": f"{base}/h5?prepay_id={prepay}&package=1"}

    def query(self, number: str) -> Served:
        return 200, self.transaction(self._payment(number))

    def close(self, number: str) -> Served:
        payment = self._payment(number)
        if payment["state"] == "SUCCESS":
            raise Refused(400, "ORDERPAID")
        payment["state"] = "CLOSED"
        return 204, None

    def refund(self, body: Json) -> Served:
        number, amount = body["out_refund_no"], body["amount"]
        asked = (body.get("transaction_id"), amount["refund"], amount["total"], amount["currency"])
        if number in self.refunds:
            if self.refunds[number]["asked"] != asked:
                raise Refused(400, "INVALID_REQUEST")
            return 200, self.refund_told(number)
        if self.too_little_money:
            raise Refused(403, "NOT_ENOUGH")
        payment = next((it for it in self.payments.values() if it["transaction_id"] == body["transaction_id"]), None)
        if payment is None:
            raise Refused(404, "RESOURCE_NOT_EXISTS")
        given = [it for it in self.refunds.values() if it["out_trade_no"] == payment["out_trade_no"]]
        left = payment["total"] - sum(it["refund"] for it in given if it["status"] != "CLOSED")
        if amount["total"] != payment["total"] or not 0 < amount["refund"] <= left or len(given) >= 50:
            raise Refused(400, "INVALID_REQUEST")
        if given and datetime.now(UTC) - given[-1]["made"] < self.refund_gap:
            raise Refused(429, "FREQUENCY_LIMITED")
        self.give_back(payment, number, amount["refund"], asked, body.get("notify_url", ""))
        return 200, {**self.refund_told(number), "status": "PROCESSING"}

    def query_refund(self, number: str) -> Served:
        if number not in self.refunds:
            raise Refused(404, "RESOURCE_NOT_EXISTS")
        return 200, self.refund_told(number)

    def bill(self, day: str) -> bytes:
        paid = [it for it in self.payments.values() if it.get("success_time", "").startswith(day)]
        back = [it for it in self.refunds.values() if it["create_time"].startswith(day)]
        if not paid and not back:
            raise Refused(400, "NO_STATEMENT_EXIST")
        return trade_bill(paid, [(it, self.payments[it["out_trade_no"]]) for it in back])

    def ship(self, body: Json) -> Json:
        """The shipping service's answer: see `quanyi.payments.wechat.shipping`."""
        number = body["order_key"]["transaction_id"]
        payment = next((it for it in self.payments.values() if it["transaction_id"] == number), None)
        if payment is None or payment["trade_type"] != "JSAPI":
            return {"errcode": 10060001, "errmsg": "支付单不存在"}
        if payment["openid"] != body["payer"]["openid"]:
            return {"errcode": 10060031, "errmsg": "该笔支付单不属于 openid 所指定的用户"}
        if not body["shipping_list"][0]["item_desc"]:
            return {"errcode": 10060008, "errmsg": "商品描述不能为空"}
        reports = self.shipped.setdefault(number, [])
        if len(reports) >= 2:
            return {"errcode": 10060003, "errmsg": "支付单已使用重新发货机会"}
        reports.append(body)
        return {"errcode": 0, "errmsg": "ok"}

    # What happens at WeChat's side.

    def take(self, number: str, amount: int | None, currency: str | None, coupon: int) -> Json:
        """The payer pays: perhaps another amount, or with `coupon` fen of WeChat's own. After `time_expire` nobody can,
        though the payment is not closed by it."""
        payment = self._payment(number)
        if payment["state"] == "NOTPAY" and payment["ends"] > datetime.now(UTC):
            payment |= {
                "state": "SUCCESS",
                "transaction_id": f"42000{secrets.randbelow(10**23):023d}",
                "success_time": beijing(),
                "total": payment["total"] if amount is None else amount,
                "currency": currency or payment["currency"],
                "coupon": coupon,
            }
        if payment["state"] != "SUCCESS":
            raise Refused(400, "ORDER_CLOSED")
        return payment

    def give_back(self, payment: Json, number: str, amount: int, asked: Any = None, notify_url: str = "") -> Json:
        self.refunds[number] = {
            "out_refund_no": number,
            "refund_id": f"50300{secrets.randbelow(10**23):023d}",
            "out_trade_no": payment["out_trade_no"],
            "transaction_id": payment["transaction_id"],
            "refund": amount,
            "status": "PROCESSING" if self.refunds_stay_open else "SUCCESS",
            "create_time": beijing(),
            "made": datetime.now(UTC),
            "asked": asked,
            "notify_url": notify_url or payment["asked"]["notify_url"],
        }
        return self.refunds[number]

    def transaction(self, payment: Json) -> Json:
        told = {"mchid": payment["mchid"], "appid": payment["appid"], "out_trade_no": payment["out_trade_no"]}
        told |= {"trade_state": payment["state"], "trade_state_desc": payment["state"], "attach": ""}
        if payment["state"] != "SUCCESS":
            return told
        if any(it["out_trade_no"] == payment["out_trade_no"] for it in self.refunds.values()):
            told["trade_state"] = "REFUND"
        amount = {"total": payment["total"], "payer_total": payment["total"] - payment["coupon"]}
        amount |= {"currency": payment["currency"], "payer_currency": payment["currency"]}
        paid = {key: payment[key] for key in ("transaction_id", "trade_type", "success_time")}
        return told | paid | {"bank_type": "OTHERS", "payer": {"openid": payment["openid"]}, "amount": amount}

    def refund_told(self, number: str) -> Json:
        refund = self.refunds[number]
        names = ("refund_id", "out_refund_no", "transaction_id", "out_trade_no", "status", "create_time")
        total = self.payments[refund["out_trade_no"]]["total"]
        amount = {"total": total, "refund": refund["refund"], "payer_refund": refund["refund"], "currency": "CNY"}
        return {name: refund[name] for name in names} | {"channel": "ORIGINAL", "amount": amount}

    def _opened(self, kind: str, body: Json) -> Json:
        payer: Mapping[str, str] = body.get("payer", {})
        return {
            "asked": body,
            "ends": max(datetime.fromisoformat(body["time_expire"]), datetime.now(UTC) + timedelta(minutes=1)),
            "mchid": self.mchid,
            "appid": self.appid,
            "out_trade_no": body["out_trade_no"],
            "description": body["description"],
            "total": body["amount"]["total"],
            "currency": "CNY",
            "coupon": 0,
            "state": "NOTPAY",
            "transaction_id": "",
            "trade_type": {"native": "NATIVE", "jsapi": "JSAPI", "h5": "MWEB"}[kind],
            # Whoever scans a code is another shopper each time.
            "openid": payer.get("openid") or f"o{secrets.token_urlsafe(20)}",
            "prepay_id": f"wx{secrets.token_hex(17)}",
        }

    def _payment(self, number: str) -> Json:
        if number not in self.payments:
            raise Refused(404, "ORDER_NOT_EXIST")
        return self.payments[number]


def _must(holds: object) -> None:
    if not holds:
        raise Refused(400, "PARAM_ERROR")
