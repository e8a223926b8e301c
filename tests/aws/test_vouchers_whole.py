"""A voucher's whole way: bought, shown, used at a counter, and then its money is wanted back."""

import pytest

from aftersales.messages import RefundBody
from aftersales.refunding import refund_order
from quanyi.cases.reveals import Reveals
from quanyi.orders.model import Order
from quanyi.redemptions.model import number_of
from quanyi.risk.refusals import ReviewNeeded
from quanyi.vouchers.refusals import NotUsable, VoucherSpent
from redeem.messages import UseBody
from redeem.reversing import reverse
from redeem.using import Redeemed, redeem
from redeem.wiring import Till
from tests.aws.after_sale import OPERATOR, SUPPORT, card, delivered, desk_of, shown
from tests.aws.counter import TILL, Counter
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud
from vouchers.buyer_qr import qr_for_buyer
from vouchers.wiring import Shown

TERMS = {"value": {"kind": "times", "times": 2}, "pin_digits": 4, "reversal_minutes": 30}


@pytest.fixture
def market() -> Market:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    market.sku("coffee", kind="voucher", voucher=TERMS)
    return market


@pytest.fixture
def till(market: Market) -> Till:
    return Counter(market.cloud, market.now).till


def use(till: Till, body: UseBody, key: str = "k1") -> Redeemed:
    return redeem(till, TILL, key, body)


def by_code(market: Market, order: Order) -> UseBody:
    (unit,) = shown(market, order)
    return UseBody.model_validate({"code": unit.number, "pin": unit.pin})


def by_qr(market: Market, order: Order, kind: str) -> UseBody:
    works = market.works
    reveals = Reveals(works.orders.table, works.members)
    room = Shown(works.orders, works.cards, works.series, reveals, market.cloud.keyring, lambda: market.now)
    view = qr_for_buyer(room, SITE, order.id, "0-0", kind)  # type: ignore[arg-type]
    return UseBody.model_validate({"qr": view.text})


def refunded(market: Market, order: Order, *, despite_risk: bool = False) -> str:
    by = OPERATOR if despite_risk else SUPPORT
    body = RefundBody(reason="changed their mind", despite_risk=despite_risk)
    refund_order(desk_of(market), by, order.id, "r1", body)
    market.run()
    order = market.order(order)
    assert order.state == "refunded"
    return order.units[0].goods


def test_it_is_used_by_code_and_by_qr_code_until_nothing_is_left(market: Market, till: Till) -> None:
    order = delivered(market, sku="coffee")
    body = by_code(market, order)
    use(till, body)
    assert [unit.voucher.left for unit in shown(market, order) if unit.voucher] == [1]
    fresh = by_qr(market, order, "fresh")
    use(till, fresh, "k2")
    (unit,) = shown(market, order)
    assert (unit.voucher and unit.voucher.left, unit.withheld) == (0, False)
    with pytest.raises(VoucherSpent):
        use(till, body, "k3")
    assert card(market, order.units[0].card)["state"] == "redeemed"


def test_a_refund_of_an_unused_one_cancels_it_for_every_counter(market: Market, till: Till) -> None:
    order = delivered(market, sku="coffee")
    ways = [by_code(market, order), by_qr(market, order, "static")]
    assert refunded(market, order) == "cancelled"
    for body in ways:
        with pytest.raises(NotUsable) as refused:
            use(till, body)
        assert "cancelled" in [one.rule for one in refused.value.refused]
    assert card(market, order.units[0].card)["left"] == 2


def test_a_refund_of_a_used_one_is_a_loss_and_ends_it_too(market: Market, till: Till) -> None:
    order = delivered(market, sku="coffee")
    body = by_code(market, order)
    use(till, body)
    with pytest.raises(ReviewNeeded):
        refunded(market, order)
    assert refunded(market, order, despite_risk=True) == "lost"
    with pytest.raises(NotUsable):
        use(till, body, "k2")


def test_a_use_that_was_reversed_is_no_use(market: Market, till: Till) -> None:
    order = delivered(market, sku="coffee")
    made = use(till, by_code(market, order))
    reverse(till, TILL, number_of(made.voucher.card_id, made.use.id))
    assert refunded(market, order) == "cancelled"


def test_while_the_payment_is_disputed_it_cannot_be_used(market: Market, till: Till) -> None:
    order = delivered(market, sku="coffee")
    body = by_code(market, order)
    market.works.orders.change(order.id, lambda it: it.model_copy(update={"frozen": ("C1",)}))
    with pytest.raises(NotUsable) as refused:
        use(till, body)
    assert [one.rule for one in refused.value.refused] == ["order_frozen"]
    assert card(market, order.units[0].card)["left"] == 2
