"""An entry of the shop's ledger: one posting of one order's journal (`orders.journal` names the accounts)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from quanyi.orders.model import Order

Sums = dict[str, dict[str, int]]
"""What moved on each account, by currency."""


@dataclass(frozen=True)
class LedgerEntry:
    """Minor units by account, debit positive, zero in sum for each currency. `currency` is the order's: that of every
    account that names none behind its own name (`stock:USD`)."""

    order: str
    rev: int
    at: datetime
    channel: str
    currency: str
    lines: Mapping[str, int]


def entries_of(old: Order | None, new: Order) -> list[LedgerEntry]:
    """The postings that one write of an order brought."""
    known = {posting.rev for posting in old.journal} if old else set[int]()
    return [
        LedgerEntry(new.id, posting.rev, posting.at, new.channel, new.currency, posting.lines)
        for posting in new.journal
        if posting.rev not in known
    ]


def currency_of(account: str, currency: str) -> str:
    """The currency of an account of an order in `currency`."""
    last = account.rsplit(":", 1)[-1]
    return last if account.count(":") and len(last) == 3 and last.isupper() and last.isascii() else currency


def added(to: Sums, entry: LedgerEntry) -> None:
    """Adds what an entry moved."""
    for account, amount in entry.lines.items():
        currency = currency_of(account, entry.currency)
        accounts, name = to.setdefault(currency, {}), account.removesuffix(f":{currency}")
        accounts[name] = accounts.get(name, 0) + amount


def sums(entries: Iterable[LedgerEntry]) -> Sums:
    found: Sums = {}
    for entry in entries:
        added(found, entry)
    return found
