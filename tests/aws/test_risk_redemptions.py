"""Judging a use of a voucher: approved, held or refused, once for each request, and explained afterwards."""

import json
from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.errors import Busy, Refusal
from quanyi.members.contact import hashed
from quanyi.risk.facts import Identity
from quanyi.risk.identities import HASH, traced
from quanyi.risk.list_table import ListsTable
from quanyi.risk.lists import Effect, Listed
from quanyi.risk.refusals import ReviewNeeded, RiskRefused
from quanyi.risk.table import RulesInForce
from quanyi.vouchers.guessing import Guesses
from quanyi.vouchers.refusals import NotUsable, VoucherSpent
from redeem.reversing import reverse
from tests.aws.conftest import Cloud
from tests.aws.counter import ANY_TILL, SERVER, TILL, Counter, Handed
from tests.aws.judging import decide, decisions, no_rules, policies, reviews, rule
from tests.aws.memory import MemoryCloud, MemoryDynamo

AMOUNT: dict[str, Any] = {"value": {"kind": "amount", "amount": 10_000}, "reversal_minutes": 30}


def cny(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture(params=["memory", "moto"])
def counter(request: pytest.FixtureRequest, cloud: Cloud) -> Counter:
    return Counter(MemoryCloud() if request.param == "memory" else cloud)  # type: ignore[arg-type]


@pytest.fixture
def fast() -> Counter:
    return Counter(MemoryCloud())  # type: ignore[arg-type]


def outcome(counter: Counter, voucher: Handed, key: str, caller: Caller = TILL, **body: Any) -> str:
    try:
        counter.redeem(voucher, key, caller, **body)
    except Refusal as refusal:
        return refusal.code
    return "done"


def facts(counter: Counter) -> dict[str, Any]:
    """Of the only decision there is."""
    (decision,) = decisions(counter)
    return decision["facts"]


# Outcomes.


def test_what_is_approved_is_used_and_explained(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT), order="O1", unit="0-0", price=9_000)
    done = counter.redeem(voucher, amount=cny(300), phone="13800138000", operator="mei")
    (decision,) = decisions(counter)
    assert (decision["point"], decision["outcome"], decision["order"]) == ("redemption", "approve", "O1")
    assert decision["subject"].endswith(voucher.card_id)
    assert decision["facts"] == {
        "voucher.kind": "amount",
        "voucher.amount": 300,
        "voucher.currency": "CNY",
        "voucher.left_percent": 100,
        "voucher.days_since_delivery": 1,
    }
    told = json.dumps(decision, default=str)
    assert all(secret not in told for secret in ("13800138000", voucher.code, "mei"))
    rule(counter, "redemption", "voucher.amount > 0", "refuse")
    assert counter.redeem(voucher, amount=cny(300), phone="13800138000", operator="mei").use == done.use
    assert len(decisions(counter)) == 1
    assert counter.left(voucher) == 9_700


def test_what_is_refused_is_refused_again(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, pin_digits=6))
    before = counter.item(voucher)
    rule(counter, "redemption", "voucher.amount > 200", "refuse")
    for _ in range(2):
        with pytest.raises(RiskRefused) as refused:
            counter.redeem(voucher, amount=cny(300))
        assert refused.value.extra["reasons"] == ["test_reason"]
        assert counter.item(voucher) == before  # the right PIN is forgiven
        no_rules(counter, "redemption")  # what was decided stands for this request
    assert [each["outcome"] for each in decisions(counter)] == ["refuse"]
    assert counter.redeem(voucher, "k2", amount=cny(300)).voucher.left == 9_700


def test_what_is_held_goes_through_once_it_is_approved(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, pin_digits=6), sold_in="site")
    rule(counter, "redemption", "voucher.amount > 200", "hold")
    assert outcome(counter, voucher, "k1", amount=cny(300)) == "review_needed"
    (review,) = reviews(counter)
    with pytest.raises(ReviewNeeded) as held:
        counter.redeem(voucher, amount=cny(300))
    assert held.value.extra["review"] == review.id
    assert reviews(counter) == [review]
    assert (review.point, review.channel, review.amount.amount) == ("redemption", "site", 300)
    assert counter.left(voucher) == 10_000
    decide(counter, review, "approve", counter.now)
    for _ in range(2):
        assert counter.redeem(voucher, amount=cny(300)).voucher.left == 9_700
    assert outcome(counter, voucher, "k2", amount=cny(300)) == "review_needed"
    assert outcome(counter, voucher, "k3", amount=cny(200)) == "done"
    assert counter.left(voucher) == 9_500


