"""WeChat Pay as a payment provider. Amounts are in fen everywhere, at WeChat as here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from json import dumps
from secrets import token_bytes
from typing import Any, Literal
from urllib.parse import quote

from pydantic import ValidationError

from quanyi.clock import Clock, system_clock
from quanyi.errors import Invalid
from quanyi.ids import Draw
from quanyi.payments.access import Access
from quanyi.payments.port import (
    Captured,
    CaseTold,
    Created,
    Intent,
    Method,
    Notice,
    Outcome,
    ProviderUnavailable,
    Refunding,
    Reply,
    Try,
    Unsent,
)
from quanyi.payments.wechat import bill, cases, notices
from quanyi.payments.wechat.gateway import Answer, Gateway, NoAnswer
from quanyi.payments.wechat.objects import Refunded, Transaction
from quanyi.payments.wechat.shipping import Shipping

METHODS = (
    Method("native", clients=frozenset({"desktop"})),
    Method("jsapi", clients=frozenset({"wechat", "mini_program"}), needs_payer=True),
    Method("h5", clients=frozenset({"phone"})),
)
CURRENCIES = frozenset({"CNY"})

_BEIJING = timezone(timedelta(hours=8))
_SETTLED = timedelta(minutes=10)
"""After so long, no request of ours can still be on its way to WeChat: what it does not know, it never got."""
_NOT_TAKEN = frozenset({"PARAM_ERROR", "INVALID_REQUEST", "ORDERPAID", "ORDER_CLOSED", "OUT_TRADE_NO_USED"})
_NO_ORDER = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
_REFUSED = frozenset(
    {"PARAM_ERROR", "INVALID_REQUEST", "RESOURCE_NOT_EXISTS", "NO_AUTH", "MCH_NOT_EXISTS", "USER_ACCOUNT_ABNORMAL"}
)
"""Refunds that WeChat says it will not make; the rest (NOT_ENOUGH, FREQUENCY_LIMITED, SYSTEM_ERROR, SIGN_ERROR) can
still be made under the same number: https://pay.weixin.qq.com/doc/v3/merchant/4012587971."""


