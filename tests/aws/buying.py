"""A shop with suppliers, on the test's AWS: what tests of suppliers set up and look at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from quanyi.alerts.table import AlertsTable
from quanyi.callers import Caller
from quanyi.catalog.model import Sku, SkuTerms
from quanyi.catalog.product import Product, ProductTerms, in_state, new_product, revised, terms_of
from quanyi.catalog.table import CatalogTable
from quanyi.money import Money
from quanyi.provider_secrets import ProviderSecrets
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.model import Offer, OfferTerms, Supplier, SupplierTerms
from quanyi.supply.on_sale import OnSale
from quanyi.supply.registry import ADAPTERS
from suppliers.offering import Placed, save_offer
from suppliers.syncing import Synced, sync
from suppliers.watch import watch
from suppliers.wiring import Room
from tests.aws.conftest import Cloud
from tests.aws.wholesaler import Clocked, Wholesaler

OPERATOR = Caller(role="operator", key_id="K9")
START = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


@dataclass
class Buying:
    cloud: Cloud
    now: datetime = START

    @property
    def room(self) -> Room:
        supply = self.cloud.table("SupplyTable")
        return Room(
            table=supply,
            products=self.products,
            secrets=ProviderSecrets("quanyi-test/suppliers/", lambda: self.cloud.client("secretsmanager")),
            watch=watch(supply, lambda: self.now),
            stage="local",
            zone="Asia/Shanghai",
            adapters=ADAPTERS,
            now=lambda: self.now,
        )

    @property
    def products(self) -> CatalogTable:
        return CatalogTable(self.cloud.table("CatalogTable"))

    @property
    def desk(self) -> OnSale:
        """How merchants' changes are written."""
        return OnSale(self.products, self.cloud.table("SupplyTable"), lambda: self.now)

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def supplier(self, name: str = "acme", *goods: port.Goods, **terms: Any) -> Supplier:
        endpoint = f"https://{name}.test"
        Wholesaler.catalogues[endpoint] = list(goods)
        Wholesaler.balances.setdefault(endpoint, Money(amount=100_000, currency=terms.get("currency", "CNY")))
        room = self.room
        wanted = {"title": name, "adapter": "quanyi", "endpoint": endpoint, "account": {"key_id": "k"}, **terms}
        kept = SupplierTerms.model_validate(wanted).model_dump()
        made = Supplier.model_validate({**kept, "id": name, "created_at": self.now, "updated_at": self.now})
        room.suppliers.save(made)
        room.secrets.write(name, {"secret": Secret("s" * 32)}, f"{name:-<32}")
        return room.suppliers.note_credentials(name, "t", "test", self.now)

    def sells(self, supplier: str, *goods: port.Goods) -> None:
        Wholesaler.catalogues[f"https://{supplier}.test"] = list(goods)

    def product(self, *skus: str, **terms: Any) -> Product:
        wanted = {"kind": "card", "titles": {"en": "Card"}, "price": 1000, "sourcing": "on_demand", **terms}
        named = [(sku, SkuTerms.model_validate(wanted)) for sku in skus]
        titles = ProductTerms(titles={"en": "Cards"})
        draft = self.products.create(new_product(f"P-{skus[0]}", titles, named, self.now, ""))
        return self.products.change(draft, in_state(draft, "published", self.now))

    def sku(self, sku: str) -> Sku:
        return self.products.sku(sku)

    def reprice(self, sku: str, price: int) -> Product:
        """As a merchant does."""
        old = self.products.product(self.sku(sku).product_id)
        skus = {one.id: terms_of(one) for one in old.skus}
        skus[sku] = skus[sku].model_copy(update={"price": price})
        return self.desk.change(old, revised(old, self.now, skus=skus), "operator:K9")

    def offer(self, supplier: str, sku: str, cost: int, version: int = 0, **terms: Any) -> Placed:
        wanted = OfferTerms.model_validate({"code": f"c-{sku}", "cost": cost, **terms})
        return save_offer(self.room, "operator:K9", supplier, sku, version, wanted)

    def offered(self, supplier: str, sku: str) -> Offer:
        found = self.room.offers.get(sku, supplier)
        assert found
        return found

    def sync(self, name: str, steps: int = 100, **how: Any) -> Synced:
        room = self.room
        return sync(room, room.suppliers.get(name), Clocked(steps), **how)[1]

    def alerts(self) -> dict[str, dict[str, Any]]:
        """Those that are open, by kind and subject."""
        found = AlertsTable(self.cloud.table("SupplyTable")).open_ones()
        return {f"{alert.kind} {alert.subject}": dict(alert.facts) for alert in found}
