"""Every 15 minutes: cases whose notifications were lost, answers whose outcome is not known, refunds whose review ended
against them, deadlines that come near, and orders that are not as their case wants them.

Each step may be repeated; what it does not finish, the next run does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from cases.answers import pursue
from cases.wiring import Office, office
from quanyi.cases.changes import heard, turned_down, warned, withdrawn
from quanyi.cases.model import Answer, Case, case_id
from quanyi.errors import Busy
from quanyi.http import log, place
from quanyi.metrics import count
from quanyi.orders.model import Order
from quanyi.payments.port import CaseDesk, CaseTold, NoSuchProvider, TakenBack
from quanyi.payments.receipt import book_taken_back, needs_workflow
from quanyi.risk.decisions import decision_id
from quanyi.risk.reviews import Review

AT_MOST = 1000
"""Open cases that one run looks at."""
OVERLAP = timedelta(hours=6)
"""A provider's list can be late; what is told twice changes nothing."""
FIRST = timedelta(days=7)
"""How far back the first look at a provider goes."""
FURTHEST = timedelta(days=30)
NEAR = timedelta(hours=6)
ASK_AGAIN = timedelta(minutes=1)

ItemT = TypeVar("ItemT")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every 15 minutes. Answers how many cases it heard of and did something about."""
    found = sweep(office())
    log().info("swept", extra=found)
    return found


def sweep(office: Office) -> dict[str, int]:
    settings = office.providers.settings
    names: set[str] = {*office.providers.fixed, *(settings.every() if settings else ())}
    told = sum(_guarded(name, partial(_look, office, name)) or 0 for name in sorted(names))
    return {"told": told, "tended": sum(_tend(office, cases) for cases in _hundreds(office.cases.every_open()))}


def _look(office: Office, name: str) -> int:
    """Asks a provider for its cases. The next look begins where this one did, unless something could not be taken."""
    try:
        provider = office.providers.get(name)
    except NoSuchProvider:
        return 0
    if not isinstance(provider, CaseDesk):
        return 0
    now = office.now()
    looked_at = office.cases.looked_at(name)
    since = max(looked_at - OVERLAP, now - FURTHEST) if looked_at else now - FIRST
    told = provider.cases_since(since, now)
    known = office.cases.find([case_id(name, each.case) for each in told])
    changed = 0
    failed = False
    for each in told:
        done = _guarded(each.case, partial(_take, office, name, each, known, now))
        failed, changed = failed or done is None, changed + bool(done)
    if not failed:
        office.cases.look(name, now)
    return changed


def _take(office: Office, name: str, told: CaseTold, known: dict[str, Case], asked_at: datetime) -> bool:
    case = known.get(case_id(name, told.case))
    new = case is None or heard(case, told, office.now(), asked_at) != case or bool(office.intake.unheard(case, told))
    if new:
        case = office.intake.record(name, told, asked_at)
    if case and case.order and told.kind == "dispute" and told.end == "lost":
        return _recover(office, case, told) or new
    return new


def _recover(office: Office, case: Case, told: CaseTold) -> bool:
    """A lost dispute is money taken back, under the name that its notification has; then the goods come back as far as
    they can, and the order is let go."""
    now = office.now()
    taken = TakenBack(told.payment, told.case, told.amount, told.currency, "dispute_lost")
    order = book_taken_back(office.orders, office.workflow, case.provider, taken, now)
    over = office.orders.change(order, lambda it: withdrawn(it, case.id, now))
    if needs_workflow(over):
        office.workflow.start(over)
    return over != order


def _tend(office: Office, ids: list[str]) -> int:
    cases = [case for case in office.cases.find(ids).values() if case.is_open]
    orders = office.orders.find(list(dict.fromkeys(order for case in cases for order in case.orders)))
    reviews = office.risk.reviews.find([answer.review for case in cases for answer in case.held])

    def tend(case: Case) -> bool:
        return _tend_one(office, case, [orders[o] for o in case.orders if o in orders], reviews)

    return sum(bool(_guarded(case.id, partial(tend, case))) for case in cases)


def _tend_one(office: Office, case: Case, orders: Sequence[Order], reviews: Mapping[str, Review]) -> bool:
    acted = False
    for answer in case.held:
        review = reviews.get(answer.review)
        if review and _in_vain(case, answer, review):
            case = office.cases.change(case, partial(_turned_down, answer, review, office.now()))
            acted = True
    loose = [order for order in orders if case.names(order) and case.id not in order.frozen]
    if loose:
        # Only with a write of the case: whoever ended it meanwhile must not find their orders frozen again.
        case = office.intake.write(case, None, loose) or _busy()
        acted = True
    if case.pending and case.pending.at + ASK_AGAIN <= office.now():
        case = pursue(office, case, case.pending)
        acted = True
    if case.runs_out and case.due_at and case.due_at <= office.now() + NEAR and not case.warned:
        office.cases.change(case, lambda it: warned(it) if it.runs_out else it)
        acted = True
    return acted


def _in_vain(case: Case, answer: Answer, review: Review) -> bool:
    """Whether a review will not let this refund pass any more. One that it let pass goes on by its own call."""
    mine = decision_id("refund", case.order or "", answer.request)
    return review.state == "refused" or review.taken not in ("", mine)


def _turned_down(answer: Answer, review: Review, now: datetime, case: Case) -> Case:
    return turned_down(case, answer.id, review.decided_by, now)


def _busy() -> Case:
    raise Busy("the case is contended")


def _hundreds(ids: Iterable[str]) -> Iterator[list[str]]:
    left = islice(ids, AT_MOST)
    while chunk := list(islice(left, 100)):
        yield chunk


def _guarded(name: str, act: Callable[[], ItemT]) -> ItemT | None:
    """None where it failed: one item's fault must not stop the others. It is counted: a deadline may pass unheard."""
    try:
        return act()
    except Exception as fault:  # noqa: BLE001 - logged by class and place
        count("CaseSweepFailed")
        log().error("sweep failed", extra={"item": name, "fault": type(fault).__name__, "at": place(fault)})
        return None