def test_what_a_person_refuses_stays_refused(counter: Counter) -> None:
    voucher = counter.hand_out()
    rule(counter, "redemption", "voucher.kind == 'once'", "hold")
    assert outcome(counter, voucher, "k1") == "review_needed"
    decide(counter, reviews(counter)[0], "refuse", counter.now)
    assert [outcome(counter, voucher, "k1") for _ in range(2)] == ["risk_refused"] * 2
    assert counter.left(voucher) == 1


def test_an_approval_is_for_the_body_that_was_seen(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT))
    rule(counter, "redemption", "voucher.amount > 200", "hold")
    assert outcome(counter, voucher, "k1", amount=cny(300)) == "review_needed"
    decide(counter, reviews(counter)[0], "approve", counter.now)
    assert outcome(counter, voucher, "k1", amount=cny(9_000)) == "review_needed"
    assert len(reviews(counter)) == 1
    assert outcome(counter, voucher, "k1", amount=cny(300)) == "done"


def test_an_approved_use_still_has_to_be_possible(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, rules={"valid_until": "2026-11-27T00:00:00Z"}))
    rule(counter, "redemption", "voucher.amount > 200", "hold")
    assert outcome(counter, voucher, "k1", amount=cny(300)) == "review_needed"
    decide(counter, reviews(counter)[0], "approve", counter.now)
    counter.later(days=2)
    with pytest.raises(NotUsable):
        counter.redeem(voucher, amount=cny(300))


def test_a_rule_that_fails_holds(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    voucher = counter.hand_out()
    rule(counter, "redemption", "100 / voucher.days_since_delivery > 7", "refuse", id="late")
    assert outcome(counter, voucher, "k0") == "risk_refused"
    fresh = counter.hand_out(delivered_at=None)
    counter.till.vouchers.table.update(
        {"card_id": fresh.card_id}, "SET delivered_at = :now", now=f"{counter.now:%Y-%m-%dT%H:%M:%S.000Z}"
    )
    assert outcome(counter, fresh, "k1") == "review_needed"
    assert [error["rule"] for each in decisions(counter) for error in each.get("errors", [])] == ["late"]
    assert "RiskRuleFailed" in capsys.readouterr().out


def test_neither_a_check_nor_an_impossible_use_is_decided(counter: Counter) -> None:
    rule(counter, "redemption", "voucher.kind == 'once'", "refuse")
    voucher = counter.hand_out(counter.series(rules={"minimum_spend": 100}))
    counter.check(voucher, sale=cny(100))
    assert outcome(counter, voucher, "k1") == "voucher_not_usable"
    spent = counter.hand_out(state="redeemed", left=0)
    with pytest.raises(VoucherSpent):
        counter.redeem(spent)
    assert decisions(counter) == []


# The same use under other numbers.


def test_the_same_use_under_another_number_joins_the_open_review(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT))
    rule(counter, "redemption", "voucher.amount > 200", "hold")
    found: set[str] = set()
    for key, operator in (("k1", "mei"), ("k2", "li"), ("k3", ""), ("k2", "li")):
        with pytest.raises(ReviewNeeded) as held:
            counter.redeem(voucher, key, amount=cny(300), operator=operator)
        found.add(held.value.extra["review"])
    (review,) = reviews(counter)
    assert found == {review.id}
    assert outcome(counter, voucher, "k4", amount=cny(301)) == "review_needed"
    assert len(reviews(counter)) == 2


@pytest.mark.parametrize("first", ["k1", "k2", "k9"])
def test_an_approval_lets_one_of_them_pass(counter: Counter, first: str) -> None:
    """Whether it opened the review, joined it, or comes only now."""
    voucher = counter.hand_out(counter.series(**AMOUNT))
    rule(counter, "redemption", "voucher.amount > 200", "hold")
    for key in ("k1", "k2"):
        assert outcome(counter, voucher, key, amount=cny(300)) == "review_needed"
    (review,) = reviews(counter)
    decide(counter, review, "approve", counter.now)
    for _ in range(2):
        assert outcome(counter, voucher, first, amount=cny(300)) == "done"
    assert outcome(counter, voucher, "k1", amount=cny(300)) == ("done" if first == "k1" else "approval_used")
    assert counter.left(voucher) == 9_700
    assert outcome(counter, voucher, "k5", amount=cny(300)) == "review_needed"
    (again,) = reviews(counter)
    assert again.id != review.id
    joined = [each["review"] for each in decisions(counter) if each.get("review")]
    assert joined == ([] if first == "k1" else [review.id])
    decide(counter, again, "approve", counter.now)
    assert outcome(counter, voucher, "k5", amount=cny(300)) == "done"
    assert counter.left(voucher) == 9_400


