"""Our orders in the words of dujiao-next's Open API (`docs/suppliers/dujiao.md`): what is asked, and how it stands.
Pure; whoever buys so is the account of a channel, as under our own contract.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from quanyi.accounts.messages import SupplyOrderView
from quanyi.money import MAX_AMOUNT
from quanyi.orders.model import Order, Unit
from quanyi.supply.contract import CardView
from quanyi.supply.contract import Key as OrderKey

SEPARATOR = "----"
"""Between a card's number and its PIN, as many shops write it."""
TOPPED_UP = "已充值"
CANCELLED = "canceled"
FAILED = "payment_failed"
"""An order that is over, and that nothing was taken for."""
WORDS: Mapping[str, str] = {
    "sold_out": "product_out_of_stock",
    "no_balance": "insufficient_balance",
    "not_on_sale": "sku_unavailable",
    "other_currency": "sku_unavailable",
    "bad_quantity": "invalid_request",
    "bad_account": "invalid_request",
    "invalid_request": "invalid_request",
    "account_disabled": "forbidden",
}
"""Why an order is refused, in words after which the other shop does not send it again; for all others FAILED."""

Key = OrderKey


class DujiaoOrderBody(BaseModel):
    """What another shop orders. It sends more; what is not read here does not count."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    sku_id: Annotated[int, Field(ge=1, lt=2**63, strict=True)]
    quantity: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    downstream_order_no: Key
    callback_url: Annotated[str | None, StringConstraints(max_length=2000)] = None
    manual_form_data: Annotated[dict[str, Any] | None, Field(repr=False)] = None

    def form(self, fields: frozenset[str]) -> dict[str, str]:
        """What was filled in, of the fields that count."""
        given = self.manual_form_data or {}
        return {name: str(given[name]) for name in sorted(fields & set(given)) if given[name] not in (None, "")}


class DujiaoAnswer(BaseModel):
    """`error_code` says why something was not done; empty where `ok`."""

    model_config = ConfigDict(frozen=True)

    ok: bool = True
    error_code: str = ""
    error_message: str = ""


class DujiaoItem(BaseModel):
    model_config = ConfigDict(frozen=True)

    sku_id: int
    title: dict[str, str]
    quantity: int
    unit_price: str
    total_price: str
    fulfillment_type: str


class DujiaoFulfillment(BaseModel):
    """`payload` is text: a card a line."""

    model_config = ConfigDict(frozen=True)

    type: str
    status: str = "delivered"
    payload: Annotated[str, Field(repr=False)]
    delivery_data: None = None
    delivered_at: str | None


class DujiaoOrderView(DujiaoAnswer):
    """How it stands. `fulfillment` is told to who asks about it, once nothing more comes."""

    order_id: int = 0
    order_no: str = ""
    status: str = ""
    amount: str = "0.00"
    currency: str = ""
    refunded_amount: str = "0.00"
    items: tuple[DujiaoItem, ...] = ()
    fulfillment: DujiaoFulfillment | None = None


def amount(units: int) -> str:
    """Two decimals, whatever the currency."""
    assert 0 <= units <= MAX_AMOUNT
    return f"{units // 100}.{units % 100:02d}"


def order_told(number: int, view: SupplyOrderView, currency: str) -> DujiaoOrderView:
    """Without what only its order knows."""
    return DujiaoOrderView(
        order_id=number,
        order_no=view.number or str(number),
        status=status(view),
        amount=amount(view.cost.amount if view.cost else 0),
        currency=currency,
    )


def order_shown(
    number: int, view: SupplyOrderView, currency: str, order: Order | None, skus: Mapping[str, int]
) -> DujiaoOrderView:
    """With what was ordered and delivered. `skus` has the SKUs' numbers."""
    told = order_told(number, view, currency)
    if order is None or not order.paid_at:
        return told
    whole = order.captured
    back = min(whole, order.refunded + order.going_back)
    more = {
        "amount": amount(whole),
        "refunded_amount": amount(back),
        "items": tuple(
            DujiaoItem(
                sku_id=skus.get(line.sku, 0),
                title={str(language): title for language, title in line.titles.items()},
                quantity=line.quantity,
                unit_price=amount(line.unit_price),
                total_price=amount(line.unit_price * line.quantity),
                fulfillment_type=_type(order),
            )
            for line in order.lines
        ),
        "fulfillment": _fulfillment(view, order),
    }
    if view.state == "failed" and any(unit.delivered_at for unit in order.units):
        more |= {"status": "refunded"}
    return told.model_copy(update=more)


def order_refused(code: str, number: int, currency: str) -> DujiaoOrderView:
    """For good, and nothing was taken. With 200: other answers the other shop takes for a failure that passes."""
    word = WORDS.get(code, FAILED)
    return DujiaoOrderView(
        ok=False,
        error_code=word,
        error_message=code.replace("_", " "),
        order_id=number,
        order_no=str(number),
        status=CANCELLED,
        currency=currency,
    )


def not_done(code: str) -> DujiaoOrderView:
    """Nothing was done, about no order."""
    return DujiaoOrderView(ok=False, error_code=code, error_message=code.replace("_", " "))


def status(view: SupplyOrderView) -> str:
    """An order that came short in part is "partially_refunded"."""
    match view.state:
        case "pending" if not (view.cost and view.cost.amount):
            return "pending_payment"
        case "pending":
            return "partially_delivered" if view.delivered else "fulfilling"
        case "failed":
            return CANCELLED
        case "done":
            return "completed" if view.delivered == view.quantity else "partially_refunded"


def _fulfillment(view: SupplyOrderView, order: Order) -> DujiaoFulfillment | None:
    if view.state != "done":
        return None
    delivered = [unit for unit in order.units if unit.state == "delivered"]
    payload = "\n".join(_line(card) for card in view.cards or ()) if _type(order) == "auto" else TOPPED_UP
    return DujiaoFulfillment(type=_type(order), payload=payload, delivered_at=_last(delivered))


def _line(card: CardView) -> str:
    return f"{card.number}{SEPARATOR}{card.pin}" if card.pin else card.number


def _type(order: Order) -> str:
    return "manual" if any(unit.kind == "topup" for unit in order.units) else "auto"


def _last(delivered: list[Unit]) -> str | None:
    times = [unit.delivered_at for unit in delivered if unit.delivered_at]
    return max(times).isoformat().replace("+00:00", "Z") if times else None
