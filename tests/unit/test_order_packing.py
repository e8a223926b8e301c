"""How much of an order fits its item: what must be written always does."""

import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from quanyi.ids import derived_id
from quanyi.item_size import size_of
from quanyi.orders.books import books
from quanyi.orders.changes import captured, delivered, placed, settled, with_payment
from quanyi.orders.journal import posted
from quanyi.orders.model import MAX_UNITS, Order, Payment
from quanyi.orders.packing import MOST_BYTES, packed, unpacked
from quanyi.orders.refunds import goods_known, share_answered, with_allowance, with_refund
from quanyi.orders.table import from_item, to_item
from quanyi.table import to_wire
from tests.unit.test_refunds import BY, NOW, bought

DYNAMODB_TAKES = 400 * 1024
ZONE = "Asia/Shanghai"


def large() -> Order:
    """As many units as there can be, delivered in two steps, with names as long as real ones."""
    made = bought(MAX_UNITS)
    units = tuple(u.model_copy(update={"card": None, "sku": "game-card-100", "warranty_days": 7}) for u in made.units)
    made = made.model_copy(update={"units": units, "state": "placing", "payments": (), "paid_at": None})
    made = written(placed(made, {u.id: derived_id("C", u.id) * 2 for u in units}))
    made = written(with_payment(made, Payment(id="P1", provider="alipay", amount=made.total, created_at=NOW), NOW))
    made = written(captured(made, "P1", "2026112322001478761000000001", made.total, NOW, fee=600))
    for some in (units[:900], units[900:]):
        made = written(delivered(made, [u.id for u in some], NOW))
    return written(settled(made, NOW))


def written(order: Order) -> Order:
    return posted(order.model_copy(update={"rev": order.rev + 1}), NOW)


def size(order: Order) -> int:
    return size_of(to_item(order, ZONE))


def test_what_was_asked_for_can_be_done_to_its_end() -> None:
    """Refunds of one unit after the other as long as they are taken; then each becomes known by a write of its own."""
    order = large()
    assert size(order) < MOST_BYTES - 50_000, "an order that is whole has room"
    asked, reason = "Q0123456789ABCDEFGHJK:" + "h" * 64, "r" * 200
    for unit in [unit.id for unit in order.units]:
        more = written(with_refund(order, [unit], reason=reason, by=BY, now=NOW, of=("delivered",), asked=asked))
        if len(more.refunds) % 10 == 0 and size(more) > MOST_BYTES:
            break
        order = more
    assert len(order.refunds) > 80
    order = written(goods_known(order, {unit: "lost" for refund in order.refunds for unit in refund.units}))
    for refund in order.refunds:
        order = written(settled(share_answered(order, refund.id, 0, "unknown", NOW), NOW))
        order = written(settled(share_answered(order, refund.id, 0, "succeeded", NOW + timedelta(days=1)), NOW))
    books(order)
    assert size(order) < DYNAMODB_TAKES


def test_an_allowance_on_every_unit_takes_little() -> None:
    order = large()
    before = size(order)
    for _ in range(20):
        order = written(with_allowance(order, 12_345, [u.id for u in order.units], reason="r", by=BY, now=NOW))
    assert size(order) - before < 20 * 500 + 10_000
    assert from_item(to_item(order, ZONE)) == order


def test_items_of_before_are_read() -> None:
    order = with_allowance(large(), 7, ["0-0", "0-5"], reason="r", by=BY, now=NOW)
    item = to_item(order, ZONE)
    assert item["refunds"][0]["parts"] == [["0-0", 4], ["0-5", 3]]
    assert from_item(item).refunds[0].parts == (("0-0", 4), ("0-5", 3))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 3)), unique_by=lambda part: part[0]))
def test_runs_are_what_they_were(parts: list[tuple[int, int]]) -> None:
    units = [f"0-{i}" for i in range(31)]
    told = [(f"0-{i}", amount) for i, amount in parts]
    assert unpacked(packed(told, units), units) == told


def test_the_size_is_not_below_what_is_sent() -> None:
    """The wire form has a type beside each value, and quotes: without them it is what counts."""
    item = to_item(large(), ZONE)
    wire = json.dumps(to_wire(item), ensure_ascii=False, separators=(",", ":"))
    assert size_of(item) <= len(wire.encode())
    assert size_of({"a": "é", "n": 12345, "l": [1, None, True], "b": b"123"}) == 3 + 4 + 7 + 13 + 5
