"""A stock policy as it is kept: what the merchant wrote, and beside it the numbers of the last night."""

from pydantic import ConfigDict

from quanyi.clock import Timestamp
from quanyi.restock.model import PolicyTerms, StockPolicy
from quanyi.restock.planning import Plan


class KeptPolicy(StockPolicy):
    """`version` counts changes of its terms."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    version: int = 1
    created_at: Timestamp
    updated_at: Timestamp
    changed_by: str = "system"
    plan: Plan | None = None

    @property
    def need(self) -> str:
        """What it keeps in stock, as purchases name it."""
        return f"{self.sku}#{self.channel}"

    @property
    def terms(self) -> PolicyTerms:
        return PolicyTerms.model_validate(self.model_dump(include=set(PolicyTerms.model_fields)))

    @property
    def current(self) -> Plan | None:
        """The plan, if it was made of the terms as they are."""
        return self.plan if self.plan and self.plan.version == self.version else None
