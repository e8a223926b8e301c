"""Policies become rules and delays; lists count while they stand; reviews end once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from quanyi.errors import Conflict, KeyReused
from quanyi.money import Money
from quanyi.risk.decisions import DecisionRecord, decided, decision_id
from quanyi.risk.facts import POINTS
from quanyi.risk.lists import Listed, list_facts
from quanyi.risk.policies import DEFAULT_REVIEWS, Policies, WindowLimit, delay_of, rules_of
from quanyi.risk.reviews import Review, review_of, timed_out
from quanyi.risk.reviews import decided as verdict_on
from quanyi.risk.rules import Rulebook, RuleTable, faults_in
from quanyi.risk.table import in_force
from quanyi.risk.telling import told, untold

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CNY = {"amount": 50_000, "currency": "CNY"}

WISHES = Policies.model_validate(
    {
        "amounts": [{"at": point, "above": CNY} for point in POINTS],
        "windows": [
            {"at": point, "identity": "phone", "counted": "placed", "window": "1d", "most": 3, "then": "refuse"}
            for point in POINTS
        ]
        + [{"at": "order", "identity": "device", "counted": "units", "window": "7d", "most": 500}]
        + [{"at": "delivery", "identity": "payer", "counted": "paid_units", "window": "1d", "most": 5}],
        "units": [{"at": "order", "most": 10}, {"at": "delivery", "most": 20}],
        "delays": [
            {"minutes": 30},
            {"minutes": 120, "above": CNY, "channels": ["site"]},
            {"minutes": 600, "known_less_than_days": 2, "channels": ["agent-1"]},
        ],
    }
)


def test_a_cap_stays_within_what_an_item_can_name() -> None:
    Policies.model_validate({"unpaid": {"orders": 1000, "units": 100_000}})
    with pytest.raises(ValidationError):
        Policies.model_validate({"unpaid": {"orders": 1001}})


@pytest.mark.parametrize(
    ("at", "identity", "counted"),
    [("order", "payer", "paid"), ("redemption", "device", "placed"), ("redemption", "phone", "redeemed")],
)
def test_a_limit_that_could_never_be_met_is_refused(at: str, identity: str, counted: str) -> None:
    """A merchant who relied on it would be without protection and not know."""
    limit = {"at": at, "identity": identity, "counted": counted, "window": "1d", "most": 1}
    with pytest.raises(ValidationError):
        Policies.model_validate({"windows": [limit]})
    assert Policies.model_validate({"windows": [{**limit, "at": "delivery", "counted": "paid"}]}).windows


@pytest.mark.parametrize("point", POINTS)
def test_every_policy_is_a_rule_that_could_be_saved(point: Any) -> None:
    rules = rules_of(WISHES, point)
    assert len(rules) == (4 if point in ("order", "delivery") else 2)
    assert {rule.id.split(".")[0] for rule in rules} == {"policy"}
    renamed = RuleTable(rules=tuple(rule.model_copy(update={"id": f"r{i}"}) for i, rule in enumerate(rules)))
    assert faults_in(renamed, point) == []


@pytest.mark.parametrize(
    ("facts", "outcome", "rules"),
    [
        ({"order.total": 50_000, "order.currency": "CNY"}, "approve", []),
        ({"order.total": 50_001, "order.currency": "CNY"}, "hold", ["policy.amount.0"]),
        ({"order.total": 50_001, "order.currency": "USD"}, "approve", []),
        ({"phone.placed_1d": 2}, "approve", []),
        ({"phone.placed_1d": 3}, "refuse", ["policy.window.0"]),
        ({"order.units": 3, "device.units_7d": 497}, "approve", []),
        ({"order.units": 4, "device.units_7d": 497}, "hold", ["policy.window.4"]),
        ({"order.units": 10}, "approve", []),
        ({"order.units": 11, "lists.allowed": ("member",)}, "hold", ["policy.units.0"]),
    ],
)
def test_a_limit_stops_what_would_pass_it(facts: Any, outcome: str, rules: list[str]) -> None:
    decision = Rulebook("order", RuleTable(), more=rules_of(WISHES, "order")).decide(facts)
    assert (decision.outcome, [hit.rule for hit in decision.hits]) == (outcome, rules)


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": "order", "identity": "payer", "counted": "paid"},
        {"at": "delivery", "identity": "payer", "counted": "placed"},
        {"at": "redemption", "identity": "device", "counted": "placed"},
        {"at": "redemption", "identity": "phone", "counted": "redeemed"},
        {"at": "refund", "identity": "member", "counted": "units"},
        {"at": "order", "identity": "member", "counted": "placed", "most": 201},
    ],
)
def test_a_limit_that_nothing_would_ever_meet_is_not_taken(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WindowLimit.model_validate({"window": "1d", "most": 3, **wrong})
    assert wrong.keys() <= WindowLimit.model_fields.keys()


@pytest.mark.parametrize(
    ("facts", "minutes"),
    [
        ({}, 30),
        ({"order.channel": "site", "order.total": 50_001, "order.currency": "CNY"}, 120),
        ({"order.channel": "site", "order.total": 50_001, "order.currency": "USD"}, 30),
        ({"order.channel": "agent-1", "member.days_known": 1}, 600),
        ({"order.channel": "agent-1", "member.days_known": 2}, 30),
        ({"order.channel": "agent-1", "lists.allowed": ("member",)}, 0),
    ],
)
def test_the_longest_delay_that_fits(facts: Any, minutes: int) -> None:
    assert delay_of(WISHES, facts) == timedelta(minutes=minutes)
    assert delay_of(Policies(), facts) == timedelta()


def test_what_is_in_force_without_a_word_from_the_merchant() -> None:
    force = in_force("order", None, None)
    assert (force.book.version, force.book.policies, force.policies) == (0, 0, Policies())
    assert force.policies.review("refund") == DEFAULT_REVIEWS["refund"]


@pytest.mark.parametrize("wrong", [{"version": 3, "content": {"rules": "x"}}, {"version": 3}])
def test_what_cannot_be_read_holds(wrong: Any) -> None:
    unknown = {**wrong, "content": {"delays": 1}} if "content" in wrong else wrong
    for rules, policies in ((wrong, None), (None, unknown)):
        force = in_force("order", rules, policies)
        record = decided(force.book, {}, subject="O1", now=NOW)
        assert (record.outcome, record.errors[0].rule) == ("hold", "table")


def test_an_entry_counts_while_it_stands() -> None:
    def entry(kind: Any, effect: Any, until: datetime | None = None) -> Listed:
        return Listed(kind=kind, hash="h", effect=effect, reason="r", until=until, by="b", at=NOW)

    later, past = NOW + timedelta(seconds=1), NOW
    found = [
        entry("ip", "block"),
        entry("email", "block", later),
        entry("device", "block", past),
        entry("phone", "allow"),
    ]
    assert list_facts(found, NOW) == {"lists.blocked": ("email", "ip"), "lists.allowed": ("phone",)}


# Reviews.


def held() -> Review:
    record = DecisionRecord(id=decision_id("delivery", "O1"), point="delivery", subject="O1", at=NOW, outcome="hold")
    terms = DEFAULT_REVIEWS["delivery"]
    return review_of(record, terms, amount=Money(amount=1, currency="CNY"), channel="site", now=NOW)


def approve(review: Review, asked: str = "k1", body: str = "b1") -> Review:
    return verdict_on(review, "approve", by="support:SU1", asked=asked, body=body, note="", now=NOW)


def test_a_review_is_decided_once() -> None:
    done = approve(held())
    assert (done.state, done.decided_by, done.timed_out) == ("approved", "support:SU1", False)
    assert approve(done) is done
    with pytest.raises(KeyReused):
        approve(done, body="b2")
    with pytest.raises(Conflict) as other:
        approve(done, asked="k2")
    assert other.value.extra == {"state": "approved", "reason": "already_decided"}
    assert timed_out(done, NOW + timedelta(days=30)) is done


def test_time_decides_what_nobody_did() -> None:
    review = held()
    assert timed_out(review, review.due_at - timedelta(seconds=1)) is review
    over = timed_out(review, review.due_at)
    assert (over.state, over.decided_by, over.timed_out) == ("refused", "system", True)
    assert timed_out(over, review.due_at) is over
    with pytest.raises(Conflict):
        approve(over)


def test_the_bus_hears_of_each_step_once() -> None:
    review = held()
    opened = untold(review, NOW)
    assert [type(event).__name__ for event in opened] == ["ReviewOpened"]
    assert untold(told(review, opened, finished=False), NOW) == []
    both = untold(approve(review), NOW)
    assert both[0] == opened[0]
    assert [type(event).__name__ for event in both] == ["ReviewOpened", "ReviewDecided"]
    rest = untold(approve(told(review, opened, finished=False)), NOW)
    assert [(type(event).__name__, event.id) for event in rest] == [("ReviewDecided", both[1].id)]
