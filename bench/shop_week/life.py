"""One actor's life: its facts as they are lived, and the faces that it shows."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from bench.shop_week.facts import (
    Actor,
    Complained,
    Expired,
    Fact,
    Paid,
    PaymentFailed,
    Person,
    Placed,
    Redeemed,
    RefundAsked,
    Revealed,
)
from bench.shop_week.parameters import Parameters
from bench.shop_week.shop import AGENT_CHANNEL, CHANNELS, GOODS, HOLD, elsewhere, store_in


@dataclass
class Life:
    """Every actor draws from a `chance` of its own, so that more of one kind changes nothing about the others."""

    actor: Actor
    chance: Random
    parameters: Parameters
    facts: list[Fact] = field(default_factory=list[Fact])

    # Faces.

    def person(self, *, home: str | None = None) -> Person:
        """Somebody new, at an address of their own or behind a carrier's gateway; or behind the address `home`."""
        chance, name = self.chance, self._name()
        digits = f"{chance.randrange(10**8):08d}"
        contact = chance.random()
        return Person(
            email=f"{name}@example.com" if contact < 0.7 else None,
            phone=f"+86138{digits}" if contact >= 0.35 else None,
            member=None if chance.random() < self.parameters.guests else f"m-{name}",
            device=None if chance.random() < self.parameters.no_device else f"d-{name}",
            ip=home or (self.gateway() if chance.random() < self.parameters.mobile else address(chance)),
            payer=f"p-{name}",
        )

    def account(self, of: Person) -> Person:
        """Another account in the same hands: new contacts, same device, address and purse."""
        name = self._name()
        phone = f"+86139{self.chance.randrange(10**8):08d}"
        return replace(of, email=f"{name}@example.com", phone=phone, member=f"m-{name}")

    def gateway(self) -> str:
        """A carrier's gateway: an address that many honest people share."""
        number = self.chance.randrange(self.parameters.gateways)
        return f"11.0.{number // 8}.{number % 8 + 1}"

    def device(self) -> str:
        return f"d-{self._name()}"

    def payer(self) -> str:
        return f"p-{self._name()}"

    def member(self) -> str:
        return f"m-{self._name()}"

    def agent(self) -> str:
        return f"a-{self._name()}"

    def _name(self) -> str:
        """One of its own kind, and telling nothing of its actor."""
        return f"{self.chance.getrandbits(56):014x}"

    # Facts.

    def place(
        self,
        at: datetime,
        person: Person,
        sku: str,
        units: int = 1,
        *,
        price: int | None = None,
        agent: str | None = None,
    ) -> Placed:
        channel = AGENT_CHANNEL if agent else CHANNELS[hash_of(person.payer) % len(CHANNELS)]
        order = f"o-{self._name()}"
        price = GOODS[sku].price if price is None else price
        placed = Placed(at, self.actor, order, person, channel, agent, sku, units, price)
        self.facts.append(placed)
        return placed

    def fails(self, placed: Placed, at: datetime, payer: str | None = None) -> None:
        self.facts.append(PaymentFailed(at, self.actor, placed.order, payer or placed.person.payer))

    def pays(self, placed: Placed, at: datetime, payer: str | None = None) -> None:
        self.facts.append(Paid(at, self.actor, placed.order, payer or placed.person.payer))

    def expires(self, placed: Placed) -> None:
        self.facts.append(Expired(placed.at + HOLD, self.actor, placed.order))

    def looks(self, placed: Placed, at: datetime) -> None:
        self.facts.append(Revealed(at, self.actor, placed.order))

    def asks_back(self, placed: Placed, at: datetime, *, units: int | None = None, deserved: bool) -> None:
        self.facts.append(RefundAsked(at, self.actor, placed.order, units or placed.units, deserved))

    def complains(self, placed: Placed, at: datetime) -> None:
        self.facts.append(Complained(at, self.actor, placed.order))

    def redeems(self, placed: Placed, unit: int, at: datetime, by: str, *, foreign: bool) -> None:
        region = GOODS[placed.sku].region
        assert region, placed.sku
        store = elsewhere(self.chance, region) if foreign else store_in(self.chance, region)
        self.facts.append(Redeemed(at, self.actor, placed.order, unit, by, store))

    # Habits that the honest share.

    def buys(self, placed: Placed, *, declines: int | None = None, pays: bool | None = None) -> datetime | None:
        """Tries to pay, as often declined as chance or `declines` says; when it was paid, if it was."""
        chance, at = self.chance, placed.at + self.after(seconds=40)
        if declines is None:
            declines = next((n for n in range(4) if chance.random() >= self.parameters.declined), 4)
        for _ in range(declines):
            self.fails(placed, at)
            at += self.after(seconds=40)
        pays = chance.random() < self.parameters.pays if pays is None else pays
        if not pays:
            self.expires(placed)
            return None
        self.pays(placed, at)
        return at

    def enjoys(self, placed: Placed, paid: datetime, *, by: list[str] | None = None) -> None:
        """What an honest buyer does with the goods: looks or redeems (the members `by` do, in turn), seldom more."""
        chance, parameters = self.chance, self.parameters
        if chance.random() < parameters.complaints:
            self.complains(placed, paid + self.after(hours=30))
        if chance.random() < parameters.unseen_refunds:
            self.asks_back(placed, paid + self.after(hours=2), deserved=True)
            return
        looked = paid + self.after(minutes=20)
        self.looks(placed, looked)
        if GOODS[placed.sku].kind == "voucher":
            self._uses(placed, looked, by or [placed.person.member or self.member()])
        elif chance.random() < parameters.bad_keys:
            self.asks_back(placed, looked + self.after(hours=3), units=1, deserved=True)

    def _uses(self, placed: Placed, looked: datetime, by: list[str]) -> None:
        at: dict[str, datetime] = {}
        for unit in range(placed.units):
            who = by[unit % len(by)]
            # Whoever has several uses them at one visit or comes again.
            before = at.get(who)
            together = before is not None and self.chance.random() < 0.5
            at[who] = before + self.after(minutes=1) if before and together else looked + self.after(hours=40)
            self.redeems(placed, unit, at[who], who, foreign=self.chance.random() < self.parameters.travellers)

    def after(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> timedelta:
        """A while of about so long: half of it to all of it, seldom up to three times as much."""
        mean = timedelta(seconds=seconds, minutes=minutes, hours=hours)
        return mean * (self.chance.uniform(0.5, 1) if self.chance.random() < 0.8 else self.chance.uniform(1, 3))


def address(chance: Random, network: str | None = None) -> str:
    """An address out of a block that no gateway is in, or out of the /24 `network`."""
    network = network or f"11.{chance.randrange(1, 256)}.{chance.randrange(256)}"
    return f"{network}.{chance.randrange(1, 255)}"


def network(chance: Random) -> str:
    """The first three numbers of a /24."""
    return address(chance).rpartition(".")[0]


def hash_of(text: str) -> int:
    """The same in every process, as `hash` is not."""
    return sum(text.encode())
