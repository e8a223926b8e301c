"""A finding, and the insight that is told of it. Both are plain values: what they are found in is not here."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from quanyi.catalog.texts import Language, Model
from quanyi.ids import derived_id

Rule = Literal["provider", "abnormal_day", "channel_roi", "expiring", "win_back", "repurchase", "bundle"]
RULES: tuple[Rule, ...] = get_args(Rule)

Severity = Literal["critical", "warning", "info"]
"""`critical`: costs sales or money now; `warning`: is going to; `info`: something to gain."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

VERSION = "1"
"""Of the rules: another one finds, or says, something else in the same numbers."""

Number = int | float | str | None
Texts = Annotated[dict[Language, str], Field(description="By language")]


class Finding(Model):
    """What a rule found. `about` names it within the rule: the same thing found on another day has the same name.
    `evidence` are the numbers that it rests on, by the names of docs/metrics."""

    rule: Rule
    about: str
    severity: Severity
    evidence: dict[str, Number]
    weight: float = 0.0
    """Of findings of one rule and severity, what is more comes first."""

    @property
    def id(self) -> str:
        return derived_id("N", self.rule, self.about)


class Answered(Model):
    """A field of what an earlier call of the same action answered; calls count from 0."""

    call: int
    field: str


class Call(Model):
    """Of this API, by an operator. `path_from` fills what stands in braces in `path`. `private`: its body holds
    settings that only operators read."""

    method: Literal["GET", "POST", "PUT"]
    path: str
    path_from: dict[str, Answered] = Field(default_factory=dict[str, Answered])
    idempotency_key: str | None = None
    body: dict[str, Any] | None = None
    private: bool = False


class Action(Model):
    """`calls` in the order in which they are to be sent."""

    text: Texts
    calls: tuple[Call, ...]


class Insight(Model):
    """`thresholds` are the numbers of its rule that it was found by. `see` are calls that show more; they only read."""

    id: str
    rule: Rule
    about: str
    severity: Severity
    title: Texts
    text: Texts
    evidence: dict[str, Number]
    thresholds: dict[str, Number] = Field(default_factory=dict[str, Number])
    see: tuple[str, ...]
    action: Action
