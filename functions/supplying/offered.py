"""What a channel's account is offered: its goods at the channel's prices, how much there is, and its own statement.

Stock is a hint: levels are counted within seconds of a sale, and an order alone decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from quanyi.accounts.declined import Declined
from quanyi.accounts.model import Account
from quanyi.catalog.accounts import read_account
from quanyi.catalog.listing_table import Wanted, find
from quanyi.catalog.model import Sku
from quanyi.errors import Malformed
from quanyi.money import Money
from quanyi.secret import Secret
from quanyi.supply.contract import (
    Balance,
    CheckView,
    GoodsList,
    GoodsView,
    QuoteView,
    StatementLine,
    StatementView,
    StockView,
)
from supplying.wiring import Counter

PRODUCTS = 20
"""A page; each has a few SKUs."""
ROWS = 200
SOLD = frozenset({"card", "voucher", "topup"})
"""Kinds of SKUs that the contract has words for."""


def goods(counter: Counter, account: Account, after: str) -> GoodsList:
    """A page, newest products first. Raises Declined."""
    wanted = Wanted("newest", PRODUCTS, after or None, state="published", channel=account.channel)
    try:
        found = find(counter.catalog, wanted, lambda product: product.sold_in(account.channel, counter.now()))
    except Malformed:
        raise Declined("invalid_request") from None
    skus = [sku for product in found.products for sku in product.skus if is_for(sku, account)]
    stock = stock_of(counter, account, skus)
    return GoodsList(items=tuple(_goods(sku, account, stock[sku.id]) for sku in skus), next=found.next or "")


def quote(counter: Counter, account: Account, code: str, quantity: int) -> QuoteView:
    """Raises Declined."""
    sku = _sku(counter, account, code)
    if sku.limit_per_order is not None and quantity > sku.limit_per_order:
        raise Declined("bad_quantity")
    cost = Money(amount=sku.unit_price(account.channel, quantity), currency=sku.currency)
    stock = stock_of(counter, account, [sku])[sku.id]
    return QuoteView(code=code, quantity=quantity, cost=cost, stock=stock)


def stock(counter: Counter, account: Account, codes: Iterable[str]) -> StockView:
    known = counter.catalog.skus(codes, consistent=False)
    now = counter.now()
    sold = [sku for sku in known.values() if is_for(sku, account) and sku.sold_in(account.channel, now)]
    return StockView(stock=stock_of(counter, account, sold))


def check(counter: Counter, account: Account, code: str, given: Mapping[str, Secret]) -> CheckView:
    """Whether a top-up's account is in the form that its SKU asks for; whether there is such an account nobody here can
    tell. Raises Declined."""
    sku = _sku(counter, account, code)
    if sku.topup is None:
        raise Declined("bad_account")
    _, faults = read_account(sku.topup, {name: value.reveal() for name, value in given.items()})
    return CheckView(ok=False if faults else None)


def balance(account: Account) -> Balance:
    return Balance(amount=max(0, account.left), currency=account.currency)


def statement(counter: Counter, account: Account, day: str, after: str) -> StatementView:
    """A page of a shop day's moves: what was taken is positive. Raises Declined."""
    moves, following = counter.accounts.statement(account.channel, day, limit=ROWS, after=after)
    rows = [
        StatementLine(
            key=move.of,
            number=move.order or move.key[:64],
            amount=-move.amount,
            currency=move.currency,
            at=move.at,
            quantity=move.quantity,
            kind=move.kind if move.kind in ("charge", "refund") else "other",
        )
        for move in moves
    ]
    return StatementView(day=day, rows=tuple(rows), next=following)


def _sku(counter: Counter, account: Account, code: str) -> Sku:
    sku = counter.catalog.skus([code]).get(code)
    if sku is None or not is_for(sku, account) or not sku.sold_in(account.channel, counter.now()):
        raise Declined("not_on_sale")
    return sku


def is_for(sku: Sku, account: Account) -> bool:
    return sku.kind in SOLD and sku.currency == account.currency


def _goods(sku: Sku, account: Account, stock: int | None) -> GoodsView:
    return GoodsView(
        code=sku.id,
        title=sku.title(),
        kind="topup" if sku.kind == "topup" else "card",
        cost=Money(amount=sku.unit_price(account.channel, 1), currency=sku.currency),
        face_value=sku.face_value,
        stock=stock,
        most=sku.limit_per_order,
        fields=tuple(field.name for field in sku.topup.fields) if sku.topup else (),
    )


def stock_of(counter: Counter, account: Account, skus: Sequence[Sku]) -> dict[str, int | None]:
    """By SKU; None where it does not come from stock alone."""
    if not skus:
        return {}
    shared = counter.channels.channel(account.channel, consistent=False).shared_too
    places = (account.channel, "shared") if shared else (account.channel,)

    def one(sku: Sku) -> int | None:
        if sku.sourcing != "stock" or sku.kind != "card":
            return None
        levels = counter.levels.of_sku(sku.id)
        return max(0, sum(levels.get(place, {}).get("available", 0) for place in places))

    with ThreadPoolExecutor(min(len(skus), 16)) as several:
        return dict(zip((sku.id for sku in skus), several.map(one, skus), strict=True))
