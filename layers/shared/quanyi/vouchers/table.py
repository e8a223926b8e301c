"""Every way a voucher's use may change, each one conditional write of its card. The condition *is* the rule.

What a card goes through until it is delivered, and what a person does to any card, is `cards.table`'s. A voucher whose
last use is taken becomes `redeemed` by the same write, and `delivered` again when that use is reversed.

**A PIN is counted before it is compared**: a thousand guesses at once are five. From then on one guess an hour is let
through, until the right one, or until a person has to unlock it. Counted are different PINs, by their fingerprints: the
same one again, from many tills at once or because an answer was lost, is one guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quanyi.clock import NEVER, stamp
from quanyi.errors import Conflict, NotFound
from quanyi.table import ConditionFailed, Item, Table, Write
from quanyi.vouchers.model import MOST_USES
from quanyi.vouchers.use import Use

MOST_TRIES = 5
"""Wrong PINs of one voucher before it is locked."""
LOCKED = timedelta(hours=1)
"""How long a locked voucher takes no further PIN."""
MOST_EVER = 100
"""Wrong PINs after which only a person unlocks it: one in a hundred of four digits."""
TRIED = 16
"""Characters of a PIN's fingerprint that tell those apart which were tried."""

MAY_TRY = (
    "attribute_exists(series) AND (attribute_not_exists(pins_tried) OR size(pins_tried) < :most "
    "OR contains(pins_tried, :pin) OR (pin_tried_at < :lapsed AND size(pins_tried) < :ever))"
)
REDEEMABLE = (
    "#state = :delivered AND attribute_not_exists(frozen) AND (attribute_not_exists(#until) OR #until > :now) "
    "AND attribute_not_exists(uses.#use) AND used < :most"
)
QR_NOT_USED = "(attribute_not_exists(qr_at) OR qr_at < :qr)"
REVERSIBLE = (
    "(#state = :delivered OR #state = :redeemed) AND attribute_exists(uses.#use) AND attribute_not_exists(uses.#use.r)"
)
UNUSED_OF_UNIT = "#state IN (:delivered, :voided) AND #order = :order AND #unit = :unit AND #left = whole"
IN_USE = "(#state = :delivered OR #state = :redeemed) AND attribute_exists(series)"


@dataclass(frozen=True)
class Taking:
    """One use about to be made. `order` is what the voucher was sold by, as it was read: one that has been sold again
    since is another's. `seen` is the number of uses that were read, where a limit per voucher, or the room that is
    left for uses, was judged by them."""

    card_id: str
    use: Use
    order: str | None = None
    qr: str = ""
    pin: bool = False
    seen: int | None = None


