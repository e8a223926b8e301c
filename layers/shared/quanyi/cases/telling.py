"""Which events, and which entry of its order's audit trail, one write of a case amounts to. Ids, states and amounts:
neither the buyer's words nor ours."""

from datetime import datetime
from typing import Any

from quanyi.audit.model import Entry, order_subject
from quanyi.cases.model import Case
from quanyi.events.model import CaseAnswered, CaseClosed, CaseDueSoon, CaseEvent, CaseOpened
from quanyi.ids import derived_id


def events_of_case(old: Case | None, new: Case, at: datetime) -> list[CaseEvent]:
    """The same two images always give the same events, ids included. A case that is taken up again is opened again."""
    told: list[CaseEvent] = []

    def add(kind: type[CaseEvent], *which: str, **fields: Any) -> None:
        common = {
            "id": derived_id("E", new.id, str(new.rev), kind.__name__, *which),
            "order": new.order or "",
            "channel": new.channel,
            "rev": new.rev,
            "at": at,
            "currency": new.currency,
            "case": new.id,
            "provider": new.provider,
            "kind": new.kind,
            "amount": new.amount,
            "due_at": new.due_at,
        }
        told.append(kind.model_validate({**common, **fields}))

    if old is None or (new.is_open and not old.is_open):
        add(CaseOpened)
    before = {answer.id: answer.outcome for answer in old.answers} if old else {}
    for answer in new.answers:
        if answer.outcome != "unknown" and before.get(answer.id, "unknown") == "unknown":
            add(CaseAnswered, answer.id, action=answer.action, outcome=answer.outcome)
    if new.warned and not (old and old.warned):
        add(CaseDueSoon)
    if not new.is_open and (old is None or old.is_open or old.state != new.state):
        add(CaseClosed, state=new.state)
    return told


def entry_of_case(old: Case | None, new: Case, at: datetime, events: list[CaseEvent]) -> Entry | None:
    """None for a case without an order, and when nothing is worth telling."""
    known = {answer.id for answer in old.answers} if old else set[str]()
    facts: list[dict[str, Any]] = [
        {"what": "CaseAnswerAsked", "case": new.id, "action": answer.action}
        for answer in new.answers
        if answer.id not in known
    ]
    shown = {"case", "provider", "kind", "amount", "currency", "action", "outcome", "state"}
    facts += [{"what": type(event).__name__, **event.model_dump(mode="json", include=shown)} for event in events]
    if not facts or new.order is None:
        return None
    return Entry(order_subject(new.order), at, f"{new.id}#{new.rev:06d}", new.changed_by, facts, None, None)
