"""Every AWS call, and every call of a supplier, between a paid order (or an approved purchase) and its end fails once,
in every way a call can fail. The workflow tries again, suppliers call back again, the sweeps run and time passes: then
everything is as if nothing had happened, and no purchase was sent twice."""

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from checkout.naming import name_accounts
from checkout.topup_messages import AccountsBody
from fulfill.wiring import Works
from quanyi.callers import Caller
from quanyi.ids import derived_id
from quanyi.orders.books import books
from quanyi.orders.model import Order
from quanyi.purchases.changes import approved
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import Bounds, budget_key, need_key
from quanyi.supply.port import Call
from reorder.messages import PurchaseBody
from reorder.notify import hear
from reorder.placing import make, started
from reorder.stocking import go_on, wait
from tests.aws.bazaar import Bazaar, FakePurchasing, Seller
from tests.aws.faults import MODES, Crash, Faults, insist
from tests.aws.market import FakeWorkflow
from tests.aws.memory import MemoryCloud
from tests.aws.recharges import PHONE

OPERATOR = Caller(role="operator", key_id="K1")
EVERY = 1 if os.environ.get("PROVE") else 3
NUMBER = "13800138000"


@dataclass
class Sleepers(FakeWorkflow):
    """As Step Functions: a token wakes once, and who sleeps goes on only when woken."""

    def wake(self, token: str) -> bool:
        return self.tokens.pop(token, None) is not None


@dataclass
class SleepingPurchases(FakePurchasing):
    """The same for purchases for stock. They look for themselves after ten minutes."""

    asleep: set[str] = field(default_factory=set)

    def wake(self, token: str) -> bool:
        awake, self.asleep = token in self.asleep, self.asleep - {token}
        return awake


@dataclass
class Town(Bazaar):
    workflow: FakeWorkflow = field(default_factory=Sleepers)
    purchasing: FakePurchasing = field(default_factory=SleepingPurchases)

    def _run_one(self, works: Works, order: str, attempt: int) -> list[str]:
        asleep = (order, attempt) in self.workflow.tokens.values()
        return [] if asleep else super()._run_one(works, order, attempt)

    def run_stock(self) -> None:
        for purchase, execution in sorted(self.purchasing.alive):
            token = f"token-{purchase}-{execution}"
            if token in self.asleep:
                continue
            if go_on(self.buying, purchase, execution)["outcome"] == "done":
                self.purchasing.alive.discard((purchase, execution))
                continue
            self.asleep.add(token)
            try:
                wait(self.buying, purchase, execution, token)
            except BaseException:  # the task failed: another token is tried
                self.asleep.discard(token)
                raise

    @property
    def asleep(self) -> set[str]:
        assert isinstance(self.purchasing, SleepingPurchases)
        return self.purchasing.asleep

    def _sleep(self, works: Works, order: str, attempt: int, entered: list[str]) -> list[str]:
        try:
            return super()._sleep(works, order, attempt, entered)
        except BaseException:  # the task failed: another token is tried
            self.workflow.tokens.pop(f"token-{order}-{attempt}", None)
            raise


@contextmanager
def everything_counts(patch: pytest.MonkeyPatch, faults: Faults) -> Generator[None]:
    """Step Functions, and the suppliers, besides DynamoDB and KMS. A supplier's adapter never raises: what can fail
    around it is our process."""
    counted: list[tuple[type, str]] = [(Sleepers, "wake"), (Sleepers, "runs")]
    counted += [(SleepingPurchases, name) for name in ("start", "runs", "wake")]
    if isinstance(faults.fault, type) and issubclass(faults.fault, Crash):
        counted += [(Seller, name) for name in ("order", "recharge", "query")]

    def counting(real: Callable[..., Any], name: str) -> Callable[..., Any]:
        return lambda *given: faults._counted(name, lambda: real(*given))

    with patch.context() as patched, faults(patched):
        for owner, name in counted:
            patched.setattr(owner, name, counting(getattr(owner, name), name))
        yield


@dataclass
class Story:
    """What happens once, under a fault; `run` may be called again after each fault, as whoever runs it would."""

    town: Town
    faults: Faults

    def insist(self, step: Callable[[], Any]) -> Any:
        return insist(self.town, self.faults, step)

    def calls_back(self, supplier: str, purchase: str) -> None:
        call = Call("POST", "/", {}, {"signed": supplier}, purchase.encode())
        self.insist(lambda: hear(self.town.buying, supplier, call, "127.0.0.1"))

    def go_on(self) -> None:
        """Executions are carried on, with their retries."""
        self.insist(self.town.run)
        self.insist(self.town.run_stock)


