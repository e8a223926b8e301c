"""What the cards' stream tells of uses: once, however often and however cut its records come; what rules see then."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.clock import system_clock
from quanyi.risk.refusals import ReviewNeeded
from quanyi.risk.signals import key
from redeem.reversing import reverse
from stream import cards
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.counter import SERVER, TILL, Counter
from tests.aws.judging import decisions, reviews
from tests.aws.streams import records_of

TIMES: dict[str, Any] = {"value": {"kind": "times", "times": 3}, "reversal_minutes": 30}


@pytest.fixture
def counter(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Counter:
    monkeypatch.setenv("DEAD_LETTER_QUEUE", cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"])
    return Counter(cloud, system_clock())


def tell(records: list[dict[str, Any]]) -> None:
    cards.handler({"Records": records}, LambdaContext())


def known(counter: Counter) -> list[dict[str, Any]]:
    """Signals, in an order of their own."""
    items = counter.cloud.contents("RiskTable")["RiskTable"]
    return sorted((item for item in items if item["sk"] == "SIGNAL"), key=lambda item: item["pk"])


def sizes(counter: Counter) -> dict[str, int]:
    """Of every set, by its kind of item."""
    sets = [(item["pk"].split("#")[1], item.get("redeemed") or item["vouchers"]) for item in known(counter)]
    return {kind: len(tokens) for kind, tokens in sets}


def a_day(counter: Counter) -> None:
    """One voucher three times, of which once is taken back, another one once, and one by nobody in particular."""
    series = counter.series(**TIMES)
    first, second, third = (counter.hand_out(series) for _ in range(3))
    redeem: Callable[..., Any] = partial(counter.redeem, member="u1")
    for number in (1, 2, 3):
        redeem(first, f"k{number}")
        counter.later(seconds=1)
    redeem(second, "k4")
    counter.redeem(third, "k5")
    reverse(counter.till, TILL, decisions(counter)[0]["subject"])


def test_what_a_person_and_a_till_used_is_counted(counter: Counter) -> None:
    a_day(counter)
    tell(records_of(counter.cloud, "CardsTable"))
    assert sizes(counter) == {"terminal": 5, "member": 4, "person": 4}
    before = len(decisions(counter))
    counter.redeem(counter.hand_out(counter.series()), "k6", member="u1")
    last = max(decisions(counter), key=lambda each: each["facts"].get("terminal.redeemed_10m", 0))
    assert len(decisions(counter)) == before + 1
    found = last["facts"]
    assert (found["terminal.redeemed_10m"], found["member.redeemed_1d"]) == (5, 4)
    assert found["voucher.same_person_1d"] == 2, "vouchers, not uses"


def test_records_that_come_again_and_cut_anew_change_nothing(counter: Counter) -> None:
    a_day(counter)
    records = records_of(counter.cloud, "CardsTable")
    tell(records)
    once, order = known(counter), random.Random(7)
    tell(records)
    for _ in range(3):
        cut = order.randrange(1, len(records))
        tell(records[:cut])
        tell(records[cut:])
        tell(order.sample(records, len(records)))
    for record in records:
        tell([record])
    assert known(counter) == once


def test_nobody_is_named(counter: Counter) -> None:
    voucher = counter.hand_out()
    counter.redeem(voucher, caller=SERVER, phone="13800138000", client_ip="203.0.113.7")
    tell(records_of(counter.cloud, "CardsTable"))
    told = str(counter.cloud.contents("RiskTable"))
    assert all(plain not in told for plain in ("13800138000", "203.0.113", voucher.code))
    assert sizes(counter) == {"terminal": 1, "member": 1, "person": 1}


def test_one_person_who_uses_many_abroad_is_held(counter: Counter) -> None:
    """By the built-in rules, whatever till they go to; somebody else is not."""
    series = counter.series(regions=["beijing"])
    tills = [Caller(role="counter", key_id=f"K{n}", stores=("S1",)) for n in range(4)]
    for number in (0, 1):
        counter.redeem(counter.hand_out(series), f"k{number}", tills[number], member="u1")
    tell(records_of(counter.cloud, "CardsTable"))
    with pytest.raises(ReviewNeeded):
        counter.redeem(counter.hand_out(series), "k2", tills[2], member="u1")
    (review,) = reviews(counter)
    assert "bulk_by_one_person" in review.reasons
    assert counter.redeem(counter.hand_out(series), "k3", tills[3], member="u2").voucher.left == 0


def test_the_past_is_left_out(counter: Counter) -> None:
    series = counter.series()
    counter.redeem(counter.hand_out(series), "k1", member="u1")
    tell(records_of(counter.cloud, "CardsTable"))
    counter.later(hours=25)
    counter.redeem(counter.hand_out(series), "k2", member="u1")
    last = next(each for each in decisions(counter) if "member.redeemed_7d" in each["facts"])
    assert not {"terminal.redeemed_10m", "voucher.same_person_1d", "member.redeemed_1d"} & {*last["facts"]}


def test_a_set_keeps_the_newest(counter: Counter) -> None:
    table = counter.cloud.table("RiskTable")
    old = {f"{number:07d}oldtoken" for number in range(220)}
    table.put({**key("terminal", "K1"), "since": "2026-11-01T00:00:00.000Z", "redeemed": old, "v": 1})
    counter.redeem(counter.hand_out())
    tell(records_of(counter.cloud, "CardsTable"))
    assert sizes(counter)["terminal"] == 200
