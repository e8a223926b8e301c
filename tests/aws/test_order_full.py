"""An order that has no room left (`orders.packing`) takes no replacement and no refund of a case; what was decided
before is carried out all the same."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from aftersales.claiming import claim_card, decide, replace_card
from aftersales.messages import ClaimBody, DecisionBody, ReplacementBody
from quanyi.callers import Caller
from quanyi.claims.model import Claim
from quanyi.errors import OrderFull
from quanyi.orders.model import Order
from tests.aws.after_sale import SUPPORT, delivered, desk_of
from tests.aws.conftest import Cloud
from tests.aws.court import Court, made
from tests.aws.market import Market

YES = DecisionBody(grant=True, reason="yes")


@contextmanager
def full(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """As if every order were."""
    with monkeypatch.context() as small:
        small.setattr("quanyi.orders.table.MOST_BYTES", 100)
        yield


def claim(market: Market, order: Order, unit: str) -> Claim:
    body = ClaimBody(unit=unit, replaced_before=0, reason="invalid")
    return claim_card(desk_of(market), Caller(role="order", order=order.id), order.id, f"c{unit}", body)


def replace(market: Market, order: Order, unit: str) -> Claim:
    body = ReplacementBody(unit=unit, replaced_before=0, reason="invalid")
    return replace_card(desk_of(market), SUPPORT, order.id, f"s{unit}", body)


def test_no_card_is_replaced(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market(cloud)
    market.sku(warranty_days=30)
    market.stock("ik-month", 3)
    order = delivered(market, 2, seen=True)
    waits, before = claim(market, order, "0-0"), cloud.contents()
    with full(monkeypatch):
        for act in (
            lambda: claim(market, order, "0-1"),
            lambda: replace(market, order, "0-1"),
            lambda: decide(desk_of(market), SUPPORT, waits.id, YES),
        ):
            with pytest.raises(OrderFull) as refused:
                act()
            assert refused.value.detail
        assert cloud.contents() == before, "no card is out of use, no claim on its way"
        assert claim(market, order, "0-0") == waits, "the same call again is answered"
        no = DecisionBody(grant=False, reason="paid back by transfer")
        assert decide(desk_of(market), SUPPORT, waits.id, no).state == "refused"
    granted = replace(market, order, "0-1")
    with full(monkeypatch):
        assert replace(market, order, "0-1") == granted
        market.run()
    assert len(market.order(order).units[1].replaced) == 1
    market.check_nothing_is_wrong()


def test_what_was_granted_before_is_carried_out(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market(cloud)
    market.sku()
    market.stock("ik-month", 2)
    order = delivered(market, seen=True)
    with monkeypatch.context() as dying:
        dying.setattr("aftersales.claiming.carried_out", lambda _, claim: claim)
        with pytest.raises(Exception, match="refused"):
            replace(market, order, "0-0")
    with full(monkeypatch):
        assert replace(market, order, "0-0").state == "granted"
    assert market.order(order).units[0].replaced


@pytest.fixture
def court(cloud: Cloud) -> Court:
    return made(cloud)


def test_no_case_is_refunded(court: Court, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    before = cloud.contents()
    with full(monkeypatch):
        for amount in (None, {"amount": 500, "currency": "CNY"}):
            with pytest.raises(OrderFull):
                court.answer(case, action="refund", amount=amount)
        assert cloud.contents() == before
        assert court.desk.heard == {}, "nothing was promised at the provider"
        assert court.answer(case, action="reply", text="we pay you back outside").answers[0].outcome == "succeeded"


def test_a_refund_that_the_provider_knows_of_is_made(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    order = court.sold()
    case = court.take(court.brings(order))
    court.desk.outcomes = ["unknown"]
    court.answer(case, action="refund")
    with full(monkeypatch):
        court.answer(case, action="refund")
        court.market.run()
    assert court.order(order).state == "refunded"
