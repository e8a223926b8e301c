"""Judging an order where it is placed: refused without a trace, held but placed, capped while it is unpaid."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from quanyi.callers import Caller
from quanyi.errors import Busy, Forbidden, KeyReused, SoldOut
from quanyi.orders.model import Order
from quanyi.orders.table import OrdersTable, from_item, to_item
from quanyi.risk.assess import Risk
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.refusals import RiskRefused, TooManyUnpaid
from quanyi.risk.table import RulesInForce
from quanyi.table import Table, to_wire
from tests.aws.faults import MODES, Crash, Faults, insist
from tests.aws.judging import decisions, held, no_rules, policies, rule
from tests.aws.market import SITE, Market, without_decisions
from tests.aws.memory import MemoryCloud

FROM_SOMEWHERE: dict[str, Any] = {"device": "device-1", "client_ip": "203.0.113.7", "contact": {"phone": "13800138000"}}


@pytest.fixture
def market() -> Market:
    made = Market(MemoryCloud())  # type: ignore[arg-type]
    made.sku()
    made.stock("ik-month", 60)
    made.place(key="warm", member="warm", contact={})
    return made


class Lenient(Risk):
    """Asks nobody."""

    def at_order(self, orders: OrdersTable, order: Order, now: Any) -> DecisionRecord:
        return DecisionRecord(id="D", point="order", subject=order.id, at=now, outcome="approve")


def calls_of(market: Market) -> Counter[str]:
    """The fewest of three orders: where a draw looks into a part of the pool that is empty, it looks again."""
    return reduce(and_, [_calls(market) for _ in range(3)])


def _calls(market: Market) -> Counter[str]:
    calls: list[str] = []
    market.cloud.dynamo.before = calls.append  # type: ignore[attr-defined]
    market.place(**FROM_SOMEWHERE)
    market.cloud.dynamo.before = lambda _: None  # type: ignore[attr-defined]
    return Counter(calls)


def test_a_decision_costs_two_calls(market: Market) -> None:
    judged = calls_of(market)
    risk = market.shop.risk
    market.shop = replace(market.shop, risk=Lenient(risk.table, risk.zone, RulesInForce(risk.table)))
    assert judged - calls_of(market) == {"batch_get_item": 1, "transact_write_items": 1}


def test_what_an_order_keeps_of_its_buyer_is_little_and_hashed(market: Market) -> None:
    order = market.place(**FROM_SOMEWHERE, agent="a-1")
    item = market.cloud.table("OrdersTable").get({"pk": f"ORDER#{order.id}", "sk": "ORDER"})
    assert item is not None
    assert set(item["traces"]) == {"device", "ip", "net"}
    assert {len(value) for value in item["traces"].values()} == {22}
    assert item["agent"] == "a-1"
    assert len(str(to_wire(to_item(order, "Asia/Shanghai"))).encode()) < 3000
    everything = repr(market.cloud.contents())
    for told in ("device-1", "203.0.113", "13800138000"):
        assert told not in everything


def test_one_card_stays_below_one_write_unit(market: Market) -> None:
    longest: dict[str, Any] = FROM_SOMEWHERE | {"client_ip": "2001:db8:1234:5678:9abc:def0:1234:5678"}
    order = market.place(**longest, agent="a-1")
    item = market.cloud.table("OrdersTable").get({"pk": f"ORDER#{order.id}", "sk": "ORDER"})
    assert _size(to_wire(item or {})) < 1024


def _size(item: dict[str, Any]) -> int:
    """As DynamoDB counts an item: names, values, and a little for lists and maps."""

    def one(value: dict[str, Any]) -> int:
        ((kind, inner),) = value.items()
        match kind:
            case "L":
                return 3 + sum(1 + one(each) for each in inner)
            case "M":
                return 3 + sum(1 + len(name) + one(each) for name, each in inner.items())
            case "SS":
                return sum(len(each.encode()) for each in inner)
            case "N":
                return len(inner) // 2 + 2
            case "BOOL" | "NULL":
                return 1
            case _:
                return len(inner.encode()) if isinstance(inner, str) else len(inner)

    return sum(len(name) + one(value) for name, value in item.items())


def test_the_same_agents_network_and_device_are_told_apart_from_others(market: Market) -> None:
    first, second = market.place(**FROM_SOMEWHERE), market.place(device="device-2", client_ip="203.0.113.99")
    assert first.traces["net"] == second.traces["net"]
    assert first.traces["ip"] != second.traces["ip"]
    assert first.traces["device"] != second.traces["device"]
    mapped, strange = (
        market.place(client_ip="::ffff:203.0.113.7"),
        market.place(client_ip="1:2:zz".replace("z", "f:::")),
    )
    assert mapped.traces["ip"] == first.traces["ip"]
    assert strange.traces == {}


def test_a_browsers_own_address_counts_whatever_it_says_and_it_names_no_agent(market: Market) -> None:
    browser = Caller(role="publishable", key_id="P1", channel="site", ip="203.0.113.7")
    said = market.place(caller=browser, client_ip="198.51.100.1")
    assert said.traces == market.place(client_ip="203.0.113.7").traces
    with pytest.raises(Forbidden):
        market.place(caller=browser, agent="a-1")


def test_a_refused_order_leaves_its_reasons_and_nothing_else(market: Market) -> None:
    rule(market, "order", "order.units > 2", "refuse")
    before = without_decisions(market.cloud.contents())
    with pytest.raises(RiskRefused) as refusal:
        market.place(key="K", quantity=3, **FROM_SOMEWHERE)
    assert refusal.value.extra["reasons"] == ["test_reason"]
    assert without_decisions(market.cloud.contents()) == before
    recorded = next(each for each in decisions(market) if each["id"] == refusal.value.extra["decision"])
    assert (recorded["outcome"], recorded["facts"]["order.units"]) == ("refuse", 3)
    no_rules(market, "order")
    market.later(seconds=1)
    assert market.place(key="K", quantity=3, **FROM_SOMEWHERE).state == "awaiting_payment"


def test_reasons_that_are_not_public_are_not_told(market: Market) -> None:
    rule(market, "order", "order.units > 2", "refuse", public=False)
    with pytest.raises(RiskRefused) as refusal:
        market.place(quantity=3)
    assert refusal.value.extra["reasons"] == []


def test_a_replay_answers_the_first_order_and_neither_counts_nor_decides_twice(market: Market) -> None:
    first = market.place(key="K", quantity=2, **FROM_SOMEWHERE)
    before = market.cloud.contents()
    rule(market, "order", "true", "refuse")
    ruled = market.cloud.contents("RiskTable")["RiskTable"]
    moved: dict[str, Any] = {**FROM_SOMEWHERE, "client_ip": "198.51.100.1", "device": ""}
    assert market.place(key="K", quantity=2, **moved).id == first.id
    assert market.cloud.contents("RiskTable")["RiskTable"] == ruled
    assert market.cloud.contents("OrdersTable") == {"OrdersTable": before["OrdersTable"]}
    with pytest.raises(KeyReused):
        market.place(key="K", quantity=2, agent="another", **FROM_SOMEWHERE)


@pytest.mark.parametrize("same", ["device", "phone", "member"])
def test_two_hundred_at_once_hold_no_more_than_the_cap(market: Market, same: str) -> None:
    """Whatever else they give themselves out as."""
    policies(market, unpaid={"orders": 7, "units": 200})

    def buy(number: int) -> Order | None:
        who: dict[str, Any] = {"device": f"d{number}", "member": f"m{number}"}
        who["contact"] = {"phone": f"1390000{number:04d}"}
        who |= {"device": "D"} if same == "device" else {"member": "M"} if same == "member" else {}
        who |= {"contact": {"phone": "13800138000"}} if same == "phone" else {}
        for _ in range(20):
            try:
                return market.place(key=f"B{number}", **who)
            except TooManyUnpaid:
                return None
        raise AssertionError("never got through")

    with ThreadPoolExecutor(16) as buyers:
        placed = [order for order in buyers.map(buy, range(200)) if order]
    assert len(placed) == 7
    assert max(held(market, same)) == (7, 7)
    assert len(market.cards_in("reserved")) == 7 + 1
    assert len([o for o in market.cloud.contents("OrdersTable")["OrdersTable"] if o["sk"] == "ORDER"]) == 7 + 1


def test_units_are_capped_over_all_orders_and_within_one(market: Market) -> None:
    policies(market, unpaid={"orders": 10, "units": 5})
    with pytest.raises(TooManyUnpaid) as refusal:
        market.place(quantity=6)
    assert refusal.value.extra == {"most_orders": 10, "most_units": 5}
    market.place(quantity=3)
    with pytest.raises(TooManyUnpaid):
        market.place(quantity=3)
    market.place(quantity=2)


@pytest.mark.parametrize("how", ["paid", "expired", "cancelled"])
def test_what_is_over_counts_no_more_even_when_nobody_took_it_off(market: Market, how: str) -> None:
    """No stream runs here: the cap itself looks."""
    policies(market, unpaid={"orders": 2, "units": 200})
    first, _ = market.place(**FROM_SOMEWHERE), market.place(**FROM_SOMEWHERE)
    with pytest.raises(TooManyUnpaid):
        market.place(**FROM_SOMEWHERE)
    if how == "paid":
        market.pay(first)
    elif how == "cancelled":
        market.cancel(first)
    else:
        market.later(hours=1)
        market.sweep()
    assert market.place(**FROM_SOMEWHERE).state == "awaiting_payment"
    assert held(market, "device") == [(1, 1) if how == "expired" else (2, 2)]


def test_a_shortage_gives_the_hold_back(market: Market) -> None:
    with pytest.raises(SoldOut):
        market.place(quantity=150, **FROM_SOMEWHERE)
    assert held(market, "phone") == held(market, "device") == []


def test_a_call_that_died_holds_nothing_once_it_is_swept(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(6, MODES["crash before"][0], applied=False)
    with faults(monkeypatch):
        faults.armed = True
        with pytest.raises(Crash):
            market.place(key="K", **FROM_SOMEWHERE)
        faults.armed = False
    assert held(market, "phone") == [(1, 1)]
    market.later(minutes=5)
    market.sweep()
    assert held(market, "phone") == []
    assert len(market.cards_in("reserved")) == 1


def test_an_order_that_was_tidied_up_and_goes_on_counts_again(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep takes it off the caps just before the same call is made again."""
    faults = Faults(6, MODES["crash before"][0], applied=False)
    with faults(monkeypatch):
        faults.armed = True
        with pytest.raises(Crash):
            market.place(key="K", **FROM_SOMEWHERE)
        faults.armed = False
    (dead,) = [order for order in _orders(market) if order.state == "placing"]
    market.shop.risk.holds.release(dead)
    assert held(market, "phone") == []
    market.later(seconds=31)
    again = market.place(key="K", **FROM_SOMEWHERE)
    assert (again.state, again.decision) == ("awaiting_payment", dead.decision)
    assert held(market, "phone") == held(market, "device") == [(1, 1)]


