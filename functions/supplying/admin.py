"""`/v1/admin/accounts`: other shops that buy from this one, each by the account of a channel."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from quanyi.accounts.table import account_of
from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, created, entry, rest_api
from quanyi.table import decode_cursor, encode_cursor
from supplying.keeping import book_by_hand, save_account, save_secret
from supplying.messages import (
    AccountBody,
    AccountList,
    AccountSecretBody,
    AccountStatement,
    AccountView,
    BookingBody,
    ChannelParam,
    MoveView,
)
from supplying.wiring import accounts

app = rest_api()

_CURSOR = ("pk", "sk", "list", "listed")


@app.get("/v1/admin/accounts", summary="Accounts of other shops", tags=["Accounts"])
def find(caller: CallerParam, limit: Limit = 50, cursor: Cursor = None) -> AccountList:
    caller.needs("operator")
    page = accounts().accounts.page(limit=limit, start=decode_cursor(cursor, _CURSOR))
    return AccountList(
        accounts=[AccountView.of(account_of(item)) for item in page.items], next=encode_cursor(page.next)
    )


@app.get("/v1/admin/accounts/<channel>", summary="Read an account", tags=["Accounts"])
def read(channel: ChannelParam, caller: CallerParam) -> AccountView:
    caller.needs("operator")
    return AccountView.of(accounts().accounts.get(channel))


@app.put("/v1/admin/accounts/<channel>", summary="Open an account, or change its terms", tags=["Accounts"])
def save(channel: ChannelParam, body: AccountBody, caller: CallerParam) -> AccountView:
    caller.needs("operator")
    return AccountView.of(save_account(accounts(), caller, channel, body))


@app.put("/v1/admin/accounts/<channel>/secret", summary="Change an account's secret", tags=["Accounts"])
def secret(channel: ChannelParam, body: AccountSecretBody, key: IdempotencyKey, caller: CallerParam) -> AccountView:
    """It is written, never read back."""
    caller.needs("operator")
    return AccountView.of(save_secret(accounts(), caller, channel, key, body.secret))


@app.post("/v1/admin/accounts/<channel>/moves", summary="Book money in or out", tags=["Accounts"], status_code=201)
def move(channel: ChannelParam, body: BookingBody, key: IdempotencyKey, caller: CallerParam) -> Response[MoveView]:
    caller.needs("operator")
    return created(MoveView.of_move(book_by_hand(accounts(), caller, channel, key, body)))


@app.get("/v1/admin/accounts/<channel>/moves", summary="A day's moves of an account", tags=["Accounts"])
def moves(
    channel: ChannelParam,
    caller: CallerParam,
    day: Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="In the shop's time zone")],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> AccountStatement:
    caller.needs("operator")
    accounts().accounts.get(channel)
    found, following = accounts().accounts.statement(channel, day, limit=limit, after=cursor or "")
    return AccountStatement(
        channel=channel, day=day, moves=[MoveView.of_move(one) for one in found], next=following or None
    )


handler = entry(app)
