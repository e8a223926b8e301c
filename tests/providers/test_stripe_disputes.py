"""Disputes at Stripe: read, answered, accepted; and the bill of a day."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.errors import Malformed, NotFound
from quanyi.payments.port import ProviderUnavailable, SettlementRow
from quanyi.payments.stripe.bill import COLUMNS, major, minor, rows
from quanyi.payments.stripe.cases import EVIDENCE, written
from quanyi.payments.stripe.provider import CURRENCIES
from tests.providers.stripe_shop import PAYMENT, REFUND, Shop
from tools.local.providers.stripe import StripeServer


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = StripeServer().start()
    yield Shop(server)
    server.stop()


# Disputes.


def test_a_case_is_what_its_notification_told(shop: Shop) -> None:
    shop.paid()
    number = shop.server.dispute(PAYMENT, amount=1200)["id"]
    (told,) = shop.told(shop.last("charge.dispute.created"))
    assert shop.stripe.case(number) == told


def test_a_dispute_that_is_not_there_or_not_ours_is_not_found(shop: Shop) -> None:
    shop.paid()
    number = shop.server.dispute(PAYMENT)["id"]
    shop.server.ledger.all("payment_intent")[shop.server.ledger.all("dispute")[number]["payment_intent"]][
        "metadata"
    ] = {}
    for unknown in ("du_nobodys", number):
        with pytest.raises(NotFound):
            shop.stripe.case(unknown)
    assert list(shop.stripe.cases_since(shop.time() - timedelta(hours=1), shop.time())) == []


def test_new_and_changed_cases_are_found(shop: Shop) -> None:
    """A dispute opened long ago is found by its event."""
    shop.paid()
    old, new = shop.server.dispute(PAYMENT, amount=1), shop.server.dispute(PAYMENT, amount=2)
    for event in shop.server.ledger.all("event").values():
        event["created"] -= 86_400
    old["created"] -= 86_400
    since = shop.time() - timedelta(hours=1)
    assert [case.case for case in shop.stripe.cases_since(since, shop.time())] == [new["id"]]
    shop.server.move_dispute(old["id"], "won")
    assert {case.case: case.end for case in shop.stripe.cases_since(since, shop.time())} == {
        old["id"]: "won",
        new["id"]: "",
    }


def test_cases_are_unavailable_while_stripe_is_silent(shop: Shop) -> None:
    shop.server.fail("down", times=2)
    with pytest.raises(ProviderUnavailable):
        shop.stripe.cases_since(shop.time(), shop.time())
    with pytest.raises(ProviderUnavailable):
        shop.stripe.case("du_1")


def test_an_answer_is_submitted_once(shop: Shop) -> None:
    shop.paid()
    number = shop.server.dispute(PAYMENT)["id"]
    evidence = {"customer_purchase_ip": "203.0.113.9", "access_activity_log": "revealed 3 times", "supplier": "ok"}
    shop.server.fail("lost", where="disputes")
    assert shop.stripe.answer_case(number, "Delivered.", evidence, shop.time()) == "unknown"
    assert shop.stripe.answer_case(number, "Delivered.", evidence, shop.time()) == "succeeded"
    kept = shop.server.ledger.all("dispute")[number]
    assert kept["status"] == "under_review"
    assert kept["evidence_details"]["submission_count"] == 1
    assert kept["evidence"] == {
        "uncategorized_text": "Delivered.\n\nsupplier: ok",
        "customer_purchase_ip": "203.0.113.9",
        "access_activity_log": "revealed 3 times",
    }
    assert not shop.stripe.case(number).waits_for_us
    assert shop.stripe.answer_case(number, "More.", {}, shop.time()) == "failed"


def test_giving_in_loses_the_dispute(shop: Shop) -> None:
    shop.paid()
    number = shop.server.dispute(PAYMENT)["id"]
    shop.server.fail("lost", where="close")
    assert shop.stripe.give_in(number) == "unknown"
    assert shop.stripe.give_in(number) == "succeeded"
    assert shop.stripe.case(number).end == "lost"


def test_an_inquiry_can_not_be_given_in(shop: Shop) -> None:
    shop.paid()
    number = shop.server.dispute(PAYMENT, status="warning_needs_response")["id"]
    assert shop.stripe.give_in(number) == "failed"
    assert shop.stripe.give_in("du_nobodys") == "failed"
    assert shop.stripe.case(number).end == ""
    assert shop.stripe.case(number).inquiry
    assert [shop.stripe.money_back(number, whole) for whole in (True, False)] == ["succeeded", "open"]


@given(st.text(max_size=30), st.dictionaries(st.sampled_from([*sorted(EVIDENCE), "other"]), st.text(max_size=9)))
def test_evidence_keeps_to_stripes_fields(words: str, evidence: dict[str, str]) -> None:
    fields = written(words, evidence)
    assert set(fields) <= EVIDENCE | {"uncategorized_text"}
    assert all(fields.values())


def test_evidence_keeps_to_stripes_limits() -> None:
    fields = written("words", dict.fromkeys(sorted(EVIDENCE), "證" * 30_000))
    assert max(map(len, fields.values())) == 20_000
    assert sum(map(len, fields.values())) == 150_000
    assert fields["uncategorized_text"] == "words"


# The bill.


def test_a_day_is_told_in_full(shop: Shop) -> None:
    """A payment, our refund, a refund in the dashboard, and a dispute that is won."""
    transaction = shop.paid()
    shop.stripe.refund(shop.refunding(transaction, amount=500))
    console = shop.server.console_refund(PAYMENT, 300)
    dispute = shop.server.dispute(PAYMENT, amount=100)
    shop.server.move_dispute(dispute["id"], "won")
    today = f"{shop.time():%Y-%m-%d}"
    assert shop.stripe.bill(today) is None, "the day is not over"
    shop.time.ahead = timedelta(days=1)
    data = shop.stripe.bill(today)
    assert data is not None
    found = list(rows(data))
    assert [(row.kind, row.transaction, row.number, row.amount, row.fee, row.currency) for row in found] == [
        ("payment", transaction, PAYMENT, 1999, 1999 * 29 // 1000 + 30, "USD"),
        ("refund", next(iter(shop.server.ledger.all("refund"))), REFUND, 500, 0, "USD"),
        ("refund", console["id"], "", 300, 0, "USD"),
        ("dispute", dispute["id"], PAYMENT, 100, 1500, "USD"),
        ("dispute", dispute["id"], PAYMENT, -100, 0, "USD"),
    ]
    assert {f"{row.at:%Y-%m-%d}" for row in found} == {today}
    balance = sum(moved["amount"] for moved in shop.server.ledger.all("balance_transaction").values())
    assert sum(row.amount if row.kind == "payment" else -row.amount for row in found) == balance


def test_a_failed_refund_comes_back(shop: Shop) -> None:
    shop.paid()
    shop.server.api.refunds_end = "failed"
    shop.server.console_refund(PAYMENT, 300)
    today = f"{shop.time():%Y-%m-%d}"
    shop.time.ahead = timedelta(days=1)
    assert [row.amount for row in rows(shop.stripe.bill(today) or b"") if row.kind == "refund"] == [300, -300]


def test_a_day_of_many_pages_and_of_none(shop: Shop) -> None:
    for number in range(130):
        payment = f"P0123456789ABCDEFGHJK{number:08d}"
        shop.stripe.create(replace(shop.intent(), payment=payment))
        shop.server.pay(payment)
    today = f"{shop.time():%Y-%m-%d}"
    shop.time.ahead = timedelta(days=1)
    assert len({row.number for row in rows(shop.stripe.bill(today) or b"")}) == 130
    empty = shop.stripe.bill("2020-01-01")
    assert empty is not None
    assert list(rows(empty)) == []


def test_no_bill_is_made_of_half_an_answer(shop: Shop) -> None:
    shop.server.fail("garbage")
    with pytest.raises(ProviderUnavailable):
        shop.stripe.bill("2020-01-01")


STRIPES_OWN = """\
balance_transaction_id,created_utc,created,available_on_utc,currency,gross,fee,net,reporting_category,source_id,\
description,customer_facing_amount,customer_facing_currency,charge_id,payment_intent_id,payment_metadata[payment],\
refund_metadata[refund]
txn_1,2026-11-22 23:59:59,2026-11-23 07:59:59,2026-11-25 00:00:00,usd,25.61,1.05,24.56,charge,ch_1,"月卡, 一张",\
199.00,hkd,ch_1,pi_1,P0123456789ABCDEFGHJKABCDEFGH,
txn_2,2026-11-22 10:00:00,2026-11-22 18:00:00,2026-11-25 00:00:00,jpy,-300,0,-300,refund,re_1,,-300,jpy,ch_2,pi_2,\
P0123456789ABCDEFGHJKZZZZZZZZ,R0123456789ABCDEFGHJK000-1
txn_3,2026-11-22 11:00:00,2026-11-22 19:00:00,2026-11-25 00:00:00,usd,-10.00,15.00,-25.00,dispute,dp_1,,,,ch_3,pi_3,,
txn_4,2026-11-22 12:00:00,2026-11-22 20:00:00,2026-11-25 00:00:00,usd,-500.00,0.00,-500.00,payout,po_1,,,,,,,
"""
"""As the report's columns are documented (https://docs.stripe.com/reports/report-types/balance)."""


