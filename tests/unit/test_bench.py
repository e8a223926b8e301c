"""The measuring tools themselves: a wrong ruler makes every figure wrong."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bench import order_list, pages
from bench.card_index import CardIndex
from bench.claims import SERIOUS, simulate
from bench.lying_orders import COMES_AGAIN, DAYS, HELD, several
from bench.order_list import Done
from bench.report import Figure, table, written
from bench.simulated_time import SimulatedTime
from bench.units import Schema, item_bytes, read_units, write_units
from quanyi.cards.table import CardsTable
from quanyi.clock import moment
from quanyi.orders.model import Line, Order, Unit
from quanyi.table import Table, to_wire

CARDS = Schema.of(
    {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "free",
                "KeySchema": [{"AttributeName": "available", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["state"]},
            }
        ],
    }
)
NOW = moment("2026-11-23T04:00:00.000Z")


def wire(**fields: object) -> dict[str, dict[str, object]]:
    return to_wire(fields)


def test_an_items_size_counts_names_and_values() -> None:
    assert item_bytes(wire(id="é", n=1234, flag=True, raw=b"abc", tags=["a"])) == (
        (2 + 2) + (1 + 3) + (4 + 1) + (3 + 3) + (4 + 3 + 1 + 1)
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, {"id": "1"}, {"": 1}),
        (None, {"id": "1", "available": "p"}, {"": 1, "free": 1}),
        ({"id": "1", "available": "p"}, {"id": "1"}, {"": 1, "free": 1}),
        ({"id": "1", "available": "p", "x": 1}, {"id": "1", "available": "p", "x": 2}, {"": 1}),
        ({"id": "1", "available": "p", "state": "a"}, {"id": "1", "available": "p", "state": "b"}, {"": 1, "free": 1}),
        ({"id": "1", "available": "p"}, {"id": "1", "available": "q"}, {"": 1, "free": 2}),
        ({"id": "1", "x": "a" * 3000}, {"id": "1"}, {"": 3}),
    ],
)
def test_a_write_pays_for_the_table_and_for_what_changes_in_its_indexes(
    old: dict[str, object] | None, new: dict[str, object], expected: dict[str, int]
) -> None:
    assert write_units(CARDS, wire(**old) if old else None, wire(**new)) == expected


def test_a_refused_write_pays_for_the_item_it_looked_at() -> None:
    assert write_units(CARDS, wire(id="1", x="a" * 1500), wire(id="1", available="p"), refused=True) == {"": 2}


def test_reads_are_paid_by_four_kilobytes_and_half_when_they_may_be_stale() -> None:
    assert [read_units(5000, consistent=True), read_units(5000, consistent=False)] == [2, 1]


def index(lag: float, clock: SimulatedTime) -> CardIndex:
    def card(card_id: str) -> dict[str, dict[str, object]]:
        return wire(card_id=card_id, state="available", available="p", pool="p", sell_by="9999-12-31T00:00:00.000Z")

    return CardIndex("p", ["a", "b", "c"], card, now=lambda: clock.now, lag=lag)


def test_the_simulated_index_learns_of_a_claim_after_its_lag_and_the_card_at_once() -> None:
    clock = SimulatedTime()
    made = index(0.1, clock)
    cards = CardsTable(Table("cards", made))

    assert cards.claim("a", hold="O1#1", until=NOW, now=NOW)
    assert cards.candidates("p", start="", limit=9) == ["a", "b", "c"]
    assert not cards.claim("a", hold="O2#1", until=NOW, now=NOW)
    assert cards.claim("a", hold="O1#1", until=NOW, now=NOW), "its own hold may claim again"
    clock.now = 0.2
    assert cards.candidates("p", start="", limit=9) == ["b", "c"]
    assert cards.candidates("p", start="c", limit=9, wrapped=True) == ["b"]
    assert cards.deliver("a", hold="O1#1", order="O1", unit="0-0", now=NOW)
    assert cards.mark_revealed("a", order="O1", now=NOW)["delivered_at"] == "2026-11-23T04:00:00.000Z"
    assert made.refused == 1


def test_the_simulated_index_refuses_as_dynamodb_does() -> None:
    made = index(0, SimulatedTime())
    made.items["a"] = wire(card_id="a", state="voided")  # type: ignore[assignment]
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        made.update_item(
            Key={"card_id": {"S": "a"}},
            UpdateExpression="SET hold_until = :until",
            ConditionExpression="#state = :reserved AND #hold = :hold",
            ExpressionAttributeValues={":hold": {"S": "O#1"}},
        )


def test_simulated_time_runs_tasks_in_the_order_of_their_moments() -> None:
    clock, seen = SimulatedTime(), list[tuple[str, float]]()

    def task(name: str, step: float) -> None:
        for _ in range(2):
            clock.sleep(step)
            seen.append((name, clock.now))

    clock.run([lambda: task("slow", 3.0), lambda: task("quick", 2.0)])

    assert seen == [("quick", 2.0), ("slow", 3.0), ("quick", 4.0), ("slow", 6.0)]


def test_simulated_time_tells_of_a_task_that_failed() -> None:
    def task() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        SimulatedTime().run([task])


@pytest.mark.parametrize("strategy", SERIOUS)
def test_simulated_buyers_sell_a_pool_to_its_last_card(strategy: str) -> None:
    first, again = (simulate(strategy, 80, 0.02, refill=False) for _ in range(2))

    assert first == again, "it follows from its seed"
    assert 0 < first.claims <= 80


def figure(name: str, seen: str) -> Figure:
    return Figure(name, f"Title of {name}", "1", seen, reached=seen == "1", how="So.", body=table(["a"], [[1]]))


def test_a_figure_measured_again_takes_its_own_place_in_the_document() -> None:
    order = ("one", "two")
    document = written("", order, [(figure("two", "1"), 3.0)])
    document = written(document, order, [(figure("one", "2"), 3.0)])
    document = written(document, order, [(figure("two", "7"), 3.0)])

    assert document.count("## one") == document.count("## two") == 1
    assert document.index("## one") < document.index("## two")
    assert "Seen: **7** - **not reached**" in document
    assert "| [Title of two](#two) | 1 | 7 | **no** |" in document
    assert "Seen: **1**" not in document


@pytest.mark.parametrize(
    ("script", "shift", "reached"),
    [(120 * 1024, 0.1, True), (120 * 1024 + 1, 0.0, False), (1024, 0.11, False)],
)
def test_a_page_is_held_to_its_worst_visit(script: int, shift: float, reached: bool) -> None:
    usual = pages.Opened(first=900, largest=1500, shift=0.0, script=1024, style=512, requests=9)
    worst = pages.Opened(first=1000, largest=2000, shift=shift, script=script, style=512, requests=12)
    found = pages.figure({"/": [usual, usual, worst], "/console/": [usual]})
    assert found.reached is reached
    assert f"| `/` | 900 | 1,500 | {shift:.2f} | {script / 1024:.2f} | 0.50 | 12 |" in found.body


def test_a_list_that_reads_too_much_or_shows_too_much_misses_its_aim() -> None:
    good = Done("first page", found=20, calls=1, kilobytes=9, rows=20, read=200, most=200, took=0.1)
    assert order_list.figure([good]).reached
    for wrong in ({"most": 9_000}, {"rows": 200}, {"found": 0}, {"most": 0}):
        assert not order_list.figure([replace(good, **wrong)]).reached


def test_the_orders_of_a_month_are_what_is_said_of_them() -> None:
    unit = Unit(id="0-1", line=0, sku="a", kind="card", amount=1)
    line = Line(sku="a", version=1, kind="card", titles={"en": "A"}, quantity=1, unit_price=1, total=1)
    fields: dict[str, Any] = {"channel": "site", "member": "M1", "currency": "CNY", "total": 1, "body_hash": ""}
    like = Order(
        id="O1", lines=(line,), units=(unit,), created_at=NOW, expires_at=NOW, state="fulfilled", email="his", **fields
    )
    made = list(several(like, 2_000, Random(1)))
    assert [order.created_at for order in made] == sorted((order.created_at for order in made), reverse=True)
    assert NOW - timedelta(days=DAYS) <= made[-1].created_at
    assert (len({order.id for order in made}), len({order.email for order in made})) == (2_000, 2_000 - COMES_AGAIN + 1)
    assert sum(order.state == "on_hold" for order in made) == len(HELD)
    assert sum(order.email == "his" for order in made) == COMES_AGAIN
