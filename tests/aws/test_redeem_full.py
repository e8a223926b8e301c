"""A voucher's item holds its uses (`vouchers.room`): one that has no room left takes no more, and gives back what it
took."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from quanyi.errors import Busy
from quanyi.item_size import size_of
from quanyi.redemptions.model import Record, number_of
from quanyi.redemptions.table import RedemptionsTable
from quanyi.vouchers.refusals import NotUsable
from quanyi.vouchers.room import MOST_BYTES, OF_A_REVERSAL, OF_A_USE, room_of
from quanyi.vouchers.use import Use, use_id_of
from redeem.listing import redemptions_of
from redeem.messages import RedemptionView
from redeem.reversing import reverse
from tests.aws.conftest import Cloud
from tests.aws.counter import NOON, TILL, ZONE, Counter, Handed
from tests.aws.memory import MemoryCloud
from vouchers.views import UseView

TIMES: dict[str, Any] = {"value": {"kind": "times", "times": 1_000}, "reversal_minutes": 30}
LIMIT = 400 * 1024
GOODS: list[dict[str, Any]] = [{"name": f"{n:02}{'茶' * 98}", "quantity": n} for n in range(1, 51)]
LONG = "\U00020bb7" * 64
"""Of letters that take four bytes."""
LARGEST = Use(
    id="0" * 16,
    amount=10**12,
    at=NOON,
    key_id="K" * 24,
    store="S" * 64,
    channel="c" * 32,
    operator=LONG,
    member="M" * 64,
    body_hash="h" * 64,
    details={"sale": 10**12, "off": 10**12, "issuer": "i" * 64},
)


@pytest.fixture
def counter() -> Counter:
    return Counter(MemoryCloud())  # type: ignore[arg-type]


def worn(counter: Counter, room: int) -> Handed:
    """A voucher of a thousand uses with room for `room` more bytes, or a little less than one use less."""
    series = counter.series(**TIMES)
    size, standing = size_of(LARGEST.to_item()) + 17, OF_A_REVERSAL
    many = (room_of(counter.item(counter.hand_out(series))) - room) // (size + standing) + 1
    uses = {use_id_of("K1", f"before-{n}"): LARGEST.to_item() for n in range(many)}
    voucher = counter.hand_out(series, uses=uses, used=many, left=1_000 - many)
    assert room - size - standing <= room_of(counter.item(voucher)) <= room
    return voucher


def test_a_use_is_no_larger_than_is_reckoned() -> None:
    """With its reversal, and the numbers of a map around it."""
    taken = size_of({LARGEST.id: LARGEST.to_item()})
    given_back = replace(LARGEST, reversed_at=NOON, reversed_by=f"storefront:{'K' * 24}")
    assert size_of({LARGEST.id: given_back.to_item()}) <= taken + OF_A_REVERSAL <= OF_A_USE


def test_it_takes_uses_while_each_can_be_given_back(counter: Counter) -> None:
    voucher = worn(counter, 3 * OF_A_USE)
    taken: list[str] = []
    while not counter.check(voucher, operator=LONG).refused:
        taken.append(counter.redeem(voucher, f"k{len(taken)}", operator=LONG).use.id)
    assert 2 <= len(taken) < 9
    full = counter.item(voucher)
    with pytest.raises(NotUsable) as refused:
        counter.redeem(voucher, "one more")
    assert [one.rule for one in refused.value.refused] == ["full"]
    assert counter.redeem(voucher, "k0", operator=LONG).use.id == taken[0], "the same request is answered still"
    assert counter.item(voucher) == full
    for use in taken:
        reverse(counter.till, TILL, number_of(voucher.card_id, use))
    worst = {name: {**use, "r": use["t"], "b": "operator:" + "K" * 24} for name, use in full["uses"].items()}
    assert size_of({**full, "uses": worst}) <= MOST_BYTES < LIMIT
    assert counter.left(voucher) == full["left"] + len(taken)


def test_a_voucher_whose_uses_all_stand_gives_them_all_back(counter: Counter) -> None:
    voucher = worn(counter, OF_A_USE)
    for number in list(counter.item(voucher)["uses"])[:50]:
        counter.till.vouchers.reverse(voucher.card_id, replace(LARGEST, id=number), by=TILL.name, now=NOON)
        assert size_of(counter.item(voucher)) <= MOST_BYTES


def test_tills_that_ask_at_once_do_not_overfill_it(counter: Counter) -> None:
    voucher = worn(counter, 3 * OF_A_USE)

    def one(n: int) -> bool:
        try:
            counter.redeem(voucher, f"k{n}", operator=LONG)
        except (NotUsable, Busy):
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        taken = sum(threads.map(one, range(32)))
    assert 2 <= taken < 9
    assert room_of(counter.item(voucher)) >= 0


def test_goods_are_not_kept_with_each_use(counter: Counter) -> None:
    """They are the series' terms: told with each use all the same."""
    series = counter.series(value={"kind": "goods", "goods": GOODS}, reversal_minutes=30)
    voucher = counter.hand_out(series)
    uses: list[Use] = []
    for n in range(30):
        done = counter.redeem(voucher, f"k{n}")
        uses.append(done.use)
        assert RedemptionView.of(done.voucher, series, done.use).model_dump(mode="json")["goods"] == GOODS
        reverse(counter.till, TILL, number_of(voucher.card_id, done.use.id))
    assert size_of(counter.item(voucher)) < 20_000
    assert UseView.of(uses[0], series).details == {"goods": GOODS}


def test_a_stores_list_tells_goods_by_the_series(cloud: Cloud) -> None:
    counter = Counter(cloud)
    exchanged = counter.series(value={"kind": "goods", "goods": GOODS})
    other = counter.series("VS2")
    records = RedemptionsTable(cloud.table("StatsTable"), ZONE)
    use = replace(LARGEST, store="S1")
    records.put([Record(f"{of.id}-card", of.id, of.sku, "CNY", use) for of in (exchanged, other)])
    page = redemptions_of(counter.till, TILL, "S1", None, 50, None).model_dump(mode="json")
    assert {one["series"]: one["goods"] for one in page["items"]} == {"VS1": GOODS, "VS2": []}
