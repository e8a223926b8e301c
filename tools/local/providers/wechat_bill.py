"""The local WeChat Pay's trade bill, in the form of
https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html. It charges 0.60 %."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_NO_REFUND = ("0", "0", "0.00", "0.00", "", "")


def trade_bill(payments: list[dict[str, Any]], refunds: list[tuple[dict[str, Any], dict[str, Any]]]) -> bytes:
    """`refunds` come with the payment of each."""
    lines = [COLUMNS]
    fees = Decimal(0)
    for payment in payments:
        fee = _fee(payment["total"])
        fees += fee
        lines.append(_line(payment, payment["success_time"], "SUCCESS", _NO_REFUND, fee, payment["total"], 0))
    for refund, payment in refunds:
        fee = -_fee(refund["refund"])
        fees += fee
        back = _yuan(refund["refund"])
        told = (refund["refund_id"], refund["out_refund_no"], back, "0.00", "ORIGINAL", refund["status"])
        lines.append(_line(payment, refund["create_time"], "REFUND", told, fee, 0, refund["refund"]))
    taken, given = sum(it["total"] for it in payments), sum(refund["refund"] for refund, _ in refunds)
    totals = (str(len(lines) - 1), _yuan(taken), _yuan(given), "0.00", f"{fees:.5f}", _yuan(taken), _yuan(given))
    return ("\ufeff" + "\r\n".join([*lines, TOTALS, _ticked(totals)]) + "\r\n").encode()


def _line(
    payment: dict[str, Any], at: str, state: str, refund: tuple[str, ...], fee: Decimal, paid: int, back: int
) -> str:
    head = (at[:19].replace("T", " "), payment["appid"], payment["mchid"], "0", "", payment["transaction_id"])
    who = (payment["out_trade_no"], payment["openid"], payment["trade_type"], state, "OTHERS", payment["currency"])
    tail = (payment["description"], "", f"{fee:.5f}", "0.60%", _yuan(paid), _yuan(back), "")
    return _ticked((*head, *who, _yuan(paid), "0.00", *refund, *tail))


def _ticked(values: tuple[str, ...]) -> str:
    return ",".join(f"`{value}" for value in values)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _fee(fen: int) -> Decimal:
    return (Decimal(fen) * Decimal("0.006") / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
