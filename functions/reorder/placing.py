"""Purchase orders made, approved, cancelled and resolved by people."""

from dataclasses import replace

from quanyi.callers import Caller
from quanyi.cards.model import Face
from quanyi.catalog.model import CardFormat, Sku
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.ids import derived_id
from quanyi.money import MAX_AMOUNT
from quanyi.purchases.changes import approved, cancelled, resolved, with_note
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import Bounds
from quanyi.replay import body_hash, must_repeat
from quanyi.supply import port
from quanyi.supply.choosing import Candidate, choose, most_for
from quanyi.supply.model import Supplier
from reorder.applying import apply
from reorder.messages import GivenCard, PurchaseBody, ResolveBody
from reorder.sending import ask
from reorder.taking import take
from reorder.telling import tell
from reorder.wiring import Buying


class NoOffer(Conflict):
    """No supplier's offer does; `extra["why"]` says why not, by supplier."""

    code, title = "no_offer", "No supplier's offer does"


def make(buying: Buying, caller: Caller, key: str, body: PurchaseBody) -> PurchaseOrder:
    """A purchase order for stock: a draft, or approved and on its way. The same call again answers the first one.

    Raises Invalid, NotFound (SKU), NoOffer, Taken (this is being restocked), OverBudget, KeyReused.
    """
    caller.needs("operator")
    purchase_id = derived_id("P", "by hand", caller.key_id, key)
    asked = body_hash(body=body)
    first = buying.purchases.find([purchase_id]).get(purchase_id)
    if first is None:
        first = buying.purchases.add(*_new(buying, caller, purchase_id, asked, body))
    must_repeat(first.body_hash, asked)
    return started(buying, first)


def _new(
    buying: Buying, caller: Caller, purchase_id: str, asked: str, body: PurchaseBody
) -> tuple[PurchaseOrder, Bounds]:
    now, sku = buying.now(), buying.catalog.sku(body.sku)
    if sku.kind != "card":
        raise Invalid("Only cards are bought for stock.", reason="kind", kind=sku.kind)
    if sku.reusable_uses:
        raise Invalid("Cards that serve several buyers come in by import.", reason="reusable")
    most = highest_cost(sku) if body.most is None else body.most
    best = _best(buying, sku, body, most)
    if best.offer.cost * best.quantity > MAX_AMOUNT:
        raise Invalid("This would cost more than an amount can be.", reason="amount_too_large", most=MAX_AMOUNT)
    po = PurchaseOrder(
        id=purchase_id,
        purpose="stock",
        supplier=best.supplier.id,
        sku=sku.id,
        code=best.offer.code,
        channel=body.channel,
        quantity=best.quantity,
        unit_cost=best.offer.cost,
        currency=best.supplier.currency,
        most=most,
        need=need_of(sku.id, body.channel),
        quota_day=buying.today() if best.offer.daily_limit else "",
        created_at=now,
        created_by=caller.name,
        changed_by=caller.name,
        body_hash=asked,
    )
    po = with_note(po, caller.name, body.note, now)
    return approved(po, caller.name, now) if body.approve else po, Bounds(daily=best.offer.daily_limit)


def _best(buying: Buying, sku: Sku, body: PurchaseBody, most: int) -> Candidate:
    """Of the best offer that has all of it; where none does, as much as the best one has."""
    offered = buying.offered(sku.id)
    chosen = tuple(pair for pair in offered.offers if body.supplier in (None, pair[1].id))
    choice = choose(replace(offered, offers=chosen), wanted=body.quantity, most=most, currency=sku.currency)
    if not choice.candidates:
        raise NoOffer("No supplier's offer does.", why=dict(choice.refused))
    whole = (one for one in choice.candidates if one.quantity >= body.quantity)
    return next(whole, choice.candidates[0])


def need_of(sku: str, channel: str | None) -> str:
    return f"{sku}#{channel or 'shared'}"


def highest_cost(sku: Sku) -> int:
    """What one may cost so that its least margin stays at its lowest price."""
    prices = [sku.price, *(tier.price for tier in sku.tiers)]
    for terms in sku.channels.values():
        prices += [price for price in (terms.price, *(tier.price for tier in terms.tiers)) if price is not None]
    return most_for(min(prices), sku.least_margin)


def approve(buying: Buying, caller: Caller, purchase_id: str) -> PurchaseOrder:
    """Lets a draft be sent. Raises NotFound, Conflict."""
    caller.needs("operator")
    now = buying.now()
    po = started(buying, buying.purchases.change(purchase_id, lambda it: approved(it, caller.name, now)))
    tell(buying, po)
    return po


def started(buying: Buying, po: PurchaseOrder) -> PurchaseOrder:
    """Makes sure that the execution of an approved purchase for stock runs."""
    if po.state == "approved" and not po.order:
        buying.purchasing.start(po)
    return po


def cancel(buying: Buying, caller: Caller, purchase_id: str, reason: str) -> PurchaseOrder:
    """Before it was sent, here; afterwards at its supplier, where that can be done. Raises NotFound, Conflict,
    NotOffered."""
    caller.needs("operator")
    po = buying.purchases.get(purchase_id)
    if not po.under_way:
        now = buying.now()
        po = buying.purchases.change(po, lambda it: cancelled(it, caller.name, reason, now))
        return apply(buying, po)
    assert po.sent_at
    supplier, adapter = buying.supplier(po.supplier)
    if "cancel" not in adapter.abilities:
        raise port.NotOffered("This supplier cannot cancel: agree with it outside, then resolve.")
    answer = adapter.cancel(port.Asked(po.id, po.number, po.purpose == "topup", po.sent_at))
    return take(buying, po, supplier, answer)


def ask_now(buying: Buying, caller: Caller, purchase_id: str) -> PurchaseOrder:
    """Asks the supplier without waiting until it is due."""
    caller.needs("operator", "support")
    po = buying.purchases.get(purchase_id)
    return ask(buying, po) if po.under_way else apply(buying, po)


def note(buying: Buying, caller: Caller, purchase_id: str, text: str) -> PurchaseOrder:
    caller.needs("operator", "support")
    now = buying.now()
    return buying.purchases.change(purchase_id, lambda it: with_note(it, caller.name, text, now))


def resolve(buying: Buying, caller: Caller, purchase_id: str, body: ResolveBody) -> PurchaseOrder:
    """A person found out how it ended. Its cards, if it brought any, come in first. The same again changes nothing.
    Raises NotFound, Conflict."""
    caller.needs("operator")
    po = buying.purchases.get(purchase_id)
    if body.cards and po.purpose == "topup":
        raise Invalid("A top-up brings no cards.", reason="kind")
    if body.cards and po.under_way:
        supplier = _still_there(buying, po.supplier)
        format_ = buying.catalog.sku(po.sku).card_format
        po = take(buying, po, supplier, port.Answer("pending", cards=tuple(_card(c, format_) for c in body.cards)))
    now, succeeded = buying.now(), body.outcome == "succeeded"
    po = buying.purchases.change(po, lambda it: resolved(it, succeeded, caller.name, body.reason, now))
    return apply(buying, po)


def _still_there(buying: Buying, supplier: str) -> Supplier | None:
    try:
        return buying.supplier(supplier)[0]
    except (NotFound, Conflict):
        return None


def _card(given: GivenCard, format_: CardFormat) -> port.BoughtCard:
    return port.BoughtCard(Face(format_, given.number, given.pin), given.expires_at)
