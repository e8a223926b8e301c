"""Where claims, what counts against their limits, and what suppliers owe for bad cards are kept.

ORDER#<id>      CLAIM#<unit>#<card's first 8>   a claim; while it needs somebody it is due in `claims#0`  (orders)
MEMBER#<id>     CLAIMS                          what was granted without a person                         (members)
BATCH#<id>      BAD#<card>                      a bad card, to be charged back                            (supply)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quanyi.batches.model import Batch
from quanyi.claims.model import Claim, Grant, still_counting, within_limits
from quanyi.clock import stamp
from quanyi.errors import Busy, NotFound
from quanyi.orders.model import Replaced
from quanyi.orders.table import DUE_INDEX
from quanyi.table import ConditionFailed, Item, Table

OPEN = "claims#0"
"""The part of the due index that holds claims which need somebody."""
NEW = "attribute_not_exists(pk)"
UNCHANGED = "rev = :rev"


class StaleClaim(Exception):
    """Somebody wrote the claim first; `claim` is how it is now."""

    def __init__(self, claim: Claim) -> None:
        super().__init__("stale claim")
        self.claim = claim


@dataclass(frozen=True)
class ClaimsTable:
    """`table` is the orders table. Each write names the revision it was decided on."""

    table: Table

    def get(self, claim: str) -> Claim:
        """Consistent. Raises NotFound."""
        item = self.table.get(_key(claim))
        if item is None or item["id"] != claim:
            raise NotFound("claim")
        return Claim.model_validate(item)

    def of_order(self, order: str) -> list[Claim]:
        """Consistent; in no order that means anything."""
        found = self.table.query_all(
            "pk = :pk AND begins_with(sk, :claims)", pk=f"ORDER#{order}", claims="CLAIM#", consistent=True
        )
        return [Claim.model_validate(item) for item in found]

    def add(self, claim: Claim) -> Claim:
        """Puts a new claim, or answers the one that is there for that card."""
        try:
            self.table.put(_item(claim), condition=NEW)
        except ConditionFailed as failed:
            return Claim.model_validate(failed.item)
        return claim

    def save(self, claim: Claim) -> Claim:
        """Writes a changed claim under the revision it was read at. Raises StaleClaim."""
        written = claim.model_copy(update={"rev": claim.rev + 1})
        try:
            self.table.put(_item(written), condition=UNCHANGED, rev=claim.rev)
        except ConditionFailed as failed:
            raise StaleClaim(Claim.model_validate(failed.item)) from None
        return written

    def needing(self, *, limit: int, start: Item | None) -> tuple[list[Claim], Item | None]:
        """Those that need somebody, oldest first, and the key to go on from."""
        page = self.table.query("due = :due", index=DUE_INDEX, limit=limit, start=start, due=OPEN)
        items = self.table.get_many([{"pk": item["pk"], "sk": item["sk"]} for item in page.items])
        claims = [Claim.model_validate(item) for item in items if item.get("due") == OPEN]
        return sorted(claims, key=lambda claim: (claim.created_at, claim.id)), page.next


@dataclass(frozen=True)
class GrantsTable:
    """`table` is the members table."""

    table: Table

    def take(self, member: str, new: Grant, of_unit: int, tries: int = 10) -> bool:
        """Counts one more grant, if no limit forbids; the same again is harmless. False: a person has to decide."""
        for _ in range(tries):
            item = self.table.get(_grants_key(member)) or {}
            grants = still_counting([Grant.model_validate(one) for one in item.get("grants", [])], new.at)
            if any(grant.claim == new.claim for grant in grants):
                return True
            if not within_limits(grants, new, of_unit):
                return False
            try:
                self._put(member, [*grants, new], item.get("rev"))
            except ConditionFailed:
                continue
            return True
        raise Busy("the member is contended")

    def _put(self, member: str, grants: Sequence[Grant], rev: int | None) -> None:
        item = {**_grants_key(member), "v": 1, "rev": (rev or 0) + 1}
        item |= {"grants": [grant.model_dump(mode="json") for grant in grants]}
        if rev is None:
            self.table.put(item, condition=NEW)
        else:
            self.table.put(item, condition=UNCHANGED, rev=rev)


@dataclass(frozen=True)
class ChargeBacks:
    """What a batch's supplier owes for cards that were bad. `table` is the supply table."""

    table: Table

    def note(self, batch: Batch, order: str, unit: str, bad: Replaced) -> None:
        """Once for a card; the same again is harmless."""
        item: Item = {
            "pk": f"BATCH#{batch.id}",
            "sk": f"BAD#{bad.card}",
            "v": 1,
            "supplier": batch.supplier,
            "unit_cost": batch.unit_cost.amount,
            "currency": batch.unit_cost.currency,
            "order": order,
            "unit": unit,
            "sku": bad.sku,
            "reason": bad.reason,
            "at": stamp(bad.at),
        }
        try:
            self.table.put(item, condition=NEW)
        except ConditionFailed:
            return

    def of_batch(self, batch: str) -> list[Item]:
        """All of a batch's bad cards."""
        return list(self.table.query_all("pk = :pk AND begins_with(sk, :bad)", pk=f"BATCH#{batch}", bad="BAD#"))


def _key(claim: str) -> dict[str, str]:
    order, unit, card = claim[1:].split(".")
    return {"pk": f"ORDER#O{order}", "sk": f"CLAIM#{unit}#{card}"}


def _grants_key(member: str) -> dict[str, str]:
    return {"pk": f"MEMBER#{member}", "sk": "CLAIMS"}


def _item(claim: Claim) -> Item:
    kept: dict[str, Any] = claim.model_dump(exclude_defaults=True)
    item = {name: stamp(value) if isinstance(value, datetime) else value for name, value in kept.items()}
    item |= {**_key(claim.id), "v": claim.v, "rev": claim.rev}
    return item | ({"due": OPEN, "due_at": stamp(claim.created_at)} if claim.state in ("open", "granting") else {})
