"""Claims: a buyer's, granted by the SKU's terms or by a person; and support's own replacements, which are claims that
are granted at once.

There is one claim for a card, for ever. What is granted is written first, then carried out (`aftersales.replacing`).
"""

from collections.abc import Sequence
from datetime import datetime

from aftersales.messages import ClaimBody, DecisionBody, ReplacementBody
from aftersales.replacing import carried_out, must_serve, replaceable
from aftersales.wiring import Aftersales
from quanyi.callers import Caller
from quanyi.claims.model import Claim, Grant, claim_id, may_be_automatic, under_warranty
from quanyi.claims.table import StaleClaim
from quanyi.errors import Conflict, KeyReused
from quanyi.ids import derived_id
from quanyi.orders.model import Order, Unit
from quanyi.replay import body_hash, must_repeat
from quanyi.secret import Secret
from quanyi.vault.sealing import seal, unseal


def claim_card(desk: Aftersales, caller: Caller, order_id: str, key: str, body: ClaimBody) -> Claim:
    """The buyer says that a card they looked at is bad. Granted by itself where the SKU's terms and the limits allow;
    else it is open until a person decides.

    The same call again answers the same claim, as it is by then. Raises Forbidden, NotFound, KeyReused, Conflict
    (`unit_changed`, `not_delivered`, `not_revealed`, `no_warranty`, `warranty_over`; a card that was claimed for
    already), OrderFull.
    """
    caller.needs("storefront", "order")
    order = desk.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    asked, claims = _request(caller, order_id, key, body), desk.claims.of_order(order.id)
    if known := _known(desk, claims, asked, body.text):
        return carried_out(desk, known)
    unit = replaceable(desk, order, body.unit, body.replaced_before)
    _must_be_covered(desk, order, unit)
    now = desk.now()
    new = _new(desk, order, unit, body.reason, body.text, caller, asked)
    _must_be_first(new, next((claim for claim in claims if claim.id == new.id), new))
    grant = Grant(claim=new.id, order=order.id, unit=unit.id, at=now)
    if may_be_automatic(order, unit) and desk.grants.take(order.member, grant, unit.replacements):
        new = _granted(new, caller, now).model_copy(update={"automatic": True})
    claim = desk.claims.add(new)
    _must_be_first(new, claim)
    return carried_out(desk, claim)


def claims_of(desk: Aftersales, caller: Caller, order_id: str) -> list[Claim]:
    """All claims of an order. Raises NotFound."""
    order = desk.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    return desk.claims.of_order(order.id)


def replace_card(desk: Aftersales, caller: Caller, order_id: str, key: str, body: ReplacementBody) -> Claim:
    """Support replaces a delivered card at once, whatever its warranty and whether or not its buyer claimed for it.

    The same call again completes and answers the same. Raises Forbidden, NotFound, KeyReused, Invalid
    (`not_equivalent`), Conflict (`unit_changed`: somebody else replaced it; `not_delivered`, or overtaken by a refund),
    OrderFull.
    """
    caller.needs("support", "operator")
    order = desk.orders.get(order_id)
    asked = _request(caller, order_id, key, body)
    claim = _known(desk, desk.claims.of_order(order.id), asked, body.evidence)
    if claim is None:
        unit = replaceable(desk, order, body.unit, body.replaced_before)
        must_serve(desk, unit, body.sku)
        new = _new(desk, order, unit, body.reason, body.evidence, caller, asked)
        claim = desk.claims.add(_granted(new, caller, desk.now()).model_copy(update={"wanted": body.sku}))
        if claim.asked != asked and claim.state in ("open", "refused"):
            # The buyer was first: their claim is granted, their words stay.
            evidence = _sealed(desk, order, body.evidence, _evidence_of(claim.id))
            decided = {"wanted": body.sku, "decided": asked, "answer": "", "evidence": evidence}
            claim = _saved(desk, _granted(claim, caller, desk.now()).model_copy(update=decided))
    return _completed(desk, claim)


def decide(desk: Aftersales, caller: Caller, claim: str, body: DecisionBody) -> Claim:
    """A person grants or refuses an open claim. The same decision again completes it and answers the same.

    Raises Forbidden, NotFound, Invalid (`not_equivalent`), Conflict: it was decided otherwise, or a refund was faster;
    OrderFull: the claim stays open, to be refused.
    """
    caller.needs("support", "operator")
    found = desk.claims.get(claim)
    if found.state == "open":
        if not body.grant:
            refused = {"state": "refused", "decided_by": caller.name, "decided_at": desk.now(), "answer": body.reason}
            found = _saved(desk, found.model_copy(update=refused))
        else:
            order = desk.orders.get(found.order)
            unit = order.unit(found.unit)
            if unit.card == found.card:
                must_serve(desk, unit, body.sku)
                desk.orders.must_have_room(order)
            granted = _granted(found, caller, desk.now())
            found = _saved(desk, granted.model_copy(update={"wanted": body.sku, "answer": body.reason}))
    if body.grant:
        return _completed(desk, found)
    if found.state != "refused":
        raise Conflict("This claim was granted.", state=found.state)
    return found


