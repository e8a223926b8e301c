"""An invoice's life, what it is about, and tax numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.errors import Conflict, Invalid, KeyReused, NotFound
from quanyi.invoices.changes import MOST_REQUESTS, Asked, flagged, issued, refused, requested, reversed_by
from quanyi.invoices.model import Invoice, MadeOutTo, lines_of, standing
from quanyi.invoices.tax_number import CHARACTERS, check_character, is_tax_number, normal
from quanyi.orders.model import Line, Order, Replaced, Unit

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def line(sku: str, quantity: int, price: int, **tax: Any) -> Line:
    known = {"sku": sku, "version": 1, "kind": "card", "titles": {"en": sku}, "quantity": quantity}
    return Line.model_validate({**known, "unit_price": price, "total": price * quantity, **tax})


def order(*states: str, paid: bool = True, **changes: dict[str, Any]) -> Order:
    """Two units of 10.60 at 6 %, then one of 20.00 untaxed; `changes` by `u0`, `u1`, `u2`."""
    lines = (line("a", 2, 1060, tax_class="service", tax_rate=600), line("b", 1, 2000))
    made = [
        Unit.model_validate({"id": i, "line": n, "sku": "a", "kind": "card", "amount": amount, "state": state, **more})
        for (i, n, amount), state, more in zip(
            (("0-0", 0, 1060), ("0-1", 0, 1060), ("1-0", 1, 2000)),
            states or ("delivered",) * 3,
            (changes.get(f"u{i}", {}) for i in range(3)),
            strict=True,
        )
    ]
    return Order(
        id="O" + "0" * 20,
        state="fulfilled" if paid else "awaiting_payment",
        channel="site",
        member="M1",
        lines=lines,
        units=tuple(made),
        currency="CNY",
        total=4120,
        created_at=NOW,
        expires_at=LATER,
        paid_at=NOW if paid else None,
        body_hash="h",
    )


def asked(key: str = "k1", body: str = "b1", sealed: bytes = b"1") -> Asked:
    return Asked(key, body, "personal", sealed)


def waiting() -> Invoice:
    return requested(None, order(), asked(), NOW)


def done(number: str = "N1") -> Invoice:
    return issued(waiting(), order(), number, None, None, by="support:S", now=LATER)


# What it is about.


def test_an_invoice_is_about_what_is_delivered_and_not_refunded() -> None:
    def found(made: Order) -> list[tuple[int, int, int]]:
        return [(each.line, each.amount, each.tax) for each in lines_of(made)]

    assert found(order()) == [(0, 2120, 120), (1, 2000, 0)]
    assert found(order("delivered", "refunded", "refunding")) == [(0, 1060, 60)]
    assert found(order("delivered", "waiting", "delivered", u2={"back": 500})) == [(0, 1060, 60), (1, 1500, 0)]
    assert found(order("waiting", "waiting", "refunded")) == []
    old = Replaced(card="c", sku="a", at=NOW, by="support:S", reason="dead")
    assert found(order("delivered", "waiting", "refunded", u1={"replaced": [old]})) == [(0, 2120, 120)]


def test_taxes_are_rounded_for_each_line() -> None:
    (first, _) = lines_of(order(u0={"back": 61}))  # 999 + 1060 at 6 %: 116.54...
    assert (first.tax_class, first.tax_rate, first.amount, first.tax) == ("service", 600, 2059, 117)


# Its life.


def test_the_same_request_again_changes_nothing_and_another_replaces_it() -> None:
    first = waiting()
    assert requested(first, order(), asked(sealed=b"2"), LATER) is first
    with pytest.raises(KeyReused):
        requested(first, order(), asked(body="b2"), LATER)
    second = requested(first, order(), asked("k2", "b2", b"2"), LATER)
    assert (second.sealed, second.since, second.state) == (b"2", NOW, "requested")
    assert requested(second, order(), asked(), LATER) is second


def test_only_a_paid_order_that_is_worth_something_has_one() -> None:
    with pytest.raises(Conflict):
        requested(None, order("waiting", "waiting", "waiting", paid=False), asked(), NOW)
    with pytest.raises(Conflict) as nothing:
        requested(None, order("refunded", "refunding", "refunded"), asked(), NOW)
    assert nothing.value.extra["reason"] == "nothing_to_invoice"
    assert requested(None, order("waiting", "refunded", "refunded"), asked(), NOW).state == "requested"


def test_requests_are_bounded() -> None:
    invoice = waiting()
    for i in range(MOST_REQUESTS - 1):
        invoice = requested(invoice, order(), asked(f"x{i}"), NOW)
    with pytest.raises(Invalid):
        requested(invoice, order(), asked("last"), NOW)


def test_issuing_freezes_what_it_is_about() -> None:
    invoice = done()
    assert invoice.issue is not None
    assert (invoice.state, invoice.since, invoice.issue.by) == ("issued", LATER, "support:S")
    assert invoice.issue.lines == lines_of(order())
    assert issued(invoice, order("refunded", "refunded", "refunded"), "N1", None, None, by="x", now=LATER) is invoice
    with pytest.raises(Conflict):
        issued(invoice, order(), "N2", None, None, by="x", now=LATER)
    with pytest.raises(Conflict):
        requested(invoice, order(), asked("k2"), LATER)


def test_an_amount_that_changed_meanwhile_is_not_issued() -> None:
    with pytest.raises(Conflict) as changed:
        issued(waiting(), order("delivered", "refunded", "delivered"), "N1", None, 4120, by="x", now=NOW)
    assert changed.value.extra == {"reason": "amount_changed", "amount": 3060}
    with pytest.raises(Conflict) as nothing:
        issued(waiting(), order("waiting", "waiting", "waiting"), "N1", None, None, by="x", now=NOW)
    assert nothing.value.extra["reason"] == "nothing_to_invoice"
    assert issued(waiting(), order(), "N1", None, 4120, by="x", now=NOW).state == "issued"


def test_what_went_back_after_issuing_is_to_be_reversed() -> None:
    invoice = done()
    for worth_less in (order("delivered", "refunding", "delivered"), order(u2={"back": 1})):
        assert standing(invoice, worth_less).state == "to_reverse"
        flag = flagged(invoice, worth_less, LATER)
        assert flag is not None
        assert (flag.state, flag.since, flag.issue) == ("to_reverse", LATER, invoice.issue)
        assert flagged(flag, worth_less, LATER + timedelta(days=1)) == flag
    assert flagged(invoice, order(), LATER) is invoice
    old = Replaced(card="c", sku="a", at=NOW, by="support:S", reason="dead")
    assert standing(invoice, order("waiting", "delivered", "delivered", u0={"replaced": [old]})).state == "issued"
    assert flagged(None, order(), LATER) is None
    assert flagged(waiting(), order("refunded", "refunded", "refunded"), LATER) == waiting()


def test_one_that_grew_since_needs_no_reversal() -> None:
    invoice = issued(waiting(), order("delivered", "waiting", "waiting"), "N1", None, None, by="x", now=NOW)
    assert standing(invoice, order()).state == "issued"


def test_after_a_reversal_or_refusal_the_buyer_may_ask_again() -> None:
    red = reversed_by(flagged(done(), order("refunded", "delivered", "delivered"), LATER), "R1", by="x", now=LATER)
    assert red.issue is not None
    assert (red.state, red.issue.number, red.issue.reversal) == ("reversed", "N1", "R1")
    assert reversed_by(red, "R1", by="y", now=LATER) is red
    with pytest.raises(Conflict):
        reversed_by(red, "R2", by="y", now=LATER)
    again = requested(red, order(), asked("k2"), LATER)
    assert (again.state, again.issue, [old.number for old in again.earlier]) == ("requested", None, ["N1"])
    no = refused(waiting(), "title", by="x", now=LATER)
    assert (no.state, no.reason, refused(no, "title", by="y", now=LATER)) == ("refused", "title", no)
    again = requested(no, order(), asked("k2"), LATER)
    assert (again.state, again.reason, again.by) == ("requested", "", "")
    assert requested(no, order(), asked(), LATER) is no


def test_acts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NotFound):
        issued(None, order(), "N1", None, None, by="x", now=NOW)
    with pytest.raises(NotFound):
        refused(None, "no", by="x", now=NOW)
    for invoice in (done(), refused(waiting(), "a", by="x", now=NOW)):
        with pytest.raises(Conflict):
            refused(invoice, "b", by="x", now=NOW)
    for invoice in (waiting(), refused(waiting(), "a", by="x", now=NOW)):
        with pytest.raises(Conflict):
            reversed_by(invoice, None, by="x", now=NOW)
    with pytest.raises(Conflict):
        issued(refused(waiting(), "a", by="x", now=NOW), order(), "N1", None, None, by="x", now=NOW)


def test_whom_it_is_made_out_to_does_not_print() -> None:
    to = MadeOutTo(title="某某公司", tax_number="91350100M000100Y43", email="a@example.com")
    assert MadeOutTo.from_text(to.to_text()) == to
    assert "某某" not in repr(to) + repr(waiting())
    assert "9135" not in repr(to)


# Tax numbers.


def test_the_worked_example_of_the_rule() -> None:
    """The one printed with GB 32100-2015's rule: 91350100M000100Y4 gives 3, so ...Y4Z is wrong."""
    assert check_character("91350100M000100Y4") == "3"
    assert is_tax_number("91350100M000100Y43")
    assert not is_tax_number("91350100M000100Y4Z")


@pytest.mark.parametrize(
    "number", ["91110108551385082Q", "914403001922038216", "350100123456789", "35010019800101001X01"]
)
def test_numbers_that_are_right(number: str) -> None:
    assert is_tax_number(number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "9135010",
        "91350100M000100Y4",
        "91350100M000100Y430",
        "91350100I000100Y43",
        "91350100m000100Y43",
        "９1350100M000100Y43",
    ],
)
def test_numbers_that_are_wrong(number: str) -> None:
    assert not is_tax_number(number)


def test_a_number_is_read_however_it_is_typed() -> None:
    assert normal(" 91350100 m000100y43 ") == normal("９１３５０１００Ｍ０００１００Ｙ４３") == "91350100M000100Y43"


@given(st.text(CHARACTERS, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(CHARACTERS))
def test_one_wrong_character_never_passes(first: str, place: int, other: str) -> None:
    if first[place] != other:
        wrong = first[:place] + other + first[place + 1 :]
        assert check_character(wrong) != check_character(first)
