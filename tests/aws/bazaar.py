"""A market whose goods are bought from suppliers for each order. `Bazaar.run()` plays Step Functions with the real
tasks; suppliers are played by `Seller`, whose answers a test chooses."""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fulfill.fulfil import fulfil
from fulfill.outcomes import Answer
from fulfill.refund import send_refunds
from fulfill.wait import wait
from fulfill.wiring import Works
from quanyi.alerts.table import AlertsTable
from quanyi.cards.model import Face
from quanyi.clock import day
from quanyi.errors import NotFound
from quanyi.orders.model import Order
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import PurchasesTable
from quanyi.receiving.receive import Receiving, receive
from quanyi.receiving.table import ReceivingTable
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.health import Health
from quanyi.supply.model import Offer, Supplier
from quanyi.supply.reading import offered
from quanyi.supply.table import HealthTable, OffersTable, SuppliersTable
from reorder.buy import buy
from reorder.stocking import go_on
from reorder.stocking import wait as wait_for_supplier
from reorder.sweep import sweep as sweep_purchases
from reorder.wiring import Buying
from tests.aws.market import START, Market


@dataclass
class Seller:
    """A supplier in memory: it carries each purchase out once. `mood` says what befalls a call: `ok`, `slow` (pending
    until `finish`), `refuse`, `lost_before` (never arrived, no answer), `lost_after` (carried out, no answer),
    `short`, `double`."""

    name: str
    mood: Callable[[str], str] = lambda purchase: "ok"
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    deaf: bool = False
    cards_made: list[str] = field(default_factory=list)

    abilities: frozenset[port.Ability] = frozenset({"cards", "topup"})

    def order(self, wanted: port.Wanted) -> port.Answer:
        return self._take(wanted, {})

    def recharge(self, wanted: port.Recharge) -> port.Answer:
        return self._take(wanted, {k: v.reveal() for k, v in wanted.account.items()})

    def query(self, asked: port.Asked) -> port.Answer:
        self.asked[asked.purchase] += 1
        if self.deaf:
            return port.UNKNOWN
        known = self.orders.get(asked.purchase)
        return self._told(known) if known else port.Answer("absent")

    def read(self, call: port.Call) -> port.Called:
        if call.headers.get("signed") != self.name:
            raise port.Forged("not signed")
        return port.Called(call.body.decode())

    def cancel(self, asked: port.Asked) -> port.Answer:
        raise port.NotOffered

    balance = stock = quote = goods = check = statement = cancel  # type: ignore[assignment]

    def finish(self, purchase: str, how: str = "done") -> None:
        self.orders[purchase]["state"] = how

    def charged(self, purchase: str) -> bool:
        return self.orders.get(purchase, {}).get("state") in ("done", "pending")

    def _take(self, wanted: port.Wanted, account: Mapping[str, str]) -> port.Answer:
        self.sent[wanted.purchase] += 1
        mood = self.mood(wanted.purchase)
        if mood == "lost_before":
            return port.UNKNOWN
        if wanted.purchase not in self.orders:
            state = {"refuse": "failed", "slow": "pending"}.get(mood, "done")
            count = {"short": wanted.quantity - 1, "double": wanted.quantity + 1}.get(mood, wanted.quantity)
            numbers = [secrets.token_hex(8) for _ in range(count)] if not account else []
            self.cards_made += numbers
            self.orders[wanted.purchase] = {"state": state, "cards": numbers, "account": dict(account)}
        return port.UNKNOWN if mood == "lost_after" else self._told(self.orders[wanted.purchase])

    def _told(self, known: Mapping[str, Any]) -> port.Answer:
        cards = known["cards"] if known["state"] == "done" else []
        return port.Answer(
            known["state"],
            number="N1",
            cards=tuple(port.BoughtCard(Face("code", Secret(number))) for number in cards),
            reason="out of stock" if known["state"] == "failed" else "",
        )


@dataclass
class FakePurchasing:
    """Remembers which purchases for stock run; `Bazaar.run_stock` carries them on."""

    alive: set[tuple[str, int]] = field(default_factory=set)
    begun: list[tuple[str, int]] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)

    def start(self, po: PurchaseOrder) -> None:
        name = (po.id, po.execution)
        if name not in self.begun:
            self.begun.append(name)
            self.alive.add(name)

    def runs(self, po: PurchaseOrder) -> bool:
        return (po.id, po.execution) in self.alive

    def wake(self, token: str) -> bool:
        self.woken.append(token)
        return True


