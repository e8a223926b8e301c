"""Many at once, whatever breaks off: never more than there was, and what was guessed is never found."""

import json
import random
from collections import Counter as Tally
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from quanyi.callers import Caller
from quanyi.errors import Busy, Conflict, Refusal
from quanyi.redemptions.model import number_of
from quanyi.secret import Secret
from quanyi.vouchers.code import DEFAULT_TEMPLATE, code_of
from quanyi.vouchers.guessing import LONGEST_WAIT, STRICT_FROM, TooManyTries
from quanyi.vouchers.qr import static_text
from quanyi.vouchers.refusals import NotUsable, VoucherSpent, VoucherUnknown
from quanyi.vouchers.table import MOST_EVER
from redeem.messages import UseBody
from redeem.reversing import reverse
from redeem.using import check, redeem
from tests.aws.counter import SERVER, TILL, Counter, Handed
from tests.aws.memory import MemoryCloud, MemoryDynamo

REFUSED = "refused"


@pytest.fixture
def counter() -> Counter:
    return Counter(MemoryCloud())  # type: ignore[arg-type]


def terminal(number: int) -> Caller:
    return Caller(role="counter", key_id=f"K{number}", stores=("S1",))


def outcome(act: Callable[[], Any]) -> str:
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    return "done"


def at_once(acts: list[Callable[[], Any]], threads: int = 64) -> Tally[str]:
    with ThreadPoolExecutor(threads) as pool:
        return Tally(pool.map(outcome, acts))


def test_two_hundred_at_once_redeem_a_voucher_once(counter: Counter) -> None:
    voucher = counter.hand_out()
    acts = [partial(counter.redeem, voucher, f"k{n}", terminal(n)) for n in range(200)]
    assert at_once(acts, 200) == {"done": 1, "voucher_spent": 199}
    item = counter.item(voucher)
    assert (item["left"], item["state"], len(item["uses"])) == (0, "redeemed", 1)


def test_the_same_request_two_hundred_times_at_once(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(value={"kind": "times", "times": 3}))
    acts = [partial(counter.redeem, voucher, "k1") for _ in range(200)]
    assert at_once(acts, 200) == {"done": 200}
    assert counter.left(voucher) == 2


def test_a_stored_amount_and_64_tills(counter: Counter) -> None:
    """100.00, each takes 0.30 until it is refused, every fifth request is sent again: 333 times, 0.10 left."""
    voucher = counter.hand_out(counter.series(value={"kind": "amount", "amount": 10_000}))
    body = {"amount": {"amount": 30, "currency": "CNY"}}

    def take_until_refused(number: int) -> int:
        for turn in range(1000):
            key = f"k{turn}"
            try:
                counter.redeem(voucher, key, terminal(number), **body)
                if turn % 5 == 0:
                    counter.redeem(voucher, key, terminal(number), **body)
            except VoucherSpent:
                return turn
        raise AssertionError

    with ThreadPoolExecutor(64) as pool:
        taken = sum(pool.map(take_until_refused, range(64)))
    assert (taken, counter.left(voucher)) == (333, 10)
    assert sum(use["a"] for use in counter.item(voucher)["uses"].values()) == 9_990


def test_limits_hold_at_once(counter: Counter) -> None:
    """By day and voucher, and by member over two vouchers."""
    rules = {"per_day": 3, "per_member": 4}
    series = counter.series(value={"kind": "times", "times": 100}, rules=rules)
    one, other = counter.hand_out(series), counter.hand_out(series)
    acts = [
        partial(counter.redeem, voucher, f"k{n}", terminal(n), member="u1")
        for n in range(20)
        for voucher in (one, other)
    ]
    told = at_once(acts, 40)
    while told["busy"]:  # contended: the same again is safe
        told = at_once(acts, 4)
    uses = [len(counter.item(voucher)["uses"]) for voucher in (one, other)]
    assert sum(uses) == 4
    assert max(uses) <= 3


