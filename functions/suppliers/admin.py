"""`/v1/admin/suppliers`: whom the shop buys from, what they offer, and how well they serve. For operators only."""

import time
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.request import Request

from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, api_url, entry, rest_api
from suppliers import admin_offers
from suppliers.catalogue import list_goods
from suppliers.messages import (
    AdaptersView,
    AdapterView,
    BalanceView,
    CredentialsBody,
    GoodsList,
    HealthView,
    SupplierBody,
    SupplierLine,
    SupplierParam,
    SuppliersView,
    SupplierView,
    SwitchBody,
    SyncBody,
    SyncedView,
    Words,
    notify_url,
)
from suppliers.setup import ask_balance, record, save_secrets, save_terms, standing, switch
from suppliers.syncing import More, settle, sync
from suppliers.wiring import room

SYNC_SECONDS = 12.0
"""How long a call goes on syncing; a step that has begun then may take a supplier's eight seconds more."""
SETTLE_SECONDS = 8.0
"""How long a call goes on with SKUs whose supplier was changed; the hourly sync does the others."""

app = rest_api()
app.include_router(admin_offers.router)


@app.get("/v1/admin/supplier-adapters", summary="Suppliers' protocols, and what each can and needs", tags=["supply"])
def adapters(caller: CallerParam) -> AdaptersView:
    caller.needs("operator")
    return AdaptersView(items=[AdapterView.of(name, one) for name, one in sorted(room().adapters.items())])


@app.get("/v1/admin/suppliers", summary="List suppliers", tags=["supply"])
def every(caller: CallerParam) -> SuppliersView:
    caller.needs("operator")
    return SuppliersView(items=[SupplierLine.of(one) for one in room().suppliers.every()])


@app.get("/v1/admin/suppliers/<supplier>", summary="Read how a supplier is set up", tags=["supply"])
def read(supplier: SupplierParam, caller: CallerParam, request: Request) -> SupplierView:
    caller.needs("operator")
    return SupplierView.of(standing(room(), room().suppliers.get(supplier)), api_url(request))


@app.put("/v1/admin/suppliers/<supplier>", summary="Set a supplier up", tags=["supply"])
def write(supplier: SupplierParam, body: SupplierBody, caller: CallerParam, request: Request) -> SupplierView:
    """A SKU whose best offer this changes goes off sale, or comes back, at once; of many, some within the hour."""
    caller.needs("operator")
    url = notify_url(api_url(request), supplier)
    saved = save_terms(room(), caller.name, supplier, body.version, body.terms, url)
    settle(room(), saved, _for(SETTLE_SECONDS))
    return SupplierView.of(standing(room(), saved), api_url(request))


@app.put("/v1/admin/suppliers/<supplier>/enabled", summary="Switch a supplier on or off", tags=["supply"])
def switched(supplier: SupplierParam, body: SwitchBody, caller: CallerParam, request: Request) -> SupplierView:
    """Off: nothing new is bought there; what is under way is still asked about."""
    caller.needs("operator")
    saved = switch(room(), caller.name, supplier, body.enabled)
    settle(room(), saved, _for(SETTLE_SECONDS))
    return SupplierView.of(standing(room(), saved), api_url(request))


@app.put("/v1/admin/suppliers/<supplier>/credentials", summary="Change a supplier's secrets", tags=["supply"])
def credentials(
    supplier: SupplierParam, body: CredentialsBody, key: IdempotencyKey, caller: CallerParam, request: Request
) -> SupplierView:
    """They are written, never read back: the answer has their names only."""
    caller.needs("operator")
    saved = save_secrets(room(), caller.name, caller.key_id, supplier, key, body.secrets)
    return SupplierView.of(standing(room(), saved), api_url(request))


@app.get("/v1/admin/suppliers/<supplier>/balance", summary="Ask a supplier for our balance", tags=["supply"])
def balance(supplier: SupplierParam, caller: CallerParam) -> BalanceView:
    """Asks now: it shows, too, whether the supplier takes our credentials."""
    caller.needs("operator")
    return BalanceView.of(ask_balance(room(), room().suppliers.get(supplier)))


@app.get("/v1/admin/suppliers/<supplier>/health", summary="How well a supplier serves", tags=["supply"])
def health(supplier: SupplierParam, caller: CallerParam) -> HealthView:
    caller.needs("operator")
    return HealthView.of_record(record(room(), supplier))


@app.post("/v1/admin/suppliers/<supplier>/sync", summary="Sync a supplier's catalogue now", tags=["supply"])
def synced(supplier: SupplierParam, body: SyncBody, caller: CallerParam) -> SyncedView:
    """Goes on for some seconds. `paused` is answered where that was not enough: the same call again goes on, and so
    does the hourly sync."""
    caller.needs("operator")
    kept = room().suppliers.get(supplier)
    done = sync(room(), kept, _for(SYNC_SECONDS), believed_by=caller.name if body.believe else "")
    return SyncedView.of(*done)


@app.get("/v1/admin/suppliers/<supplier>/goods", summary="Search a supplier's catalogue as synced", tags=["supply"])
def goods(
    supplier: SupplierParam,
    caller: CallerParam,
    q: Words = None,
    offered: Annotated[bool | None, Query(description="Only what is offered here, or only what is not")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> GoodsList:
    caller.needs("operator")
    return list_goods(room(), supplier, q, offered, limit, cursor)


def _for(seconds: float) -> More:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


handler = entry(app)
