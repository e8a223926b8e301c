"""Placing an order: put it first, claim each unit on its own, then let it wait for money.

Whatever breaks between two steps leaves nothing behind for good: an order that stays `placing` is swept, and a card
that a dead order holds goes back when its hold ends.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from checkout.accounts import accounts_in
from checkout.messages import OrderBody, wanted
from checkout.vouchers import sellable
from checkout.wiring import Shop
from quanyi.callers import Caller
from quanyi.cards.claim import draw_cards
from quanyi.cards.model import hold_name
from quanyi.catalog.model import Sku
from quanyi.clock import day, stamp
from quanyi.errors import Busy, Conflict, KeyReused, Refusal, Shortage, SoldOut
from quanyi.ids import derived_id
from quanyi.members.contact import Contact, hashed
from quanyi.members.model import member_id
from quanyi.members.table import Limited, limited
from quanyi.orders.accounts import Named, hinted, sealed
from quanyi.orders.changes import placed
from quanyi.orders.model import Order, Unit
from quanyi.orders.pricing import Quote, Wanted, components_of, merged, quote
from quanyi.orders.table import Stale
from quanyi.risk.decisions import decision_id
from quanyi.risk.identities import address, traces
from quanyi.supply.choosing import Promise
from quanyi.vault.sealing import seal
from quanyi.vouchers.stock import Sellable

ABANDONED_AFTER = timedelta(seconds=30)
"""A call that places an order takes at most 15 s; a `placing` order older than this has lost its call."""

HOLD_GRACE = timedelta(minutes=5)
"""Cards stay held that long past the payment deadline, so that the order's own sweep is the one to free them."""


class QuoteOutdated(Conflict):
    code, title = "quote_outdated", "The quote is outdated"


def price(shop: Shop, channel: str, wanted: Sequence[Wanted], now: datetime) -> Quote:
    """Prices a basket from the catalogue as it is now. Raises NotOnSale, OverLimit, Invalid."""
    return quote(merged(wanted), _skus(shop, wanted), channel, now)


def order_id_of(shop: Shop, channel: str, key: str) -> str:
    """Of an order that a channel places under its own number `key`. Keyed, so that nobody who guesses a channel's
    numbers can name its orders."""
    return derived_id("O", shop.keyring.mac("contact", "order", channel, key))


def place_order(shop: Shop, caller: Caller, key: str, body: OrderBody, *, resold: bool = False) -> Order:
    """Places an order under the channel's own number `key`; the same call again answers the first order. `resold`: its
    `member` is nobody, but names the order; whom it is for nobody here could ask for an account.

    Raises Forbidden, KeyReused, NotOnSale, OverLimit, AccountInvalid, AccountUnchecked, RiskRefused, TooManyUnpaid,
    SoldOut (with every shortage), Busy.
    Of an order that was refused nothing stays behind but the record of why.
    """
    now = shop.now()
    if body.agent:
        caller.needs("storefront")
    order_id = order_id_of(shop, caller.channel, key)
    body_hash = shop.keyring.mac("contact", body.said(), _password(shop, order_id, body) or "")
    try:
        priced = price(shop, caller.channel, wanted(body.lines), now)
        if body.quote and body.quote != priced.version:
            raise QuoteOutdated("Price or content changed since the quote.", version=priced.version)
        accounts = accounts_in(shop, body, priced, later=not resold)
    except Refusal:
        # The catalogue may have changed since this very order was placed: the first answer still stands.
        first = shop.orders.find([order_id]).get(order_id)
        if first is None or first.state == "placing":
            raise
        return _first_answer(first, body_hash)
    ip = address(caller.ip if caller.role == "publishable" else body.client_ip)
    contact = Contact(body.contact.email, body.contact.phone, ip or None)
    order = Order(
        id=order_id,
        channel=caller.channel,
        member=member_id(shop.keyring, caller.channel, body.member, contact),
        lines=priced.lines,
        units=hinted(priced.units, accounts),
        currency=priced.currency,
        total=priced.total,
        created_at=now,
        expires_at=now + timedelta(seconds=shop.payment_seconds),
        body_hash=body_hash,
        language=body.language,
        shared_too=caller.shared_too,
        password=_password(shop, order_id, body),
        due_at=now + 2 * ABANDONED_AFTER,
        agent=body.agent,
        resold=resold,
        traces=traces(shop.keyring, device=body.device, ip=ip),
        decision=decision_id("order", order_id, stamp(now)),
        **_found_by(shop, contact),
    )
    if (first := shop.orders.add(order)) is not None:
        if first.state != "placing" or first.body_hash != body_hash:
            return _first_answer(first, body_hash)
        if {u.id: u.sku for u in first.units} != {u.id: u.sku for u in order.units}:
            raise QuoteOutdated("Its content changed while it was being placed.", version=priced.version)
        order = _take_over(shop, first, now)
    return _fill(shop, _judged(shop, order, now), contact, accounts, now)


