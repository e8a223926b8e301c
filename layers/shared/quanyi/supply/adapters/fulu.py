"""福禄开放平台 (Fulu) 2.0: cards and direct top-ups, paid from a prepaid balance in CNY.

One address takes everything: a JSON object of common parameters, with the call's own in `biz_content`, itself JSON.
Orders are asked about by our purchase id (`customer_order_no`). An order that is taken (code 0) is not done yet.

The official pages (https://docs.open.fulu.com/home) need a browser. Sources: Fulu's own SDKs,
https://github.com/lun324/open-api-sdk-php and https://www.npmjs.com/package/fulu-nodejs-sdk; the pages as copied into
https://github.com/handsomegyr/fulu (codes, the newer text), https://github.com/AnCalm/PayClient (codes of orders,
callbacks) and https://github.com/EhuaNetwork/EhuaTool (calls, AES); fields and states in
https://github.com/cgghui/recharge_library and https://github.com/t2krew/fulu-gosdk.

Where they disagree or are silent:
- An order that a query does not know (4011): an older page lets it fail after 10 minutes, the newer one wants 120 and
  then a person. So it is unknown, until a person looks. `not_found` = `failed` in the account makes it absent after 120
  minutes.
- Codes that no page lets fail are unknown; a balance that does not suffice is among them, since no page tells its code.
- No page says whether refusals are signed, and a public client takes them unsigned: one is believed by TLS alone where
  it has no signature, and not where it has a wrong one. What is no refusal must be signed.
- Callbacks come as JSON, as a form, as a query, by the source: all are read. They bear no time; they are hints.
- Prices have up to four decimals. What Fulu takes is rounded up to the fen, what it holds down.
- Nothing takes a highest price along (`customer_price` is what our buyer pays), so the price is asked right before an
  order (`fulu.goods.info.get`, `purchase_price`), and nothing is sent that costs more. The answer names the price that
  is charged (`order_price`).
- The form of `card_deadline` is nowhere told: a card whose end cannot be read has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl

from quanyi.cards.model import Face
from quanyi.money import Money
from quanyi.secret import Secret
from quanyi.supply.access import Access
from quanyi.supply.adapters.fulu_gateway import BEIJING, OK, FuluGateway, Said
from quanyi.supply.adapters.fulu_signing import compact, decrypted
from quanyi.supply.adapters.pricing import held_back
from quanyi.supply.adapters.replies import Unclear, minor_units, objects, read_list, read_object, text, whole
from quanyi.supply.port import (
    UNKNOWN,
    Ability,
    Answer,
    AnswerState,
    Asked,
    BoughtCard,
    Call,
    Called,
    Forged,
    Goods,
    GoodsPage,
    NoAnswer,
    NotOffered,
    Recharge,
    StatementRow,
    Wanted,
)
from quanyi.supply.wire import Send, send

CURRENCY = "CNY"
"""Fulu knows no other."""
GIVEN_UP_AFTER = timedelta(minutes=120)
"""So long an order may be on its way inside Fulu, though a query does not know it."""
LONGEST_KEY = 50
NOT_FOUND = 4011

REFUSALS: Mapping[int, str] = {
    **dict.fromkeys(range(1000, 1020), "the request is not accepted"),
    2002: "the merchant or its application is not valid",
    2003: "the merchant's application is not set up",
    3000: "no goods are named",
    3001: "no such goods for this merchant",
    3002: "the goods are off sale",
    3003: "the goods are under maintenance",
    3004: "the goods are under maintenance",
    3005: "out of stock",
    3008: "the goods are of the other kind",
    4000: "no order number is named",
    4001: "the quantity is not positive",
    4002: "no account is named",
    4004: "the account is on a block list",
}
"""Answers to an order that their page lets us take as failed (https://github.com/AnCalm/PayClient,
ChargeInterface/Charge/PayFulu2.cs). In our words: Fulu's can quote the account. Not here, hence unknown: 4008, 4009,
4012, 5000 (ask), 4010 (the number exists: ask)."""

STATES: Mapping[str, AnswerState] = {
    "success": "done",
    "processing": "pending",
    "untreated": "pending",
    "failed": "failed",
}

FIELDS = frozenset(
    {
        *("charge_account", "charge_password", "charge_type", "charge_ip", "charge_game_name", "charge_game_region"),
        *("charge_game_srv", "charge_game_role", "contact_qq", "contact_tel"),
    }
)
"""Of a top-up's account. `charge_account` always; which others, the template of the goods at Fulu tells."""

