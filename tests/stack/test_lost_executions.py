"""A workflow execution that dies while its order waits: the order is taken up again, and nothing is lost or doubled."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.stack.books import Books
from tests.stack.deployed import Deployed
from tests.stack.shop import Order, Shop, Store, until
from tools.local.cloud import Cloud

Disaster = Callable[[Order], None]


@pytest.fixture(params=["one execution is stopped", "everything is stopped and started"])
def disaster(request: pytest.FixtureRequest, cloud: Cloud, deployed: Deployed) -> Disaster:
    def stop(order: Order) -> None:
        client = deployed.stack.client("stepfunctions")
        client.stop_execution(executionArn=deployed.execution_of(order), cause="a test")

    def restart(_: Order) -> None:
        cloud.stop()
        cloud.start()

    return stop if request.param.startswith("one") else restart


def test_a_waiting_order_outlives_its_execution(
    shop: Shop, site: Store, deployed: Deployed, books: Books, disaster: Disaster
) -> None:
    sku = shop.sku(hold="payment", on_shortage="backlog")
    order = site.place(sku)
    site.pay(order)
    until(lambda: books.order(order).wait_token)
    assert deployed.is_running(order)
    disaster(order)
    assert not deployed.is_running(order)
    codes = shop.stock(sku, 1)
    # The card is the order's at once; nobody is there to deliver it until the sweep comes by.
    until(lambda: books.order(order).units[0].card)
    deployed.make_due(order)
    deployed.sweep("FulfillSweep")
    site.reaches(order, "fulfilled")
    assert site.received(order) == codes
    assert books.check_no_card_twice(sku) == Counter(delivered=1)
    assert books.order(order).attempt == 2
