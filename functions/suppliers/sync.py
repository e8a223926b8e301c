"""Every hour: each supplier's balance, catalogue and record; the costs of offers, prices by mark-up, and what goes off
sale below cost or comes back.

Suppliers go by turns, the one that was synced longest ago first, for as long as there is time; one's fault does not
stop the others. Each step may be repeated; what a run does not finish, the next one goes on with.
"""

from typing import Any

from quanyi.errors import Conflict
from quanyi.http import log, place
from quanyi.supply.model import Supplier
from quanyi.supply.port import NoAnswer, NotOffered
from suppliers.setup import ask_balance
from suppliers.syncing import More, sync
from suppliers.wiring import Room, room

KEPT_MILLIS = 45_000
"""What must be left of the function's time for another step: a supplier has eight seconds for each call of one."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every hour; what its event says is not read. Answers how many suppliers were seen to."""
    found = run(room(), lambda: context.get_remaining_time_in_millis() > KEPT_MILLIS)
    log().info("synced", extra=found)
    return found


def run(work: Room, more: More) -> dict[str, int]:
    counts = {"done": 0, "paused": 0, "elsewhere": 0, "not_set_up": 0, "failed": 0, "left": 0}
    for supplier in sorted(work.suppliers.every(), key=lambda one: (one.synced_at or one.created_at, one.id)):
        if not more():
            counts["left"] += 1
            continue
        try:
            counts[_see_to(work, supplier, more)] += 1
        except Exception as fault:  # noqa: BLE001 - logged by class and place: one supplier must not stop the others
            counts["failed"] += 1
            told = {"supplier": supplier.id, "fault": type(fault).__name__, "at": place(fault)}
            log().error("sync failed", extra=told)
    return counts


def _see_to(work: Room, supplier: Supplier, more: More) -> str:
    """One that is switched off is not asked. Its SKUs are still judged: another's offer may fit, or none be left that
    does."""
    try:
        if supplier.enabled:
            _ask_balance(work, supplier)
        after, done = sync(work, supplier, more, ask=supplier.enabled)
    except Conflict as conflict:
        if conflict.extra.get("reason") != "credentials_missing":
            raise
        return "not_set_up"
    if supplier.enabled:
        work.watch.supplier(after, work.health.of([supplier.id], work.today)[supplier.id])
    work.health.prune(supplier.id, work.today)
    log().info("supplier synced", extra={"supplier": supplier.id, **done.numbers()})
    return done.outcome


def _ask_balance(work: Room, supplier: Supplier) -> None:
    """No clear answer changes nothing: the catalogue is asked next, and tells whether the supplier is there."""
    try:
        ask_balance(work, supplier)
    except (NoAnswer, NotOffered):
        return
