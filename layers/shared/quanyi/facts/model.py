"""A fact: something that happened once, at a moment, and is never changed.

Facts are *derived* from the documents that decide (orders, cards, purchases, risk decisions), by pure functions: the
same document always gives the same facts, under the same ids, however often and in whatever order it is told. That is
what makes every store of them exact under at-least-once delivery, and lets a rebuild from the documents prove it
(`facts.of_order`).

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
    "handed_out",
    "redeemed",
    "redemption_reversed",
    "undelivered",
    "stocked",
    "expired",
    "purchase_sent",
    "purchase_unknown",
    "purchase_ended",
    "purchase_missed",
    "charged_back",
    "judged",
    "ruled",
    "reviewed",
    "rule_reviewed",
]
"""From browsing to redemption:

    visited       a visitor's first sign on a day of the shop; one a visitor and day
    viewed        a product's page; `searched` a search; `touched` an arrival from a campaign (UTM)
    quoted        a basket was priced
    placed        an order waits for its payment; `amount` is its total, `quantity` its units
    tried         a payment was begun at `provider`; `try_refused` that provider refused it
    sold          a line of an order was paid for: `quantity` of `sku`, `amount` its price
    posted        an entry of an order's journal: `accounts` is what moved (`orders.journal`), for the goods of one line
                  where `line` is set; `reason` is the entry's number. Money that a provider has again, of a refund that
                  had arrived, is one by itself: `medium` is `came_back`
    delivered     a unit reached its buyer, `seconds` after it was paid (or its account was named, or the bad one before
                  it was reported); `medium` says whether the first one was `in_time` or `late`, by what its SKU
                  promises
    undelivered   a paid unit that never came, of which the money goes back; `reason` is why, or who asked
    revealed      a card was looked at by its buyer for the first time
    refund_asked  `amount` is to go back; what has gone back is `posted`. `reason` is `surplus` for money that paid for
                  nothing, `outside` where a provider took it back by itself, else who asked
    handed_out    a voucher of the shop's own (of the series `source`) reached whoever may use it, by an order or as a
                  number that was given out
    redeemed      a card was used for `amount`, `seconds` after its delivery; `redemption_reversed` that was taken back

Of the stock and its suppliers (`provider` is the supplier):

    stocked       on a day `quantity` of `sku` were in stock, which had cost `amount`; one without a SKU says that stock
                  was counted at all. `at` is the day's beginning, and a later count of the day takes its place
    expired       a card's last moment of sale passed while nobody had bought it; it had cost `amount`
    purchase_sent     `quantity` were ordered for `amount`; `source` is what for (`purchases.model.Purpose`), as in all
                      four
    purchase_unknown  its supplier left open what became of it
    purchase_ended    `seconds` after it was sent: `reason` is `received`, `short` or `failed`. What comes afterwards
                      changes nothing
    purchase_missed   `quantity` of it had not come by then
    charged_back  a card was bad, and its supplier is to credit the `amount` that it had cost

Of what the shop's rules decide (`source` is the point, `risk.facts.Point`):

    judged        `reason` is `approve`, `hold` or `refuse`, or `pass`: held, and let pass by the approval of the same
                  before
    ruled         the rule `reason` applied (or failed, and so held); `medium` is what was decided
    reviewed      what was held was `approved` or `refused` (`reason`) by a `person`, or as its `time` was over
                  (`medium`), `seconds` after it was opened; `amount` was at stake
    rule_reviewed a rule (`reason`) that had spoken against it; `medium` is how the review ended
"""
KINDS: tuple[FactKind, ...] = get_args(FactKind)
CAME_BACK = "came_back"
"""The `medium` of money of a refund that came back."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`id` is unique for ever; `of` names what it is about (an order, a visitor, a voucher). Amounts are minor units
    of `currency`. `buyer` and `visitor` are pseudonyms: a member's id, a keyed hash of a device. Both are empty where
    nobody knows who it was: a reseller's orders have no buyer of ours."""

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
    """Of `touched`: the campaign (UTM). Of some other kinds they tell something else, see above."""
    accounts: Mapping[str, int] = field(default_factory=dict[str, int])