def said(desk: Aftersales, claim: Claim) -> str | None:
    """A claim's evidence, opened. None where there is none. Raises NotFound where the member was erased."""
    return unseal(desk.members.data_key(claim.member), claim.text, claim.id) if claim.text else None


def evidence_of(desk: Aftersales, claim: Claim) -> str | None:
    """What the shop's people said of it beside its buyer. None and raises as `said`."""
    key = desk.members.data_key(claim.member) if claim.evidence else b""
    return unseal(key, claim.evidence, _evidence_of(claim.id)) if claim.evidence else None


def _completed(desk: Aftersales, claim: Claim) -> Claim:
    """A claim that a person grants must end granted. Raises Conflict."""
    claim = carried_out(desk, claim)
    if claim.state != "granted":
        raise Conflict(claim.answer or "This claim was refused.", state=claim.state, claim=claim.id)
    return claim


def _saved(desk: Aftersales, claim: Claim) -> Claim:
    """Raises Conflict where somebody else decided first."""
    try:
        return desk.claims.save(claim)
    except StaleClaim as stale:
        if stale.claim.model_copy(update={"decided_at": None}) == claim.model_copy(
            update={"decided_at": None, "rev": claim.rev + 1}
        ):
            return stale.claim
        raise Conflict("Somebody else decided meanwhile.", state=stale.claim.state, claim=claim.id) from None


def _granted(claim: Claim, caller: Caller, now: datetime) -> Claim:
    return claim.model_copy(update={"state": "granting", "decided_by": caller.name, "decided_at": now})


def _request(caller: Caller, order_id: str, key: str, body: ClaimBody | ReplacementBody) -> str:
    """Names the call and what it asks for, but for the evidence: a hash of that could be guessed."""
    return f"{derived_id('Q', order_id, caller.key_id, key)}:{body_hash(order_id, body=body)}"


def _must_be_first(new: Claim, kept: Claim) -> None:
    if kept.asked != new.asked:
        raise Conflict("This card was claimed for already.", state=kept.state, claim=kept.id)


def _known(desk: Aftersales, claims: Sequence[Claim], asked: str, text: Secret | None) -> Claim | None:
    """The claim that this request made or decided. Raises KeyReused where it asked for something else."""
    request, _, body = asked.partition(":")
    for claim in claims:
        for told in (claim.asked, claim.decided):
            if told.partition(":")[0] == request:
                must_repeat(told.partition(":")[2], body)
                known = said if told == claim.asked else evidence_of
                if known(desk, claim) != (text.reveal() if text else None):
                    raise KeyReused("Use a new Idempotency-Key for another request.")
                return claim
    return None


def _must_be_covered(desk: Aftersales, order: Order, unit: Unit) -> None:
    if not unit.warranty_days:
        raise Conflict("This SKU has no warranty: ask the shop.", reason="no_warranty")
    if not under_warranty(unit, desk.now()):
        raise Conflict("The warranty is over: ask the shop.", reason="warranty_over")
    card = desk.cards.get(unit.card or "")
    if card is None or card.get("order") != order.id or "revealed_at" not in card:
        raise Conflict("Nobody has looked at this card yet.", reason="not_revealed")


def _new(
    desk: Aftersales, order: Order, unit: Unit, reason: str, text: Secret | None, caller: Caller, asked: str
) -> Claim:
    assert unit.card
    name = claim_id(order.id, unit.id, unit.card)
    return Claim.model_validate(
        {
            "id": name,
            "order": order.id,
            "member": order.member,
            "unit": unit.id,
            "card": unit.card,
            "sku": unit.sku,
            "reason": reason,
            "text": _sealed(desk, order, text, name),
            "by": caller.name,
            "asked": asked,
            "created_at": desk.now(),
            "state": "open",
        }
    )


def _sealed(desk: Aftersales, order: Order, text: Secret | None, bound_to: str) -> bytes | None:
    return seal(desk.members.data_key(order.member), text.reveal(), bound_to, desk.draw) if text else None


def _evidence_of(claim: str) -> str:
    return f"{claim}#evidence"
