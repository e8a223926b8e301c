"""A fact as rows of the lake: flat, so that one SQL reads them wherever it runs.

A journal entry becomes a row for each account that it moved; every other fact is one row.
"""

from collections.abc import Iterator
from typing import Any

from quanyi.clock import day
from quanyi.facts.model import Fact
from quanyi.ledger.model import currency_of

COLUMNS: dict[str, str] = {
    "id": "VARCHAR",
    "kind": "VARCHAR",
    "at": "TIMESTAMP",
    "day": "DATE",
    "subject": "VARCHAR",
    "channel": "VARCHAR",
    "buyer": "VARCHAR",
    "visitor": "VARCHAR",
    "agent": "VARCHAR",
    "provider": "VARCHAR",
    "reason": "VARCHAR",
    "sku": "VARCHAR",
    "product": "VARCHAR",
    "category": "VARCHAR",
    "line": "INTEGER",
    "unit": "VARCHAR",
    "quantity": "BIGINT",
    "amount": "BIGINT",
    "currency": "VARCHAR",
    "account": "VARCHAR",
    "seconds": "BIGINT",
    "source": "VARCHAR",
    "medium": "VARCHAR",
    "campaign": "VARCHAR",
}
"""The lake's schema, by DuckDB's names of types. `at` is in UTC, `day` the shop's; `subject` is what a fact is about
(its `of`). `account` is set for kind `posted` only: `amount` then is what moved on it, debit positive, and its
name is without the currency. Texts that a fact does not have are empty; `line` and `seconds` are null then."""


def rows_of(fact: Fact, zone: str) -> Iterator[dict[str, Any]]:
    """One row or several, whose ids are unique for ever, with the columns of `COLUMNS`."""
    row: dict[str, Any] = {
        "id": fact.id,
        "kind": fact.kind,
        "at": fact.at.replace(tzinfo=None),
        "day": day(fact.at, zone),
        "subject": fact.of,
        **{name: getattr(fact, name) for name in COLUMNS if name in _SAME},
        "account": "",
    }
    if fact.kind != "posted":
        yield row
        return
    for account, amount in sorted(fact.accounts.items()):
        currency = currency_of(account, fact.currency)
        name = account.removesuffix(f":{currency}")
        yield {**row, "id": f"{fact.id}#{account}", "account": name, "amount": amount, "currency": currency}


_SAME = frozenset(COLUMNS) - {"id", "kind", "at", "day", "subject", "account"}
