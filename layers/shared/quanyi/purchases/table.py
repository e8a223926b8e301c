"""Where purchase orders live: in the supply table.

    PO#<id>                        PO        the purchase order
    NEED#<sku>#<channel|shared>    NEED      `open`: the one purchase order that restocks it (`Need`)
    BUDGET#<month>[#<need>]        <currency>    `committed`: minor units
    QUOTA#<supplier>#<sku>         <day>     `taken`: how many were ordered of the offer that day

In `due-index` stands what a sweep must look at, in `listed-index` all of them, newest first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quanyi.clock import stamp
from quanyi.errors import Busy, Conflict, NotFound
from quanyi.purchases.changes import rests_until
from quanyi.purchases.model import PurchaseOrder
from quanyi.table import ConditionFailed, Item, Page, Table, Write

DUE_INDEX = "due-index"
LISTED_INDEX = "listed-index"
DUE = "purchases"
LISTED = "PURCHASES"
NEW = "attribute_not_exists(pk)"


class Taken(Conflict):
    """The need has its purchase order already; `extra["purchase"]` names it."""

    code, title = "need_is_open", "This is being restocked already"


class OverBudget(Conflict):
    """The month's budget, or the offer's daily limit, does not allow it."""

    code, title = "over_budget", "The budget or the supplier's daily limit would be passed"


@dataclass(frozen=True)
class Bounds:
    """What a purchase order counts in: at most `budget` minor units a month (None: no limit), and at most `daily`
    pieces of the offer a day."""

    budget: int | None = None
    daily: int | None = None


@dataclass(frozen=True)
class Need:
    """What is known of a need. `made` counts the purchase orders that it ever had: the next one's id follows from it,
    so that two who find the same need make one."""

    open: str = ""
    made: int = 0
    again: str = ""
    """Until then it is left alone (`changes.rests_until`)."""
    failed: str = ""
    """The supplier that failed it last, if none has delivered since."""
    paid: int | None = None
    """What one cost last, minor units of `currency`."""
    currency: str = ""


@dataclass(frozen=True)
class PurchasesTable:
    """`table` is the supply table."""

    table: Table

    def get(self, purchase_id: str) -> PurchaseOrder:
        """Consistent. Raises NotFound."""
        item = self.table.get(key_of(purchase_id))
        if item is None:
            raise NotFound("purchase order")
        return from_item(item)

    def find(self, ids: Sequence[str]) -> dict[str, PurchaseOrder]:
        items = self.table.get_many([key_of(one) for one in ids])
        return {item["id"]: from_item(item) for item in items}

    def add(self, po: PurchaseOrder, bounds: Bounds = Bounds()) -> PurchaseOrder:
        """Puts a new one, with what it takes of its need, budget and quota; answers it, or the one that is there.

        Raises Taken, OverBudget, Busy. The same again is harmless.
        """
        written = po.model_copy(update={"rev": 1})
        taking = self._taking(po, bounds)
        if taking is None:
            return self._why_not(po)
        try:
            if taking:
                self.table.together([self.table.write_put(to_item(written), condition=NEW), *taking])
            else:
                self.table.put(to_item(written), condition=NEW)
        except ConditionFailed:
            return self._why_not(po)
        return written

    def _why_not(self, po: PurchaseOrder) -> PurchaseOrder:
        there = self.table.get(key_of(po.id))
        if there:
            return from_item(there)
        need = self.table.get(need_key(po.need)) if po.need else None
        if need and need.get("open"):
            raise Taken("This is being restocked already.", purchase=need["open"])
        raise OverBudget("The budget or the supplier's daily limit would be passed.", sku=po.sku)

    def _taking(self, po: PurchaseOrder, bounds: Bounds) -> list[Write] | None:
        """None: alone it is more than the budget or the limit."""
        writes: list[Write] = []
        if po.need:
            free = "attribute_not_exists(#open)"
            change = "SET #open = :po ADD made :one"
            writes.append(self.table.write_update(need_key(po.need), change, condition=free, po=po.id, one=1))
        counted = [(budget_key(po.budget, po.currency), "committed", po.total, bounds.budget)] if po.budget else []
        counted += [(_quota_of(po), "taken", po.quantity, bounds.daily)] if po.quota_day else []
        for key, name, amount, most in counted:
            if most is None:
                writes.append(self.table.write_update(key, f"ADD {name} :more", more=amount))
            elif amount > most:
                return None
            else:
                room = f"attribute_not_exists({name}) OR {name} <= :room"
                change = f"ADD {name} :more"
                writes.append(self.table.write_update(key, change, condition=room, more=amount, room=most - amount))
        return writes

    def save(self, po: PurchaseOrder, also: Sequence[Write] = ()) -> PurchaseOrder | None:
        """Writes a changed one under the revision it was read at, together with `also`. None: somebody was faster."""
        written = po.model_copy(update={"rev": po.rev + 1})
        try:
            if also:
                put = self.table.write_put(to_item(written), condition="rev = :rev", rev=po.rev)
                self.table.together([put, *also])
            else:
                self.table.put(to_item(written), condition="rev = :rev", rev=po.rev)
        except ConditionFailed:
            return None
        return written

    def change(
        self, po: PurchaseOrder | str, decide: Callable[[PurchaseOrder], PurchaseOrder], tries: int = 20
    ) -> PurchaseOrder:
        """Applies `decide` until its answer is written against an unchanged one; an equal answer writes nothing. What
        `decide` raises goes through. Raises NotFound, Busy."""
        po = self.get(po) if isinstance(po, str) else po
        for _ in range(tries):
            wanted = decide(po)
            if wanted == po:
                return po
            written = self.save(wanted)
            if written:
                return written
            po = self.get(po.id)
        raise Busy("the purchase order is contended")

    def give_back(self, po: PurchaseOrder, missing: int, decide: Callable[[PurchaseOrder], PurchaseOrder]) -> bool:
        """Frees the need of one that is over, and gives `missing` pieces back to budget and quota, or takes what was
        given back too much, together with the change that says so (`changes.applied`). False: somebody was faster;
        read it again."""
        writes: list[Write] = []
        back = missing - po.given_back
        if po.need:
            key = need_key(po.need)
            if (self.table.get(key) or {}).get("open") == po.id:
                change, values = _freed(po)
                writes.append(self.table.write_update(key, change, condition="#open = :po", po=po.id, **values))
        if back and po.budget:
            key, less = budget_key(po.budget, po.currency), -back * po.unit_cost
            writes.append(self.table.write_update(key, "ADD committed :less", less=less))
        if back and po.quota_day:
            writes.append(self.table.write_update(_quota_of(po), "ADD taken :less", less=-back))
        return self.save(decide(po), writes) is not None

    def committed(self, month: str, currency: str) -> int:
        """Minor units that the month's purchase orders come to, without what did not come."""
        item = self.table.get(budget_key(month, currency))
        return int(item.get("committed", 0)) if item else 0

    def needs(self, needs: Sequence[str]) -> dict[str, Need]:
        """Those that ever had a purchase order; a call for a hundred. Consistent."""
        items = self.table.get_many([need_key(need) for need in needs]) if needs else []
        names = Need.__dataclass_fields__
        return {
            item["pk"].removeprefix("NEED#"): Need(**{name: item[name] for name in names if name in item})
            for item in items
        }

    def taken(self, supplier: str, sku: str, day: str) -> int:
        """How many were ordered of an offer on a day."""
        item = self.table.get(quota_key(supplier, sku, day))
        return int(item.get("taken", 0)) if item else 0

    def due(self, before: datetime) -> Iterator[str]:
        """Ids of those to be looked at, longest due first. A hint: the index lags."""
        found = self.table.query_all(
            "due = :due AND due_at < :before", index=DUE_INDEX, limit=100, due=DUE, before=stamp(before)
        )
        return (item["pk"].removeprefix("PO#") for item in found)

    def page(self, *, limit: int, start: Item | None, for_person: bool = False, **sieve: str | None) -> Page:
        """Of `limit` that are read, newest first, those whose fields are as `sieve` says (None: any)."""
        wanted: dict[str, Any] = {name: value for name, value in sieve.items() if value is not None}
        tests = [f"#{name} = :{name}" for name in wanted]
        if for_person:
            tests.append("(for_person = :yes OR contradicted = :yes)")
            wanted["yes"] = True
        return self.table.query(
            "#list = :list",
            index=LISTED_INDEX,
            limit=limit,
            start=start,
            forward=False,
            filter=" AND ".join(tests) or None,
            list=LISTED,
            **wanted,
        )


