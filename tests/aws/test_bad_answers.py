"""What suppliers of each protocol answer amiss, from the wire to the buyer's order: each ends in a state that is told,
each charge in cards that are somewhere."""

import pytest

from tests.aws.wholesale import Wholesale
from tools.local.suppliers.face import FACES
from tools.local.suppliers.server import SupplierServer

LOST = ("html_after", "huge", "truncated", "error_after")
"""Answers that are none, to orders that were carried out."""


def sells_cards(shop: Wholesale) -> None:
    code = next(good.code for good in shop.server.shop.goods.values() if good.cost == 1500)
    shop.sku("video", price=2500, sourcing="on_demand", issuer="video", card_format="number_pin")
    shop.sells("acme", "video", cost=1500, code=code)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("ending", LOST)
def test_an_answer_that_is_none_is_asked_for_and_its_cards_delivered(face: str, ending: str) -> None:
    with Wholesale(server=SupplierServer(face)) as shop:
        sells_cards(shop)
        shop.server.on(ending, kinds=("order",))
        order = shop.bought("video", quantity=2)
        assert shop.purchases()[0].state in ("unknown", "received")  # a callback may have been faster
        shop.settle(rounds=8)
        (po,) = shop.purchases()
        assert (po.state, po.received, shop.order(order).state) == ("received", 2, "fulfilled")
        assert shop.server.shop.charged(po.id) == 1


@pytest.mark.parametrize("face", FACES)
def test_a_certificate_that_nobody_knows_charges_nothing(face: str) -> None:
    """Whoever asks the price first knows that nothing was sent, and the buyer has the money back at once; else nobody
    knows, and nothing goes back until somebody does."""
    with Wholesale(server=SupplierServer(face, tls=True)) as shop:
        sells_cards(shop)
        order = shop.bought("video", quantity=2)
        (po,) = shop.purchases()
        knows = "price_check" in shop.adapter.abilities
        assert po.state == ("failed" if knows else "unknown")
        assert order.state == ("refunded" if knows else "fulfilling")
        assert shop.server.shop.sales == {}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("fault", "received", "aside"), [("surplus", 2, (1, 0)), ("resold", 1, (0, 1))])
def test_too_many_cards_and_known_ones_stand_on_the_purchase(
    face: str, fault: str, received: int, aside: tuple[int, int]
) -> None:
    with Wholesale(server=SupplierServer(face)) as shop:
        sells_cards(shop)
        shop.bought("video", quantity=2)
        shop.settle(rounds=4)
        first = {po.id for po in shop.purchases()}
        shop.server.on(fault)
        order = shop.bought("video", quantity=2, member="u2", key="second")
        shop.server.off()
        shop.settle(rounds=8)
        po = next(po for po in shop.purchases() if po.id not in first and po.quantity == 2)
        assert (po.state, po.received, (po.surplus, po.duplicate_count)) == ("received", received, aside)
        assert shop.order(order).state in ("fulfilled", "partially_refunded")
