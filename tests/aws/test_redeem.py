"""Redeeming: once for each request and never too often, on the fast DynamoDB and on moto."""

from datetime import timedelta
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.clock import stamp
from quanyi.errors import Conflict, Forbidden, Invalid, KeyReused, NotFound, Refusal
from quanyi.redemptions.model import number_of
from quanyi.secret import Secret
from quanyi.vouchers.qr import fresh_text, static_text
from quanyi.vouchers.refusals import NotUsable, QrRefused, VoucherMalformed, VoucherSpent, VoucherUnknown
from redeem.messages import RedemptionView, UseBody
from redeem.reversing import reverse
from redeem.using import redeem
from tests.aws.conftest import Cloud
from tests.aws.counter import ANY_TILL, SERVER, TILL, Counter, Handed
from tests.aws.memory import MemoryCloud

AMOUNT: dict[str, Any] = {"value": {"kind": "amount", "amount": 10_000}, "reversal_minutes": 30}
TIMES: dict[str, Any] = {"value": {"kind": "times", "times": 3}, "reversal_minutes": 30}


def cny(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture(params=["memory", "moto"])
def counter(request: pytest.FixtureRequest, cloud: Cloud) -> Counter:
    return Counter(MemoryCloud() if request.param == "memory" else cloud)  # type: ignore[arg-type]


def rules_of(refused: pytest.ExceptionInfo[NotUsable]) -> list[str]:
    return [one.rule for one in refused.value.refused]


def test_once(counter: Counter) -> None:
    voucher = counter.hand_out()
    done = counter.redeem(voucher, operator="mei")
    item = counter.item(voucher)
    assert (item["state"], item["left"], item["used"]) == ("redeemed", 0, 1)
    (use,) = done.voucher.uses
    assert (use.store, use.key_id, use.operator, use.at) == ("S1", "K1", "mei", counter.now)
    with pytest.raises(VoucherSpent) as refused:
        counter.redeem(voucher, key="k2")
    assert (refused.value.extra["left"], refused.value.extra["wanted"]) == (0, 1)
    assert counter.item(voucher) == item


def test_the_same_request_is_the_same_use(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT))
    first = counter.redeem(voucher, amount=cny(300))
    counter.later(days=400)  # whatever happened since
    again = counter.redeem(voucher, amount=cny(300))
    assert again.use == first.use
    assert counter.left(voucher) == 9_700
    with pytest.raises(KeyReused):
        counter.redeem(voucher, amount=cny(301))
    assert counter.left(voucher) == 9_700


def test_two_terminals_may_use_the_same_key(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT))
    for caller in (TILL, Caller(role="counter", key_id="K9", stores=("S1",))):
        counter.redeem(voucher, caller=caller, amount=cny(300))
    assert counter.left(voucher) == 9_400


def test_a_stored_amount_is_used_in_parts(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT))
    assert counter.redeem(voucher, "k1", amount=cny(9_990)).voucher.left == 10
    with pytest.raises(VoucherSpent) as refused:
        counter.redeem(voucher, "k2", amount=cny(30))
    assert refused.value.extra["left"] == 10
    done = counter.redeem(voucher, "k3", amount=cny(10))
    assert (done.voucher.left, done.voucher.state) == (0, "redeemed")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "amount_missing"),
        ({"amount": {"amount": 0, "currency": "CNY"}}, "amount_missing"),
        ({"amount": {"amount": 300, "currency": "USD"}}, "currency"),
    ],
)
def test_an_amount_that_cannot_be(counter: Counter, body: dict[str, Any], reason: str) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT))
    before = counter.item(voucher)
    with pytest.raises(Invalid) as refused:
        counter.redeem(voucher, **body)
    assert refused.value.extra["reason"] == reason
    assert counter.item(voucher) == before


def test_a_discount_is_reckoned_for_the_sale(counter: Counter) -> None:
    series = counter.series(value={"kind": "discount", "percent": 2000, "max_off": 5000})
    assert counter.redeem(counter.hand_out(series), sale=cny(19_999)).use.details == {"sale": 19_999, "off": 3_999}
    assert counter.redeem(counter.hand_out(series), sale=cny(50_000)).use.details["off"] == 5_000
    off = counter.series("VS2", value={"kind": "discount", "amount_off": 3000})
    assert counter.redeem(counter.hand_out(off), sale=cny(2_000)).use.details["off"] == 2_000
    with pytest.raises(Invalid):
        counter.redeem(counter.hand_out(off))


