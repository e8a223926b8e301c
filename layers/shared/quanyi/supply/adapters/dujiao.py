"""dujiao-next shops (独角数卡) that supply others: cards, and goods with a form, carried out by hand (top-ups). A
prepaid wallet pays for an order as it is placed.

Sources: https://github.com/dujiao-next/document/blob/main/docs/api/integration-open-api.md ("Open API", protocol 1.0),
and where it is silent the shop itself, https://github.com/dujiao-next/dujiao-next,
internal/modules/upstreamapi/transport/http (upstream_order.go, upstream_catalog.go) and
internal/service/downstream_callback_service.go.

A code of ours is `<product id>-<SKU id>`: an order names the SKU alone, prices and stock are asked by the product.

What follows from the sources, or from their silence:
- Orders are asked about by the shop's number. Where our key is all there is, an order with that key for a SKU that no
  shop has is sent: the shop looks the key up before the SKU and answers with the order that there is. It can make none.
- That no order was found so is not proof: the shop takes a database that failed for none found, as it does a key of
  other credentials. So it is unknown, until a person looks; `not_found` = `failed` in the account makes it absent.
- Answers bear no signature. They are the shop's by TLS alone.
- Nothing takes a highest price along: the wallet is charged at the price of that moment. So the price is asked right
  before an order (`GET /products/<id>`), and nothing is sent that costs more, or is not for sale.
- A payload is text. Delivered by the shop itself it is a card a line, whole, unless the account's `separator` says what
  stands between number and PIN. What a person wrote is believed to be cards only with as many lines as were ordered,
  else it is unknown, and a person reads it.
- A cancelled order, and one given back whole before anything was delivered, costs nothing: failed. One given back in
  part, or after a top-up, is unknown.
- A callback is signed for the path `/api/v1/upstream/callback`, wherever it is sent.
- Amounts have two decimals whatever the currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from quanyi.cards.model import Face
from quanyi.money import Money
from quanyi.secret import Secret
from quanyi.supply.access import Access
from quanyi.supply.adapters.dujiao_gateway import DujiaoGateway, Said
from quanyi.supply.adapters.dujiao_goods import goods_of, is_number, parts_of, sku_of, stock_of
from quanyi.supply.adapters.pricing import held_back
from quanyi.supply.adapters.replies import Unclear, minor_units, objects, read_object, text, whole
from quanyi.supply.dujiao import CALLED_AT, KEY, SIGNATURE, TIME, is_fresh
from quanyi.supply.port import (
    UNKNOWN,
    Ability,
    Answer,
    Asked,
    BoughtCard,
    Call,
    Called,
    Forged,
    GoodsPage,
    NoAnswer,
    NotOffered,
    Recharge,
    StatementRow,
    Wanted,
)
from quanyi.supply.wire import Send, send

NO_SKU = 2**31 - 1
"""Numbers are given out from 1; a shop with two thousand million SKUs there is not."""
PAGE = 50
"""Of the catalogue: what the page allows (100) the shop cuts to this."""

REFUSALS: Mapping[str, int] = {
    "bad_request": 400,
    "invalid_callback_url": 400,
    "sku_unavailable": 400,
    "product_unavailable": 400,
    "insufficient_balance": 402,
    "insufficient_stock": 409,
    "missing_auth_headers": 401,
    "invalid_timestamp": 401,
    "timestamp_expired": 401,
    "invalid_signature": 401,
    "invalid_api_key": 401,
    "unauthorized": 401,
    "user_disabled": 403,
}
"""Answers to an order that were given before there was one, with their status (§4.5, §7)."""
FINAL = frozenset(
    {
        *("insufficient_balance", "product_out_of_stock", "product_unavailable", "sku_unavailable"),
        *("invalid_request", "forbidden"),
    }
)
"""Answers with 200 after which dujiao-next's own client does not try again (procurement_order_service.go): whoever
gives them has taken nothing, and will not."""
PAYMENT_FAILED = "payment_failed"
"""With 200: the wallet did not pay, and the order was cancelled at once."""
CANCELLED = frozenset({"canceled", "cancelled"})

UNDER_WAY = frozenset({"pending_payment", "paid", "fulfilling", "partially_delivered"})
DELIVERED = frozenset({"delivered", "completed", "fulfilled"})
_BY_HAND = "manual"


@dataclass(frozen=True)
class Dujiao:
    """`access.endpoint` is the shop's root. `access.account` holds `api_key` and may hold `not_found` and `separator`;
    each version of its secrets holds `api_secret`."""

    access: Access
    send: Send = send

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({"cards", "topup", "callback", "balance", "stock", "quote", "goods", "price_check"})

    def order(self, wanted: Wanted) -> Answer:
        return self._placed(wanted, {})

    def recharge(self, wanted: Recharge) -> Answer:
        return self._placed(wanted, {name: secret.reveal() for name, secret in wanted.account.items()})

    def query(self, asked: Asked) -> Answer:
        try:
            number = asked.number or self._number(asked.purchase)
            if number:
                return self._standing(number, topup=asked.topup)
        except Unclear:
            return UNKNOWN
        believed = self.access.account.get("not_found") == "failed"
        return Answer("absent" if believed else "unknown", reason="no order was found by this key")

    def read(self, call: Call) -> Called:
        at, given = call.headers.get(TIME.lower(), ""), call.headers.get(SIGNATURE.lower(), "")
        ours = call.headers.get(KEY.lower(), "") == self._gateway.api_key
        fresh = is_fresh(at, self.access.now())
        if not (fresh and ours and self._gateway.is_signed("POST", CALLED_AT, at, call.body, given)):
            raise Forged
        try:
            purchase = text(read_object(call.body), "downstream_order_no")
        except Unclear:
            raise Forged from None
        if not purchase:
            raise Forged
        return Called(purchase, (200, "application/json", '{"ok":true,"message":"received"}'))

    def cancel(self, asked: Asked) -> Answer:
        """Not offered: the shop cancels only what is not paid, and these orders are paid as they are placed."""
        raise NotOffered

    def balance(self) -> Money:
        try:
            found = self._told("POST", "/ping")
            return Money(amount=minor_units(found.get("balance"), up=False), currency=_currency(found))
        except Unclear:
            raise NoAnswer from None

    def stock(self, codes: Sequence[str]) -> Mapping[str, int | None]:
        """Codes that are none of a shop's cannot be had."""
        found = {code: parts for code in codes if (parts := parts_of(code))}
        try:
            products = {product: self._product(product) for product in {product for product, _ in found.values()}}
            return {code: stock_of(products, found[code]) if code in found else 0 for code in codes}
        except Unclear:
            raise NoAnswer from None

    def quote(self, code: str, quantity: int) -> Money:
        """Without what a shop takes off for large quantities: it asks no more than this."""
        try:
            self._check_currency()
            amount = self._price(*(parts_of(code) or (0, 0)))
        except Unclear:
            raise NoAnswer from None
        if amount is None:
            raise NoAnswer
        return Money(amount=amount, currency=self.access.currency)

    def goods(self, after: str = "") -> GoodsPage:
        """`after` is the number of a page. Goods that are off sale are listed as such by shops that can."""
        try:
            if not after:
                self._check_currency()
            page = int(after) if after.isascii() and after.isdecimal() else 1
            found = self._told("GET", "/products", f"page={page}&page_size={PAGE}&include_inactive=true")
            items = [each for one in objects(found.get("items")) for each in goods_of(one, self.access.currency)]
            more = page * min(PAGE, max(1, whole(found, "page_size"))) < whole(found, "total")
        except Unclear:
            raise NoAnswer from None
        return GoodsPage(tuple(items), str(page + 1) if more else "")

    def check(self, code: str, account: Mapping[str, Secret]) -> bool | None:
        raise NotOffered

    def statement(self, day: str) -> Sequence[StatementRow]:
        """Not offered: the protocol lists no orders."""
        raise NotOffered

    @property
    def _gateway(self) -> DujiaoGateway:
        return DujiaoGateway(self.access, self.send)

    def _placed(self, wanted: Wanted, form: Mapping[str, str]) -> Answer:
        if wanted.currency != self.access.currency:
            return Answer("failed", reason="not sent: the shop charges in another currency")
        parts = parts_of(wanted.code)
        if parts is None:
            return Answer("failed", reason="not sent: the shop has no goods of such a code")
        if held := held_back(wanted, lambda: self._price(*parts)):
            return held
        content: dict[str, Any] = {"sku_id": parts[1], "quantity": wanted.quantity}
        content |= {"downstream_order_no": wanted.purchase}
        content |= {"callback_url": wanted.notify_url} if wanted.notify_url else {}
        content |= {"manual_form_data": dict(form)} if form else {}
        try:
            said = self._gateway.ask("POST", "/orders", content)
            if said.error:
                return Answer("failed", reason=said.error) if _refused(said) else UNKNOWN
            return Answer("pending", _number(said.data), cost=self._cost(said.data))
        except Unclear:
            return UNKNOWN

    def _number(self, purchase: str) -> str:
        """The shop's number of an order by our key; "" where it finds none. Raises Unclear."""
        said = self._gateway.ask("POST", "/orders", {"sku_id": NO_SKU, "quantity": 1, "downstream_order_no": purchase})
        if said.error == "sku_unavailable":
            return ""
        if said.error:
            raise Unclear
        return _number(said.data)

    def _standing(self, number: str, *, topup: bool) -> Answer:
        """Raises Unclear."""
        if not is_number(number):
            raise Unclear
        order = self._told("GET", f"/orders/{number}")
        status = text(order, "status").strip().lower()
        if _number(order) != number:
            raise Unclear
        payload = _payload(order)
        cards = () if topup or payload is None else self._cards(order, payload)
        if status in UNDER_WAY:
            return Answer("pending", number, cards, self._cost(order))
        if status in DELIVERED and (topup or cards):
            return Answer("done", number, cards, self._cost(order))
        if status in CANCELLED and payload is None:
            return Answer("failed", number, reason="cancelled")
        if status == "refunded" and payload is None and _given_back_whole(order):
            return Answer("failed", number, reason="given back")
        if status in ("refunded", "partially_refunded") and cards:
            return Answer("done", number, cards, self._cost(order))
        raise Unclear

    def _cards(self, order: Mapping[str, Any], fulfilment: Mapping[str, Any]) -> tuple[BoughtCard, ...]:
        """Raises Unclear."""
        lines = [line.strip() for line in text(fulfilment, "payload").splitlines() if line.strip()]
        by_hand = fulfilment.get("type") == _BY_HAND
        if by_hand and len(lines) != sum(whole(item, "quantity") for item in objects(order.get("items"))):
            raise Unclear
        separator = self.access.account.get("separator", "")
        return tuple(BoughtCard(_face(line, separator)) for line in lines)

    def _cost(self, order: Mapping[str, Any]) -> int | None:
        """What is charged now: what was given back is off. None where it cannot be told."""
        try:
            charged, back = minor_units(order.get("amount")), minor_units(order.get("refunded_amount", "0"))
        except Unclear:
            return None
        return max(0, charged - back) if order.get("currency") == self.access.currency else None

    def _told(self, method: str, route: str, query: str = "") -> Mapping[str, Any]:
        """Raises Unclear."""
        said = self._gateway.ask(method, route, query=query)
        if said.error:
            raise Unclear
        return said.data

    def _check_currency(self) -> None:
        """Prices of the catalogue name none. Raises Unclear."""
        if _currency(self._told("POST", "/ping")) != self.access.currency:
            raise Unclear

    def _price(self, product: int, sku: int) -> int | None:
        """Of one, now; None: it is not for sale. Raises Unclear."""
        one = sku_of(self._product(product), sku)
        return None if one is None else minor_units(one.get("price_amount"))

    def _product(self, product: int) -> Mapping[str, Any] | None:
        """None: it is not there any more, or off sale. Raises Unclear."""
        said = self._gateway.ask("GET", f"/products/{product}")
        if said.status == 404 and said.error in ("product_not_found", "product_unavailable"):
            return None
        found = said.data.get("product")
        if said.error or not isinstance(found, dict):
            raise Unclear
        return cast("Mapping[str, Any]", found)


