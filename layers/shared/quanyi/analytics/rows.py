"""A fact as rows of the lake: flat, so that one SQL reads them wherever it runs.

A journal entry becomes a row for each account that it moved; every other fact is one row.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from quanyi.clock import day
from quanyi.facts.model import KINDS, Fact
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

MAY_LACK = frozenset({"line", "seconds"})
"""The columns that are null where a fact does not have them."""


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


def misfit(row: Mapping[str, Any]) -> str | None:
    """The first column whose value is not what `COLUMNS` says, or `kind` for one that nobody knows; None if all are. A
    file is written whole or not at all, so one bad row must be known before."""
    if row["kind"] not in KINDS:
        return "kind"
    return next((name for name, kind in COLUMNS.items() if not _fits(row[name], kind, name)), None)


def _fits(value: Any, kind: str, name: str) -> bool:
    match kind:
        case "VARCHAR":
            return isinstance(value, str) and not _ODD.search(value)
        case "DATE":
            return bool(date.fromisoformat(value))
        case "TIMESTAMP":
            return isinstance(value, datetime)
        case _ if value is None:
            return name in MAY_LACK
        case _:
            most = _MOST[kind]
            return isinstance(value, int) and not isinstance(value, bool) and -most <= value < most


_ODD = re.compile(r"[\x00\ud800-\udfff]")
"""What a file of text can't hold."""
_MOST = {"INTEGER": 2**31, "BIGINT": 2**63}
_SAME = frozenset(COLUMNS) - {"id", "kind", "at", "day", "subject", "account"}

SPEND: dict[str, str] = {"day": "DATE", "channel": "VARCHAR", "currency": "VARCHAR", "amount": "BIGINT"}
"""The relation `spend`: what was spent on channels (`quanyi.spend`), which is corrected and so is no fact."""
