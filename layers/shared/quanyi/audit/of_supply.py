"""Entries of the audit trail of what the supply is bought by: purchase orders, suppliers, offers, stock policies."""

from typing import Any

from quanyi.audit.model import SYSTEM, Entry
from quanyi.change import REMOVED, Change
from quanyi.purchases.model import PurchaseOrder

_NOT_TERMS = {
    *("pk", "sk", "v", "list", "listed", "version", "created_at", "updated_at", "changed_by", "cost_before"),
    *("plan", "sync", "stock", "on_sale", "balance", "balance_at", "synced_at", "notify_url"),
    *("credentials", "credentials_changed_at", "credentials_changed_by"),
}
"""What stands beside the terms: who keeps it is not asked about."""


def purchase_subject(purchase: str) -> str:
    return f"PURCHASE#{purchase}"


def supplier_subject(supplier: str) -> str:
    return f"SUPPLIER#{supplier}"


def offer_subject(sku: str, supplier: str) -> str:
    return f"OFFER#{sku}#{supplier}"


def policy_subject(sku: str, channel: str) -> str:
    return f"POLICY#{sku}#{channel}"


def entry_of_purchase(old: PurchaseOrder | None, new: PurchaseOrder, change: Change) -> Entry | None:
    """None for what nobody asks about: that its supplier was asked once more, or its execution waits."""
    facts: list[dict[str, Any]] = []
    if old is None:
        facts.append({"what": "Made", "supplier": new.supplier, "sku": new.sku, "quantity": new.quantity})
    elif old.state != new.state:
        facts.append({"what": "StateChanged", **({"reason": new.reason} if new.reason else {})})
    before = old or new
    if old and new.received != old.received:
        facts.append({"what": "CardsCame", "received": new.received})
    if new.claim != before.claim:
        facts.append({"what": "Claimed", "amount": new.claim, "currency": new.currency})
    if new.for_person and not (old and old.for_person):
        facts.append({"what": "PersonAsked"})
    if new.contradicted and not (old and old.contradicted):
        facts.append({"what": "Contradicted"})
    if len(new.notes) > (len(old.notes) if old else 0):
        facts.append({"what": "NoteAdded", "by": new.notes[-1].by})
    if not facts:
        return None
    by = new.changed_by if old is None or old.changed_by != new.changed_by or old.state == "draft" else SYSTEM
    place = f"{new.rev:06d}"
    return Entry(purchase_subject(new.id), change.at, place, by, facts, old.state if old else None, new.state)


def entry_of_terms(change: Change) -> Entry | None:
    """Of a supplier, an offer or a stock policy: which of its terms were changed, and by whom."""
    old, new = change.old, change.new
    by, facts = new.get("changed_by", SYSTEM), list[dict[str, Any]]()
    if new.get("version") != old.get("version"):
        names = sorted(n for n in {*old, *new} - _NOT_TERMS if old.get(n) != new.get(n))
        facts.append({"what": "TermsChanged" if old else "Made", "version": new.get("version"), "terms": names})
    if new.get("credentials", "") != old.get("credentials", ""):
        facts.append({"what": "CredentialsChanged"})
        by = new.get("credentials_changed_by", by)
    if not facts:
        return None
    return Entry(_subject(new["pk"], new["sk"]), change.at, change.sequence.zfill(40), by, facts)


def entry_of_removal(change: Change) -> Entry:
    """Of an offer or a stock policy that somebody took away (`quanyi.removal`)."""
    note = change.new
    facts: list[dict[str, Any]] = [{"what": "Removed", "version": note["version"]}]
    subject = _subject(note["pk"].removeprefix(REMOVED), note["sk"])
    return Entry(subject, change.at, change.sequence.zfill(40), note["removed_by"], facts)


def _subject(pk: str, sk: str) -> str:
    kind, _, name = pk.partition("#")
    match kind:
        case "SUPPLIER":
            return supplier_subject(name)
        case "OFFERS":
            return offer_subject(name, sk)
        case _:
            return policy_subject(name, sk)
