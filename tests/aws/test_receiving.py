"""What a supplier delivers becomes stock, or the cards of the order it was bought for: each card once, however often
the list comes, in whatever order, and wherever a run ended."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.audit.model import entry_of_card
from quanyi.batches.model import Batch
from quanyi.cards.model import Pool
from quanyi.change import Change
from quanyi.errors import Busy
from quanyi.receiving import receive as module
from quanyi.receiving import writing
from quanyi.receiving.model import DeliveredCard, Received
from quanyi.receiving.table import LEASE
from quanyi.secret import Secret
from tests.aws.conftest import Cloud
from tests.aws.faults import MODES, Crash, Faults
from tests.aws.memory import MemoryDynamo
from tests.aws.warehouse import COST, SKU, Warehouse


@pytest.fixture
def house() -> Warehouse:
    return Warehouse()


def counts(received: Received) -> tuple[int, int, int, int]:
    return received.received, received.surplus, len(received.duplicates), len(received.invalid)


def test_on_aws_too(cloud: Cloud) -> None:
    house = Warehouse(cloud)
    house.wait("0-0")
    for _ in range(2):
        received = house.receive(["AAAA-1", "AAAA-2", "AAAA-3", "x"], 2, for_units={"0-1": "O1#1"})
        assert counts(received) == (2, 1, 0, 1)
        assert list(received.assigned) == ["0-1"]
        house.check()
    assert house.waiting() == []


def test_cards_for_stock(house: Warehouse) -> None:
    received = house.receive(["AAAA-1", "AAAA-2"], 2, channel="taobao", shards=4)
    assert counts(received) == (2, 0, 0, 0)
    assert received.assigned == {}
    card = house.card("AAAA-1")
    assert (card["state"], card["channel"], card["import_id"]) == ("available", "taobao", "P1")
    (batch,) = received.batches
    made = house.batches.get(batch)
    assert (made.supplier, made.unit_cost, made.import_id, made.channel, made.size) == ("acme", COST, "P1", "taobao", 2)
    assert house.pools() == [Pool(SKU, "taobao", "9999-12-31", 4)]
    house.check()


def test_the_same_list_again_writes_nothing(house: Warehouse) -> None:
    first = house.receive(["AAAA-1", "AAAA-2", "x"], 2, for_units={"0-0": "O1#1"})
    dynamo: MemoryDynamo = house.cloud.dynamo
    before = dynamo.writes
    assert house.receive(["x", "AAAA-2", "AAAA-1", "AAAA 1"], 2, for_units={"0-0": "O1#1"}) == replace(
        first, invalid=(replace(first.invalid[0], index=0),)
    )
    assert dynamo.writes == before


def test_a_list_that_grows(house: Warehouse) -> None:
    assert counts(house.receive(["AAAA-1"], 3)) == (1, 0, 0, 0)
    assert counts(house.receive([], 3)) == (1, 0, 0, 0)
    received = house.receive(["AAAA-2", "AAAA-1", "AAAA-3"], 3)
    assert counts(received) == (3, 0, 0, 0)
    assert len(received.batches) == 2  # a data key is in memory only while its run lasts
    house.check()


def test_a_list_that_shrinks_takes_nothing_back(house: Warehouse) -> None:
    house.receive(["AAAA-1", "AAAA-2"], 2)
    assert counts(house.receive(["AAAA-3"], 2)) == (2, 1, 0, 0)
    assert house.state("AAAA-3") == "quarantined"
    house.check()


def test_the_backlog_is_served_first(house: Warehouse) -> None:
    house.wait("0-0", "0-1")
    received = house.receive(["AAAA-1", "AAAA-2", "AAAA-3"], 3)
    assert counts(received) == (3, 0, 0, 0)
    assert sorted(card["state"] for card in house.cards()) == ["available", "reserved", "reserved"]
    assert house.waiting() == []
    house.check()


def test_a_long_backlog_is_served_to_its_end(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_MOST", 2)
    monkeypatch.setattr("quanyi.receiving.arrivals.AT_MOST", 2)
    house.wait(*(f"0-{n}" for n in range(5)))
    house.receive([f"AAAA-{n}" for n in range(6)], 6)
    assert house.waiting() == []
    house.check()


def test_cards_beyond_the_quantity_wait_for_a_person(house: Warehouse) -> None:
    house.wait("0-0")
    received = house.receive(["AAAA-1", "AAAA-2", "AAAA-3"], 1)
    assert counts(received) == (1, 2, 0, 0)
    aside = [card for card in house.cards() if card["state"] == "quarantined"]
    assert [(card["changed_by"], card["reason"]) for card in aside] == [("system", "more than was ordered by P1")] * 2
    assert not any("available" in card for card in aside)
    entry = entry_of_card(Change("1", house.now, {}, aside[0]))
    assert entry
    assert (entry.what, entry.by, entry.facts[0]["reason"]) == ("quarantined", "system", "more than was ordered by P1")
    house.work.cards.readmit(aside[0]["card_id"], by="K1", reason="paid for", now=house.now)
    house.work.cards.void(aside[1]["card_id"], by="K1", reason="given back")
    assert counts(house.receive(["AAAA-3", "AAAA-1", "AAAA-2"], 1)) == (1, 2, 0, 0)


def test_the_order_of_the_list_decides_nothing() -> None:
    numbers = [f"AAAA-{n}" for n in range(6)]
    kept: set[frozenset[str]] = set()
    for listed in (numbers, numbers[::-1], numbers[3:] + numbers[:3]):
        house = Warehouse()
        house.receive(listed, 3)
        kept.add(frozenset(number for number in numbers if house.state(number) == "available"))
    assert len(kept) == 1


def test_a_card_from_elsewhere_is_not_touched(house: Warehouse) -> None:
    house.receive(["AAAA-1"], 1, purchase="P0")
    house.work.cards.claim(house.id_of("AAAA-1"), hold="O1#1", until=house.now, now=house.now)
    before = house.card("AAAA-1")
    received = house.receive(["BBBB-1", "AAAA1"], 2, for_units={"0-0": "O2#1"})
    assert counts(received) == (1, 0, 1, 0)
    (known,) = received.duplicates
    assert (known.index, known.card, known.import_id) == (1, before["card_id"], "P0")
    assert known.batch == before["batch"]
    assert house.card("AAAA-1") == before
    assert received.assigned == {"0-0": house.id_of("BBBB-1")}


def test_nothing_new_makes_no_batch(house: Warehouse) -> None:
    house.receive(["AAAA-1"], 1, purchase="P0")
    assert counts(house.receive(["AAAA-1", "x"], 2)) == (0, 0, 1, 1)
    assert house.receive(["AAAA-1", "x"], 2).batches == ()
    house.check()


def test_another_takes_the_place_of_a_card_that_came_from_elsewhere_meanwhile(
    house: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = ["AAAA-1", "AAAA-2"]
    first = min(numbers, key=house.id_of)
    get_many = type(house.work.cards).get_many
    looks: list[int] = []

    def meanwhile(cards: Any, ids: Any) -> Any:
        found = get_many(cards, ids)
        looks.append(1)
        if len(looks) == 2:  # under the lease, before it writes
            monkeypatch.undo()
            house.receive([first], 1, purchase="P0")
        return found

    monkeypatch.setattr(type(house.work.cards), "get_many", meanwhile)
    received = house.receive(numbers, 1, for_units={"0-0": "O1#1"})
    assert counts(received) == (1, 0, 1, 0)
    assert list(received.assigned) == ["0-0"]
    house.check()


@pytest.mark.parametrize(
    ("kind", "number", "pin", "reason"),
    [
        ("code", "", None, "missing_field"),
        ("code", "  ", None, "missing_field"),
        ("code", "AB", None, "too_short"),
        ("code", "A" * 257, None, "too_long"),
        ("code", "AAAA\x00BBBB", None, "forbidden_character"),
        ("code", "AAAA\ud800BBBB", None, "forbidden_character"),
        ("code", "AAAA-BBBB", "12\n34", "forbidden_character"),
        ("number", "6222?0212", None, "forbidden_character"),
        ("number_pin", "62220212", None, "missing_field"),
        ("number_pin", "62220212", "1" * 65, "too_long"),
        ("link", "ftp://a.example/x", None, "not_a_link"),
    ],
)
def test_what_is_no_card(house: Warehouse, kind: str, number: str, pin: str | None, reason: str) -> None:
    bad = DeliveredCard(Secret(number), Secret(pin) if pin else None)
    received = house.receive([bad, bad], 1, format=kind)
    assert [(one.index, one.reason) for one in received.invalid] == [(0, reason)]
    assert counts(received) == (0, 0, 0, 1)
    assert house.cards() == []


def test_of_two_with_one_number_the_good_one_counts(house: Warehouse) -> None:
    bad, good = DeliveredCard(Secret("6222 0212")), DeliveredCard(Secret("62220212"), Secret(" 88 "))
    for listed in ([bad, good], [good, bad]):
        assert counts(house.receive(listed, 1, format="number_pin")) == (1, 0, 0, 0)
    assert house.faces() == {"62220212": "88"}


def test_expiry(house: Warehouse) -> None:
    soon, over = house.now + timedelta(days=1), house.now
    listed = [
        DeliveredCard(Secret("AAAA-1"), expires_at=soon),
        DeliveredCard(Secret("AAAA-2"), expires_at=over),
        DeliveredCard(Secret("AAAA-3")),
    ]
    later = house.now + timedelta(days=2)
    received = house.receive(listed, 3, expires_at=later)
    assert counts(received) == (2, 0, 0, 1)
    assert [(one.index, one.reason) for one in received.invalid] == [(1, "expired")]
    assert {pool.sell_by_day for pool in house.pools()} == {"2026-11-24", "2026-11-25"}
    house.now += timedelta(days=3)  # what came in in time stays
    assert house.receive(listed, 3, expires_at=later) == received


# Cards for units of an order.


def test_units_get_their_cards(house: Warehouse) -> None:
    units = {"0-0": "O1#1", "0-1": "O1#1"}
    house.wait("0-0")
    house.wait("0-1", order="O1")  # it is in the queue as well, and must not be served twice
    received = house.receive(["AAAA-1", "AAAA-2", "AAAA-3", "AAAA-4"], 4, for_units=units)
    assert sorted(received.assigned) == ["0-0", "0-1"]
    held = [house.work.cards.get(card) or {} for card in received.assigned.values()]
    assert [(card["state"], card["hold"]) for card in held] == [("reserved", "O1#1")] * 2
    assert [entry.order for entry in house.waiting()] == ["O1"]
    assert sorted(card["state"] for card in house.cards()) == ["available", "reserved", "reserved", "reserved"]
    house.check()
    assert house.receive(["AAAA-4", "AAAA-3", "AAAA-2", "AAAA-1"], 4, for_units=units) == received


def test_a_unit_keeps_its_card_and_the_next_gets_the_next(house: Warehouse) -> None:
    units = {"0-0": "O1#1", "0-1": "O1#1"}
    first = house.receive(["AAAA-1"], 2, for_units=units)
    (unit, card) = next(iter(first.assigned.items()))
    both = house.receive(["AAAA-1", "AAAA-2"], 2, for_units=units)
    assert both.assigned[unit] == card
    assert sorted(both.assigned.values()) == sorted(map(house.id_of, ("AAAA-1", "AAAA-2")))


def test_a_later_attempt_takes_the_card_over(house: Warehouse) -> None:
    first = house.receive(["AAAA-1"], 1, for_units={"0-0": "O1#1"})
    assert house.receive(["AAAA-1"], 1, for_units={"0-0": "O1#2"}) == first
    assert house.card("AAAA-1")["hold"] == "O1#2"
    house.work.cards.release(house.id_of("AAAA-1"), hold="O1#2")  # by a sweep
    assert house.receive(["AAAA-1"], 1, for_units={"0-0": "O1#3"}) == first
    assert house.card("AAAA-1")["hold"] == "O1#3"
    house.work.cards.deliver(house.id_of("AAAA-1"), hold="O1#3", order="O1", unit="0-0", now=house.now)
    assert house.receive(["AAAA-1"], 1, for_units={"0-0": "O1#4"}) == first
    assert house.state("AAAA-1") == "delivered"


def test_a_card_that_somebody_else_has_by_now_is_theirs(house: Warehouse) -> None:
    house.receive(["AAAA-1"], 1, for_units={"0-0": "O1#1"})
    card = house.id_of("AAAA-1")
    house.work.cards.release(card, hold="O1#1")
    house.work.cards.claim(card, hold="O2#1", until=house.now, now=house.now)
    assert house.receive(["AAAA-1"], 2, for_units={"0-0": "O1#1"}).assigned == {}
    assert house.card("AAAA-1")["hold"] == "O2#1"
    received = house.receive(["AAAA-1", "AAAA-2"], 2, for_units={"0-0": "O1#1"})
    assert received.assigned == {"0-0": house.id_of("AAAA-2")}


def test_surplus_serves_no_unit(house: Warehouse) -> None:
    received = house.receive(["AAAA-1", "AAAA-2"], 1, for_units={"0-0": "O1#1", "0-1": "O1#1"})
    assert counts(received) == (1, 1, 0, 0)
    assert len(received.assigned) == 1


# Many at once, and runs that end anywhere.


def test_a_pool_that_was_closed_meanwhile_is_open_again(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    settle = type(house.batches).settle

    def closed(*given: Any) -> None:
        for pool in house.pools():
            house.work.pools.close(pool)
        settle(*given)

    monkeypatch.setattr(type(house.batches), "settle", closed)
    house.receive(["AAAA-1"], 1)
    house.check()


def test_a_write_whose_answer_was_lost_below_us_counts(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK writes again and finds the card there: it is the run's own, with its place in the queue."""
    insert = type(house.work.cards).insert

    def twice(cards: Any, card: Any, **instead: Any) -> None:
        insert(cards, card, **instead)
        insert(cards, card, **instead)

    monkeypatch.setattr(type(house.work.cards), "insert", twice)
    house.wait("0-0")
    received = house.receive(["AAAA-1", "AAAA-2", "AAAA-3"], 2, for_units={"0-0": "O1#1"})
    assert counts(received) == (2, 1, 0, 0)
    assert list(received.assigned) == ["0-0"]
    assert house.waiting() == []
    house.check()