@pytest.mark.parametrize("fault", [Busy("throttled"), EndpointConnectionError(endpoint_url="https://dynamodb")])
def test_without_a_risk_table_nothing_is_approved_and_the_same_call_gets_through_later(
    market: Market, fault: Exception
) -> None:
    class Down(Table):
        def get_many(self, keys: Any, *, consistent: bool = True) -> Any:
            raise fault

    whole = market.shop
    down = Down(whole.risk.table.name, whole.risk.table.client)
    market.shop = replace(whole, risk=replace(whole.risk, table=down))
    before = len(market.cards_in("reserved"))
    for _ in range(3):
        with pytest.raises(type(fault)):
            market.place(key="K", **FROM_SOMEWHERE)
        market.later(seconds=31)
    assert len(market.cards_in("reserved")) == before
    assert [order.state for order in _orders(market) if order.traces] in ([], ["placing"])
    market.shop = whole
    order = market.place(key="K", **FROM_SOMEWHERE)
    assert order.state == "awaiting_payment"
    assert order.decision in {each["id"] for each in decisions(market)}
    assert held(market, "device") == [(1, 1)]


def test_a_cap_outlasts_the_longest_wait_for_a_payment(market: Market) -> None:
    market.shop = replace(market.shop, payment_seconds=7 * 86_400)
    order = market.place(**FROM_SOMEWHERE)
    mine = [i for i in market.cloud.contents("RiskTable")["RiskTable"] if i["sk"] == "HOLDS" and order.id in i]
    assert len(mine) == 3
    assert {item["expires"] > order.expires_at.timestamp() for item in mine} == {True}


