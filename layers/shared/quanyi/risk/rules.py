"""A rule table, and what it makes of facts.

Every rule is asked; all that apply are reported. The strongest wins: `refuse` over `approve` (somebody we trust) over
`hold` over the sum of the scores. A rule that fails at run time says neither yes nor no: it holds, whatever else
applies short of a refusal (decision record 0016).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from quanyi.catalog.model import Model
from quanyi.expression import LONGEST, Conditions, Failed, fault_in, fields_of
from quanyi.risk.facts import Facts, Point, fields, sample, seen_by

Outcome: TypeAlias = Literal["approve", "hold", "refuse"]
Then: TypeAlias = Literal["approve", "hold", "refuse", "score"]

MOST_RULES = 100
MOST_BYTES = 100_000
"""Of all conditions of a table: its item holds them, and so may a decision's."""
MOST_SCORE = 1000
POLICY = "policy."
"""What the ids of rules that policies become begin with."""
UNREADABLE = "table"
"""Stands for the rule that failed where the whole table could not be read."""

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}$")]
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
Score = Annotated[int, Field(ge=0, le=MOST_SCORE, strict=True)]
Threshold = Annotated[int, Field(ge=1, le=MOST_RULES * MOST_SCORE, strict=True)]


class Rule(Model):
    """`when` is a condition over the point's facts. `public`: who is refused is told the reason."""

    id: RuleId
    when: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST, strip_whitespace=True)]
    then: Then
    score: Score = 0
    reason: Reason
    public: bool = False

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.then == "score") != bool(self.score):
            raise ValueError("a rule that scores has a score, and only such a rule")
        return self


class RuleTable(Model):
    """`hold_at` and `refuse_at`: from which score on; None is never."""

    rules: Annotated[tuple[Rule, ...], Field(max_length=MOST_RULES)] = ()
    hold_at: Threshold | None = None
    refuse_at: Threshold | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.hold_at and self.refuse_at and self.hold_at > self.refuse_at:
            raise ValueError("what is refused at a score is held at a lower one")
        if sum(len(rule.when.encode()) for rule in self.rules) > MOST_BYTES:
            raise ValueError(f"all conditions together are longer than {MOST_BYTES} bytes")
        ids = [rule.id for rule in self.rules]
        if twice := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"two rules have the same id: {', '.join(twice)}")
        if any(each.startswith(POLICY) for each in ids):
            raise ValueError(f"ids that begin with {POLICY} are the policies' own")
        return self


class Hit(Model):
    """A rule that applied; `when` as it read then."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    rule: str
    when: str = ""
    then: Then
    score: int = 0
    reason: str
    public: bool = False


class RuleError(Model):
    """A rule that failed; `reason` is the engine's word, without the facts."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    rule: str
    reason: str


class Decision(Model):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    outcome: Outcome = "approve"
    score: int = 0
    hits: tuple[Hit, ...] = ()
    errors: tuple[RuleError, ...] = ()

    @property
    def public_reasons(self) -> list[str]:
        """What who is refused may be told."""
        return sorted({hit.reason for hit in self.hits if hit.public})


@dataclass(frozen=True)
class Rulebook:
    """A table as it is in force at a point, compiled; keep it, since compiling costs more than asking. `version` is the
    table's; `more` are the rules that the policies of version `policies` become."""

    point: Point
    table: RuleTable
    version: int = 0
    more: tuple[Rule, ...] = ()
    policies: int = 0
    unreadable: str = ""
    """Why the table that is in force could not be read; then everything is held."""
    _conditions: Conditions = field(init=False, repr=False, compare=False)
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = [rule.when for rule in self.rules]
        object.__setattr__(self, "_conditions", Conditions.of(texts))
        object.__setattr__(self, "_names", tuple(dict.fromkeys(name for text in texts for name in fields_of(text))))

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (*self.table.rules, *self.more)

    def decide(self, facts: Facts) -> Decision:
        """What the rules make of these facts. Missing ones are zero."""
        if self.unreadable:
            return Decision(outcome="hold", errors=(RuleError(rule=UNREADABLE, reason=self.unreadable),))
        answers = self._conditions.answers(seen_by(self._names, self.point, facts))
        return _weighed(self, answers)


def evaluate(table: RuleTable, point: Point, facts: Facts) -> Decision:
    """For one question only; a `Rulebook` serves many."""
    return Rulebook(point, table).decide(facts)


def faults_in(table: RuleTable, point: Point) -> list[dict[str, str]]:
    """What cannot be saved, by field: a condition's code and a sentence that names what there is instead."""
    return [
        {"field": f"rules.{i}.when", "rule": rule.id, "code": code, "message": message}
        for i, rule in enumerate(table.rules)
        for code, message in _faults(rule.when, point)
    ]


def _weighed(book: Rulebook, answers: Sequence[bool | Failed]) -> Decision:
    asked = list(zip(book.rules, answers, strict=True))
    hits = tuple(
        Hit(rule=rule.id, when=rule.when, then=rule.then, score=rule.score, reason=rule.reason, public=rule.public)
        for rule, answer in asked
        if answer is True
    )
    errors = tuple(
        RuleError(rule=rule.id, reason=answer.reason) for rule, answer in asked if isinstance(answer, Failed)
    )
    score = sum(hit.score for hit in hits)
    return Decision(outcome=_outcome(book.table, hits, errors, score), score=score, hits=hits, errors=errors)


def _outcome(table: RuleTable, hits: Sequence[Hit], errors: Sequence[RuleError], score: int) -> Outcome:
    said = {hit.then for hit in hits}
    trusted = "approve" in said
    if "refuse" in said or (not trusted and table.refuse_at is not None and score >= table.refuse_at):
        return "refuse"
    if errors:
        return "hold"
    if trusted:
        return "approve"
    return "hold" if "hold" in said or (table.hold_at is not None and score >= table.hold_at) else "approve"


def _faults(when: str, point: Point) -> Iterator[tuple[str, str]]:
    unknown = [name for name in fields_of(when) if name not in fields(point)]
    fault = fault_in(when, sample(point))
    if fault and fault.code != "unknown_field":
        yield fault.code, fault.detail
    elif fault:
        yield from (("unknown_field", _instead(name, point)) for name in unknown or [fault.detail])


def _instead(name: str, point: Point) -> str:
    known = fields(point)
    close = get_close_matches(name, known, n=3, cutoff=0.8)
    meant = f" Is it {' or '.join(close)}?" if close else ""
    group = name.partition(".")[0]
    same = [each for each in known if each.startswith(f"{group}.")]
    groups = [f"{each}.*" for each in dict.fromkeys(each.partition(".")[0] for each in known)]
    return f"There is no field {name} here.{meant} There are: {', '.join(same or groups)}."