def ended(town: Town) -> bool:
    orders = [town.order(item["id"]) for item in items(town, "OrdersTable", "ORDER")]
    return all(order.due_at is None for order in orders) and all(po.applied for po in town.purchases())


def items(town: Town, table: str, sk: str) -> list[dict[str, Any]]:
    return [item for item in town.cloud.contents(table)[table] if item["sk"] == sk]


def time_passes(town: Town) -> None:
    """Sweeps every minute or so; nobody else calls any more."""
    for _ in range(60):
        town.later(seconds=90)
        town.sweep_purchases(seconds=1)
        town.sweep()
        if town.now.minute % 10 < 2:
            town.asleep.clear()
        town.run()
        town.run_stock()
        if ended(town):
            break


def nothing_is_left(town: Town, where: Any) -> None:
    town.check_nothing_is_wrong()
    for seller in town.sellers.values():
        assert max(seller.sent.values(), default=0) <= 1, ("sent twice", where)
    for po in town.purchases():
        seller = town.sellers[po.supplier]
        assert not po.is_open, where
        assert (po.applied, po.due_at) == (True, None), where
        assert (po.contradicted, po.for_person) == (False, False), where
        charged = seller.orders.get(po.id, {}).get("state") == "done"
        assert charged == (po.state == "received"), where
    sold = [one for seller in town.sellers.values() for one in seller.orders.values() if one["state"] == "done"]
    assert len(town.cloud.contents("CardsTable")["CardsTable"]) == sum(len(one["cards"]) for one in sold), where
    for item in town.cloud.contents("SupplyTable")["SupplyTable"]:
        if item["pk"].startswith("QUOTA#"):
            mine = [po for po in town.purchases() if po.quota_day == item["sk"] and f"#{po.supplier}#" in item["pk"]]
            assert item["taken"] == sum(po.received for po in mine), where
        if item["pk"].startswith("NEED#"):
            assert "open" not in item, where


def delivered(town: Town, order_id: str, where: Any, suppliers: set[str]) -> None:
    """Everything once, of exactly what was bought; nobody paid or was paid twice."""
    order: Order = town.order(order_id)
    assert order.state == "fulfilled", where
    assert order.due_at is None
    assert {unit.purchase for unit in order.units} == {""}, where
    assert books(order).owed == 0
    assert not order.refunds, where
    bought = [po for po in town.purchases() if po.received]
    assert sum(po.received for po in bought) == len(order.units), ("bought too much", where)
    assert {po.supplier for po in bought} <= suppliers, where
    cards = [unit.card for unit in order.units if unit.kind == "card"]
    assert len(set(cards)) == len(cards)
    assert len(town.cards_in("delivered")) == len(cards), where
    assert town.cards_in("available") == town.cards_in("reserved") == [], where


def a_town() -> Town:
    town = Town(MemoryCloud())  # type: ignore[arg-type]
    town.sku(sourcing="on_demand", hold="payment", on_shortage="backlog")
    return town


def on_demand(story: Story) -> Callable[[Any], None]:
    story.town.seller("acme")
    story.town.sells("acme", daily_limit=10)
    return _bought(story, 3, {"acme"})


def slowly(story: Story) -> Callable[[Any], None]:
    """The supplier works on it, and calls back twice."""
    acme = story.town.seller("acme", "slow")
    story.town.sells("acme", daily_limit=10)
    check = _bought(story, 2, {"acme"})
    acme.mood = lambda _: "ok"
    for purchase in list(acme.orders):
        acme.finish(purchase)
        for _ in range(2):
            story.calls_back("acme", purchase)
    story.go_on()
    return check


def the_next_supplier(story: Story) -> Callable[[Any], None]:
    story.town.seller("cheap", "refuse")
    story.town.seller("dear")
    story.town.sells("cheap", cost=1000, daily_limit=10)
    story.town.sells("dear", daily_limit=10)
    return _bought(story, 2, {"dear"})


def short(story: Story) -> Callable[[Any], None]:
    """One supplier brings a part, the other the rest."""
    half = story.town.seller("half")
    half.mood = lambda _: "ok" if half.orders else "short"
    story.town.seller("rest")
    story.town.sells("half", cost=1000, daily_limit=10)
    story.town.sells("rest", daily_limit=10)
    return _bought(story, 3, {"half", "rest"})


def topped_up(story: Story) -> Callable[[Any], None]:
    town = story.town
    town.sku("phone", kind="topup", face_value=5000, topup={"fields": [PHONE]}, on_shortage="backlog")
    acme = town.seller("acme")
    town.sells("acme", "phone", fields={"phone": "mobile"}, daily_limit=10)
    account: dict[str, Any] = {"lines": [{"sku": "phone", "quantity": 2, "accounts": [{"phone": NUMBER}]}]}
    check = _bought(story, 2, {"acme"}, **account)

    def checked(where: Any) -> None:
        check(where)
        assert [one["account"] for one in acme.orders.values()] == [{"mobile": NUMBER}] * 2, where

    return checked