@dataclass
class Bazaar(Market):
    sellers: dict[str, Seller] = field(default_factory=dict)
    purchasing: FakePurchasing = field(default_factory=FakePurchasing)

    def __post_init__(self) -> None:
        super().__post_init__()
        supply = self.cloud.table("SupplyTable")
        self.suppliers = SuppliersTable(supply)
        clock = lambda: self.now  # noqa: E731 - reads the market's clock at each call
        receiving = Receiving(
            self.works.cards,
            self.works.pools,
            self.works.backlog,
            self.works.batch_keys,
            ReceivingTable(supply),
            self.cloud.keyring,
            clock,
            secrets.token_bytes,
        )
        self.buying = Buying(
            orders=self.works.orders,
            members=self.works.members,
            catalog=self.works.catalog,
            purchases=PurchasesTable(supply),
            offered=lambda sku: offered(supply, sku, day(self.now, "Asia/Shanghai")),
            supplier=self._supplier,
            note_health=lambda who, counts, now: HealthTable(supply).note(who, day(now, "Asia/Shanghai"), **counts),
            receive=lambda delivery: receive(receiving, delivery),
            workflow=self.workflow,  # type: ignore[arg-type]
            purchasing=self.purchasing,  # type: ignore[arg-type]
            alerts=AlertsTable(supply),
            zone="Asia/Shanghai",
            now=clock,
        )

    def seller(self, name: str, mood: Callable[[str], str] | str = "ok", **terms: Any) -> Seller:
        made = Seller(name, (lambda _: mood) if isinstance(mood, str) else mood)
        self.sellers[name] = made
        settings = {"id": name, "title": name, "adapter": "quanyi", "endpoint": "http://127.0.0.1:1", **terms}
        self.suppliers.save(Supplier.model_validate(settings | {"created_at": START, "updated_at": START}))
        return made

    def sells(self, seller: str, sku: str = "ik-month", cost: int = 1500, **terms: Any) -> None:
        offer = {"sku": sku, "supplier": seller, "code": f"c-{sku}", "cost": cost, "updated_at": START, **terms}
        OffersTable(self.suppliers.table).save(Offer.model_validate(offer))

    def _supplier(self, name: str) -> tuple[Supplier, port.Supplier]:
        if name not in self.sellers:
            raise NotFound("supplier")
        return self.suppliers.get(name), self.sellers[name]  # type: ignore[return-value]

    def health(self, supplier: str) -> Health:
        return HealthTable(self.suppliers.table).of([supplier], day(self.now, "Asia/Shanghai"))[supplier]

    def purchases(self) -> list[PurchaseOrder]:
        items = self.cloud.contents("SupplyTable")["SupplyTable"]
        found = [self.buying.purchases.get(item["id"]) for item in items if item["sk"] == "PO"]
        return sorted(found, key=lambda po: (po.created_at, po.id))

    def sweep_purchases(self, **later: float) -> None:
        self.later(**(later or {"seconds": 120}))
        sweep_purchases(self.buying)

    def run_stock(self) -> None:
        """Carries every living execution of a purchase for stock on, until it is done or waits."""
        for purchase, execution in sorted(self.purchasing.alive):
            if go_on(self.buying, purchase, execution)["outcome"] == "done":
                self.purchasing.alive.discard((purchase, execution))
            else:
                wait_for_supplier(self.buying, purchase, execution, f"token-{purchase}")

    def _run_one(self, works: Works, order: str, attempt: int) -> list[str]:
        entered = ["Fulfil", "Route"]
        answer: Answer = fulfil(works, order, attempt)
        for _ in range(30):
            match answer["outcome"]:
                case "done":
                    self.workflow.alive.discard((order, attempt))
                    return [*entered, "Done"]
                case "refund" | "unknown":
                    entered += ["Refund", "Route"]
                    answer = send_refunds(works, order, attempt)
                case "buy":
                    entered += ["Buy", "RouteBought"]
                    if buy(self.buying, order, attempt)["outcome"] == "fulfil":
                        entered += ["Fulfil", "Route"]
                        answer = fulfil(works, order, attempt)
                    else:
                        return self._sleep(works, order, attempt, entered)
                case "wait":
                    return self._sleep(works, order, attempt, entered)
        return entered

    def _sleep(self, works: Works, order: str, attempt: int, entered: list[str]) -> list[str]:
        token = f"token-{order}-{attempt}"
        self.workflow.tokens[token] = (order, attempt)
        wait(works, order, attempt, token)
        return [*entered, "WaitForStockOrPerson"]

    def bought(self, sku: str = "ik-month", quantity: int = 1, **more: Any) -> Order:
        """Placed, paid, and run until it ends or waits."""
        order = self.pay(self.place(sku, quantity, **more))
        self.run()
        return self.order(order)


def states(orders: Sequence[PurchaseOrder]) -> list[str]:
    return [po.state for po in orders]
