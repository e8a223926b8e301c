"""A kind of payment provider for the tests of setting one up: it answers what it is told, and takes delivery reports.

Like every provider's module it has `check`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from quanyi.errors import Invalid
from quanyi.payments.access import Access
from quanyi.payments.port import Method, Outcome
from quanyi.payments.registry import Kind
from tests.aws.psp import Psp

GOOD, NEXT = "till-secret-good-1", "till-secret-good-2"


def check(access: Access) -> None:
    for version in access.secrets:
        if not version["till_key"].reveal().startswith("till-secret-good") or access.account["shop"] == "wrong":
            raise Invalid("These do not fit.", errors=[{"field": "till_key"}])


@dataclass
class Till(Psp):
    """`down` and `reports` are the class's, since whoever builds one does not hand it over."""

    access: Access = field(default_factory=Access)
    name: str = "till"

    silent: ClassVar[bool] = False
    outcomes: ClassVar[list[Outcome]] = []
    reports: ClassVar[list[tuple[str, str, str, datetime]]] = []
    built_with: ClassVar[list[Access]] = []

    def __post_init__(self) -> None:
        self.down = type(self).silent
        self.built_with.append(self.access)

    def report_delivery(self, transaction: str, payer: str, what: str, at: datetime) -> Outcome:
        self.reports.append((transaction, payer, what, at))
        return self.outcomes.pop(0) if self.outcomes else "succeeded"


def make(access: Access) -> Till:
    return Till(access=access)


KIND = Kind(
    title="Till",
    made_by="tests.aws.till:make",
    methods=(Method("coins"), Method("notes")),
    currencies=frozenset({"CNY", "USD"}),
    account=("shop",),
    secrets=("till_key",),
    more_account=("door",),
    more_secrets=("spare_key",),
    reporting_secrets=("spare_key",),
)


def forget() -> None:
    Till.silent = False
    for kept in (Till.outcomes, Till.reports, Till.built_with):
        kept.clear()
