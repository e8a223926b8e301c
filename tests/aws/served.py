"""Our own served side in the local supplier's place: the handlers behind an HTTP server, so that what holds for every
adapter is shown of ours against what we serve (`tests.suppliers.kit`).

`ServedShop` is the merchant: it has goods, stocks what orders will find, and keeps books read from the tables alone. A
fault is what a merchant's shop may really come to: no stock, no money, cards that come later or not at all. That it
delivers more than was ordered, or one card twice, it cannot be brought to (CANNOT).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from json import loads
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from quanyi.accounts.dujiao import SEPARATOR
from quanyi.accounts.numbers import first_number
from quanyi.orders.accounts import opened
from quanyi.orders.model import Order
from quanyi.secret import Secret
from quanyi.signed import signed
from quanyi.supply.contract import signed_path
from quanyi.supply.wire import Reply
from supplying.hints import hint
from supplying.wiring import Hints
from tests.aws.dujiao_resale import DujiaoResale
from tests.aws.recharges import topped_up
from tests.aws.resale import CHANNEL
from tests.aws.test_supplying import listed
from tools.local.suppliers.face import Asked, Callback, Told
from tools.local.suppliers.face_dujiao import DujiaoFace
from tools.local.suppliers.face_quanyi import QuanyiFace
from tools.local.suppliers.faults import Faults, Kind, NoSuchFault
from tools.local.suppliers.goods import Entry, Good, Sale, SoldCard
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import Shop

CANNOT = frozenset({"surplus", "repeated", "resold"})
"""A unit takes one card, and a card one buyer: the promise that all else here rests on."""
FORGED = Secret("not the secret of anybody, whatever it says")


def numbered(code: str) -> str:
    """What a dujiao-next shop calls a SKU of ours."""
    return f"{first_number(CHANNEL, 'product', _product(code))}-{first_number(CHANNEL, 'sku', code)}"


def _product(code: str) -> str:
    return f"PR-{code}"


@dataclass
class ServedShop(Shop):
    """`resale` is ours, which the account of another shop buys from."""

    resale: DujiaoResale = field(kw_only=True)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """What befalls each order that came: its course, and its delivery."""
    cards: dict[str, SoldCard] = field(default_factory=dict[str, SoldCard])

    def opened(self) -> None:
        """With an account that has money, and the goods that the checks buy. One that is opened after another on the
        same tables is another shop to whoever buys: with another secret."""
        self.resale.now = datetime.now(UTC)
        if self.resale.accounts.find(CHANNEL):
            self.resale.change_secret(token_urlsafe(36))
            return
        self.resale.open(deposit=10**9, currency=self.currency)
        self.sell(Good("video-30", "Video", cost=1500))
        self.sell(Good("stone-60", "Stones", kind="topup", cost=580, stock=None, fields=("uid", "server")))
        self.read()

    def sell(self, good: Good, **terms: Any) -> None:
        """Priced, listed and told to the other shop."""
        made: dict[str, Any] = {"price": good.cost, "currency": self.currency, "hold": "payment"}
        made |= {"on_shortage": "refund", "product_id": _product(good.code), "kind": good.kind}
        if good.kind == "topup":
            parts = [{"name": name, "kind": "text", "titles": {"en": name}, "least": 2} for name in good.fields]
            made |= {"sourcing": "on_demand", "face_value": 600, "topup": {"fields": parts}}
        sku = self.resale.sku(good.code, **(made | terms))
        listed(_product(good.code), sku, at=0, trade=self.resale)
        self.resale.levels(good.code, good.stock or 0)
        self.resale.accounts.numbers.give(CHANNEL, "product", [_product(good.code)])
        self.resale.accounts.numbers.give(CHANNEL, "sku", [good.code])
        self.goods[self.told(good.code)] = good

    def told(self, code: str) -> str:
        """What the other shop calls a SKU."""
        return code

    # What befalls an order.

    def before(self, key: str, code: str, quantity: int) -> None:
        """The shop as an order finds it that comes for the first time."""
        good = self.goods.get(code)
        if key in self.keys or good is None:
            return
        refusal, course, delivery = (
            self.faults.strike(group, key, "order") for group in ("refusal", "course", "delivery")
        )
        self.keys[key] = (course, delivery)
        if refusal == "no_balance":
            account = self.resale.account
            self.resale.accounts.withdraw(self.resale.move("withdrawal", -account.balance, f"all-{key}"))
        if refusal == "price_rise":
            self.price(code, good.cost * 11 // 10)
        if refusal == "sold_out":
            self.sell(good, hold="order")
        elif course == "partly":
            self.sell(good, on_shortage="backlog")
        if good.kind == "card" and refusal != "sold_out":
            self._stock(good.code, (quantity // 2 if course == "partly" else quantity) - (delivery == "short"))

    def after(self, key: str) -> None:
        """What its workflow makes of an order at once."""
        course, _ = self.keys.get(key, ("", ""))
        if course in ("", "partly"):
            self._fulfil(key)

    def advance(self, key: str = "") -> list[Sale]:
        found = [sale for sale in self.sales.values() if sale.state == "pending" and key in ("", sale.key)]
        for sale in found:
            course, _ = self.keys.get(sale.key, ("", ""))
            self.keys[sale.key] = ("over", "")
            if course == "partly":
                self._stock(sale.code, sale.quantity - len(sale.cards))
            if course == "late_failure":
                for card in self.resale.cards_in("available"):
                    self.resale.shop.cards.void(card, by="operator:K9", reason="bad batch")
            self._fulfil(sale.key, fails=course == "late_failure")
        self.read()
        return [self.sales[sale.key] for sale in found]

    def price(self, code: str, cost: int) -> None:
        good = self.goods[code]
        good.cost = cost
        self.sell(good)

    def _fulfil(self, key: str, *, fails: bool = False) -> None:
        supplied = self.resale.accounts.supplied(CHANNEL, key)
        found = self.resale.shop.orders.find([supplied.order]) if supplied else {}
        for order in found.values():
            if order.paid_at and not fails and any(unit.kind == "topup" for unit in order.units):
                topped_up(self.resale, order)
        self.resale.run()

    def _stock(self, code: str, count: int) -> None:
        if count > 0:
            made = self.resale.stock(code, count, pin=True)
            numbers = self.resale.secrets_made[-count:]
            self.cards |= {one: SoldCard(n, "9" + n[:6]) for one, n in zip(made, numbers, strict=True)}

    # What the tables say.

    def read(self) -> None:
        """Its orders and its books, as they are now."""
        moves = self.resale.moves()
        self.balance = self.resale.account.balance
        kinds: dict[str, Any] = {"charge": "charge", "refund": "refund"}
        self.books = [
            Entry(move.of, move.order, -move.amount, move.at, move.quantity, kinds[move.kind])
            for move in moves
            if move.kind in kinds
        ]
        for key in self.keys:
            if sale := self._sale(key):
                self.sales[key] = sale

    def _sale(self, key: str) -> Sale | None:
        supplied = self.resale.accounts.supplied(CHANNEL, key)
        order = self.resale.shop.orders.find([supplied.order]).get(supplied.order) if supplied else None
        if supplied is None or order is None or not order.paid_at:
            return None
        number = self.resale.accounts.numbers.find(CHANNEL, "order", key) or 0
        line = order.lines[0]
        units = order.units
        waits = any(unit.state == "waiting" for unit in units)
        done = any(unit.state == "delivered" for unit in units)
        kind = "topup" if line.kind == "topup" else "card"
        made = Sale(key, f"S{number}", line.sku, kind, len(units), line.unit_price, supplied.at)
        made.account = self._account(order) if kind == "topup" else {}
        made.state = "pending" if waits else "done" if done else "failed"
        made.cards = [self.cards[unit.card] for unit in units if unit.state == "delivered" and unit.card]
        return made

    def _account(self, order: Order) -> Mapping[str, str]:
        return opened(order, order.units[0], self.resale.works.members.data_key(order.member)).values


class DujiaoServedShop(ServedShop):
    def told(self, code: str) -> str:
        return numbered(code)


def carried_out(shop: ServedShop, asked: Asked, kind: Kind, key: str, wanted: tuple[str, int]) -> Reply:
    """The call goes to the handlers as the gateway would send it; before and after, what befalls its order. `wanted` is
    what an order asks for: code and quantity."""
    with shop.lock:
        shop.resale.now = max(shop.resale.now, datetime.now(UTC))
        if kind == "order":
            shop.asked[key] += 1
            shop.before(key, *wanted)
        reply = shop.resale.send(asked.method, f"https://us.example/prod{asked.target}", asked.headers, asked.body)
        if kind == "order":
            shop.after(key)
        elif kind == "cancel":
            shop.resale.run()
        shop.read()
    return reply


def heard(shop: ServedShop, sale: Sale, *, forged: bool) -> Callback:
    """What is sent to the other shop's address when an order is over."""
    caught: list[Callback] = []

    def catch(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        caught.append(Callback(url, dict(headers), body))
        return Reply(200, {}, b"")

    secrets: Any = _Forger() if forged else shop.resale.provider_secrets
    hints = Hints(shop.resale.accounts, secrets, catch, lambda: datetime.now(UTC))
    supplied = shop.resale.accounts.supplied(CHANNEL, sale.key)
    assert supplied
    assert hint(hints, supplied.order) == "told"
    return caught[0]


class _Forger:
    def read(self, name: str, **_: Any) -> list[dict[str, Secret]]:
        return [{"secret": FORGED}]


class ServedFace(QuanyiFace):
    """Our own contract. What is signed here is signed by the shop, and wrongly where that is asked for."""

    shop: ServedShop

    def access(self, url: str) -> dict[str, Any]:
        return super().access(url) | {"account": {"key_id": CHANNEL}, "secrets": {"secret": self._secret}}

    def serve(self, asked: Asked, *, forged: bool = False) -> Told:
        kind, key = self.about(asked)
        reply = carried_out(self.shop, asked, kind, key, self._wanted(asked) if kind == "order" else ("", 0))
        headers = self.signed(str(reply.status), asked.target, reply.body, forged) if forged else reply.headers
        return Told(reply.status, reply.body, {**headers, "Content-Type": reply.headers["content-type"]})

    def callback(self, sale: Sale, *, forged: bool = False) -> Callback | None:
        return heard(self.shop, sale, forged=forged)

    def signed(self, what: str, target: str, body: bytes, forged: bool = False) -> dict[str, str]:
        secret = FORGED if forged else Secret(self._secret)
        where = urlsplit(target)
        path = signed_path(where.path, dict(parse_qsl(where.query, keep_blank_values=True)))
        return signed(CHANNEL, secret, datetime.now(UTC), what, path, body)

    def _wanted(self, asked: Asked) -> tuple[str, int]:
        body = loads(asked.body)
        return str(body["code"]), int(body["quantity"])

    @property
    def _secret(self) -> str:
        return self.shop.resale.secret


class DujiaoServedFace(DujiaoFace):
    """dujiao-next's protocol, in which answers bear no signature."""

    shop: ServedShop

    def access(self, url: str) -> dict[str, Any]:
        account = {"api_key": CHANNEL, "separator": SEPARATOR}
        return super().access(url) | {
            "account": account,
            "secrets": {"api_secret": self.shop.resale.secret},
        }

    def serve(self, asked: Asked, *, forged: bool = False) -> Told:
        kind, key = self.about(asked)
        reply = carried_out(self.shop, asked, kind, key, self._wanted(asked) if kind == "order" else ("", 0))
        return Told(reply.status, reply.body, {"Content-Type": reply.headers["content-type"]})

    def callback(self, sale: Sale, *, forged: bool = False) -> Callback | None:
        return heard(self.shop, sale, forged=forged)

    def _wanted(self, asked: Asked) -> tuple[str, int]:
        body = loads(asked.body)
        known = (code for code in self.shop.goods if code.endswith(f"-{body['sku_id']}"))
        return next(known, ""), int(body["quantity"])


class Served(SupplierServer):
    """Our served side, over HTTP."""

    shop: ServedShop

    def on(
        self,
        fault: str,
        share: float | None = None,
        calls: Iterable[int] = (),
        kinds: Collection[Kind] = (),
        keys: Iterable[str] = (),
    ) -> None:
        """Raises NoSuchFault for what such a shop cannot come to."""
        if fault in CANNOT:
            raise NoSuchFault(f"a shop of ours never delivers so: {fault}")
        super().on(fault, share, calls, kinds, keys)

    def put(self, **good: Any) -> None:
        made = Good(**good)
        known = self.shop.goods.get(made.code)
        self.shop.sell(replace(known, stock=made.stock) if known else made)


def serving(resale: DujiaoResale, speaks: str, *, currency: str, tls: bool) -> Served:
    """A shop of ours that another one buys from, by our own contract or by dujiao-next's."""
    made = DujiaoServedShop if speaks == "dujiao" else ServedShop
    shop = made(Faults(1), currency=currency, goods={}, resale=resale)
    face = DujiaoServedFace(shop) if speaks == "dujiao" else ServedFace(shop)
    shop.opened()
    return Served(face, tls=tls, shop=shop)
