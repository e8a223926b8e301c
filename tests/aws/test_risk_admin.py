"""Risk control by the API: versions of rules, dry runs, roll back, policies, lists, and decisions explained."""

import json
from datetime import timedelta
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.errors import Busy, Conflict
from quanyi.risk.decisions import decided
from quanyi.risk.facts import Facts
from quanyi.risk.listing import newest
from quanyi.risk.table import RulesInForce
from quanyi.risk.version_table import VersionsTable
from risk import admin
from risk.messages import DryRunBody
from risk.versions import activate
from tests.aws.conftest import Call, Cloud
from tests.aws.risk_office import FAILING, LARGE, MANY, OPERATOR, OTHER, Office, twice


@pytest.fixture
def office(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(cloud, call)
    monkeypatch.setattr(admin, "rules_room", lambda: made.room)
    return made


# Versions.


def test_a_version_is_saved_tried_activated_and_rolled_back_each_twice(office: Office) -> None:
    made = twice(lambda: office.save(MANY, hold_at=100))
    assert (made["version"], made["by"], made["tried"]) == (1, OPERATOR.name, None)
    assert office.decide("O1", {"device.placed_1h": 5}).version == 0
    into_force = {"version": 1, "instead_of": 0}
    assert office.refused("POST", "/rules/order/activate", into_force) == (409, "not_tried")

    office.done("POST", "/rules/order/1/dry-run", {})
    active = twice(lambda: office.done("POST", "/rules/order/activate", into_force))
    assert (active["version"], active["before"], len(active["history"])) == (1, 0, 1)
    held = office.decide("O2", {"device.placed_1h": 5})
    assert (held.version, held.outcome, held.hits[0].rule) == (1, "hold", "many")

    office.put_into_force(LARGE, base=1)
    assert office.decide("O3", {"device.placed_1h": 5}).outcome == "approve"
    back = twice(lambda: office.done("POST", "/rules/order/roll-back", {"version": 2}))
    assert (back["version"], back["before"]) == (1, 0)
    assert office.decide("O4", {"device.placed_1h": 5}).outcome == "hold"
    assert office.refused("POST", "/rules/order/roll-back", {"version": 7}) == (409, "stale_version")
    built_in = office.done("POST", "/rules/order/roll-back", {"version": 1})
    assert (built_in["version"], built_in["before"]) == (0, None)
    assert office.decide("O5", {"device.placed_1h": 5}).version == 0
    assert office.refused("POST", "/rules/order/roll-back", {"version": 0}) == (409, "nothing_before")
    assert [step["version"] for step in office.done("GET", "/rules/order")["active"]["history"]] == [1, 2, 1, 0]


def test_a_version_goes_back_into_force_after_it_was_left(office: Office) -> None:
    office.put_into_force(MANY)
    office.done("POST", "/rules/order/roll-back", {"version": 1})
    again = office.done("POST", "/rules/order/activate", {"version": 1, "instead_of": 0})
    assert (again["version"], again["before"]) == (1, 0)
    assert office.done("POST", "/rules/order/roll-back", {"version": 1})["version"] == 0


def test_whoever_comes_second_is_told(office: Office) -> None:
    office.save(MANY)
    other = {"base": 0, "table": {"rules": [LARGE]}}
    assert office.refused("POST", "/rules/order", other) == (409, "stale_version")
    assert office.refused("POST", "/rules/order", {**other, "base": 5}) == (409, "stale_version")
    assert office.done("POST", "/rules/order", {**other, "base": 1}, by=OTHER)["version"] == 2
    for version in (1, 2):
        office.done("POST", f"/rules/order/{version}/dry-run", {})
    office.done("POST", "/rules/order/activate", {"version": 2, "instead_of": 0})
    stale = {"version": 1, "instead_of": 0}
    assert office.refused("POST", "/rules/order/activate", stale) == (409, "stale_version")


def test_two_activations_at_once_have_one_outcome(office: Office) -> None:
    for base, rule in enumerate((MANY, LARGE)):
        office.save(rule, base=base)
        office.done("POST", f"/rules/order/{base + 1}/dry-run", {})
    table = office.room.versions("order")
    known = table.active()
    activate(office.room, OPERATOR, "order", 1, 0)
    with pytest.raises(Conflict):
        table.activate(known, table.get(2), by="late", now=office.now)
    assert table.active().version == 1
    known = table.active()
    activate(office.room, OPERATOR, "order", 2, 1)
    with pytest.raises(Conflict):
        table.roll_back(known, table.get(1), by="late", now=office.now)
    assert table.active().version == 2


def test_points_have_their_own_versions(office: Office) -> None:
    office.put_into_force(MANY)
    points = office.done("GET", "/rules")["points"]
    assert {point: found["version"] for point, found in points.items()} == {
        "order": 1,
        "delivery": 0,
        "redemption": 0,
        "refund": 0,
    }
    assert office.done("GET", "/rules/refund/0")["table"]["rules"][0]["id"] == "blocked"
    assert office.refused("GET", "/rules/refund/1")[0] == 404
    assert office.refused("GET", "/rules/elsewhere")[0] == 422


def test_versions_come_page_by_page(office: Office) -> None:
    for base in range(3):
        office.save({**MANY, "id": f"r{base}"}, base=base)
    first = office.done("GET", "/rules/order", limit="2")
    rest = office.done("GET", "/rules/order", limit="2", below=str(first["next"]))
    assert [each["version"] for each in first["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next"] is None


def test_what_cannot_be_asked_is_not_saved(office: Office) -> None:
    wrong = {**MANY, "when": "device.plced_1h >= 5"}
    status, problem = office.ask("POST", "/rules/order", {"base": 0, "table": {"rules": [LARGE, wrong]}})
    assert (status, problem["reason"]) == (422, "rules_invalid")
    (fault,) = problem["errors"]
    assert (fault["field"], fault["rule"], fault["code"]) == ("rules.1.when", "many", "unknown_field")
    assert "device.placed_1h" in fault["message"]
    for rules in ([{**MANY, "then": "explode"}], [MANY, MANY], [{**MANY, "score": 3}], [{**MANY, "extra": 1}]):
        assert office.refused("POST", "/rules/order", {"base": 0, "table": {"rules": rules}})[0] == 422
    assert office.done("GET", "/rules/order")["items"] == []


def test_the_fields_that_there_are(office: Office) -> None:
    found = office.done("GET", "/rules/refund/fields")["fields"]
    by_name = {each["name"]: each for each in found}
    assert by_name["refund.revealed"]["type"] == "number"
    assert by_name["lists.blocked"]["type"] == "texts"
    assert all(each["about"] for each in found)


# Dry runs.


def test_a_dry_run_tells_what_would_change_and_changes_nothing_else(office: Office) -> None:
    for number in range(6):
        office.decide(f"O{number}", {"device.placed_1h": number, "order.total": 60_000 * number})
        office.now += timedelta(days=8)
    office.decide("R1", {"device.placed_1h": 9}, point="delivery")
    office.save(MANY, LARGE)
    before = {item["pk"]: item for item in office.cloud.contents("RiskTable")["RiskTable"]}
    found = office.done("POST", "/rules/order/1/dry-run", {})
    assert found["shifts"] == [
        {"before": "approve", "after": "approve", "decisions": 2},
        {"before": "approve", "after": "refuse", "decisions": 4},
    ]
    assert (found["run"]["decisions"], found["run"]["changed"], found["run"]["failed"]) == (6, 4, 0)
    assert (found["hits"], found["errors"]) == ({"large": 4, "many": 1}, {})
    assert [example["subject"] for example in found["examples"]] == ["O5", "O4", "O3", "O2"]
    assert found["examples"][0]["hits"][0]["when"] == MANY["when"]
    after = {item["pk"]: item for item in office.cloud.contents("RiskTable")["RiskTable"]}
    assert {pk for pk in after if after[pk] != before[pk]} == {"RULES#order"}
    assert office.done("GET", "/rules/order")["items"][0]["tried"]["changed"] == 4
    assert office.done("POST", "/rules/order/1/dry-run", {"decisions": 2})["run"]["decisions"] == 2
    same = office.done("POST", "/rules/order/0/dry-run", {})
    assert same["run"]["changed"] == 0


def test_a_dry_run_holds_what_was_held_as_it_was_placed(office: Office) -> None:
    office.decide("O1", {"order.risk_held": True}, point="delivery")
    office.save(point="delivery")
    assert office.done("POST", "/rules/delivery/1/dry-run", {})["run"]["changed"] == 0


def test_rules_that_fail_in_their_dry_run_are_not_activated(office: Office) -> None:
    office.decide("O1", {"order.total": 100, "order.units": 0})
    office.decide("O2", {"order.total": 100, "order.units": 5})
    office.save(FAILING)
    found = office.done("POST", "/rules/order/1/dry-run", {})
    assert (found["errors"], found["run"]["failed"]) == ({"failing": 1}, 1)
    assert found["examples"][-1]["errors"][0]["rule"] == "failing"
    into_force = {"version": 1, "instead_of": 0}
    assert office.refused("POST", "/rules/order/activate", into_force) == (409, "rules_failed")


def test_a_rule_that_fails_when_it_decides_holds_and_is_counted(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.put_into_force({**MANY, "then": "approve", "when": "order.total >= 0"})
    # As if a field had gone with a release: saved when there was one.
    key = {"pk": "RULES#order", "sk": "ACTIVE"}
    item = office.room.table.get(key)
    assert item
    item["content"]["rules"].append({**LARGE, "when": "order.weight > 3"})
    office.room.table.put(item)
    capsys.readouterr()
    record = office.decide("O1", {"order.total": 5})
    assert (record.outcome, [error.rule for error in record.errors]) == ("hold", ["large"])
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "RiskRuleFailed" in line]
    assert [line.get("point") for line in counted] == [None, "order"]


def test_an_active_version_that_cannot_be_read_holds(office: Office) -> None:
    office.room.table.put({"pk": "RULES#order", "sk": "ACTIVE", "rev": 1, "version": 1, "content": {"rules": 5}})
    record = office.decide("O1", {"lists.allowed": ("member",)})
    assert (record.outcome, record.version, record.errors[0].rule) == ("hold", 1, "table")


def test_what_is_in_force_is_read_once_in_a_while(office: Office) -> None:
    clock = [0.0]
    rules = RulesInForce(office.room.table, monotonic=lambda: clock[0])
    assert rules.of("order").book.version == 0
    office.put_into_force(MANY)
    assert rules.keys("order") == []
    assert rules.of("order").book.version == 0
    clock[0] = 31.0
    assert len(rules.keys("order")) == 2
    assert rules.of("order").book.version == 1


# Policies.


def test_policies_are_in_force_as_they_are_saved_twice(office: Office) -> None:
    wishes = {
        "amounts": [{"at": "order", "above": {"amount": 1000, "currency": "CNY"}}],
        "reviews": {"refund": {"minutes": 60, "otherwise": "approve"}},
    }
    body = {"base": 0, "note": "小心", "policies": wishes}
    found = twice(lambda: office.done("PUT", "/policies", body))
    assert (found["version"], found["policies"]["amounts"][0]["above"]["amount"]) == (1, 1000)
    record = office.decide("O1", {"order.total": 1001, "order.currency": "CNY"})
    assert (record.outcome, record.policies, record.hits[0].rule) == ("hold", 1, "policy.amount.0")
    assert RulesInForce(office.room.table).of("refund").policies.review("refund").otherwise == "approve"
    assert office.refused("PUT", "/policies", {"base": 0, "policies": {}}) == (409, "stale_version")
    assert office.done("PUT", "/policies", {"base": 1, "policies": {}})["version"] == 2
    assert office.decide("O2", {"order.total": 1001, "order.currency": "CNY"}).outcome == "approve"
    assert office.refused("PUT", "/policies", {"base": 2, "policies": {"amounts": [{"at": "order"}]}})[0] == 422


@pytest.mark.parametrize("another", [False, True])
def test_policies_whose_activation_died_are_activated_by_the_same_call(
    office: Office, monkeypatch: pytest.MonkeyPatch, another: bool
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise Busy("gone")

    body = {"base": 0, "policies": {"units": [{"at": "order", "most": 3}]}}
    with monkeypatch.context() as patch:
        patch.setattr(VersionsTable, "activate", dies)
        assert office.ask("PUT", "/policies", body)[0] == 503
    assert (office.done("GET", "/policies")["version"], office.room.versions("policies").newest()) == (0, 1)
    assert office.decide("O1", {"order.units": 4}).outcome == "approve"
    if another:  # nobody is shut out by what was left behind
        body = {"base": 0, "policies": {"units": [{"at": "order", "most": 2}]}}
        assert twice(lambda: office.done("PUT", "/policies", body, by=OTHER))["version"] == 2
        assert office.decide("O2", {"order.units": 3}).outcome == "hold"
        assert office.done("PUT", "/policies", {"base": 2, "policies": {}})["version"] == 3
        return
    assert office.done("PUT", "/policies", body)["version"] == 1
    assert office.decide("O2", {"order.units": 4}).outcome == "hold"


# Decisions.


def test_a_decision_is_explained_afterwards(office: Office) -> None:
    office.put_into_force(MANY)
    record = office.decide("O1", {"device.placed_1h": 7, "order.total": 0})
    office.put_into_force({**MANY, "when": "device.placed_1h >= 50"}, base=1)
    found = office.done("GET", f"/decisions/{record.id}")
    assert (found["outcome"], found["version"], found["hits"][0]["when"]) == ("hold", 1, MANY["when"])
    assert [(fact["name"], fact["value"]) for fact in found["facts"]] == [("device.placed_1h", 7)]
    assert found["facts"][0]["about"]
    assert office.refused("GET", "/decisions/D" + "0" * 20)[0] == 404


def test_the_same_question_keeps_its_first_answer(office: Office) -> None:
    first = office.decide("O1", {"device.placed_1h": 1})
    assert office.decide("O1", {"lists.blocked": ("ip",)}) == first
    other = decided(RulesInForce(office.room.table).of("order").book, {}, subject="O1", request="again", now=office.now)
    assert other.id != first.id


def test_decisions_are_listed_newest_first_over_the_days(office: Office) -> None:
    made: list[str] = []
    for number in range(12):
        blocked: Facts = {"lists.blocked": ("ip",)} if number % 2 else {}
        record = office.decide(f"O{number}", blocked)
        made.append(record.id)
        office.now += timedelta(hours=30)
    listed: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = office.done("GET", "/decisions", point="order", limit="2", **cursor)
        listed += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert listed == made[1::2][::-1]
    passed = newest(office.room.table, "order", ("approve",), 100)
    assert passed.ids == made[0::2][::-1]
    assert office.done("GET", "/decisions", point="order", outcome="hold")["items"] == []
    assert office.refused("GET", "/decisions", point="order", cursor="x")[0] == 400


def test_who_may(office: Office) -> None:
    for role in ("support", "analyst", "storefront", "counter"):
        other = Caller(role=role, key_id="X", channel="site")  # type: ignore[arg-type]
        for path in ("/rules", "/policies", "/rules/order", "/rules/order/0"):
            assert office.refused("GET", path, by=other)[0] == 403
        assert office.refused("POST", "/rules/order", {"base": 0, "table": {}}, by=other)[0] == 403
    assert DryRunBody().decisions <= 2000