def test_goods_are_what_it_is_exchanged_for(counter: Counter) -> None:
    series = counter.series(value={"kind": "goods", "goods": [{"name": "latte", "quantity": 2}, {"name": "cake"}]})
    voucher = counter.hand_out(series)
    done = counter.redeem(voucher)
    given = RedemptionView.of(done.voucher, done.series, done.use).goods
    assert [(one.name, one.quantity) for one in given] == [("latte", 2), ("cake", 1)]
    assert counter.item(voucher)["state"] == "redeemed"


def test_a_check_changes_nothing(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**TIMES))
    before = counter.cloud.contents()
    checked = counter.check(voucher)
    assert checked.taken
    assert (checked.refused, checked.taken.amount, checked.voucher.left) == ([], 1, 3)
    assert counter.cloud.contents() == before


# Reversal.


def test_a_use_is_reversed_once(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**TIMES))
    for key in ("k1", "k2", "k3"):
        done = counter.redeem(voucher, key)
    assert counter.item(voucher)["state"] == "redeemed"
    number = number_of(voucher.card_id, done.use.id)
    counter.later(minutes=29)
    for _ in range(2):
        back = reverse(counter.till, TILL, number)
        assert (back.voucher.left, back.voucher.state, back.use.reversed_at) == (1, "delivered", counter.now)
        assert back.use.reversed_by == "counter:K1"
    again = counter.redeem(voucher, "k3")  # the same request answers the same use, which was reversed
    assert again.use.reversed_at
    assert counter.left(voucher) == 1
    counter.redeem(voucher, "k4")
    assert counter.left(voucher) == 0


def test_a_reversal_has_its_time_and_its_place(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**TIMES))
    number = number_of(voucher.card_id, counter.redeem(voucher).use.id)
    for stranger in (Caller(role="counter", key_id="K8", stores=("S2",)), SERVER):
        with pytest.raises(NotFound):
            reverse(counter.till, stranger, number)
    for nonsense in ("R", number[:-1], number_of("x" * 43, "0" * 16), number_of(voucher.card_id, "0" * 16)):
        with pytest.raises(NotFound):
            reverse(counter.till, TILL, nonsense)
    counter.later(minutes=30)
    with pytest.raises(Conflict) as refused:
        reverse(counter.till, TILL, number)
    assert refused.value.extra["reason"] == "too_late"
    assert reverse(counter.till, Caller(role="operator", key_id="K5"), number).voucher.left == 3


def test_what_is_not_reversible_is_not_reversed(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(value={"kind": "times", "times": 3}))
    number = number_of(voucher.card_id, counter.redeem(voucher).use.id)
    with pytest.raises(Conflict) as refused:
        reverse(counter.till, TILL, number)
    assert refused.value.extra["reason"] == "not_reversible"


def test_a_cancelled_voucher_takes_no_reversal(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**TIMES))
    number = number_of(voucher.card_id, counter.redeem(voucher).use.id)
    counter.till.vouchers.cancel(voucher.card_id, by="operator:K5", reason="fraud")
    before = counter.item(voucher)
    with pytest.raises(Conflict) as refused:
        reverse(counter.till, TILL, number)
    assert refused.value.extra["state"] == "voided"
    assert counter.item(voucher) == before


# What a person does to vouchers and series.


