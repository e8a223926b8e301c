"""The tax in a price, and the month's turnover."""

from datetime import UTC, datetime
from fractions import Fraction
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from quanyi.catalog.model import Sku
from quanyi.errors import Invalid
from quanyi.ledger.model import LedgerEntry
from quanyi.orders.journal import revenue_account
from quanyi.orders.pricing import Wanted, quote
from quanyi.tax.included import included
from quanyi.tax.turnover import Taxed, Turnover, days_of, tax_of, together, turnover
from receipts.sheet import BOM, COLUMNS, as_csv, as_xlsx

NOW = datetime(2026, 11, 23, tzinfo=UTC)
VAT = Taxed("site", "CNY", "service", 600)


def sku(**terms: object) -> Sku:
    known = {"id": "a", "product_id": "P", "product_state": "published", "version": 1, "kind": "card"}
    return Sku.model_validate({**known, "titles": {"en": "a"}, "price": 2000, **terms})


def entry(lines: dict[str, int], channel: str = "site", currency: str = "CNY", rev: int = 1) -> LedgerEntry:
    return LedgerEntry("O1", rev, NOW, channel, currency, lines)


# The tax in a price.


@pytest.mark.parametrize(
    ("total", "rate", "tax"),
    [
        (10_600, 600, 600),  # 106.00 at 6 %
        (11_300, 1300, 1300),  # 113.00 at 13 %
        (1999, 600, 113),  # 113.15...
        (100, 300, 3),  # 2.91...
        (1999, 0, 0),
        (0, 1300, 0),
        (9, 10_000, 5),  # 4.5: half goes up
        (-9, 10_000, -5),  # and the same comes back
    ],
)
def test_tax_is_in_the_price(total: int, rate: int, tax: int) -> None:
    assert included(total, rate) == tax


@given(st.integers(-(10**12), 10**12), st.integers(0, 10_000))
def test_tax_is_exact_to_half_a_unit(total: int, rate: int) -> None:
    exact = Fraction(total * rate, 10_000 + rate)
    tax = included(total, rate)
    assert abs(exact - tax) <= Fraction(1, 2)
    assert tax == -included(-total, rate)
    if abs(exact - tax) == Fraction(1, 2):
        assert abs(tax) > abs(exact)


# What an order freezes.


def test_a_line_keeps_list_price_discount_and_tax() -> None:
    terms = {
        "tax_class": "service",
        "tax_rate": 600,
        "tiers": [{"from_quantity": 3, "price": 1800}],
        "channels": {"taobao": {"price": 2500}, "app": {"price": 1900}},
    }
    found = {}
    for channel, quantity in (("site", 1), ("site", 3), ("app", 2), ("taobao", 1)):
        (line,) = quote([Wanted("a", quantity)], {"a": sku(**terms)}, channel, NOW).lines
        assert (line.tax_class, line.tax_rate) == ("service", 600)
        assert revenue_account(line) == "revenue:service@600"
        found[channel, quantity] = (line.list_price or line.unit_price, line.unit_price, line.discount)
    assert found == {
        ("site", 1): (2000, 2000, 0),
        ("site", 3): (2000, 1800, 600),
        ("app", 2): (2000, 1900, 200),
        ("taobao", 1): (2500, 2500, 0),
    }


def test_an_untaxed_line_without_discount_stays_as_small_as_it_was() -> None:
    (line,) = quote([Wanted("a", 1)], {"a": sku()}, "site", NOW).lines
    assert not {"list_price", "tax_class", "tax_rate"} & set(line.model_dump(exclude_defaults=True))


def test_a_quote_changes_with_its_tax() -> None:
    versions = {quote([Wanted("a", 1)], {"a": sku(tax_rate=rate)}, "site", NOW).version for rate in (0, 300, 600)}
    assert len(versions) == 3


@pytest.mark.parametrize(
    "terms", [{"tax_class": "a b"}, {"tax_class": "-a"}, {"tax_class": "a@b"}, {"tax_rate": 10_001}]
)
def test_tax_terms_that_are_refused(terms: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="tax_"):
        sku(**terms)


# The month.


def test_turnover_counts_what_was_delivered_and_what_came_back() -> None:
    entries = [
        entry({"provider:alipay": 10_600, "owed": -10_600}),
        entry({"owed": 10_600, "revenue:service@600": -10_600}, rev=2),
        entry({"owed": 5000, "revenue:goods@1300": -3000, "revenue:@0": -2000}),
        entry({"owed": -2600, "revenue:service@600": 2600}, rev=3),
        entry({"owed": 900, "revenue:service@600": -900}, channel="taobao"),
        entry({"owed": 900, "revenue:service@600": -900}, currency="USD"),
    ]
    found = turnover(entries)
    assert found[VAT] == Turnover(delivered=10_600, returned=2600, deliveries=1, returns=1)
    assert (found[VAT].net, tax_of(VAT, found[VAT])) == (8000, 453)
    assert found[Taxed("site", "CNY", "goods", 1300)].delivered == 3000
    assert found[Taxed("site", "CNY", "", 0)].delivered == 2000
    assert found[Taxed("taobao", "CNY", "service", 600)].delivered == 900
    assert found[Taxed("site", "USD", "service", 600)].delivered == 900
    assert len(found) == 5


def test_days_add_up_in_a_fixed_order() -> None:
    one = turnover([entry({"revenue:service@600": -100}), entry({"revenue:goods@600": -1})])
    two = turnover([entry({"revenue:service@600": 40}), entry({"revenue:goods@600": -1}, channel="app")])
    added = together([one, two])
    assert added == together([two, one])
    assert list(added) == sorted(added)
    assert added[VAT] == Turnover(100, 40, 1, 1)


@given(st.lists(st.integers(-5000, 5000), max_size=30))
def test_what_all_came_back_carries_no_tax(amounts: list[int]) -> None:
    moves = [entry({"revenue:service@600": amount}) for amount in (*amounts, *(-amount for amount in amounts))]
    sums = turnover(moves).get(VAT, Turnover())
    assert (sums.net, tax_of(VAT, sums)) == (0, 0)


def test_the_days_of_a_month() -> None:
    days, complete = days_of("2024-02", "2026-11-23")
    assert (days[0], days[-1], len(days), complete) == ("2024-02-01", "2024-02-29", 29, True)
    days, complete = days_of("2026-11", "2026-11-23")
    assert (days[-1], len(days), complete) == ("2026-11-23", 23, False)
    # On its last day a month is still running.
    assert days_of("2026-11", "2026-11-30")[1] is False
    with pytest.raises(Invalid) as refusal:
        days_of("2026-12", "2026-11-30")
    assert refusal.value.extra["reason"] == "month_ahead"


def test_both_files_say_the_same() -> None:
    rows = {VAT: Turnover(10_600, 2600, 3, 1), Taxed("taobao", "CNY", "", 0): Turnover(0, 500, 0, 2)}
    text = as_csv("2026-11", rows.items())
    assert text.startswith(BOM)
    lines = [line.split(",") for line in text.removeprefix(BOM).splitlines()]
    assert lines[0] == list(COLUMNS)
    assert lines[1] == ["2026-11", "site", "CNY", "service", "600", "10600", "2600", "8000", "453", "7547", "3", "1"]
    assert lines[2] == ["2026-11", "taobao", "CNY", "", "0", "0", "500", "-500", "0", "-500", "0", "2"]
    (sheet,) = load_workbook(BytesIO(as_xlsx("2026-11", rows.items()))).worksheets
    assert sheet.title == "2026-11"
    assert [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)] == lines
