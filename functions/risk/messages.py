"""What the shop's people send and see about risk control."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, StringConstraints, model_validator

from quanyi.catalog.model import ChannelId
from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.facts import Facts, Identity, Point, Value, fields
from quanyi.risk.lists import Effect, Listed, Why
from quanyi.risk.policies import Policies
from quanyi.risk.rules import Hit, Outcome, RuleError, RuleTable
from quanyi.risk.version_table import Active, DryRun, Step, Version
from quanyi.secret import Secret

PointParam = Annotated[Point, Path(description="Where it is decided")]
VersionParam = Annotated[int, Path(ge=0, le=999_999, description="0 is what a shop starts with")]
Below = Annotated[int | None, Query(ge=1, le=999_999, description="Versions before this one")]
DecisionId = Annotated[str, Path(pattern=r"^D[0-9A-Z]{20}$")]
EntryId = Annotated[str, Path(pattern=r"^[a-z]{2,8}\.[A-Za-z0-9_-]{1,43}$")]
AtPoint = Annotated[Point, Query()]
WithOutcome = Annotated[Outcome | None, Query(description="All but `approve`, when left out")]
OfEffect = Annotated[Effect, Query()]
Over = Annotated[bool, Query(description="Also entries that are over, as long as they are kept")]

Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
Base = Annotated[int, Field(ge=0, le=999_998, strict=True, description="The newest version, as it was read; 0: none")]
VersionNumber = Annotated[int, Field(ge=0, le=999_999, strict=True)]


class RulesBody(Body):
    base: Base
    note: Annotated[Note, Field(description="What it is about, for whoever reads the versions")] = ""
    table: RuleTable


class DryRunBody(Body):
    decisions: Annotated[int, Field(ge=1, le=2000, strict=True, description="Of the newest ones")] = 500


class ActivateBody(Body):
    version: VersionNumber
    instead_of: Annotated[VersionNumber, Field(description="The version in force, as it was read")]


class RollBackBody(Body):
    version: Annotated[VersionNumber, Field(description="The version in force, to be left")]


class PoliciesBody(Body):
    base: Base
    note: Note = ""
    policies: Policies


class WhoBody(Body):
    """Whom it is about: a value as people write it (kept as a keyed hash alone), or what an order was placed with.

    A member is named by the id that orders show, or by `channel` and the channel's own user id; a payment account by
    its provider and the provider's name of it: `stripe:...`.
    """

    kind: Identity
    value: Annotated[Secret | None, Field(min_length=1, max_length=254)] = None
    channel: Annotated[ChannelId | None, Field(description="Of a member's user id")] = None
    order: Annotated[str, StringConstraints(pattern=r"^O[0-9A-Z]{20}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.value is None) == (self.order is None):
            raise ValueError("give either `value` or `order`")
        if self.channel and (self.kind != "member" or self.value is None):
            raise ValueError("`channel` goes with the user id of a member")
        return self


class ListBody(WhoBody):
    effect: Effect
    reason: Annotated[Why, Field(description="For the shop's people; no personal data belongs here")]
    until: Annotated[Timestamp | None, Field(description="Left out: until it is taken off")] = None


class FieldView(View):
    name: str
    type: str
    about: str


class FieldsView(View):
    point: Point
    fields: list[FieldView]

    @classmethod
    def of(cls, point: Point) -> Self:
        known = fields(point).values()
        return cls(point=point, fields=[FieldView(name=each.name, type=each.type, about=each.about) for each in known])


class ActiveView(View):
    """What is in force. `before` is the version that a roll back goes to."""

    version: int
    before: int | None
    history: list[Step]

    @classmethod
    def of(cls, active: Active) -> Self:
        before = active.before[-1] if active.before else None
        return cls(version=active.version, before=before, history=list(active.history))


class PointsView(View):
    points: dict[Point, ActiveView]

    @classmethod
    def of(cls, found: Mapping[Point, Active]) -> Self:
        return cls(points={point: ActiveView.of(active) for point, active in found.items()})


class VersionSummary(View):
    version: int
    note: str
    by: str
    at: Timestamp | None
    tried: DryRun | None

    @classmethod
    def brief(cls, version: Version) -> "VersionSummary":
        return VersionSummary.model_validate(version.model_dump(include=set(VersionSummary.model_fields)))


class RulesView(VersionSummary):
    """One version with its rules."""

    point: Point
    table: RuleTable

    @classmethod
    def of(cls, point: Point, version: Version) -> Self:
        summary = version.model_dump(include=set(VersionSummary.model_fields))
        return cls.model_validate({**summary, "point": point, "table": version.content})


class VersionsView(View):
    """`next` is the `below` of the page after this one."""

    active: ActiveView
    items: list[VersionSummary]
    next: int | None


class PoliciesView(View):
    version: int
    policies: Policies
    history: list[Step]

    @classmethod
    def of(cls, active: Active) -> Self:
        policies = Policies.model_validate(active.content)
        return cls(version=active.version, policies=policies, history=list(active.history))


class ShiftView(View):
    """How many decisions that were `before` would be `after`."""

    before: Outcome
    after: Outcome
    decisions: int


class ChangedView(View):
    """A decision that would be another. `hits` and `errors` are the tried version's."""

    decision: str
    subject: str
    at: Timestamp
    before: Outcome
    after: Outcome
    hits: list[Hit]
    errors: list[RuleError]


class RehearsalView(View):
    """`hits` and `errors` count by rule. `examples` are some of the decisions that would change, the newest."""

    point: Point
    version: int
    run: DryRun
    shifts: list[ShiftView]
    hits: dict[str, int]
    errors: dict[str, int]
    examples: list[ChangedView]


class ListedView(View):
    """An entry; `id` names it without telling who is meant."""

    id: str
    kind: Identity
    effect: Effect
    reason: str
    until: Timestamp | None
    by: str
    at: Timestamp
    ended_by: str

    @classmethod
    def of(cls, entry: Listed) -> Self:
        return cls.model_validate({"id": entry.id, **entry.model_dump(exclude={"hash", "v"})})


class ListedPage(View):
    """A page may be short, or empty, and still have a `next`."""

    items: list[ListedView]
    next: str | None


class FactView(View):
    name: str
    value: Value
    about: str

    @classmethod
    def every(cls, point: Point, facts: Facts) -> "list[FactView]":
        """In the order of the point's fields. A fact that is no field any more tells no meaning."""
        known = fields(point)
        names = [*(name for name in known if name in facts), *sorted(facts.keys() - known.keys())]
        return [
            FactView(name=name, value=facts[name], about=known[name].about if name in known else "") for name in names
        ]


class DecisionView(View):
    """A decision. `version` is the rules', `policies` the policies' (0: built in, none)."""

    id: str
    point: Point
    subject: str
    order: str
    at: Timestamp
    outcome: Outcome
    score: int
    hits: list[Hit]
    errors: list[RuleError]
    version: int
    policies: int

    @classmethod
    def brief(cls, record: DecisionRecord) -> "DecisionView":
        return DecisionView.model_validate(record.model_dump(include=set(DecisionView.model_fields)))


class FullDecision(DecisionView):
    """With what was known; what is left out was zero."""

    facts: list[FactView]

    @classmethod
    def of(cls, record: DecisionRecord) -> Self:
        same: dict[str, Any] = record.model_dump(include=set(DecisionView.model_fields))
        return cls.model_validate({**same, "facts": FactView.every(record.point, record.facts)})


class DecisionPage(View):
    """A page may be short, or empty, and still have a `next`."""

    items: list[DecisionView]
    next: str | None
