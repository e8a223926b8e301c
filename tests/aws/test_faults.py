"""Every AWS call between placing an order and revealing its card (DynamoDB, KMS, Step Functions) fails once, in every
way a call can fail. Whoever called tries again, as a storefront, a payment provider and Step Functions do, and the
sweeps run: then everything must be as if nothing had happened."""

from contextlib import suppress

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fulfill.reveal import reveal
from quanyi.errors import Busy
from tests.aws.faults import MODES, Crash, Faults, insist
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud


def buy(market: Market, faults: Faults, sku: str, quantity: int) -> str:
    market.forget_keys()  # as a new process: reading and unwrapping keys can fail too
    order = insist(market, faults, lambda: market.place(sku, quantity, key=f"order of {sku}", member=sku, contact={}))
    _, payment = insist(market, faults, lambda: market.open_payment(order))
    fact = market.captured(payment)
    insist(market, faults, lambda: market.notify(fact))
    insist(market, faults, market.run)
    units = insist(market, faults, lambda: reveal(market.works, SITE, order.id)).deliveries[0].units
    assert {unit.number for unit in units} <= set(market.secrets_made)
    return order.id


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("quantity", [1, 3])
def test_any_single_fault_loses_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch, mode: str, quantity: int) -> None:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    market.sku("warm", limit_per_buyer=9)
    market.stock("warm", 4)
    faultless = Faults(0, fault, applied=applied)
    with faultless(monkeypatch):
        buy(market, faultless, "warm", quantity)
    number = 0
    while True:
        number += 1
        sku = f"sku{number}"
        market.sku(sku, limit_per_buyer=quantity)
        market.stock(sku, quantity + 2)
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            order_id = buy(market, faults, sku, quantity)
        market.later(minutes=3)
        market.sweep()
        market.run()
        order = market.order(order_id)
        assert order.state == "fulfilled", (mode, number, faults.calls[number - 1])
        assert len({unit.card for unit in order.units}) == quantity
        if len(faults.calls) < number:
            break
    assert number > 15, "too few calls failed to prove anything"
    assert {"unwrap", "StartExecution", "update_item", "put_item", "query"} <= set(faultless.calls)
    market.later(hours=3)
    market.sweep()
    market.later(hours=3)
    market.sweep()
    assert market.cards_in("reserved") == []
    assert len(market.cards_in("delivered")) == quantity * (number + 1)
    assert len(market.cards_in("available")) == 2 * number + 4 - quantity
    market.check_nothing_is_wrong()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how", ["cancelled", "expired"])
@pytest.mark.parametrize("terms", [{"hold": "payment"}, {"kind": "manual"}, {}], ids=["no card yet", "no card", "card"])
def test_any_single_fault_of_giving_up_leaves_the_buyer_their_limit(
    monkeypatch: pytest.MonkeyPatch, mode: str, how: str, terms: dict[str, str]
) -> None:
    """Nobody calls again: the buyer has gone, and orders anew another day."""
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    for number in range(1, 40):
        sku = f"sku{number}"
        market.sku(sku, limit_per_buyer=1, **terms)
        if terms.get("kind") != "manual":
            market.stock(sku, 1)
        order = market.place(sku, key=sku, member=sku, contact={})
        if how == "expired":
            market.later(minutes=16)
        faults = Faults(number, fault, applied=applied)
        faults.armed = True
        with faults(monkeypatch), suppress(Crash, ClientError, ReadTimeoutError, Busy):
            if how == "cancelled":
                market.cancel(order)
            else:
                market.sweep()
        for _ in range(2):
            market.later(minutes=25)
            market.sweep()
        ended = market.order(order)
        assert ended.state in ("cancelled", "expired"), (mode, number, faults.calls)
        assert ended.due_at is None, (mode, number, faults.calls)
        again = market.place(sku, key=f"again {sku}", member=sku, contact={})
        assert again.state == "awaiting_payment", (mode, number, faults.calls)
        market.cancel(again)
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    assert number > 3, "too few calls failed to prove anything"
    assert market.cards_in("reserved") == []
    market.check_nothing_is_wrong()


@pytest.mark.parametrize("mode", MODES)
def test_any_single_fault_of_a_refund_sends_the_money_back_once(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    for number in range(1, 40):
        sku = f"sku{number}"
        market.sku(sku, hold="payment")
        card = market.stock(sku, 1)[0]
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            order = insist(market, faults, lambda sku=sku: market.place(sku, key=sku, member=sku, contact={}))
            _, payment = insist(market, faults, lambda order=order: market.open_payment(order))
            market.shop.cards.quarantine(card, by="operator:x", reason="suspect")
            fact = market.captured(payment)
            insist(market, faults, lambda fact=fact: market.notify(fact))
            insist(market, faults, market.run)
        market.later(minutes=3)
        market.sweep()
        market.run()
        assert market.order(order).state == "refunded", (mode, number, faults.calls)
        refunds = [i for i in market.cloud.contents("SandboxTable")["SandboxTable"] if i["sk"] == "REFUND"]
        assert len(refunds) == number
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    market.check_nothing_is_wrong()
