"""A purchase for stock, as its workflow carries it on: sent, then waited for, asked about, and applied."""

from datetime import datetime, timedelta
from typing import Literal, TypedDict

from quanyi.errors import Busy, Refusal
from quanyi.http import log
from quanyi.purchases.model import PurchaseOrder
from reorder.applying import apply
from reorder.sending import ask, send
from reorder.wiring import Buying

RESTARTED = timedelta(minutes=2)
"""By then an execution has sent it."""


class Went(TypedDict):
    v: int
    outcome: Literal["done", "wait"]


def go_on(buying: Buying, purchase_id: str, execution: int) -> Went:
    """Sends what is approved, asks about what was sent, and applies what is over. Repeatable."""
    po = buying.purchases.get(purchase_id)
    if po.execution != execution or po.state == "draft":
        return {"v": 1, "outcome": "done"}  # a newer execution has it
    try:
        po = carried_on(buying, po)
    except Busy:
        return {"v": 1, "outcome": "wait"}  # somebody else is at it
    return {"v": 1, "outcome": "done" if po.applied else "wait"}


def carried_on(buying: Buying, po: PurchaseOrder) -> PurchaseOrder:
    """Raises Busy."""
    if po.state == "approved":
        return send(buying, po)
    return ask(buying, po) if po.under_way else apply(buying, po)


def wait(buying: Buying, purchase_id: str, execution: int, token: str) -> None:
    """Stores the token, unless what it would wait for has happened meanwhile: then it is answered at once."""

    def waiting(po: PurchaseOrder) -> PurchaseOrder:
        over = po.execution != execution or not po.under_way
        return po if over else po.model_copy(update={"token": token})

    po = buying.purchases.change(purchase_id, waiting)
    if po.token != token:
        buying.purchasing.wake(token)


def sure_to_run(buying: Buying, po: PurchaseOrder) -> PurchaseOrder:
    """An approved purchase whose execution was never started, or died before it could send: starts it anew."""
    if buying.purchasing.runs(po):
        return po
    again = buying.now() + RESTARTED
    po = buying.purchases.change(po, lambda it: _anew(it, po.execution, again))
    try:
        buying.purchasing.start(po)
    except Refusal as refusal:
        log().warning("not started", extra={"purchase": po.id, "code": refusal.code})
    return po


def _anew(po: PurchaseOrder, died: int, again: datetime) -> PurchaseOrder:
    if po.state != "approved" or po.execution != died:
        return po
    return po.model_copy(update={"execution": died + 1, "due_at": again})
