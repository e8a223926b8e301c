"""A decision as it is recorded: what was known, which rules applied, what came of it.

It can be explained afterwards, and a new version of the rules is tried on it.
"""

from datetime import datetime, timedelta

from pydantic import Field

from quanyi.clock import Timestamp
from quanyi.ids import derived_id
from quanyi.orders.part import Part
from quanyi.risk.facts import Facts, Point, Value, must_fit, notable
from quanyi.risk.rules import Decision, Hit, Outcome, Rulebook, RuleError

KEPT = timedelta(days=90)
"""How long a decision can be explained. A review keeps its own for as long as it is kept itself."""


class DecisionRecord(Part):
    """`subject` is what was decided on: an order, a redemption, a refund. `facts` leaves out what was zero; they are
    numbers and codes, nothing that names a person."""

    v: int = 1
    id: str
    point: Point
    subject: str
    order: str = ""
    """The order that it belongs to, where there is one."""
    at: Timestamp
    outcome: Outcome
    score: int = 0
    hits: tuple[Hit, ...] = ()
    errors: tuple[RuleError, ...] = ()
    facts: dict[str, Value] = Field(default_factory=dict[str, Value])
    version: int = 0
    """Of the rules; 0 are the built-in ones."""
    policies: int = 0
    """Version of the policies; 0 are none."""
    review: str = ""
    """The review whose approval let it pass, where another request for the same had opened that."""

    @property
    def public_reasons(self) -> list[str]:
        """What who is refused may be told."""
        return sorted({hit.reason for hit in self.hits if hit.public})


def decision_id(point: Point, subject: str, request: str = "") -> str:
    """The same for the same question: `request` tells several about one subject apart."""
    return derived_id("D", point, subject, request)


def judged(book: Rulebook, facts: Facts) -> Decision:
    """What the rules make of facts. An order that was placed only to be looked at is looked at before its delivery,
    whatever the rules of that say, unless they trust its buyer."""
    found = book.decide(facts)
    trusted = any(hit.then == "approve" for hit in found.hits)
    if not facts.get("order.risk_held") or found.outcome != "approve" or trusted:
        return found
    held = Hit(rule="held_at_order", then="hold", reason="held_at_order")
    return found.model_copy(update={"outcome": "hold", "hits": (*found.hits, held)})


def decided(
    book: Rulebook, facts: Facts, *, subject: str, now: datetime, order: str = "", request: str = ""
) -> DecisionRecord:
    """Asks the rules that are in force, and says all that there is to record. Raises ValueError for facts that the
    point does not have."""
    must_fit(book.point, facts)
    found = judged(book, facts)
    return DecisionRecord(
        id=decision_id(book.point, subject, request),
        point=book.point,
        subject=subject,
        order=order,
        at=now,
        outcome=found.outcome,
        score=found.score,
        hits=found.hits,
        errors=found.errors,
        facts=notable(facts),
        version=book.version,
        policies=book.policies,
    )
