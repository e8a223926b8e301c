"""Where the cards of a purchase go that are not simply stock: to the units they were bought for, or, beyond what was
ordered, into quarantine.

A card bears which it was (`bought_for`, `surplus`), so that whoever receives the same list again places none anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from quanyi.cards.model import NewCard, held_attributes
from quanyi.cards.table import CardsTable
from quanyi.clock import Clock
from quanyi.receiving.arrivals import HOLD_LASTS, Arrivals
from quanyi.table import Item

BY = "system"


@dataclass(frozen=True)
class UnitsFirst:
    """`wanted` has the cards that are meant for units (unit and hold, by card); the others go as `others` says."""

    wanted: Mapping[str, tuple[str, str]]
    others: Arrivals
    cards: CardsTable
    clock: Clock

    def look(self) -> None:
        self.others.look()

    def instead(self, card: NewCard) -> dict[str, object]:
        """What the card bears instead of its place in the pool."""
        if card.card_id not in self.wanted:
            return {}
        unit, hold = self.wanted[card.card_id]
        return {**held_attributes(card.card_id, hold, self.clock() + HOLD_LASTS), "bought_for": unit}

    def insert(self, card: NewCard) -> None:
        if instead := self.instead(card):
            self.cards.insert(card, **instead)
        else:
            self.others.insert(card)

    def resume(self, item: Item) -> None:
        self.others.resume(item)


@dataclass(frozen=True)
class SetAside:
    """Cards that nobody ordered: a person decides about them."""

    cards: CardsTable
    purchase: str

    def look(self) -> None:
        return

    def instead(self, _: NewCard) -> dict[str, object]:
        return {
            "available": None,
            "state": "quarantined",
            "changed_by": BY,
            "reason": f"more than was ordered by {self.purchase}",
            "surplus": True,
        }

    def insert(self, card: NewCard) -> None:
        self.cards.insert(card, **self.instead(card))

    def resume(self, item: Item) -> None:
        return


def has_it(card: Item, unit: str, hold: str) -> bool:
    """Whether the unit has the card: in that hold, or delivered."""
    if card["state"] == "reserved":
        return card["hold"] == hold
    return (card.get("order"), card.get("unit")) == (order_of(hold), unit)


def hold_again(cards: CardsTable, card: Item, unit: str, hold: str, now: datetime) -> Item | None:
    """Puts a card that was bought for the unit (back) into its hold: from that of an earlier attempt of its order, or
    from where a sweep has put it. Answers it as it is then; None: somebody else has it."""
    if has_it(card, unit, hold) and card["state"] != "reserved":
        return card
    earlier = card.get("hold", "")
    if card["state"] == "reserved" and earlier != hold and order_of(earlier) == order_of(hold):
        cards.release(card["card_id"], hold=earlier)
    return cards.claim(card["card_id"], hold=hold, until=now + HOLD_LASTS, now=now)


def order_of(hold: str) -> str:
    return hold.rpartition("#")[0]
