"""Conditions: one call for many, an error that is an answer, and what may not be saved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi import expression
from quanyi.expression import LONGEST, Conditions, Failed, fault_in, fields_of

FACTS: dict[str, Any] = {
    "order": {"total": 1999, "channel": "site", "skus": ["a", "b"]},
    "ip": {"placed_1h": 2},
    "known": True,
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("order.total > 1000", True),
        ("order.total > 1000 and ip.placed_1h >= 3", False),
        ("order.total in [1000..2000]", True),
        ("not (order.channel in ['app', 'site'])", False),
        ("'a' in order.skus", True),
        ("known and len(order.channel) == 4", True),
    ],
)
def test_answers(text: str, answer: bool) -> None:
    assert fault_in(text, FACTS) is None
    assert Conditions.of([text]).answers(FACTS) == [answer]


def test_none_have_no_answers() -> None:
    assert Conditions.of([]).answers(FACTS) == []


def test_an_error_is_an_answer_and_the_others_keep_theirs() -> None:
    answers = Conditions.of(["known", "order.channel > 3", "order.missing > 3", "broken((", "order.total"]).answers(
        FACTS
    )
    assert answers[0] is True
    assert [type(answer) for answer in answers[1:]] == [Failed] * 4
    assert all("site" not in answer.reason for answer in answers[1:] if isinstance(answer, Failed))


def test_fifty_conditions_cost_one_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = Conditions.of([f"order.total > {n}" for n in range(50)])
    asked: list[str] = []
    answer = expression._answer

    def counting(compiled: Any, facts: str) -> Any:
        asked.append(facts)
        return answer(compiled, facts)

    monkeypatch.setattr(expression, "_answer", counting)
    assert conditions.answers(FACTS) == [True] * 50
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("", "too_long", ""),
        ("known and " * LONGEST + "known", "too_long", ""),
        ("order.total >", "syntax", ""),
        ("known) or (known", "syntax", ""),
        ("order.totals > 3", "unknown_field", "order.totals"),
        ("order > 3", "unknown_field", "order"),
        ("now > 3", "unknown_field", "now"),
        ("order.channel > 3", "no_truth", ""),
        ("order.total", "no_truth", ""),
        ("sum(map([1..1000000000], #)) > 1", "unbounded", ""),
        ("len([1..1000000000]) > 1", "unbounded", ""),
        ("order.total > rand(10)", "unbounded", ""),
        ("`${order.channel}` == 'site'", "unbounded", ""),
        ("d().year() > 2000", "clock", ""),
        ("date('now') > 0", "clock", ""),
        ('time( "now" ) > 0', "clock", ""),
        ("$root.order.total > 3", "unknown_field", "$"),
        ("$root.no.such == null", "unknown_field", "$"),
    ],
)
def test_what_cannot_be_saved(text: str, code: str, detail: str) -> None:
    fault = fault_in(text, FACTS)
    assert fault
    assert fault.code == code
    assert detail in fault.detail


def test_names_in_texts_and_functions_are_no_fields() -> None:
    assert fields_of("order.channel == 'ip.placed_1h' and len(order.skus) > 1 or known") == [
        "order.channel",
        "order.skus",
        "known",
    ]


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused_and_never_raises(text: str) -> None:
    if fault_in(text, FACTS) is None:
        assert isinstance(Conditions.of([text]).answers(FACTS)[0], bool)
    assert all(isinstance(answer, bool | Failed) for answer in Conditions.of([text, "known"]).answers(FACTS))