@pytest.mark.parametrize("mode", MODES)
def test_any_single_fault_of_placing_counts_and_decides_once(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    market.sku(limit_per_buyer=9)
    market.stock("ik-month", 200)
    market.place(key="warm", member="warm", contact={})
    for number in range(1, 40):
        who: dict[str, Any] = {
            "device": f"d{number}",
            "member": f"m{number}",
            "contact": {"phone": f"1390000{number:04d}"},
        }
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            order = insist(market, faults, lambda who=who: market.place(quantity=2, key=who["device"], **who))
        assert order.state == "awaiting_payment"
        mine = [
            i for i in market.cloud.contents("RiskTable")["RiskTable"] if order.id in i or i.get("order") == order.id
        ]
        counted = [(i["orders"], i["units"]) for i in mine if i["sk"] == "HOLDS"]
        assert counted == [(1, 2)] * 3, (mode, number, faults.calls)
        assert order.decision in {i["id"] for i in mine if i["sk"] == "DECISION"}
        again = market.place(quantity=2, key=who["device"], **who)
        assert again.id == order.id
        if len(faults.calls) < number:
            assert number > 5
            return
    raise AssertionError("never ran out of calls to fail")


def _orders(market: Market) -> list[Order]:
    return [from_item(i) for i in market.cloud.contents("OrdersTable")["OrdersTable"] if i["sk"] == "ORDER"]


def test_who_is_trusted_has_no_cap(market: Market) -> None:
    policies(market, unpaid={"orders": 1, "units": 1})
    order = market.place(**FROM_SOMEWHERE)
    with pytest.raises(TooManyUnpaid):
        market.place(**FROM_SOMEWHERE)
    listed = {"v": 1, "kind": "device", "hash": order.traces["device"], "effect": "allow", "reason": "partner"}
    key = {"pk": f"LISTED#device#{order.traces['device']}", "sk": "LISTED"}
    market.cloud.table("RiskTable").put({**key, **listed, "by": "operator:K9", "at": "2026-11-01T00:00:00.000Z"})
    assert market.place(quantity=3, **FROM_SOMEWHERE, caller=SITE).state == "awaiting_payment"