class UsesAndReversals(RuleBasedStateMachine):
    """A voucher good for N times, with reversals, requests that come again, and calls that break off around a write:
    what is left is always N less the uses that were not reversed."""

    @initialize(times=st.integers(2, 5), pin=st.booleans())
    def start(self, times: int, pin: bool) -> None:
        self.dynamo = MemoryDynamo()
        self.counter = Counter(MemoryCloud(self.dynamo))  # type: ignore[arg-type]
        series = self.counter.series(
            value={"kind": "times", "times": times}, reversal_minutes=10, pin_digits=4 if pin else 0
        )
        self.voucher, self.times = self.counter.hand_out(series), times
        self.done: dict[str, str] = {}
        self.reversed: set[str] = set()
        self.next = 0

    def _redeem(self, key: str) -> None:
        try:
            use = self.counter.redeem(self.voucher, key).use
        except VoucherSpent:
            assert key not in self.done
            assert len(self.done) - len(self.reversed) == self.times
        else:
            self.done.setdefault(key, use.id)
            assert self.done[key] == use.id

    @rule()
    def redeem(self) -> None:
        self.next += 1
        self._redeem(f"k{self.next}")

    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        if self.next:
            self._redeem(f"k{data.draw(st.integers(1, self.next))}")

    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        if self.done:
            key = data.draw(st.sampled_from(sorted(self.done)))
            reverse(self.counter.till, TILL, number_of(self.voucher.card_id, self.done[key]))
            self.reversed.add(key)

    @rule(applied=st.booleans(), which=st.integers(0, 4))
    def broken_off(self, applied: bool, which: int) -> None:
        """The call dies before, or after, one of its calls to DynamoDB; then the same request comes again."""
        self.next += 1
        calls = iter(range(100))

        def dies(_: str) -> None:
            if next(calls) == which:
                raise Busy("gone")

        setattr(self.dynamo, "after" if applied else "before", dies)
        try:
            self._redeem(f"k{self.next}")
        except Busy:
            pass
        finally:
            self.dynamo.before = self.dynamo.after = lambda _: None
        self._redeem(f"k{self.next}")

    @rule(minutes=st.integers(0, 3))
    def later(self, minutes: int) -> None:
        self.counter.later(minutes=minutes / 10)

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "voucher"):
            return
        item = self.counter.item(self.voucher)
        live = [use for use in item["uses"].values() if "r" not in use]
        assert 0 <= item["left"] <= self.times
        assert item["left"] == self.times - len(live) == self.times - len(self.done) + len(self.reversed)
        assert (item["state"] == "redeemed") == (item["left"] == 0)
        assert item["used"] == len(item["uses"])


TestUsesAndReversals = UsesAndReversals.TestCase
TestUsesAndReversals.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


# Calls.


class Calls:
    """What is asked of DynamoDB, by operation; with `items`, how many keys a read asks for, too."""

    def __init__(self, counter: Counter, *, items: bool = False) -> None:
        self.made: list[str] = []
        for purpose in ("voucher", "fingerprint", "contact"):
            counter.till.keys.key(purpose)  # a process reads and unwraps its keys once
        dynamo: Any = counter.cloud.dynamo  # type: ignore[attr-defined]
        dynamo.before = self.made.append
        if items:
            read = type(dynamo).batch_get_item

            def counted(**request: Any) -> Any:
                self.made.append(str(sum(len(asked["Keys"]) for asked in request["RequestItems"].values())))
                return read(dynamo, **request)

            dynamo.batch_get_item = counted


@pytest.mark.parametrize("pin", [0, 6])
@pytest.mark.parametrize("rules", [{}, {"per_day": 3, "per_member": 9, "per_member_per_day": 3}])
def test_a_redemption_is_at_most_four_calls(counter: Counter, pin: int, rules: dict[str, Any]) -> None:
    """The voucher, what is known, what risk control decides, and the use; with what a policy makes of it, too."""
    series = counter.series(value={"kind": "times", "times": 9}, pin_digits=pin, rules=rules)
    voucher = counter.hand_out(series, order="O1", unit="0-0")
    calls = Calls(counter)
    counter.redeem(voucher, member="u1")
    assert calls.made[:2] == ["update_item" if pin else "get_item", "batch_get_item"]
    assert calls.made[2] == "put_item"
    assert len(calls.made) == 4


# Guessing.


def code_nobody_has(number: int = 0) -> str:
    return code_of(DEFAULT_TEMPLATE, random.Random(number).randbytes(32))


def guess(counter: Counter, code: str, pin: str | None, caller: Caller = TILL, **more: Any) -> str:
    body = UseBody.model_validate({"code": code, "pin": pin, **more})
    return outcome(lambda: redeem(counter.till, caller, "k1", body))


