"""Every way a card may change, each one conditional write. The condition *is* the rule; nothing is decided elsewhere.

    available -> reserved -> delivered -> redeemed
    reserved -> available            the hold was given up
    delivered -> available           returned unseen
    available, delivered -> quarantined -> available
    available, quarantined -> voided
    available -> expired
    reserved -> voided               a voucher made for a unit that no longer waits
    reserved -> quarantined, voided  a voucher of a series that is not sold
    quarantined -> reserved          one whose series is sold again, for a paid unit that waits

A card keeps the name of its pool in `pool`; `available` repeats it only while the card can be sold, which is what
makes the index sparse. `changed_by` and `reason` of a person's change reach the audit trail through the stream.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from quanyi.cards.model import HELD_SHARDS, NewCard, Pool, shard_of
from quanyi.clock import stamp
from quanyi.errors import Conflict, NotFound
from quanyi.table import ConditionFailed, Item, Page, Table

NEW = "attribute_not_exists(card_id)"
FREE_OR_MINE = "(attribute_exists(available) AND sell_by > :now) OR (#state = :reserved AND #hold = :hold)"
HELD_BY = "#state = :reserved AND #hold = :hold"
HELD_OR_DELIVERED_TO = "#hold = :hold AND (#state = :reserved OR #state = :delivered)"
DELIVERED_TO = "#state = :delivered AND #order = :order"
UNUSED = "(attribute_not_exists(used) OR #left = whole) AND attribute_not_exists(confirming)"
"""Nothing of it was used: of a voucher of our own, what was used has been given back. Of another card, no use of it was
confirmed by its issuer, nor is about to be."""
LIKE_NEW = f"{UNUSED} AND (attribute_not_exists(used) OR used = :none) AND attribute_not_exists(frozen)"
"""Nor is its code known to whoever used it and gave it back, or suspect to a person."""
DELIVERED_UNSEEN = (
    f"#state = :delivered AND #order = :order AND #unit = :unit AND attribute_not_exists(revealed_at) AND {LIKE_NEW}"
)

NEVER_DELIVERED = " AND attribute_not_exists(delivered_at)"
READMITTED = f"{NEVER_DELIVERED} AND sell_by > :now"

AVAILABLE_INDEX = "available-index"
HELD_INDEX = "held-index"
BATCH_INDEX = "batch-index"
SERIES_INDEX = "series-index"


@dataclass(frozen=True)
class CardsTable:
    """The card table."""

    table: Table

    def get(self, card_id: str) -> Item | None:
        return self.table.get({"card_id": card_id})

    def get_many(self, card_ids: Sequence[str]) -> dict[str, Item]:
        return {item["card_id"]: item for item in self.table.get_many([{"card_id": c} for c in card_ids])}

    def insert(self, card: NewCard, **instead: Any) -> None:
        """Puts a new card. `instead` overrides attributes (a waiting hold in place of the pool, None leaves one out).
        Raises ConditionFailed with the card that is there already."""
        self.table.put({**card.item(), **instead}, condition=NEW)

    def candidates(self, pool: str, *, start: str, limit: int, wrapped: bool = False) -> list[str]:
        """Ids of available cards of a pool from `start` on, or before it when `wrapped`. A hint: the index lags."""
        where = f"available = :pool AND card_id {'<' if wrapped else '>='} :first"
        page = self.table.query(where, index=AVAILABLE_INDEX, limit=limit, pool=pool, first=start)
        return [item["card_id"] for item in page.items]

    def claim(self, card_id: str, *, hold: str, until: datetime, now: datetime) -> Item | None:
        """available -> reserved, or already reserved by this hold, and answers the card. None: somebody else was
        faster."""
        return self._item(
            card_id,
            "SET #state = :reserved, #hold = :hold, hold_until = :until, held = :held REMOVE available",
            FREE_OR_MINE,
            reserved="reserved",
            hold=hold,
            until=stamp(until),
            held=f"held#{shard_of(card_id, HELD_SHARDS)}",
            now=stamp(now),
        )

    def keep(self, card_id: str, *, hold: str, until: datetime) -> bool:
        """Moves the deadline of a hold. False: the hold is gone."""
        return self._try(
            card_id, "SET hold_until = :until", HELD_BY, hold=hold, until=stamp(until), reserved="reserved"
        )

    def release(self, card_id: str, *, hold: str) -> bool:
        """reserved -> available in its pool. False: this hold has it no longer (nothing to do)."""
        return self._try(
            card_id,
            "SET #state = :available, available = #pool REMOVE #hold, hold_until, held",
            HELD_BY,
            hold=hold,
            available="available",
            reserved="reserved",
        )

    def discard(self, card_id: str, *, hold: str) -> bool:
        """reserved -> voided: it was made for that hold alone. False: this hold has it no longer."""
        return self._try(
            card_id,
            "SET #state = :voided REMOVE #hold, hold_until, held",
            HELD_BY,
            hold=hold,
            voided="voided",
            reserved="reserved",
        )

    def set_aside(self, card_id: str, *, hold: str, to: Literal["quarantined", "voided"], by: str, reason: str) -> bool:
        """reserved -> quarantined or voided: what was drawn must not be sold. False: this hold has it no longer."""
        return self._try(
            card_id,
            "SET #state = :to, changed_by = :by, reason = :reason REMOVE #hold, hold_until, held",
            HELD_BY,
            hold=hold,
            to=to,
            by=by,
            reason=reason,
            reserved="reserved",
        )

    def deliver(
        self, card_id: str, *, hold: str, order: str, unit: str, now: datetime, sold: Mapping[str, object] | None = None
    ) -> Item | None:
        """reserved -> delivered to one unit of one order, and answers the card; the same again is harmless. None: the
        hold was lost. `sold` is what a voucher of our own bears of its sale."""
        sold = sold or {}
        return self._item(
            card_id,
            "SET #state = :delivered, #order = :order, #unit = :unit, "
            f"delivered_at = if_not_exists(delivered_at, :now){''.join(f', #{name} = :{name}' for name in sold)} "
            "REMOVE hold_until, held",
            HELD_OR_DELIVERED_TO,
            **sold,
            hold=hold,
            order=order,
            unit=unit,
            now=stamp(now),
            reserved="reserved",
            delivered="delivered",
        )

    def mark_revealed(self, card_id: str, *, order: str, now: datetime) -> Item:
        """Notes the first reveal, *before* anything is decrypted, and answers the card. Raises Conflict when the card
        is no longer delivered to this order."""
        try:
            return self.table.update(
                {"card_id": card_id},
                "SET revealed_at = if_not_exists(revealed_at, :now)",
                condition=DELIVERED_TO,
                order=order,
                delivered="delivered",
                now=stamp(now),
            )
        except ConditionFailed as failed:
            raise Conflict("The card is no longer delivered to this order.", state=failed.item.get("state")) from None

    def take_back(self, card_id: str, *, order: str, unit: str) -> Item | None:
        """delivered, never revealed and never used -> available in its pool, and answers the card. None: it was seen,
        used or frozen, or is not this unit's (any more)."""
        return self._item(
            card_id,
            "SET #state = :available, available = #pool "
            "REMOVE #hold, #order, #unit, delivered_at, price, sold_in, #agent, #until",
            DELIVERED_UNSEEN,
            none=0,
            order=order,
            unit=unit,
            delivered="delivered",
            available="available",
        )

    def quarantine(self, card_id: str, *, by: str, reason: str) -> Item:
        """available or delivered -> quarantined (a suspect or bad card). Raises NotFound, Conflict."""
        return self._by_person(card_id, "quarantined", ("available", "delivered"), by, reason, "REMOVE available")

    def take_off(self, card_id: str, *, by: str, reason: str) -> Item:
        """available -> quarantined, and never from its buyer. Raises NotFound, Conflict."""
        return self._by_person(card_id, "quarantined", ("available",), by, reason, "REMOVE available")

    def quarantine_bad(self, card_id: str, *, order: str, unit: str, by: str, reason: str) -> Item:
        """delivered to that unit, and not used if it is a voucher of ours -> quarantined: its buyer gets another.
        Raises NotFound, Conflict."""
        mine = f" AND #order = :order AND #unit = :unit AND {UNUSED}"
        return self._by_person(card_id, "quarantined", ("delivered",), by, reason, also=mine, order=order, unit=unit)

    def readmit(self, card_id: str, *, by: str, reason: str, now: datetime) -> Item:
        """quarantined, never delivered and still sellable -> available."""
        return self._by_person(
            card_id,
            "available",
            ("quarantined",),
            by,
            reason,
            also=READMITTED,
            sets=", available = #pool",
            now=stamp(now),
        )

    def readmit_for(
        self, card_id: str, *, hold: str, until: datetime, place: str, by: str, reason: str, now: datetime
    ) -> Item:
        """What may be readmitted -> reserved, for a paid unit that waits at that place of the backlog."""
        return self._by_person(
            card_id,
            "reserved",
            ("quarantined",),
            by,
            reason,
            also=READMITTED,
            sets=", #hold = :hold, hold_until = :until, held = :held, waits_for = :place",
            hold=hold,
            until=stamp(until),
            held=f"held#{shard_of(card_id, HELD_SHARDS)}",
            place=place,
            now=stamp(now),
        )

    def void(self, card_id: str, *, by: str, reason: str) -> Item:
        """available or quarantined -> voided, for good."""
        return self._by_person(card_id, "voided", ("available", "quarantined"), by, reason, "REMOVE available")

    def give_up(self, card_id: str, *, by: str, reason: str) -> Item:
        """quarantined, never delivered -> voided, for good; what is on sale stays, and what a buyer had. Raises
        NotFound, Conflict."""
        return self._by_person(card_id, "voided", ("quarantined",), by, reason, also=NEVER_DELIVERED)

    def expire(self, card_id: str, *, now: datetime) -> bool:
        """available past its last moment of sale -> expired."""
        return self._try(
            card_id,
            "SET #state = :expired REMOVE available",
            "attribute_exists(available) AND sell_by <= :now",
            now=stamp(now),
            expired="expired",
        )

    def move(self, card_id: str, *, to: Pool, by: str, reason: str) -> Item:
        """An available card changes channel (or shard count); its last day of sale stays."""
        return self._by_person(
            card_id,
            "available",
            ("available",),
            by,
            reason,
            sets=", available = :pool, #pool = :pool, channel = :channel",
            pool=to.name(shard_of(card_id, to.shards)),
            channel=to.channel,
        )

    def held_until(self, shard: int, before: datetime, *, limit: int) -> Iterator[str]:
        """Ids of reserved cards whose hold ended before that moment, oldest first, page after page. A hint."""
        found = self.table.query_all(
            "held = :held AND hold_until < :before",
            index=HELD_INDEX,
            limit=limit,
            held=f"held#{shard}",
            before=stamp(before),
        )
        return (item["card_id"] for item in found)

    def held_exactly_until(self, until: datetime) -> list[str]:
        """Ids of reserved cards with that very deadline: how an order finds the cards of a call that died. A hint."""
        wanted = stamp(until)
        pages = [
            self.table.query_all(
                "held = :held AND hold_until = :until", index=HELD_INDEX, held=f"held#{shard}", until=wanted
            )
            for shard in range(HELD_SHARDS)
        ]
        return [item["card_id"] for page in pages for item in page]

    def of_batch(self, batch: str, *, limit: int, start: Item | None = None) -> Page:
        """Ids (and batch) of a batch's cards, a page at a time."""
        return self.table.query("#batch = :batch", index=BATCH_INDEX, limit=limit, start=start, batch=batch)

    def of_series(self, series: str, *, limit: int, start: Item | None = None) -> Page:
        """Ids (and series) of a series' vouchers, a page at a time."""
        return self.table.query("series = :series", index=SERIES_INDEX, limit=limit, start=start, series=series)

    def _item(self, card_id: str, change: str, condition: str, **values: Any) -> Item | None:
        try:
            return self.table.update({"card_id": card_id}, change, condition=condition, **values)
        except ConditionFailed:
            return None

    def _try(self, card_id: str, change: str, condition: str, **values: Any) -> bool:
        try:
            self.table.update({"card_id": card_id}, change, condition=condition, **values)
        except ConditionFailed:
            return False
        return True

    def _by_person(
        self,
        card_id: str,
        to: str,
        allowed: Sequence[str],
        by: str,
        reason: str,
        remove: str = "",
        *,
        also: str = "",
        sets: str = "",
        **values: Any,
    ) -> Item:
        states = {f"from{i}": state for i, state in enumerate(allowed)}
        try:
            return self.table.update(
                {"card_id": card_id},
                f"SET #state = :to, changed_by = :by, reason = :reason{sets} {remove}".strip(),
                condition=f"#state IN ({', '.join(':' + name for name in states)}){also}",
                to=to,
                by=by,
                reason=reason,
                **states,
                **values,
            )
        except ConditionFailed as failed:
            if not failed.item:
                raise NotFound("card") from None
            raise Conflict(
                f"A card that is {failed.item['state']} cannot become {to}.", state=failed.item["state"]
            ) from None
