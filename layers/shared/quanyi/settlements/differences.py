"""What the reconcile report lists: one thing that two books tell differently, with what to do about it."""

from dataclasses import dataclass
from typing import Any, Literal

DifferenceKind = Literal[
    "payment_not_here",
    "payment_not_at_provider",
    "payment_differs",
    "payment_of_no_order",
    "refund_not_here",
    "refund_not_at_provider",
    "refund_differs",
    "refund_came_back",
    "taken_back_not_here",
    "fee_not_booked",
    "not_settled",
    "refund_failed",
    "books_broken",
    "journal_differs",
    "ledger_differs",
    "card_differs",
]

Facts = dict[str, Any]

WHAT_TO_DO: dict[DifferenceKind, tuple[str, str]] = {
    "payment_not_here": (
        "供应方已收款而这里没有入账（掉单）：调用所给接口向支付渠道查询并补单。",
        "The provider took money that is not booked here: make the call; it asks the provider and books it.",
    ),
    "payment_not_at_provider": (
        "这里已入账而对账单没有：在渠道后台按交易号核对；确认没有收款后人工处理订单。",
        "Booked here, but not in the provider's file: look the transaction up at the provider before anything else.",
    ),
    "payment_differs": (
        "金额或币种不一致：在渠道后台核对该笔交易。",
        "Amount or currency differ: look the transaction up at the provider.",
    ),
    "payment_of_no_order": (
        "渠道收款找不到对应订单：可能是同一商户号的其他系统；否则在渠道后台退款。",
        "No order here explains this payment: another system of this merchant account, or money to refund there.",
    ),
    "refund_not_here": (
        "渠道已退款而这里未确认：调用所给接口查询并入账。",
        "The provider refunded what is not done here: make the call; it asks the provider and books it.",
    ),
    "refund_not_at_provider": (
        "这里已退款而对账单没有：在渠道后台按退款号核对买家是否收到。",
        "Refunded here, but not in the provider's file: look the refund up at the provider; the buyer may lack it.",
    ),
    "refund_differs": (
        "退款金额或币种不一致：在渠道后台核对。",
        "The refund's amount or currency differ: look it up at the provider.",
    ),
    "refund_came_back": (
        "退款被退回（买家账户无法入账）：线下退款，并在订单上备注。",
        "A refund came back to the merchant: pay the buyer another way, and note it on the order.",
    ),
    "taken_back_not_here": (
        "渠道侧的退款或拒付没有在这里入账：在渠道后台核对，重新发送通知或补录。",
        "Refunded or disputed at the provider without us: look it up there and have its notification sent again.",
    ),
    "fee_not_booked": (
        "手续费未入账：调用所给接口按对账单补记。",
        "The fee in the file is not booked: make the call; it books the file's fees.",
    ),
    "not_settled": (
        "已付款订单超过承诺时间仍未发货或退款：调用所给接口继续处理，或人工处理。",
        "Paid, its promise is over, and neither delivered nor refunded: make the call; it lets the order go on.",
    ),
    "refund_failed": (
        "退款失败：原因消除后用 .../retry 重新申请；否则线下退款后调用所给接口登记。",
        "The refund failed: have it asked for again (.../retry), or pay it back yourself and make the call to say so.",
    ),
    "books_broken": (
        "订单账目不平：这是程序错误，请联系维护人员。",
        "The order's money does not add up: a fault of the program; tell whoever keeps it.",
    ),
    "journal_differs": (
        "分录与订单不一致：调用所给接口补记分录。",
        "The journal does not say what the order says: make the call; it posts what is missing.",
    ),
    "ledger_differs": (
        "日记账缺少分录或不一致：调用所给接口重新写入。",
        "The ledger lacks an entry of the order, or has another: make the call; it writes them again.",
    ),
    "card_differs": (
        "卡密状态与订单不一致：查询该卡的记录后人工处理。",
        "The card does not say that this unit has it: read the card and its audit trail.",
    ),
}


@dataclass(frozen=True)
class Difference:
    """`expected` is what the other book says, `found` what this one does; money in minor units."""

    kind: DifferenceKind
    order: str | None = None
    provider: str | None = None
    transaction: str | None = None
    expected: Facts | None = None
    found: Facts | None = None
    refund: str | None = None
    card: str | None = None

    @property
    def call(self) -> tuple[str, str] | None:
        """Method and path of the call that mends it, where one does."""
        if self.kind in _RECOVERED and self.order:
            return "POST", f"/v1/admin/orders/{self.order}/recover"
        if self.kind == "refund_failed" and self.order and self.refund:
            return "POST", f"/v1/admin/orders/{self.order}/refunds/{self.refund}/settle"
        if self.kind == "card_differs" and self.card:
            return "GET", f"/v1/admin/cards/{self.card}"
        if self.order:
            return "GET", f"/v1/admin/orders/{self.order}/timeline"
        return None


_RECOVERED: frozenset[DifferenceKind] = frozenset(
    {"payment_not_here", "refund_not_here", "fee_not_booked", "not_settled", "journal_differs", "ledger_differs"}
)
