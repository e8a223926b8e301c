"""What a use of a voucher tells, and where a voucher does not belong."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from quanyi.redemptions.model import Record
from quanyi.risk.facts import fields, must_fit
from quanyi.risk.tokens import recent, token
from quanyi.risk.uses import signs_of, tally_facts, use_facts
from quanyi.vouchers.model import Series, VoucherTerms
from quanyi.vouchers.use import Use, Voucher

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


def record(**more: Any) -> Record:
    use = replace(Use("U" * 16, 1, NOW, "K1", member="M1"), **more)
    return Record("C" * 43, "VS1", "coffee", "CNY", use)


def test_a_use_is_told_of_its_till_its_member_and_its_person() -> None:
    told = [(sign.identity, sign.value, sign.kind) for sign in signs_of(record())]
    assert told == [
        ("terminal", "K1", "redeemed"),
        ("member", "M1", "redeemed"),
        ("person", "VS1#M1", "vouchers"),
    ]
    assert [sign.identity for sign in signs_of(record(member=""))] == ["terminal"]
    assert list(signs_of(record(reversed_at=NOW))) == []


def test_vouchers_are_counted_once_and_uses_each() -> None:
    uses = {token(NOW.replace(minute=minute), f"R{minute}") for minute in range(3)}
    vouchers = {token(NOW.replace(minute=minute), "C1") for minute in range(3)} | {token(NOW, "C2")}
    later = NOW.replace(minute=5)
    facts = tally_facts({"terminal": {"redeemed": uses}, "person": {"vouchers": vouchers}}, later)
    assert facts == {"terminal.redeemed_10m": 3, "voucher.same_person_1d": 2}
    assert tally_facts({}, later) == {"terminal.redeemed_10m": 0, "voucher.same_person_1d": 0}


@pytest.mark.parametrize(("seconds", "counts"), [(0, True), (599, True), (600, False)])
def test_a_window_ends(seconds: int, counts: bool) -> None:
    at = datetime.fromtimestamp(NOW.timestamp() - seconds, UTC)
    assert bool(recent([token(at, "x")], "10m", NOW)) is counts


@pytest.mark.parametrize(
    ("terms", "region", "store", "price", "wanted"),
    [
        ({}, "north", "S1", 1, (False, False, False)),
        ({"regions": ["north"]}, "north", "S1", 1, (False, False, False)),
        ({"regions": ["north"]}, "south", "S1", 1, (True, False, False)),
        ({"regions": ["north"]}, "", "S1", 1, (False, False, False)),
        ({"rules": {"stores": ["S1"]}}, "", "S2", 1, (False, True, False)),
        ({"floor_price": 100}, "", "S1", 99, (False, False, True)),
        ({"floor_price": 100}, "", "S1", 100, (False, False, False)),
        ({"floor_price": 100}, "", "S1", None, (False, False, False)),
    ],
)
def test_where_it_does_not_belong(
    terms: dict[str, Any], region: str, store: str, price: int | None, wanted: tuple[bool, bool, bool]
) -> None:
    series = Series(id="VS1", sku="coffee", terms=VoucherTerms.model_validate(terms), created_at=NOW)
    voucher = Voucher("C", "VS1", "delivered", 1, 1, price=price)
    found = use_facts(voucher, series, Use("U", 1, NOW, "K1", store=store), region, "CNY")
    names = ("foreign_region", "foreign_store", "below_floor")
    assert tuple(found[f"voucher.{name}"] for name in names) == wanted
    must_fit("redemption", found)


def test_every_fact_of_a_use_is_told() -> None:
    series = Series(id="VS1", sku="coffee", terms=VoucherTerms(), created_at=NOW)
    voucher = Voucher("C", "VS1", "delivered", 1, 1)
    told = {**use_facts(voucher, series, Use("U", 1, NOW, "K1"), "", "CNY"), **tally_facts({}, NOW)}
    assert set(told) == {name for name in fields("redemption") if name.startswith(("voucher.", "terminal."))}
