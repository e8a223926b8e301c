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

from quanyi.errors import Refusal
from quanyi.orders.model import Order
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.model import Supplier
from quanyi.supply.registry import supplier_of
from reorder.notify import hear
from reorder.sweep import sweep
from tests.aws.bazaar import Bazaar
from tests.aws.market import START
from tests.aws.memory import MemoryCloud
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import Shop

AT_ONCE = 6


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
