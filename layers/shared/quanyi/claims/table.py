"""Where claims, what counts against their limits, and what suppliers owe for bad cards are kept.

ORDER#<id>      CLAIM#<unit>#<card's first 8>   a claim; while it needs somebody it is due in `claims#0`  (orders)
MEMBER#<id>     CLAIMS                          what was granted without a person                         (members)
BATCH#<id>      BAD#<card>                      a bad card, to be charged back                            (supply)

Bad cards are listed by month (UTC), in it by supplier, then by time: what a supplier is asked for is one stretch of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from quanyi.batches.model import Batch
from quanyi.claims.model import ChargeBack, Claim, Grant, still_counting, within_limits
from quanyi.clock import moment, stamp
from quanyi.errors import Busy, NotFound
from quanyi.money import Money
from quanyi.orders.model import Replaced
from quanyi.orders.table import DUE_INDEX
from quanyi.supply.table import HealthTable
from quanyi.table import ConditionFailed, Item, Table

OPEN = "claims#0"
"""The part of the due index that holds claims which need somebody."""
LISTED_INDEX = "listed-index"
LIST = "BAD#"
"""Begins the name of a month's list of bad cards."""
MONTH = len("2026-11")
LOWEST, HIGHEST = "!", "~"
"""Sort before and after all that stands in a name."""
Place: TypeAlias = tuple[str, str]
"""Month and place in its list."""
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
    """What batches' suppliers owe for cards that were bad. `table` is the supply table."""

    table: Table

    def note(self, batch: Batch, order: str, unit: str, bad: Replaced, today: str) -> None:
        """Once for a card; the same again is harmless. Its supplier's record of the shop's day `today` counts it in the
        same transaction."""
        at = stamp(bad.at)
        item: Item = {
            "pk": f"BATCH#{batch.id}",
            "sk": f"BAD#{bad.card}",
            "list": f"{LIST}{at[:MONTH]}",
            "listed": f"{batch.supplier}#{at}#{bad.card}",
            "v": 1,
            "supplier": batch.supplier,
            "unit_cost": batch.unit_cost.amount,
            "currency": batch.unit_cost.currency,
            "order": order,
            "unit": unit,
            "sku": bad.sku,
            "reason": bad.reason,
            "at": at,
        }
        counted = HealthTable(self.table).noting(batch.supplier, today, bad_cards=1)
        try:
            self.table.together([self.table.write_put(item, condition=NEW), counted])
        except ConditionFailed:
            return

    def between(
        self, since: datetime, until: datetime, supplier: str | None, *, after: Place | None = None, limit: int | None
    ) -> Iterator[tuple[ChargeBack, Place]]:
        """Those from `since` to before `until`, of one supplier or of all, behind the place `after`; each with its own.
        `limit` items are read at a time (None: 1 MB)."""
        first, end = stamp(since), stamp(until)
        low, high = (f"{supplier}#{first}", f"{supplier}#{end}") if supplier else (LOWEST, HIGHEST)
        for month in _months(first[:MONTH], end[:MONTH]):
            if after and month < after[0]:
                continue
            begin = max(low, after[1] + LOWEST) if after and month == after[0] else low
            if begin > high:
                continue
            found = self.table.query_all(
                "#list = :list AND listed BETWEEN :low AND :high",
                index=LISTED_INDEX,
                limit=limit,
                filter="#at >= :since AND #at < :until",
                names={"list": "list", "at": "at"},
                list=f"{LIST}{month}",
                low=begin,
                high=high,
                since=first,
                until=end,
            )
            yield from ((charge_back_of(item), (month, item["listed"])) for item in found)


def _months(first: str, last: str) -> Iterator[str]:
    """`2026-11` and those after it, `last` included."""
    month = first
    while month <= last:
        yield month
        year, number = int(month[:4]), int(month[5:])
        month = f"{year + number // 12}-{number % 12 + 1:02}"


def charge_back_of(item: Item) -> ChargeBack:
    return ChargeBack(
        card=item["sk"].removeprefix("BAD#"),
        sku=item["sku"],
        batch=item["pk"].removeprefix("BATCH#"),
        supplier=item["supplier"],
        cost=Money(amount=item["unit_cost"], currency=item["currency"]),
        at=moment(item["at"]),
        reason=item["reason"],
        order=item["order"],
        unit=item["unit"],
    )


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