def key_of(purchase_id: str) -> dict[str, str]:
    return {"pk": f"PO#{purchase_id}", "sk": "PO"}


def need_key(need: str) -> dict[str, str]:
    return {"pk": f"NEED#{need}", "sk": "NEED"}


def budget_key(month: str, currency: str) -> dict[str, str]:
    return {"pk": f"BUDGET#{month}", "sk": currency}


def _freed(po: PurchaseOrder) -> tuple[str, dict[str, Any]]:
    """The change of its need when a purchase order is over, and the values in it."""
    values: dict[str, Any] = {"again": stamp(rests_until(po))}
    if po.received:
        values |= {"paid": po.unit_cost, "currency": po.currency}
        return "SET #again = :again, #paid = :paid, #currency = :currency REMOVE #open, #failed", values
    if po.state == "failed":
        return "SET #again = :again, #failed = :failed REMOVE #open", {**values, "failed": po.supplier}
    return "SET #again = :again REMOVE #open", values


def quota_key(supplier: str, sku: str, day: str) -> dict[str, str]:
    return {"pk": f"QUOTA#{supplier}#{sku}", "sk": day}


def _quota_of(po: PurchaseOrder) -> dict[str, str]:
    return quota_key(po.supplier, po.sku, po.quota_day)


def to_item(po: PurchaseOrder) -> Item:
    fields = po.model_dump(mode="json", exclude_defaults=True)
    return {
        **fields,
        **key_of(po.id),
        "v": po.v,
        "rev": po.rev,
        "state": po.state,
        "list": LISTED,
        "listed": f"{stamp(po.created_at)}#{po.id}",
        **({"due": DUE, "due_at": stamp(po.due_at)} if po.due_at else {}),
    }


def from_item(item: Item) -> PurchaseOrder:
    return PurchaseOrder.model_validate(item)
