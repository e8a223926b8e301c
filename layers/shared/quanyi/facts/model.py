"""A fact: something that happened once, at a moment, and is never changed.

Facts are *derived* from the documents that decide (orders, cards), by pure functions: the same document always gives
the same facts, under the same ids, however often and in whatever order it is told. That is what makes every store of
them exact under at-least-once delivery, and lets a rebuild from the documents prove it (`facts.of_order`).

What a number in a report means is written over facts, in `docs/metrics.md`; whatever happens later (a refund, a
replacement) is a fact of its own day and changes none of an earlier day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

FactKind = Literal[
    "visited",
    "viewed",
    "searched",
    "touched",
    "quoted",
    "placed",
    "tried",
    "try_refused",
    "sold",
    "posted",
    "delivered",
    "revealed",
    "refund_asked",
    "redeemed",
    "redemption_reversed",
]
"""From browsing to redemption:

    visited       a visitor's first sign on a day of the shop; one a visitor and day
    viewed        a product's page; `searched` a search; `touched` an arrival from a campaign (UTM)
    quoted        a basket was priced
    placed        an order waits for its payment; `amount` is its total, `quantity` its units
    tried         a payment was begun at `provider`; `try_refused` that provider refused it
    sold          a line of an order was paid for: `quantity` of `sku`, `amount` its price
    posted        an entry of an order's journal: `accounts` is what moved (`orders.journal`), for the goods of one line
                  where `line` is set; `reason` is the entry's number
    delivered     a unit reached its buyer, `seconds` after it was paid (or after the bad one before it was reported)
    revealed      a card was looked at by its buyer for the first time
    refund_asked  `amount` is to go back; what has gone back is `posted`. `reason` is `surplus` for money that paid for
                  nothing, `outside` where a provider took it back by itself, else who asked
    redeemed      a voucher of the shop's own was used for `amount`; `redemption_reversed` that was taken back
"""
KINDS: tuple[FactKind, ...] = get_args(FactKind)


@dataclass(frozen=True, slots=True)
class Fact:
    """`id` is unique for ever; `of` names what it is about (an order, a visitor, a voucher). Amounts are minor units
    of `currency`. `buyer` and `visitor` are pseudonyms: a member's id, a keyed hash of a device."""

    id: str
    kind: FactKind
    at: datetime
    of: str
    channel: str = ""
    buyer: str = ""
    visitor: str = ""
    agent: str = ""
    provider: str = ""
    reason: str = ""
    sku: str = ""
    product: str = ""
    category: str = ""
    """Where the product stood when the fact was told; like `product` it is looked up (`facts.naming`)."""
    line: int | None = None
    unit: str = ""
    quantity: int = 0
    amount: int = 0
    currency: str = ""
    seconds: int | None = None
    source: str = ""
    medium: str = ""
    campaign: str = ""
    accounts: Mapping[str, int] = field(default_factory=dict[str, int])
