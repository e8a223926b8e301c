"""`/v1/admin/risk`: rules, policies, lists, and what was decided by them."""

from aws_lambda_powertools.event_handler import Response

from quanyi.http import CallerParam, Cursor, Limit, created, entry, rest_api
from quanyi.risk.facts import POINTS
from quanyi.risk.listing import newest
from quanyi.risk.rules import Outcome
from risk.listings import look_up, page_of, put_on, take_off
from risk.messages import (
    ActivateBody,
    ActiveView,
    AtPoint,
    Below,
    DecisionId,
    DecisionPage,
    DecisionView,
    DryRunBody,
    EntryId,
    FieldsView,
    FullDecision,
    ListBody,
    ListedPage,
    ListedView,
    OfEffect,
    Over,
    PointParam,
    PointsView,
    PoliciesBody,
    PoliciesView,
    RehearsalView,
    RollBackBody,
    RulesBody,
    RulesView,
    VersionParam,
    VersionSummary,
    VersionsView,
    WhoBody,
    WithOutcome,
)
from risk.rehearsal import rehearse
from risk.versions import activate, every_active, roll_back, save_policies, save_rules, version_of
from risk.wiring import rules_room

app = rest_api()

STOPPED: tuple[Outcome, ...] = ("hold", "refuse")


@app.get("/v1/admin/risk/rules", summary="Which rules are in force", tags=["Risk"])
def in_force(caller: CallerParam) -> PointsView:
    caller.needs("operator")
    return PointsView.of(every_active(rules_room(), POINTS))


@app.get("/v1/admin/risk/rules/<point>", summary="List a point's versions, newest first", tags=["Risk"])
def versions(point: PointParam, caller: CallerParam, limit: Limit = 20, below: Below = None) -> VersionsView:
    caller.needs("operator")
    table = rules_room().versions(point)
    found = table.page(limit=limit, below=below)
    after = found[-1].version if len(found) == limit and found[-1].version > 1 else None
    return VersionsView(
        active=ActiveView.of(table.active()), items=[VersionSummary.brief(each) for each in found], next=after
    )


@app.post("/v1/admin/risk/rules/<point>", summary="Save a version of a point's rules", tags=["Risk"])
def save(point: PointParam, body: RulesBody, caller: CallerParam) -> Response[RulesView]:
    """Every condition is checked; a fault names the rule and the fields that there are. Nothing is in force by it: try
    it, then activate it."""
    caller.needs("operator")
    made = save_rules(rules_room(), caller, point, body.base, body.table, body.note)
    return created(RulesView.of(point, made))


@app.get("/v1/admin/risk/rules/<point>/fields", summary="What rules of a point can ask for", tags=["Risk"])
def fields_of(point: PointParam, caller: CallerParam) -> FieldsView:
    caller.needs("operator")
    return FieldsView.of(point)


@app.get("/v1/admin/risk/rules/<point>/<version>", summary="Read a version", tags=["Risk"])
def version(point: PointParam, version: VersionParam, caller: CallerParam) -> RulesView:
    caller.needs("operator")
    return RulesView.of(point, version_of(rules_room(), point, version))


@app.post(
    "/v1/admin/risk/rules/<point>/<version>/dry-run", summary="Try a version on recorded decisions", tags=["Risk"]
)
def dry_run(point: PointParam, version: VersionParam, body: DryRunBody, caller: CallerParam) -> RehearsalView:
    """With the policies in force. Changes nothing but that the version counts as tried."""
    caller.needs("operator")
    return rehearse(rules_room(), caller, point, version, body.decisions)


@app.post("/v1/admin/risk/rules/<point>/activate", summary="Put a version into force", tags=["Risk"])
def put_into_force(point: PointParam, body: ActivateBody, caller: CallerParam) -> ActiveView:
    """Within half a minute it decides everywhere. A version is tried first."""
    caller.needs("operator")
    return ActiveView.of(activate(rules_room(), caller, point, body.version, body.instead_of))


@app.post("/v1/admin/risk/rules/<point>/roll-back", summary="Go back to the version before", tags=["Risk"])
def take_back(point: PointParam, body: RollBackBody, caller: CallerParam) -> ActiveView:
    caller.needs("operator")
    return ActiveView.of(roll_back(rules_room(), caller, point, body.version))


@app.get("/v1/admin/risk/policies", summary="Read the policies", tags=["Risk"])
def policies(caller: CallerParam) -> PoliciesView:
    caller.needs("operator")
    return PoliciesView.of(rules_room().versions("policies").active())


@app.put("/v1/admin/risk/policies", summary="Replace the policies", tags=["Risk"])
def put_policies(body: PoliciesBody, caller: CallerParam) -> PoliciesView:
    caller.needs("operator")
    return PoliciesView.of(save_policies(rules_room(), caller, body.base, body.policies, body.note))


@app.get("/v1/admin/risk/lists", summary="List who is blocked or allowed", tags=["Risk"])
def listed(
    effect: OfEffect, caller: CallerParam, over: Over = False, limit: Limit = 20, cursor: Cursor = None
) -> ListedPage:
    caller.needs("operator")
    found, after = page_of(rules_room(), effect, over, limit, cursor)
    return ListedPage(items=[ListedView.of(each) for each in found], next=after)


@app.post("/v1/admin/risk/lists", summary="Block or allow somebody", tags=["Risk"])
def put_on_list(body: ListBody, caller: CallerParam) -> Response[ListedView]:
    """In place of how they were listed before. The value is not kept, nor shown again."""
    caller.needs("operator")
    return created(ListedView.of(put_on(rules_room(), caller, body)))


@app.post("/v1/admin/risk/lists/find", summary="See how somebody is listed", tags=["Risk"])
def find_listed(body: WhoBody, caller: CallerParam) -> ListedView:
    """In a body, because URLs are logged."""
    caller.needs("operator")
    return ListedView.of(look_up(rules_room(), body))


@app.delete("/v1/admin/risk/lists/<entry_id>", summary="Take somebody off a list", tags=["Risk"])
def take_off_list(entry_id: EntryId, caller: CallerParam) -> ListedView:
    caller.needs("operator")
    return ListedView.of(take_off(rules_room(), caller, entry_id))


@app.get("/v1/admin/risk/decisions", summary="List decisions, newest first", tags=["Risk"])
def decisions(
    point: AtPoint, caller: CallerParam, outcome: WithOutcome = None, limit: Limit = 20, cursor: Cursor = None
) -> DecisionPage:
    caller.needs("operator")
    room = rules_room()
    found = newest(room.table, point, (outcome,) if outcome else STOPPED, limit, cursor)
    return DecisionPage(items=[DecisionView.brief(each) for each in room.decisions.find(found.ids)], next=found.next)


@app.get("/v1/admin/risk/decisions/<decision_id>", summary="Explain a decision", tags=["Risk"])
def decision(decision_id: DecisionId, caller: CallerParam) -> FullDecision:
    """What was known, which rules applied and how they read then."""
    caller.needs("operator")
    return FullDecision.of(rules_room().decisions.get(decision_id))


handler = entry(app)
