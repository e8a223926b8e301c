"""Every ten minutes: stock against its policies. What is low is told, proposed to a person, or bought.

For a hundred policies it takes three reads: what is known of their needs, the purchases that are open for these, and
the levels of stock, in this order: whoever sees an old level has seen an older need, and a purchase by it is one that
is there already. Only what is low takes more.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from quanyi.alerts.changes import raised
from quanyi.alerts.kinds import AlertKind
from quanyi.alerts.model import Alert, Finding
from quanyi.clock import stamp
from quanyi.http import log, place
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import Need, OverBudget, Taken
from quanyi.purchases.telling import STILL_NOT_BOUGHT
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.planning import Plan
from quanyi.restock.proposal import Stock, proposed
from quanyi.restock.table import Progress
from quanyi.restock.telling import STOCK_ALERTS, findings, over
from reorder.planning import Planner
from reorder.restocking import Wanted, backlog_of, place_purchase, wanted
from reorder.telling import tell
from reorder.wiring import Restocking, restocking

RUN = "watch"
TOGETHER = 100
AT_ONCE = 8
SECONDS = 240.0
"""Below the schedule's ten minutes; the next run goes on where this one stopped."""


@dataclass
class Watched:
    """What a run did."""

    policies: int = 0
    low: int = 0
    purchases: int = 0
    raised: int = 0
    recovered: int = 0
    faults: int = 0


