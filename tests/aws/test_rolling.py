"""Rolls say what the facts say, whatever came twice, in another order, at once, poisoned, or broke off on the way."""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.facts.model import Fact
from quanyi.facts.table import from_item, to_item
from quanyi.rollups.table import RollsTable
from quanyi.stream import change_of
from quanyi.table import Table
from reports import rolling
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.memory import MemoryCloud
from tests.aws.selling import BEGIN, ZONE, check_rolls, facts_of_orders, put, records
from tests.aws.streams import records_of

SAMPLE = Path(__file__).parents[2] / "events/reports-rolling/sold.json"


class Stopped(BaseException):
    """The process is gone; the stream brings the batch again."""


def in_memory() -> tuple[MemoryCloud, Table]:
    cloud = MemoryCloud()
    return cloud, cloud.table("FactsTable")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 12), st.integers(1, 30))
def test_any_cut_order_and_repetition_of_the_stream_ends_in_the_same_rolls(seed: int, orders: int, most: int) -> None:
    draw = random.Random(seed)
    _, table = in_memory()
    facts = facts_of_orders(draw, orders)
    told = facts * 3
    draw.shuffle(told)
    while told:
        some, told = told[:most], told[most:]
        put(table, some)
        RollsTable(table, ZONE).follow(some)
    check_rolls(table, facts)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_facts_that_are_on_the_table_before_their_records_come_are_counted_once(seed: int) -> None:
    draw = random.Random(seed)
    _, table = in_memory()
    facts = facts_of_orders(draw, 8)
    put(table, facts)
    draw.shuffle(facts)
    for start in range(0, len(facts), 5):
        RollsTable(table, ZONE).follow(facts[start : start + 5])
    check_rolls(table, facts)


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it did"])
def test_a_run_that_breaks_off_at_any_call_is_completed_by_the_next(after: bool) -> None:
    facts = facts_of_orders(random.Random(7), 4, days=2, buyers=2)
    at = 0
    while True:
        at += 1
        cloud, table = in_memory()
        put(table, facts[:5])
        RollsTable(table, ZONE).follow(facts[:5])
        put(table, facts)
        stop = _stopping(at)
        setattr(cloud.dynamo, "after" if after else "before", stop)
        try:
            RollsTable(table, ZONE).follow(facts)
        except Stopped:
            cloud.dynamo.before = cloud.dynamo.after = lambda _: None
            RollsTable(table, ZONE).follow(facts)
            check_rolls(table, facts)
        else:
            assert at > 40, "it breaks off at each of its calls"
            return


def _stopping(at: int) -> Callable[[str], None]:
    calls = iter(range(1, 10**6))

    def stop(_: str) -> None:
        if next(calls) == at:
            raise Stopped

    return stop


def test_a_purchase_that_is_told_late_is_completed_on_the_day_of_the_next_one_too() -> None:
    """A purchase that is told late moves the count of the one after it, on another day: that day's roll too."""
    late, early = _purchase("O1", days=1), _purchase("O2", days=0)
    at = 0
    while True:
        at += 1
        cloud, table = in_memory()
        put(table, [late])
        RollsTable(table, ZONE).follow([late])
        put(table, [early])
        cloud.dynamo.after = _stopping(at)
        stopped = False
        try:
            RollsTable(table, ZONE).follow([early])
        except Stopped:
            stopped = True
        cloud.dynamo.after = lambda _: None
        RollsTable(table, ZONE).follow([early])
        check_rolls(table, [late, early])
        if not stopped:
            return


def _purchase(order: str, *, days: int) -> Fact:
    at = BEGIN + timedelta(days=days)
    return Fact(f"{order}#sold#0", "sold", at, order, buyer="M1", channel="site", amount=5, quantity=1, currency="CNY")


