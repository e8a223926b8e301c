"""Where suppliers, what they offer, their catalogues and their record live: the supply table.

    SUPPLIER#<id>       SUPPLIER     list=SUPPLIERS, listed=<id>
    OFFERS#<sku>        <supplier>   list=OFFERS_OF#<supplier>, listed=<sku>
    GOODS#<supplier>    <code>       what its catalogue says of it; `run` is the sync that saw it last
    HEALTH#<supplier>   <day>        counters of one shop day

Terms are written under their version. What a sync or a purchase notes beside them is not: neither is lost to the other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from quanyi.clock import stamp
from quanyi.errors import Conflict, NotFound
from quanyi.removal import remove
from quanyi.supply.health import FRESH_DAYS, Health
from quanyi.supply.model import KeptGoods, Offer, OfferTerms, Supplier, SupplierTerms, Sync
from quanyi.table import ConditionFailed, Item, Page, Table, Write

LISTED_INDEX = "listed-index"
SUPPLIERS = "SUPPLIERS"
NEW = "attribute_not_exists(pk)"
THERE = "attribute_exists(pk)"
SEEN = "version = :seen"
KEPT_DAYS = 90
"""How long a day's counters are kept: a supplier is compared with how it was before, too."""
PRUNED_AT_ONCE = 25


@dataclass(frozen=True)
class SuppliersTable:
    """`table` is the supply table."""

    table: Table

    def get(self, supplier: str) -> Supplier:
        """Consistent. Raises NotFound."""
        item = self.table.get(supplier_key(supplier))
        if item is None:
            raise NotFound("supplier")
        return supplier_of(item)

    def find(self, suppliers: Iterable[str]) -> dict[str, Supplier]:
        """Those that exist, in one call for up to 100."""
        keys = [supplier_key(one) for one in dict.fromkeys(suppliers)]
        return {item["id"]: supplier_of(item) for item in self.table.get_many(keys)} if keys else {}

    def every(self) -> list[Supplier]:
        """By id. The index lags by moments."""
        found = self.table.query_all("#list = :list", index=LISTED_INDEX, list=SUPPLIERS)
        return [supplier_of(item) for item in found]

    def save(self, supplier: Supplier) -> Supplier:
        """Writes the terms of `supplier.version` over the version before it; what was noted beside them stays. Answers
        it as it is then. Raises Conflict (`stale_version`)."""
        listed = {"list": SUPPLIERS, "listed": supplier.id, "v": 1, "id": supplier.id}
        more = {"created_at": stamp(supplier.created_at), "notify_url": supplier.notify_url, **_change(supplier)}
        return supplier_of(_save(self.table, supplier_key(supplier.id), supplier.terms, {**listed, **more}))

    def note_credentials(self, supplier: str, token: str, by: str, now: datetime) -> Supplier:
        """Who changed its secrets; `token` names the call. Raises NotFound."""
        change = "SET credentials = :token, credentials_changed_at = :now, credentials_changed_by = :by"
        return self._note(supplier, change, token=token, now=stamp(now), by=by)

    def note_balance(self, supplier: str, balance: int, now: datetime) -> Supplier:
        """What it said we have with it, minor units. Raises NotFound."""
        return self._note(supplier, "SET balance = :balance, balance_at = :now", balance=balance, now=stamp(now))

    def note_sync(self, supplier: str, before: Sync, after: Sync, *, synced_at: datetime | None = None) -> Supplier:
        """Moves its sync on, if it still is where it was read. Raises ConditionFailed: another run is at it."""
        change = f"SET #sync = :after{', synced_at = :at' if synced_at else ''}"
        here = "#sync.#run = :run AND #sync.#stage = :stage AND #sync.#after = :from"
        condition = f"{THERE} AND {here if before.run else f'(attribute_not_exists(#sync) OR {here})'}"
        values: dict[str, Any] = {"run": before.run, "stage": before.stage, "from": before.after}
        values |= {"at": stamp(synced_at)} if synced_at else {}
        item = self.table.update(
            supplier_key(supplier), change, condition=condition, after=after.model_dump(mode="json"), **values
        )
        return supplier_of(item)

    def _note(self, supplier: str, change: str, **values: Any) -> Supplier:
        try:
            return supplier_of(self.table.update(supplier_key(supplier), change, condition=THERE, **values))
        except ConditionFailed:
            raise NotFound("supplier") from None


