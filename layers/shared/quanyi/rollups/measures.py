"""What one fact adds to the sums of a report, and to whose.

A *measure* is a whole number under a name; what is money has its currency behind it (`gmv:CNY`), so that currencies
are never added. All measures add up: over facts, over time, over slices of one dimension that are apart.

    visited viewed searched touched quoted    facts of that kind
    placed                 orders that were placed; `paid:<currency>` orders that were paid (counted by `rolled`)
    tried refused          payments begun, and refused; `refused_for:<reason>` by the provider's reason
    units  gmv:            units sold and their price, on the day they were paid
    captures captured:     payments that arrived, and their money before fees
    returns returned:      payments that went back, wholly or in part, and their money; a refund that came back is one
                           less, on the day on which it did
    refunds refund_asked:  refunds that were asked for, and their money
    revenue:               of goods that were delivered, tax included; what goes back lowers it on that day
    cost:  loss:  fees:    what goods of buyers cost; what was lost; what providers kept
    delivered replaced     units delivered for the first time, and in place of a bad one
    s:<seconds>            of `delivered`, by how long it took (`rounded_up`)
    revealed redeemed redemption_reversed    facts of that kind
    b:<day>                buyers, by their purchase before (`rollups.buyers`)
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from quanyi.facts.model import CAME_BACK, Fact, FactKind
from quanyi.ledger.model import currency_of

Dimension = Literal[
    "total",
    "channel",
    "category",
    "product",
    "sku",
    "provider",
    "channel_category",
    "channel_product",
    "channel_provider",
]

Slice: TypeAlias = tuple[Dimension, str]
"""A dimension and a name in it; `total` has one slice, whose name is empty. Category `""` is of products in none; names
within a channel are `<channel>#<name>`."""

Parted = Literal["category", "product", "provider"]
"""Dimensions that are told apart by channel too."""
_WITHIN: dict[Parted, Dimension] = {
    "category": "channel_category",
    "product": "channel_product",
    "provider": "channel_provider",
}

Counts: TypeAlias = Counter[str]

TOTAL: Slice = ("total", "")
FOR = "refused_for:"
SECONDS = "s:"


def added_by(fact: Fact) -> Iterator[tuple[Slice, Counts]]:
    """Noughts among them, and no others for a kind that no report sums up. Orders that were paid are counted by whoever
    sees all of their lines."""
    cash = _cash(fact) if fact.kind == "posted" else {}
    goods: Counts = _ADDS[fact.kind](fact) if fact.kind in _ADDS else Counter()
    whole = joined(goods, *cash.values()) if cash else goods
    yield TOTAL, whole
    if fact.channel:
        yield ("channel", fact.channel), whole
    if fact.product and fact.kind in _OF_GOODS:
        untimed = _without_time(goods) if fact.kind == "delivered" else goods
        yield from _in_channel_too(fact, "category", fact.category, goods)
        yield from _in_channel_too(fact, "product", fact.product, untimed)
        if fact.sku:
            yield ("sku", fact.sku), untimed
    if fact.provider:
        yield from _in_channel_too(fact, "provider", fact.provider, goods)
    for provider, counts in cash.items():
        if provider:
            yield from _in_channel_too(fact, "provider", provider, counts)


def within(channel: str, dimension: Parted, name: str) -> Slice:
    """The slice of a channel's, or of all channels' where none is named."""
    return (_WITHIN[dimension], f"{channel}#{name}") if channel else (dimension, name)


def _in_channel_too(fact: Fact, dimension: Parted, name: str, counts: Counts) -> Iterator[tuple[Slice, Counts]]:
    yield (dimension, name), counts
    if fact.channel:
        yield within(fact.channel, dimension, name), counts


def rounded_up(seconds: int) -> int:
    """To two significant digits: 7, 93, 110 (for 101), 4,000 (for 3,950). What percentiles are defined on."""
    step = 10 ** max(0, len(str(seconds)) - 2)
    return -(-seconds // step) * step


def joined(*several: Counts) -> Counts:
    """`+` of Counters would drop what is below zero."""
    found: Counts = Counter()
    for counts in several:
        found.update(counts)
    return found


def _without_time(counts: Counts) -> Counts:
    return Counter({name: by for name, by in counts.items() if not name.startswith(SECONDS)})


def _cash(fact: Fact) -> dict[str, Counts]:
    """What a journal entry moved at each provider. What a provider holds and what it kept of the same money arrive and
    go together; fees that are learnt of later move nothing."""
    moved: Counter[tuple[str, str]] = Counter()
    fees: Counter[str] = Counter()
    for account, amount in fact.accounts.items():
        currency = currency_of(account, fact.currency)
        name = account.removesuffix(f":{currency}")
        if name.startswith("provider:"):
            moved[name.removeprefix("provider:"), currency] += amount
        elif name == "fees":
            fees[currency] += amount
    for currency in fees.keys() - {currency for _, currency in moved}:
        moved["", currency] = 0  # all that arrived was kept: whose it was, the entry does not say
    found: dict[str, Counts] = {}
    for (provider, currency), amount in sorted(moved.items()):
        kept = fees.pop(currency, 0)
        net = amount + kept
        counts = found.setdefault(provider, Counter())
        counts[f"fees:{currency}"] += kept
        if fact.medium == CAME_BACK:
            counts.update({"returns": -1, f"returned:{currency}": -net})
        elif net > 0:
            counts.update({"captures": 1, f"captured:{currency}": net})
        elif net:
            counts.update({"returns": 1, f"returned:{currency}": -net})
    return found


def _posted(fact: Fact) -> Counts:
    """What a journal entry moved for goods. Revenue is a credit, and told as what it is to the shop."""
    found: Counts = Counter()
    for account, amount in fact.accounts.items():
        currency = currency_of(account, fact.currency)
        name = account.partition(":")[0]
        if name == "revenue":
            found[f"revenue:{currency}"] -= amount
        elif name in ("cost", "loss"):
            found[f"{name}:{currency}"] += amount
    return found


def _delivered(fact: Fact) -> Counts:
    if fact.reason == "replacement":
        return Counter(replaced=fact.quantity)
    found: Counts = Counter(delivered=fact.quantity)
    if fact.seconds is not None:
        found[f"{SECONDS}{rounded_up(max(0, fact.seconds))}"] += fact.quantity
    return found


def _once(name: str) -> Callable[[Fact], Counts]:
    return lambda _: Counter({name: 1})


def _refused(fact: Fact) -> Counts:
    return Counter({"refused": 1, f"{FOR}{fact.reason or 'unknown'}": 1})


_SIMPLE: tuple[FactKind, ...] = (
    *("visited", "viewed", "searched", "touched", "quoted", "placed", "tried"),
    *("revealed", "redeemed", "redemption_reversed"),
)
_ADDS: dict[FactKind, Callable[[Fact], Counts]] = {
    **{kind: _once(kind) for kind in _SIMPLE},
    "try_refused": _refused,
    "sold": lambda fact: Counter({"units": fact.quantity, f"gmv:{fact.currency}": fact.amount}),
    "refund_asked": lambda fact: Counter({"refunds": 1, f"refund_asked:{fact.currency}": fact.amount}),
    "delivered": _delivered,
    "posted": _posted,
}

_OF_GOODS: frozenset[FactKind] = frozenset(
    {"viewed", "sold", "posted", "delivered", "revealed", "redeemed", "redemption_reversed"}
)