def test_after_a_refusal_a_new_number_is_looked_at_anew(counter: Counter) -> None:
    """Who stood at the till when nobody decided in time can come again."""
    voucher = counter.hand_out()
    rule(counter, "redemption", "voucher.kind == 'once'", "hold")
    for key in ("k1", "k2"):
        assert outcome(counter, voucher, key) == "review_needed"
    decide(counter, reviews(counter)[0], "refuse", counter.now)
    assert outcome(counter, voucher, "k1") == "risk_refused"
    assert [outcome(counter, voucher, key) for key in ("k2", "k3")] == ["review_needed"] * 2
    (again,) = reviews(counter)
    decide(counter, again, "approve", counter.now)
    assert outcome(counter, voucher, "k1") == "risk_refused"
    assert outcome(counter, voucher, "k3") == "done"


def test_two_hundred_numbers_at_once_are_one_review_and_one_use(fast: Counter) -> None:
    rule(fast, "redemption", "voucher.amount > 200", "hold")
    voucher = fast.hand_out(fast.series(**AMOUNT))

    def ask(number: int) -> str:
        for _ in range(20):
            if (said := outcome(fast, voucher, f"k{number}", amount=cny(300))) != "busy":
                return said
        raise AssertionError("never got through")

    asks = [lambda n=n: ask(n) for n in range(200)]
    assert at_once(asks) == {"review_needed": 200}
    (review,) = reviews(fast)
    decide(fast, review, "approve", fast.now)
    said = at_once(asks)
    # The first opened it, and may have come too late to use it; the others wait for another review.
    assert said.pop("approval_used", 0) <= 1
    assert said["done"] == 1
    assert set(said) <= {"done", "review_needed"}
    assert len(reviews(fast)) == 1
    assert fast.left(voucher) == 9_700


@pytest.mark.parametrize("moment", ["before", "after"])
def test_taking_an_approval_that_breaks_off_goes_on_by_the_same_call(moment: str) -> None:
    for which in range(6):
        dynamo = MemoryDynamo()
        counter = Counter(MemoryCloud(dynamo))  # type: ignore[arg-type]
        rule(counter, "redemption", "voucher.amount > 200", "hold")
        voucher = counter.hand_out(counter.series(**AMOUNT))
        outcome(counter, voucher, "k1", amount=cny(300))
        decide(counter, reviews(counter)[0], "approve", counter.now)
        made: list[str] = []

        def dies(call: str, which: int = which, made: list[str] = made) -> None:
            made.append(call)
            if len(made) == which + 1:
                raise Busy("gone")

        setattr(dynamo, moment, dies)
        first = outcome(counter, voucher, "k2", amount=cny(300))
        dynamo.before = dynamo.after = lambda _: None
        assert len(made) <= 4
        assert first == "done" or which < 4
        assert outcome(counter, voucher, "k2", amount=cny(300)) == "done"
        assert outcome(counter, voucher, "k1", amount=cny(300)) == "approval_used"
        assert counter.left(voucher) == 9_700


# Facts.


@pytest.mark.parametrize(
    ("value", "body", "amount"),
    [
        ({"kind": "once"}, {}, 9_000),
        ({"kind": "times", "times": 3}, {}, 3_000),
        ({"kind": "amount", "amount": 10_000}, {"amount": cny(700)}, 700),
        ({"kind": "discount", "percent": 2000}, {"sale": cny(4_000)}, 800),
        ({"kind": "goods", "goods": [{"name": "latte"}]}, {}, 9_000),
    ],
)
def test_what_a_use_is_worth(fast: Counter, value: dict[str, Any], body: dict[str, Any], amount: int) -> None:
    fast.redeem(fast.hand_out(fast.series(value=value), price=9_000), **body)
    assert (facts(fast)["voucher.kind"], facts(fast)["voucher.amount"]) == (value["kind"], amount)
    assert facts(fast)["voucher.currency"] == "CNY"