@pytest.mark.parametrize("encode", ["utf-8", "utf-8-sig"])
def test_stripes_own_report_reads_the_same(encode: str) -> None:
    def at(hour: int, rest: int = 0) -> datetime:
        return datetime(2026, 11, 22, hour, rest, rest, tzinfo=UTC)

    assert list(rows(STRIPES_OWN.encode(encode))) == [
        SettlementRow("payment", "pi_1", PAYMENT, 19900, 0, "HKD", at(23, 59)),
        SettlementRow("refund", "re_1", REFUND, 300, 0, "JPY", at(10)),
        SettlementRow("dispute", "dp_1", "", 1000, 1500, "USD", at(11), about="pi_3"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        ("gross", "turnover"),
        ("25.61", "25.611"),
        ("25.61", "25,61"),
        ("25.61", '"25,61"'),
        ("25.61,1.05", "25.60,1.05"),
        ("pi_3,,", "pi_3,,,"),
        ("25.61", "1e3"),
        ("25.61", "NaN"),
        ("25.61", ""),
        (",jpy,-300", ",jpy,-300.5"),
        ("2026-11-22 23:59:59", "yesterday"),
        ("199.00,hkd", ",hkd"),
        ("usd,-10.00,15.00,-25.00,dispute,dp_1,,,,ch_3,pi_3,,", "usd,-10.0"),
    ],
)
def test_a_broken_bill_is_malformed(change: tuple[str, str]) -> None:
    assert change[0] in STRIPES_OWN
    with pytest.raises(Malformed):
        list(rows(STRIPES_OWN.replace(*change).encode()))


