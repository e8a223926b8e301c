"""The shop window: what the caller's channel sells. GET only, for storefront and publishable keys."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from catalog.requests import Id
from catalog.roles import only
from catalog.window import parts_of, shown_categories, shown_product, shown_products
from catalog.window_views import CategoryList, ProductList, ShownProduct
from catalog.wiring import desk
from quanyi.catalog.listing import Sort
from quanyi.catalog.model import Language
from quanyi.catalog.product import CategoryId
from quanyi.http import CallerParam, Cursor, Limit, entry, rest_api

FRESH = "private, max-age=5"
"""A shop's page may show what was true five seconds ago; a quote is always exact."""

app = rest_api()


app.use([only("storefront", "publishable")])

InCategory = Annotated[CategoryId | None, Query(description="With everything below it")]
Words = Annotated[str | None, Query(max_length=100, description="All of these words, anywhere in a title")]
In = Annotated[Language, Query(description="Titles and descriptions; another language where this one is missing")]
By = Annotated[Sort, Query(description="rank: the merchant's order; prices are list prices")]


@app.get("/v1/categories", cache_control=FRESH, tags=["Shop"], summary="The category tree, or a subtree")
def categories(root: InCategory = None, language: In = "zh-CN") -> CategoryList:
    return CategoryList.of(shown_categories(desk(), root), language)


@app.get("/v1/products", cache_control=FRESH, tags=["Shop"], summary="Products on sale")
def products(
    caller: CallerParam,
    category: InCategory = None,
    q: Words = None,
    sort: By = "rank",
    language: In = "zh-CN",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ProductList:
    found = shown_products(desk(), caller.channel, category, q, sort, limit, cursor)
    return ProductList.of(found, caller.channel, language)


@app.get("/v1/products/<product_id>", cache_control=FRESH, tags=["Shop"], summary="One product on sale")
def product(product_id: Id, caller: CallerParam, language: In = "zh-CN") -> ShownProduct:
    found = shown_product(desk(), caller.channel, product_id)
    return ShownProduct.of(found, caller.channel, language, parts_of(desk(), found))


handler = entry(app)
