"""Syncing one supplier: its catalogue page by page, then its offers' costs, then the SKUs that are sold by them.

Each step may be repeated, and notes how far it came under where it began: two runs at once do not undo each other, and
a run that dies or is out of time is gone on with by the next. What a supplier says is judged as a whole before any of
it is applied (`supply.believing`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from pydantic import ValidationError

from quanyi.clock import moment, stamp
from quanyi.http import log, place
from quanyi.supply import port
from quanyi.supply.believing import Told, believed, refusal
from quanyi.supply.halting import verdict
from quanyi.supply.model import LONGEST_TITLE, KeptGoods, Offer, Supplier, Sync
from quanyi.supply.on_sale import Settled
from quanyi.supply.table import offer_of
from quanyi.table import ConditionFailed
from suppliers.wiring import Room

More = Callable[[], bool]
"""Whether there is time for another step."""

OFFERS_AT_ONCE = 50
"""Offers that are asked about, or whose SKUs are settled, in one step."""
PRODUCTS_AT_ONCE = 8
"""Whose SKUs are settled side by side: each takes four calls, one after another."""
STALE = timedelta(hours=24)
"""A sync that has not come to its end by then begins anew: its supplier may not know its place any more."""
MOST_PLACE = 1000
"""Characters of a supplier's own name of a place in its catalogue."""

Outcome = Literal["done", "paused", "elsewhere"]
"""`paused`: out of time, or the supplier gave no clear answer; call again. `elsewhere`: another run is at it."""


@dataclass
class Synced:
    """What a run did. `costs`, `gone` and `back` count offers; `halted`, `resumed` and `priced` SKUs."""

    outcome: Outcome = "paused"
    goods: int = 0
    costs: int = 0
    gone: int = 0
    back: int = 0
    halted: list[str] = field(default_factory=list[str])
    resumed: list[str] = field(default_factory=list[str])
    priced: list[str] = field(default_factory=list[str])

    def numbers(self) -> dict[str, int | str]:
        """For a log: SKUs are counted."""
        skus = {"halted": len(self.halted), "resumed": len(self.resumed), "priced": len(self.priced)}
        return {"outcome": self.outcome, "goods": self.goods, "costs": self.costs, "gone": self.gone, **skus}


def sync(
    room: Room, supplier: Supplier, more: More, *, ask: bool = True, believed_by: str = ""
) -> tuple[Supplier, Synced]:
    """Begins a sync or goes on with it, for as long as there is `more` time, at least one step. Without `ask`, the
    supplier is left alone: its SKUs are settled by what is known. `believed_by` is who has a catalogue applied that
    would not be believed. Raises Conflict (`credentials_missing`)."""
    shop = room.reach(supplier) if ask else None
    done = Synced()
    supplier = _begun(room, supplier, shop, believed_by)
    while True:
        state = supplier.sync
        try:
            after = _step(room, supplier, shop, more, done)
        except port.NoAnswer as unclear:
            after = state.model_copy(update={"fault": _fault(state, unclear)})
        try:
            over = after.stage == ""
            supplier = room.suppliers.note_sync(
                supplier.id, state, after, synced_at=room.now() if over and not after.fault else None
            )
        except ConditionFailed:
            done.outcome = "elsewhere"
            return room.suppliers.get(supplier.id), done
        if over:
            done.outcome = "done"
            return supplier, done
        if after == state or after.fault or not more():
            return supplier, done


def settle(room: Room, supplier: Supplier, more: More, after: str = "") -> tuple[str, Synced]:
    """The SKUs of a supplier's offers, without asking it anything: halted, put back, priced. Answers the SKU to go on
    after, empty at the end."""
    done = Synced()
    while True:
        after = _settle_some(room, supplier, after, done)
        if not after or not more():
            return after, done


def report(room: Room, settled: Settled, alerted: frozenset[str] | None = None) -> None:
    """Tells what of a product is below cost, and what is not any more. `alerted` are the SKUs that are known to be."""
    known = room.watch.open("below_cost") if alerted is None else alerted
    for sku in settled.now.skus:
        found = verdict(sku, settled.offers.get(sku.id, ()))
        if found is not None and not found.fits:
            room.watch.below_cost(sku, found)
        elif sku.id in known and not sku.halted:
            room.watch.over("below_cost", sku.id)


