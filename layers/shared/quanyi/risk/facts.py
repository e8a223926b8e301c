"""The facts that rules are about: a closed list of names for each point where something is decided.

A fact is named `<group>.<fact>`. What is not known about somebody is zero, empty or false, never missing, so that a
rule meets a value of its type whatever the buyer gave. Facts are numbers and codes; none of them names a person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Literal, TypeAlias, get_args

Point: TypeAlias = Literal["order", "delivery", "redemption", "refund"]
POINTS: tuple[Point, ...] = get_args(Point)

Identity: TypeAlias = Literal["member", "email", "phone", "ip", "net", "device", "payer"]
"""Whom things are counted for: `net` is an address's network, `payer` the account that paid (known from then on)."""
IDENTITIES: tuple[Identity, ...] = get_args(Identity)

Tally: TypeAlias = Literal["terminal", "person"]
"""What uses of vouchers are counted for besides: a till, and somebody among the vouchers of one series. Each has one
fact of its own, and no list knows them."""
TALLIES: tuple[Tally, ...] = get_args(Tally)

Counted: TypeAlias = Literal["placed", "paid", "failed", "unpaid", "refunded", "seen_refunded", "disputed", "redeemed"]
"""`failed` are tries to pay that failed, `unpaid` orders that ended unpaid, `seen_refunded` refunds of what had been
revealed, `redeemed` uses of vouchers."""
COUNTED: tuple[Counted, ...] = get_args(Counted)

Units: TypeAlias = Literal["units", "paid_units"]
WEIGHED: Mapping[Counted, Units] = {"placed": "units", "paid": "paid_units"}
"""Orders are counted, and their units too."""

KNOWN: Mapping[Point, tuple[Identity, ...]] = {
    "order": ("member", "email", "phone", "ip", "net", "device"),
    "delivery": IDENTITIES,
    "redemption": ("member", "phone", "ip", "net"),
    "refund": IDENTITIES,
}
"""Who can be known where: nobody has paid when an order is placed, and a till is told little."""

Window: TypeAlias = Literal["10m", "1h", "1d", "7d", "30d"]
WINDOWS: Mapping[Window, timedelta] = {
    "10m": timedelta(minutes=10),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}

Bucket: TypeAlias = Literal["channel", "agent", "sku"]
"""Of an order with several SKUs, `sku` is the one with the most."""
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
BUCKET_COUNTED: tuple[Counted, ...] = ("placed", "paid", "failed", "refunded")
BUCKET_WINDOWS: tuple[Window, ...] = ("1h", "1d")

Value: TypeAlias = bool | int | str | tuple[str, ...]
Facts: TypeAlias = Mapping[str, Value]
"""By name. What is missing is as good as zero."""


@dataclass(frozen=True)
class Field:
    """`sample` is a value that a rule may be tried on; its type is the fact's."""

    name: str
    about: str
    sample: Value

    @property
    def zero(self) -> Value:
        return type(self.sample)()

    @property
    def type(self) -> str:
        return {bool: "true or false", int: "number", str: "text", tuple: "texts"}[type(self.sample)]


@cache
def fields(point: Point) -> Mapping[str, Field]:
    """All that a rule of this point may ask for, by name."""
    own = {"order": (), "delivery": _DELIVERY, "refund": _REFUND, "redemption": _REDEMPTION}[point]
    order = () if point == "redemption" else _ORDER
    return {each.name: each for each in (*order, *own, *_LISTS, *_signals(KNOWN[point]))}


@cache
def sample(point: Point) -> dict[str, Any]:
    """Every field with its sample, nested as rules see them."""
    return nested({name: each.sample for name, each in fields(point).items()})


def seen_by(names: Iterable[str], point: Point, facts: Facts) -> dict[str, Any]:
    """Those facts only, nested, with zeros for what is not known. A name that is no field stays missing."""
    known = fields(point)
    return nested({name: facts.get(name, known[name].zero) for name in names if name in known})


def notable(facts: Facts) -> dict[str, Value]:
    """Without what is zero: what a decision is recorded with."""
    return {name: value for name, value in facts.items() if value}


def must_fit(point: Point, facts: Facts) -> None:
    """Raises ValueError for names that are no fields of the point and values of another type: a fault of ours."""
    known = fields(point)
    wrong = [name for name, value in facts.items() if name not in known or type(value) is not type(known[name].sample)]
    if wrong:
        raise ValueError(f"no such facts at {point}, or of another type: {', '.join(sorted(wrong))}")


def nested(facts: Facts) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    for name, value in facts.items():
        group, fact = name.split(".")
        groups.setdefault(group, {})[fact] = list(value) if isinstance(value, tuple) else value
    return groups