@pytest.mark.parametrize("pin", ["0000000", None])
@pytest.mark.parametrize("act", [redeem, check])
def test_unknown_and_wrong_cost_and_say_the_same(counter: Counter, pin: str | None, act: Any) -> None:
    voucher = counter.hand_out(counter.series(pin_digits=6), order="O1", unit="0-0", sold_in="site")
    found: list[tuple[list[str], str, str, dict[str, Any]]] = []
    for number, code in enumerate((voucher.code, code_nobody_has())):
        calls = Calls(counter, items=True)
        body = UseBody.model_validate({"code": code, "pin": pin})
        with pytest.raises(VoucherUnknown) as refused:
            act(counter.till, terminal(number), *(["k1"] if act is redeem else []), body)
        found.append((calls.made, refused.value.code, refused.value.detail, refused.value.extra))
    assert found[0] == found[1]


def test_they_go_on_saying_the_same(counter: Counter) -> None:
    """Over two days of guesses at a code that is there and at one that is not, from terminals without end."""
    voucher = counter.hand_out(counter.series(pin_digits=6))
    steps = [0, 0, 0, 1, 0, 0, 60, 3500, 200, 30, 40_000, 3601, 10, 0, 0, 90_000, 0, 0, 0, 0, 0]
    heard: dict[str, list[tuple[str, int | None]]] = {}
    for code in (voucher.code, code_nobody_has()):
        start = counter.now
        for number, seconds in enumerate(steps):
            counter.later(seconds=seconds)
            body = UseBody.model_validate({"code": code, "pin": "0000000"})
            with pytest.raises(Refusal) as refused:
                redeem(counter.till, terminal(1000 + number), "k1", body)
            heard.setdefault(code, []).append((refused.value.code, refused.value.retry_after))
        counter.now = start
    said, same = heard.values()
    assert said == same
    assert {code for code, _ in said} == {"voucher_unknown", "too_many_tries"}


