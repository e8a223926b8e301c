"""Notifications come more than once, late, in any order and at once: what they come to is what they come to once."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from quanyi.orders.books import books as sums_of
from quanyi.orders.journal import balances
from tests.stack.books import Books
from tests.stack.provider import Notice
from tests.stack.psp import PATIENCE, Psp
from tests.stack.shop import Order, Shop, Store

PRICE = 1999
TIMES, CALLERS = 5, 16

Paid = tuple[Order, list[str]]
"""An order, and its payments at the provider."""


def whole(site: Store, psp: Psp, sku: str) -> Paid:
    order = site.place(sku)
    return order, [psp.paid(site, order)]


def too_much(site: Store, psp: Psp, sku: str) -> Paid:
    order = site.place(sku)
    return order, [psp.paid(site, order, amount=PRICE + 501)]


def twice(site: Store, psp: Psp, sku: str) -> Paid:
    order = site.place(sku)
    payments = [psp.open(site, order, key=key) for key in ("pay-1", "pay-2")]
    for payment in payments:
        psp.pay(payment)
    return order, payments


def in_two_parts(site: Store, psp: Psp, sku: str) -> Paid:
    order = site.place(sku, 2)
    payments = [psp.open(site, order, key=key) for key in ("pay-1", "pay-2")]
    for payment, amount in zip(payments, (PRICE, PRICE), strict=True):
        psp.pay(payment, amount)
    return order, payments


KINDS: list[Callable[[Store, Psp, str], Paid]] = [whole, too_much, twice, in_two_parts]


@pytest.mark.parametrize("name", ["alipay", "wechat", "stripe"])
def test_many_times_is_once(shop: Shop, site: Store, books: Books, psps: dict[str, Psp], name: str) -> None:
    psp, sku = psps[name], shop.sku()
    shop.stock(sku, 2 * (len(KINDS) + 1) + 2)
    once = [kind(site, psp, sku) for kind in KINDS]
    often = [kind(site, psp, sku) for kind in KINDS]
    rest(books, once, lambda: tell_once(shop, psp, once))
    expected = [outcome(books, psp, *paid) for paid in once]
    again = Again(shop, psp, often)
    rest(books, often, again.storm_if_news)
    assert [outcome(books, psp, *paid) for paid in often] == expected

    # Money goes back at the provider's own pages; those notifications come among the old ones again.
    for _, payments in (once[0], often[0]):
        psp.console_refund(payments[0], 500)
    rest(books, once, lambda: tell_once(shop, psp, once))
    again.storm_if_news()
    rest(books, often, again.storm_if_news)
    refunded = outcome(books, psp, *once[0])
    assert refunded["refunds at the provider"] == [[500]]
    assert [outcome(books, psp, *paid) for paid in often] == [refunded, *expected[1:]]

    # And again when all is over: then not even a revision is counted up.
    before = [everything(shop, books, psp, *paid) for paid in (*once, *often)]
    storm(shop, psp, all_notices(psp, [*once, *often]))
    assert [everything(shop, books, psp, *paid) for paid in (*once, *often)] == before
    assert books.check_no_card_twice(sku)["delivered"] == 2 * 5


def rest(books: Books, orders: list[Paid], tell: Callable[[], object]) -> None:
    """Until nothing is left to do for any of them; the provider says what it has to say meanwhile."""
    tell()
    for order, _ in orders:
        books.settled(order, tell)


def tell_once(shop: Shop, psp: Psp, orders: list[Paid]) -> None:
    for _, payments in orders:
        for payment in payments:
            psp.tell_news(shop.wire, payment)


@dataclass
class Again:
    """Everything again whenever the provider has something new to say."""

    shop: Shop
    psp: Psp
    orders: list[Paid]
    known: int = 0

    def storm_if_news(self) -> None:
        notices = all_notices(self.psp, self.orders)
        if len(notices) > self.known:
            self.known = len(notices)
            storm(self.shop, self.psp, notices)


def all_notices(psp: Psp, orders: list[Paid]) -> list[Notice]:
    """Everything that the provider has to say about them, each so many times, in any order."""
    notices = [notice for _, payments in orders for payment in payments for notice in psp.notices(payment)] * TIMES
    random.shuffle(notices)
    return notices


def storm(shop: Shop, psp: Psp, notices: list[Notice]) -> None:
    """Sent by many at once. What is refused is sent again, as every provider does: a refund can be told before its
    payment."""

    def sent(notice: Notice) -> None:
        until_taken(shop, psp, notice)

    with ThreadPoolExecutor(CALLERS) as several:
        list(several.map(sent, notices))


def until_taken(shop: Shop, psp: Psp, notice: Notice) -> None:
    deadline = time.monotonic() + PATIENCE
    while (answer := notice.send(shop.wire, psp.path)).status != 200:
        # Never a fault of ours: told before its time, or somebody else was at the same order.
        assert answer.status in (400, 404, 409, 422), f"{answer.status} {answer.raw!r}"
        assert time.monotonic() < deadline, f"{answer.status} {answer.raw!r}"
        time.sleep(0.3)


def outcome(books: Books, psp: Psp, order: Order, payments: list[str]) -> dict[str, Any]:
    """What it came to, without names and moments, once nothing is left to do."""
    kept = books.settled(order)
    return {
        "state": kept.state,
        "sums": sums_of(kept).model_dump(),
        "units": sorted((unit.state, unit.goods, unit.back, bool(unit.card)) for unit in kept.units),
        "payments": sorted((it.state, it.captured, it.currency or "", bool(it.transaction)) for it in kept.payments),
        "refunds": sorted((it.state, it.amount, it.currency or "", bool(it.outside)) for it in kept.refunds),
        "balances": balances(kept),
        "entries add up": [sum(entry.lines.values()) for entry in kept.journal if sum(entry.lines.values())],
        "taken at the provider": sorted(map(psp.taken, payments)),
        "refunds at the provider": sorted(map(psp.refunds, payments)),
    }


def everything(shop: Shop, books: Books, psp: Psp, order: Order, payments: list[str]) -> list[Any]:
    """To the last revision: how support sees it, how it is kept, and how the provider sees it."""
    detail = shop.admin("GET", f"/orders/{order.id}").must()
    return [detail, books.settled(order), [(psp.taken(it), psp.refunds(it)) for it in payments]]