@cache
def told_of(identity: Identity) -> tuple[Counted | Units, ...]:
    """What is counted of an identity: a use of a voucher tells of its member alone, and what happens before somebody
    has paid tells nothing of the account that pays."""
    if identity == "payer":
        return ("paid", "paid_units", "refunded", "seen_refunded", "disputed")
    return tuple(fact for fact in (*_FACTS, *_UNITS) if fact != "redeemed" or identity == "member")


def _signals(identities: Iterable[Identity]) -> list[Field]:
    found: list[Field] = []
    for identity in identities:
        found += [
            Field(f"{identity}.{fact}_{window}", f"{about} in {window} by this {_WHO[identity]}", 3)
            for fact, about in (*_FACTS.items(), *_UNITS.items())
            if fact in told_of(identity)
            for window in WINDOWS
        ]
        if identity != "member":
            found.append(Field(f"{identity}.accounts_7d", f"different buyers in 7 days with this {_WHO[identity]}", 2))
        found.append(Field(f"{identity}.days_known", f"whole days since this {_WHO[identity]} was first seen", 40))
    for bucket in BUCKETS:
        found += [
            Field(f"{bucket}.{fact}_{window}", f"{_FACTS[fact]} in {window} of this {bucket}", 30)
            for fact in BUCKET_COUNTED
            for window in BUCKET_WINDOWS
        ]
    return found


_FACTS: Mapping[Counted, str] = {
    "placed": "orders placed",
    "paid": "orders paid",
    "failed": "tries to pay that failed",
    "unpaid": "orders that ended unpaid",
    "refunded": "refunds",
    "seen_refunded": "refunds of what had been revealed",
    "disputed": "complaints and disputes",
    "redeemed": "uses of vouchers",
}
_UNITS: Mapping[Units, str] = {"units": "units ordered", "paid_units": "units paid"}
_WHO: Mapping[Identity, str] = {
    "member": "buyer",
    "email": "e-mail address",
    "phone": "phone number",
    "ip": "IP address",
    "net": "network (/24, or /48 of IPv6)",
    "device": "device",
    "payer": "payment account",
}

_LISTS = (
    Field("lists.blocked", "what of this buyer is on the block list: names of identities", ("email",)),
    Field("lists.allowed", "what of this buyer is on the allow list: names of identities", ("member",)),
)
_ORDER = (
    Field("order.total", "price, minor units", 19_900),
    Field("order.units", "units bought", 3),
    Field("order.lines", "lines", 2),
    Field("order.max_quantity", "units of the largest line", 2),
    Field("order.currency", "ISO 4217", "CNY"),
    Field("order.channel", "id of the channel", "site"),
    Field("order.agent", "id of the agent, or empty", "a1"),
    Field("order.hour", "hour of the shop's day, 0 to 23", 14),
    Field("order.weekday", "day of the shop's week, 1 (Monday) to 7", 3),
    Field("order.has_user", "the channel said who buys", True),
    Field("order.has_email", "an e-mail address was given", True),
    Field("order.has_phone", "a phone number was given", True),
    Field("order.has_device", "a device id was given", True),
)
_DELIVERY = (
    Field("payment.provider", "who took the money", "sandbox"),
    Field("payment.method", "how it was paid", "qr"),
    Field("payment.tries", "tries to pay", 1),
    Field("payment.seconds", "from the order to its payment", 90),
    Field("order.risk_held", "held for review as it was placed", True),
)
_REFUND = (
    Field("refund.amount", "minor units of the order's currency", 9_900),
    Field("refund.share_percent", "of the order's price, 0 to 100", 50),
    Field("refund.units", "units that go back", 1),
    Field("refund.revealed", "of these, units that the buyer has revealed, and top-ups that were made", 1),
    Field("refund.minutes_since_delivery", "of the unit delivered last", 30),
    Field("refund.minutes_reveal_to_refund", "since the first was revealed or topped up; 0 when none was", 5),
    Field("refund.redeemed", "of these, vouchers that were used", 1),
    Field("refund.by", "role of who asks", "support"),
)
_REDEMPTION = (
    Field("voucher.kind", "once, times, amount, discount or goods", "amount"),
    Field("voucher.amount", "what this use takes, or its share of the price, minor units", 5_000),
    Field("voucher.currency", "ISO 4217 of that amount, or empty", "CNY"),
    Field("voucher.left_percent", "what is left of its value, 0 to 100", 80),
    Field("voucher.foreign_store", "this store is not among those it is meant for", True),
    Field("voucher.foreign_region", "this region is not among those it is meant for", True),
    Field("voucher.below_floor", "it was sold below its floor price", True),
    Field("voucher.agent", "id of the agent who sold it, or empty", "a1"),
    Field("voucher.days_since_delivery", "whole days", 12),
    Field("voucher.same_person_1d", "vouchers of its series that this person used in a day", 2),
    Field("terminal.redeemed_10m", "uses at this terminal in 10 minutes", 4),
)
