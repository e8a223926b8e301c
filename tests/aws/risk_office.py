"""The office that sets a shop's risk control up, by the API."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from quanyi.callers import Caller
from quanyi.orders.table import OrdersTable
from quanyi.risk.facts import Facts, Point
from quanyi.risk.table import DecisionsTable, RulesInForce
from risk import admin
from risk.wiring import RulesRoom
from tests.aws.conftest import Call, Cloud

OPERATOR = Caller(role="operator", key_id="OP1")
OTHER = Caller(role="operator", key_id="OP2")
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
BASE = "/v1/admin/risk"

MANY = {"id": "many", "when": "device.placed_1h >= 5", "then": "hold", "reason": "many_orders"}
LARGE = {"id": "large", "when": "order.total > 100000", "then": "refuse", "reason": "large"}
FAILING = {"id": "failing", "when": "order.total / order.units > 3", "then": "hold", "reason": "price"}


@dataclass
class Office:
    cloud: Cloud
    call: Call
    now: datetime = START
    room: RulesRoom = field(init=False)

    def __post_init__(self) -> None:
        orders = OrdersTable(self.cloud.table("OrdersTable"), "Asia/Shanghai")
        clock = lambda: self.now  # noqa: E731 - reads the office's clock at each call
        self.room = RulesRoom(self.cloud.table("RiskTable"), orders, self.cloud.keyring, clock)

    def ask(self, method: str, path: str, body: Any = None, *, by: Caller = OPERATOR, **query: str) -> tuple[int, Any]:
        return self.call(admin.handler, method, BASE + path, body, caller=by, query=query or None)[:2]

    def done(self, method: str, path: str, body: Any = None, **how: Any) -> Any:
        status, found = self.ask(method, path, body, **how)
        assert status in (200, 201), found
        return found

    def refused(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, str]:
        """Status and reason; and that nothing was written."""
        before = self.cloud.contents("RiskTable")
        status, found = self.ask(method, path, body, **how)
        assert self.cloud.contents("RiskTable") == before
        return status, found.get("reason", found["code"])

    def save(self, *rules: Any, base: int = 0, point: str = "order", **table: Any) -> Any:
        return self.done("POST", f"/rules/{point}", {"base": base, "table": {"rules": rules, **table}})

    def put_into_force(self, *rules: Any, base: int = 0, instead_of: int | None = None) -> Any:
        version = self.save(*rules, base=base)["version"]
        self.done("POST", f"/rules/order/{version}/dry-run", {})
        before = base if instead_of is None else instead_of
        return self.done("POST", "/rules/order/activate", {"version": version, "instead_of": before})

    def decide(self, subject: str, facts: Facts, point: Point = "order") -> Any:
        """By what is in force, as a process that knows nothing yet would; recorded."""
        record = RulesInForce(self.room.table).of(point).decide(facts, subject=subject, order=subject, now=self.now)
        return DecisionsTable(self.room.table).add(record)


def twice(act: Callable[[], Any]) -> Any:
    first = act()
    assert act() == first
    return first
