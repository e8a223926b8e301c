"""Giving a unit another card for a bad one, once that is decided: each step is a conditional write that may be
repeated, and the claim says `granting` until all are done.

The bad card goes out of use first. The unit then waits for another card like one that was just paid; should none come,
its money goes back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aftersales.wiring import Aftersales
from quanyi.claims.model import Claim
from quanyi.claims.table import StaleClaim
from quanyi.clock import day
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.orders.changes import replaced
from quanyi.orders.model import Order, Replaced, Unit

WAITS_AT_MOST = timedelta(hours=72)
"""For stock; then the unit's money goes back."""
FIRST = "-"
"""Sorts before every card's id."""

OVERTAKEN = "The unit was refunded or replaced meanwhile, or the voucher was used."
REDEEMED = "The card was redeemed."


def carried_out(desk: Aftersales, claim: Claim) -> Claim:
    """Does what is left of a claim that was granted. Where the unit went another way meanwhile, it is refused."""
    if claim.state != "granting":
        return claim
    order = desk.orders.get(claim.order)
    try:
        if not has_replaced(order.unit(claim.unit), claim.card):
            _take_out_of_use(desk, claim)
            sku = claim.wanted or _with_stock(desk, order, order.unit(claim.unit))
            order = desk.orders.change(order, lambda it: _waiting(it, claim, sku, desk.now()))
    except Conflict as refused:
        used = refused.extra.get("reason") == "redeemed"
        return ended(desk, claim, "refused", REDEEMED if used else OVERTAKEN)
    bad = next(gone for gone in order.unit(claim.unit).replaced if gone.card == claim.card)
    _charge_back(desk, order, claim.unit, bad)
    desk.let_go_on(order)
    return ended(desk, claim, "granted", claim.answer)


def has_replaced(unit: Unit, card: str) -> bool:
    return any(gone.card == card for gone in unit.replaced)


def replaceable(desk: Aftersales, order: Order, unit_id: str, replaced_before: int) -> Unit:
    """A unit whose card may be replaced: that after so many others. Raises NotFound, Conflict (`unit_changed`,
    `not_delivered`), OrderFull."""
    unit = next((unit for unit in order.units if unit.id == unit_id), None)
    if unit is None:
        raise NotFound("unit")
    if len(unit.replaced) != replaced_before:
        had = len(unit.replaced)
        raise Conflict("This unit's card was replaced already.", reason="unit_changed", replaced_before=had)
    if unit.state != "delivered" or not unit.card:
        raise Conflict("Only a delivered card can be replaced.", state=unit.state, reason="not_delivered")
    desk.orders.must_have_room(order)
    return unit


def must_serve(desk: Aftersales, unit: Unit, sku: str | None) -> None:
    """Raises Invalid (`not_equivalent`) where that SKU may not take the unit's place."""
    if sku and sku not in (fitting := _fitting(desk, unit)):
        raise Invalid("That SKU does not replace this one.", reason="not_equivalent", skus=[*fitting])


def ended(desk: Aftersales, claim: Claim, state: str, answer: str) -> Claim:
    """The claim as granted or refused; somebody who was faster said the same."""
    try:
        return desk.claims.save(claim.model_copy(update={"state": state, "answer": answer}))
    except StaleClaim as stale:
        return stale.claim


def _take_out_of_use(desk: Aftersales, claim: Claim) -> None:
    """Raises Conflict where the card is this unit's no longer, or was redeemed, be it in part. One that somebody has
    taken out of use before is fine."""
    reason = f"{claim.reason}, claim {claim.id}"
    try:
        desk.cards.quarantine_bad(claim.card, order=claim.order, unit=claim.unit, by=claim.decided_by, reason=reason)
    except Conflict:
        card = desk.cards.get(claim.card) or {}
        mine = (card.get("order"), card.get("unit")) == (claim.order, claim.unit)
        if mine and card["state"] == "redeemed":
            raise Conflict(REDEEMED, reason="redeemed") from None
        if not mine or card["state"] not in ("quarantined", "voided"):
            raise


def _waiting(order: Order, claim: Claim, sku: str, now: datetime) -> Order:
    unit = order.unit(claim.unit)
    bad = Replaced(
        card=claim.card,
        sku=unit.sku,
        at=now,
        by=claim.decided_by,
        reason=claim.reason,
        cost=unit.cost,
        cost_currency=unit.cost_currency,
    )
    changed = replaced(order, unit.id, bad, sku=sku, now=now, until=now + WAITS_AT_MOST)
    return order if changed is order else changed.model_copy(update={"changed_by": claim.decided_by})


def _charge_back(desk: Aftersales, order: Order, unit: str, bad: Replaced) -> None:
    card = desk.cards.get(bad.card)
    assert card
    if "series" not in card:  # nobody supplied a voucher of our own
        batch = desk.batches.get(card["batch"])
        desk.charges.note(batch, order.id, unit, bad, day(desk.now(), desk.zone))


def _fitting(desk: Aftersales, unit: Unit) -> Sequence[str]:
    """What was bought, then what its SKU names as equivalent now."""
    bought = unit.replaced[0].sku if unit.replaced else unit.sku
    known = desk.catalog.skus([bought])
    named = known[bought].replace_with if bought in known else ()
    others = desk.catalog.skus(named) if named else {}
    return [bought, *(sku for sku in named if sku in others and others[sku].kind == "card" and sku != bought)]


def _with_stock(desk: Aftersales, order: Order, unit: Unit) -> str:
    """The first that has a card in sight; what was bought when none has."""
    fitting = _fitting(desk, unit)
    return next((sku for sku in fitting if _in_sight(desk, order, sku)), fitting[0])


def _in_sight(desk: Aftersales, order: Order, sku: str) -> bool:
    today = day(desk.now(), desk.zone)
    pools = desk.pools.for_sale(sku, order.channel, today, shared_too=order.shared_too, fresh=True)
    names = (pool.name(shard) for pool in pools for shard in range(pool.shards))
    return any(desk.cards.candidates(name, start=FIRST, limit=1) for name in names)
