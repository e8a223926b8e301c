"""The calls of the local Alipay's gateway: content in, the answer's own part out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.local.providers.alipay_bill import bill
from tools.local.providers.alipay_books import Books, Complaint, Refused, Trade, china, moment, yuan

Content = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    books: Books
    url: str
    unclear_refund: bool = False


def answered(desk: Desk, method: str, content: Content, refusal: str | None) -> Content:
    """Raises Refused."""
    if refusal:
        raise Refused(refusal)
    return {"code": "10000", "msg": "Success"} | _CALLS[method](desk, content)


def offered(books: Books, content: Content) -> Trade:
    """Raises Refused."""
    return books.offer(
        Trade(
            payment=content["out_trade_no"],
            amount=int(content["total_amount"].replace(".", "")),
            subject=content["subject"],
            method=content["method"],
            expires=moment(content["time_expire"]),
            notify_url=content.get("notify_url", ""),
            return_url=content.get("return_url", ""),
        )
    )


def _precreate(desk: Desk, content: Content) -> Content:
    trade = offered(desk.books, content)
    return {"out_trade_no": trade.payment, "qr_code": f"{desk.url}/cashier?payment={trade.payment}"}


def _query(desk: Desk, content: Content) -> Content:
    trade = desk.books.known(content.get("out_trade_no", ""), content.get("trade_no", ""))
    paid = {"send_pay_date": china(trade.paid_at)} if trade.paid_at else {}
    foreign = {"trans_currency": trade.currency} if trade.currency else {}
    return {
        "trade_no": trade.number,
        "out_trade_no": trade.payment,
        "trade_status": trade.status,
        "total_amount": yuan(trade.paid or trade.amount),
        "buyer_logon_id": "138****0000",
        **paid,
        **foreign,
    }


def _close(desk: Desk, content: Content) -> Content:
    trade = desk.books.close(content.get("out_trade_no", ""), content.get("trade_no", ""))
    return {"trade_no": trade.number, "out_trade_no": trade.payment}


def _refund(desk: Desk, content: Content) -> Content:
    trade = desk.books.known(content.get("out_trade_no", ""), content.get("trade_no", ""))
    amount = int(content["refund_amount"].replace(".", ""))
    moved = desk.books.refund(trade, content["out_request_no"], amount)
    change = "Y" if moved and not desk.unclear_refund else "N"
    told = {"trade_no": trade.number, "out_trade_no": trade.payment, "refund_fee": yuan(trade.refunded)}
    return {**told, "fund_change": change, "buyer_logon_id": "138****0000"}


def _refund_query(desk: Desk, content: Content) -> Content:
    trade = desk.books.known(content.get("out_trade_no", ""), content.get("trade_no", ""))
    refund = trade.refunds.get(content["out_request_no"])
    if refund is None or desk.books.clock() < refund.at + desk.books.query_lag:
        return {}
    return {
        "trade_no": trade.number,
        "out_trade_no": trade.payment,
        "out_request_no": refund.request,
        "refund_amount": yuan(refund.amount),
        "total_amount": yuan(trade.paid),
        "refund_status": "REFUND_SUCCESS",
    }


def _bill(desk: Desk, content: Content) -> Content:
    if bill(desk.books, content["bill_date"]) is None:
        raise Refused("isp.bill_not_exist")
    return {"bill_download_url": f"{desk.url}/bill?bizDates={content['bill_date']}"}


def _complaint(desk: Desk, content: Content) -> Content:
    return _complaint_told(_complaint_of(desk, content))


def _complaints(desk: Desk, content: Content) -> Content:
    begin, end = moment(content["begin_time"]), moment(content["end_time"])
    found = [it for it in desk.books.complaints.values() if begin <= it.opened_at <= end]
    page, size = content.get("page_num", 1), content.get("page_size", 10)
    shown = found[(page - 1) * size : page * size]
    pages = -(-len(found) // size)
    numbers = {"page_num": page, "page_size": size, "total_num": len(found), "total_page_num": pages}
    return {**numbers, "trade_complain_infos": [_complaint_told(it) for it in shown]}


def _feedback(desk: Desk, content: Content) -> Content:
    complaint = _complaint_of(desk, content)
    if complaint.status != "MERCHANT_PROCESSING" or len(content["feedback_content"]) > 200:
        raise Refused("ILLEGAL_STATE")
    complaint.feedback = content["feedback_code"]
    desk.books.say(complaint, "MERCHANT", content["feedback_content"], "MERCHANT_FEEDBACKED")
    return {}


def _reply(desk: Desk, content: Content) -> Content:
    complaint = _complaint_of(desk, content)
    if complaint.status in ("FINISHED", "CANCELLED", "CLOSED"):
        raise Refused("ILLEGAL_STATE")
    desk.books.say(complaint, "MERCHANT", content["reply_content"])
    return {}


def _complaint_of(desk: Desk, content: Content) -> Complaint:
    if content["complain_event_id"] not in desk.books.complaints:
        raise Refused("COMPLAIN_NOT_EXIST")
    return desk.books.complaints[content["complain_event_id"]]


def _complaint_told(complaint: Complaint) -> Content:
    return {
        "complain_event_id": complaint.number,
        "status": complaint.status,
        "trade_no": complaint.trade.number,
        "merchant_order_no": complaint.trade.payment,
        "gmt_create": china(complaint.opened_at),
        "gmt_modified": china(complaint.changed_at),
        "leaf_category_name": "申请退款",
        "complain_reason": complaint.reason,
        "content": complaint.words,
        "phone_no": "13800000000",
        "trade_amount": yuan(complaint.trade.paid),
        "reply_detail_infos": list(complaint.said),
    }


_CALLS: Mapping[str, Callable[[Desk, Content], Content]] = {
    "alipay.trade.precreate": _precreate,
    "alipay.trade.query": _query,
    "alipay.trade.close": _close,
    "alipay.trade.refund": _refund,
    "alipay.trade.fastpay.refund.query": _refund_query,
    "alipay.data.dataservice.bill.downloadurl.query": _bill,
    "alipay.merchant.tradecomplain.query": _complaint,
    "alipay.merchant.tradecomplain.batchquery": _complaints,
    "alipay.merchant.tradecomplain.feedback.submit": _feedback,
    "alipay.merchant.tradecomplain.reply.submit": _reply,
}
