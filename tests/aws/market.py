"""A shop with stock, and everything between placing an order and holding its cards, on the test's AWS.

`Market.run()` plays Step Functions: it walks `workflow.asl.json`'s states with the real tasks, in this process.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from checkout.messages import OrderBody, PaymentBody
from checkout.pay import cancel, start_payment
from checkout.place import place_order
from checkout.sight import OffersInSight
from checkout.sweep import sweep as sweep_unpaid
from checkout.wiring import Shop
from fulfill.fulfil import fulfil
from fulfill.minting import Mint
from fulfill.outcomes import Answer
from fulfill.refund import send_refunds
from fulfill.sweep import sweep as sweep_paid
from fulfill.wait import wait
from fulfill.wiring import Works
from quanyi.accounts.table import AccountsTable
from quanyi.backlog import Backlog
from quanyi.batches.model import Batch
from quanyi.batches.table import BatchesTable, BatchKeys
from quanyi.callers import Caller
from quanyi.cards.model import Face, NewCard, Pool, card_id
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.catalog.model import Sku
from quanyi.catalog.table import CatalogTable, sku_key
from quanyi.facts.table import FactsTable
from quanyi.members.table import MembersTable
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.buying import is_bought, unavailable
from quanyi.orders.model import Order
from quanyi.orders.table import OrdersTable
from quanyi.payments.account import ACCOUNT, AccountPayments
from quanyi.payments.port import Captured, Method, Provider
from quanyi.payments.receipt import book
from quanyi.payments.registry import Kind, Providers
from quanyi.payments.sandbox import Sandbox
from quanyi.payments.settings import ProviderSettings
from quanyi.risk.assess import Risk
from quanyi.secret import Secret
from quanyi.table import Item
from quanyi.vault.sealing import seal
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.table import VouchersTable
from tests.aws.conftest import Cloud

SITE = Caller(role="storefront", key_id="K1", channel="site")
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@dataclass
class FakeWorkflow:
    """Remembers what would run. `running` maps execution name to what it waits for."""

    started: list[tuple[str, int]] = field(default_factory=list)
    alive: set[tuple[str, int]] = field(default_factory=set)
    tokens: dict[str, tuple[str, int]] = field(default_factory=dict)

    def start(self, order: Order) -> None:
        name = (order.id, order.attempt)
        if name not in self.started:
            self.started.append(name)
            self.alive.add(name)

    def runs(self, order: Order) -> bool:
        return (order.id, order.attempt) in self.alive

    def wake(self, token: str) -> bool:
        return token in self.tokens


class FakeProviders(Providers):
    """Providers that are there already, offered as if a merchant had set them up."""

    def __init__(
        self, fixed: Mapping[str, Provider], settings: Mapping[str, ProviderSettings], kinds: Mapping[str, Kind]
    ) -> None:
        super().__init__(fixed, kinds=kinds)
        object.__setattr__(self, "set_up", settings)

    def _settings(self) -> Mapping[str, ProviderSettings]:
        return self.set_up  # type: ignore[attr-defined,no-any-return]


@dataclass
class Market:
    cloud: Cloud
    now: datetime = START
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    payment_seconds: int = 900
    secrets_made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        c = self.cloud
        orders = c.table("OrdersTable")
        self.sandbox = Sandbox(c.table("SandboxTable"), c.keyring)
        clock = lambda: self.now  # noqa: E731 - reads the market's clock at each call
        accounts = AccountsTable(c.table("SupplyTable"), "Asia/Shanghai")
        common: dict[str, Any] = {
            "catalog": CatalogTable(c.table("CatalogTable")),
            "cards": CardsTable(c.table("CardsTable")),
            "pools": PoolsTable(c.table("SupplyTable")),
            "series": SeriesTable(c.table("SupplyTable")),
            "orders": OrdersTable(orders, "Asia/Shanghai", clock),
            "members": MembersTable(c.table("MembersTable"), c.keyring),
            "providers": Providers({"sandbox": self.sandbox}, indoors={ACCOUNT: AccountPayments(accounts, clock)}),
            "workflow": self.workflow,
            "risk": Risk.of(c.table("RiskTable"), "Asia/Shanghai"),
            "zone": "Asia/Shanghai",
            "now": clock,
        }
        self.shop = Shop(
            keyring=c.keyring,
            facts=FactsTable(c.table("FactsTable")),
            offers_in_sight=OffersInSight(c.table("SupplyTable")),
            payment_seconds=self.payment_seconds,
            **common,
        )
        batches = BatchesTable(c.table("SupplyTable"))
        keys = BatchKeys(c.kms, batches)
        mint = Mint(common["cards"], common["series"], keys, c.keyring, "Asia/Shanghai", clock, secrets.token_bytes)
        self.works = Works(
            mint=mint,
            vouchers=VouchersTable(common["cards"].table),
            backlog=Backlog(orders),
            batch_keys=keys,
            batches=batches,
            accounts=accounts,
            pause=lambda s: self.later(seconds=s),
            **common,
        )

    @property
    def risk(self) -> Risk:
        return self.shop.risk

    # The merchant.

    def offer(self, provider: Provider) -> None:
        """A provider that shoppers may choose from now on, with a method `quick` and one that cannot close for half an
        hour, `slow`."""
        providers = self.shop.providers
        settings = ProviderSettings(name=provider.name, updated_at=self.now)
        methods = (Method("quick"), Method("slow", least=timedelta(minutes=30)))
        kind = Kind(provider.name, "", methods, frozenset({"CNY", "USD"}))
        made = FakeProviders(
            {**providers.fixed, provider.name: provider}, {provider.name: settings}, {provider.name: kind}
        )
        self.shop = replace(self.shop, providers=made)  # type: ignore[arg-type]
        self.works = replace(self.works, providers=made)  # type: ignore[arg-type]

    def sku(self, sku_id: str = "ik-month", **terms: Any) -> Sku:
        """A published SKU, straight onto the table."""
        made = Sku.model_validate(
            {
                "id": sku_id,
                "product_id": "PR1",
                "product_state": "published",
                "version": 1,
                "kind": "card",
                "titles": {"zh-CN": f"商品 {sku_id}", "en": sku_id},
                "price": 1999,
                **terms,
            }
        )
        item = {**sku_key(sku_id), **made.model_dump(mode="json", exclude_none=True), "v": 1}
        self.cloud.table("CatalogTable").put(item)
        return made

    def stock(
        self, sku: str, count: int, *, channel: str | None = None, sell_by: datetime | None = None, pin: bool = False
    ) -> list[str]:
        """New sealed cards in their pool; answers their ids."""
        batch_id = f"B{secrets.token_hex(4).upper()}"
        batch = Batch(batch_id, sku, "acme", Money(amount=1500, currency="CNY"), channel, None, self.now, b"")
        key = self.works.batch_keys.make(batch)
        pool = Pool.of(sku, channel, sell_by, "Asia/Shanghai")
        self.shop.pools.open(pool)
        ids = []
        for _ in range(count):
            number = secrets.token_hex(8)
            face = Face("number_pin" if pin else "code", Secret(number), Secret("9" + number[:6]) if pin else None)
            self.secrets_made.append(number)
            new = card_id(self.cloud.keyring.key("fingerprint"), "acme", face)
            card = NewCard(new, batch_id, pool, seal(key, face.to_text(), new), sell_by=sell_by)
            self.shop.cards.insert(card)
            ids.append(new)
        return ids

    # The buyer.

    def place(
        self, sku: str = "ik-month", quantity: int = 1, key: str | None = None, caller: Caller = SITE, **more: Any
    ) -> Order:
        body = {"lines": [{"sku": sku, "quantity": quantity}], "contact": {"email": "buyer@example.com"}, **more}
        return place_order(self.shop, caller, key or secrets.token_hex(8), OrderBody.model_validate(body))

    def open_payment(self, order: Order, key: str = "p1") -> tuple[Order, str]:
        order, payment = start_payment(self.shop, SITE, order.id, key, PaymentBody(provider="sandbox"))
        return order, payment.id

    def pay(self, order: Order, amount: int | None = None, key: str = "p1", payer: str = "") -> Order:
        """Opens a payment, plays the shopper, and books the notification."""
        _, payment = self.open_payment(order, key)
        return self.notify(self.captured(payment, amount, payer=payer))

    def captured(
        self, payment: str, amount: int | None = None, currency: str | None = None, payer: str = ""
    ) -> Captured:
        item = self.sandbox.play(payment, "paid", secrets.token_bytes, amount, currency, payer)
        headers, body = self.sandbox.notification(payment, item, self.now)
        (fact,) = self.sandbox.verify({k.lower(): v for k, v in headers.items()}, body, self.now)
        assert isinstance(fact, Captured)
        return fact

    def cancel(self, order: Order) -> Order:
        return cancel(self.shop, SITE, order.id)

    def notify(self, fact: Captured) -> Order:
        return book(self.shop.orders, self.workflow, "sandbox", fact, self.now, self.cloud.keyring)  # type: ignore[arg-type]

    # The machine room.

    def forget_keys(self) -> None:
        """As in a process that has just started: keys are read and unwrapped anew."""
        mine = (self.shop.keyring, self.shop.members.keyring, self.works.members.keyring, self.sandbox.keyring)
        for keyring in (*mine, self.works.mint.keys):
            keyring._known.clear()  # type: ignore[attr-defined]
        self.works.mint._open.clear()
        self.works.batch_keys._open.clear()

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def sweep(self) -> None:
        sweep_unpaid(self.shop)
        sweep_paid(self.works)

    def run(self, works: Works | None = None) -> list[str]:
        """Runs every living execution until it ends or waits; answers the states that were entered."""
        entered: list[str] = []
        for name in sorted(self.workflow.alive):
            entered += self._run_one(works or self.works, *name)
        return entered

    def _run_one(self, works: Works, order: str, attempt: int) -> list[str]:
        entered = ["Fulfil", "Route"]
        answer: Answer = fulfil(works, order, attempt)
        for _ in range(20):
            match answer["outcome"]:
                case "done":
                    self.workflow.alive.discard((order, attempt))
                    return [*entered, "Done"]
                case "refund":
                    entered += ["Refund", "Route"]
                    answer = send_refunds(works, order, attempt)
                case "unknown":
                    entered += ["LetTheProviderAnswer", "Refund", "Route"]
                    answer = send_refunds(works, order, attempt)
                case "buy":  # nobody sells here; `Bazaar` buys
                    entered += ["Buy", "RouteBought", "Fulfil", "Route"]
                    every = [unit.id for unit in works.orders.get(order).units if is_bought(unit)]
                    works.orders.change(order, lambda it, of=every: unavailable(it, of, works.now(), ever=False))
                    answer = fulfil(works, order, attempt)
                case "wait":
                    entered.append("WaitForStockOrPerson")
                    token = f"token-{order}-{attempt}"
                    self.workflow.tokens[token] = (order, attempt)
                    wait(works, order, attempt, token)
                    return entered
        return entered

    def order(self, order: Order | str) -> Order:
        """As it is now, with its books checked."""
        found = self.shop.orders.get(order if isinstance(order, str) else order.id)
        books(found)
        return found

    def cards_in(self, state: str) -> list[str]:
        return [c["card_id"] for c in self.cloud.contents("CardsTable")["CardsTable"] if c["state"] == state]

    def check_nothing_is_wrong(self, orders: Sequence[Order] = ()) -> None:
        """No card with two orders or none it should have; every order's books add up; the cards agree with orders."""
        found: dict[str, str] = {}
        for item in self.cloud.contents("OrdersTable")["OrdersTable"]:
            if item["sk"] != "ORDER":
                continue
            order = self.order(item["id"])
            for unit in order.units:
                # Delivered, about to be, or going back and not in stock yet.
                has = unit.state == "delivered" or (unit.state == "waiting" and order.paid_at) or unit.goods == "out"
                if unit.card and has:
                    assert unit.card not in found, f"{unit.card} went to {found[unit.card]} and {order.id}"
                    found[unit.card] = order.id
        for card in self.cloud.contents("CardsTable")["CardsTable"]:
            if card["state"] in ("delivered", "redeemed"):
                assert found.get(card["card_id"]) == card["order"], card["card_id"]
            assert ("available" in card) == (card["state"] == "available")


def without_decisions(contents: Mapping[str, list[Item]]) -> dict[str, list[Item]]:
    """What of a refused call nothing may stay behind in: the record of why it was refused stays."""
    return {name: [item for item in items if item.get("sk") != "DECISION"] for name, items in contents.items()}


def with_works(market: Market, **changes: Any) -> Works:
    return replace(market.works, **changes)