def test_a_bill_of_other_bytes_is_malformed() -> None:
    for data in (b"", b"\xff\xfe\x00", b"<html>"):
        with pytest.raises(Malformed):
            list(rows(data))


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(CURRENCIES | {"KWD"})))
def test_amounts_survive_the_file(amount: int, currency: str) -> None:
    text = major(amount, currency)
    assert minor(text, currency) == amount
    assert Decimal(text) * {"JPY": 1, "KRW": 1, "VND": 1, "KWD": 1000}.get(currency, 100) == amount


@given(st.integers(0, 10**12), st.integers(0, 10**9), st.sampled_from(["usd", "jpy", "cny"]))
def test_a_payments_line_survives_the_file(gross: int, fee: int, currency: str) -> None:
    code = currency.upper()
    text = StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="")
    table.writeheader()
    line = {"balance_transaction_id": "txn_1", "created_utc": "2026-11-22 10:00:00", "currency": currency}
    line |= {"gross": major(gross, code), "fee": major(fee, code), "net": major(gross - fee, code)}
    line |= {"reporting_category": "charge", "source_id": "ch_1", "payment_intent_id": "pi_1"}
    table.writerow(line | {"payment_metadata[payment]": PAYMENT})
    (row,) = rows(text.getvalue().encode())
    assert (row.amount, row.fee, row.currency, row.number) == (gross, fee, code, PAYMENT)
