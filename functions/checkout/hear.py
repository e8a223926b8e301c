"""What a payment provider's notification does: verified over its raw bytes, booked, and only then acknowledged."""

from collections.abc import Mapping, Sequence

from checkout.wiring import Shop
from quanyi.errors import NotFound, Refusal
from quanyi.http import log
from quanyi.metrics import count
from quanyi.payments.port import (
    Captured,
    CaseHint,
    CaseTold,
    Forged,
    NoSuchProvider,
    Notice,
    Provider,
    RefundTold,
    Reply,
    TakenBack,
    TryFailed,
)
from quanyi.payments.receipt import book, book_failure, book_refund, book_taken_back


def hear(shop: Shop, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Takes one notification, and answers what its provider wants to hear. Raises NotFound for an unknown provider;
    what is refused changed nothing."""
    try:
        provider = shop.providers.get(name)
    except NoSuchProvider:
        raise NotFound("payment provider") from None
    try:
        notices = _verified(shop, provider, headers, body)
    except Forged as forged:
        count("ProbeRefused" if forged.probe else "ForgedNotification", provider=name)
        return provider.refused(forged.status, forged.code)
    except Refusal as refusal:
        count("NotificationNotBooked", provider=name)
        return provider.refused(refusal.status, refusal.code)
    for notice in notices:
        try:
            _take(shop, provider, notice)
        except Refusal as refusal:
            # Genuine, but nothing of ours, or not now: the provider sends it again, and a person can look for it.
            count("NotificationNotBooked", provider=name)
            log().warning("not booked", extra={"provider": name, "code": refusal.code, "kind": type(notice).__name__})
            return provider.refused(refusal.status, refusal.code)
    return provider.accepted()


def _verified(shop: Shop, provider: Provider, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
    try:
        return provider.verify(headers, body, shop.now())
    except Forged as forged:
        fresh = shop.providers.get(provider.name, fresh=True)
        # Perhaps it is signed under a secret that was changed a moment ago.
        if forged.probe or fresh is provider:
            raise
        return fresh.verify(headers, body, shop.now())


def _take(shop: Shop, provider: Provider, notice: Notice) -> None:
    match notice:
        case Captured():
            book(shop.orders, shop.workflow, provider.name, notice, shop.now(), shop.keyring)
        case TryFailed():
            book_failure(shop.orders, provider.name, notice)
        case RefundTold():
            book_refund(shop.orders, provider.name, notice, shop.now())
        case TakenBack():
            book_taken_back(shop.orders, shop.workflow, provider.name, notice, shop.now())
        case CaseTold() | CaseHint():
            shop.cases.take(provider, notice)
