"""A bazaar whose supplier is a real HTTP server with faults: what the proofs about buying run on.

The shop's clock is simulated, the supplier's is real: both only ever measure their own. Callbacks come over HTTP to a
small server that hands them to the real entry (`reorder.notify.hear`).
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from quanyi.callers import Caller
from quanyi.errors import Refusal
from quanyi.orders.model import Order
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.model import Supplier
from quanyi.supply.registry import supplier_of
from reorder.messages import PurchaseBody
from reorder.notify import hear
from reorder.placing import make
from reorder.sweep import sweep
from tests.aws.bazaar import Bazaar
from tests.aws.market import START
from tests.aws.memory import MemoryCloud
from tests.aws.recharges import line, topup
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import Shop

AT_ONCE = 6
OPERATOR = Caller(role="operator", key_id="K1")


@dataclass
class Wholesale(Bazaar):
    """`server` is the one supplier, `acme`."""

    cloud: Any = field(default_factory=MemoryCloud)
    server: SupplierServer = field(default_factory=SupplierServer)

    def __post_init__(self) -> None:
        super().__post_init__()
        told = self.server.access
        self.ears = Ears(self)
        settings = {name: told[name] for name in ("adapter", "endpoint", "account", "currency")}
        settings |= {"id": "acme", "title": "Acme", "created_at": START, "updated_at": START}
        self.suppliers.save(Supplier.model_validate({**settings, "patience_hours": 24 * 14}))
        self.secrets = {name: Secret(text) for name, text in told["secrets"].items()}
        self.adapter = supplier_of(self.suppliers.get("acme"), [self.secrets])

    def _supplier(self, name: str) -> tuple[Supplier, port.Supplier]:
        return self.suppliers.get(name).model_copy(update={"notify_url": self.ears.url}), self.adapter

    def each_at_once(self, work: Callable[[Any], object], items: Iterable[Any]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as several:
            list(several.map(work, items))

    def run_all(self) -> None:
        """Carries all living executions on, several at once."""
        names = sorted(self.workflow.alive)
        self.each_at_once(lambda name: self._run_one(self.works, *name), names)

    def settle(self, rounds: int = 60) -> None:
        """Time passes, the supplier works, sweeps run, until nothing is open any more."""
        for number in range(rounds):
            self.later(minutes=3)
            self.server.advance()
            if number % 3 == 0:
                self.server.release()
            sweep(self.buying)
            self.sweep()
            self.run_all()
            self.run_stock()
            left = any(self.buying.purchases.due(self.now + timedelta(days=30)))
            if not self.workflow.alive and not self.purchasing.alive and not left:
                return

    def ends(self, orders: Iterable[Order]) -> Counter[str]:
        """What became of orders: fulfilled or refunded, each against what the supplier's books say of its purchases."""
        shop: Shop = self.server.shop
        charged: dict[str, int] = {}
        for po in self.purchases():
            sale = shop.sales.get(po.id)
            charged[po.order] = charged.get(po.order, 0) + int(sale is not None and sale.state == "done")
        found: Counter[str] = Counter()
        for order in map(self.order, orders):
            times = charged.get(order.id, 0)
            if order.state == "fulfilled" and times == 1:
                found["topped up once"] += 1
            elif order.state == "refunded" and times == 0:
                found["refunded, not charged"] += 1
            elif order.state == "refunded":
                found["REFUNDED AND CHARGED"] += 1
            elif order.state == "fulfilled":
                found["CHARGED TWICE" if times > 1 else "FULFILLED FOR NOTHING"] += 1
            else:
                found["OPEN"] += 1
        return found

    def __enter__(self) -> Self:
        self.server.start()
        self.ears.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()
        self.ears.stop()


class Ears:
    """Hears callbacks on 127.0.0.1."""

    def __init__(self, shop: Wholesale) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Heard,), {"shop": shop}))
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1/suppliers/acme/notify"

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Heard(BaseHTTPRequestHandler):
    shop: Wholesale

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        call = port.Call("POST", self.path, {}, {name.lower(): value for name, value in self.headers.items()}, body)
        try:
            status, _, answer = hear(self.shop.buying, "acme", call, "127.0.0.1").answer
        except Refusal as refusal:
            status, answer = refusal.status, refusal.code
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def troubled(seed: int) -> SupplierServer:
    """The mix that the proof asks for: 20 % of the answers to orders lost after they were carried out, 10 % before; of
    the callbacks 10 % twice and 5 % never; 5 % accepted and failed later."""
    server = SupplierServer(seed=seed)
    server.faults.on("cut_after", 0.2, kinds=("order",))
    server.faults.on("cut_before", 0.1, kinds=("order",))
    server.faults.on("late", 0.3)
    server.faults.on("late_failure", 0.05)
    server.faults.on("callback_twice", 0.1)
    server.faults.on("callback_lost", 0.05)
    return server


def sells_topups(shop: Wholesale, **terms: Any) -> None:
    topup(shop, **terms)
    shop.sells("acme", "phone-50", cost=4950, code="mobile-50")


def topped_up(shop: Wholesale, count: int) -> Counter[str]:
    """That many orders of one top-up each, paid and carried to their end."""
    orders: list[Order] = []

    def buy(number: int) -> None:
        phone = f"138{number:08d}"
        placed = shop.place(lines=[line("phone-50", 1, {"phone": phone})], member=f"u{number}", key=f"T{number}")
        orders.append(shop.pay(placed, key=f"p{number}"))

    shop.each_at_once(buy, range(1, count + 1))
    shop.run_all()
    shop.settle()
    return shop.ends(orders)


def bought_for_stock(shop: Wholesale, count: int) -> Counter[str]:
    """That many purchases of cards for stock, each of a SKU of its own, carried to their end."""

    def buy(number: int) -> None:
        sku = f"video-{number}"
        shop.sku(sku, price=2500, issuer="video", card_format="number_pin")
        shop.sells("acme", sku, cost=1500, code="video-30")
        body = PurchaseBody.model_validate({"sku": sku, "quantity": 3 + number % 5, "approve": True})
        make(shop.buying, OPERATOR, f"k{number}", body)

    shop.each_at_once(buy, range(1, count + 1))
    shop.run_stock()
    shop.settle()
    return Counter(po.state for po in shop.purchases())


def check_cards(shop: Wholesale) -> Counter[str]:
    """Every card that the supplier charged for is in exactly one batch, and every shortage on its purchase."""
    cards = shop.cloud.contents("CardsTable")["CardsTable"]
    by_purchase = Counter(card["import_id"] for card in cards)
    counts: Counter[str] = Counter()
    for po in shop.purchases():
        sale = shop.server.shop.sales.get(po.id)
        numbers = {card.number for card in sale.cards} if sale else set[str]()
        assert by_purchase[po.id] == po.received + po.surplus
        assert len(numbers) == po.received + po.surplus + po.duplicate_count + po.invalid, po
        if po.state == "received":
            assert po.short == po.quantity - po.received
        assert not po.is_open
        counts += Counter(ordered=po.quantity, received=po.received, short=po.short, surplus=po.surplus)
        counts += Counter(duplicates=po.duplicate_count, failed=int(po.state == "failed"))
    assert len({card["card_id"] for card in cards}) == len(cards) == counts["received"] + counts["surplus"]
    batches = {i["id"]: i for i in shop.cloud.contents("SupplyTable")["SupplyTable"] if i["sk"] == "BATCH"}
    assert Counter(card["batch"] for card in cards) == {name: batch["size"] for name, batch in batches.items()}
    return counts