def test_a_code_is_locked_by_five_wrong_pins(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    voucher = counter.hand_out(counter.series(pin_digits=6))
    told = [guess(counter, voucher.code, "0000000", terminal(n)) for n in range(7)]
    assert told == ["voucher_unknown"] * 5 + ["too_many_tries"] * 2
    assert "VoucherGuessing" in capsys.readouterr().out
    with pytest.raises(TooManyTries) as refused:
        counter.redeem(voucher, caller=terminal(99))  # the right one comes too late
    assert refused.value.retry_after == LONGEST_WAIT
    counter.later(seconds=LONGEST_WAIT + 1)
    assert counter.redeem(voucher, caller=terminal(99)).voucher.left == 0
    assert "pins_tried" not in counter.item(voucher)


def test_a_thousand_guesses_at_once_are_five(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were they compared before they were counted, one of them would be right."""
    voucher = counter.hand_out(counter.series(pin_digits=4))
    compared: list[str] = []
    real = type(counter.till.vouchers).attempt

    def attempt(*args: Any) -> Any:
        if (item := real(*args)) is not None:
            compared.append("compared")
        return item

    monkeypatch.setattr(type(counter.till.vouchers), "attempt", attempt)
    wrong = [f"{n:04d}" for n in range(200) if f"{n:04d}" != voucher.pin]
    told = at_once([partial(guess, counter, voucher.code, pin, terminal(n)) for n, pin in enumerate(wrong)], 100)
    assert set(told) == {"done"}
    assert len(compared) == 5
    assert counter.left(voucher) == 1


def test_a_right_pin_is_one_guess_however_often_it_comes(counter: Counter) -> None:
    """At many tills at once; and again and again, because something below us does not answer."""
    voucher = counter.hand_out(counter.series(pin_digits=6))
    dynamo: Any = counter.cloud.dynamo  # type: ignore[attr-defined]

    def dies(operation: str) -> None:
        if operation == "batch_get_item":
            raise Busy("gone")

    dynamo.before = dies
    assert {outcome(partial(counter.redeem, voucher)) for _ in range(6)} == {"busy"}
    dynamo.before = lambda _: None
    acts = [partial(counter.redeem, voucher, f"k{n}", terminal(n)) for n in range(100)]
    assert at_once(acts, 100) == {"done": 1, "voucher_spent": 99}


def test_a_hundred_wrong_pins_lock_until_a_person_unlocks(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(pin_digits=6))
    wrong = [f"{n:06d}" for n in range(200) if f"{n:06d}" != voucher.pin]
    for number in range(MOST_EVER):
        counter.later(hours=1, seconds=1)
        assert guess(counter, voucher.code, wrong[number], terminal(number)) in ("voucher_unknown", "too_many_tries")
    counter.later(days=30)
    assert guess(counter, voucher.code, voucher.pin, terminal(998)) == "voucher_unknown"
    assert len(counter.item(voucher)["pins_tried"]) == MOST_EVER
    counter.till.vouchers.unfreeze(voucher.card_id, by="operator:K5", reason="its owner came")
    assert counter.redeem(voucher, caller=terminal(999)).voucher.left == 0


def test_a_qr_code_is_no_guess(counter: Counter) -> None:
    """Nobody's guesses, about its voucher or at its till, hold it up; nor is one counted that comes too early."""
    voucher = counter.hand_out(counter.series(pin_digits=6))
    for number in range(12):
        guess(counter, voucher.code, f"{number:07d}", TILL)
        guess(counter, code_nobody_has(number), None, TILL)
    assert guess(counter, voucher.code, voucher.pin) == "too_many_tries"
    body = UseBody(qr=Secret(static_text(counter.till.keys, voucher.card_id)))
    assert redeem(counter.till, TILL, "k1", body).voucher.left == 0
    nobodys = counter.hand_out(counter.till.series.get("VS1"), state="available", delivered_at=None)
    before = counter.cloud.contents()
    for _ in range(9):
        with pytest.raises(VoucherUnknown):
            check(counter.till, SERVER, UseBody(qr=Secret(static_text(counter.till.keys, nobodys.card_id))))
    assert counter.cloud.contents() == before


def test_a_right_pin_forgives(counter: Counter) -> None:
    """Also where a rule refuses: a buyer who comes too early is not taken for a thief."""
    series = counter.series(value={"kind": "times", "times": 9}, pin_digits=6, rules={"minimum_spend": 100})
    voucher = counter.hand_out(series)
    for _ in range(3):
        assert [guess(counter, voucher.code, "0000000", terminal(n)) for n in range(1)] == ["voucher_unknown"]
    for number in range(12):
        with pytest.raises(NotUsable):
            counter.redeem(voucher, f"k{number}", terminal(7))
        counter.check(voucher, terminal(7))
    assert "pins_tried" not in counter.item(voucher)


def test_a_terminal_waits_longer_and_longer(counter: Counter) -> None:
    """From its sixth miss of an hour on; others do not."""
    waits: list[int] = []
    for number in range(28):
        body = UseBody(code=Secret(code_nobody_has(number)))
        try:
            check(counter.till, TILL, body)
        except TooManyTries as refusal:
            waits.append(refusal.retry_after or 0)
            counter.later(seconds=waits[-1])
        except VoucherUnknown:
            waits.append(0)
    assert waits[:6] == [0] * 6
    assert waits[6::2] == [2**over for over in range(1, 12)]
    assert set(waits[7::2]) == {0}
    assert counter.redeem(counter.hand_out(), caller=Caller(role="counter", key_id="K77", stores=("S1",)))


def till_there(number: int) -> Caller:
    return Caller(role="counter", key_id=f"K{number}", stores=("S1",), ip="203.0.113.9")


def test_an_address_is_strict_with_its_guessers_and_not_with_other_tills(counter: Counter) -> None:
    """All tills of a store share it: who guesses at some must not close the others."""
    told = [guess(counter, code_nobody_has(number), None, till_there(number % 5)) for number in range(30)]
    assert told == ["voucher_unknown"] * 20 + ["too_many_tries"] * 10
    assert counter.redeem(counter.hand_out(), caller=till_there(5)).voucher.left == 0
    assert "203.0.113.9" not in str(counter.cloud.contents())


def test_an_address_waits_whatever_keys_it_has(counter: Counter) -> None:
    """More than its tills can come to by mistake, or a few of them by guessing."""
    told = [guess(counter, code_nobody_has(number), None, till_there(number)) for number in range(110)]
    assert told == ["voucher_unknown"] * 101 + ["too_many_tries"] * 9


def test_an_address_is_not_what_a_till_says(counter: Counter) -> None:
    told = [guess(counter, code_nobody_has(n), None, till_there(n % 5), client_ip=f"198.51.100.{n}") for n in range(30)]
    assert told == ["voucher_unknown"] * 20 + ["too_many_tries"] * 10


def test_a_channels_server_is_not_one_guesser(counter: Counter) -> None:
    """The shopper whose address it tells is."""
    told = [guess(counter, code_nobody_has(n), None, SERVER, client_ip="2001:db8::7") for n in range(25)]
    assert told == ["voucher_unknown"] * 21 + ["too_many_tries"] * 4
    assert guess(counter, code_nobody_has(99), None, SERVER, client_ip="2001:db8:0:1::7") == "voucher_unknown"


def test_a_new_address_of_the_same_network_is_the_same_guesser(counter: Counter) -> None:
    """Whoever has IPv6 has more addresses than there are misses."""
    told = [guess(counter, code_nobody_has(n), None, SERVER, client_ip=f"2001:db8::{n + 1:x}") for n in range(25)]
    assert told == ["voucher_unknown"] * 21 + ["too_many_tries"] * 4
    assert guess(counter, code_nobody_has(99), None, SERVER, client_ip="::ffff:198.51.100.7") == "voucher_unknown"


def test_guessers_do_not_close_a_channel_to_others(counter: Counter) -> None:
    """Whatever they come to: who has missed waits, who has not redeems. A server that does not tell whose misses they
    were waits itself."""
    for number in range(STRICT_FROM["terminal"] + 20):
        guess(counter, code_nobody_has(number), None, SERVER, client_ip=f"198.51.100.{number}")
    one, other = "203.0.113.1", "203.0.113.2"
    assert guess(counter, code_nobody_has(997), None, SERVER, client_ip=one) == "voucher_unknown"
    assert guess(counter, code_nobody_has(998), None, SERVER, client_ip=one) == "too_many_tries"
    assert counter.redeem(counter.hand_out(), caller=SERVER, client_ip=other).voucher.left == 0
    assert guess(counter, code_nobody_has(999), None, SERVER) == "too_many_tries"


def test_under_attack_who_misses_waits_and_others_redeem(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    missed_before = Caller(role="storefront", key_id="K4", channel="other")
    for number in range(12):
        guess(counter, code_nobody_has(9_000 + number), None, missed_before, client_ip=f"198.51.100.{number}")
    for number in range(STRICT_FROM["all"]):
        guess(counter, code_nobody_has(number), None, terminal(number))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "VoucherGuessing" in line]
    (alarmed,) = [line for line in told if line.get("scope") == "all"]
    assert set(alarmed["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == {"service", "scope"}  # as its alarm asks
    newcomer = terminal(STRICT_FROM["all"] + 1)
    assert guess(counter, code_nobody_has(9_998), None, newcomer) == "voucher_unknown"
    assert guess(counter, code_nobody_has(9_999), None, newcomer) == "too_many_tries"
    voucher = counter.hand_out()
    assert counter.redeem(voucher, caller=terminal(9_999)).voucher.left == 0
    assert counter.redeem(counter.hand_out(), caller=missed_before, client_ip="203.0.113.1").voucher.left == 0


def test_a_forged_qr_code_costs_no_read_of_a_card(counter: Counter) -> None:
    voucher: Handed = counter.hand_out()
    calls = Calls(counter)
    for forged in ("QV1.s." + voucher.card_id + "." + "A" * 32, "QV1", "", "券" * 20):
        assert outcome(lambda text=forged: redeem(counter.till, TILL, "k1", UseBody.model_construct(qr=Secret(text))))
    assert "get_item" not in calls.made
    assert counter.left(voucher) == 1


def test_a_reversal_and_a_use_at_once(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(reversal_minutes=10))
    number = number_of(voucher.card_id, counter.redeem(voucher).use.id)
    acts: list[Callable[[], Any]] = [partial(reverse, counter.till, TILL, number) for _ in range(50)]
    acts += [partial(counter.redeem, voucher, f"n{n}", terminal(n)) for n in range(50)]
    told = at_once(acts, 100)
    assert told["done"] in (50, 51)  # every reversal, and a use if it came behind
    item = counter.item(voucher)
    assert item["left"] == 1 - sum("r" not in use for use in item["uses"].values())
    assert Conflict.code not in told