def _begun(room: Room, supplier: Supplier, shop: port.Supplier | None, believed_by: str) -> Supplier:
    """With a sync that can be gone on with: not with one that broke off in the catalogue, or is too old. What was wrong
    stays said until it is known to be right."""
    state, now = supplier.sync, room.now()
    again = (bool(state.fault) and state.stage == "goods") or (shop is None and state.stage != "skus")
    if state.stage and not again and now - moment(state.run) < STALE and (not believed_by or state.believed_by):
        return supplier
    asking: Literal["goods", "offers"] = "goods" if shop and "goods" in shop.abilities else "offers"
    first: Literal["goods", "offers", "skus"] = asking if shop else "skus"
    said = {"refused": state.refused, "fault": state.fault}
    fresh = Sync(run=_next_run(state, now), stage=first, believed_by=believed_by, **said)
    try:
        return room.suppliers.note_sync(supplier.id, state, fresh)
    except ConditionFailed:  # somebody began one in the same moment
        return room.suppliers.get(supplier.id)


def _next_run(before: Sync, now: datetime) -> str:
    """Later than the one before, whatever the clock says: what that one saw and this one does not is gone."""
    after = moment(before.run) + timedelta(milliseconds=1) if before.run else now
    return stamp(max(now, after))


def _step(room: Room, supplier: Supplier, shop: port.Supplier | None, more: More, done: Synced) -> Sync:
    """Raises NoAnswer."""
    state = supplier.sync
    if shop and state.stage == "goods":
        return _list_some(room, supplier, shop, done)
    if shop and state.stage == "offers":
        if "goods" in shop.abilities:
            return _apply_catalogue(room, supplier, more, done)
        return _apply_quotes(room, supplier, shop, more, done)
    if state.stage == "skus":
        after = _settle_some(room, supplier, state.after, done)
        return state.model_copy(update={"stage": "skus" if after else "", "after": after})
    return state  # another run ended it in the same moment


def _list_some(room: Room, supplier: Supplier, shop: port.Supplier, done: Synced) -> Sync:
    state = supplier.sync
    page = shop.goods(state.after)
    if page.next and (page.next == state.after or len(page.next) > MOST_PLACE):
        raise port.NoAnswer("The supplier's catalogue does not go on.", reason="endless")
    kept = {one.code: one for goods in page.items if (one := _kept(goods, supplier.id, state.run))}
    room.goods.put(list(kept.values()))
    done.goods += len(kept)
    return state.model_copy(update={"stage": "goods" if page.next else "offers", "after": page.next, "fault": ""})


def _apply_catalogue(room: Room, supplier: Supplier, more: More, done: Synced) -> Sync:
    state = supplier.sync
    offers = list(room.offers.every_of_supplier(supplier.id))
    found = room.goods.find(supplier.id, (offer.code for offer in offers)) if offers else {}
    known = {offer.code: found.get(offer.code) for offer in offers}

    def told(offer: Offer) -> Told | None:
        if offer.code not in known:  # a merchant changed it since
            known[offer.code] = room.goods.find(supplier.id, [offer.code]).get(offer.code)
        goods = known.get(offer.code)
        if goods is None or goods.run < state.run:
            return None
        return Told(goods.cost, goods.currency, goods.stock, goods.on_sale)

    refused = "" if state.believed_by else refusal([(offer, told(offer)) for offer in offers], supplier.currency)
    if refused:
        return state.model_copy(update={"stage": "skus", "after": "", "refused": refused})
    for offer in offers:
        if _apply(room, supplier, offer, told, done) and not more():
            return state  # what is written already is not written again
    room.goods.drop_older(supplier.id, state.run)
    return state.model_copy(update={"stage": "skus", "after": "", "refused": ""})


