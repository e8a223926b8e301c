"""Stripe's bill of a day, in the form of its own report "itemised balance change from activity"
(https://docs.stripe.com/reports/report-types/balance): so a file that a merchant downloaded reads the same as ours.

Amounts in the file are decimal, in major units. Stripe settles in the account's own currency: `gross`, `fee` and `net`
are in that; what the shopper paid is `customer_facing_amount`. Days are of UTC.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Literal

from quanyi.errors import Malformed
from quanyi.payments.port import ProviderUnavailable, SettlementRow
from quanyi.payments.stripe.api import Refused, asking
from quanyi.payments.stripe.objects import BalanceTransaction, PaymentIntent, Source, at

if TYPE_CHECKING:
    from stripe import StripeClient

_NEEDED = (
    "balance_transaction_id",
    "created_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
)
COLUMNS = (
    *_NEEDED,
    *("customer_facing_amount", "customer_facing_currency", "charge_id", "payment_intent_id"),
    *("payment_metadata[payment]", "refund_metadata[refund]"),
)
KINDS: Mapping[str, Literal["payment", "refund", "dispute"]] = {
    "charge": "payment",
    "refund": "refund",
    "refund_failure": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute",
}
"""By reporting category (https://docs.stripe.com/reports/reporting-categories); the others are no money of shoppers."""
_ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_CATEGORY = re.compile(r"[a-z_]+")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")


def bill(client: "StripeClient", day: str, now: datetime) -> bytes | None:
    """A file of every movement of the balance on `day` (ISO, UTC), oldest first, perhaps none; None before the day is
    over. Raises ProviderUnavailable."""
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    end = begin + timedelta(days=1)
    if now < end:
        return None
    try:
        with asking():

            @cache
            def payment_of(intent: str) -> str:
                return PaymentIntent.of(client.v1.payment_intents.retrieve(intent)).payment

            created = {"gte": int(begin.timestamp()), "lt": int(end.timestamp())}
            moved = client.v1.balance_transactions.list(
                {"created": created, "limit": 100, "expand": ["data.source"]}  # pyright: ignore[reportArgumentType]
            )
            lines = [_line(BalanceTransaction.of(each), payment_of) for each in moved.auto_paging_iter()]
    except Refused:
        raise ProviderUnavailable("Stripe refuses to tell of its balance.") from None
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(reversed(lines))
    return text.getvalue().encode()


def rows(data: bytes) -> Iterator[SettlementRow]:
    """Payments, refunds and disputes of such a file. `transaction` is the PaymentIntent of a payment, and of the
    others their own id, as `TakenBack` has it, `about` then names the PaymentIntent where `number` does not; `number`
    is the payment's or refund's, a dispute's is its payment's. What came back to the merchant (a failed refund, a won
    dispute) is negative. `fee` is 0 where Stripe took it in another currency than the shopper paid in. Raises
    Malformed.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("The bill is not UTF-8.") from None
    table = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        missing = [name for name in _NEEDED if name not in (table.fieldnames or ())]
        if missing:
            raise Malformed(f"The bill lacks columns: {', '.join(missing)}.")
        for record in table:
            whole = _whole(record)
            kind = KINDS.get(whole["reporting_category"])
            if kind:
                yield _row(kind, whole)
    except (csv.Error, ValueError, InvalidOperation, AttributeError):
        raise Malformed(f"The bill cannot be read near line {table.line_num}.") from None


def exponent(currency: str) -> int:
    """Decimal places of a currency's smallest unit at Stripe (https://docs.stripe.com/currencies#zero-decimal)."""
    return 0 if currency in _ZERO_DECIMAL else 3 if currency in _THREE_DECIMAL else 2


def minor(text: str, currency: str) -> int:
    """`12.34` USD is 1234. Raises ValueError for what is no such number, or finer than the currency."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("not a decimal number")
    amount = Decimal(text).scaleb(exponent(currency))
    if amount != amount.to_integral_value():
        raise ValueError("finer than the currency's smallest unit")
    return int(amount)


def major(amount: int, currency: str) -> str:
    """1234 USD is `12.34`."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):f}"


def _whole(record: Mapping[str, str | None]) -> dict[str, str]:
    if any(record[name] is None for name in _NEEDED) or None in record:
        raise ValueError("a line that is shorter or longer than its heading")
    if not _CATEGORY.fullmatch(record["reporting_category"] or ""):
        raise ValueError("a line whose fields are shifted")
    return {name: value or "" for name, value in record.items()}


def _row(kind: Literal["payment", "refund", "dispute"], record: Mapping[str, str]) -> SettlementRow:
    settled_in = record["currency"].upper()
    gross, fee = minor(record["gross"], settled_in), minor(record["fee"], settled_in)
    if gross - fee != minor(record["net"], settled_in):
        raise ValueError("gross, fee and net do not add up")
    currency = record.get("customer_facing_currency", "").upper() or settled_in
    amount = abs(gross)
    if record.get("customer_facing_amount"):
        amount = abs(minor(record["customer_facing_amount"], currency))
    elif currency != settled_in:
        raise ValueError("a currency without its amount")
    taken = gross >= 0 if kind == "payment" else gross < 0
    number = record.get("refund_metadata[refund]" if kind == "refund" else "payment_metadata[payment]", "")
    transaction = record["source_id"]
    intent = record.get("payment_intent_id", "")
    if kind == "payment":
        transaction = intent or transaction
    return SettlementRow(
        kind=kind,
        transaction=transaction,
        number=number,
        amount=amount if taken else -amount,
        fee=fee if currency == settled_in else 0,
        currency=currency,
        at=datetime.fromisoformat(record["created_utc"]).replace(tzinfo=UTC),
        about="" if kind == "payment" or number else intent,
    )


def _line(moved: BalanceTransaction, payment_of: Callable[[str], str]) -> dict[str, str]:
    currency = moved.currency.upper()
    line = {
        "balance_transaction_id": moved.id,
        "created_utc": f"{at(moved.created):%Y-%m-%d %H:%M:%S}",
        "currency": moved.currency,
        "gross": major(moved.amount, currency),
        "fee": major(moved.fee, currency),
        "net": major(moved.net, currency),
        "reporting_category": moved.reporting_category,
        "source_id": moved.source.id if moved.source else "",
    }
    if moved.source is None or moved.reporting_category not in KINDS:
        return line
    return line | _about(moved.source, payment_of)


def _about(source: Source, payment_of: Callable[[str], str]) -> dict[str, str]:
    """A charge has its payment's metadata; a refund of ours has them too, a dispute and a console's refund have not."""
    number = source.metadata.get("payment", "")
    if not number and source.object != "charge" and source.payment_intent:
        number = payment_of(source.payment_intent)
    line = {
        "charge_id": source.id if source.object == "charge" else source.charge,
        "payment_intent_id": source.payment_intent,
        "payment_metadata[payment]": number,
        "refund_metadata[refund]": source.metadata.get("refund", ""),
    }
    if source.amount is not None and source.currency is not None:
        line["customer_facing_amount"] = major(source.amount, source.currency.upper())
        line["customer_facing_currency"] = source.currency
    return line
