"""What buying from suppliers does to an order, where it goes on for long or goes wrong."""

from datetime import timedelta

from quanyi.item_size import size_of
from quanyi.orders.buying import (
    LOOK_AGAIN,
    LOOK_AGAIN_AT_MOST,
    being_bought,
    is_given_up,
    most_tried,
    not_bought,
    unavailable,
    wants_buying,
    with_bought,
)
from quanyi.orders.changes import delivered, settled
from quanyi.orders.model import MAX_UNITS, Order, Replaced
from quanyi.orders.table import to_item
from tests.unit.test_refunds import NOW, bought

DYNAMODB_TAKES = 400 * 1024
PURCHASE = "P" + "0" * 20


def on_demand(units: int = 1) -> Order:
    order = bought(units)
    waits = {"card": None, "hold": None, "state": "waiting", "sourcing": "on_demand", "on_shortage": "backlog"}
    changed = tuple(unit.model_copy(update=waits | {"backlog_hours": 720}) for unit in order.units)
    return order.model_copy(update={"units": changed, "state": "fulfilling", "paid_at": NOW})


def test_an_order_that_is_bought_for_again_and_again_fits_its_item() -> None:
    order = on_demand(MAX_UNITS)
    ids = [unit.id for unit in order.units]
    order = order.model_copy(
        update={"units": tuple(u.model_copy(update={"sku": "game-card-100", "least_margin": 500}) for u in order.units)}
    )
    for number in range(30):
        order = not_bought(being_bought(order, ids, PURCHASE), PURCHASE, f"{number:s>32}")
    assert len(order.units[0].tried) == most_tried(order) >= 3
    cards = dict.fromkeys(ids, "C" + "0" * 40)
    order = being_bought(unavailable(order, ids, NOW), ids, PURCHASE)
    assert size_of(to_item(order, "Asia/Shanghai")) < DYNAMODB_TAKES
    order = with_bought(order, PURCHASE, cards, 1)
    order = settled(delivered(order, ids, NOW), NOW)
    assert order.state == "fulfilled"
    assert size_of(to_item(order, "Asia/Shanghai")) < DYNAMODB_TAKES
    assert most_tried(on_demand(20)) == 20


def test_a_unit_is_bought_until_its_promise_is_over_however_often_that_fails() -> None:
    order, now = on_demand(), NOW
    until = NOW + timedelta(hours=720)
    while wants_buying(order, order.units[0], now):
        assert now < until
        assert not is_given_up(order, order.units[0], now)
        order = not_bought(being_bought(order, ["0-0"], PURCHASE), PURCHASE, "acme")
        order = unavailable(order, ["0-0"], now)
        (unit,) = order.units
        assert unit.buy_after
        now = unit.buy_after
    assert order.units[0].tries > 20
    assert order.units[0].tried == ("acme",)
    assert is_given_up(order, order.units[0], now)


def test_who_failed_is_remembered_once_the_last_one_at_the_end() -> None:
    order = on_demand()
    for supplier in ("a", "b", "a"):
        order = not_bought(being_bought(order, ["0-0"], PURCHASE), PURCHASE, supplier)
    assert (order.units[0].tried, order.units[0].tries) == (("b", "a"), 3)


def test_a_month_of_looking_for_an_offer_is_some_hundred_looks() -> None:
    """Each wakes the workflow, whose execution ends after 25,000 events."""
    order, now, looks = on_demand(), NOW, 0
    while wants_buying(order, order.units[0], now):
        order = unavailable(order, ["0-0"], now)
        (unit,) = order.units
        assert unit.buy_after
        assert LOOK_AGAIN <= unit.buy_after - now <= LOOK_AGAIN_AT_MOST
        now, looks = unit.buy_after, looks + 1
    assert now >= NOW + timedelta(days=30)
    assert looks < 800


def test_units_are_bought_together_or_not_at_all() -> None:
    order = on_demand(2)
    one = being_bought(order, ["0-0"], "P1")
    assert being_bought(one, ["0-0", "0-1"], "P2") == one
    both = being_bought(one, ["0-0", "0-1"], "P1")
    assert [unit.purchase for unit in both.units] == ["P1", "P1"]


def test_a_bad_card_does_not_come_back_from_its_purchase() -> None:
    order = with_bought(being_bought(on_demand(), ["0-0"], "P1"), "P1", {"0-0": "C1"}, 1)
    assert order.units[0].card == "C1"
    bad = Replaced(card="C1", sku="x", at=NOW, by="support", reason="invalid")
    anew = {"card": None, "hold": None, "replaced": (bad,)}
    order = order.model_copy(update={"units": (order.units[0].model_copy(update=anew),)})
    for late in (order, being_bought(order, ["0-0"], "P2")):
        assert with_bought(late, "P1", {"0-0": "C1"}, 1) == late


def test_what_was_charged_back_while_it_was_bought_is_owed_no_more() -> None:
    order = on_demand()
    (unit,) = order.units
    back = unit.model_copy(update={"back": unit.amount, "purchase": "P1"})
    assert not is_given_up(order, back, NOW)
    assert is_given_up(order, back.model_copy(update={"purchase": ""}), NOW)
    assert not is_given_up(order, unit, NOW)
