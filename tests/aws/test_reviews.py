"""Reviews: listed with evidence, decided once by a person or by time, told on the bus, and whoever waits is woken."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.errors import Busy, Conflict
from quanyi.events.bus import Bus
from quanyi.events.model import DomainEvent, ReviewDecided, ReviewDueSoon, ReviewOpened
from quanyi.money import Money
from quanyi.orders.model import Order
from quanyi.risk.decisions import DecisionRecord, decision_id
from quanyi.risk.facts import Point
from quanyi.risk.policies import DEFAULT_REVIEWS, ReviewTerms
from quanyi.risk.review_table import ReviewsTable
from quanyi.risk.reviews import Review, review_of, timed_out
from quanyi.risk.rules import Hit
from risk import reviews as api
from risk.deciding import decide
from risk.review_messages import VerdictBody
from risk.sweep import SURELY, sweep
from risk.wiring import ReviewRoom
from tests.aws.conftest import BUS, Call, Cloud
from tests.aws.market import Market

SUPPORT = Caller(role="support", key_id="SU1")
OPERATOR = Caller(role="operator", key_id="OP1")
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@dataclass
class Waker:
    """The workflow, as whoever decides sees it."""

    woken: list[str] = field(default_factory=list[str])
    down: bool = False

    def wake(self, token: str) -> bool:
        if self.down:
            raise Busy("the workflow service is throttled")
        self.woken.append(token)
        return True


@dataclass
class Ear:
    """A bus that remembers what it was told, and may be down."""

    heard: list[DomainEvent] = field(default_factory=list[DomainEvent])
    down: bool = False

    def put(self, events: Sequence[DomainEvent]) -> None:
        if self.down:
            raise Busy("the event bus is throttled")
        self.heard += events


@dataclass
class Court:
    cloud: Cloud
    call: Call
    waker: Waker = field(default_factory=Waker)
    ear: Ear = field(default_factory=Ear)
    market: Market = field(init=False)
    room: ReviewRoom = field(init=False)

    def __post_init__(self) -> None:
        self.market = Market(self.cloud, now=START)
        table = ReviewsTable(self.cloud.table("RiskTable"))
        orders = self.market.shop.orders
        self.room = ReviewRoom(table, orders, self.waker, lambda: self.market.now)  # type: ignore[arg-type]

    def sold(self) -> Order:
        """An order whose workflow waits."""
        order = self.market.pay(self.market.place())
        return self.room.orders.change(order, lambda it: it.model_copy(update={"wait_token": f"token-{it.id}"}))

    def held(
        self, subject: str, *, order: str = "", point: Point = "delivery", terms: ReviewTerms | None = None
    ) -> Review:
        record = DecisionRecord(
            id=decision_id(point, subject),
            point=point,
            subject=subject,
            order=order,
            at=self.market.now,
            outcome="hold",
            score=120,
            hits=(
                Hit(rule="payer.accounts", when="payer.accounts_7d >= 5", then="hold", reason="many_accounts"),
                Hit(rule="tries", when="payment.tries >= 6", then="score", score=120, reason="many_failed_payments"),
            ),
            facts={"payer.accounts_7d": 6, "payment.tries": 7} if point == "delivery" else {},
        )
        review = review_of(
            record,
            terms or DEFAULT_REVIEWS[point],
            amount=Money(amount=1999, currency="CNY"),
            channel="site",
            now=self.market.now,
        )
        return self.room.reviews.open(review)

    def review(self, review: Review) -> Review:
        return self.room.reviews.get(review.id)

    def ask(
        self, method: str, path: str = "", body: Any = None, *, by: Caller = SUPPORT, key: str = "k1", **query: str
    ) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if method == "POST" else {}
        path = f"/v1/reviews{path}"
        return self.call(api.handler, method, path, body, caller=by, headers=headers, query=query or None)[:2]

    def done(self, method: str, path: str = "", body: Any = None, **how: Any) -> Any:
        status, found = self.ask(method, path, body, **how)
        assert status == 200, found
        return found

    def sweep(self) -> dict[str, int]:
        return sweep(self.room, self.ear)  # type: ignore[arg-type]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(type(event).__name__, event.id) for event in self.ear.heard]


@pytest.fixture
def court(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Court:
    made = Court(cloud, call)
    made.market.sku()
    made.market.stock("ik-month", 12)
    monkeypatch.setattr(api, "review_room", lambda: made.room)
    return made


# Deciding.


@pytest.mark.parametrize(("verdict", "state"), [("approve", "approved"), ("refuse", "refused")])
def test_a_person_decides_once_and_whoever_waits_is_woken(court: Court, verdict: str, state: str) -> None:
    order = court.sold()
    review = court.held(order.id, order=order.id)
    body = {"note": "已电话核实"}
    first = court.done("POST", f"/{review.id}/{verdict}", body)
    assert (first["state"], first["decided_by"], first["note"]) == (state, SUPPORT.name, "已电话核实")
    assert court.waker.woken == [f"token-{order.id}"]
    before = court.cloud.contents("RiskTable")
    assert court.done("POST", f"/{review.id}/{verdict}", body) == first
    assert court.cloud.contents("RiskTable") == before
    other = {"approve": "refuse", "refuse": "approve"}[verdict]
    status, problem = court.ask("POST", f"/{review.id}/{other}", body, key="k2")
    assert (status, problem["reason"], problem["state"]) == (409, "already_decided", state)
    status, problem = court.ask("POST", f"/{review.id}/{verdict}", {"note": "x"})
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    status, problem = court.ask("POST", f"/{review.id}/{other}", body)
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert court.cloud.contents("RiskTable") == before


def test_a_call_that_died_before_it_woke_anybody_wakes_when_it_comes_again(court: Court) -> None:
    order = court.sold()
    review = court.held(order.id, order=order.id)
    court.waker.down = True
    assert court.ask("POST", f"/{review.id}/approve", {})[0] == 503
    assert court.review(review).state == "approved"
    court.waker.down = False
    assert court.done("POST", f"/{review.id}/approve", {})["state"] == "approved"
    assert court.waker.woken == [f"token-{order.id}"]


def test_opening_again_answers_what_is_there(court: Court) -> None:
    review = court.held("O1")
    court.done("POST", f"/{review.id}/refuse", {})
    court.market.later(hours=1)
    again = court.held("O1")
    assert (again.id, again.state) == (review.id, "refused")


def test_a_refund_has_nobody_to_wake(court: Court) -> None:
    review = court.held("R1", point="refund")
    assert court.done("POST", f"/{review.id}/approve", {}, by=OPERATOR)["decided_by"] == OPERATOR.name
    assert court.waker.woken == []


# Time.


@pytest.mark.parametrize(("otherwise", "state"), [("approve", "approved"), ("refuse", "refused")])
def test_what_nobody_decides_comes_to_its_set_outcome(
    court: Court, otherwise: Any, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    order = court.sold()
    review = court.held(order.id, order=order.id, terms=ReviewTerms(minutes=60, otherwise=otherwise))
    court.market.later(minutes=59, seconds=59)
    assert court.sweep()["timed_out"] == 0
    assert court.review(review).is_open
    assert court.waker.woken == []
    court.market.later(seconds=1)
    capsys.readouterr()
    assert court.sweep()["timed_out"] == 1
    over = court.review(review)
    assert (over.state, over.decided_by, over.timed_out) == (state, "system", True)
    assert court.waker.woken == [f"token-{order.id}"]
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "ReviewTimedOut" in line]
    assert [line.get("point") for line in counted] == [None, "delivery"]
    assert court.sweep() == {"timed_out": 0, "told": 0}
    assert court.ask("POST", f"/{review.id}/approve", {})[0] == 409


def test_a_person_and_time_at_once_have_one_outcome(court: Court) -> None:
    """Each reads before the other writes; whoever writes second is told, or finds nothing to do."""
    for number in range(6):
        review = court.held(f"O{number}", terms=ReviewTerms(minutes=1, otherwise="refuse"))
        stale = court.room.reviews.get(review.id)
        late = review.due_at
        if number % 2:
            done = court.room.reviews.change(stale, lambda it, at=late: timed_out(it, at))
            with pytest.raises(Conflict):
                decide(court.room, SUPPORT, review.id, "approve", "k1", VerdictBody())
        else:
            decide(court.room, SUPPORT, review.id, "approve", "k1", VerdictBody())
            done = court.room.reviews.change(stale, lambda it, at=late: timed_out(it, at))
        assert done.state == court.review(review).state == ("refused" if number % 2 else "approved")


def test_many_at_once_have_one_outcome(court: Court) -> None:
    review = court.held("O1", terms=ReviewTerms(minutes=1, otherwise="refuse"))
    court.market.later(minutes=1)
    seen: list[str] = []

    def person(number: int) -> None:
        try:
            verdict: Any = "approve" if number % 2 else "refuse"
            by = Caller(role="support", key_id=f"SU{number}")
            seen.append(decide(court.room, by, review.id, verdict, "k", VerdictBody()).decided_by)
        except Conflict:
            return

    threads = [Thread(target=person, args=(number,)) for number in range(6)] + [Thread(target=court.sweep)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = court.review(review)
    assert seen == ([] if done.timed_out else [done.decided_by])
    assert [event.by for event in court.ear.heard if isinstance(event, ReviewDecided)] in ([], [done.decided_by])


# Telling.


def test_the_bus_hears_of_each_step_once(court: Court) -> None:
    order = court.sold()
    review = court.held(order.id, order=order.id)
    assert court.sweep()["told"] == 1
    assert court.sweep()["told"] == 0
    (opened,) = court.ear.heard
    assert isinstance(opened, ReviewOpened)
    assert (opened.order, opened.reasons) == (order.id, ("many_accounts", "many_failed_payments"))
    assert (opened.due_at, opened.otherwise, opened.currency) == (review.due_at, "refuse", "CNY")
    court.done("POST", f"/{review.id}/refuse", {"note": "同一设备"})
    court.sweep()
    court.sweep()
    decided = court.ear.heard[-1]
    assert isinstance(decided, ReviewDecided)
    assert (decided.state, decided.by, len(court.ear.heard)) == ("refused", SUPPORT.name, 2)
    assert "同一设备" not in decided.model_dump_json()


def test_the_shop_hears_once_that_time_runs_out(court: Court, capsys: pytest.CaptureFixture[str]) -> None:
    review = court.held("O1", terms=ReviewTerms(minutes=60, otherwise="refuse"))
    court.sweep()
    court.market.later(minutes=44, seconds=59)
    assert court.sweep()["told"] == 0
    court.market.later(seconds=1)
    capsys.readouterr()
    assert [court.sweep()["told"] for _ in range(2)] == [1, 0]
    soon = court.ear.heard[-1]
    assert isinstance(soon, ReviewDueSoon)
    assert (soon.review, soon.due_at, soon.otherwise) == (review.id, review.due_at, "refuse")
    assert "ReviewDueSoon" in capsys.readouterr().out
    decided_early = court.held("O2", terms=ReviewTerms(minutes=60, otherwise="refuse"))
    court.done("POST", f"/{decided_early.id}/approve", {})
    court.market.later(minutes=50)
    court.sweep()
    assert [event.review for event in court.ear.heard if isinstance(event, ReviewDueSoon)] == [review.id]


def test_what_was_not_told_is_told_later_under_the_same_id(court: Court) -> None:
    review = court.held("O1")
    court.ear.down = True
    assert court.sweep()["told"] == 0
    court.done("POST", f"/{review.id}/approve", {})
    assert court.sweep()["told"] == 0
    court.ear.down = False
    court.sweep()
    first = list(court.told)
    assert [name for name, _ in first] == ["ReviewOpened", "ReviewDecided"]
    # A crash between telling and noting: told again, the same.
    known = court.review(review)
    court.room.reviews.change(known, lambda it: it.model_copy(update={"told": ()}))
    court.sweep()
    assert court.told == first + first


def test_who_came_to_wait_as_it_was_decided_is_woken_again(court: Court) -> None:
    order = court.market.pay(court.market.place())
    review = court.held(order.id, order=order.id)
    court.done("POST", f"/{review.id}/approve", {})
    assert court.waker.woken == []
    court.sweep()
    court.room.orders.change(order, lambda it: it.model_copy(update={"wait_token": "late"}))
    assert not court.review(review).finished
    court.market.now += SURELY
    court.sweep()
    assert court.waker.woken == ["late"]
    assert court.review(review).finished
    court.sweep()
    assert court.waker.woken == ["late"]


def test_one_that_fails_does_not_stop_the_others(court: Court) -> None:
    orders = [court.sold() for _ in range(2)]
    held = [court.held(o.id, order=o.id, terms=ReviewTerms(minutes=1, otherwise="refuse")) for o in orders]
    court.market.later(minutes=2)
    court.waker.down = True
    court.sweep()
    assert {court.review(review).state for review in held} == {"refused"}
    court.waker.down = False
    court.market.now += SURELY
    court.sweep()
    assert sorted(court.waker.woken) == sorted(f"token-{order.id}" for order in orders)
    assert all(court.review(review).finished for review in held)


def test_the_real_bus_takes_it(court: Court, cloud: Cloud) -> None:
    court.held("O1")
    assert sweep(court.room, Bus(BUS, cloud.client("events"))) == {"timed_out": 0, "told": 1}


# The list, and the evidence.


def pages(court: Court, **query: str) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = court.done("GET", **query, **cursor)
        found += [each["subject"] for each in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def test_open_reviews_are_listed_by_deadline_and_decided_ones_by_end(court: Court) -> None:
    for number, minutes in enumerate((50, 10, 40, 20, 30)):
        point: Point = "refund" if number == 2 else "delivery"
        court.held(f"O{number}", point=point, terms=ReviewTerms(minutes=minutes, otherwise="refuse"))
    assert pages(court, limit="2") == ["O1", "O3", "O4", "O2", "O0"]
    assert pages(court, limit="2", point="refund") == ["O2"]
    by_subject = {item["subject"]: item for item in court.done("GET")["items"]}
    for subject in ("O4", "O1", "O3"):
        court.market.later(seconds=1)
        court.done("POST", f"/{by_subject[subject]['id']}/approve", {})
    court.done("POST", f"/{by_subject['O0']['id']}/refuse", {})
    assert pages(court, limit="1", state="approved") == ["O3", "O1", "O4"]
    court.market.now += SURELY
    court.sweep()
    court.market.later(seconds=1)
    court.done("POST", f"/{by_subject['O2']['id']}/approve", {})
    for limit in ("1", "2", "20"):
        assert pages(court, limit=limit, state="approved") == ["O2", "O3", "O1", "O4"]
    assert pages(court, state="refused") == ["O0"]
    assert pages(court) == []
    cursor = court.done("GET", state="approved", limit="1")["next"]
    assert court.ask("GET", state="open", cursor=cursor)[0] == 422
    assert court.ask("GET", cursor="x")[0] == 400


def test_a_review_is_read_with_its_evidence(court: Court) -> None:
    earlier = court.market.pay(court.market.place())
    order = court.sold()
    review = court.held(order.id, order=order.id)
    found = court.done("GET", f"/{review.id}")
    assert (found["reasons"], found["score"]) == (["many_accounts", "many_failed_payments"], 120)
    facts = {fact["name"]: (fact["value"], fact["about"]) for fact in found["decision"]["facts"]}
    assert facts["payment.tries"] == (7, "tries to pay")
    assert found["decision"]["hits"][0]["when"] == "payer.accounts_7d >= 5"
    assert (found["sold"]["id"], found["sold"]["total"]["amount"]) == (order.id, 1999)
    assert [each["id"] for each in found["linked"]] == [earlier.id]
    assert "buyer@example.com" not in json.dumps(found)
    assert court.ask("GET", "/W" + "0" * 20)[0] == 404


def test_a_review_of_no_order_is_read_too(court: Court) -> None:
    found = court.done("GET", f"/{court.held('use-1', point='redemption').id}")
    assert (found["sold"], found["linked"], found["point"]) == (None, [], "redemption")


def test_who_may(court: Court) -> None:
    review = court.held("O1")
    for role in ("analyst", "storefront", "publishable", "counter", "supplier"):
        other = Caller(role=role, key_id="X", channel="site")  # type: ignore[arg-type]
        assert court.ask("GET", by=other)[0] == 403
        assert court.ask("GET", f"/{review.id}", by=other)[0] == 403
        assert court.ask("POST", f"/{review.id}/approve", {}, by=other)[0] == 403
    assert court.review(review).is_open


def test_no_key_no_decision(court: Court) -> None:
    review = court.held("O1")
    status, _, _ = court.call(api.handler, "POST", f"/v1/reviews/{review.id}/approve", {}, caller=SUPPORT)
    assert status == 422
    assert court.review(review).is_open
