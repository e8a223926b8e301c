"""What suppliers offer: which SKU under which code, at which cost, and what the shop's price becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from quanyi.catalog.model import Sku
from quanyi.catalog.product import adjusted
from quanyi.errors import Busy, Conflict, Invalid, NotFound
from quanyi.supply.choosing import Candidate, Promise, Why, choose, most_for
from quanyi.supply.halting import Verdict, is_bought, verdict
from quanyi.supply.health import Health
from quanyi.supply.markup import MOST_PRICE, Priced, price_of, priced
from quanyi.supply.model import KeptGoods, MarkUp, Offer, OfferTerms, Supplier
from quanyi.supply.on_sale import Settled
from quanyi.supply.reading import offered
from suppliers.syncing import report
from suppliers.wiring import Room

_KINDS = ("card", "topup")
MOST_AT_ONCE = 10_000
"""The most that an offer may allow in one purchase."""


@dataclass(frozen=True)
class Placed:
    """An offer as it is kept, and its SKU as that left it."""

    offer: Offer
    sku: Sku


@dataclass(frozen=True)
class Ranked:
    """A SKU's offers as a purchase would choose among them: `candidates`, the best first, and why not the `refused`."""

    sku: Sku
    most: int
    candidates: tuple[Candidate, ...]
    refused: tuple[tuple[Offer, Supplier, Why], ...]
    health: Mapping[str, Health]
    verdict: Verdict | None
    priced: Priced | None


def read_offer(room: Room, supplier_id: str, sku_id: str) -> Offer:
    """Raises NotFound."""
    offer = room.offers.get(sku_id, supplier_id)
    if offer is None:
        raise NotFound("offer")
    return offer


def save_offer(room: Room, by: str, supplier_id: str, sku_id: str, version: int, terms: OfferTerms) -> Placed:
    """Replaces the terms that were last read as `version` (0: there was none). The same again answers what it made.

    Raises NotFound, Invalid (`not_bought`), Conflict (`other_currency`, `stale_version`), Busy.
    """
    _must_fit(room.suppliers.get(supplier_id), room.products.sku(sku_id))
    known = room.offers.get(sku_id, supplier_id)
    if known and (known.version, known.terms, known.changed_by) == (version + 1, terms, by):
        return Placed(known, _settled(room, supplier_id, sku_id))
    saved = room.offers.save(_offer(room, by, supplier_id, sku_id, version, terms, known))
    return Placed(saved, _settled(room, supplier_id, sku_id))


def remove_offer(room: Room, by: str, supplier_id: str, sku_id: str, version: int) -> None:
    """The same again is harmless. Raises NotFound (supplier, SKU), Conflict (`stale_version`), Busy."""
    room.suppliers.get(supplier_id)
    room.products.sku(sku_id)
    room.offers.remove(sku_id, supplier_id, version, by, room.now())
    _settled(room, supplier_id, sku_id)


def offer_goods(room: Room, by: str, supplier_id: str, sku_id: str, code: str, mark_up: MarkUp | None) -> Placed:
    """Offers a SKU from the supplier's catalogue as it was synced, and sets the SKU's price by the rule, its own or the
    supplier's, however far that is from what it was: a person asks for it. Without a rule the price stays. Any number
    of times.

    Raises NotFound (supplier, SKU, goods), Invalid (`not_bought`, `price_too_high`), Conflict (`other_currency`,
    `offer_exists`: under another code), Busy.
    """
    supplier, sku = room.suppliers.get(supplier_id), room.products.sku(sku_id)
    _must_fit(supplier, sku)
    goods = room.goods.find(supplier_id, [code]).get(code)
    if goods is None:
        raise NotFound("goods")
    _must_be_sold(goods, supplier, sku)
    known = room.offers.get(sku_id, supplier_id)
    if known and known.code != code:
        raise Conflict("The SKU is offered under another code: change that offer.", reason="offer_exists")
    terms = _terms(goods, known, mark_up)
    rule = terms.mark_up or supplier.mark_up
    if rule and price_of(terms.cost, rule) > MOST_PRICE:
        raise Invalid("No price can be so high.", reason="price_too_high")
    if known is None or known.terms != terms:
        version = known.version if known else 0
        known = room.offers.save(_offer(room, by, supplier_id, sku_id, version, terms, known))
    if rule:
        _set_price(room, by, sku_id, price_of(known.cost, rule))
    return Placed(known, _settled(room, supplier_id, sku_id))