def test_frozen_cancelled_expired(counter: Counter) -> None:
    series = counter.series(**TIMES, rules={"days_from_delivery": 30})
    vouchers, by = counter.till.vouchers, {"by": "operator:K5", "reason": "look into it"}
    voucher = counter.hand_out(series)

    def refused() -> list[str]:
        rules = [one.rule for one in counter.check(voucher).refused]
        if rules:
            with pytest.raises(NotUsable) as error:
                counter.redeem(voucher, "k9")
            assert rules_of(error) == rules
        return rules

    vouchers.freeze(voucher.card_id, **by)
    assert refused() == ["frozen"]
    vouchers.unfreeze(voucher.card_id, **by)
    assert refused() == []
    counter.till.series.freeze("VS1", "recall", by="operator:K5", now=counter.now)
    assert refused() == ["series_frozen"]
    counter.till.series.unfreeze("VS1", by="operator:K5", now=counter.now)
    assert refused() == []
    counter.later(days=30)
    assert refused() == ["expired"]
    vouchers.extend(voucher.card_id, counter.now + timedelta(days=1), **by)
    assert refused() == []
    counter.later(days=2)
    assert refused() == ["expired"]
    counter.till.series.extend("VS1", counter.now + timedelta(days=9), by="operator:K5", now=counter.now)
    assert refused() == ["expired"]  # its own end goes before its series'
    vouchers.extend(voucher.card_id, None, **by)
    assert refused() == []
    counter.till.series.cancel("VS1", "recall", by="operator:K5", now=counter.now)
    assert refused() == ["series_cancelled"]
    vouchers.cancel(voucher.card_id, **by)
    assert refused() == ["cancelled", "series_cancelled"]
    with pytest.raises(Conflict):
        vouchers.unfreeze(voucher.card_id, **by)
    with pytest.raises(NotFound):
        vouchers.freeze("x" * 43, **by)