def _apply_quotes(room: Room, supplier: Supplier, shop: port.Supplier, more: More, done: Synced) -> Sync:
    """Of a supplier without a catalogue: each offer is asked about."""
    state = supplier.sync
    offers = _some(room, supplier.id, state.after)
    if not offers:
        return state.model_copy(update={"stage": "skus", "after": "", "fault": ""})
    stock = shop.stock([offer.code for offer in offers]) if "stock" in shop.abilities else None
    said: dict[str, Told] = {}
    asked: list[Offer] = []
    for offer in offers:
        if asked and not more():
            break
        cost = shop.quote(offer.code, offer.minimum) if "quote" in shop.abilities else None
        currency = cost.currency if cost else supplier.currency
        left = stock.get(offer.code, 0) if stock is not None else None
        said[offer.code] = Told(cost.amount if cost else None, currency, left, on_sale=True)
        asked.append(offer)
    refused = "" if state.believed_by else refusal([(o, said[o.code]) for o in asked], supplier.currency)
    if not refused:
        for offer in asked:
            _apply(room, supplier, offer, lambda one: said.get(one.code), done)
    earlier = state.refused if state.after else ""
    return state.model_copy(update={"after": asked[-1].sku, "fault": "", "refused": refused or earlier})


def _apply(
    room: Room, supplier: Supplier, offer: Offer, told: Callable[[Offer], Told | None], done: Synced, tries: int = 3
) -> bool:
    """Writes what the supplier says against the offer as it was read; a merchant who was faster is looked at again.
    Whether there was anything to write."""
    kept: Offer | None = offer
    for _ in range(tries):
        if kept is None:
            return True  # it was removed meanwhile
        new = believed(kept, told(kept), supplier.currency)
        cost = kept.cost if new.cost is None else new.cost
        if (cost, new.stock, new.on_sale) == (kept.cost, kept.stock, kept.on_sale):
            return False
        noted = {"cost": cost, "stock": new.stock, "on_sale": new.on_sale}
        if room.offers.update_cost(kept, **noted, now=room.now()):  # type: ignore[arg-type]
            done.costs += cost != kept.cost
            done.gone += kept.on_sale and not new.on_sale
            done.back += new.on_sale and not kept.on_sale
            return True
        kept = room.offers.get(kept.sku, kept.supplier)
    return True


def _settle_some(room: Room, supplier: Supplier, after: str, done: Synced) -> str:
    offers = _some(room, supplier.id, after)
    if not offers:
        return ""
    skus = room.products.skus([offer.sku for offer in offers])
    known = room.watch.open("below_cost")
    products = sorted({sku.product_id for sku in skus.values()})
    with ThreadPoolExecutor(PRODUCTS_AT_ONCE) as several:
        for settled in several.map(partial(_settled, room, known), products):
            if settled:
                _count(settled, done)
    return offers[-1].sku


def _settled(room: Room, known: frozenset[str], product: str) -> Settled | None:
    """None: it could not be; the others are all the same."""
    try:
        settled = room.on_sale.settle(product, reprice=True)
        report(room, settled, known)
    except Exception as fault:  # noqa: BLE001 - logged by class and place: one product must not stop the others
        more = {"product": product, "fault": type(fault).__name__, "at": place(fault)}
        log().error("not settled", extra=more)
        return None
    return settled


def _count(settled: Settled, done: Synced) -> None:
    for old, new in zip(settled.before.skus, settled.now.skus, strict=False):
        if old.halted != new.halted:
            (done.halted if new.halted else done.resumed).append(new.id)
        if old.price != new.price:
            done.priced.append(new.id)


def _some(room: Room, supplier: str, after: str) -> list[Offer]:
    return [offer_of(item) for item in room.offers.of_supplier(supplier, limit=OFFERS_AT_ONCE, after=after).items]


def _kept(goods: port.Goods, supplier: str, run: str) -> KeptGoods | None:
    """None: no offer can be made of it. Its texts are a supplier's: they are cut, and never logged."""
    try:
        return KeptGoods(
            supplier=supplier,
            code=goods.code,
            title=goods.title[:LONGEST_TITLE],
            kind=goods.kind,
            cost=goods.cost,
            currency=goods.currency,
            face_value=goods.face_value,
            stock=goods.stock,
            on_sale=goods.on_sale,
            minimum=goods.minimum,
            most=goods.most,
            fields=tuple(goods.fields),
            run=run,
        )
    except ValidationError:
        return None


def _fault(state: Sync, unclear: port.NoAnswer) -> str:
    reason = str(unclear.extra.get("reason", "")) or "no clear answer"
    return f"{state.stage}: {reason}"[: port.MOST_REASON]
