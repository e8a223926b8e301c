"""Finding orders: by day, state, channel and SKU; by a buyer's contact; by a payment provider's number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from desk.messages import SearchBody
from desk.wiring import Desk
from quanyi.clock import day
from quanyi.errors import Invalid, NotFound
from quanyi.members.contact import Contact, hashed
from quanyi.orders.listing import Sieve, newest
from quanyi.orders.model import Order
from quanyi.table import decode_cursor, encode_cursor
from quanyi.vault.sealing import unseal

USUAL_DAYS = timedelta(days=30)
MOST_DAYS = timedelta(days=366)


@dataclass(frozen=True)
class Found:
    """Orders, newest first, and the cursor that goes on. `looked`: how many were looked through for these."""

    orders: list[Order]
    next: str | None
    looked: int


def list_orders(desk: Desk, first: str | None, last: str | None, sieve: Sieve, limit: int, cursor: str | None) -> Found:
    """Orders placed on the shop's days `first` to `last`. Raises Invalid (`bad_day`, `range`), Malformed (cursor)."""
    until = _day(last) if last else date.fromisoformat(day(desk.now(), desk.orders.zone))
    since = _day(first) if first else until - USUAL_DAYS
    if not timedelta(0) <= until - since < MOST_DAYS:
        raise Invalid(f"`from` comes before `to`, and at most {MOST_DAYS.days} days are listed.", reason="range")
    found = newest(desk.orders.table, since, until, sieve, limit, cursor)
    # The index is late by moments: what each order is now, the order says.
    now = [order for order in _in_order(desk, found.ids) if sieve.lets_through(order)]
    return Found(now, found.next, found.looked)


def search(desk: Desk, body: SearchBody) -> Found:
    """Raises Malformed (cursor)."""
    if body.provider and body.transaction:
        item = desk.orders.transaction(body.provider, body.transaction)
        return _all_of(_in_order(desk, [item["order"]] if item else []), None)
    after = decode_cursor(body.cursor, ("pk", "created"))
    page = desk.orders.by_contact(hashed(desk.keyring, body.contact or ""), limit=body.limit, after=after)
    found = _in_order(desk, [item["pk"].removeprefix("ORDER#") for item in page.items])
    return _all_of(found, encode_cursor({name: page.next[name] for name in ("pk", "created")} if page.next else None))


def contact_of(desk: Desk, order: Order) -> Contact | None:
    """Where the buyer can be reached; None when they left nothing, or were erased."""
    if order.contact_sealed is None or not order.has_contact:
        return None
    try:
        key = desk.members.data_key(order.member)
    except NotFound:
        return None
    return Contact.from_text(unseal(key, order.contact_sealed, order.id))


def _all_of(orders: list[Order], after: str | None) -> Found:
    """Where an index names just these."""
    return Found(orders, after, len(orders))


def _in_order(desk: Desk, ids: Sequence[str]) -> list[Order]:
    found = desk.orders.find(ids)
    return [found[order_id] for order_id in ids if order_id in found]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None
