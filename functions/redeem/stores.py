"""`/v1/admin/stores`: where vouchers are redeemed; `/v1/stores`: where a terminal may do so."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from quanyi.callers import Caller
from quanyi.clock import Timestamp
from quanyi.errors import NotFound
from quanyi.http import CallerParam, Cursor, Limit, View, entry, rest_api
from quanyi.stores.model import Region, Store, StoreId, StoreTerms
from redeem.wiring import Till, till

app = rest_api()

PathStore = Annotated[StoreId, Path(description="The merchant's own number")]


class StoreBody(StoreTerms):
    """Replaces the store's terms; makes the store where `version` is 0."""

    version: Annotated[int, Field(ge=0, strict=True, description="As last read, or 0: refused when it has changed")]

    @property
    def terms(self) -> StoreTerms:
        return StoreTerms.model_validate(self.model_dump(include=set(StoreTerms.model_fields)))


class StoreView(View):
    id: str
    name: str
    region: Region | None
    open: bool
    version: int
    changed_by: str
    updated_at: Timestamp

    @classmethod
    def of(cls, store: Store) -> "StoreView":
        return cls.model_validate(store.model_dump(include=set(cls.model_fields)))


class StorePage(View):
    items: list[StoreView]
    next: str | None = None


class CounterStoreView(View):
    """`open`: false where nothing is redeemed at the moment."""

    id: str
    name: str
    open: bool


class CounterStoresView(View):
    items: list[CounterStoreView]


@app.get("/v1/stores", summary="The stores that a counter may redeem in, by id", tags=["redemption"])
def of_counter(caller: CallerParam) -> CounterStoresView:
    return CounterStoresView(
        items=[CounterStoreView(id=one.id, name=one.name, open=one.open) for one in stores_of(till(), caller)]
    )


@app.get("/v1/admin/stores", summary="The shop's stores, by id", tags=["redemption"])
def listed(caller: CallerParam, limit: Limit = 50, cursor: Cursor = None) -> StorePage:
    caller.needs("operator")
    stores, after = till().stores.page(limit, cursor)
    return StorePage(items=[StoreView.of(store) for store in stores], next=after)


@app.get("/v1/admin/stores/<store_id>", summary="Read a store", tags=["redemption"])
def read(store_id: PathStore, caller: CallerParam) -> StoreView:
    caller.needs("operator")
    return StoreView.of(till().stores.get(store_id))


@app.put("/v1/admin/stores/<store_id>", summary="Make or change a store", tags=["redemption"])
def written(store_id: PathStore, body: StoreBody, caller: CallerParam) -> StoreView:
    return StoreView.of(save_store(till(), caller, store_id, body.version, body.terms))


def stores_of(till: Till, caller: Caller) -> list[Store]:
    """Those that the terminal is bound to, or all where it is bound to none. Raises Forbidden."""
    caller.needs("counter", "storefront")
    stores = till.stores.all()
    return [stores[one] for one in sorted(stores) if not caller.stores or one in caller.stores]


def save_store(till: Till, caller: Caller, store_id: str, version: int, terms: StoreTerms) -> Store:
    """Over the version that was last read (0: there was none). The same again answers what it made.

    Raises Forbidden, Conflict (`stale_version`).
    """
    caller.needs("operator")
    kept = _kept(till, store_id)
    if kept and (kept.version, kept.terms, kept.changed_by) == (version + 1, terms, caller.name):
        return kept
    made = {"id": store_id, "version": version + 1, "changed_by": caller.name, "updated_at": till.now()}
    store = Store.model_validate(terms.model_dump() | made)
    till.stores.save(store)
    return store


def _kept(till: Till, store_id: str) -> Store | None:
    try:
        return till.stores.get(store_id)
    except NotFound:
        return None


handler = entry(app)