@pytest.mark.parametrize("seed", range(6))
def test_two_at_once_do_not_undo_each_other(seed: int) -> None:
    """At every call the threads change places by a seeded coin; each brings its facts in its own cut and order."""
    draw = random.Random(seed)
    cloud, table = in_memory()
    facts = facts_of_orders(draw, 10, days=2, buyers=3)
    turn = threading.Semaphore(1)
    coins = random.Random(seed + 1)

    def swap(_: str) -> None:
        if coins.random() < 0.5:
            turn.release()
            threading.Event().wait(0.0005)
            turn.acquire()

    cloud.dynamo.before = swap
    faults: list[BaseException] = []

    def run(mine: list[Fact]) -> None:
        turn.acquire()
        try:
            for start in range(0, len(mine), 7):
                put(table, mine[start : start + 7])
                RollsTable(table, ZONE).follow(mine[start : start + 7])
        except BaseException as fault:  # noqa: BLE001 - told below
            faults.append(fault)
        finally:
            turn.release()

    halves = [draw.sample(facts, len(facts)), draw.sample(facts, len(facts) * 2 // 3)]
    threads = [threading.Thread(target=run, args=(mine,)) for mine in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    cloud.dynamo.before = lambda _: None
    check_rolls(table, facts)


def test_many_days_of_one_buyer_that_come_together_are_all_counted() -> None:
    _, table = in_memory()
    facts = [_purchase(f"O{days}", days=days) for days in range(50)]
    put(table, facts)
    RollsTable(table, ZONE).follow(facts[10:])
    RollsTable(table, ZONE).follow(facts)
    check_rolls(table, facts)


def test_a_writer_that_comes_late_undoes_nothing() -> None:
    """It has read before the last facts came, and writes when those have been summed up: at each of its writes."""
    facts = facts_of_orders(random.Random(3), 4, days=1)
    at = 0
    while True:
        at += 1
        cloud, table = in_memory()
        put(table, facts[::2])
        writes = 0

        def meanwhile(operation: str, cloud: MemoryCloud = cloud, table: Table = table, at: int = at) -> None:
            nonlocal writes
            writes += operation == "put_item"
            if writes == at:
                cloud.dynamo.before = lambda _: None
                put(table, facts)
                RollsTable(table, ZONE).follow(facts)

        cloud.dynamo.before = meanwhile
        RollsTable(table, ZONE).follow(facts[::2])
        if writes < at:
            break
        check_rolls(table, facts)
    assert at > 5


def test_two_that_count_the_same_buyer_at_once_decide_one_after_the_other() -> None:
    """Between what one reads of a buyer and what it writes, another counts an earlier day."""
    first, last, between = (_purchase(f"O{days}", days=days) for days in (0, 4, 2))
    cloud, table = in_memory()
    put(table, [first])
    RollsTable(table, ZONE).follow([first])
    put(table, [last, between])
    begun = False

    def meanwhile(operation: str) -> None:
        nonlocal begun
        if operation == "transact_write_items" and not begun:
            begun = True
            RollsTable(table, ZONE).follow([between])

    cloud.dynamo.before = meanwhile
    RollsTable(table, ZONE).follow([last])
    assert begun
    check_rolls(table, [first, between, last])


# The handler, on moto.


@pytest.fixture
def queue(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="failed")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE", url)

    def parked() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return parked


def test_the_stream_thrice_and_shuffled_with_poison_in_it(
    cloud: Cloud, queue: Callable[[], list[dict[str, Any]]]
) -> None:
    draw = random.Random(11)
    table = cloud.table("FactsTable")
    facts = facts_of_orders(draw, 12)
    items = [to_item(fact) for fact in facts]
    poison = [_poisoned(draw, draw.choice(items), number) for number in range(len(items) // 19)]
    for item in [*items, *poison]:
        table.put(item)
    told = records_of(cloud, "FactsTable") * 3
    draw.shuffle(told)
    for start in range(0, len(told), 25):
        rolling.handler({"Records": told[start : start + 25]}, LambdaContext())
    check_rolls(table, facts)
    messages = queue()
    assert len(messages) == 3 * len(poison)
    assert {(m["keys"]["sk"]["S"], m["fault"]) for m in messages} == {(item["sk"], item["fault"]) for item in poison}
    assert all("NewImage" not in message for message in messages)


def _poisoned(draw: random.Random, item: dict[str, Any], number: int) -> dict[str, Any]:
    """In the same partition as a fact that is sound."""
    wrong: dict[str, Any] = draw.choice(
        [
            {"at": "yesterday", "fault": "ValueError"},
            {"kind": "sole", "fault": "Unsound"},
            {"amount": "much", "fault": "Unsound"},
            {"accounts": [1], "fault": "Unsound"},
            {"of": None, "fault": "TypeError"},
        ]
    )
    return {**item, "sk": f"poison{number}", **wrong}


def test_a_late_fact_lands_in_its_own_day_and_changes_no_other(
    cloud: Cloud, queue: Callable[[], list[dict[str, Any]]]
) -> None:
    table = cloud.table("FactsTable")
    facts = facts_of_orders(random.Random(5), 6)
    put(table, facts)
    rolling.handler({"Records": records(map(to_item, facts))}, LambdaContext())
    late = [replace(_purchase("O9", days=-40), buyer="M99")]
    put(table, late)
    before = {item["sk"]: item for item in cloud.contents("FactsTable")["FactsTable"] if "roll" in item}
    rolling.handler({"Records": records(map(to_item, late))}, LambdaContext())
    after = {item["sk"]: item for item in cloud.contents("FactsTable")["FactsTable"] if "roll" in item}
    assert {sk for sk in after if after[sk] != before.get(sk)} == {
        to_item(late[0])["pk"].removeprefix("FACT#"),
        "2026-10-14T12+0800",
        "2026-10-14",
        "W2026-10-12",
        "2026-10",
    }
    assert queue() == []


def test_the_sample_event_is_understood_twice(cloud: Cloud, queue: Callable[[], list[dict[str, Any]]]) -> None:
    event = json.loads(SAMPLE.read_text())
    table = cloud.table("FactsTable")
    facts = [from_item(change_of(record).new) for record in event["Records"]]
    put(table, facts)
    assert rolling.handler(event, LambdaContext()) == {"batchItemFailures": []}
    kept = cloud.contents("FactsTable")
    rolling.handler(event, LambdaContext())
    assert cloud.contents("FactsTable") == kept
    check_rolls(table, facts)
    assert queue() == []
