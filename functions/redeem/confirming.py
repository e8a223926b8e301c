"""Third parties' cards: their issuer confirms each use. The card is put under confirmation before the issuer is asked,
and an answer that did not come is asked for again, by whoever repeats the request and by the sweep."""

import hmac

from quanyi.callers import Caller
from quanyi.cards.model import Face, card_id, pin_id
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.ids import derived_id
from quanyi.issuers.port import Confirmed, Confirming, Issuer, IssuerRefused
from quanyi.money import Money
from quanyi.orders.table import order_key
from quanyi.redemptions.model import number_of
from quanyi.replay import body_hash, must_repeat
from quanyi.table import ConditionFailed, Item, read_together
from quanyi.vouchers.guessing import must_not_wait, suspects
from quanyi.vouchers.refusals import NotUsable, VoucherUnknown
from quanyi.vouchers.room import OF_A_USE, room_of
from quanyi.vouchers.rules import Refused
from quanyi.vouchers.use import Use, is_voucher, use_id_of
from redeem.messages import ConfirmBody, UseConfirmed
from redeem.presenting import address_of, store_of_caller
from redeem.wiring import IssuerTill

WHOLE = 0
"""The amount of a use that takes all that is on the card."""


def confirm(till: IssuerTill, caller: Caller, name: str, key: str, body: ConfirmBody) -> UseConfirmed:
    """Has the card's issuer confirm a use, once for each `key`. Repeat the request until it is known.

    Raises NotFound (issuer), VoucherUnknown, TooManyTries, NotUsable, IssuerRefused, Conflict (`confirming`: another
    use of this card is not known yet; or the card's state does not allow one), KeyReused, Forbidden, Invalid.
    """
    caller.needs("counter", "storefront")
    settings, now = till.issuers.get(name), till.now()
    store = store_of_caller(caller, body.store)
    use_id = use_id_of(caller.channel or caller.key_id, key)
    item = _found(till, caller, settings.issuer, store, body)
    asked = body_hash(name, store, body=body.model_copy(update={"code": None, "pin": None, "client_ip": None}))
    if done := _known(item, use_id, asked):
        return done
    money = body.amount or Money(amount=WHOLE, currency="CNY")
    use = Use(
        id=use_id,
        amount=money.amount,
        at=now,
        key_id=caller.key_id,
        store=store,
        channel=caller.channel,
        operator=body.operator,
        body_hash=asked,
        details={"issuer": name},
    )
    if (under := item.get("confirming")) and under["id"] == use_id:
        use = Use.from_item(use_id, under["use"])
        must_repeat(use.body_hash, asked)
        return _settled(till, item, use, under["currency"], till.issuer(settings).query(request_of(item, use), use.at))
    if not settings.enabled:
        raise NotFound("issuer")
    if room_of(item) < OF_A_USE:
        raise NotUsable([Refused("full")])
    issuer = till.issuer(settings)  # first: a card under confirmation by whom nobody can ask would stay so
    item = _begun(till, item, name, use, money.currency)
    if done := _known(item, use_id, asked):
        return done
    use = Use.from_item(use_id, item["confirming"]["use"])  # as it was begun, maybe by this very request's double
    must_repeat(use.body_hash, asked)
    told = Confirming(request_of(item, use), body.code, body.pin, money.amount, money.currency, store, use.at)
    return _settled(till, item, use, money.currency, issuer.confirm(told))


def pursue(till: IssuerTill, card: str) -> str:
    """Asks the issuer of a card under confirmation how it ended; answers the outcome, empty when there is none to
    ask for."""
    item = till.cards.table.get({"card_id": card})
    under = item.get("confirming") if item else None
    if item is None or under is None:
        return ""
    use = Use.from_item(under["id"], under["use"])
    issuer: Issuer = till.issuer(till.issuers.get(under["issuer"]))
    answer = issuer.query(request_of(item, use), use.at)
    till.cards.settle(card, use, under["currency"], answer, till.now())
    return answer.outcome


def _known(item: Item, use_id: str, asked: str) -> UseConfirmed | None:
    """A use that its issuer has said yes to. Raises KeyReused."""
    if not (kept := item.get("uses", {}).get(use_id)):
        return None
    use = Use.from_item(use_id, kept)
    must_repeat(use.body_hash, asked)
    return UseConfirmed(item, use, known=True, currency=item["currency"])


def request_of(item: Item, use: Use) -> str:
    """What the issuer knows the use by: the same whenever it is asked."""
    return derived_id("Q", number_of(item["card_id"], use.id))


def _found(till: IssuerTill, caller: Caller, issuer: str, store: str, body: ConfirmBody) -> Item:
    """The card, delivered by us. What is wrong with it is one answer, and counted, as for a voucher."""
    number = card_id(till.keys.key("fingerprint"), issuer, Face("number", body.code))
    server, ip = caller.role == "storefront", address_of(caller, body.client_ip)
    watched = suspects(till.keys, terminal=caller.key_id, server=server, ip=ip, code=number)
    item, now = till.cards.table.get({"card_id": number}), till.now()
    known = item is not None and not is_voucher(item) and "delivered_at" in item and "order" in item
    around = [
        *([(till.stores.table, till.stores.key(store))] if store else []),
        *([(till.orders, order_key(item["order"]))] if item and known else []),
    ]
    guesses = till.guesses.asked(watched, now)
    found = read_together([*guesses, *around])
    must_not_wait(watched, found[: len(guesses)], now)
    rest = found[len(guesses) :]
    if store and rest[0] is None:
        raise Invalid("There is no such store: its id is set up under /v1/admin/stores.", reason="store_unknown")
    if item is None or not known or not _fits(till, item, body):
        till.guesses.missed(watched, now)
        raise VoucherUnknown
    order = rest[-1]
    if order and order.get("frozen"):
        raise NotUsable([Refused("order_frozen")])
    if store and rest[0] and not rest[0].get("open", True):
        raise NotUsable([Refused("store_closed")])
    return item


def _fits(till: IssuerTill, item: Item, body: ConfirmBody) -> bool:
    """Where we know the card's PIN, a wrong one does not reach the issuer."""
    if "pin_id" not in item or body.pin is None:
        return True
    given = pin_id(till.keys.key("fingerprint"), body.pin)
    return hmac.compare_digest(given.encode(), str(item["pin_id"]).encode())


def _begun(till: IssuerTill, item: Item, name: str, use: Use, currency: str) -> Item:
    """The card under confirmation, or as this very request, on its way twice, has left it. Raises Conflict."""
    try:
        return till.cards.begin(item["card_id"], item["order"], name, use, currency)
    except ConditionFailed as failed:
        now = failed.item
        if use.id in now.get("uses", {}) or now.get("confirming", {}).get("id") == use.id:
            return now
        if "confirming" in now:
            raise Conflict("Another use of this card is being confirmed.", reason="confirming") from None
        raise Conflict(f"The card is {now['state']}.", state=now["state"]) from None


def _settled(till: IssuerTill, item: Item, use: Use, currency: str, answer: Confirmed) -> UseConfirmed:
    after = till.cards.settle(item["card_id"], use, currency, answer, till.now())
    if use.id in after.get("uses", {}):  # whoever wrote it
        return UseConfirmed(after, use, known=True, currency=currency)
    if answer.outcome == "failed":
        raise IssuerRefused(answer.reason)
    return UseConfirmed(after, use, known=False, currency=currency)
