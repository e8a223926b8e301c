"""What happens to the shop, fact by fact, and who is truly behind it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Abuse = Literal["hoarder", "tester", "refunder", "diverter"]
Trait = Literal[
    "plain",
    "office",
    "family",
    "corporate",
    "bargain",
    "declined",
    "gift",
    "bad_key",
    "bad_batch",
    "undecided",
    "regular",
    "agent",
]
"""Which honest life somebody leads; all but the plain ones look a little like abuse."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The truth: one will behind any number of accounts. `trait` tells honest lives apart, or is the `abuse`."""

    id: str
    trait: Trait | Abuse
    abuse: Abuse | None


@dataclass(frozen=True, slots=True)
class Person:
    """A face that an actor shows the shop. `payer` is the account that money comes from, known once it is used."""

    email: str | None
    phone: str | None
    member: str | None
    device: str | None
    ip: str | None
    payer: str


@dataclass(frozen=True, slots=True)
class Fact:
    """`actor` is the label of the truth: the one whose doing it is, though another's hands may have done it."""

    at: datetime
    actor: Actor
    order: str


@dataclass(frozen=True, slots=True)
class Placed(Fact):
    """Every order is of one SKU. `unit_price` is in minor units; `agent` sold it, where one did."""

    person: Person
    channel: str
    agent: str | None
    sku: str
    units: int
    unit_price: int

    @property
    def total(self) -> int:
        return self.units * self.unit_price


@dataclass(frozen=True, slots=True)
class PaymentFailed(Fact):
    """The provider declined; the order may still be paid."""

    payer: str


@dataclass(frozen=True, slots=True)
class Paid(Fact):
    payer: str


@dataclass(frozen=True, slots=True)
class Expired(Fact):
    """The order's deadline passed unpaid; until then its units were held."""


@dataclass(frozen=True, slots=True)
class Revealed(Fact):
    """The buyer looked at the secrets of all units."""


@dataclass(frozen=True, slots=True)
class RefundAsked(Fact):
    """`units` says for how many. `deserved` is the truth: the keys were bad, or never looked at."""

    units: int
    deserved: bool


@dataclass(frozen=True, slots=True)
class Redeemed(Fact):
    """Unit `unit` (from 0) of a voucher order used in a store, by whoever holds it: `by` is that member."""

    unit: int
    by: str
    store: str


@dataclass(frozen=True, slots=True)
class Complained(Fact):
    """To the payment provider: a complaint or a dispute about a paid order."""