@dataclass(frozen=True)
class OffersTable:
    """`table` is the supply table."""

    table: Table

    def get(self, sku: str, supplier: str) -> Offer | None:
        item = self.table.get(offer_key(sku, supplier))
        return offer_of(item) if item else None

    def of_sku(self, sku: str) -> list[Offer]:
        """By supplier; consistent, one Query."""
        return [offer_of(item) for item in self.table.query_all("pk = :pk", pk=f"OFFERS#{sku}", consistent=True)]

    def of_supplier(self, supplier: str, *, limit: int, start: Item | None = None, after: str = "") -> Page:
        """A page of items by SKU; `offer_of` reads them. The index lags by moments. `after` is a SKU to go on after."""
        where = "#list = :list AND listed > :after" if after else "#list = :list"
        values: dict[str, Any] = {"list": f"OFFERS_OF#{supplier}", **({"after": after} if after else {})}
        return self.table.query(where, index=LISTED_INDEX, limit=limit, start=start, **values)

    def every_of_supplier(self, supplier: str, *, after: str = "") -> Iterator[Offer]:
        page = self.of_supplier(supplier, limit=500, after=after)
        while True:
            yield from map(offer_of, page.items)
            if page.next is None:
                return
            page = self.of_supplier(supplier, limit=500, start=page.next, after=after)

    def save(self, offer: Offer) -> Offer:
        """Writes the terms of `offer.version` over the version before it; answers it as it is then. Raises Conflict
        (`stale_version`)."""
        named = {"sku": offer.sku, "supplier": offer.supplier, "v": 1, "cost_before": offer.cost_before}
        listed = {"list": f"OFFERS_OF#{offer.supplier}", "listed": offer.sku}
        noted = {"stock": offer.stock, "on_sale": offer.on_sale}
        more = {**named, **listed, **noted, **_change(offer)}
        return offer_of(_save(self.table, offer_key(offer.sku, offer.supplier), offer.terms, more))

    def update_cost(
        self, offer: Offer, *, cost: int, stock: int | None, on_sale: bool, now: datetime, by: str = "system"
    ) -> Offer | None:
        """What its supplier says now, if its terms are those that were read. None: they are not, read it again.

        A cost raises the version, so that no merchant writes an older one back; stock alone does not."""
        sets, removes = ["on_sale = :on_sale"], list[str]()
        values: dict[str, Any] = {"on_sale": on_sale, "seen": offer.version}
        if stock is None:
            removes.append("stock")
        else:
            sets.append("stock = :stock")
            values["stock"] = stock
        if cost != offer.cost:
            sets += ["cost = :cost", "cost_before = :old", "version = :next", "updated_at = :now", "changed_by = :by"]
            values |= {"cost": cost, "old": offer.cost, "next": offer.version + 1, "now": stamp(now), "by": by}
        change = f"SET {', '.join(sets)}{' REMOVE ' + ', '.join(removes) if removes else ''}"
        try:
            return offer_of(self.table.update(offer_key(offer.sku, offer.supplier), change, condition=SEEN, **values))
        except ConditionFailed:
            return None

    def remove(self, sku: str, supplier: str, version: int, by: str, now: datetime) -> None:
        """The same again is harmless. Raises Conflict (`stale_version`)."""
        try:
            remove(self.table, offer_key(sku, supplier), version, by, now)
        except ConditionFailed as failed:
            raise _stale(failed.item) from None


@dataclass(frozen=True)
class GoodsTable:
    """A supplier's catalogue as it was synced. `table` is the supply table."""

    table: Table

    def put(self, goods: Sequence[KeptGoods]) -> None:
        """Of one supplier, each once. Raises Busy: put all again."""
        self.table.put_many([_goods_item(one) for one in goods])

    def find(self, supplier: str, codes: Iterable[str]) -> dict[str, KeptGoods]:
        """Those that are known, by code."""
        items = self.table.get_many([goods_key(supplier, code) for code in codes])
        return {item["code"]: goods_of(item) for item in items}

    def page(self, supplier: str, *, words: Sequence[str] = (), limit: int, start: Item | None = None) -> Page:
        """Items by code, of `limit` that were read those with all words in title or code; `goods_of` reads them."""
        sieve = " AND ".join(f"contains(search_text, :w{at})" for at in range(len(words)))
        values: dict[str, Any] = {f"w{at}": word for at, word in enumerate(words)}
        return self.table.query(
            "pk = :pk", limit=limit, start=start, filter=sieve or None, pk=f"GOODS#{supplier}", **values
        )

    def drop_older(self, supplier: str, run: str) -> int:
        """What runs from `run` on did not see is gone from its catalogue."""
        gone = self.table.query_all("pk = :pk", filter="#run < :run", pk=f"GOODS#{supplier}", run=run)
        keys = [{"pk": item["pk"], "sk": item["sk"]} for item in gone]
        self.table.delete_many(keys)
        return len(keys)


