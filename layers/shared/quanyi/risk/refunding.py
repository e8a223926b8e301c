"""Whether money goes back because a person says so: over the API, or as the answer of a complaint.

Both ways are one question to the shop's rules, with the same facts, and join one review: who is held on one of them
does not get round it by the other.
"""

from dataclasses import dataclass
from datetime import datetime

from quanyi.cards.table import CardsTable
from quanyi.ids import derived_id
from quanyi.money import Money
from quanyi.orders.model import Order
from quanyi.orders.returns import Refund
from quanyi.risk.assess import Risk
from quanyi.risk.order_facts import refund_facts
from quanyi.risk.passing import Wanted


@dataclass(frozen=True)
class Asking:
    """Who wants the money sent back, and how. `request` names the call, with a hash of its body. `despite`: whatever
    the rules say. `due_by`: a review that it needs ends no later."""

    request: str
    role: str
    despite: bool = False
    due_by: datetime | None = None


def judge_refund(risk: Risk, cards: CardsTable, order: Order, refund: Refund, asking: Asking, now: datetime) -> bool:
    """`refund` as it would be made of `order`, before it is. Answers whether a card that it is about was revealed.
    Raises RiskRefused, ReviewNeeded, ApprovalUsed, Busy."""
    units = [*refund.units, *(unit for unit, _ in refund.parts)]
    theirs = cards.get_many([card for unit in units if (card := order.unit(unit).card)])
    facts = refund_facts(order, units, refund.amount, theirs, asking.role, now)
    risk.at_refund(
        order,
        facts,
        Wanted(
            same=derived_id("", order.id, str(refund.amount), *sorted(units)),
            amount=Money(amount=refund.amount, currency=order.currency),
            channel=order.channel,
            due_by=asking.due_by,
        ),
        asking.request,
        now,
        despite=asking.despite,
    )
    return bool(facts["refund.revealed"])
