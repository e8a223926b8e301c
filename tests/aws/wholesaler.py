"""Suppliers for the tests of setting them up and of syncing: each says what a test tells it to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from quanyi.money import Money
from quanyi.supply import port
from quanyi.supply.access import Access
from quanyi.supply.registry import Adapter

PAGE = 3


def goods(code: str, cost: int, **more: Any) -> port.Goods:
    return port.Goods(code=code, title=f"Goods {code}", kind="card", cost=cost, currency="CNY", **more)


@dataclass
class Wholesaler:
    """What it says is the class's, by endpoint, since whoever builds one does not hand it over. `before` runs ahead of
    each answer, and may raise."""

    access: Access

    catalogues: ClassVar[dict[str, list[port.Goods]]] = {}
    balances: ClassVar[dict[str, Money]] = {}
    asked: ClassVar[list[tuple[str, str]]] = []
    can: ClassVar[frozenset[port.Ability]] = frozenset({"cards", "balance", "stock", "quote", "goods"})
    before: ClassVar[list[Callable[[str, str], None]]] = []

    @property
    def abilities(self) -> frozenset[port.Ability]:
        return self.can

    def balance(self) -> Money:
        self._ask("balance")
        return self.balances[self.access.endpoint]

    def goods(self, after: str = "") -> port.GoodsPage:
        self._ask("goods")
        at = int(after or 0)
        found = self.catalogues.get(self.access.endpoint, [])
        following = str(at + PAGE) if at + PAGE < len(found) else ""
        return port.GoodsPage(tuple(found[at : at + PAGE]), following)

    def stock(self, codes: Sequence[str]) -> Mapping[str, int | None]:
        self._ask("stock")
        return {one.code: one.stock for one in self._known() if one.code in codes}

    def quote(self, code: str, quantity: int) -> Money:
        self._ask("quote")
        for one in self._known():
            if one.code == code:
                return Money(amount=one.cost, currency=one.currency)
        raise port.NoAnswer(reason="not_found")

    def _known(self) -> list[port.Goods]:
        return self.catalogues.get(self.access.endpoint, [])

    def _ask(self, what: str) -> None:
        self.asked.append((self.access.endpoint, what))
        for act in list(self.before):
            act(self.access.endpoint, what)


def make(access: Access) -> port.Supplier:
    return cast("port.Supplier", Wholesaler(access))


def forget() -> None:
    for kept in (Wholesaler.catalogues, Wholesaler.balances, Wholesaler.asked, Wholesaler.before):
        kept.clear()


ADAPTER = Adapter(
    title="Wholesaler",
    made_by="tests.aws.wholesaler:make",
    abilities=Wholesaler.can,
    account=("key_id",),
    secrets=("secret",),
    more_account=("shop",),
)


@dataclass
class Clocked:
    """Time for so many steps."""

    steps: int
    taken: int = field(default=0)

    def __call__(self) -> bool:
        self.taken += 1
        return self.taken < self.steps