_KINDS: Mapping[str, Literal["card", "topup"]] = {"卡密": "card", "直充": "topup"}
_NOT_TO_BE_HAD = frozenset({3001, 3002, 3003, 3004, 3005})
_STOCK: Mapping[str, int | None] = {"充足": None, "警报": None, "断货": 0}
_LINK = "2"
_DEADLINES = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_LAST_DAYS = ("%Y-%m-%d", "%Y/%m/%d")


@dataclass(frozen=True)
class Fulu:
    """`access.account` holds `app_key` and may hold `not_found`; each version of its secrets holds `app_secret`."""

    access: Access
    send: Send = send

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({"cards", "topup", "callback", "balance", "stock", "quote", "goods", "price_check"})

    def order(self, wanted: Wanted) -> Answer:
        return self._placed("fulu.order.card.add", wanted, {})

    def recharge(self, wanted: Recharge) -> Answer:
        fields = {name: secret.reveal() for name, secret in wanted.account.items()}
        if not FIELDS.issuperset(fields) or not fields.get("charge_account"):
            return _unsent("the fields of the account are not Fulu's")
        return self._placed("fulu.order.direct.add", wanted, fields)

    def query(self, asked: Asked) -> Answer:
        try:
            said = self._gateway.ask("fulu.order.info.get", {"customer_order_no": asked.purchase})
            if said.code == NOT_FOUND:
                return self._not_found(asked)
            return _standing(said, asked.purchase, with_cards=not asked.topup)
        except Unclear:
            return UNKNOWN

    def read(self, call: Call) -> Called:
        try:
            fields = _called(call)
            signed = {name: value for name, value in fields.items() if name != "sign"}
            self._gateway.signer(compact(signed), text(fields, "sign"))
            purchase = text(fields, "customer_order_no")
        except Unclear:
            raise Forged from None
        if not 0 < len(purchase) <= LONGEST_KEY:
            raise Forged
        return Called(purchase, (200, "text/plain", "success"))

    def cancel(self, asked: Asked) -> Answer:
        raise NotOffered

    def balance(self) -> Money:
        try:
            amount = minor_units(self._told("fulu.user.info.get").get("balance"), up=False)
        except Unclear:
            raise NoAnswer from None
        return Money(amount=amount, currency=CURRENCY)

    def stock(self, codes: Sequence[str]) -> Mapping[str, int | None]:
        try:
            return {code: self._stock(code) for code in codes}
        except Unclear:
            raise NoAnswer from None

    def quote(self, code: str, quantity: int) -> Money:
        try:
            amount = self._price(code)
        except Unclear:
            raise NoAnswer from None
        if amount is None:
            raise NoAnswer
        return Money(amount=amount, currency=CURRENCY)

    def goods(self, after: str = "") -> GoodsPage:
        """All that is on sale for this merchant, in one page: Fulu's list has no others, and no goods off sale. That
        nothing at all is on sale is not believed."""
        try:
            said = self._gateway.ask("fulu.goods.list.get", {})
            listed = read_list(said.result) if said.code == OK else []
            found = [_goods(one) for one in listed if text(one, "product_type") in _KINDS]
        except Unclear:
            raise NoAnswer from None
        if not found:
            raise NoAnswer
        return GoodsPage(tuple(found))

    def check(self, code: str, account: Mapping[str, Secret]) -> bool | None:
        raise NotOffered

    def statement(self, day: str) -> Sequence[StatementRow]:
        """Not offered: Fulu makes a statement into a file later on, and tells another address where it lies."""
        raise NotOffered

    @property
    def _gateway(self) -> FuluGateway:
        return FuluGateway(self.access, self.send)

    def _placed(self, method: str, wanted: Wanted, account: Mapping[str, str]) -> Answer:
        if not (wanted.code.isascii() and wanted.code.isdecimal()) or len(wanted.purchase) > LONGEST_KEY:
            return _unsent("Fulu has no goods of such a code")
        if wanted.currency != CURRENCY:
            return _unsent("Fulu charges in another currency")
        if held := held_back(wanted, lambda: self._price(wanted.code)):
            return held
        content = {"product_id": int(wanted.code), "buy_num": wanted.quantity, "customer_order_no": wanted.purchase}
        try:
            said = self._gateway.ask(method, {**content, **account})
            if why := REFUSALS.get(said.code):
                return Answer("failed", reason=f"{said.code}: {why}")
            return _standing(said, wanted.purchase, with_cards=False, of_cards=not account)
        except Unclear:
            return UNKNOWN

    def _not_found(self, asked: Asked) -> Answer:
        given_up = self.access.now() - asked.sent_at >= GIVEN_UP_AFTER
        believed = self.access.account.get("not_found") == "failed" and given_up
        return Answer("absent" if believed else "unknown", reason=f"{NOT_FOUND}: no such order")

    def _told(self, method: str, **content: str) -> dict[str, Any]:
        """Raises Unclear."""
        said = self._gateway.ask(method, content)
        if said.code != OK:
            raise Unclear
        return read_object(said.result)

    def _price(self, code: str) -> int | None:
        """Of one, now; None: it cannot be had. Raises Unclear."""
        said = self._gateway.ask("fulu.goods.info.get", {"product_id": code})
        if said.code in _NOT_TO_BE_HAD:
            return None
        if said.code != OK:
            raise Unclear
        return minor_units(read_object(said.result).get("purchase_price"))

    def _stock(self, code: str) -> int | None:
        """Raises Unclear."""
        said = self._gateway.ask("fulu.goods.stock.check", {"product_id": code, "buy_num": 1})
        if said.code in _NOT_TO_BE_HAD:
            return 0
        status = text(read_object(said.result), "stock_status") if said.code == OK else ""
        if status not in _STOCK:
            raise Unclear
        return _STOCK[status]