@dataclass(frozen=True)
class VouchersTable:
    """`table` is the card table."""

    table: Table

    def attempt(self, card_id: str, pin_id: str, now: datetime) -> Item | None:
        """Counts a PIN that is tried and answers the card, which is how it is read. None: there is no such voucher, or
        it is locked. Whoever had the right PIN takes the count back, by `redeem` or `forgive`."""
        tried = pin_id[:TRIED]
        try:
            return self.table.update(
                {"card_id": card_id},
                "SET pin_tried_at = :now ADD pins_tried :tried",
                condition=MAY_TRY,
                now=stamp(now),
                tried={tried},
                pin=tried,
                most=MOST_TRIES,
                ever=MOST_EVER,
                lapsed=stamp(now - LOCKED),
            )
        except ConditionFailed:
            return None

    def forgive(self, card_id: str) -> None:
        """The PIN was right, or a person unlocks the voucher: tries count anew. Harmless for anything else."""
        try:
            self.table.update(
                {"card_id": card_id}, "REMOVE pins_tried, pin_tried_at", condition="attribute_exists(pins_tried)"
            )
        except ConditionFailed:
            return

    def redeem(self, taking: Taking, *, all_of_it: bool, also: Sequence[Write] = ()) -> Item | None:
        """Takes `taking.use.amount`: exactly what is left (`all_of_it`), or less than that. `also` are the writes of
        limits that must hold with it. Answers the card as it is then; None where further writes went with it.

        Raises ConditionFailed with the item as it is (or that of a limit).
        """
        key, write = {"card_id": taking.card_id}, _write_of(taking, all_of_it)
        if not also:
            return self.table.update(key, **write)
        self.table.together([self.table.write_update(key, **write), *also])
        return None

    def reverse(self, card_id: str, use: Use, *, by: str, now: datetime, also: Sequence[Write] = ()) -> Item | None:
        """Gives a use back, and answers the card; None where further writes went with it. Raises ConditionFailed with
        the item as it is: the use was reversed, or the voucher's state does not allow it any more."""
        key = {"card_id": card_id}
        write: dict[str, Any] = {
            "change": "SET uses.#use.r = :now, uses.#use.b = :by, #state = :delivered ADD #left :back",
            "condition": REVERSIBLE,
            "names": {"use": use.id},
            "now": stamp(now),
            "by": by,
            "back": use.amount,
            "delivered": "delivered",
            "redeemed": "redeemed",
        }
        if not also:
            return self.table.update(key, **write)
        self.table.together([self.table.write_update(key, **write), *also])
        return None

    def extend(self, card_id: str, until: datetime | None, *, by: str, reason: str) -> Item:
        """Sets the voucher's own end in place of its series'; None: it has none. Raises NotFound, Conflict."""
        return self._by_person(card_id, "#until = :until", by, reason, until=stamp(until or NEVER))

    def freeze(self, card_id: str, *, by: str, reason: str) -> Item:
        """Until it is unfrozen, it cannot be used. Raises NotFound, Conflict."""
        return self._by_person(card_id, "frozen = :reason", by, reason)

    def unfreeze(self, card_id: str, *, by: str, reason: str) -> Item:
        """Usable again, and unlocked after wrong PINs. Raises NotFound, Conflict."""
        return self._by_person(card_id, "", by, reason, remove=" REMOVE frozen, pins_tried, pin_tried_at")

    def cancel(self, card_id: str, *, by: str, reason: str) -> Item:
        """delivered or redeemed -> voided: it cannot be used any more, for good. Raises NotFound, Conflict."""
        return self._by_person(card_id, "#state = :voided", by, reason, voided="voided")

    def cancel_unused(self, card_id: str, *, order: str, unit: str) -> Item | None:
        """delivered to that unit and never used (or given back whole) -> voided, for its money goes back; the same
        again is harmless. None: some of it was used, or it is not that unit's any more."""
        try:
            return self.table.update(
                {"card_id": card_id},
                "SET #state = :voided",
                condition=UNUSED_OF_UNIT,
                order=order,
                unit=unit,
                delivered="delivered",
                voided="voided",
            )
        except ConditionFailed:
            return None

    def _by_person(self, card_id: str, change: str, by: str, reason: str, *, remove: str = "", **values: Any) -> Item:
        sets = ", ".join(part for part in ("changed_by = :by", "reason = :reason", change) if part)
        try:
            return self.table.update(
                {"card_id": card_id},
                f"SET {sets}{remove}",
                condition=IN_USE,
                by=by,
                reason=reason,
                delivered="delivered",
                redeemed="redeemed",
                **values,
            )
        except ConditionFailed as failed:
            if "series" not in failed.item:
                raise NotFound("voucher") from None
            state = failed.item["state"]
            raise Conflict(f"A voucher that is {state} cannot be changed.", state=state) from None


def _write_of(taking: Taking, all_of_it: bool) -> dict[str, Any]:
    use = taking.use
    sets, removes = ["uses.#use = :use"], ""
    conditions = [REDEEMABLE, f"#left {'=' if all_of_it else '>'} :take"]
    values: dict[str, Any] = {"take": use.amount, "minus": -use.amount, "one": 1, "use": use.to_item()}
    if all_of_it:
        sets.append("#state = :redeemed")
        values["redeemed"] = "redeemed"
    if taking.order is None:
        conditions.append("attribute_not_exists(#order)")
    else:
        conditions.append("#order = :order")
        values["order"] = taking.order
    if taking.qr:
        sets.append("qr_at = :qr")
        conditions.append(QR_NOT_USED)
        values["qr"] = taking.qr
    if taking.pin:
        removes = " REMOVE pins_tried, pin_tried_at"
    if taking.seen is not None:
        conditions.append("used = :seen")
        values["seen"] = taking.seen
    return {
        "change": f"SET {', '.join(sets)} ADD #left :minus, used :one{removes}",
        "condition": " AND ".join(conditions),
        "names": {"use": use.id},
        "now": stamp(use.at),
        "delivered": "delivered",
        "most": MOST_USES,
        **values,
    }
