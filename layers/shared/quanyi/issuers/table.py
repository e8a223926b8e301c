"""Issuers' settings in the catalogue table (`ISSUERS` / name), and cards whose use an issuer is to confirm.

A card under confirmation bears `confirming`, and stands in the card table's held index under a name of its own until it
is known how that ended: `held` is free then, since only a reserved card is held.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quanyi.cards.table import HELD_INDEX
from quanyi.clock import stamp
from quanyi.errors import Conflict, NotFound
from quanyi.issuers.port import Confirmed
from quanyi.issuers.settings import IssuerSettings
from quanyi.table import ConditionFailed, Item, Table
from quanyi.vouchers.use import Use

CONFIRMING = "confirming"
LOOK_AGAIN = timedelta(minutes=2)

FREE = (
    "#state = :delivered AND attribute_not_exists(series) AND attribute_not_exists(confirming) "
    "AND attribute_not_exists(frozen) AND #order = :order"
)
THIS = "confirming.#id = :id"


@dataclass(frozen=True)
class IssuersTable:
    table: Table

    def get(self, name: str) -> IssuerSettings:
        """Raises NotFound."""
        item = self.table.get({"pk": "ISSUERS", "sk": name})
        if item is None:
            raise NotFound("issuer")
        return IssuerSettings.model_validate(item)

    def every(self) -> list[IssuerSettings]:
        items = self.table.query_all("pk = :pk", pk="ISSUERS", consistent=True)
        return [IssuerSettings.model_validate(item) for item in items]

    def save(self, settings: IssuerSettings) -> None:
        """Writes `settings.version` over the one before it. Raises Conflict (`stale_version`)."""
        item = {"pk": "ISSUERS", "sk": settings.name, "v": 1, **settings.model_dump(mode="json")}
        try:
            if settings.version == 1:
                self.table.put(item, condition="attribute_not_exists(pk)")
            else:
                self.table.put(item, condition="version = :before", before=settings.version - 1)
        except ConditionFailed as failed:
            now = failed.item.get("version", 0)
            raise Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now) from None


@dataclass(frozen=True)
class ConfirmingCards:
    """`table` is the card table."""

    table: Table

    def begin(self, card_id: str, order: str, issuer: str, use: Use, currency: str) -> Item:
        """Puts the card under confirmation, before its issuer is asked. Raises ConditionFailed with the card: it is
        under another's, used up, or no longer that order's."""
        asked = {"id": use.id, "issuer": issuer, "use": use.to_item(), "currency": currency}
        return self.table.update(
            {"card_id": card_id},
            "SET confirming = :asked, held = :confirming, hold_until = :at, uses = if_not_exists(uses, :none)",
            condition=f"{FREE} AND attribute_not_exists(uses.#use)",
            names={"use": use.id},
            asked=asked,
            confirming=CONFIRMING,
            at=stamp(use.at + LOOK_AGAIN),
            none={},
            delivered="delivered",
            order=order,
        )

    def settle(self, card_id: str, use: Use, currency: str, answer: Confirmed, now: datetime) -> Item:
        """Writes down how a confirmation ended, once; unknown moves the time of the next look. A card that was taken
        out of use meanwhile stays so. Answers the card as it is then."""
        over = "REMOVE confirming, held, hold_until"
        try:
            match answer.outcome:
                case "unknown":
                    return self._write(card_id, "SET hold_until = :at", THIS, use, at=stamp(now + LOOK_AGAIN))
                case "failed":
                    return self._write(card_id, over, THIS, use)
                case "succeeded":
                    return self._used(card_id, use, currency, answer.left, over)
        except ConditionFailed as failed:  # it was settled already
            return failed.item

    def due(self, before: datetime) -> Iterator[str]:
        """Ids of cards that are to be asked about, longest waiting first. A hint."""
        found = self.table.query_all(
            "held = :held AND hold_until < :before",
            index=HELD_INDEX,
            limit=100,
            held=CONFIRMING,
            before=stamp(before),
        )
        return (item["card_id"] for item in found)

    def _used(self, card_id: str, use: Use, currency: str, left: int | None, over: str) -> Item:
        counted = {"left": left or 0, "currency": currency, "taken": use.to_item(), "one": 1}
        sets = "SET uses.#use = :taken, #left = :left, currency = :currency"
        adds = "ADD used :one"
        if left:
            return self._write(card_id, f"{sets} {over} {adds}", THIS, use, names={"use": use.id}, **counted)
        try:
            whole = f"{sets}, #state = :redeemed {over} {adds}"
            here = {"redeemed": "redeemed", "delivered": "delivered"}
            condition = f"{THIS} AND #state = :delivered"
            return self._write(card_id, whole, condition, use, names={"use": use.id}, **counted, **here)
        except ConditionFailed as failed:
            if failed.item.get("confirming", {}).get("id") != use.id:
                raise
            return self._write(card_id, f"{sets} {over} {adds}", THIS, use, names={"use": use.id}, **counted)

    def _write(
        self, card_id: str, change: str, condition: str, use: Use, names: dict[str, str] | None = None, **values: Any
    ) -> Item:
        return self.table.update(
            {"card_id": card_id}, change, condition=condition, names={"id": "id", **(names or {})}, id=use.id, **values
        )