@pytest.mark.parametrize(
    ("price", "currency", "region", "wanted"),
    [
        (900, "CNY", "shanghai", {"foreign_region": None, "below_floor": True}),
        (1_000, "CNY", "beijing", {"foreign_region": True, "below_floor": None}),
        (900, "USD", "shanghai", {"foreign_region": None, "below_floor": None}),
        (None, "CNY", "beijing", {"foreign_region": True, "below_floor": None}),
    ],
)
def test_where_it_does_not_belong(
    fast: Counter, price: int | None, currency: str, region: str, wanted: dict[str, bool | None]
) -> None:
    fast.till.orders.put({"pk": "ORDER#O1", "sk": "ORDER", "currency": currency})
    voucher = fast.hand_out(fast.series(floor_price=1_000, regions=["shanghai"]), order="O1", price=price, agent="a1")
    fast.redeem(voucher, caller=ANY_TILL, store="S1" if region == "shanghai" else "S2")
    found = facts(fast)
    assert {name: found.get(f"voucher.{name}") for name in wanted} == wanted
    assert found["voucher.agent"] == "a1"


def test_diversion_is_held_by_the_built_in_rules(counter: Counter) -> None:
    series = counter.series(floor_price=1_000, regions=["beijing"])
    assert outcome(counter, counter.hand_out(series, price=900, agent="a1"), "k1") == "review_needed"
    (review,) = reviews(counter)
    assert "diversion" in review.reasons
    assert outcome(counter, counter.hand_out(series, price=1_000), "k2") == "done"


@pytest.mark.parametrize(
    ("kind", "caller", "body"),
    [
        ("phone", TILL, {"phone": "138 0013 8000"}),
        ("ip", SERVER, {"client_ip": "203.0.113.7"}),
        ("net", SERVER, {"client_ip": "203.0.113.9"}),
    ],
)
@pytest.mark.parametrize(("effect", "code"), [("block", "risk_refused"), ("allow", "done")])
def test_the_lists_count(
    counter: Counter, kind: Identity, caller: Caller, body: dict[str, Any], effect: Effect, code: str
) -> None:
    series = counter.series(floor_price=1_000, regions=["beijing"])
    voucher = counter.hand_out(series, price=900)
    keys = counter.till.keys
    hashes = {
        "phone": hashed(keys, "13800138000").value[:HASH],
        "ip": traced(keys, "ip", "203.0.113.7"),
        "net": traced(keys, "net", "203.0.113.0/24"),
    }
    entry = Listed(kind=kind, hash=hashes[kind], effect=effect, reason="known", by="operator:K9", at=counter.now)
    ListsTable(counter.till.risk.table).put(entry)
    assert outcome(counter, voucher, "k1", caller, store="S1", **body) == code
    assert "203.0.113" not in str(counter.cloud.contents())


def test_a_policy_is_a_rule(counter: Counter) -> None:
    policies(counter, amounts=[{"at": "redemption", "above": cny(5_000)}])
    voucher = counter.hand_out(counter.series(**AMOUNT))
    assert outcome(counter, voucher, "k1", amount=cny(5_000)) == "done"
    assert outcome(counter, voucher, "k2", amount=cny(5_000 - 1)) == "done"
    other = counter.hand_out(counter.series(**AMOUNT))
    assert outcome(counter, other, "k3", amount=cny(5_001)) == "review_needed"


