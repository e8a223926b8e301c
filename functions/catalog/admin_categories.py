"""`/v1/admin/categories`."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from catalog.desk_views import CategoryTreeView, CategoryView
from catalog.requests import CategoryMove, CategoryRename, Id, NewCategory
from catalog.wiring import Desk, desk
from quanyi.catalog.categories import Category
from quanyi.catalog.product import CategoryId
from quanyi.http import IdempotencyKey
from quanyi.ids import derived_id
from quanyi.replay import body_hash, must_repeat

router = APIGatewayRouter()

Root = Annotated[CategoryId | None, Query(description="Only this category and what is below it")]


@router.post("/v1/admin/categories", status_code=201, tags=["Categories"], summary="Make a category")
def create(body: NewCategory, key: IdempotencyKey) -> CategoryView:
    return CategoryView.of(create_category(desk(), key, body))


@router.get("/v1/admin/categories", tags=["Categories"], summary="The category tree, or a subtree")
def tree(root: Root = None) -> CategoryTreeView:
    return CategoryTreeView.of(list(desk().categories.tree().walk(root)))


@router.get("/v1/admin/categories/<category_id>", tags=["Categories"], summary="Read a category")
def read(category_id: Id) -> CategoryView:
    return CategoryView.of(desk().categories.category(category_id))


@router.patch("/v1/admin/categories/<category_id>", tags=["Categories"], summary="Rename a category")
def rename(category_id: Id, body: CategoryRename) -> CategoryView:
    return CategoryView.of(desk().categories.rename(category_id, body.titles, body.version))


@router.post(
    "/v1/admin/categories/<category_id>/move", tags=["Categories"], summary="Move a category with all below it"
)
def move(category_id: Id, body: CategoryMove) -> CategoryView:
    return CategoryView.of(desk().categories.move(category_id, body.parent_id, body.before))


@router.delete(
    "/v1/admin/categories/<category_id>", status_code=204, tags=["Categories"], summary="Delete an empty category"
)
def delete(category_id: Id) -> Response[None]:
    desk().categories.delete(category_id)
    return Response(204)


def create_category(desk: Desk, key: str, body: NewCategory) -> Category:
    asked = body_hash(body=body)
    category = desk.categories.create(derived_id("C", "category", key), body.titles, body.parent_id, body.before, asked)
    must_repeat(category.body_hash, asked)
    return category
