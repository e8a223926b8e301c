"""What one order's books must agree on: its journal with itself, the ledger with its journal, its cards with its
units. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from quanyi.orders.books import books
from quanyi.orders.journal import balances
from quanyi.orders.model import Order
from quanyi.orders.posting import Posting
from quanyi.orders.promise import overdue
from quanyi.settlements.differences import Difference

WITH_THE_BUYER = frozenset({"delivered", "redeemed", "quarantined"})
"""A card of these states is its unit's, if it names it: a delivered card that is suspect is still out."""


def order_differences(order: Order, now: datetime) -> Iterator[Difference]:
    """Whether it adds up, its journal says so too, and nothing is left that should be done by now."""
    try:
        books(order)
    except AssertionError:
        yield Difference("books_broken", order.id)
    held, posted = balances(order), journal_sum(order)
    if held != posted:
        yield Difference("journal_differs", order.id, expected=held, found=posted)
    for refund in order.refunds:
        if refund.state == "failed":
            failed = sum(share.amount for share in refund.shares if share.state == "failed")
            facts = {"amount": failed, "currency": refund.currency or order.currency, "refund": refund.id}
            yield Difference("refund_failed", order.id, found=facts, refund=refund.id)
    if overdue(order, now):
        units = [unit.id for unit in order.units if unit.state in ("waiting", "refunding")]
        yield Difference("not_settled", order.id, found={"state": order.state, "units": units})


def journal_sum(order: Order) -> dict[str, int]:
    found: Counter[str] = Counter()
    for posting in order.journal:
        found.update(posting.lines)
    return {account: amount for account, amount in sorted(found.items()) if amount}


def ledger_differences(order: Order, postings: list[Posting], ledger: Mapping[int, int]) -> Iterator[Difference]:
    """`postings` are those of the order that belong to the day, `ledger` what the ledger has of that day: the imprint
    of each entry's lines, by revision."""
    wanted = {posting.rev: imprint(posting.lines) for posting in postings}
    wrong = sorted(rev for rev in {*wanted, *ledger} if wanted.get(rev) != ledger.get(rev))
    if wrong:
        yield Difference("ledger_differs", order.id, expected={"revisions": sorted(wanted)}, found={"wrong": wrong})


def imprint(lines: Mapping[str, int]) -> int:
    """Tells entries apart within one process; a day's worth of them stays small."""
    return hash(frozenset(lines.items()))


def card_differences(order: Order, cards: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    """Every delivered unit's card says that it is delivered to that unit. `cards` are the items by id."""
    for unit in order.units:
        if unit.state != "delivered" or not unit.card:
            continue
        card = cards.get(unit.card, {})
        found = {"state": card.get("state"), "order": card.get("order"), "unit": card.get("unit")}
        if found["state"] not in WITH_THE_BUYER or (found["order"], found["unit"]) != (order.id, unit.id):
            expected = {"state": "delivered", "order": order.id, "unit": unit.id}
            yield Difference("card_differs", order.id, expected=expected, found=found, card=unit.card)
