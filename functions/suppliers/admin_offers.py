"""`/v1/admin/suppliers/{supplier}/offers` and `/v1/admin/offers/{sku}`."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from quanyi.http import CallerParam, Cursor, Limit
from quanyi.supply.table import offer_of
from quanyi.table import decode_cursor, encode_cursor
from suppliers.messages import GoodsBody, SupplierParam
from suppliers.offer_messages import OfferBody, OfferList, OfferView, PlacedView, RankedView
from suppliers.offering import offer_goods, ranked, read_offer, remove_offer, save_offer
from suppliers.wiring import room

router = APIGatewayRouter()

SkuParam = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Quantity = Annotated[int, Query(ge=1, le=10_000, description="As many as would be bought")]
Version = Annotated[int, Query(ge=1, description="As last read")]
_OFFER = "/v1/admin/suppliers/<supplier>/offers/<sku>"
_CURSOR = ("pk", "sk", "list", "listed")


@router.get("/v1/admin/suppliers/<supplier>/offers", summary="List what a supplier offers", tags=["supply"])
def of_supplier(supplier: SupplierParam, caller: CallerParam, limit: Limit = 20, cursor: Cursor = None) -> OfferList:
    caller.needs("operator")
    room().suppliers.get(supplier)
    start = decode_cursor(cursor, _CURSOR)
    if start:
        start["list"] = f"OFFERS_OF#{supplier}"
    page = room().offers.of_supplier(supplier, limit=limit, start=start)
    return OfferList(items=[OfferView.of(offer_of(item)) for item in page.items], next=encode_cursor(page.next))


@router.get(_OFFER, summary="Read an offer", tags=["supply"])
def read(supplier: SupplierParam, sku: SkuParam, caller: CallerParam) -> OfferView:
    caller.needs("operator")
    return OfferView.of(read_offer(room(), supplier, sku))


@router.put(_OFFER, summary="Offer a SKU from a supplier, or change the offer", tags=["supply"])
def write(supplier: SupplierParam, sku: SkuParam, body: OfferBody, caller: CallerParam) -> PlacedView:
    caller.needs("operator")
    return PlacedView.of_placed(save_offer(room(), caller.name, supplier, sku, body.version, body.terms))


@router.delete(_OFFER, summary="Take an offer away", tags=["supply"], status_code=204)
def remove(supplier: SupplierParam, sku: SkuParam, caller: CallerParam, version: Version) -> Response[None]:
    """What is under way is not touched."""
    caller.needs("operator")
    remove_offer(room(), caller.name, supplier, sku, version)
    return Response(204)


@router.put(f"{_OFFER}/goods", summary="Offer a SKU from a supplier's synced catalogue", tags=["supply"])
def from_goods(supplier: SupplierParam, sku: SkuParam, body: GoodsBody, caller: CallerParam) -> PlacedView:
    """Code, cost and quantities come from the catalogue, the price from the mark-up. Any number of times."""
    caller.needs("operator")
    return PlacedView.of_placed(offer_goods(room(), caller.name, supplier, sku, body.code, body.mark_up))


@router.get("/v1/admin/offers/<sku>", summary="All offers of a SKU, as they would be chosen", tags=["supply"])
def of_sku(sku: SkuParam, caller: CallerParam, quantity: Quantity = 1) -> RankedView:
    caller.needs("operator")
    return RankedView.of(ranked(room(), sku, quantity))
