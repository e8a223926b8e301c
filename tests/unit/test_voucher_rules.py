"""Which rules refuse a use, and when they would allow it: found moments do pass, and no earlier one does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quanyi.vouchers.condition import SAMPLE, facts, fault_of, refusal
from quanyi.vouchers.model import MOST_USES, Series, UsageRules, VoucherTerms, series_id_of
from quanyi.vouchers.rules import Refused, Sale, next_opening, refusals, uses_on, valid_until
from quanyi.vouchers.use import Use, Voucher

SHANGHAI = "Asia/Shanghai"
NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
"""A Thursday."""
ZONES = [SHANGHAI, "America/New_York", "Asia/Kolkata"]


def series(**rules: Any) -> Series:
    terms = VoucherTerms(rules=UsageRules.model_validate(rules))
    return Series(id="VS1", sku="coffee", terms=terms, created_at=NOON)


def voucher(**attributes: Any) -> Voucher:
    known = Voucher("c", "VS1", "delivered", left=1, whole=1, delivered_at=NOON - timedelta(days=3))
    return replace(known, **attributes)


def refused(of: Series, now: datetime = NOON, who: Voucher | None = None, **sale: Any) -> dict[str, datetime | None]:
    return {one.rule: one.passes_at for one in refusals(who or voucher(), of, Sale(**sale), now, SHANGHAI)}


def here(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_no_rules_allow_everything() -> None:
    assert refused(series()) == {}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"valid_from": "2026-11-27T00:00:00Z"}, {"not_started": datetime(2026, 11, 27, tzinfo=UTC)}),
        ({"valid_until": "2026-11-26T04:00:00Z"}, {"expired": None}),
        ({"valid_until": "2026-11-26T04:00:00.001Z"}, {}),
        ({"days_from_delivery": 3}, {"expired": None}),
        ({"days_from_delivery": 4}, {}),
        ({"weekdays": [4]}, {}),
        ({"weekdays": [6, 7]}, {"weekday": here("2026-11-28")}),
        ({"weekdays": [3]}, {"weekday": here("2026-12-02")}),
        ({"hours": [{"opens": "11:00", "closes": "14:00"}]}, {}),
        ({"hours": [{"opens": "09:00", "closes": "12:00"}]}, {"hours": here("2026-11-27T09:00")}),
        (
            {"hours": [{"opens": "07:00", "closes": "10:00"}, {"opens": "17:00", "closes": "21:00"}]},
            {"hours": here("2026-11-26T17:00")},
        ),
        ({"hours": [{"opens": "20:00", "closes": "13:00"}]}, {}),  # Wednesday's evening goes on
        ({"hours": [{"opens": "20:00", "closes": "13:00"}], "weekdays": [4]}, {"hours": here("2026-11-26T20:00")}),
        ({"hours": [{"opens": "20:00", "closes": "13:00"}], "weekdays": [3]}, {}),
        ({"blackout_dates": ["2026-11-26"]}, {"blackout": here("2026-11-27")}),
        ({"blackout_dates": ["2026-11-26", "2026-11-27"], "weekdays": [4, 5]}, {"blackout": here("2026-12-03")}),
        (
            {"blackout_dates": ["2026-11-26"], "weekdays": [1]},
            {"weekday": here("2026-11-30"), "blackout": here("2026-11-30")},
        ),
        # What would pass only after it has expired never passes.
        ({"weekdays": [6], "valid_until": "2026-11-27T15:59:59Z"}, {"weekday": None}),
        ({"minimum_spend": 100}, {"minimum_spend": None}),
        ({"goods": ["latte"]}, {"goods": None}),
        ({"stores": ["S1"]}, {"store": None}),
        ({"per_member": 1}, {"member_unknown": None}),
    ],
)
def test_each_rule(rules: dict[str, Any], expected: dict[str, datetime | None]) -> None:
    assert refused(series(**rules)) == expected


def test_every_rule_is_told() -> None:
    told = refused(series(weekdays=[1], minimum_spend=1, goods=["a"], stores=["S1"], per_member=1))
    assert list(told) == ["weekday", "store", "goods", "minimum_spend", "member_unknown"]


def test_a_start_in_closed_hours_passes_when_it_opens() -> None:
    rules = {"valid_from": "2026-11-28T15:00:00Z", "hours": [{"opens": "09:00", "closes": "21:00"}]}
    assert refused(series(**rules)) == {"not_started": here("2026-11-29T09:00")}


def test_what_is_allowed() -> None:
    of = series(minimum_spend=100, goods=["latte", "tea"], stores=["S1"], per_member=2, per_member_per_day=1)
    allowed: dict[str, Any] = {"amount": 100, "goods": ("cake", "tea"), "store": "S1", "member": "M1"}
    assert refused(of, **allowed, member_uses=1) == {}
    assert refused(of, **allowed, member_uses=2, member_uses_today=1) == {"per_member": None}
    tomorrow = here("2026-11-27")
    assert refused(of, **allowed, member_uses=1, member_uses_today=1) == {"per_member_per_day": tomorrow}


def test_a_day_is_the_shops() -> None:
    late, early = here("2026-11-26T23:59"), here("2026-11-27T00:00")
    who = voucher(uses=(Use("u1", 1, late, "K1"), Use("u2", 1, late, "K1", reversed_at=late)), used=2)
    assert (uses_on(who, "2026-11-26", SHANGHAI), uses_on(who, "2026-11-27", SHANGHAI)) == (1, 0)
    assert refused(series(per_day=1), late, who) == {"per_day": early}
    assert refused(series(per_day=1), early, who) == {}


def test_standing() -> None:
    of = series().model_copy(update={"frozen": "recall", "cancelled": "recall"})
    assert set(refused(of, who=voucher(frozen="stolen"))) == {"series_cancelled", "frozen", "series_frozen"}
    assert set(refused(series(), who=voucher(state="voided"))) == {"cancelled"}
    assert set(refused(series(), who=voucher(used=MOST_USES))) == {"too_many_uses"}
    assert refused(series(), who=voucher(state="redeemed")) == {}


def test_which_end_holds() -> None:
    late = NOON + timedelta(days=99)
    of = series(valid_until=NOON.isoformat(), days_from_delivery=2)
    assert valid_until(voucher(), of) == NOON - timedelta(days=1)
    extended = of.model_copy(update={"until": late})
    assert valid_until(voucher(), extended) == late
    assert valid_until(voucher(until=NOON), extended) == NOON
    assert valid_until(voucher(), series()) is None


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


SPAN = st.tuples(st.integers(0, 47), st.integers(0, 47)).filter(lambda span: span[0] != span[1])
RULES = st.builds(
    lambda weekdays, spans, blackouts: UsageRules.model_validate(
        {
            "weekdays": sorted(weekdays),
            "hours": [{"opens": clock(a * 30), "closes": clock(b * 30)} for a, b in spans],
            "blackout_dates": [date(2026, 11, 1) + timedelta(days=n) for n in sorted(blackouts)],
        }
    ),
    st.sets(st.integers(1, 7), max_size=3),
    st.lists(SPAN, max_size=2),
    st.sets(st.integers(0, 12), max_size=6),
)


@settings(max_examples=150, deadline=None)
@given(rules=RULES, minutes=st.integers(0, 60 * 24 * 14), zone=st.sampled_from(ZONES))
def test_the_next_opening_is_the_first_moment_that_passes(rules: UsageRules, minutes: int, zone: str) -> None:
    """Walked by half hours, with an oracle that reads the wall clock."""
    since = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(minutes=minutes)
    until = since + timedelta(days=10)
    found = next_opening(rules, since, until, zone)
    step, walked = timedelta(minutes=30), since
    while walked < until and not _open_by_the_wall(rules, walked, zone):
        # All hours begin and end at halves.
        walked = walked - timedelta(minutes=walked.minute % 30) + step
    assert found == (walked if walked < until else None)


def _open_by_the_wall(rules: UsageRules, moment: datetime, zone: str) -> bool:
    local = moment.astimezone(ZoneInfo(zone))
    now, today = local.hour * 60 + local.minute, local.date()

    def allowed(day: date) -> bool:
        return (not rules.weekdays or day.isoweekday() in rules.weekdays) and day not in rules.blackout_dates

    if not rules.hours:
        return allowed(today)
    for hours in rules.hours:
        opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (hours.opens, hours.closes))
        if opens < closes:
            if allowed(today) and opens <= now < closes:
                return True
        elif (allowed(today) and now >= opens) or (allowed(today - timedelta(days=1)) and now < closes):
            return True
    return False


@pytest.mark.parametrize(
    ("since", "hours", "opening"),
    [
        # On 8 March 2026 New York goes from -5 to -4, on 1 November back.
        ("2026-03-07T22:00", ("09:00", "17:00"), "2026-03-08T13:00"),
        ("2026-03-08T22:00", ("09:00", "17:00"), "2026-03-09T13:00"),
        ("2026-10-31T22:00", ("09:00", "17:00"), "2026-11-01T14:00"),
        ("2026-03-08T02:59", ("22:00", "06:00"), "2026-03-08T03:00"),
        ("2026-03-08T09:59", ("22:00", "06:00"), "2026-03-08T09:59"),
        ("2026-03-08T10:00", ("22:00", "06:00"), "2026-03-09T02:00"),
    ],
)
def test_hours_go_by_the_wall_clock(since: str, hours: tuple[str, str], opening: str) -> None:
    rules = UsageRules.model_validate({"hours": [{"opens": hours[0], "closes": hours[1]}]})
    found = next_opening(rules, here(since, "UTC"), None, "America/New_York")
    assert found == here(opening, "UTC")


def test_it_is_looked_for_behind_a_year_of_blackouts() -> None:
    mondays = [date(2026, 11, 30) + timedelta(weeks=n) for n in range(366)]
    rules = UsageRules(weekdays=(1,), blackout_dates=tuple(mondays))
    assert next_opening(rules, NOON, None, SHANGHAI) == here((mondays[-1] + timedelta(weeks=1)).isoformat())


@pytest.mark.parametrize(
    "rules",
    [
        {"weekdays": [0]},
        {"weekdays": [1, 1]},
        {"hours": [{"opens": "24:00", "closes": "02:00"}]},
        {"hours": [{"opens": "09:00", "closes": "09:00"}]},
        {"blackout_dates": ["2026-02-30"]},
        {"valid_from": "2026-11-26T00:00:00Z", "valid_until": "2026-11-26T00:00:00Z"},
        {"per_day": 0},
        {"minimum_spend": 1.5},
        {"days_from_delivery": 0},
        {"stores": ["a b"]},
        {"unknown": 1},
    ],
)
def test_rules_that_cannot_be(rules: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UsageRules.model_validate(rules)


@pytest.mark.parametrize(
    "terms",
    [
        {"value": {"kind": "times", "times": 1}},
        {"value": {"kind": "amount", "amount": 0}},
        {"value": {"kind": "discount"}},
        {"value": {"kind": "discount", "percent": 10_001}},
        {"value": {"kind": "discount", "percent": 100, "amount_off": 1}},
        {"value": {"kind": "discount", "amount_off": 1, "max_off": 1}},
        {"value": {"kind": "goods", "goods": []}},
        {"value": {"kind": "card"}},
        {"pin_digits": 3},
        {"ways": []},
        {"ways": ["code", "code"]},
        {"code_template": "****?"},
    ],
)
def test_terms_that_cannot_be(terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VoucherTerms.model_validate(terms)


def test_other_terms_are_another_series() -> None:
    plain, dearer = VoucherTerms(), VoucherTerms(floor_price=100)
    assert series_id_of("coffee", plain) == series_id_of("coffee", VoucherTerms())
    assert len({series_id_of("coffee", plain), series_id_of("coffee", dearer), series_id_of("tea", plain)}) == 3


# The merchant's own condition.


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("", None),
        ("sale.amount > 5000 and store.region == 'shanghai'", None),
        ("now.weekday in [1..5] or 'latte' in sale.goods", None),
        ("member.known and voucher.days_since_delivery < 30", None),
        ("sale.amount >", "syntax"),
        ("sale.colour == 'red'", "unknown_field"),
        ("sale.amount", "no_truth"),
        ("all(sale.goods, # == 'latte')", "unbounded"),
    ],
)
def test_a_condition_is_validated(when: str, code: str | None) -> None:
    fault = fault_of(UsageRules(when=when))
    assert (fault.code if fault else None) == code


def test_the_sample_has_every_fact_in_its_kind() -> None:
    told = facts(voucher(price=100), Sale(store="S1", amount=1, goods=("a",)), "x", NOON, SHANGHAI)
    assert {group: {name: type(value) for name, value in of.items()} for group, of in told.items()} == {
        group: {name: type(value) for name, value in of.items()} for group, of in SAMPLE.items()
    }
    assert told["now"] == {"date": "2026-11-26", "weekday": 4, "hour": 12, "minute": 0}


def test_a_condition_answers_or_refuses() -> None:
    of = series(when="sale.amount > 100")
    assert refusal(voucher(), of, Sale(amount=101), "", NOON, SHANGHAI) is None
    told = refusal(voucher(), of, Sale(amount=100), "", NOON, SHANGHAI)
    assert told == Refused("condition", wanted={"when": "sale.amount > 100"})
    failing = refusal(voucher(), series(when="sale.goods > 3"), Sale(), "", NOON, SHANGHAI)
    assert failing == Refused("condition_failed")
