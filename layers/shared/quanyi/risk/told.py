"""What one write of an order tells about whoever is behind it, by comparing how it was with how it is.

Every fact follows from the two images alone, with its own lasting name and moment: told again, it is the same fact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from quanyi.ids import derived_id
from quanyi.orders.model import Order, Payment
from quanyi.orders.returns import Refund
from quanyi.risk.buckets import noted
from quanyi.risk.facts import BUCKET_COUNTED, WEIGHED, Counted, Identity, Tally
from quanyi.risk.identities import buckets_of, persons_of
from quanyi.risk.tokens import account, name, token
from quanyi.stats.noted import Noted

UNPAID_STATES = ("placing", "awaiting_payment")


@dataclass(frozen=True)
class Sign:
    """A token for the set `kind` of an identity's item."""

    identity: Identity | Tally
    value: str
    kind: str
    token: str


@dataclass(frozen=True)
class Happening:
    """`what` names it for ever, within its order."""

    fact: Counted
    what: str
    at: datetime


@dataclass(frozen=True)
class Told:
    """What one write amounts to. `released`: the order does not wait for its payment any more."""

    signs: tuple[Sign, ...] = ()
    noted: tuple[Noted, ...] = ()
    released: Order | None = None


def told(old: Order | None, new: Order, at: datetime) -> Told:
    """`at` is when it was written."""
    happenings = list(_happenings(old, new, at))
    signs = dict.fromkeys(sign for each in happenings for sign in _signs(new, each))
    buckets = [each for each in happenings if each.fact in BUCKET_COUNTED]
    counts = [
        noted(bucket, value, each.fact, derived_id("", new.id, each.what)[:12], each.at)
        for each in buckets
        for bucket, value in buckets_of(new)
    ]
    over = new.state not in UNPAID_STATES and (old is None or old.state in UNPAID_STATES)
    return Told(tuple(signs), tuple(counts), new if over else None)


def own_names(order: Order) -> frozenset[str]:
    """By which an order's own tokens are known, of what is counted of each order."""
    return frozenset(name(order.id, fact) for fact in WEIGHED)


def _signs(order: Order, happening: Happening) -> Iterator[Sign]:
    weight = len(order.units) if happening.fact in WEIGHED else 1
    mine = token(happening.at, order.id, happening.what, weight=weight)
    buyer = account(happening.at, order.member)
    for identity, value in persons_of(order).items():
        yield Sign(identity, value, happening.fact, mine)
        if happening.fact in ("placed", "paid") and identity != "member":
            yield Sign(identity, value, "accounts", buyer)


def _happenings(old: Order | None, new: Order, at: datetime) -> Iterator[Happening]:
    unborn = old is None or old.state == "placing"
    if new.state == "placing" or (unborn and new.state == "expired"):
        return  # it never became an order
    if unborn:
        yield Happening("placed", "placed", new.created_at)
    if new.paid_at and not (old and old.paid_at):
        yield Happening("paid", "paid", new.paid_at)
    if new.state in ("expired", "cancelled") and not (old and old.state == new.state):
        yield Happening("unpaid", "unpaid", at)
    yield from _failures(old, new, at)
    yield from _refunds(old, new)
    for case in new.cases:
        if not old or case not in old.cases:
            yield Happening("disputed", f"case {case}", at)


def _failures(old: Order | None, new: Order, at: datetime) -> Iterator[Happening]:
    """What a provider says failed."""
    before = {p.id: p for p in old.payments} if old else dict[str, Payment]()
    for payment in new.payments:
        known = before[payment.id].failures if payment.id in before else ()
        yield from (Happening("failed", f"{payment.id} {each}", at) for each in payment.failures if each not in known)


def _refunds(old: Order | None, new: Order) -> Iterator[Happening]:
    """What somebody wanted back. What the shop itself sends back, because it could not deliver or took too much, says
    nothing about the buyer."""
    before = {r.id for r in old.refunds if r.state == "succeeded"} if old else set[str]()
    seen_before = {r.id for r in old.refunds if _seen(old, r)} if old else set[str]()
    for refund in new.refunds:
        if refund.by == "system" or refund.of_surplus:
            continue
        at = refund.settled_at or refund.created_at
        if refund.state == "succeeded" and refund.id not in before:
            yield Happening("refunded", refund.id, at)
        if _seen(new, refund) and refund.id not in seen_before:
            yield Happening("seen_refunded", f"{refund.id} seen", at)


def _seen(order: Order, refund: Refund) -> bool:
    """Money is back for goods that had been revealed."""
    lost = any(order.unit(unit).goods == "lost" for unit in refund.units)
    return refund.state == "succeeded" and (lost or refund.seen)
