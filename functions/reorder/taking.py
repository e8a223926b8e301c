"""Taking in what a supplier answered: its cards first, then the purchase's state, then whom it was bought for."""

from datetime import timedelta

from quanyi.cards.model import hold_name
from quanyi.errors import NotFound, Refusal
from quanyi.http import log
from quanyi.money import MAX_AMOUNT, Money
from quanyi.orders.model import Order
from quanyi.purchases.changes import Receipt, answered, impatient
from quanyi.purchases.model import Duplicate, PurchaseOrder, PurchaseState
from quanyi.receiving.model import DeliveredCard, Delivery
from quanyi.receiving.origin import Origin
from quanyi.supply import port
from quanyi.supply.model import Supplier
from reorder.applying import apply
from reorder.telling import tell
from reorder.wiring import Buying

PATIENCE = timedelta(hours=24)
"""With a supplier whose own is not known."""


def take(buying: Buying, po: PurchaseOrder, supplier: Supplier | None, answer: port.Answer) -> PurchaseOrder:
    """Writes down what a supplier said to an order or a question, and applies it; None: the supplier is not set up any
    more. Repeatable. Raises Busy."""
    receipt = _receipt(buying, po, answer)
    now, patience = buying.now(), timedelta(hours=supplier.patience_hours) if supplier else PATIENCE
    turned: list[PurchaseState] = []

    def decide(it: PurchaseOrder) -> PurchaseOrder:
        turned[:] = [it.state]
        return impatient(answered(it, answer, receipt, now), patience, now)

    po = buying.purchases.change(po, decide)
    said = {"purchase": po.id, "supplier": po.supplier, "said": answer.state, "was": turned[0], "state": po.state}
    log().info("a supplier answered", extra=said)
    _note_health(buying, po, turned[0])
    if po.for_person or po.contradicted:
        tell(buying, po)
    return apply(buying, po)


def _receipt(buying: Buying, po: PurchaseOrder, answer: port.Answer) -> Receipt:
    """What has come of the cards of an answer; without any, what was known already."""
    if po.purpose == "topup" or not answer.cards:
        return Receipt(po.received, po.duplicates, po.duplicate_count, po.invalid, po.surplus)
    order, sku = _order(buying, po), buying.catalog.sku(po.sku)
    waiting = [unit.id for unit in order.units if unit.id in po.units and unit.purchase == po.id] if order else []
    came = buying.receive(
        Delivery(
            origin=Origin(
                import_id=po.id,
                sku=po.sku,
                channel=po.channel,
                supplier=po.supplier,
                unit_cost=Money(amount=_unit_cost(po, answer), currency=po.currency),
                format=sku.card_format,
                issuer=sku.issuer,
                zone=buying.zone,
                shards=sku.shards,
            ),
            quantity=po.quantity,
            cards=[DeliveredCard(card.face.number, card.face.pin, card.expires_at) for card in answer.cards],
            expires_at=po.expires_at,
            for_units={unit: hold_name(order.id, order.attempt) for unit in waiting} if order else {},
        )
    )
    return Receipt(
        received=came.received,
        duplicates=tuple(Duplicate(card=one.card, batch=one.batch) for one in came.duplicates),
        duplicate_count=len(came.duplicates),
        invalid=len(came.invalid),
        surplus=came.surplus,
        assigned=came.assigned,
        attempt=order.attempt if order else 0,
    )


def _unit_cost(po: PurchaseOrder, answer: port.Answer) -> int:
    """What one costs the shop: as the offer said, or more where the supplier charges more. Less may be what it gave
    back for cards that did not come."""
    charged = po.cost if answer.cost is None or not 0 <= answer.cost <= MAX_AMOUNT else answer.cost
    return max(po.unit_cost, -(-charged // po.quantity)) if charged else po.unit_cost


def _order(buying: Buying, po: PurchaseOrder) -> Order | None:
    try:
        return buying.orders.get(po.order) if po.order else None
    except NotFound:
        return None


def _note_health(buying: Buying, po: PurchaseOrder, before: PurchaseState) -> None:
    """Counts what a purchase has just come to: a hint, whose failure fails nothing (`supply.health`)."""
    if before == po.state:
        return
    counts = {"sent": int(before == "sent"), "unknown": int(po.state == "unknown"), "failed": int(po.state == "failed")}
    if po.state == "received":
        cards = {} if po.purpose == "topup" else {"ordered_cards": po.quantity, "received_cards": po.received}
        counts |= {"succeeded": 1, "short": int(po.received < po.quantity), **cards}
    if po.ended_at and po.sent_at:
        counts["latency_ms"] = int((po.ended_at - po.sent_at).total_seconds() * 1000)
    try:
        buying.note_health(po.supplier, {name: n for name, n in counts.items() if n}, buying.now())
    except Refusal:
        log().warning("a supplier's health was not noted", extra={"supplier": po.supplier})
