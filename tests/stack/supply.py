"""A supplier over HTTP, set up in the deployed shop as a merchant does it."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.stack.shop import Shop, number, titles
from tools.local.suppliers.server import SupplierServer

PHONE = {"name": "phone", "kind": "phone", "titles": {"zh-CN": "手机号", "en": "Phone"}}


@contextmanager
def supplied(shop: Shop, face: str = "quanyi") -> Generator["Supply"]:
    """A supplier of its own, set up and enabled, that speaks a protocol. What it hands out, and whose accounts it tops
    up, the shop remembers among its secrets."""
    with SupplierServer(face, seed=1) as server:
        found = Supply(shop, server)
        found.set_up()
        try:
            yield found
        finally:
            shop.secrets += found.handed_out()
            shop.admin("PUT", f"/suppliers/{found.id}/enabled", {"enabled": False}).must()


def typed(phone: str) -> str:
    """As buyers write it."""
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}"


@dataclass
class Supply:
    """`shop` buys from `server`, which it knows as `id`."""

    shop: Shop
    server: SupplierServer
    id: str = field(default_factory=lambda: f"acme-{number()}")
    phones: list[str] = field(default_factory=list)

    def set_up(self) -> None:
        told = self.server.access
        terms = {"title": "Acme", "version": 0, "enabled": False}
        terms |= {name: told[name] for name in ("adapter", "endpoint", "account", "currency")}
        self.shop.admin("PUT", f"/suppliers/{self.id}", terms).must()
        secrets = {"secrets": told["secrets"]}
        self.shop.admin("PUT", f"/suppliers/{self.id}/credentials", secrets, key=number()).must()
        self.shop.admin("PUT", f"/suppliers/{self.id}/enabled", {"enabled": True}).must()

    def sells(self, sku: str, code: str, cost: int, **terms: Any) -> None:
        offer = {"code": code, "cost": cost, "version": 0, **terms}
        self.shop.admin("PUT", f"/suppliers/{self.id}/offers/{sku}", offer).must()

    def cards(self, cost: int = 1500, **terms: Any) -> str:
        """A SKU that is bought for each order; answers its id."""
        more = {"sourcing": "on_demand", "hold": "payment", "card_format": "number_pin", "issuer": number("i")}
        sku = self.shop.sku(**{**more, **terms})
        self.sells(sku, "video-30", cost)
        return sku

    def topup(self, **terms: Any) -> str:
        form = {"fields": [PHONE]}
        more = {"kind": "topup", "titles": titles("话费"), "price": 4980, "face_value": 5000, "topup": form}
        sku = self.shop.sku(**{**more, **terms})
        self.sells(sku, "mobile-50", 4950)
        return sku

    def purchases(self, sku: str) -> list[dict[str, Any]]:
        """Purchase orders of a SKU, newest first."""
        return self.shop.admin("GET", f"/purchase-orders?sku={sku}&supplier={self.id}&limit=100").must()["items"]

    def phone(self) -> str:
        """Like nobody else's. The supplier knows no account that ends in zeros."""
        made = f"199{secrets.randbelow(10**7):07d}1"
        self.phones.append(made)
        return made

    def handed_out(self) -> list[str]:
        """What is to be found nowhere afterwards: cards, and the accounts that were topped up."""
        return [*self.delivered(), *self.phones, *map(typed, self.phones)]

    def delivered(self) -> list[str]:
        """Every secret that the supplier has handed out."""
        cards = [card for sale in self.server.shop.sales.values() for card in sale.cards]
        return [text for card in cards for text in (card.number, card.pin) if text]
