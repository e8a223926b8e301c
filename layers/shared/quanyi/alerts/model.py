"""An alert: one thing that is wrong, about one subject, with the numbers that show it.

There is one item for a kind and a subject: it is opened, told, reminded of, and over; opened again, it is the same one.
`alerts.changes` has the rules, `alerts.facts` the numbers, `alerts.texts` the words.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from quanyi.alerts.facts import faults_in
from quanyi.alerts.kinds import AlertKind, Fact, Severity, Subject, Why, alert_id
from quanyi.clock import Timestamp

AlertState = Literal["open", "recovered"]


class Finding(BaseModel):
    """What a watcher saw. `facts` are such as `alerts.facts` knows, and those that the kind needs are among them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: AlertKind
    subject: Subject
    severity: Severity
    facts: Annotated[dict[str, Fact], Field(max_length=32)]

    @model_validator(mode="after")
    def _tells_its_numbers(self) -> "Finding":
        if wrong := faults_in(self.kind, self.facts):
            raise ValueError(f"{self.kind}: {', '.join(wrong)}")
        return self


class Alert(BaseModel):
    """As it is kept. `rev` counts its writes; `told` how often people were told of it, its ends included."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kind: AlertKind
    subject: Subject
    severity: Severity
    facts: dict[str, Fact]
    state: AlertState = "open"
    rev: int = 1
    opened_at: Timestamp
    changed_at: Timestamp
    """When a watcher last saw something new: what another saw before that is no news."""
    told: int = 0
    told_at: Timestamp | None = None
    told_severity: Severity | None = None
    """The worst that people were told since it was opened."""
    why: Why = "opened"
    """What they were told last."""
    quiet_until: Timestamp | None = None
    """It came back too soon to be told again; it is if it is still there by then."""
    recovered_at: Timestamp | None = None
    seen_by: str = ""
    seen_at: Timestamp | None = None

    @property
    def id(self) -> str:
        return alert_id(self.kind, self.subject)

    @property
    def is_open(self) -> bool:
        return self.state == "open"
