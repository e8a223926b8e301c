"""Where stock policies live: in the supply table.

    POLICY#<sku>   <channel|shared>   list=POLICIES, listed=<sku>#<channel>; terms and the last plan
    RUN#<name>     RUN                how far a run over all policies has come

A plan is written beside the terms that it was made of, and only beside them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quanyi.catalog.model import Model
from quanyi.clock import stamp
from quanyi.errors import Conflict, NotFound
from quanyi.removal import remove
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.model import PolicyTerms
from quanyi.restock.planning import Plan
from quanyi.table import ConditionFailed, Item, Page, Table

LISTED_INDEX = "listed-index"
LIST = "POLICIES"
NEW = "attribute_not_exists(pk)"
SEEN = "version = :seen"
A_PAGE = 400


class Progress(Model):
    """Of a run that goes on where the last one stopped. `day` names which run, `stage` what it is at, `after` the last
    one that is done."""

    day: str = ""
    stage: str = ""
    after: str = ""


@dataclass(frozen=True)
class PoliciesTable:
    """`table` is the supply table."""

    table: Table

    def get(self, sku: str, channel: str) -> KeptPolicy:
        """Consistent. Raises NotFound."""
        policy = self.find(sku, channel)
        if policy is None:
            raise NotFound("stock policy")
        return policy

    def find(self, sku: str, channel: str) -> KeptPolicy | None:
        item = self.table.get(policy_key(sku, channel))
        return policy_of(item) if item else None

    def of_sku(self, sku: str) -> list[KeptPolicy]:
        """Consistent, by channel."""
        return [policy_of(item) for item in self.table.query_all("pk = :pk", pk=f"POLICY#{sku}", consistent=True)]

    def page(self, *, limit: int, start: Item | None = None) -> Page:
        """Items by SKU and channel; `policy_of` reads them. The index lags by moments."""
        return self.table.query("#list = :list", index=LISTED_INDEX, limit=limit, start=start, list=LIST)

    def every(self, after: str = "") -> Iterator[KeptPolicy]:
        """By SKU and channel, from behind the need `after` on; read page by page. The index lags by moments."""
        where = "#list = :list AND listed > :after" if after else "#list = :list"
        values = {"list": LIST, **({"after": after} if after else {})}
        return map(policy_of, self.table.query_all(where, index=LISTED_INDEX, limit=A_PAGE, **values))

    def save(self, policy: KeptPolicy) -> KeptPolicy:
        """Writes the terms of `policy.version` over the version before it. Raises Conflict (`stale_version`)."""
        terms = policy.terms.model_dump(mode="json")
        named = {"sku": policy.sku, "channel": policy.channel, "v": 1, "list": LIST, "listed": policy.need}
        stamps = {"created_at": stamp(policy.created_at), "updated_at": stamp(policy.updated_at)}
        wanted: dict[str, Any] = {**terms, **named, **stamps}
        wanted |= {"version": policy.version, "changed_by": policy.changed_by}
        sets = [f"#{name} = :{name}" for name, value in wanted.items() if value is not None]
        removes = [f"#{name}" for name, value in wanted.items() if value is None]
        change = f"SET {', '.join(sets)}{' REMOVE ' + ', '.join(removes) if removes else ''}"
        values = {name: value for name, value in wanted.items() if value is not None}
        seen = {} if policy.version == 1 else {"seen": policy.version - 1}
        try:
            item = self.table.update(
                policy_key(policy.sku, policy.channel), change, condition=SEEN if seen else NEW, **seen, **values
            )
        except ConditionFailed as failed:
            raise _stale(failed.item) from None
        return policy_of(item)

    def note_plan(self, policy: KeptPolicy, plan: Plan) -> bool:
        """False: its terms have changed, or it is gone."""
        kept = plan.model_dump(mode="json", exclude_none=True)
        try:
            key = policy_key(policy.sku, policy.channel)
            self.table.update(key, "SET #plan = :plan", condition=SEEN, plan=kept, seen=plan.version)
        except ConditionFailed:
            return False
        return True

    def remove(self, sku: str, channel: str, version: int, by: str, now: datetime) -> None:
        """The same again is harmless. Raises Conflict (`stale_version`)."""
        try:
            remove(self.table, policy_key(sku, channel), version, by, now)
        except ConditionFailed as failed:
            raise _stale(failed.item) from None

    def progress(self, run: str) -> Progress:
        item = self.table.get(_run_key(run))
        return Progress.model_validate({n: item[n] for n in Progress.model_fields if n in item}) if item else Progress()

    def note_progress(self, run: str, progress: Progress) -> None:
        """A hint: whoever goes on from an older one does again what can be done again."""
        self.table.put({**_run_key(run), "v": 1, **progress.model_dump()})


def by_sku(policies: Iterable[KeptPolicy]) -> Iterator[list[KeptPolicy]]:
    """Of what comes sorted by SKU, the policies of each SKU together."""
    together: list[KeptPolicy] = []
    for policy in policies:
        if together and together[0].sku != policy.sku:
            yield together
            together = []
        together.append(policy)
    if together:
        yield together


def policy_key(sku: str, channel: str) -> dict[str, str]:
    return {"pk": f"POLICY#{sku}", "sk": channel}


def policy_of(item: Item) -> KeptPolicy:
    return KeptPolicy.model_validate(item)


def new_policy(sku: str, channel: str, terms: PolicyTerms, **kept: Any) -> KeptPolicy:
    return KeptPolicy(sku=sku, channel=channel, **dict(terms), **kept)


def _run_key(run: str) -> dict[str, str]:
    return {"pk": f"RUN#{run}", "sk": "RUN"}


def _stale(item: Item) -> Conflict:
    now = item.get("version", 0)
    return Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now)