def _judged(shop: Shop, order: Order, now: datetime) -> Order:
    """What the shop's rules make of the order; one that they hold is placed all the same, and looked at before its
    delivery. Raises RiskRefused, TooManyUnpaid."""
    try:
        record = shop.risk.at_order(shop.orders, order, now)
    except Refusal:
        shop.orders.drop(order)
        raise
    return order.model_copy(update={"risk": "held"}) if record.outcome == "hold" else order


def _found_by(shop: Shop, contact: Contact) -> dict[str, Any]:
    """Keyed hashes of e-mail and phone, by their kind."""
    return {h.kind: h.value for c in (contact.email, contact.phone) if c for h in [hashed(shop.keyring, c)]}


def _skus(shop: Shop, wanted: Sequence[Wanted]) -> dict[str, Sku]:
    skus = shop.catalog.skus([w.sku for w in merged(wanted)])
    if parts := components_of(skus):
        skus |= shop.catalog.skus(parts)
    return skus


def _password(shop: Shop, order_id: str, body: OrderBody) -> str | None:
    """Keyed, and bound to the order: neither a table dump nor another order's hash helps to guess it."""
    if body.query_password is None:
        return None
    return shop.keyring.mac("contact", "query-password", order_id, body.query_password.reveal())


def _first_answer(order: Order, body_hash: str) -> Order:
    if order.body_hash != body_hash:
        raise KeyReused("This Idempotency-Key placed another order.")
    return order


def _take_over(shop: Shop, order: Order, now: datetime) -> Order:
    """Goes on with an order whose first call died; its cards go back and are claimed anew under the next attempt."""
    if now - order.created_at < ABANDONED_AFTER:
        raise Busy("this very order is being placed")
    free_unrecorded(shop, order)
    fresh = {
        "attempt": order.attempt + 1,
        "created_at": now,
        "expires_at": now + timedelta(seconds=shop.payment_seconds),
        "due_at": now + 2 * ABANDONED_AFTER,
    }
    try:
        return shop.orders.save(order.model_copy(update=fresh))
    except Stale:
        raise Busy("this very order is being placed") from None


def _fill(shop: Shop, order: Order, contact: Contact, accounts: Named, now: datetime) -> Order:
    purchases = purchases_of(order)
    try:
        member_key = shop.members.enter(order.member, purchases, now)
    except Refusal:
        shop.risk.holds.release(order)
        shop.orders.drop(order)
        raise
    try:
        cards, shortages = _claim(shop, order)
    except Busy:
        # Tidied up at once, so that the same call can be made again at once; what this misses the sweep finds.
        with suppress(Busy):
            _undo(shop, order, shop.cards.held_exactly_until(order.expires_at + HOLD_GRACE), purchases)
        raise
    if shortages:
        _undo(shop, order, list(cards.values()), purchases)
        raise SoldOut(shortages)
    reached = seal(member_key, contact.to_text(), order.id, shop.draw) if contact != Contact() else None
    order = order.model_copy(update={"units": sealed(order, accounts, member_key, shop.draw)})
    try:
        return shop.orders.save(placed(order, cards, contact_sealed=reached))
    except Stale:
        _undo(shop, order, list(cards.values()), [])
        raise Busy("this order was swept while it was being placed") from None


def purchases_of(order: Order) -> list[Limited]:
    """The units of SKUs that are limited per buyer."""
    quantities = {line.sku: line.quantity for line in order.lines}
    return limited(order.id, quantities, {line.sku: line.limit_per_buyer for line in order.lines})


