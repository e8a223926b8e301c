"""A check of a body that does not say what to take: what is left, and what can be judged without it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from quanyi.errors import Invalid
from quanyi.vouchers.qr import fresh_text
from quanyi.vouchers.refusals import QrRefused, VoucherSpent, VoucherUnknown
from redeem.messages import Checked, CheckView, UseBody
from redeem.using import check
from tests.aws.counter import TILL, Counter, Handed
from tests.aws.memory import MemoryCloud

AMOUNT: dict[str, Any] = {"value": {"kind": "amount", "amount": 10_000}}
DISCOUNT: dict[str, Any] = {"value": {"kind": "discount", "percent": 2000}}
CNY: dict[str, Any] = {"amount": 300, "currency": "CNY"}


@pytest.fixture
def counter() -> Counter:
    return Counter(MemoryCloud())  # type: ignore[arg-type]


def rules_of(checked: Checked) -> list[str]:
    return [one.rule for one in checked.refused]


def test_a_balance_is_looked_up(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, pin_digits=4))
    counter.redeem(voucher, amount=CNY)
    before = counter.cloud.contents()
    view = CheckView.of(counter.check(voucher)).model_dump(mode="json")
    told = (view["usable"], view["refused"], view["missing"], view["unjudged"], view["takes"])
    assert told == (True, [], "amount", [], None)
    assert (view["voucher"]["left"], view["voucher"]["whole"], view["off"]) == (9_700, 10_000, None)
    assert counter.cloud.contents() == before
    with pytest.raises(Invalid) as refused:
        counter.redeem(voucher, "k2")
    assert refused.value.extra["reason"] == "amount_missing"


def test_a_discount_goes_by_its_sale(counter: Counter) -> None:
    checked = counter.check(counter.hand_out(counter.series(**DISCOUNT)))
    assert (checked.missing, checked.taken, checked.refused) == ("sale", None, [])


@pytest.mark.parametrize("value", [{"kind": "once"}, {"kind": "times", "times": 3}, {"kind": "goods", "goods": None}])
def test_what_needs_no_amount_is_judged_whole(counter: Counter, value: dict[str, Any]) -> None:
    if "goods" in value:
        value = {**value, "goods": [{"name": "latte"}]}
    voucher = counter.hand_out(counter.series(value=value, rules={"minimum_spend": 500, "goods": ["tea"]}))
    checked = counter.check(voucher)
    assert checked.taken
    assert (checked.missing, checked.taken.amount, list(checked.unjudged)) == (None, 1, [])
    assert rules_of(checked) == ["goods", "minimum_spend"]


RULES: dict[str, Any] = {
    "minimum_spend": 500,
    "goods": ["tea"],
    "when": "sale.amount > 500 and len(sale.goods) > 0 and now.hour < 9",
}


@pytest.mark.parametrize(
    ("said", "unjudged", "refused"),
    [
        ({}, ["goods", "minimum_spend", "condition"], []),
        ({"sale": {**CNY, "amount": 400}}, ["goods", "condition"], ["minimum_spend"]),
        ({"goods": ["cake"]}, ["minimum_spend", "condition"], ["goods"]),
        ({"sale": {**CNY, "amount": 900}, "goods": ["tea"]}, [], ["condition"]),
    ],
)
def test_rules_that_go_by_the_sale_are_left_open(
    counter: Counter, said: dict[str, Any], unjudged: list[str], refused: list[str]
) -> None:
    checked = counter.check(counter.hand_out(counter.series(**AMOUNT, rules=RULES)), **said)
    assert (checked.missing, list(checked.unjudged), rules_of(checked)) == ("amount", unjudged, refused)


def test_a_condition_about_anything_else_is_judged(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, rules={"when": "voucher.left < 500"}))
    assert rules_of(counter.check(voucher)) == ["condition"]


@pytest.mark.parametrize(
    ("rules", "change", "refused"),
    [
        ({"valid_until": "2026-01-01T00:00:00Z"}, {}, ["expired"]),
        ({"stores": ["S2"]}, {}, ["store"]),
        ({"weekdays": [1]}, {}, ["weekday"]),
        ({}, {"frozen": "stolen"}, ["frozen"]),
        ({}, {"state": "voided"}, ["cancelled"]),
        ({}, {"state": "redeemed", "left": 0}, ["spent"]),
        ({"per_member": 1}, {}, ["member_unknown"]),
    ],
)
def test_what_goes_without_the_sale_is_judged(
    counter: Counter, rules: dict[str, Any], change: dict[str, Any], refused: list[str]
) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, rules=rules), **change)
    checked = counter.check(voucher)
    assert (rules_of(checked), checked.missing) == (refused, "amount")
    assert not CheckView.of(checked).usable


def test_a_limit_is_told(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, rules={"per_day": 1}))
    counter.redeem(voucher, amount=CNY)
    (limit,) = counter.check(voucher).refused
    assert limit.rule == "per_day"
    assert limit.passes_at


def test_a_spent_one_is_refused_to_who_says_how_much(counter: Counter) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT), state="redeemed", left=0)
    with pytest.raises(VoucherSpent):
        counter.check(voucher, amount=CNY)
    assert counter.check(voucher).voucher.left == 0


def wrong_pin(counter: Counter, voucher: Handed) -> UseBody:
    return UseBody.model_validate({"code": voucher.code, "pin": "00000000"})


def stale_qr(counter: Counter, voucher: Handed) -> UseBody:
    text = fresh_text(counter.till.keys, voucher.card_id, counter.now - timedelta(minutes=9))
    return UseBody.model_validate({"qr": text})


def other_money(counter: Counter, voucher: Handed) -> UseBody:
    return voucher.body(sale={**CNY, "currency": "USD"})


@pytest.mark.parametrize(
    ("body", "refusal"), [(wrong_pin, VoucherUnknown), (stale_qr, QrRefused), (other_money, Invalid)]
)
def test_it_opens_to_nobody_else(counter: Counter, body: Callable[..., UseBody], refusal: type[Exception]) -> None:
    voucher = counter.hand_out(counter.series(**AMOUNT, pin_digits=4))
    with pytest.raises(refusal):
        check(counter.till, TILL, body(counter, voucher))


def test_a_series_that_is_frozen_is_told(counter: Counter) -> None:
    series = counter.series(**AMOUNT)
    voucher = counter.hand_out(series)
    counter.till.series.freeze(series.id, "recall", by="me", now=counter.now)
    assert rules_of(counter.check(voucher)) == ["series_frozen"]
