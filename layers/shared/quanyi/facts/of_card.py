"""A card's facts: that its buyer looked at it, that a voucher of the shop's own was handed out, how it was used, and
that a card's last moment of sale passed while it was in stock."""

from collections.abc import Iterator
from typing import Any

from quanyi.change import Change
from quanyi.clock import moment
from quanyi.facts.model import Fact
from quanyi.ids import derived_id
from quanyi.redemptions.model import Record, records_of
from quanyi.vouchers.use import is_voucher


def facts_of_card(change: Change) -> list[Fact]:
    """What one write of a card brought. What it had cost is looked up by its batch (`facts.origin`)."""
    old, new = change.old, change.new
    uses = (fact for record in records_of(change) for fact in _uses(record, new.get("delivered_at")))
    return [*_reveal(old, new), *_handed_out(old, new), *uses, *_expired(old, new)]


def _reveal(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Fact]:
    at = new.get("revealed_at")
    if at and not old.get("revealed_at"):
        # Named by the delivery, not by the card: a card's id is for those who may know the card.
        order, unit = str(new.get("order", "")), str(new.get("unit", ""))
        name = derived_id("", order, unit, new["card_id"])
        where: dict[str, Any] = {"channel": new.get("sold_in", ""), "sku": new["sku"], "unit": unit, "quantity": 1}
        yield Fact(f"{order}#revealed#{name}", "revealed", moment(at), order, **where)


def _handed_out(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Fact]:
    """Of a voucher that came back unseen and went out again twice, each at its own moment."""
    at = new.get("delivered_at")
    if at and is_voucher(new) and old.get("delivered_at") != at:
        name = derived_id("", new["card_id"])
        sold: dict[str, Any] = {
            "channel": new.get("sold_in", ""),
            "agent": new.get("agent") or "",
            "sku": new["sku"],
            "source": new["series"],
            "unit": new.get("unit", ""),
            "amount": new.get("price") or 0,
            "currency": new.get("currency", ""),
            "quantity": 1,
        }
        yield Fact(f"{name}#handed_out#{at}", "handed_out", moment(at), name, **sold)


def _uses(record: Record, delivered_at: str | None) -> Iterator[Fact]:
    use = record.use
    same: dict[str, Any] = {
        "of": derived_id("", record.card_id),
        "channel": record.channel,
        "sku": record.sku,
        "source": record.series,
        "reason": use.store,
        "amount": use.amount,
        "currency": record.currency,
        "quantity": 1,
    }
    seconds = int((use.at - moment(delivered_at)).total_seconds()) if delivered_at else None
    name = derived_id("", record.card_id, use.id)
    yield Fact(f"{name}#redeemed", "redeemed", use.at, seconds=seconds, **same)
    if use.reversed_at:
        yield Fact(f"{name}#redemption_reversed", "redemption_reversed", use.reversed_at, **same)


def _expired(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Fact]:
    """Dated by when it could be sold last, however late that was noticed."""
    if new.get("state") == "expired" and old.get("state") != "expired":
        name = derived_id("", new["card_id"])
        kept: dict[str, Any] = {"sku": new["sku"], "source": new["batch"], "quantity": 1}
        yield Fact(f"{name}#expired", "expired", moment(new["sell_by"]), name, **kept)
