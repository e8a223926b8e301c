"""`/v1/supply/goods`, `/balance`, `/statements`: what another shop is offered, by our open contract
(`docs/supply-contract.md`). No key: the signature is the credential."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from quanyi.accounts.door import AccountParam, supply_entry
from quanyi.http import rest_api
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
from supplying import offered
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


handler = supply_entry(app, door)