@dataclass(frozen=True)
class Seen:
    """A policy's stock, as the reads of a hundred say."""

    policy: KeptPolicy
    need: Need
    open: PurchaseOrder | None
    available: int


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler; what its event says is not read."""
    done = vars(watch(restocking(), SECONDS))
    log().info("watched", extra=done)
    return dict(done)


def watch(work: Restocking, seconds: float = SECONDS) -> Watched:
    until = time.monotonic() + seconds
    begun = work.policies.progress(RUN).after
    run = _Run(work, Planner.of(work), _open_alerts(work))
    policies = work.policies.every(begun)
    while some := list(islice(policies, TOGETHER)):
        run.together(some)
        if time.monotonic() > until:
            work.policies.note_progress(RUN, Progress(after=some[-1].need))
            return run.done
    if begun:
        work.policies.note_progress(RUN, Progress())
    else:
        run.recover_orphans()
        recover_bought(work)
    return run.done


@dataclass
class _Run:
    work: Restocking
    planner: Planner
    alerts: Mapping[tuple[str, str], Alert]
    """Those that were open when it began, by kind and subject."""
    done: Watched = field(default_factory=Watched)
    needs: set[str] = field(default_factory=set[str])

    def together(self, policies: Sequence[KeptPolicy]) -> None:
        seen = read(self.work, policies)
        self.done.policies += len(seen)
        self.needs |= {one.policy.need for one in seen}
        with ThreadPoolExecutor(AT_ONCE) as several:
            list(several.map(self._guarded, [one for one in seen if self._asks_more(one)]))

    def recover_orphans(self) -> None:
        """Alerts whose policy is gone."""
        for kind, subject in self.alerts:
            if subject not in self.needs and kind in STOCK_ALERTS:
                self._recover(kind, subject)

    def _asks_more(self, one: Seen) -> bool:
        """False for what is in order, and was: there is nothing to do."""
        plan = one.policy.current
        known = any((kind, one.policy.need) in self.alerts for kind in STOCK_ALERTS)
        return (
            known
            or plan is None
            or _is_draft(one)
            or bool(proposed(one.policy, plan.levels, stock_of(one, plan), None).alerts)
        )

    def _guarded(self, one: Seen) -> None:
        """One SKU's fault is not another's."""
        try:
            self._one(one)
        except Exception as fault:  # noqa: BLE001 - the others are still to be looked at
            self.done.faults += 1
            told = {"need": one.policy.need, "fault": type(fault).__name__, "at": place(fault)}
            log().error("not watched", extra=told)

    def _one(self, one: Seen) -> None:
        policy, work = one.policy, self.work
        plan = policy.current or self._fresh_plan(policy)
        stock = stock_of(one, plan)
        if stock.available <= 0 or stock.position < plan.levels.low:
            stock = stock_of(one, plan, backlog_of(work, policy))
        if self._may_buy(one, plan, stock):
            it = wanted(work, policy, plan, stock, one.need)
        else:
            it = Wanted(proposed(policy, plan.levels, stock, None))
        found = findings(policy, plan, stock, it.proposal)
        self.done.low += any(finding.kind in ("stock_low", "stock_out") for finding in found)
        for finding in found:
            self._raise(finding)
        for kind in over(found):
            if (kind, policy.need) in self.alerts:
                self._recover(kind, policy.need)
        if _is_draft(one) and one.open:
            tell(work.buying, one.open)
        elif it.buys:
            self._buy(policy, one.need, it)

    def _fresh_plan(self, policy: KeptPolicy) -> Plan:
        plan = self.planner.plan(policy)
        self.work.policies.note_plan(policy, plan)
        return plan

    def _may_buy(self, one: Seen, plan: Plan, stock: Stock) -> bool:
        free = not one.need.open and one.need.again <= stamp(self.work.buying.now())
        return free and stock.position < plan.levels.low

    def _buy(self, policy: KeptPolicy, need: Need, it: Wanted) -> None:
        try:
            po = place_purchase(self.work, policy, need, it)
        except (Taken, OverBudget) as refusal:  # somebody else restocks it, or took what was left of the budget
            log().info("not bought", extra={"need": policy.need, "code": refusal.code})
            return
        self.done.purchases += 1
        log().info("bought", extra={"need": policy.need, "purchase": po.id, "state": po.state})

    def _raise(self, finding: Finding) -> None:
        """What the index says of an alert is a hint: where by it there is nothing to write, nothing is read."""
        known, now = self.alerts.get((finding.kind, finding.subject)), self.work.buying.now()
        if known and raised(known, finding, now) is None:
            return
        self.work.buying.alerts.raise_(finding, now)
        self.done.raised += 1

    def _recover(self, kind: AlertKind, subject: str) -> None:
        self.work.buying.alerts.recover(kind, subject, self.work.buying.now())
        self.done.recovered += 1


def recover_bought(work: Restocking) -> None:
    """What no order that looks for a supplier has seen for a while: it was delivered, or its money went back."""
    now = work.buying.now()
    for alert in work.buying.alerts.open_ones("sku_not_bought"):
        if now - alert.changed_at >= STILL_NOT_BOUGHT:
            work.buying.alerts.recover(alert.kind, alert.subject, now)


def read(work: Restocking, policies: Sequence[KeptPolicy]) -> list[Seen]:
    """Needs first, then levels (see above)."""
    needs = work.buying.purchases.needs([policy.need for policy in policies])
    open_ones = work.buying.purchases.find([need.open for need in needs.values() if need.open])
    keys = [{"pk": f"LEVEL#{policy.sku}", "sk": policy.channel} for policy in policies]
    levels = {(item["pk"], item["sk"]): item for item in work.stats.get_many(keys)}
    found: list[Seen] = []
    for policy, key in zip(policies, keys, strict=True):
        need = needs.get(policy.need, Need())
        level = levels.get((key["pk"], key["sk"]), {})
        found.append(Seen(policy, need, open_ones.get(need.open), int(level.get("available", 0))))
    return found


def stock_of(one: Seen, plan: Plan | None, backlog: int = 0) -> Stock:
    coming = max(0, one.open.quantity - one.open.received) if one.open and one.open.is_open else 0
    return Stock(
        available=one.available,
        on_order=0 if _is_draft(one) else coming,
        backlog=backlog,
        expiring=min(plan.expiring, max(0, one.available)) if plan else 0,
    )


def _is_draft(one: Seen) -> bool:
    return one.open is not None and one.open.state == "draft"


def _open_alerts(work: Restocking) -> dict[tuple[str, str], Alert]:
    return {(alert.kind, alert.subject): alert for alert in work.buying.alerts.open_ones(*STOCK_ALERTS)}
