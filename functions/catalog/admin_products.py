"""`/v1/admin/products` and `/v1/admin/skus`."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from catalog.desk_views import ProductLines, ProductView, SkuView
from catalog.products import change_product, change_sku, create_product, list_products, replace_product, set_state
from catalog.requests import Id, NewProduct, ProductChange, SkuChange, WholeProduct
from catalog.wiring import desk
from quanyi.catalog.model import ProductState
from quanyi.catalog.product import CategoryId
from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit

router = APIGatewayRouter()

Words = Annotated[
    str | None, Query(max_length=100, description="All of these words, anywhere in a title, or a whole SKU id")
]
InCategory = Annotated[CategoryId | None, Query(description="With everything below it")]


@router.post("/v1/admin/products", status_code=201, tags=["Products"], summary="Make a product, as a draft")
def create(body: NewProduct, key: IdempotencyKey, caller: CallerParam) -> ProductView:
    return ProductView.of(create_product(desk(), caller.name, key, body))


@router.get("/v1/admin/products", tags=["Products"], summary="List products, newest first")
def find(
    state: Annotated[ProductState | None, Query()] = None,
    category: InCategory = None,
    q: Words = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ProductLines:
    return ProductLines.of(list_products(desk(), state, category, q, limit, cursor))


@router.get("/v1/admin/products/<product_id>", tags=["Products"], summary="Read a product with its SKUs")
def read(product_id: Id) -> ProductView:
    return ProductView.of(desk().products.product(product_id))


@router.put("/v1/admin/products/<product_id>", tags=["Products"], summary="Replace a product's and its SKUs' terms")
def replace(product_id: Id, body: WholeProduct, caller: CallerParam) -> ProductView:
    return ProductView.of(replace_product(desk(), caller.name, product_id, body))


@router.patch("/v1/admin/products/<product_id>", tags=["Products"], summary="Change some of a product's terms")
def change(product_id: Id, body: ProductChange, caller: CallerParam) -> ProductView:
    return ProductView.of(change_product(desk(), caller.name, product_id, body))


@router.post("/v1/admin/products/<product_id>/publish", tags=["Products"], summary="Put a product on sale")
def publish(product_id: Id, caller: CallerParam) -> ProductView:
    return ProductView.of(set_state(desk(), caller.name, product_id, "published"))


@router.post(
    "/v1/admin/products/<product_id>/archive", tags=["Products"], summary="Take a product off sale and out of sight"
)
def archive(product_id: Id, caller: CallerParam) -> ProductView:
    return ProductView.of(set_state(desk(), caller.name, product_id, "archived"))


@router.post("/v1/admin/products/<product_id>/draft", tags=["Products"], summary="Take a product back into work")
def draft(product_id: Id, caller: CallerParam) -> ProductView:
    return ProductView.of(set_state(desk(), caller.name, product_id, "draft"))


@router.get("/v1/admin/skus/<sku_id>", tags=["Products"], summary="Read a SKU")
def read_sku(sku_id: Id) -> SkuView:
    return SkuView.of(desk().products.sku(sku_id))


@router.put("/v1/admin/skus/<sku_id>", tags=["Products"], summary="Replace a SKU's terms")
def replace_sku(sku_id: Id, body: SkuChange, caller: CallerParam) -> SkuView:
    return SkuView.of(change_sku(desk(), caller.name, sku_id, body))