@dataclass(frozen=True)
class Wechat:
    """Implements `payments.port.Provider`, `CaseDesk`, `Billing` and `DeliveryReporting`."""

    access: Access
    clock: Clock = system_clock
    draw: Draw = token_bytes
    name: str = "wechat"
    refund_gap: timedelta = timedelta(minutes=1)
    """多次部分退款需更换商户退款单号，间隔1分钟再调用: https://pay.weixin.qq.com/doc/v3/merchant/4012587971."""

    def create(self, intent: Intent) -> Created:
        """See `Provider.create`. What WeChat itself finds wrong with the payment is Invalid too, `provider_refused`."""
        _payable(intent, self.clock())
        from wechatpayv3 import WeChatPayType  # noqa: PLC0415 - the library is imported when it is used

        extra: dict[str, Any] = {}
        if intent.method == "jsapi":
            extra = {"payer": {"openid": intent.payer}}
        elif intent.method == "h5":
            extra = {"scene_info": {"payer_client_ip": intent.ip, "h5_info": {"type": "Wap"}}}
        try:
            answer = self._gateway.ask(
                "pay",
                description=_shortened(intent.title or intent.payment, 127),
                out_trade_no=intent.payment,
                amount={"total": intent.amount, "currency": intent.currency},
                time_expire=intent.deadline.astimezone(_BEIJING).isoformat(timespec="seconds"),
                notify_url=intent.notify_url,
                pay_type=WeChatPayType[intent.method.upper()],
                **extra,
            )
            return self._created(intent, answer)
        except (NoAnswer, KeyError, TypeError):
            raise ProviderUnavailable("WeChat Pay did not answer clearly.") from None

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        return notices.verify(self.access, headers, body, now)

    def accepted(self) -> Reply:
        """Within five seconds: https://pay.weixin.qq.com/docs/merchant/products/notification/introduction.html."""
        return Reply(200, dumps({"code": "SUCCESS", "message": "OK"}))

    def refused(self, status: int, code: str) -> Reply:
        return Reply(status if status >= 400 else 500, dumps({"code": "FAIL", "message": code}))

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        """See `Provider.query`. A payment that WeChat does not know may still be on its way there for some minutes."""
        try:
            answer = self._gateway.ask("query", out_trade_no=known.payment)
        except NoAnswer:
            return "unknown"
        if answer.code in _NO_ORDER:
            return "closed" if self._settled(known.created_at) else "unknown"
        try:
            said = Transaction.model_validate(answer.data)
        except ValidationError:
            return "unknown"
        ours = (self.access.account["mchid"], self.access.account["appid"], known.payment)
        if (said.mchid, said.appid, said.out_trade_no) != ours:
            return "unknown"
        if said.trade_state in ("NOTPAY", "USERPAYING", "ACCEPT"):
            return "open"
        if said.trade_state in ("CLOSED", "REVOKED", "PAYERROR"):
            return "closed"
        return said.captured() or "unknown"

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        """See `Provider.close`. Whatever else WeChat answers than that it is closed, it is asked how things stand."""
        try:
            if self._gateway.ask("close", out_trade_no=known.payment).done:
                return "closed"
        except NoAnswer:
            return "unknown"
        standing = self.query(known)
        return "unknown" if standing == "open" else standing

    def refund(self, asked: Refunding) -> Outcome:
        """See `Provider.refund`. WeChat makes one refund of a number however often it is asked. A refusal is believed
        once WeChat also says that there is no such refund."""
        try:
            answer = self._gateway.ask(
                "refund",
                out_refund_no=asked.refund,
                transaction_id=asked.transaction,
                amount={"refund": asked.amount, "total": asked.captured, "currency": asked.currency},
                reason=_shortened(asked.reason, 80),
                notify_url=self.access.account.get("refund_notify_url"),
            )
            if answer.code not in _REFUSED:
                return _refunded(asked, answer)
            standing = self._gateway.ask("query_refund", out_refund_no=asked.refund)
        except NoAnswer:
            return "unknown"
        return "failed" if standing.code == "RESOURCE_NOT_EXISTS" else _refunded(asked, standing)

    def query_refund(self, asked: Refunding) -> Outcome:
        """See `Provider.query_refund`. A refund that WeChat does not know has failed only when the request cannot be on
        its way any more: one that found too little money in the account (NOT_ENOUGH) ends like this too."""
        try:
            answer = self._gateway.ask("query_refund", out_refund_no=asked.refund)
        except NoAnswer:
            return "unknown"
        if answer.code == "RESOURCE_NOT_EXISTS":
            return "failed" if self._settled(asked.created_at) else "unknown"
        return _refunded(asked, answer)

    def case(self, case: str) -> CaseTold:
        return cases.case(self._gateway, case)

    def cases_since(self, since: datetime, now: datetime) -> Sequence[CaseTold]:
        return cases.cases_since(self._gateway, since, now)

    def answer_case(self, case: str, words: str, evidence: Mapping[str, str], since: datetime) -> Outcome:
        return cases.answer_case(self._gateway, case, words, since)

    def give_in(self, case: str) -> Outcome:
        return cases.give_in(self._gateway, case)

    def money_back(self, case: str, whole: bool) -> Outcome | Literal["open"]:
        return cases.money_back(self._gateway, case, whole)

    def decline(self, case: str, words: str, since: datetime) -> Outcome:
        return cases.decline(self._gateway, case, words, since)

    def bill(self, day: str) -> bytes | None:
        return bill.fetch(self._gateway, day)

    def report_delivery(self, transaction: str, payer: str, what: str, at: datetime) -> Outcome:
        return Shipping(self.access).report(transaction, payer, what, at)

    @cached_property
    def _gateway(self) -> Gateway:
        return Gateway(self.access)

    def _created(self, intent: Intent, answer: Answer) -> Created:
        if answer.code in _NOT_TAKEN:
            raise Invalid("WeChat Pay does not take this payment.", reason="provider_refused")
        if not answer.done:
            raise NoAnswer
        if intent.method == "native":
            return Created({"type": "qr", "text": str(answer.data["code_url"])})
        if intent.method == "h5":
            url = str(answer.data["h5_url"])  # good for five minutes
            back = f"&redirect_url={quote(intent.return_url, safe='')}" if intent.return_url else ""
            return Created({"type": "redirect", "url": url + back}, fleeting=True)
        return Created(self._client_action(str(answer.data["prepay_id"])), fleeting=True)

    def _client_action(self, prepay_id: str) -> dict[str, Any]:
        """What WeixinJSBridge and wx.requestPayment take: https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter5_1_8.shtml."""
        at, nonce, package = f"{self.clock().timestamp():.0f}", self.draw(16).hex(), f"prepay_id={prepay_id}"
        return {
            "type": "client",
            "appId": self.access.account["appid"],
            "timeStamp": at,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._gateway.sign(self.access.account["appid"], at, nonce, package),
        }

    def _settled(self, asked_at: datetime) -> bool:
        return self.clock() - asked_at > _SETTLED


def _payable(intent: Intent, now: datetime) -> None:
    if intent.currency not in CURRENCIES:
        raise Unsent("WeChat Pay takes CNY.", reason="currency_not_offered")
    if type(intent.amount) is not int or intent.amount <= 0:
        raise Unsent("The amount is not a positive whole number.", reason="amount_invalid")
    if intent.method not in {method.name for method in METHODS}:
        raise Unsent("WeChat Pay has no such way to pay.", reason="method_not_offered")
    if intent.deadline <= now:  # WeChat would take it for a minute all the same
        raise Unsent("It is too late to pay this.", reason="deadline_passed")
    if intent.method == "jsapi" and not intent.payer:
        raise Unsent("This way to pay needs the payer's openid.", reason="payer_missing")
    if intent.method == "h5" and not intent.ip:
        raise Unsent("This way to pay needs the payer's address.", reason="ip_missing")


def _refunded(asked: Refunding, answer: Answer) -> Outcome:
    try:
        said = Refunded.model_validate(answer.data)
    except ValidationError:
        return "unknown"
    same = (said.out_refund_no, said.transaction_id, said.amount.refund) == (
        asked.refund,
        asked.transaction,
        asked.amount,
    )
    return said.outcome if answer.done and same else "unknown"


def _shortened(text: str, octets: int) -> str:
    """At most so many bytes of UTF-8, without half a character."""
    return text.encode()[:octets].decode(errors="ignore")