def test_a_freeze_between_reading_and_writing_holds(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    voucher = counter.hand_out(counter.series(**TIMES))
    vouchers = counter.till.vouchers
    real = type(vouchers).redeem

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(type(vouchers), "redeem", real)
        vouchers.freeze(voucher.card_id, by="operator:K5", reason="stolen")
        return real(*args, **kwargs)

    monkeypatch.setattr(type(vouchers), "redeem", late)
    with pytest.raises(NotUsable) as refused:
        counter.redeem(voucher)
    assert rules_of(refused) == ["frozen"]
    assert counter.left(voucher) == 3


def test_an_order_under_complaint_freezes_its_vouchers(counter: Counter) -> None:
    voucher = counter.hand_out(order="O1", unit="0-0")
    orders = counter.till.orders
    orders.put({"pk": "ORDER#O1", "sk": "ORDER", "currency": "CNY", "frozen": ["CASE1"]})
    with pytest.raises(NotUsable) as refused:
        counter.redeem(voucher)
    assert rules_of(refused) == ["order_frozen"]
    orders.put({"pk": "ORDER#O1", "sk": "ORDER", "currency": "CNY", "frozen": []})
    assert counter.redeem(voucher).voucher.left == 0


def test_refunded_unused_and_used(counter: Counter) -> None:
    series = counter.series(**TIMES)
    unused = counter.hand_out(series, order="O1", unit="0-0")
    used = counter.hand_out(series, order="O1", unit="0-1")
    counter.redeem(used)
    vouchers = counter.till.vouchers
    assert vouchers.cancel_unused(unused.card_id, order="O1", unit="0-1") is None
    for _ in range(2):
        assert vouchers.cancel_unused(unused.card_id, order="O1", unit="0-0")
    assert vouchers.cancel_unused(used.card_id, order="O1", unit="0-1") is None
    with pytest.raises(NotUsable) as refused:
        counter.redeem(unused)
    assert rules_of(refused) == ["cancelled"]


# Where, and by whom.


def test_stores(counter: Counter) -> None:
    series = counter.series(**TIMES, rules={"stores": ["S1"]})
    voucher = counter.hand_out(series)
    with pytest.raises(Forbidden):
        counter.redeem(voucher, store="S2")
    with pytest.raises(Invalid):
        counter.redeem(voucher, caller=ANY_TILL)
    with pytest.raises(Invalid) as unknown:
        counter.redeem(voucher, caller=ANY_TILL, store="S99")
    assert unknown.value.extra["reason"] == "store_unknown"
    with pytest.raises(NotUsable) as foreign:
        counter.redeem(voucher, caller=ANY_TILL, store="S2")
    assert rules_of(foreign) == ["store"]
    with pytest.raises(NotUsable):
        counter.redeem(voucher, caller=SERVER)
    assert counter.redeem(voucher, caller=SERVER, store="S1").use.channel == "site"
    store = counter.till.stores.get("S1")
    counter.till.stores.save(store.model_copy(update={"open": False, "version": 2}))
    with pytest.raises(NotUsable) as closed:
        counter.redeem(voucher, "k2")
    assert rules_of(closed) == ["store_closed"]


@pytest.mark.parametrize("role", ["publishable", "support", "analyst", "supplier", "operator"])
def test_others_do_not_redeem(counter: Counter, role: Any) -> None:
    voucher = counter.hand_out()
    with pytest.raises(Forbidden):
        counter.redeem(voucher, caller=Caller(role=role, key_id="K7"))
    assert counter.left(voucher) == 1


def test_limits_of_a_voucher_and_of_a_member(counter: Counter) -> None:
    rules = {"per_day": 2, "per_member": 3, "per_member_per_day": 2}
    series = counter.series(value={"kind": "times", "times": 9}, reversal_minutes=60, rules=rules)
    first, second = counter.hand_out(series), counter.hand_out(series)

    def refused(voucher: Handed, key: str, **body: Any) -> list[tuple[str, str]]:
        rules = [
            (one.rule, stamp(one.passes_at) if one.passes_at else "") for one in counter.check(voucher, **body).refused
        ]
        with pytest.raises(NotUsable) as error:
            counter.redeem(voucher, key, **body)
        assert [one.rule for one in error.value.refused] == [rule for rule, _ in rules]
        return rules

    tomorrow = "2026-11-26T16:00:00.000Z"
    assert refused(first, "k0") == [("member_unknown", "")]
    done = counter.redeem(first, "k1", member="u1")
    counter.redeem(first, "k1", member="u1")
    counter.redeem(first, "k2", phone="13800000000")
    assert refused(first, "k3", member="u2") == [("per_day", tomorrow)]
    counter.redeem(second, "k4", member="u1")
    assert refused(second, "k5", member="u1") == [("per_member_per_day", tomorrow)]
    reverse(counter.till, TILL, number_of(first.card_id, done.use.id))
    reverse(counter.till, TILL, number_of(first.card_id, done.use.id))
    counter.redeem(second, "k5", member="u1")
    counter.later(days=1)
    counter.redeem(second, "k6", member="u1")
    assert refused(second, "k7", member="u1") == [("per_member", "")]
    assert (counter.left(first), counter.left(second)) == (8, 6)


def test_a_member_at_the_limit_meanwhile(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the read said is not what the write finds."""
    series = counter.series(value={"kind": "times", "times": 9}, rules={"per_member": 1})
    one, other = counter.hand_out(series), counter.hand_out(series)
    vouchers = counter.till.vouchers
    real = type(vouchers).redeem

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(type(vouchers), "redeem", real)
        counter.redeem(other, "k2", member="u1")
        return real(*args, **kwargs)

    monkeypatch.setattr(type(vouchers), "redeem", late)
    with pytest.raises(NotUsable) as refused:
        counter.redeem(one, "k1", member="u1")
    assert rules_of(refused) == ["per_member"]
    assert (counter.left(one), counter.left(other)) == (9, 8)


def test_a_condition_of_the_merchants(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    series = counter.series(**TIMES, rules={"when": "sale.amount >= 5000 and store.region == 'shanghai'"})
    voucher = counter.hand_out(series)
    counter.redeem(voucher, sale=cny(5000))
    with pytest.raises(NotUsable) as refused:
        counter.redeem(voucher, "k2", sale=cny(4999))
    assert rules_of(refused) == ["condition"]
    with pytest.raises(NotUsable):
        counter.redeem(voucher, "k3", caller=ANY_TILL, store="S2", sale=cny(5000))
    broken = counter.hand_out(counter.series("VS2", rules={"when": "sale.goods > 3"}))
    with pytest.raises(NotUsable) as failed:
        counter.redeem(broken)
    assert rules_of(failed) == ["condition_failed"]
    assert "VoucherRuleFailed" in capsys.readouterr().out


# QR codes.


def scan(counter: Counter, text: str, key: str = "k1", caller: Caller = TILL) -> int:
    return redeem(counter.till, caller, key, UseBody(qr=Secret(text))).voucher.left


def test_a_static_code_is_as_good_as_the_number(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**TIMES, pin_digits=6))
    text = static_text(counter.till.keys, voucher.card_id)
    assert [scan(counter, text, key) for key in ("k1", "k1", "k2")] == [2, 2, 1]


def test_a_fresh_code_is_taken_once(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**TIMES))
    older = fresh_text(counter.till.keys, voucher.card_id, counter.now)
    counter.later(seconds=5)
    newer = fresh_text(counter.till.keys, voucher.card_id, counter.now)
    assert scan(counter, newer) == 2
    for replayed in (newer, older):
        with pytest.raises(QrRefused) as refused:
            scan(counter, replayed, "k2")
        assert refused.value.extra["reason"] == "used"
    counter.later(days=1)
    assert scan(counter, newer) == 2  # the same request, whenever it comes
    with pytest.raises(QrRefused) as stale:
        scan(counter, newer, "k3")
    assert stale.value.extra["reason"] == "stale"
    assert counter.left(voucher) == 2


def test_two_tills_take_one_fresh_code(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    voucher = counter.hand_out(counter.series(**TIMES))
    text = fresh_text(counter.till.keys, voucher.card_id, counter.now)
    vouchers = counter.till.vouchers
    real = type(vouchers).redeem

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(type(vouchers), "redeem", real)
        scan(counter, text, "k2")
        return real(*args, **kwargs)

    monkeypatch.setattr(type(vouchers), "redeem", late)
    with pytest.raises(QrRefused):
        scan(counter, text, "k1")
    assert counter.left(voucher) == 2


def test_ways(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**TIMES, ways=["fresh_qr"]))
    with pytest.raises(NotUsable) as refused:
        counter.redeem(voucher)
    assert rules_of(refused) == ["way"]
    with pytest.raises(NotUsable):
        scan(counter, static_text(counter.till.keys, voucher.card_id))
    assert scan(counter, fresh_text(counter.till.keys, voucher.card_id, counter.now)) == 2


# What is not there.


def test_a_mistyped_code_is_told_and_not_counted(counter: Counter) -> None:
    voucher = counter.hand_out()
    before = counter.cloud.contents()
    with pytest.raises(VoucherMalformed):
        redeem(counter.till, TILL, "k1", UseBody(code=Secret(voucher.code[:-1] + "2" + voucher.code[-1])))
    assert counter.cloud.contents() == before


@pytest.mark.parametrize("state", ["available", "reserved"])
def test_a_voucher_that_nobody_has_is_unknown(counter: Counter, state: str) -> None:
    voucher = counter.hand_out(state=state, delivered_at=None)
    before = counter.item(voucher)
    with pytest.raises(VoucherUnknown):
        counter.redeem(voucher)
    assert counter.item(voucher) == before


def test_a_card_of_somebody_elses_is_unknown(counter: Counter) -> None:
    """A third party's whose number happens to be the same."""
    voucher = counter.hand_out()
    counter.till.vouchers.table.update({"card_id": voucher.card_id}, "REMOVE series, #left, whole, uses, used")
    before = counter.item(voucher)
    with pytest.raises(VoucherUnknown):
        counter.redeem(voucher)
    assert counter.item(voucher) == before


def test_every_refusal_leaves_the_voucher_alone(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, rules={"minimum_spend": 5000, "goods": ["latte"]}))
    before = counter.item(voucher)
    bodies: list[dict[str, Any]] = [
        {"amount": cny(300)},
        {"amount": cny(300), "sale": cny(4999), "goods": ["latte"]},
        {"amount": cny(300), "sale": cny(5000), "goods": ["tea"]},
        {"amount": cny(10_001), "sale": cny(20_000), "goods": ["latte"]},
    ]
    for body in bodies:
        with pytest.raises(Refusal):
            counter.redeem(voucher, **body)
    assert counter.item(voucher) == before
    assert counter.redeem(voucher, amount=cny(300), sale=cny(5000), goods=["tea", "latte"]).voucher.left == 9_700