def ranked(room: Room, sku_id: str, quantity: int) -> Ranked:
    """As a purchase of so many would choose now, for a buyer who has just paid where the SKU is bought for buyers.
    Raises NotFound."""
    sku = room.products.sku(sku_id)
    found = offered(room.table, sku_id, room.today)
    most = most_for(sku.lowest_price, sku.least_margin)
    bought = is_bought(sku)
    promise = Promise.of(sku.on_shortage, timedelta(hours=sku.backlog_hours)) if bought else None
    choice = choose(found, wanted=quantity, most=most, currency=sku.currency, exact=bought, promise=promise)
    refused: list[tuple[Offer, Supplier, Why]] = [
        (offer, supplier, choice.refused[supplier.id])
        for offer, supplier in found.offers
        if supplier.id in choice.refused
    ]
    judged = verdict(sku, found.offers)
    return Ranked(sku, most, choice.candidates, tuple(refused), found.health, judged, priced(sku, found.offers))


def _offer(room: Room, by: str, supplier: str, sku: str, version: int, terms: OfferTerms, known: Offer | None) -> Offer:
    """What its supplier said of it stays, unless it is sold under another code now."""
    same = known is not None and known.code == terms.code
    said = known.model_dump(include={"stock", "on_sale"}) if known and same else {}
    before = {"cost_before": known.cost if known.cost != terms.cost else known.cost_before} if known else {}
    named = {"sku": sku, "supplier": supplier, "version": version + 1, "updated_at": room.now(), "changed_by": by}
    return Offer.model_validate({**terms.model_dump(), **said, **before, **named})


def _terms(goods: KeptGoods, known: Offer | None, mark_up: MarkUp | None) -> OfferTerms:
    """Of an offer that is made of goods; the terms of one that is there stay, but for cost and rule."""
    told: dict[str, object] = {"code": goods.code, "cost": goods.cost, "mark_up": mark_up}
    if known:
        return OfferTerms.model_validate({**known.terms.model_dump(), **told})
    minimum = max(1, min(goods.minimum, MOST_AT_ONCE))
    most = max(minimum, min(goods.most or 1_000, MOST_AT_ONCE))
    return OfferTerms.model_validate({**told, "minimum": minimum, "most": most})


def _set_price(room: Room, by: str, sku_id: str, price: int, tries: int = 8) -> None:
    for _ in range(tries):
        old = room.products.product(room.products.sku(sku_id).product_id)
        try:
            room.on_sale.change(old, adjusted(old, room.now(), prices={sku_id: price}), by)
        except Conflict as conflict:
            if conflict.extra.get("reason") != "stale_version":
                raise
            continue
        return
    raise Busy("The product is being changed.")


def _settled(room: Room, supplier_id: str, sku_id: str) -> Sku:
    settled: Settled = room.on_sale.settle(room.products.sku(sku_id).product_id, reprice=True)
    report(room, settled)
    return next(sku for sku in settled.now.skus if sku.id == sku_id)


def _must_fit(supplier: Supplier, sku: Sku) -> None:
    if sku.kind not in _KINDS:
        raise Invalid("Cards and top-ups are bought; this is neither.", reason="not_bought", sku=sku.id)
    if sku.reusable_uses:
        raise Invalid("Cards that serve several buyers come in by import.", reason="reusable", sku=sku.id)
    if supplier.currency != sku.currency:
        raise Conflict("The supplier charges in another currency than the SKU is sold in.", reason="other_currency")


def _must_be_sold(goods: KeptGoods, supplier: Supplier, sku: Sku) -> None:
    if goods.kind != sku.kind:
        raise Invalid("The goods are of another kind than the SKU.", reason="other_kind", kind=goods.kind)
    if goods.currency != supplier.currency:
        raise Conflict("The goods cost another currency than the supplier charges in.", reason="other_currency")
    if goods.cost < 0:
        raise Conflict("Its catalogue has no cost for the goods.", reason="no_cost")
