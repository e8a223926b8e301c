"""Rules over facts: the strongest wins, what fails holds, one call for many, and what may not be saved."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quanyi import expression
from quanyi.risk.defaults import DEFAULTS
from quanyi.risk.facts import POINTS, Facts, Point, fields, must_fit, notable
from quanyi.risk.rules import Rule, Rulebook, RuleTable, Then, evaluate, faults_in

FACTS: Facts = {"order.total": 500, "device.placed_1h": 4, "order.channel": "site"}


def rule(id: str, when: str, then: Then, score: int = 0, *, public: bool = False) -> Rule:
    return Rule(id=id, when=when, then=then, score=score, reason=f"because_{id}", public=public)


def table(*rules: Rule, hold_at: int | None = None, refuse_at: int | None = None) -> RuleTable:
    return RuleTable(rules=rules, hold_at=hold_at, refuse_at=refuse_at)


YES, NO, FAILS = "order.total > 100", "order.total > 10000", "order.gone > 1"


@pytest.mark.parametrize(
    ("thens", "outcome"),
    [
        ((), "approve"),
        (("hold",), "hold"),
        (("refuse",), "refuse"),
        (("approve", "hold"), "approve"),
        (("hold", "approve", "refuse"), "refuse"),
        (("hold", "refuse"), "refuse"),
    ],
)
def test_the_strongest_wins_and_every_hit_is_told(thens: tuple[Then, ...], outcome: str) -> None:
    rules = [rule(f"r{i}", YES, then) for i, then in enumerate(thens)]
    decision = evaluate(table(*rules, rule("never", NO, "refuse")), "order", FACTS)
    assert decision.outcome == outcome
    assert [(hit.rule, hit.when) for hit in decision.hits] == [(f"r{i}", YES) for i in range(len(thens))]
    assert decision.errors == ()


@pytest.mark.parametrize(
    ("scores", "outcome"),
    [((49,), "approve"), ((50,), "hold"), ((25, 25), "hold"), ((50, 49), "hold"), ((50, 50), "refuse")],
)
def test_scores_add_up_to_a_threshold(scores: tuple[int, ...], outcome: str) -> None:
    rules = [rule(f"r{i}", YES, "score", score) for i, score in enumerate(scores)]
    decision = evaluate(table(*rules, hold_at=50, refuse_at=100), "order", FACTS)
    assert (decision.outcome, decision.score) == (outcome, sum(scores))
    trusted = evaluate(table(*rules, rule("ok", YES, "approve"), hold_at=50, refuse_at=100), "order", FACTS)
    assert trusted.outcome == "approve"
    assert evaluate(table(*rules), "order", FACTS).outcome == "approve"


def test_a_rule_that_fails_holds_and_is_named_without_the_facts() -> None:
    rules = (rule("ok", YES, "approve"), rule("bad", FAILS, "score", 1), rule("text", "order.channel > 3", "hold"))
    decision = evaluate(table(*rules), "order", FACTS)
    assert (decision.outcome, [error.rule for error in decision.errors]) == ("hold", ["bad", "text"])
    assert [hit.rule for hit in decision.hits] == ["ok"]
    assert not any("site" in error.reason for error in decision.errors)
    refused = evaluate(table(*rules, rule("no", YES, "refuse")), "order", FACTS)
    assert refused.outcome == "refuse"


ANY_THEN = st.sampled_from(["approve", "hold", "refuse", "score"])
BROKEN = [FAILS, "order.channel > 3", "broken((", "order.total"]
ANY_WHEN = st.sampled_from([YES, NO, *BROKEN, "device.placed_1h in [1..5]"])


# A machine that is busy with something else is no failure.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(ANY_WHEN, ANY_THEN), min_size=1, max_size=8), st.sampled_from([None, 1, 5]))
def test_what_fails_is_never_approved(asked: list[tuple[str, Then]], hold_at: int | None) -> None:
    rules = [rule(f"r{i}", when, then, 3 if then == "score" else 0) for i, (when, then) in enumerate(asked)]
    decision = evaluate(table(*rules, hold_at=hold_at), "order", FACTS)
    broken = {each.id for each in rules if each.when in BROKEN}
    assert {error.rule for error in decision.errors} == broken
    if broken:
        assert decision.outcome != "approve"
    said = {hit.then for hit in decision.hits}
    assert (decision.outcome == "refuse") == ("refuse" in said)


def test_rules_that_cannot_be_read_hold() -> None:
    book = replace(Rulebook("order", table(rule("ok", YES, "approve"))), unreadable="it cannot be read")
    decision = book.decide(FACTS)
    assert (decision.outcome, [error.rule for error in decision.errors]) == ("hold", ["table"])


def test_fifty_rules_cost_one_call_and_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    asked: list[str] = []
    compile_, answer = expression._compiled, expression._answer

    def compiling(text: str) -> Any:
        compiled.append(text)
        return compile_(text)

    def answering(whole: Any, facts: str) -> Any:
        asked.append(facts)
        return answer(whole, facts)

    monkeypatch.setattr(expression, "_compiled", compiling)
    monkeypatch.setattr(expression, "_answer", answering)
    book = Rulebook("order", table(*(rule(f"r{n}", f"device.placed_1h > {n}", "score", 1) for n in range(50))))
    for _ in range(3):
        assert book.decide(FACTS).score == 4
    assert (len(compiled), len(asked)) == (1, 3)
    # What is handed over is what the rules ask for, not all that is known.
    assert all(facts == '{"device": {"placed_1h": 4}}' for facts in asked)


def test_what_is_not_known_is_zero_for_every_field() -> None:
    for point in POINTS:
        for name, each in fields(point).items():
            zero = {"number": f"{name} == 0", "text": f"{name} == ''", "texts": f"len({name}) == 0"}
            when = zero.get(each.type, f"not {name}")
            assert evaluate(table(rule("zero", when, "refuse")), point, {}).outcome == "refuse", name


@pytest.mark.parametrize("point", POINTS)
def test_the_built_in_rules_are_valid_and_let_an_unknown_buyer_pass(point: Point) -> None:
    assert faults_in(DEFAULTS[point], point) == []
    assert evaluate(DEFAULTS[point], point, {}).outcome == "approve"
    blocked = evaluate(DEFAULTS[point], point, {"lists.blocked": ("ip",)})
    assert (blocked.outcome, blocked.hits[0].reason) == ("refuse", "blocked")
    both = evaluate(DEFAULTS[point], point, {"lists.blocked": ("ip",), "lists.allowed": ("member",)})
    assert both.outcome == "refuse"


@pytest.mark.parametrize("point", POINTS)
def test_the_built_in_rules_stop_no_one_who_is_trusted_but_not_blocked(point: Point) -> None:
    worst = {name: 10**6 for name, each in fields(point).items() if each.type == "number"}
    assert evaluate(DEFAULTS[point], point, worst).outcome != "approve"
    assert evaluate(DEFAULTS[point], point, {**worst, "lists.allowed": ("member",)}).outcome == "approve"


def test_a_fault_names_the_field_and_what_there_is() -> None:
    broken = table(
        rule("near", "member.placd_1h > 3", "hold"),
        rule("fine", YES, "hold"),
        rule("group", "order.colour == 'red' and planet.mass > 1", "hold"),
        rule("syntax", "order.total >", "hold"),
        rule("kind", "order.channel > 3", "hold"),
    )
    faults = faults_in(broken, "order")
    assert [(fault["field"], fault["code"]) for fault in faults] == [
        ("rules.0.when", "unknown_field"),
        ("rules.2.when", "unknown_field"),
        ("rules.2.when", "unknown_field"),
        ("rules.3.when", "syntax"),
        ("rules.4.when", "no_truth"),
    ]
    assert "member.placd_1h" in faults[0]["message"]
    assert "member.placed_1h" in faults[0]["message"]
    assert "order.colour" in faults[1]["message"]
    assert "order.total" in faults[1]["message"]
    assert "planet.mass" in faults[2]["message"]
    assert "device.*" in faults[2]["message"]


def test_fields_belong_to_their_point() -> None:
    refunds = table(rule("r", "refund.revealed > 0", "hold"))
    assert faults_in(refunds, "refund") == []
    assert [fault["code"] for fault in faults_in(refunds, "order")] == ["unknown_field"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": [{"id": "a", "when": YES, "then": "hold", "score": 5, "reason": "x"}]},
        {"rules": [{"id": "a", "when": YES, "then": "score", "reason": "x"}]},
        {"rules": [{"id": "a", "when": YES, "then": "hold", "reason": "x"}] * 2},
        {"rules": [{"id": "policy.a", "when": YES, "then": "hold", "reason": "x"}]},
        {"rules": [{"id": "a", "when": YES, "then": "hold", "reason": "not a code"}]},
        {"rules": [{"id": f"r{i}", "when": "汉" * 400, "then": "hold", "reason": "x"} for i in range(100)]},
        {"hold_at": 10, "refuse_at": 5},
        {"hold_at": 0},
        {"else": "approve"},
    ],
)
def test_what_is_no_table(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RuleTable.model_validate(wrong)


def test_facts_of_another_point_or_type_are_a_fault_of_ours() -> None:
    must_fit("order", FACTS)
    for wrong in ({"refund.amount": 1}, {"order.total": "1"}, {"order.has_email": 1}, {"order.units": True}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            must_fit("order", wrong)  # type: ignore[arg-type]
    assert notable({"order.total": 0, "order.units": 2, "lists.blocked": (), "order.has_email": False}) == {
        "order.units": 2
    }
