"""Which part of the local WeChat Pay serves which address of API v3."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tools.local.providers import wechat_complaints as complaints
from tools.local.providers.wechat_state import Json, Ledger, Refused, Served

_PAYMENT = r"/v3/pay/transactions/out-trade-no/([^/]+)"
_REFUND = r"/v3/refund/domestic/refunds"
_COMPLAINT = r"/v3/merchant-service/complaints-v2"


@dataclass
class Asked:
    """A request; `base` is the server's own address."""

    method: str
    path: str
    query: dict[str, str]
    body: Json
    base: str


Route = Callable[[Ledger, str, Asked], Served]

_ROUTES: list[tuple[str, str, Route]] = [
    (
        "POST",
        r"/v3/pay/transactions/(native|jsapi|h5)",
        lambda ledger, kind, asked: ledger.prepay(kind, asked.body, asked.base),
    ),
    ("GET", _PAYMENT, lambda ledger, number, _: ledger.query(number)),
    ("POST", _PAYMENT + "/close", lambda ledger, number, _: ledger.close(number)),
    ("POST", _REFUND, lambda ledger, _, asked: ledger.refund(asked.body)),
    ("GET", _REFUND + r"/([^/]+)", lambda ledger, number, _: ledger.query_refund(number)),
    ("GET", _COMPLAINT, lambda ledger, _, asked: complaints.listed(ledger, asked.query)),
    ("GET", _COMPLAINT + r"/([^/]+)", lambda ledger, number, _: complaints.detail(ledger, number)),
    (
        "GET",
        _COMPLAINT + r"/([^/]+)/negotiation-historys",
        lambda ledger, number, _: complaints.history(ledger, number),
    ),
    ("POST", _COMPLAINT + r"/([^/]+)/response", lambda ledger, it, asked: complaints.answered(ledger, it, asked.body)),
    ("POST", _COMPLAINT + r"/([^/]+)/complete", lambda ledger, it, asked: complaints.completed(ledger, it, asked.body)),
    (
        "POST",
        _COMPLAINT + r"/([^/]+)/update-refund-progress",
        lambda ledger, it, asked: complaints.decided(ledger, it, asked.body),
    ),
]


def served(ledger: Ledger, asked: Asked) -> Served:
    """Raises Refused, and KeyError, TypeError or ValueError for a body that is not WeChat's form."""
    for method, form, route in _ROUTES:
        found = re.fullmatch(form, asked.path)
        if method == asked.method and found:
            return route(ledger, "".join(found.groups()), asked)
    raise Refused(404, "NOT_FOUND")