@dataclass(frozen=True)
class HealthTable:
    """`table` is the supply table. A day is the shop's, `2026-11-26`."""

    table: Table

    def note(self, supplier: str, day: str, **counts: int) -> None:
        """Adds to a day's counters, which are named as `Health` names them. Called again it counts again."""
        if any(counts.values()):
            adds, added = _added(counts)
            self.table.update(_health_key(supplier, day), adds, **added)

    def noting(self, supplier: str, day: str, **counts: int) -> Write:
        """The same as part of a transaction, in which it counts once."""
        adds, added = _added(counts)
        return self.table.write_update(_health_key(supplier, day), adds, **added)

    def of(self, suppliers: Iterable[str], today: str) -> dict[str, Health]:
        """Of each, over the days that count: in one call for six of them."""
        names = list(dict.fromkeys(suppliers))
        items = self.table.get_many([key for name in names for key in health_keys(name, today)]) if names else []
        return health_of(names, items)

    def days(self, supplier: str, today: str) -> dict[str, Health]:
        """Its last days one by one, newest first; those without a purchase are not there."""
        items = self.table.get_many(health_keys(supplier, today))
        return {item["sk"]: _health(item) for item in sorted(items, key=lambda item: item["sk"], reverse=True)}

    def prune(self, supplier: str, today: str) -> None:
        """Drops some of the days that are too old to be kept. The table's other items have no end, so it has no TTL."""
        until = (date.fromisoformat(today) - timedelta(days=KEPT_DAYS)).isoformat()
        old = self.table.query("pk = :pk AND sk < :until", limit=PRUNED_AT_ONCE, pk=f"HEALTH#{supplier}", until=until)
        self.table.delete_many([{"pk": item["pk"], "sk": item["sk"]} for item in old.items])


def _added(counts: Mapping[str, int]) -> tuple[str, dict[str, Any]]:
    assert counts.keys() <= Health.model_fields.keys()
    added: dict[str, Any] = {name: count for name, count in counts.items() if count}
    return "ADD " + ", ".join(f"#{name} :{name}" for name in added), added


def _health_key(supplier: str, day: str) -> dict[str, str]:
    return {"pk": f"HEALTH#{supplier}", "sk": day}


def health_keys(supplier: str, today: str) -> list[dict[str, str]]:
    last = date.fromisoformat(today)
    days = [(last - timedelta(days=back)).isoformat() for back in range(FRESH_DAYS)]
    return [{"pk": f"HEALTH#{supplier}", "sk": day} for day in days]


def health_of(suppliers: Iterable[str], items: Iterable[Item]) -> dict[str, Health]:
    """Sums of each one's days."""
    sums = {name: dict.fromkeys(Health.model_fields, 0) for name in suppliers}
    for item in items:
        mine = sums[item["pk"].removeprefix("HEALTH#")]
        for name in mine:
            mine[name] += item.get(name, 0)
    return {name: Health(**counts) for name, counts in sums.items()}


def supplier_key(supplier: str) -> dict[str, str]:
    return {"pk": f"SUPPLIER#{supplier}", "sk": "SUPPLIER"}


def offer_key(sku: str, supplier: str) -> dict[str, str]:
    return {"pk": f"OFFERS#{sku}", "sk": supplier}


def goods_key(supplier: str, code: str) -> dict[str, str]:
    return {"pk": f"GOODS#{supplier}", "sk": code}


def supplier_of(item: Item) -> Supplier:
    return Supplier.model_validate(item)


def offer_of(item: Item) -> Offer:
    return Offer.model_validate(item)


def goods_of(item: Item) -> KeptGoods:
    return KeptGoods.model_validate(item)


def _goods_item(goods: KeptGoods) -> Item:
    kept = goods.model_dump(mode="json", exclude_none=True)
    return {**goods_key(goods.supplier, goods.code), "v": 1, **kept, "search_text": goods.search_text}


def _health(item: Item) -> Health:
    return Health.model_validate(item)


def _change(kept: Supplier | Offer) -> dict[str, Any]:
    return {"version": kept.version, "updated_at": stamp(kept.updated_at), "changed_by": kept.changed_by}


def _save(table: Table, key: Mapping[str, str], terms: SupplierTerms | OfferTerms, more: Mapping[str, Any]) -> Item:
    """Sets what is given, removes what is None, and leaves what neither names."""
    wanted = {**terms.model_dump(mode="json"), **more}
    sets = [f"#{name} = :{name}" for name, value in wanted.items() if value is not None]
    removes = [f"#{name}" for name, value in wanted.items() if value is None]
    change = f"SET {', '.join(sets)}{' REMOVE ' + ', '.join(removes) if removes else ''}"
    values = {name: value for name, value in wanted.items() if value is not None}
    first = wanted["version"] == 1
    try:
        if first:
            return table.update(key, change, condition=NEW, **values)
        return table.update(key, change, condition=SEEN, seen=wanted["version"] - 1, **values)
    except ConditionFailed as failed:
        raise _stale(failed.item) from None


def _stale(item: Item) -> Conflict:
    now = item.get("version", 0)
    return Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now)