def named_later(story: Story) -> Callable[[Any], None]:
    """Its buyer names the account once it is paid, and again where a call broke off."""
    town = story.town
    terms = {"fields": [PHONE], "ask": "later"}
    town.sku("phone", kind="topup", face_value=5000, topup=terms, on_shortage="backlog")
    acme = town.seller("acme")
    town.sells("acme", "phone", fields={"phone": "mobile"}, daily_limit=10)
    check = _bought(story, 2, {"acme"}, lines=[{"sku": "phone", "quantity": 2}])
    (order,) = items(town, "OrdersTable", "ORDER")
    body = AccountsBody.model_validate({"line": 0, "accounts": [{"phone": NUMBER}]})
    buyer = Caller(role="order", order=order["id"])
    story.insist(lambda: name_accounts(town.shop, buyer, order["id"], body))
    story.go_on()

    def checked(where: Any) -> None:
        check(where)
        assert [one["account"] for one in acme.orders.values()] == [{"mobile": NUMBER}] * 2, where

    return checked


def _bought(story: Story, quantity: int, suppliers: set[str], **body: Any) -> Callable[[Any], None]:
    town = story.town
    order = town.pay(town.place("ik-month", quantity, key="o1", **body))
    town.forget_keys()
    story.go_on()
    return lambda where: delivered(town, order.id, where, suppliers)


def for_stock(story: Story) -> Callable[[Any], None]:
    town = story.town
    town.seller("acme", "slow")
    town.sells("acme", daily_limit=10)
    body = PurchaseBody.model_validate({"sku": "ik-month", "quantity": 5, "approve": True})
    po: PurchaseOrder = story.insist(lambda: make(town.buying, OPERATOR, "k1", body))
    story.go_on()
    acme = town.sellers["acme"]
    for purchase in list(acme.orders):
        acme.finish(purchase)
        story.calls_back("acme", purchase)
    acme.mood = lambda _: "ok"
    story.go_on()

    def check(where: Any) -> None:
        found = town.buying.purchases.get(po.id)
        lost = not acme.orders  # it died between writing `sent` and calling: nothing was bought, and the need is free
        assert (found.state, found.received) == (("failed", 0) if lost else ("received", 5)), where
        assert len(town.cards_in("available")) == found.received, where

    return check


def within_a_budget(story: Story) -> Callable[[Any], None]:
    """One card of four does not come: its share of the budget goes back."""
    town, now = story.town, story.town.now
    acme = town.seller("acme", "short")
    po = PurchaseOrder(
        id=derived_id("P", "test", "budget"),
        purpose="stock",
        supplier="acme",
        sku="ik-month",
        code="c",
        quantity=4,
        unit_cost=1500,
        currency="CNY",
        most=1999,
        need="ik-month#shared",
        budget="2026-11",
        created_at=now,
    )
    plan = approved(po, "operator", now)
    story.insist(lambda: started(town.buying, town.buying.purchases.add(plan, Bounds(budget=7000))))
    story.go_on()

    def check(where: Any) -> None:
        came = 3 if acme.orders else 0
        assert len(town.cards_in("available")) == came, where
        table = town.suppliers.table
        assert (table.get(budget_key("2026-11", "CNY")) or {})["committed"] == came * 1500, where
        assert "open" not in (table.get(need_key(po.need)) or {}), where

    return check


STORIES = [on_demand, topped_up, named_later, slowly, the_next_supplier, short, for_stock, within_a_budget]


def numbers(mode: str) -> Iterator[int]:
    """Of one run after the other the call to fail: each in `make prove`, else a third, another third in each way."""
    return itertools.count(1 + list(MODES).index(mode) % EVERY, EVERY)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_any_single_fault_buys_once(
    monkeypatch: pytest.MonkeyPatch, story: Callable[[Story], Callable[[Any], None]], mode: str
) -> None:
    fault, applied = MODES[mode]
    calls = 0
    for number in numbers(mode):
        faults = Faults(number, fault, applied=applied)
        town = a_town()
        with everything_counts(monkeypatch, faults):
            check = story(Story(town, faults))
        time_passes(town)
        where = (mode, number, faults.calls[number - 1 : number])
        assert ended(town), where
        check(where)
        nothing_is_left(town, where)
        calls = len(faults.calls)
        if calls < number:
            break
    assert calls > 25, "too few calls failed to prove anything"
