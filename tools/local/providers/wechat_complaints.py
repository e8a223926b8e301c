"""The local WeChat Pay's 消费者投诉2.0: https://pay.weixin.qq.com/docs/merchant/products/consumer-complaint/apilist.html."""

import secrets
from typing import Any

from tools.local.providers.wechat_state import Json, Ledger, Refused, Served
from tools.local.providers.wechat_wire import beijing


def opened(ledger: Ledger, payment: str, text: str, problem: str, opened_at: str = "") -> str:
    """The payer complains; answers the complaint's number."""
    paid = ledger.payments[payment]
    number = f"2002018{secrets.randbelow(10**20):020d}"
    order = {"transaction_id": paid["transaction_id"], "out_trade_no": payment, "amount": paid["total"]}
    ledger.complaints[number] = {
        "complaint_id": number,
        "complaint_time": opened_at or beijing(),
        "complaint_detail": text,
        "complainted_mchid": ledger.mchid,
        "complaint_state": "PENDING",
        "payer_phone": ledger.keys.for_merchant("13800000000"),
        "complaint_order_info": [order],
        "complaint_full_refunded": False,
        "incoming_user_response": True,
        "problem_type": problem,
        "problem_description": "",
        "user_complaint_times": 1,
        "steps": [_step("USER_CREATE_COMPLAINT", text)],
    }
    return number


def listed(ledger: Ledger, query: dict[str, str]) -> Served:
    found = [
        told(it)
        for it in ledger.complaints.values()
        if query["begin_date"] <= it["complaint_time"][:10] <= query["end_date"]
    ]
    limit, offset = int(query["limit"]), int(query["offset"])
    if not 1 <= limit <= 50 or query["complainted_mchid"] != ledger.mchid:
        raise Refused(400, "PARAM_ERROR")
    return 200, {
        "data": found[offset : offset + limit],
        "limit": limit,
        "offset": offset,
        "total_count": len(found),
    }


def detail(ledger: Ledger, number: str) -> Served:
    return 200, told(_known(ledger, number))


def history(ledger: Ledger, number: str) -> Served:
    return 200, {"data": _known(ledger, number)["steps"], "limit": 300, "offset": 0}


def answered(ledger: Ledger, number: str, body: Json) -> Served:
    complaint = _known(ledger, number)
    if not 0 < len(body["response_content"]) <= 200 or body["complainted_mchid"] != ledger.mchid:
        raise Refused(400, "PARAM_ERROR")
    if complaint["complaint_state"] == "PENDING":
        complaint["complaint_state"] = "PROCESSING"
    complaint["incoming_user_response"] = False
    complaint["steps"].append(_step("MERCHANT_RESPONSE", body["response_content"]))
    return 204, None


def completed(ledger: Ledger, number: str, body: Json) -> Served:
    complaint = _known(ledger, number)
    if complaint["complaint_state"] == "PROCESSED":
        raise Refused(400, "INVALID_REQUEST")
    complaint["complaint_state"] = "PROCESSED"
    complaint["steps"].append(_step("MERCHANT_CONFIRM_COMPLETE", ""))
    return 204, None


def decided(ledger: Ledger, number: str, body: Json) -> Served:
    complaint = _known(ledger, number)
    if complaint["problem_type"] != "REFUND" or complaint["complaint_state"] == "PROCESSED":
        raise Refused(400, "INVALID_REQUEST")
    approved = body["action"] == "APPROVE"
    complaint["complaint_state"] = "PROCESSING" if approved else "PROCESSED"
    if not approved and not 0 < len(body.get("reject_reason", "")) <= 200:
        raise Refused(400, "PARAM_ERROR")
    kind = "MERCHANT_APPROVE_REFUND" if approved else "MERCHANT_REFUSE_RERUND"
    complaint["steps"].append(_step(kind, "" if approved else body["reject_reason"]))
    return 204, None


def told(complaint: Json) -> Json:
    return {key: value for key, value in complaint.items() if key != "steps"}


def _known(ledger: Ledger, number: str) -> Json:
    if number not in ledger.complaints:
        raise Refused(404, "RESOURCE_NOT_EXISTS")
    return ledger.complaints[number]


def _step(kind: str, text: str) -> dict[str, Any]:
    return {
        "log_id": secrets.token_hex(14),
        "operator": "local",
        "operate_time": beijing(),
        "operate_type": kind,
        "operate_details": text,
    }
