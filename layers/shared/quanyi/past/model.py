"""A past order: what exports have told of it so far, without its buyer's contact or what its goods were called.

It only grows. Its facts follow from it (`past.facts`), so an export that comes again tells nothing new, and one that
has another word about what was told before is refused instead of believed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

AN_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class PastLine:
    """`key` tells it from the order's others, in every export. `sku` and the names are as of its first import."""

    key: str
    quantity: int
    amount: int
    sku: str = ""
    product: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """Money that went back, by the key of its line. `delivered`: what it paid for had been delivered then."""

    at: datetime
    amounts: Mapping[str, int]
    delivered: bool

    @property
    def total(self) -> int:
        return sum(self.amounts.values())


@dataclass(frozen=True, slots=True)
class Refunds:
    """What one export says has gone back by now, by line, and when."""

    at: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    amounts: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class PastOrder:
    """Amounts are minor units of `currency`; lines are in the order of their keys. Without `paid_at` it came to
    nothing. `account` is where its money stood, `told_by` the import that told of it last."""

    id: str
    source: str
    channel: str
    account: str
    currency: str
    placed_at: datetime
    lines: tuple[PastLine, ...]
    buyer: str = ""
    paid_at: datetime | None = None
    delivered_at: datetime | None = None
    backs: tuple[Back, ...] = ()
    rev: int = 1
    told_by: str = field(default="", compare=False)

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)

    def gone_back(self, key: str, *, delivered: bool | None = None) -> int:
        """Of a line; before its delivery only, or after it only."""
        return sum(b.amounts.get(key, 0) for b in self.backs if delivered in (None, b.delivered))


class Changed(Exception):
    """An export has another word about an order than an earlier one had."""


def grown(old: PastOrder | None, new: PastOrder, refunds: Refunds) -> PastOrder:
    """What is known after an export that says `new`, and that so much has gone back: `old` itself if nothing is new.

    An export that tells of less money back is an older one. Raises Changed.
    """
    known = old or new
    if _told(known) != _told(new):
        raise Changed
    had_been_delivered = bool(old and old.delivered_at)
    if not had_been_delivered and new.delivered_at:
        known = replace(known, delivered_at=new.delivered_at)
    backs = list(known.backs)
    for at in sorted(set(refunds.at.values())):
        more = {
            key: amount - known.gone_back(key)
            for key, amount in sorted(refunds.amounts.items())
            if refunds.at[key] == at and amount > known.gone_back(key)
        }
        if more and known.paid_at:
            # An instant after the payment at the earliest: a report must not take the two for one movement.
            since = max(at, known.paid_at + AN_INSTANT)
            delivered = had_been_delivered or bool(known.delivered_at and known.delivered_at <= since)
            backs.append(Back(since, more, delivered))
    known = replace(known, backs=tuple(backs))
    return known if known == old or old is None else replace(known, rev=old.rev + 1, told_by=new.told_by)


def _told(order: PastOrder) -> Sequence[object]:
    lines = [(line.key, line.quantity, line.amount) for line in order.lines]
    return order.id, order.currency, order.placed_at, order.paid_at, lines
