"""What is held out at the counter, and finding the voucher that it is: a code with its PIN, or a QR code.

Whatever is wrong with it, a caller hears one thing: that there is no such voucher. A voucher that was not opened is no
voucher from there on: what is read and written is the same, whether there is one with this code or not.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from quanyi.callers import Caller
from quanyi.cards.model import Face, card_id, pin_id
from quanyi.errors import Forbidden, Invalid
from quanyi.members.contact import Contact
from quanyi.members.model import member_id
from quanyi.orders.table import order_key
from quanyi.secret import Secret
from quanyi.stores.model import Store
from quanyi.stores.table import store_of
from quanyi.table import Item, Key, Table, read_together
from quanyi.vouchers.code import plain, well_formed
from quanyi.vouchers.guessing import Suspect, must_not_wait, suspects
from quanyi.vouchers.limits import counted
from quanyi.vouchers.model import VOUCHER_ISSUER, Series, Way
from quanyi.vouchers.qr import Scanned, scanned
from quanyi.vouchers.refusals import VoucherMalformed, VoucherUnknown
from quanyi.vouchers.rules import Sale
from quanyi.vouchers.series import series_key, series_of
from quanyi.vouchers.use import Voucher, is_voucher
from redeem.judging import Inquiry, Request, inquiry
from redeem.messages import UseBody
from redeem.wiring import Till


@dataclass(frozen=True)
class Found:
    """The voucher that was presented, and all that its rules ask about, as it was read. `order` is the item of the
    order that it was sold by."""

    voucher: Voucher
    series: Series
    sale: Sale
    way: Way
    now: datetime
    scan: Scanned | None = None
    pin: bool = False
    store: Store | None = None
    order: Item | None = None
    inquiry: Inquiry | None = None
    """What risk control goes by; None where nothing is to be decided."""

    @property
    def region(self) -> str:
        """Of the store; empty where it has none."""
        return (self.store.region if self.store else None) or ""


@dataclass(frozen=True)
class _Shown:
    """`card_id` is None for a QR code that is not ours."""

    card_id: str | None
    way: Way
    scan: Scanned | None = None
    pin: Secret | None = None


def find(till: Till, caller: Caller, body: UseBody, request: Request | None = None) -> Found:
    """At most two calls, of which the first reads the voucher and the second everything else. `request` is given where
    the voucher shall be used, and not only looked at. Raises VoucherMalformed, VoucherUnknown, TooManyTries, Forbidden
    (another's store), Invalid (`store_missing`, `store_unknown`).

    Where a PIN was tried, it was counted: `till.vouchers.forgive` takes that back, or the redemption itself does. A
    genuine QR code is no guess, so that whoever guesses (about its voucher, or at its terminal) does not hold it up.
    """
    now, store, shown = till.now(), store_of_caller(caller, body.store), _shown(till, body)
    watched = _watched(till, caller, body, shown)
    guessed = shown.scan is None
    item = _card(till, shown, now)
    member = _member(till, caller, body)
    asked = {
        "store": (till.stores.table, till.stores.key(store)) if store else None,
        **_of_card(till, item, member, now),
    }
    voucher = Voucher.from_item(item) if item else None
    risk = inquiry(till, request, voucher, store, member, now) if request and voucher else None
    reads = [read for read in asked.values() if read]
    guesses, judged_by = till.guesses.asked(watched, now) if guessed else [], risk.lookup.keys if risk else ()
    found = read_together([*guesses, *reads, *((till.risk.table, key) for key in judged_by)])
    if guessed:
        must_not_wait(watched, found[: len(guesses)], now)
    told = found[len(guesses) : len(guesses) + len(reads)]
    answers = dict(zip((name for name, read in asked.items() if read), told, strict=True))
    if store and answers["store"] is None:
        raise Invalid("There is no such store: its id is set up under /v1/admin/stores.", reason="store_unknown")
    if voucher is None or answers.get("series") is None:
        if guessed:
            till.guesses.missed(watched, now)
        raise VoucherUnknown
    return Found(
        voucher=voucher,
        series=series_of(answers["series"] or {}),
        sale=Sale(
            store=store,
            amount=money.amount if (money := body.sale or body.amount) else None,
            goods=body.goods,
            member=member,
            member_uses=counted(answers.get("member")),
            member_uses_today=counted(answers.get("member_today")),
        ),
        way=shown.way,
        now=now,
        scan=shown.scan,
        pin=shown.pin is not None,
        store=store_of(kept) if (kept := answers.get("store")) else None,
        order=answers.get("order"),
        inquiry=risk and replace(risk, items=[item for item in found[len(guesses) + len(reads) :] if item]),
    )


def store_of_caller(caller: Caller, store: str | None) -> str:
    """Where the caller stands; empty for a channel's server that names no store. Raises Forbidden, Invalid."""
    if caller.role == "counter":
        if store is None and len(caller.stores) == 1:
            return caller.stores[0]
        if store is None:
            raise Invalid("Say in which `store`.", reason="store_missing")
        if caller.stores and store not in caller.stores:
            raise Forbidden("This terminal is of another store.")
    return store or ""


def address_of(caller: Caller, client_ip: object) -> str:
    """Whose misses are counted. What a channel's server says is its shopper's; a till has no say in its own."""
    if caller.role == "storefront":
        return str(client_ip) if client_ip else ""
    return caller.ip


def _shown(till: Till, body: UseBody) -> _Shown:
    if body.qr is not None:
        scan = scanned(till.keys, body.qr.reveal().strip())
        way: Way = "static_qr" if scan is None or scan.made_at is None else "fresh_qr"
        return _Shown(scan.card_id if scan else None, way, scan)
    assert body.code
    text = plain(body.code.reveal())
    if not well_formed(text):
        raise VoucherMalformed
    face = Face("code", Secret(text))
    return _Shown(card_id(till.keys.key("fingerprint"), VOUCHER_ISSUER, face), "code", pin=body.pin)


def _watched(till: Till, caller: Caller, body: UseBody, shown: _Shown) -> list[Suspect]:
    server, ip = caller.role == "storefront", address_of(caller, body.client_ip)
    return suspects(till.keys, terminal=caller.key_id, server=server, ip=ip, code=shown.card_id or "")


def _card(till: Till, shown: _Shown, now: datetime) -> Item | None:
    """The card, if it is a voucher that somebody has got, and opened. A PIN is counted by the same call."""
    if shown.card_id is None:
        return None
    given = pin_id(till.keys.key("fingerprint"), shown.pin) if shown.pin else ""
    if given:
        item = till.vouchers.attempt(shown.card_id, given, now)
    else:
        item = till.vouchers.table.get({"card_id": shown.card_id})
    there = item and is_voucher(item) and "delivered_at" in item
    return item if item and there and _opened(shown, given, item) else None


def _opened(shown: _Shown, given: str, item: Mapping[str, Any]) -> bool:
    """A genuine QR code opens by itself; a code does with its PIN, where the voucher has one."""
    if shown.scan or "pin_id" not in item:
        return True
    return hmac.compare_digest(given.encode(), str(item["pin_id"]).encode())


def _of_card(till: Till, item: Item | None, member: str, now: datetime) -> dict[str, tuple[Table, Key] | None]:
    if item is None:
        return {}
    ever, today = till.limits.keys(item["series"], member, now)
    return {
        "series": (till.series.table, series_key(item["series"])),
        "order": (till.orders, order_key(item["order"])) if "order" in item else None,
        "member": (till.limits.table, ever) if member else None,
        "member_today": (till.limits.table, today) if member else None,
    }


def _member(till: Till, caller: Caller, body: UseBody) -> str:
    """A keyed hash, the same as an order of that buyer has; empty where nobody said who it is."""
    if body.member is None and body.phone is None:
        return ""
    phone = body.phone.reveal() if body.phone else None
    return member_id(till.keys, caller.channel, body.member, Contact(phone=phone))
