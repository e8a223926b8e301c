"""A card's facts: that its buyer looked at it, and how a voucher of the shop's own was used."""

from collections.abc import Iterator
from typing import Any

from quanyi.change import Change
from quanyi.clock import moment
from quanyi.facts.model import Fact
from quanyi.ids import derived_id
from quanyi.redemptions.model import Record, records_of


def facts_of_card(change: Change) -> list[Fact]:
    """What one write of a card brought."""
    return [*_reveal(change.old, change.new), *(fact for record in records_of(change) for fact in _uses(record))]


def _reveal(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Fact]:
    at = new.get("revealed_at")
    if at and not old.get("revealed_at"):
        # Named by the delivery, not by the card: a card's id is for those who may know the card.
        order, unit = str(new.get("order", "")), str(new.get("unit", ""))
        name = derived_id("", order, unit, new["card_id"])
        where: dict[str, Any] = {"channel": new.get("sold_in", ""), "sku": new["sku"], "unit": unit, "quantity": 1}
        yield Fact(f"{order}#revealed#{name}", "revealed", moment(at), order, **where)


def _uses(record: Record) -> Iterator[Fact]:
    use = record.use
    same: dict[str, Any] = {
        "of": derived_id("", record.card_id),
        "channel": record.channel,
        "sku": record.sku,
        "reason": use.store,
        "amount": use.amount,
        "currency": record.currency,
        "quantity": 1,
    }
    name = derived_id("", record.card_id, use.id)
    yield Fact(f"{name}#redeemed", "redeemed", use.at, **same)
    if use.reversed_at:
        yield Fact(f"{name}#redemption_reversed", "redemption_reversed", use.reversed_at, **same)
