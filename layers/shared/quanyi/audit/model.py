"""Entries of the audit trail, as they follow from a write. Ids, states and amounts only: nothing secret or
personal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quanyi.change import Change
from quanyi.events.model import DomainEvent
from quanyi.orders.model import Order
from quanyi.redemptions.model import Record, records_of


@dataclass(frozen=True)
class Entry:
    """`place` orders entries of one moment and makes an entry's key the same whenever it is written again.

    `facts` tell what happened, each with its `what`; `before` and `after` are states.
    """

    subject: str
    at: datetime
    place: str
    by: str
    facts: list[dict[str, Any]]
    before: str | None = None
    after: str | None = None

    @property
    def what(self) -> str:
        return self.facts[0]["what"]


def order_subject(order: str) -> str:
    return f"ORDER#{order}"


def card_subject(card: str) -> str:
    return f"CARD#{card}"


def series_subject(series: str) -> str:
    """Of vouchers."""
    return f"SERIES#{series}"


def entry_of_order(old: Order | None, new: Order, at: datetime, events: list[DomainEvent]) -> Entry | None:
    """One entry for one write of an order; None when nothing happened that is worth telling."""
    facts = [{"what": type(event).__name__, **_own(event)} for event in events]
    facts += _quieter(old, new)
    before = old.state if old else None
    if not facts and before != new.state and new.state != "placing":
        facts = [{"what": "StateChanged"}]
    if not facts:
        return None
    return Entry(order_subject(new.id), at, f"{new.rev:06d}", new.changed_by, facts, before, new.state)


def _own(event: DomainEvent) -> dict[str, Any]:
    told = event.model_dump(mode="json", exclude=set(DomainEvent.model_fields) - {"currency"})
    return {name: value for name, value in told.items() if name not in ("member", "lines")}


def _quieter(old: Order | None, new: Order) -> list[dict[str, Any]]:
    """What a person asks about, though no event tells it."""
    payments = {p.id for p in old.payments} if old else set[str]()
    facts: list[dict[str, Any]] = [
        {"what": "PaymentStarted", "payment": p.id, "provider": p.provider, "amount": p.amount}
        for p in new.payments
        if p.id not in payments and not p.transaction
    ]
    noted = len(new.notes) - (len(old.notes) if old else 0)
    facts += [{"what": "NoteAdded", "by": note.by} for note in new.notes[-noted:]] if noted > 0 else []
    lacked = {unit.id for unit in old.units if unit.lacks_account} if old and old.state != "placing" else set[str]()
    accounts = [unit.id for unit in new.units if unit.id in lacked and not unit.lacks_account]
    facts += [{"what": "AccountsNamed", "units": accounts}] if accounts else []
    if old and old.paid_at and old.attempt != new.attempt:
        facts.append({"what": "AttemptOpened", "attempt": new.attempt})
    return facts


SYSTEM = "system"
BUYER = "buyer"


def entry_of_card(change: Change) -> Entry | None:
    """One entry for one write of a card; None for its arrival in a pool, or handed out by the shop (its batch and
    import tell that, and a million cards need not say it twice; one that arrives in quarantine says why), and for what
    changes neither state, channel nor whether it was seen."""
    old, new = change.old, change.new
    if records := list(records_of(change)):
        return _entry_of_uses(change, records)
    what = _what(old, new)
    if what is None:
        return None
    card = new or old
    by_person = what in ("quarantined", "readmitted", "voided", "moved", "frozen", "unfrozen", "extended")
    facts = {
        "what": what,
        "order": card.get("order") or (card.get("hold") or old.get("hold") or "").partition("#")[0] or old.get("order"),
        "unit": new.get("unit") or old.get("unit"),
        "channel": card["channel"],
        "from_channel": old.get("channel") if what == "moved" else None,
        "until": new.get("until") if what == "extended" else None,
        # A later write of the system leaves a person's name and reason on the card.
        "reason": new.get("reason") if by_person else None,
    }
    by = new.get("changed_by", SYSTEM) if by_person else BUYER if what == "revealed" else SYSTEM
    return Entry(
        card_subject(card["card_id"]),
        change.at,
        change.sequence.zfill(40),
        by,
        [{name: value for name, value in facts.items() if value}],
        old.get("state"),
        new.get("state"),
    )


def _entry_of_uses(change: Change, records: list[Record]) -> Entry:
    """Of the write that took, or gave back, uses of a voucher."""
    old, new = change.old, change.new
    facts = [
        {
            "what": "use_reversed" if record.use.reversed_at else "used",
            "redemption": record.number,
            "amount": record.use.amount,
            "left": new["left"],
            "store": record.use.store,
            "operator": record.use.operator,
            "order": record.order,
        }
        for record in records
    ]
    told = [{name: value for name, value in fact.items() if value != ""} for fact in facts]
    by = records[-1].by
    return Entry(
        card_subject(new["card_id"]), change.at, change.sequence.zfill(40), by, told, old.get("state"), new.get("state")
    )


def _what(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    before, after = old.get("state"), new.get("state")
    if after is None:
        return "deleted"
    if before is None:
        # Into its pool, or handed out by the shop itself.
        arrived = after == "available" or (after == "delivered" and "hold" not in new)
        return None if arrived else after
    if before != after:
        if after == "available":
            return {"reserved": "released", "quarantined": "readmitted"}.get(before, "returned")
        return after
    if old.get("channel") != new.get("channel"):
        return "moved"
    if "revealed_at" in new and "revealed_at" not in old:
        return "revealed"
    if old.get("frozen") != new.get("frozen"):
        return "frozen" if "frozen" in new else "unfrozen"
    if old.get("until") != new.get("until"):
        return "extended"
    return None
