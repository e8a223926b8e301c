"""Accounts that an order left out: who may leave them out, until when they can be named, and that it is once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from desk.timeline import timeline
from quanyi.audit.model import entry_of_order
from quanyi.catalog.account_form import AccountForm, form_of
from quanyi.catalog.accounts import AccountInvalid
from quanyi.catalog.model import Sku
from quanyi.catalog.topup import TopupTerms
from quanyi.errors import Invalid
from quanyi.events.model import AccountsWanted
from quanyi.events.of_order import events_of
from quanyi.facts.of_order import facts_of
from quanyi.orders.accounts import MOST_BYTES, Asked, accounts_for, accounts_of, opened
from quanyi.orders.buying import being_bought, is_given_up, look_at, wants_buying
from quanyi.orders.changes import delivered
from quanyi.orders.missing import AccountGiven, AccountTooLate, missing, named
from quanyi.orders.model import Order
from quanyi.orders.pricing import Quote, Wanted, quote
from quanyi.orders.promise import in_time, promised
from tests.unit.test_refunds import NOW, bought
from tests.unit.test_topup import PHONE, QQ, sku, terms

KEY = b"k" * 32
LATER: dict[str, Any] = {"fields": [PHONE], "ask": "later", "account_hours": 48}
FIRST, OTHER = {"phone": "13800138888"}, {"phone": "139 0013 9999"}
PACK = [{"sku": "phone-50", "quantity": 1}, {"sku": "coins", "quantity": 1}]


def shop(**more: Any) -> dict[str, Sku]:
    coins = {"fields": [QQ], "ask": "later", "account_hours": 24, **more}
    made = (
        sku(topup=LATER),
        sku("coins", topup=coins),
        sku("strict"),
        sku("pack", kind="bundle", topup=None, face_value=None, components=PACK),
    )
    return {one.id: one for one in made}


def priced(sku_id: str, quantity: int, **more: Any) -> Quote:
    return quote([Wanted(sku_id, quantity)], shop(**more), "site", NOW)


def order(quantity: int = 2, sku_id: str = "phone-50", *, paid: bool = True) -> Order:
    """Nobody has named its accounts."""
    made, found = bought(1), priced(sku_id, quantity)
    state: dict[str, Any] = {"state": "fulfilling"} if paid else {"state": "awaiting_payment", "paid_at": None}
    deadlines = {"expires_at": NOW + timedelta(minutes=15), "due_at": NOW + timedelta(hours=48)}
    return made.model_copy(update={"lines": found.lines, "units": found.units, **deadlines, **state})


def say(it: Order, *given: Mapping[str, str], after: float = 1.0, key: bytes = KEY) -> Order:
    form = form_of(shop()[it.lines[0].sku], shop())
    accounts = accounts_for(it, 0, given, form)
    return named(it, accounts, key, NOW + timedelta(hours=after), "order:O1")


def accounts(it: Order) -> dict[str, Mapping[str, str]]:
    return {unit.id: opened(it, unit, KEY).values for unit in it.units if unit.account}


# Leaving them out.


def test_only_an_account_that_may_be_named_later_is_waited_for() -> None:
    assert (terms().ask, terms().account_hours) == ("with_order", 168)
    assert terms(ask="later").account_hours == 168
    for wrong in ({"account_hours": 48}, {"ask": "later", "account_hours": 0}, {"ask": "later", "account_hours": 721}):
        with pytest.raises(ValidationError):
            TopupTerms.model_validate({"fields": [PHONE], **wrong})


@pytest.mark.parametrize(
    ("sold", "more", "hours"),
    [
        ("phone-50", {}, 48),
        ("strict", {}, None),
        ("pack", {}, 24),
        ("pack", {"ask": "with_order", "account_hours": 168}, None),
    ],
)
def test_a_form_says_whether_it_may_be_left_out(sold: str, more: dict[str, Any], hours: int | None) -> None:
    known = shop(**more)
    assert form_of(known[sold], known).account_hours == hours
    assert AccountForm().account_hours is None
    line, priced_ = Asked(sold, 2), priced(sold, 2, **more)
    if hours:
        assert accounts_of([line], priced_, "zh-CN") == {}
    for later in (True, False):
        if not (hours and later):
            with pytest.raises(AccountInvalid):
                accounts_of([line], priced_, "zh-CN", later=later)


def test_one_of_a_line_may_be_left_out_and_what_is_given_is_read_whole() -> None:
    found = accounts_of([Asked("phone-50", 2, [FIRST, {"phone": " "}])], priced("phone-50", 2), "zh-CN")
    assert list(found) == ["0-0"]
    with pytest.raises(AccountInvalid) as refusal:
        accounts_of([Asked("pack", 1, [{"coins.qq": "12345"}])], priced("pack", 1), "zh-CN")
    assert refusal.value.extra["errors"] == [{"field": "lines.0.accounts.0.phone-50.phone", "reason": "missing"}]


# Waiting.


def test_a_unit_without_its_account_waits_and_is_not_bought() -> None:
    it = order(1)
    (unit,) = it.units
    until = NOW + timedelta(hours=48)
    assert promised(it, unit) == look_at(it, unit, NOW) == until
    assert not wants_buying(it, unit, NOW)
    assert not is_given_up(it, unit, until - timedelta(seconds=1))
    assert is_given_up(it, unit, until)
    (lack,) = missing(it, NOW)
    assert (lack.line, lack.sku, lack.numbers, lack.units, lack.until) == (0, "phone-50", (0,), ("0-0",), until)
    assert missing(it, until) == []


def test_of_a_bundle_each_copy_lacks_all_its_accounts() -> None:
    it = order(2, "pack")
    it = say(it, {"phone-50.phone": FIRST["phone"], "coins.qq": "12345"}, {})
    (lack,) = missing(it, NOW)
    assert (lack.numbers, lack.units) == ((1,), ("0-1-0-0", "0-1-1-0"))
    # The first of them whose money goes back.
    assert lack.until == NOW + timedelta(hours=24)


def test_before_the_payment_it_can_be_named_as_long_as_there_is_one_to_come() -> None:
    it = order(1, paid=False)
    (lack,) = missing(it, NOW)
    assert lack.until is None
    told = say(it, FIRST, after=0.1)
    assert (accounts(told), told.due_at, told.attempt) == ({"0-0": FIRST}, it.due_at, it.attempt)
    with pytest.raises(AccountTooLate):
        say(it, FIRST, after=0.25)
    with pytest.raises(AccountTooLate):
        say(it.model_copy(update={"state": "expired"}), FIRST, after=0.1)


# Naming them.


def test_what_is_named_is_bought_and_its_promise_begins_then() -> None:
    it = say(order(2), FIRST, after=40)
    told, at = it.units, NOW + timedelta(hours=40)
    assert accounts(it) == {"0-0": FIRST, "0-1": FIRST}
    assert [unit.account_hint for unit in told] == ["138****8888"] * 2
    assert (it.changed_by, missing(it, at)) == ("order:O1", [])
    assert all(wants_buying(it, unit, at) for unit in told)
    # A call that ends here leaves the order to the sweep, minutes later.
    assert it.due_at == at + timedelta(minutes=2)
    unit = told[0].model_copy(update={"on_shortage": "backlog", "backlog_hours": 24})
    assert promised(it, unit) == at + timedelta(hours=24)
    assert in_time(NOW, told[0], at + timedelta(minutes=5))
    assert not in_time(NOW, told[0], at + timedelta(minutes=15))


def test_before_the_payment_the_promise_begins_with_it() -> None:
    it = say(order(1, paid=False), FIRST, after=0.1)
    paid = it.model_copy(update={"paid_at": NOW + timedelta(hours=3)})
    assert promised(paid, paid.units[0]) == paid.paid_at


def test_the_same_again_changes_nothing_and_another_is_refused() -> None:
    it = say(order(2), FIRST, OTHER)
    assert say(it, FIRST, {"phone": "+86 139-0013-9999"}, after=500) == it
    for given, units in (((OTHER,), ["0-0"]), ((OTHER, OTHER), ["0-0"]), ((OTHER, FIRST), ["0-0", "0-1"])):
        with pytest.raises(AccountGiven) as refusal:
            say(it, *given)
        assert refusal.value.extra["units"] == units
    part = say(order(2), {}, OTHER)
    assert accounts(part) == {"0-1": {"phone": "13900139999"}}
    # One for all stands for those, too, that have another: nothing is taken.
    with pytest.raises(AccountGiven):
        say(part, FIRST)
    assert accounts(say(part, FIRST, {})) == accounts(say(part, FIRST, OTHER)) == accounts(it)


@pytest.mark.parametrize("state", ["refunding", "refunded"])
def test_what_is_given_back_takes_no_account(state: str) -> None:
    it = order(2)
    gone = it.model_copy(update={"units": (it.units[0].model_copy(update={"state": state}), it.units[1])})
    with pytest.raises(AccountTooLate) as refusal:
        say(gone, FIRST)
    assert refusal.value.extra == {"state": "fulfilling", "units": ["0-0"]}
    assert accounts(say(gone, {}, FIRST)) == {"0-1": FIRST}


def test_what_is_over_takes_none() -> None:
    with pytest.raises(AccountTooLate):
        say(order(1), FIRST, after=48)
    bought_ = being_bought(say(order(1), FIRST), ["0-0"], "P1")
    assert say(bought_, FIRST) == bought_


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ([{}], {"accounts.0.phone": "missing"}),
        ([{"phone": "12"}, {}], {"accounts.0.phone": "format"}),
        ([FIRST, {"qq": "12345"}], {"accounts.1.qq": "unknown", "accounts.1.phone": "missing"}),
        ([FIRST] * 3, {"accounts": "count"}),
    ],
)
def test_every_wrong_field_is_named(given: Sequence[Mapping[str, str]], faults: dict[str, str]) -> None:
    with pytest.raises(AccountInvalid) as refusal:
        say(order(2), *given)
    assert {error["field"]: error["reason"] for error in refusal.value.extra["errors"]} == faults


def test_accounts_of_all_lines_together_have_an_end() -> None:
    it = order(2)
    full = it.units[0].model_copy(update={"line": 1, "account": b"x" * MOST_BYTES})
    with pytest.raises(Invalid, match="too large"):
        say(it.model_copy(update={"lines": it.lines * 2, "units": (full, it.units[1])}), FIRST)


def test_streams_tell_of_it_too_though_they_leave_bytes_out() -> None:
    def streamed(it: Order) -> Order:
        units = [unit.model_copy(update={"account": None, "on_shortage": "backlog"}) for unit in it.units]
        return it.model_copy(update={"units": tuple(units)})

    before, after = streamed(order(1)), streamed(say(order(1), FIRST))
    assert (before.units[0].lacks_account, after.units[0].lacks_account) == (True, False)
    entry = entry_of_order(before, after, NOW, [])
    assert entry
    assert [fact["what"] for fact in entry.facts] == ["AccountsNamed"]
    (fact,) = [one for one in facts_of(delivered(after, ["0-0"], NOW + timedelta(hours=3))) if one.kind == "delivered"]
    assert fact.medium == "in_time"


def test_the_trail_says_that_it_was_named_and_not_what() -> None:
    before = order(2)
    after = say(before, FIRST, {}).model_copy(update={"rev": before.rev + 1})
    entry = entry_of_order(before, after, NOW, [])
    assert entry
    assert (entry.by, entry.facts) == ("order:O1", [{"what": "AccountsNamed", "units": ["0-0"]}])


def test_the_buyer_is_told_of_it_once_it_is_paid() -> None:
    before = order(2, paid=False)
    unpaid = say(before, FIRST, {}, after=0.1)
    paid = unpaid.model_copy(update={"state": "paid", "paid_at": NOW, "rev": 5})
    wanted = [event for event in events_of(unpaid, paid, NOW) if isinstance(event, AccountsWanted)]
    assert [(event.units, event.until) for event in wanted] == [(("0-1",), NOW + timedelta(hours=48))]
    for old, new in ((before, unpaid), (paid, paid), (paid, say(paid, {}, OTHER))):
        assert not [event for event in events_of(old, new, NOW) if isinstance(event, AccountsWanted)]
    whole = say(unpaid, FIRST, OTHER, after=0.1).model_copy(update={"state": "paid", "paid_at": NOW})
    assert not [event for event in events_of(unpaid, whole, NOW) if isinstance(event, AccountsWanted)]


def test_how_long_a_delivery_took_counts_from_when_its_account_was_named() -> None:
    it = say(order(1), FIRST, after=40)
    it = delivered(it, ["0-0"], NOW + timedelta(hours=40, seconds=30))
    (fact,) = [one for one in facts_of(it) if one.kind == "delivered"]
    assert (fact.seconds, fact.medium) == (30, "in_time")


def test_the_line_of_time_says_when_it_was_named() -> None:
    it = say(order(2), FIRST, {}, after=2)
    (entry,) = [one for one in timeline(it, {}, {}) if one.what == "account_named"]
    assert (entry.at, entry.facts) == (NOW + timedelta(hours=2), {"unit": "0-0", "account": "138****8888"})
    assert entry.text["en"] == "Account named: 0-0 (138****8888)"
