"""`/v1/supply/goods`, `/balance`, `/statements`: what another shop is offered, by our open contract
(`docs/supply-contract.md`), and by dujiao-next's (`docs/suppliers/dujiao.md`) below `/api/v1/upstream`. No key: the
signature is the credential."""

from typing import Annotated
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.request import Request

from quanyi.accounts.door import AccountParam, supply_entry
from quanyi.accounts.dujiao import DujiaoAnswer
from quanyi.accounts.dujiao_door import DujiaoNumber, dujiao_entry
from quanyi.http import api_url, entry, rest_api
from quanyi.supply.contract import (
    Balance,
    CheckBody,
    CheckView,
    GoodsList,
    QuoteView,
    StatementView,
    StockBody,
    StockView,
)
from supplying import dujiao_goods, offered
from supplying.dujiao_goods import DujiaoProductAnswer, DujiaoProductPage, DujiaoShop
from supplying.wiring import counter, door

app = rest_api()

GoodsCode = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="The SKU's id")]
After = Annotated[str, Query(max_length=400, description="`next` of the page before")]


@app.get("/v1/supply/goods", summary="What this account can buy", tags=["supply"])
def goods(account: AccountParam, after: After = "") -> GoodsList:
    return offered.goods(counter(), account, after)


@app.get("/v1/supply/goods/<code>/quote", summary="What one costs now", tags=["supply"])
def quote(code: GoodsCode, account: AccountParam, quantity: Annotated[int, Query(ge=1, le=10_000)] = 1) -> QuoteView:
    return offered.quote(counter(), account, code, quantity)


@app.post("/v1/supply/goods/stock", summary="How much there is", tags=["supply"])
def stock(body: StockBody, account: AccountParam) -> StockView:
    return offered.stock(counter(), account, body.codes)


@app.post("/v1/supply/goods/<code>/check", summary="Whether an account can be topped up", tags=["supply"])
def check(code: GoodsCode, body: CheckBody, account: AccountParam) -> CheckView:
    return offered.check(counter(), account, code, body.account)


@app.get("/v1/supply/balance", summary="What this account has left", tags=["supply"])
def balance(account: AccountParam) -> Balance:
    return offered.balance(account)


@app.get("/v1/supply/statements/<day>", summary="An account's charges and refunds of a day", tags=["supply"])
def statement(
    day: Annotated[str, Path(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A day in the shop's time zone")],
    account: AccountParam,
    after: After = "",
) -> StatementView:
    return offered.statement(counter(), account, day, after)


@app.post("/api/v1/upstream/ping", summary="What a dujiao-next shop has left", tags=["supply"])
def ping(account: AccountParam, request: Request) -> DujiaoShop:
    return dujiao_goods.ping(account, urlsplit(api_url(request)).hostname or "")


@app.get("/api/v1/upstream/categories", summary="Categories: none are told", tags=["supply"])
def categories(account: AccountParam) -> Response[DujiaoAnswer]:
    """That protocol's answer of a shop without categories."""
    return Response(404, "application/json", DujiaoAnswer(ok=False, error_code="not_found"))


@app.get("/api/v1/upstream/products", summary="What a dujiao-next shop can buy", tags=["supply"])
def products(
    account: AccountParam,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=1000)] = dujiao_goods.MOST,
) -> DujiaoProductPage:
    return dujiao_goods.products(counter(), account, page, page_size)


@app.get("/api/v1/upstream/products/<number>", summary="A product for a dujiao-next shop", tags=["supply"])
def product(number: DujiaoNumber, account: AccountParam) -> Response[DujiaoProductAnswer]:
    found = dujiao_goods.product(counter(), account, int(number))
    told = DujiaoProductAnswer(product=found)
    if found is None:
        told = DujiaoProductAnswer(ok=False, error_code="product_not_found", error_message="product not found")
    return Response(200 if found else 404, "application/json", told)


handler = dujiao_entry(entry(app), door, supply_entry(app, door))