def _refused(said: Said) -> bool:
    if said.error == PAYMENT_FAILED:
        return said.status == 200 and said.data.get("status") in CANCELLED
    return REFUSALS.get(said.error) == said.status or (said.status == 200 and said.error in FINAL)


def _number(order: Mapping[str, Any]) -> str:
    """Raises Unclear."""
    number = whole(order, "order_id")
    if number <= 0:
        raise Unclear
    return str(number)


def _currency(found: Mapping[str, Any]) -> str:
    """Raises Unclear."""
    currency = found.get("currency")
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Unclear
    return currency


def _payload(order: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What was delivered; None: nothing yet. Raises Unclear."""
    found = order.get("fulfillment")
    if found is None:
        return None
    if not isinstance(found, dict):
        raise Unclear
    fulfilment = cast("Mapping[str, Any]", found)
    return fulfilment if fulfilment.get("status") == "delivered" else None


def _face(line: str, separator: str) -> Face:
    number, _, pin = line.partition(separator) if separator else (line, "", "")
    if number.strip() and pin.strip():
        return Face("number_pin", Secret(number.strip()), Secret(pin.strip()))
    is_link = line.startswith(("https://", "http://")) and not any(map(str.isspace, line))
    return Face("link" if is_link else "code", Secret(line))


def _given_back_whole(order: Mapping[str, Any]) -> bool:
    """Raises Unclear."""
    return minor_units(order.get("refunded_amount")) >= minor_units(order.get("amount"))
