"""The evidence for a case, gathered from the shop's own records."""

from collections.abc import Sequence
from datetime import datetime

from cases.wiring import Office
from quanyi.cases.evidence import Bought, Delivered, Earlier, Evidence, Exchanged, Ordered, Paid, PaidBack
from quanyi.cases.model import Case
from quanyi.cases.reveal import Reveal
from quanyi.clock import moment
from quanyi.errors import NotFound
from quanyi.members.contact import Contact, ContactHash
from quanyi.money import Money
from quanyi.orders.model import Order
from quanyi.table import Item
from quanyi.vault.sealing import unseal

MOST_EARLIER = 100


def gather(office: Office, case: Case) -> Evidence:
    order = office.orders.find([case.order]).get(case.order) if case.order else None
    return Evidence.of(case, _ordered(office, order) if order else None)


def _ordered(office: Office, order: Order) -> Ordered:
    contact, reveals = _contact(office, order), tuple(office.reveals.of(order))
    return Ordered(
        id=order.id,
        channel=order.channel,
        state=order.state,
        created_at=order.created_at,
        paid_at=order.paid_at,
        total=_money(order.total, order),
        lines=tuple(
            Bought(sku=line.sku, titles=dict(line.titles), quantity=line.quantity, total=_money(line.total, order))  # type: ignore[arg-type]
            for line in order.lines
        ),
        payments=tuple(
            Paid(
                provider=payment.provider,
                method=payment.method,
                number=payment.id,
                transaction=payment.transaction,
                amount=Money(amount=payment.captured, currency=payment.currency or order.currency),
                captured_at=payment.captured_at,
            )
            for payment in order.payments
            if payment.transaction
        ),
        deliveries=_deliveries(office, order, reveals),
        reveals=reveals,
        refunds=tuple(
            PaidBack(
                id=refund.id,
                amount=Money(amount=refund.amount, currency=refund.currency or order.currency),
                state=refund.state,
                reason=refund.reason,
                created_at=refund.created_at,
            )
            for refund in order.refunds
        ),
        email=contact.email,
        phone=contact.phone,
        ip=contact.ip,
        earlier=_earlier(office, order),
    )


def _deliveries(office: Office, order: Order, reveals: Sequence[Reveal]) -> tuple[Delivered, ...]:
    cards = office.cards.get_many([unit.card for unit in order.units if unit.card])
    batches = office.batches.get_many([card["batch"] for card in cards.values()]) if cards else {}
    found: list[Delivered] = []
    seen = {unit: reveal.at for reveal in reversed(reveals) for unit in reveal.units}
    for unit in order.units:
        card: Item = cards.get(unit.card or "", {})
        batch = batches.get(card.get("batch", ""))
        mine = card.get("order") == order.id
        revealed_at = _moment(card, "revealed_at") if mine else None
        if unit.kind == "manual":
            revealed_at = seen.get(unit.id)
        found.append(
            Delivered(
                unit=unit.id,
                sku=unit.sku,
                kind=unit.kind,
                state=unit.state,
                amount=_money(unit.amount, order),
                card=unit.card,
                card_state=card.get("state"),
                batch=card.get("batch"),
                supplier=batch.supplier if batch else None,
                delivered_at=unit.delivered_at,
                revealed_at=revealed_at,
                replaced=tuple(Exchanged(card=old.card, at=old.at, reason=old.reason) for old in unit.replaced),
                account=unit.account_hint,
            )
        )
    return tuple(found)


def _earlier(office: Office, order: Order) -> Earlier | None:
    hashes = [ContactHash("email", order.email)] if order.email else []
    hashes += [ContactHash("phone", order.phone)] if order.phone else []
    if not hashes:
        return None
    ids = {
        item["pk"].removeprefix("ORDER#")
        for hashed in hashes
        for item in office.orders.by_contact(hashed, limit=MOST_EARLIER).items
    }
    others = office.orders.find(sorted(ids - {order.id})).values()
    return Earlier(
        orders=len(others),
        delivered=sum(any(unit.state == "delivered" for unit in other.units) for other in others),
        refunded=sum(any(not refund.of_surplus for refund in other.refunds) for other in others),
    )


def _contact(office: Office, order: Order) -> Contact:
    if order.contact_sealed is None:
        return Contact()
    try:
        return Contact.from_text(unseal(office.members.data_key(order.member), order.contact_sealed, order.id))
    except NotFound:
        return Contact()


def _moment(card: Item, name: str) -> datetime | None:
    return moment(card[name]) if card.get(name) else None


def _money(amount: int, order: Order) -> Money:
    return Money(amount=amount, currency=order.currency)