def _unsent(why: str) -> Answer:
    return Answer("failed", reason=f"not sent: {why}")


def _standing(said: Said, purchase: str, *, with_cards: bool, of_cards: bool = False) -> Answer:
    """How an order stands. `of_cards`: it is of cards, which only a query brings. Raises Unclear."""
    if said.code != OK:
        raise Unclear
    order = read_object(said.result)
    state = STATES.get(text(order, "order_state"))
    if state is None or text(order, "customer_order_no") != purchase:
        raise Unclear
    number, cost = text(order, "order_id"), _cost(order)
    if state != "done":
        return Answer(state, number, cost=None if state == "failed" else cost)
    if of_cards:
        return Answer("pending", number, cost=cost)
    cards = _cards(order, said.secret) if with_cards else ()
    if with_cards and not cards:
        raise Unclear
    return Answer("done", number, cards, cost)


def _goods(one: Mapping[str, Any]) -> Goods:
    """Raises Unclear."""
    kind, face_value = _KINDS[text(one, "product_type")], one.get("face_value")
    return Goods(
        code=str(whole(one, "product_id")),
        title=text(one, "product_name"),
        kind=kind,
        cost=minor_units(one.get("purchase_price")),
        currency=CURRENCY,
        face_value=None if face_value is None else minor_units(face_value),
        stock=_STOCK.get(text(one, "stock_status")),
        on_sale=text(one, "sales_status") == "上架",
        fields=("charge_account",) if kind == "topup" else (),
    )


def _cost(order: Mapping[str, Any]) -> int | None:
    """`order_price` is of one. None where it cannot be read."""
    try:
        return minor_units(order.get("order_price"), times=max(1, whole(order, "buy_num")))
    except Unclear:
        return None


def _cards(order: Mapping[str, Any], secret: Secret) -> tuple[BoughtCard, ...]:
    """Raises Unclear: half of what was delivered is not all of it."""
    return tuple(_card(one, secret) for one in objects(order.get("cards") or []))


def _card(one: Mapping[str, Any], secret: Secret) -> BoughtCard:
    number, pin = (decrypted(text(one, name), secret) for name in ("card_number", "card_pwd"))
    if not number and not pin:
        raise Unclear
    ends = _end(text(one, "card_deadline"))
    if number and pin:
        return BoughtCard(Face("number_pin", Secret(number), Secret(pin)), ends)
    is_link = text(one, "card_type") == _LINK
    return BoughtCard(Face("link" if is_link else "code", Secret(number or pin)), ends)


def _end(deadline: str) -> datetime | None:
    """A day counts to its end."""
    for form in (*_DEADLINES, *_LAST_DAYS):
        try:
            found = datetime.strptime(deadline.strip(), form).replace(tzinfo=BEIJING)
        except ValueError:
            continue
        return (found + timedelta(days=1) if form in _LAST_DAYS else found).astimezone(UTC)
    return None


def _called(call: Call) -> Mapping[str, Any]:
    """A callback's fields, as JSON, as a form or as a query. Raises Unclear."""
    if not call.body:
        return call.query
    if call.body.lstrip()[:1] == b"{":
        fields = read_object(call.body)
        if not all(value is None or isinstance(value, str | int) for value in fields.values()):
            raise Unclear
        return fields
    try:
        return dict(parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise Unclear from None