def test_rules_that_run_out_of_the_cache_meanwhile_still_hold(fast: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cached as it is looked up, not any more as it is decided: never the built-in rules in their place."""
    rule(fast, "redemption", "voucher.kind == 'once'", "refuse")
    seconds, voucher = [0.0], fast.hand_out()
    fast.till = fast.with_till(risk=replace(fast.risk, rules=RulesInForce(fast.risk.table, lambda: seconds[0])))
    assert outcome(fast, voucher, "k1") == "risk_refused"
    asked = Guesses.asked

    def slowly(*args: Any) -> Any:
        seconds[0] += 31
        return asked(*args)

    monkeypatch.setattr(Guesses, "asked", slowly)
    assert outcome(fast, voucher, "k2") == "risk_refused"


# Many at once, calls, and calls that break off.


def at_once(acts: list[Any]) -> Tally[str]:
    with ThreadPoolExecutor(100) as pool:
        return Tally(pool.map(lambda act: act(), acts))


def test_two_hundred_at_once_with_rules_redeem_once(fast: Counter) -> None:
    window = {"at": "redemption", "identity": "member", "counted": "redeemed", "window": "1h", "most": 3}
    policies(fast, windows=[window])
    voucher = fast.hand_out()
    tills = [Caller(role="counter", key_id=f"K{n}", stores=("S1",)) for n in range(200)]
    acts = [lambda n=n, till=till: outcome(fast, voucher, f"k{n}", till, member="u1") for n, till in enumerate(tills)]
    assert at_once(acts) == {"done": 1, "voucher_spent": 199}
    assert {each["outcome"] for each in decisions(fast)} == {"approve"}


def test_the_same_held_request_at_once_is_one_review(fast: Counter) -> None:
    rule(fast, "redemption", "voucher.kind == 'once'", "hold")
    voucher = fast.hand_out()
    assert at_once([lambda: outcome(fast, voucher, "k1")] * 200) == {"review_needed": 200}
    (review,) = reviews(fast)
    assert len(decisions(fast)) == 1
    decide(fast, review, "approve", fast.now)
    assert at_once([lambda: outcome(fast, voucher, "k1")] * 200) == {"done": 200}
    assert len(fast.item(voucher)["uses"]) == 1


@pytest.mark.parametrize("pin", [0, 6])
@pytest.mark.parametrize("then", ["approve", "hold", "refuse"])
def test_no_answer_takes_more_than_four_calls(fast: Counter, pin: int, then: str) -> None:
    rule(fast, "redemption", "voucher.kind == 'times'", then)
    series = fast.series(value={"kind": "times", "times": 9}, pin_digits=pin, rules={"per_member": 3})
    voucher = fast.hand_out(series, order="O1", unit="0-0", agent="a1", sold_in="site")
    for purpose in ("voucher", "fingerprint", "contact"):
        fast.till.keys.key(purpose)
    made: list[str] = []
    dynamo: MemoryDynamo = fast.cloud.dynamo  # type: ignore[attr-defined]
    dynamo.before = made.append

    def ask(key: str) -> str:
        made.clear()
        said = outcome(fast, voucher, key, SERVER, store="S1", member="u1", client_ip="203.0.113.7")
        assert len(made) <= 4
        assert made.count("batch_get_item") == 1
        return said

    for key in ("k1", "k1", "k2", "k2"):
        ask(key)
    if then == "hold":
        decide(fast, reviews(fast)[0], "approve", fast.now)
        assert [ask(key) for key in ("k3", "k3", "k1")] == ["done", "done", "approval_used"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("then", ["approve", "hold"])
def test_a_call_that_breaks_off_decides_nothing_twice(moment: str, then: str) -> None:
    for which in range(4):
        dynamo = MemoryDynamo()
        counter = Counter(MemoryCloud(dynamo))  # type: ignore[arg-type]
        rule(counter, "redemption", "voucher.kind == 'once'", then)
        voucher = counter.hand_out(counter.series(pin_digits=6))
        calls = iter(range(100))

        def dies(_: str, which: int = which, calls: Any = calls) -> None:
            if next(calls) == which:
                raise Busy("gone")

        setattr(dynamo, moment, dies)
        outcome(counter, voucher, "k1")
        dynamo.before = dynamo.after = lambda _: None
        if then == "hold":
            assert outcome(counter, voucher, "k1") == "review_needed"
            (review,) = reviews(counter)
            decide(counter, review, "approve", counter.now)
        assert outcome(counter, voucher, "k1") == "done"
        assert len(decisions(counter)) == 1
        assert len(counter.item(voucher)["uses"]) == 1


# Reversal.


def test_a_use_that_was_taken_back_is_not_decided_again(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT))
    done = counter.redeem(voucher, amount=cny(300))
    rule(counter, "redemption", "voucher.amount > 0", "refuse")
    (decision,) = decisions(counter)
    reverse(counter.till, TILL, decision["subject"])
    again = counter.redeem(voucher, amount=cny(300))
    assert (again.use.id, again.use.reversed_at) == (done.use.id, counter.now)
    assert len(decisions(counter)) == 1
