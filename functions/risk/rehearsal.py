"""A dry run: what a version of the rules would have made of decisions that were recorded."""

from collections import Counter

from quanyi.callers import Caller
from quanyi.risk.decisions import DecisionRecord, judged
from quanyi.risk.facts import Point
from quanyi.risk.listing import newest
from quanyi.risk.policies import Policies, rules_of
from quanyi.risk.rules import Decision, Outcome, Rulebook
from quanyi.risk.version_table import DryRun
from risk.messages import ChangedView, RehearsalView, ShiftView
from risk.versions import table_in, version_of
from risk.wiring import RulesRoom

ALL: tuple[Outcome, ...] = ("approve", "hold", "refuse")
EXAMPLES = 20


def rehearse(room: RulesRoom, caller: Caller, point: Point, version: int, most: int) -> RehearsalView:
    """Tries a version, with the policies in force, on the newest `most` decisions, and notes on it that it was tried.
    Changes nothing else. Raises NotFound."""
    wanted = version_of(room, point, version)
    policies = Policies.model_validate(room.versions("policies").active().content)
    book = Rulebook(point, table_in(wanted), version, more=rules_of(policies, point))
    outcomes: Counter[tuple[Outcome, Outcome]] = Counter()
    hits: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    examples: list[ChangedView] = []
    failed = 0
    for record in room.decisions.find(newest(room.table, point, ALL, most).ids):
        found = judged(book, record.facts)
        outcomes[record.outcome, found.outcome] += 1
        hits.update(hit.rule for hit in found.hits)
        errors.update(error.rule for error in found.errors)
        failed += bool(found.errors)
        if found.outcome != record.outcome and len(examples) < EXAMPLES:
            examples.append(_changed(record, found))
    changed = sum(count for (before, after), count in outcomes.items() if before != after)
    run = DryRun(at=room.now(), by=caller.name, decisions=outcomes.total(), changed=changed, failed=failed)
    if version:
        room.versions(point).tried(version, run)
    return RehearsalView(
        point=point,
        version=version,
        run=run,
        shifts=[ShiftView(before=old, after=new, decisions=count) for (old, new), count in sorted(outcomes.items())],
        hits=dict(hits),
        errors=dict(errors),
        examples=examples,
    )


def _changed(record: DecisionRecord, found: Decision) -> ChangedView:
    return ChangedView(
        decision=record.id,
        subject=record.subject,
        at=record.at,
        before=record.outcome,
        after=found.outcome,
        hits=list(found.hits),
        errors=list(found.errors),
    )
