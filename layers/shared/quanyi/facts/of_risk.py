"""Facts of what the shop's rules decided, and of what people made of what was held: pure functions of the decision and
of the review. A decision never changes; a review has its facts from its end on."""

from collections.abc import Iterator
from typing import Any

from quanyi.facts.model import Fact
from quanyi.ids import derived_id
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.reviews import Review


def facts_of_decision(record: DecisionRecord) -> list[Fact]:
    """Of the order that it was about, where there is one."""
    outcome = "pass" if record.review else record.outcome
    known: dict[str, Any] = {
        "of": _about(record),
        "at": record.at,
        "channel": str(record.facts.get("order.channel", "")),
        "source": record.point,
        "quantity": 1,
    }
    rules = (
        Fact(f"{record.id}#ruled#{rule}", "ruled", reason=rule, medium=outcome, **known) for rule in _rules(record)
    )
    return [Fact(f"{record.id}#judged", "judged", reason=outcome, **known), *rules]


def facts_of_review(review: Review) -> list[Fact]:
    """Nothing while it is open."""
    if review.decided_at is None:
        return []
    known: dict[str, Any] = {
        "of": _about(review.decision),
        "at": review.decided_at,
        "channel": review.channel,
        "source": review.point,
        "quantity": 1,
    }
    stake: dict[str, Any] = {"amount": review.amount.amount, "currency": review.amount.currency}
    seconds = int((review.decided_at - review.opened_at).total_seconds())
    by = "time" if review.timed_out else "person"
    ended = Fact(f"{review.id}#reviewed", "reviewed", reason=review.state, medium=by, seconds=seconds, **stake, **known)
    rules = (
        Fact(f"{review.id}#rule_reviewed#{rule}", "rule_reviewed", reason=rule, medium=review.state, **known)
        for rule in _rules(review.decision, against=True)
    )
    return [ended, *rules]


def _rules(record: DecisionRecord, *, against: bool = False) -> Iterator[str]:
    """Each once. A rule that failed has held."""
    hits = (hit.rule for hit in record.hits if not (against and hit.then == "approve"))
    yield from dict.fromkeys([*hits, *(error.rule for error in record.errors)])


def _about(record: DecisionRecord) -> str:
    """The number of a redemption tells its card."""
    return record.order or derived_id("", record.subject)
