"""The workflows: bounded, repeatable, ids only, and short where most orders go."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from jsonata.jsonata import Jsonata

from tests.house.infrastructure import tasks
from tests.house.sources import ROOT
from tests.house.template import Node, resources, written

PATHS = sorted((ROOT / "functions").glob("*/*.asl.json"))
IDS = {"v", "task", "order", "attempt", "purchase", "execution", "token"}
"""What a task may be told: the kind of task, ids, and its own token."""

MOST_STATES = 5


def states(workflow: Node) -> dict[str, Node]:
    return {name: state for name, state in workflow["States"].items() if state["Type"] == "Task"}


def unbounded(workflow: Node) -> list[str]:
    wrong = [name for name, state in states(workflow).items() if "TimeoutSeconds" not in state]
    return wrong + ([] if "TimeoutSeconds" in workflow else ["the whole"])


def not_tried_again(workflow: Node) -> list[str]:
    """A class of our own in `ErrorEquals` would never match: a business outcome is a value, not an exception."""
    known = {"States.ALL", "States.TaskFailed", "States.Timeout"}
    wrong = [name for name, state in states(workflow).items() if not state.get("Retry")]
    for name, state in states(workflow).items():
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
            wrong += [f"{name}: {error}" for error in rule["ErrorEquals"] if error not in known]
            if "Next" not in rule and (rule.get("BackoffRate", 1) <= 1 or "JitterStrategy" not in rule):
                wrong.append(f"{name} tries again without backing off")
    return wrong


def more_than_ids(workflow: Node) -> list[str]:
    wrong: list[str] = []
    for name, state in states(workflow).items():
        payload = state["Arguments"].get("Payload", {})
        wrong += [f"{name}: {field}" for field in set(payload) - IDS]
        wrong += [f"{name}: {value}" for value in payload.values() if "$states.input" in str(value)]
        if payload.get("v") != 1:
            wrong.append(f"{name}: no version")
    return wrong


def past_an_alias(workflow: Node) -> list[str]:
    """Tasks that call anything but a substituted alias."""
    aliases = ("${Tasks}", "${Buying}")
    return [name for name, state in states(workflow).items() if state["Arguments"]["FunctionName"] not in aliases]


RULES: list[tuple[Callable[[Node], list[str]], Callable[[Node], Any]]] = [
    (unbounded, lambda task: task.pop("TimeoutSeconds")),
    (not_tried_again, lambda task: task.pop("Retry")),
    (not_tried_again, lambda task: task["Retry"][0].update(ErrorEquals=["SoldOut"])),
    (not_tried_again, lambda task: task["Retry"][0].pop("BackoffRate")),
    (more_than_ids, lambda task: task["Arguments"]["Payload"].update(email="a@b.c")),
    (more_than_ids, lambda task: task["Arguments"]["Payload"].update(order="{% $states.input %}")),
    (past_an_alias, lambda task: task["Arguments"].update(FunctionName="arn:x:function:f")),
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize(("rule", "broken_by"), RULES)
def test_a_workflow_keeps_the_rules(
    path: Any, rule: Callable[[Node], list[str]], broken_by: Callable[[Node], Any]
) -> None:
    workflow = json.loads(path.read_text())
    assert rule(workflow) == []
    broken_by(next(iter(states(workflow).values())))
    assert len(rule(workflow)) >= 1


def test_workflows_call_published_versions() -> None:
    machines = resources(written(), "AWS::Serverless::StateMachine")
    assert len(machines) == len(PATHS)
    called = tasks(written())
    assert called
    for name in called:
        assert written()["Resources"][name]["Properties"]["AutoPublishAlias"], name


def walked(workflow: Node, outcomes: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """The states that an execution enters when its tasks answer these outcomes, in turn."""
    entered, answers = [], {name: [*found] for name, found in outcomes.items()}
    name, given = workflow["StartAt"], dict[str, Any]()
    while True:
        entered.append(name)
        state = workflow["States"][name]
        match state["Type"]:
            case "Succeed" | "Fail":
                return entered
            case "Choice":
                name = next((c["Next"] for c in state["Choices"] if _true(c["Condition"], given)), state["Default"])
            case "Task":
                given, name = {**answers[name].pop(0)}, state["Next"]
            case _:
                name = state["Next"]


def _true(condition: str, given: Mapping[str, Any]) -> bool:
    expression = Jsonata(condition.removeprefix("{%").removesuffix("%}").strip())
    expression.assign("states", {"input": dict(given)})
    return bool(expression.evaluate(None))


DONE, REFUND, UNKNOWN, WAIT = ({"v": 1, "outcome": name} for name in ("done", "refund", "unknown", "wait"))
BUY, SOON, FULFIL = ({"v": 1, "outcome": name} for name in ("buy", "soon", "fulfil"))


def test_an_order_of_cards_passes_few_states() -> None:
    workflow = json.loads((ROOT / "functions/fulfill/workflow.asl.json").read_text())
    passed = walked(workflow, {"Fulfil": [DONE]})
    assert passed[0] == "Fulfil"
    assert len(passed) <= MOST_STATES
    more = {here: {"Type": "Pass", "Next": there} for here, there in ("AB", "BC", ("C", "Fulfil"))}
    detour = {**workflow, "StartAt": "A", "States": workflow["States"] | more}
    assert len(walked(detour, {"Fulfil": [DONE]})) > MOST_STATES


@pytest.mark.parametrize(
    ("outcomes", "visited"),
    [
        ({"Fulfil": [REFUND], "Refund": [DONE]}, ["Refund"]),
        ({"Fulfil": [REFUND], "Refund": [UNKNOWN, DONE]}, ["Refund", "LetTheProviderAnswer"]),
        ({"Fulfil": [WAIT, DONE], "WaitForStockOrPerson": [{}]}, ["WaitForStockOrPerson"]),
        ({"Fulfil": [BUY, DONE], "Buy": [FULFIL]}, ["Buy"]),
        ({"Fulfil": [BUY, DONE], "Buy": [SOON, FULFIL]}, ["LetTheSupplierAnswer"]),
        ({"Fulfil": [BUY, DONE], "Buy": [WAIT], "WaitForStockOrPerson": [{}]}, ["WaitForStockOrPerson"]),
    ],
)
def test_every_other_way_ends_too(outcomes: dict[str, list[dict[str, Any]]], visited: list[str]) -> None:
    workflow = json.loads((ROOT / "functions/fulfill/workflow.asl.json").read_text())
    passed = walked(workflow, outcomes)
    assert passed[-1] == "Done"
    assert set(visited) <= set(passed)
