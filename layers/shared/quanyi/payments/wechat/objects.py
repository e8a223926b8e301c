"""What we read of WeChat Pay's objects, whether an answer or a notification brought them. Amounts are in fen.

A ValidationError of these models means that WeChat's word was not clear.
"""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from quanyi.payments.port import Captured, Outcome

PAYMENT = re.compile(r"P[0-9A-Z]{28}")
REFUND = re.compile(r"R[0-9A-Z]{23}-[0-9]{1,5}")

Fen = Annotated[StrictInt, Field(ge=0, le=10**12)]
Text = Annotated[str, Field(max_length=4096)]
MaybeText = Annotated[Text, BeforeValidator(lambda value: "" if value is None else value)]
"""WeChat leaves a field out, or sends null."""


class Read(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Amount(Read):
    """`total` is what the order cost; what the payer's own purse gave (`payer_total`) can be less, by a coupon of
    WeChat's that the merchant is paid for all the same: the notification's page, see `notices`."""

    total: Annotated[Fen, Field(gt=0)]
    currency: Text = "CNY"


class Payer(Read):
    openid: MaybeText = ""


class Transaction(Read):
    """支付通知 and 查询订单: https://pay.weixin.qq.com/doc/v3/merchant/4013070356."""

    mchid: Text
    appid: Text
    out_trade_no: Text
    trade_state: Text
    transaction_id: MaybeText = ""
    amount: Amount | None = None
    payer: Payer | None = None

    def captured(self) -> Captured | None:
        """The capture, once there was one: a payment that is refunded (REFUND) was captured before."""
        if self.trade_state not in ("SUCCESS", "REFUND") or self.amount is None or not self.transaction_id:
            return None
        payer = self.payer.openid if self.payer else ""
        return Captured(self.out_trade_no, self.transaction_id, self.amount.total, self.amount.currency, payer=payer)


class RefundAmount(Read):
    total: Fen
    refund: Fen
    currency: Text = "CNY"


class Refunded(Read):
    """退款结果通知 (`refund_status`) and 查询单笔退款 (`status`): https://pay.weixin.qq.com/doc/v3/merchant/4013071041."""

    out_refund_no: Text
    refund_id: Text
    out_trade_no: Text
    transaction_id: Text
    status: Text = Field(validation_alias=AliasChoices("status", "refund_status"))
    amount: RefundAmount
    mchid: MaybeText = ""

    @property
    def outcome(self) -> Outcome:
        """ABNORMAL is failed: the money cannot go back where it came from, and only a person can help it on in the
        merchant's console. CLOSED is failed: it never left. PROCESSING is not known yet."""
        if self.status == "SUCCESS":
            return "succeeded"
        return "failed" if self.status in ("ABNORMAL", "CLOSED") else "unknown"


class ComplaintOrder(Read):
    transaction_id: MaybeText = ""
    out_trade_no: MaybeText = ""
    amount: Fen = 0


def _no_null(value: object) -> Any:
    return () if value is None else value


class Complaint(Read):
    """查询投诉单详情: https://pay.weixin.qq.com/docs/merchant/apis/consumer-complaint/complaints/query-complaint-v2.html.
    The phone number is encrypted and stays unread."""

    complaint_id: Text
    complaint_time: AwareDatetime
    complaint_state: Text
    complaint_detail: MaybeText = ""
    problem_type: MaybeText = ""
    incoming_user_response: bool = False
    complaint_full_refunded: bool = False
    complaint_order_info: Annotated[tuple[ComplaintOrder, ...], BeforeValidator(_no_null)] = ()

    @property
    def opened_at(self) -> datetime:
        return self.complaint_time


class ComplaintPage(Read):
    data: Annotated[tuple[Complaint, ...], BeforeValidator(_no_null)] = ()
    total_count: int | None = None


class Step(Read):
    """A line of 投诉协商历史."""

    operate_type: Text
    operate_details: MaybeText = ""


class History(Read):
    data: Annotated[tuple[Step, ...], BeforeValidator(_no_null)] = ()


class BillPointer(Read):
    """申请交易账单: https://pay.weixin.qq.com/docs/merchant/apis/jsapi-payment/get-trade-bill.html."""

    download_url: Text
    hash_type: Text = "SHA1"
    hash_value: Text