def test_two_at_once(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one run decides what is beyond the quantity, another waits; what that brings is judged by what came in."""
    name_batch = type(house.work.runs).name_batch
    refused: list[Busy] = []

    def meanwhile(*given: Any) -> None:
        monkeypatch.undo()
        with pytest.raises(Busy) as busy:
            house.receive(["AAAA-3", "AAAA-4"], 2)
        refused.append(busy.value)
        name_batch(*given)

    monkeypatch.setattr(type(house.work.runs), "name_batch", meanwhile)
    assert counts(house.receive(["AAAA-1", "AAAA-2"], 2)) == (2, 0, 0, 0)
    assert refused
    assert counts(house.receive(["AAAA-1", "AAAA-2", "AAAA-3", "AAAA-4"], 2)) == (2, 2, 0, 0)
    house.check()


def test_a_run_that_was_overtaken_makes_no_batch(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    name_batch = type(house.work.runs).name_batch

    def slowly(*given: Any) -> None:
        monkeypatch.undo()
        house.now += LEASE + timedelta(seconds=1)
        assert counts(house.receive(["AAAA-3", "AAAA-4"], 2)) == (2, 0, 0, 0)
        name_batch(*given)

    monkeypatch.setattr(type(house.work.runs), "name_batch", slowly)
    with pytest.raises(Busy):
        house.receive(["AAAA-1", "AAAA-2"], 2)
    assert counts(house.receive(["AAAA-1", "AAAA-2", "AAAA-3", "AAAA-4"], 2)) == (2, 2, 0, 0)
    house.check()


class Death(Faults):
    """The process is gone for good: no call after that one either."""

    def _counted(self, operation: str, call: Any) -> Any:
        if self.armed and len(self.calls) >= self.at > 0:
            raise Crash
        return super()._counted(operation, call)


LISTED = ["AAAA-1", "AAAA-2", "AAAA-3", "AAAA-4", "AAAA-5", "x", "KNOWN-1"]
UNITS = {"0-0": "O1#1", "0-1": "O1#1"}


def end_state(house: Warehouse, received: Received) -> dict[str, Any]:
    house.check()
    cards = {card["card_id"]: card for card in house.cards()}
    return {
        "told": replace(received, batches=(), duplicates=(received.duplicates[0].card,)),  # type: ignore[arg-type]
        "states": {number: house.state(number) for number in LISTED if number != "x"},
        "for units": {card["bought_for"]: name for name, card in cards.items() if "bought_for" in card},
        "queued": len([card for card in cards.values() if "waits_for" in card]),
        "pools": [pool.name() for pool in house.pools()],
    }


@pytest.mark.parametrize("kind", [Faults, Death])
@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_ends_anywhere_is_made_good(monkeypatch: pytest.MonkeyPatch, mode: str, kind: type[Faults]) -> None:
    monkeypatch.setattr(writing, "WRITERS", 1)  # calls in one order
    monkeypatch.setattr(writing, "MAX_CARDS", 2)
    fault, applied = MODES[mode]
    expected: dict[str, Any] | None = None
    number = 0
    while True:
        house = Warehouse()
        house.receive(["KNOWN-1"], 1, purchase="P0")
        house.wait("0-0")
        faults = kind(number, fault, applied=applied)
        with faults(monkeypatch):
            faults.armed = True
            ended = False
            try:
                house.receive(LISTED, 4, for_units=UNITS)
                ended = True
            except (Crash, ClientError, ReadTimeoutError, Busy):
                assert number
            faults.armed = False
        house.now += LEASE + timedelta(seconds=1)
        for listed in (LISTED[::-1], LISTED):
            received = house.receive(listed, 4, for_units=UNITS)
        found = end_state(house, received)
        expected = expected or found
        assert found == expected, (mode, number, faults.calls[-1])
        if number and ended and len(faults.calls) < number:
            break
        number += 1
    assert number > 15
    assert expected
    assert counts(received) == (4, 1, 1, 1)
    assert (len(expected["for units"]), expected["queued"]) == (2, 1)


def test_a_fault_gives_the_lease_back(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(batch: Batch) -> bytes:
        raise Busy("KMS")

    with monkeypatch.context() as patch:
        patch.setattr(type(house.work.batch_keys), "make", lambda keys, batch: broken(batch))
        with pytest.raises(Busy):
            house.receive(["AAAA-1"], 1)
    assert counts(house.receive(["AAAA-1"], 1)) == (1, 0, 0, 0)
    house.check()


def test_a_batch_that_a_later_list_does_not_tell_of_keeps_its_key(
    house: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(type(house.work.runs), "finish", died)
        patch.setattr(type(house.batches), "settle", died)
        with pytest.raises(Crash):
            house.receive(["AAAA-1", "AAAA-2"], 2)
    assert counts(house.receive(["AAAA-3"], 2)) == (2, 1, 0, 0)
    house.check()


NUMBERS = [f"CARD-{n}" for n in range(8)]
ENTRY = st.sampled_from([*NUMBERS, "KNOWN-1", "KNOWN-2", "x", "AA\x00AA", ""])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    calls=st.lists(st.tuples(st.lists(ENTRY, max_size=6), st.randoms(use_true_random=False)), min_size=1, max_size=5),
    quantity=st.integers(1, 6),
    units=st.integers(0, 3),
    queued=st.integers(0, 2),
)
def test_nothing_is_lost_or_doubled_however_the_list_grows(
    calls: list[tuple[list[str], Any]], quantity: int, units: int, queued: int
) -> None:
    house = Warehouse()
    house.receive(["KNOWN-1", "KNOWN-2"], 2, purchase="P0")
    house.wait(*(f"0-{n}" for n in range(queued)))
    wanted = {f"0-{n}": "O1#1" for n in range(units)}
    listed: list[str] = []
    before = Received(0, 0)
    surplus: set[str] = set()
    for more, order in calls:
        listed = [*listed, *more]
        order.shuffle(listed)
        received = house.receive(listed, quantity, for_units=wanted)
        good = {number for number in listed if number in NUMBERS}
        assert received.received == min(len(good), quantity)
        assert sum(counts(received)) == len(set(listed))
        assert len(received.duplicates) == len({number for number in listed if number.startswith("KNOWN")})
        assert len(received.assigned) == min(received.received, units)
        assert before.assigned.items() <= received.assigned.items()
        assert set(before.batches) <= set(received.batches)
        aside = {card["card_id"] for card in house.cards() if card["state"] == "quarantined"}
        assert surplus <= aside
        assert len(aside) == received.surplus
        house.check()
        before, surplus = received, aside
    assert len(house.cards()) == before.received + before.surplus + 2
