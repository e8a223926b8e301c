"""Stock policies written, read and tried out by people."""

import time

from quanyi.callers import Caller
from quanyi.clock import stamp
from quanyi.errors import Invalid
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.proposal import proposed
from quanyi.restock.table import new_policy
from reorder.counting import count_day, days_between
from reorder.planning import Planner
from reorder.policy_messages import CountBody, Counted, PolicyBody, PreviewView
from reorder.restocking import Wanted, backlog_of, wanted
from reorder.watch import read, stock_of
from reorder.wiring import Restocking

SECONDS = 15.0
"""After so long no further day is counted in this call."""


def read_policy(work: Restocking, caller: Caller, sku: str, channel: str) -> KeptPolicy:
    """Raises NotFound."""
    caller.needs("operator", "support", "analyst")
    return work.policies.get(sku, channel)


def save_policy(work: Restocking, caller: Caller, sku: str, channel: str, body: PolicyBody) -> KeptPolicy:
    """Replaces the terms that were last read as `body.version`, and plans them at once. The same again answers what it
    made. Raises NotFound (SKU), Invalid (`kind`, `currency`), Conflict (`stale_version`)."""
    caller.needs("operator")
    _must_fit(work, sku, body)
    known = work.policies.find(sku, channel)
    again = known and (known.version, known.terms, known.changed_by) == (body.version + 1, body.terms, caller.name)
    saved = known if known and again else work.policies.save(_policy(work, caller, sku, channel, body, known))
    plan = Planner.of(work).plan(saved)
    work.policies.note_plan(saved, plan)
    return saved.model_copy(update={"plan": plan})


def remove_policy(work: Restocking, caller: Caller, sku: str, channel: str, version: int) -> None:
    """The same again is harmless. Raises Conflict (`stale_version`)."""
    caller.needs("operator")
    work.policies.remove(sku, channel, version, caller.name, work.buying.now())


def preview(work: Restocking, caller: Caller, sku: str, channel: str, body: PolicyBody | None) -> PreviewView:
    """What would be done now, with all its numbers. Writes nothing. Raises NotFound, Invalid."""
    caller.needs("operator")
    if body is None:
        policy = work.policies.get(sku, channel)
    else:
        _must_fit(work, sku, body)
        policy = _policy(work, caller, sku, channel, body, work.policies.find(sku, channel))
    plan = Planner.of(work).plan(policy)
    (seen,) = read(work, [policy])
    stock = stock_of(seen, plan, backlog_of(work, policy))
    low = stock.position < plan.levels.low
    it = wanted(work, policy, plan, stock, seen.need) if low else Wanted(proposed(policy, plan.levels, stock, None))
    rests = seen.need.again if seen.need.again > stamp(work.buying.now()) else ""
    return PreviewView.of_wanted(plan, stock, it, seen.need.open or rests)


def count_again(work: Restocking, caller: Caller, body: CountBody) -> Counted:
    """Sets past days' demand to what their orders come to, as many as there is time for. Raises Invalid (`range`)."""
    caller.needs("operator")
    until, days = time.monotonic() + SECONDS, days_between(work, body.first, body.last)
    for done, day in enumerate(days):
        if done and time.monotonic() > until:
            return Counted(days=done, next=day)
        count_day(work, day)
    return Counted(days=len(days), next=None)


def _policy(
    work: Restocking, caller: Caller, sku: str, channel: str, body: PolicyBody, known: KeptPolicy | None
) -> KeptPolicy:
    now = work.buying.now()
    created = known.created_at if known else now
    return new_policy(
        sku,
        channel,
        body.terms,
        version=body.version + 1,
        created_at=created,
        updated_at=now,
        changed_by=caller.name,
    )


def _must_fit(work: Restocking, sku_id: str, body: PolicyBody) -> None:
    sku = work.buying.catalog.sku(sku_id)
    if sku.kind != "card":
        raise Invalid("Only cards are kept in stock.", reason="kind", kind=sku.kind)
    amounts = (body.approval_above, body.price_guard.most_cost, body.monthly_budget)
    if any(amount and amount.currency != sku.currency for amount in amounts):
        raise Invalid(f"Its amounts are in the SKU's currency, {sku.currency}.", reason="currency")