def _claim(shop: Shop, order: Order) -> tuple[dict[str, str], list[Shortage]]:
    """Cards by unit, and every SKU that fell short."""
    by_sku: dict[str, list[Unit]] = {}
    for unit in order.units:
        if unit.kind in ("card", "topup"):
            by_sku.setdefault(unit.sku, []).append(unit)
    cards: dict[str, str] = {}
    shortages: list[Shortage] = []
    for sku, units in by_sku.items():
        got, short = _claim_sku(shop, order, sku, units)
        cards |= {unit.id: card for unit, card in zip(units, got, strict=False)}
        if short:
            shortages.append(Shortage(sku=sku, wanted=len(units), left=len(got)))
    return cards, shortages


def _claim_sku(shop: Shop, order: Order, sku: str, units: Sequence[Unit]) -> tuple[list[str], bool]:
    """Cards that are held for units of one SKU, and whether the rest of them can be had nowhere in sight."""
    first = units[0]
    if first.own == "mint":
        return [], not sellable(shop, first, shop.now())
    if first.sourcing == "on_demand":
        return [], not _can_be_bought(shop, order, units)
    if first.hold_at == "payment":
        has = first.on_shortage == "backlog" or _in_sight(shop, order, sku)
        return [], not has and not _can_be_bought(shop, order, units)
    got = draw_from_pools(shop, order, sku, len(units))
    return got, len(got) < len(units) and not _can_be_bought(shop, order, units[len(got) :])


def _can_be_bought(shop: Shop, order: Order, units: Sequence[Unit]) -> bool:
    """Whether a supplier is in sight that sells units of one SKU: cards together, top-ups one by one."""
    first = units[0]
    if not first.sourcing:
        return False
    wanted = 1 if first.kind == "topup" else len(units)
    # In a bundle the same SKU may be worth less.
    amount = min(unit.amount for unit in units)
    promise = Promise.of(first.on_shortage, timedelta(hours=first.backlog_hours))
    return shop.offers_in_sight(first.sku, wanted, amount, first.least_margin, order.currency, promise)


def draw_from_pools(shop: Shop, order: Order, sku: str, wanted: int) -> list[str]:
    """Claims for the order's current attempt; before it gives up, it looks for pools opened a moment ago."""
    got: list[str] = []
    fit = Sellable(shop.cards, shop.series, hold_name(order.id, order.attempt), shop.now())
    for fresh in (False, True):
        pools = shop.pools.for_sale(
            sku, order.channel, day(shop.now(), shop.zone), shared_too=order.shared_too, fresh=fresh
        )
        got += draw_cards(
            shop.cards,
            pools,
            wanted - len(got),
            hold=hold_name(order.id, order.attempt),
            until=order.expires_at + HOLD_GRACE,
            now=shop.now,
            draw=shop.draw,
            fit=fit,
        )
        if len(got) == wanted:
            break
    return got


def _in_sight(shop: Shop, order: Order, sku: str) -> bool:
    pools = shop.pools.for_sale(sku, order.channel, day(shop.now(), shop.zone), shared_too=order.shared_too)
    return any(shop.cards.candidates(pool.name(s), start="-", limit=1) for pool in pools for s in range(pool.shards))


def _undo(shop: Shop, order: Order, cards: Sequence[str], purchases: Sequence[Limited]) -> None:
    free_cards(shop, order, cards)
    shop.members.give_back(order.member, purchases)
    shop.risk.holds.release(order)
    shop.orders.drop(order)


def free_unrecorded(shop: Shop, order: Order) -> None:
    """Gives the cards of a call that died before it could write them onto its order back."""
    free_cards(shop, order, shop.cards.held_exactly_until(order.expires_at + HOLD_GRACE))


def free_cards(shop: Shop, order: Order, cards: Sequence[str]) -> None:
    """Gives the cards of the order's current attempt back; those that moved on stay where they are."""
    if not cards:
        return
    hold = hold_name(order.id, order.attempt)

    def free(card: str) -> bool:
        return shop.cards.release(card, hold=hold)

    with ThreadPoolExecutor(min(len(cards), 16)) as several:
        list(several.map(free, cards))
