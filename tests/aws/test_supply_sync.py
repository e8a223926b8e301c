"""Syncing suppliers: costs, prices, what goes off sale below cost and comes back; crashes, races, broken catalogues."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from quanyi.catalog.table import CatalogTable
from quanyi.money import Money
from quanyi.supply import port, registry
from quanyi.supply.model import MarkUp
from quanyi.supply.table import HealthTable, OffersTable
from quanyi.table import Table
from suppliers import sync as hourly
from suppliers.sync import run
from tests.aws import wholesaler
from tests.aws.buying import Buying
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.wholesaler import Clocked, Wholesaler, goods

PLENTY = Clocked(10_000)


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buying]:
    monkeypatch.setitem(registry.ADAPTERS, "quanyi", wholesaler.ADAPTER)  # type: ignore[arg-type]
    wholesaler.forget()
    yield Buying(cloud)
    wholesaler.forget()


def kept(shop: Buying) -> dict[str, list[dict[str, Any]]]:
    """Everything but where and when syncs were."""
    found = shop.cloud.contents("SupplyTable", "CatalogTable")
    noted = {"sync", "synced_at", "balance_at", "run"}
    return {
        name: [{key: value for key, value in item.items() if key not in noted} for item in items]
        for name, items in found.items()
    }


def test_costs_and_stock_follow_the_catalogue(shop: Buying) -> None:
    shop.product("a", "b")
    shop.supplier("acme", *(goods(f"c-{n}", 500 + n) for n in range(7)), goods("c-a", 600, stock=9), goods("c-b", 300))
    shop.offer("acme", "a", 500)
    shop.offer("acme", "b", 300)
    done = shop.sync("acme")
    assert (done.outcome, done.goods, done.costs, done.gone) == ("done", 9, 1, 0)
    after = shop.offered("acme", "a")
    assert (after.cost, after.cost_before, after.stock, after.version, after.changed_by) == (600, 500, 9, 2, "system")
    assert shop.offered("acme", "b").version == 1
    assert shop.room.suppliers.get("acme").synced_at == shop.now
    before = kept(shop)
    assert shop.sync("acme").costs == 0
    assert kept(shop) == before, "the same again changes nothing"
    shop.sells("acme", goods("c-b", 300))
    done = shop.sync("acme")
    assert (done.gone, shop.offered("acme", "a").on_sale, shop.offered("acme", "a").cost) == (1, False, 600)
    assert [item["code"] for item in shop.room.goods.page("acme", limit=100).items] == ["c-b"]
    shop.sells("acme", goods("c-b", 300), goods("c-a", 610))
    assert (shop.sync("acme").back, shop.offered("acme", "a").on_sale) == (1, True)


def test_below_cost_it_goes_off_sale_by_itself_and_comes_back(shop: Buying) -> None:
    shop.product("a", "b", least_margin=1000)
    shop.supplier("acme", goods("c-a", 800), goods("c-b", 700))
    shop.offer("acme", "a", 800)
    shop.offer("acme", "b", 700)
    assert shop.sku("a").sold_in("site", shop.now)
    shop.sells("acme", goods("c-a", 901), goods("c-b", 700))
    done = shop.sync("acme")
    assert (done.halted, done.resumed) == (["a"], [])
    product = shop.products.product("P-a")
    assert [sku.halted for sku in product.skus] == ["below_cost", ""]
    assert product.changed_by == "system"
    assert not shop.sku("a").sold_in("site", shop.now)
    facts = {"price": 1000, "cost": 901, "currency": "CNY", "supplier": "acme", "margin": 1000}
    assert shop.alerts() == {"below_cost a": facts | {"halted": "a"}}
    before = kept(shop)
    shop.sync("acme")
    assert kept(shop) == before
    shop.later(hours=1)
    shop.sells("acme", goods("c-a", 900), goods("c-b", 700))
    assert shop.sync("acme").resumed == ["a"]
    assert shop.sku("a").sold_in("site", shop.now)
    assert shop.alerts() == {}


def test_another_suppliers_offer_keeps_it_on_sale(shop: Buying) -> None:
    shop.product("a")
    shop.supplier("acme", goods("c-a", 800))
    shop.supplier("other", goods("c-a", 990))
    shop.offer("acme", "a", 800)
    shop.offer("other", "a", 990)
    shop.sells("acme", goods("c-a", 1100))
    assert shop.sync("acme").halted == []
    shop.sells("other", goods("c-a", 1200))
    assert shop.sync("other").halted == ["a"]
    shop.sells("acme", goods("c-a", 1000))
    assert shop.sync("acme").resumed == ["a"]


def test_stock_below_cost_is_alerted_of_only(shop: Buying) -> None:
    shop.product("a", sourcing="stock")
    shop.supplier("acme", goods("c-a", 1100))
    placed = shop.offer("acme", "a", 1100)
    assert placed.sku.halted == ""
    assert list(shop.alerts()) == ["below_cost a"]
    shop.later(hours=1)
    shop.sells("acme", goods("c-a", 999))
    assert shop.sync("acme").resumed == []
    assert shop.alerts() == {}


def test_prices_follow_their_rule_within_bounds(shop: Buying) -> None:
    shop.product("a", "b", "c", price=1000)
    rule = MarkUp(percent=1000, ending=99, apply="always")
    shop.supplier("acme", goods("c-a", 900), goods("c-b", 900), goods("c-c", 900), mark_up=rule)
    shop.offer("acme", "a", 900)
    shop.offer("acme", "b", 900, mark_up=MarkUp(percent=1000, apply="up"))
    assert shop.offer("acme", "c", 900, mark_up=MarkUp(percent=1000)).sku.price == 1000, "never"
    assert (shop.sku("a").price, shop.sku("b").price) == (999, 1000)
    shop.sells("acme", goods("c-a", 800), goods("c-b", 800), goods("c-c", 800))
    assert shop.sync("acme").priced == ["a"]
    assert [shop.sku(sku).price for sku in "abc"] == [899, 1000, 1000]
    shop.sells("acme", goods("c-a", 1300), goods("c-b", 1300), goods("c-c", 1300))
    done = shop.sync("acme")
    assert (sorted(done.priced), done.halted) == (["b"], ["a", "c"]), "a would move by more than half: a person decides"
    assert [shop.sku(sku).price for sku in "abc"] == [899, 1430, 1000]
    assert shop.offered("acme", "a").cost == 1300, "what we would pay is known all the same"


@pytest.mark.parametrize("broken", [[], [goods(f"c-{n}", 1) for n in range(5)], [goods(f"c-{n}", 0) for n in range(5)]])
def test_a_broken_catalogue_is_alerted_of_and_not_applied(shop: Buying, broken: list[port.Goods]) -> None:
    names = [f"s{n}" for n in range(5)]
    shop.product(*names)
    shop.supplier("acme", *(goods(f"c-{n}", 900) for n in range(5)), mark_up=MarkUp(percent=500, apply="always"))
    for n, name in enumerate(names):
        shop.offer("acme", name, 900, code=f"c-{n}")
    before = [shop.offered("acme", name) for name in names], shop.products.product("P-s0")
    shop.sells("acme", *broken)
    for _ in range(2):
        assert run(shop.room, PLENTY)["done"] == 1
        assert ([shop.offered("acme", name) for name in names], shop.products.product("P-s0")) == before
        assert shop.alerts()["supplier_failing acme"]["reason"] == shop.room.suppliers.get("acme").sync.refused
    # While the next one is under way it stays said.
    shop.sync("acme", steps=1)
    assert shop.room.suppliers.get("acme").sync.refused
    shop.later(hours=1)
    shop.sells("acme", *(goods(f"c-{n}", 950) for n in range(5)))
    for _ in range(2):
        run(shop.room, PLENTY)
    assert shop.alerts() == {}
    assert {shop.offered("acme", name).cost for name in names} == {950}


def test_a_person_has_a_refused_catalogue_applied(shop: Buying) -> None:
    names = [f"s{n}" for n in range(5)]
    shop.product(*names)
    shop.supplier("acme", *(goods(f"c-{n}", 300) for n in range(4)), goods("c-4", 0))
    for n, name in enumerate(names):
        shop.offer("acme", name, 900, code=f"c-{n}")
    assert shop.sync("acme").costs == 0
    done = shop.sync("acme", believed_by="operator:K9")
    assert (done.costs, done.gone) == (4, 1)
    assert [shop.offered("acme", name).cost for name in names] == [300, 300, 300, 300, 900], "none is no cost"
    assert shop.room.suppliers.get("acme").sync.refused == ""


def test_a_run_goes_on_where_the_last_one_was_out_of_time(shop: Buying) -> None:
    names = [f"s{n}" for n in range(8)]
    shop.product(*names)
    shop.supplier("acme", *(goods(f"c-{n}", 900) for n in range(8)))
    for n, name in enumerate(names):
        shop.offer("acme", name, 900, code=f"c-{n}")
    shop.sells("acme", *(goods(f"c-{n}", 1001) for n in range(8)))
    asked = len(Wholesaler.asked)
    outcomes = [shop.sync("acme", steps=1).outcome for _ in range(3)]
    assert outcomes == ["paused"] * 3
    assert len(Wholesaler.asked) - asked == 3, "each page once"
    runs = 0
    while shop.sync("acme", steps=4).outcome != "done":
        runs += 1
        assert runs < 10
    assert all(shop.sku(name).halted for name in names)
    assert {shop.offered("acme", name).cost for name in names} == {1001}


@pytest.mark.parametrize("crash_at", range(1, 13))
def test_a_run_that_dies_after_any_write_is_put_right_by_the_next(
    shop: Buying, crash_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.product("a", "b")
    shop.supplier("acme", goods("c-a", 900), goods("c-b", 800), mark_up=MarkUp(percent=500, apply="up"))
    shop.offer("acme", "a", 900, mark_up=MarkUp())
    shop.offer("acme", "b", 800)
    shop.sells("acme", goods("c-a", 1200), goods("c-b", 1000))
    with monkeypatch.context() as broken:
        made = _dies_after(broken, crash_at)
        with suppress(_Died):
            shop.sync("acme")
            assert made() < crash_at, "it was through before"
        assert made() >= min(crash_at, 11), "a run makes so many writes"
    assert shop.sync("acme").outcome == "done"
    assert (shop.sku("a").halted, shop.sku("b").price) == ("below_cost", 1050)
    assert list(shop.alerts()) == ["below_cost a"]


class _Died(BaseException):
    """The process is gone: nothing catches it."""


def _dies_after(patch: pytest.MonkeyPatch, count: int) -> Callable[[], int]:
    made = [0]

    def counted(name: str) -> None:
        stock = getattr(Table, name)

        def write(self: Table, *args: Any, **kwargs: Any) -> Any:
            answer = stock(self, *args, **kwargs)
            made[0] += 1
            if made[0] == count:
                raise _Died
            return answer

        patch.setattr(Table, name, write)

    for name in ("put", "put_many", "delete_many", "update", "delete", "together"):
        counted(name)
    return lambda: made[0]


@pytest.mark.parametrize("when", ["product", "products", "skus"])
def test_a_merchant_who_reprices_while_a_sync_halts(shop: Buying, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each read of the catalogue, once: whoever is last, price and offers are judged together."""
    shop.product("a")
    shop.supplier("acme", goods("c-a", 900))
    shop.offer("acme", "a", 900)
    shop.sells("acme", goods("c-a", 1100))
    _meanwhile(monkeypatch, CatalogTable, when, lambda: shop.reprice("a", 1200))
    shop.sync("acme")
    assert (shop.sku("a").price, shop.sku("a").halted) == (1200, "")
    _meanwhile(monkeypatch, CatalogTable, when, lambda: shop.reprice("a", 1099))
    shop.sync("acme")
    assert (shop.sku("a").price, shop.sku("a").halted) == (1099, "below_cost")


def test_a_cost_that_changes_while_a_merchant_reprices(shop: Buying, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the merchant's look at the offers and their write: they look again afterwards."""
    shop.product("a")
    shop.supplier("acme", goods("c-a", 900))
    shop.offer("acme", "a", 900)
    offer = shop.offered("acme", "a")

    def dearer() -> None:
        told: dict[str, Any] = {"stock": None, "on_sale": True, "now": shop.now}
        assert shop.room.offers.update_cost(offer, cost=960, **told)

    _meanwhile(monkeypatch, CatalogTable, "change", dearer)
    assert shop.reprice("a", 950).skus[0].halted == "below_cost"
    assert shop.sku("a").halted == "below_cost"


def test_a_merchants_offer_is_not_overwritten_by_what_another_code_costs(
    shop: Buying, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.product("a")
    shop.supplier("acme", goods("old", 950), goods("new", 700))
    shop.offer("acme", "a", 900, code="old")

    def change() -> None:
        shop.offer("acme", "a", 600, version=1, code="new")

    _meanwhile(monkeypatch, OffersTable, "update_cost", change)
    shop.sync("acme")
    after = shop.offered("acme", "a")
    assert (after.code, after.cost, after.version) == ("new", 700, 3)


def _meanwhile(patch: pytest.MonkeyPatch, where: type, name: str, act: Callable[[], object]) -> None:
    """`act` happens once, right before the next call of the method."""
    stock = getattr(where, name)
    left = [True]

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] = False
            act()
        return stock(self, *args, **kwargs)

    patch.setattr(where, name, called)


def test_two_runs_at_once_bring_the_same(shop: Buying) -> None:
    shop.product("a")
    shop.supplier("acme", *(goods(f"c-{n}", 1) for n in range(4)), goods("c-a", 1100))
    shop.offer("acme", "a", 900)
    done: list[str] = []

    def another(_endpoint: str, what: str) -> None:
        if what == "goods" and not done:
            done.append("")
            done[0] = shop.sync("acme").outcome

    Wholesaler.before.append(another)
    assert [shop.sync("acme").outcome, *done] == ["elsewhere", "done"]
    assert shop.sku("a").halted == "below_cost"
    assert shop.offered("acme", "a").version == 2


def test_every_hour_one_suppliers_fault_does_not_stop_the_others(
    cloud: Cloud, shop: Buying, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.product("a", "b")
    shop.supplier("acme", goods("c-a", 900), low_balance=200_000)
    shop.supplier("broken", goods("c-b", 900))
    shop.supplier("off", goods("c-a", 900), enabled=False)
    shop.supplier("bare", goods("c-a", 900))
    cloud.client("secretsmanager").delete_secret(SecretId="quanyi-test/suppliers/bare", ForceDeleteWithoutRecovery=True)
    shop.offer("acme", "a", 800)
    shop.offer("broken", "b", 800)

    def fail(endpoint: str, what: str) -> None:
        if endpoint == "https://broken.test":
            raise RuntimeError("token=very-secret")

    Wholesaler.before.append(fail)
    found = {"done": 2, "paused": 0, "elsewhere": 0, "not_set_up": 1, "failed": 1, "left": 0}
    for _ in range(2):
        assert run(shop.room, PLENTY) == found
    assert shop.offered("acme", "a").cost == 900
    assert not [ask for ask in Wholesaler.asked if ask[0] == "https://off.test"]
    assert list(shop.alerts()) == ["balance_low acme"]
    assert "very-secret" not in capsys.readouterr().out
    shop.later(hours=1)
    Wholesaler.balances["https://acme.test"] = Money(amount=200_000, currency="CNY")
    assert run(shop.room, Clocked(1)) == {**found, "done": 0, "failed": 0, "not_set_up": 0, "left": 4}
    run(shop.room, PLENTY)
    assert shop.alerts() == {}
    assert shop.room.suppliers.get("acme").balance == 200_000


def test_a_supplier_without_an_answer_is_alerted_of_after_hours(shop: Buying) -> None:
    shop.product("a")
    shop.supplier("acme", goods("c-a", 900))
    shop.offer("acme", "a", 900)

    def silent(_endpoint: str, _what: str) -> None:
        raise port.NoAnswer(reason="timeout")

    Wholesaler.before.append(silent)
    run(shop.room, PLENTY)
    assert (shop.room.suppliers.get("acme").sync.fault, shop.alerts()) == ("goods: timeout", {})
    shop.later(hours=4)
    run(shop.room, PLENTY)
    assert shop.alerts()["supplier_failing acme"]["reason"] == "goods: timeout"
    Wholesaler.before.clear()
    shop.later(hours=1)
    assert run(shop.room, PLENTY)["done"] == 1
    assert (shop.room.suppliers.get("acme").sync.fault, shop.alerts()) == ("", {})


def test_a_supplier_that_fails_is_alerted_of_until_it_does_not(shop: Buying) -> None:
    shop.supplier("acme")
    health = HealthTable(shop.cloud.table("SupplyTable"))
    health.note("acme", "2026-11-25", sent=12, succeeded=4, failed=8)
    run(shop.room, PLENTY)
    found = shop.alerts()["supplier_failing acme"]
    assert (found["calls"], found["success"], found["least_success"]) == (12, 3333, 5000)
    shop.later(hours=1)
    health.note("acme", "2026-11-26", sent=20, succeeded=20)
    run(shop.room, PLENTY)
    assert shop.alerts() == {}


@pytest.mark.parametrize("can", [{"quote", "stock"}, {"quote"}, {"stock"}, set()])
def test_without_a_catalogue_each_offer_is_asked_about(
    shop: Buying, can: set[port.Ability], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wholesaler, "can", frozenset(can))
    shop.product("a", "b")
    shop.supplier("acme", goods("c-a", 1001, stock=4), goods("c-b", 900, stock=None))
    shop.offer("acme", "a", 900)
    shop.offer("acme", "b", 900)
    for _ in range(2):
        assert shop.sync("acme").outcome == "done"
        assert shop.offered("acme", "a").cost == (1001 if "quote" in can else 900)
        assert shop.offered("acme", "a").stock == (4 if "stock" in can else None)
        assert shop.sku("a").halted == ("below_cost" if "quote" in can else "")


def test_a_catalogue_that_does_not_go_on_or_holds_nonsense(shop: Buying, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.product("a")
    bad = [goods("bad code", 5), goods("x" * 200, 5), goods("huge", 10**20), goods("c-a", 700, minimum=1)]
    shop.supplier("acme", *bad)
    shop.offer("acme", "a", 900)
    assert (shop.sync("acme").outcome, shop.offered("acme", "a").cost) == ("done", 700)
    monkeypatch.setattr(Wholesaler, "goods", lambda self, after="": port.GoodsPage((), "7"))
    assert (shop.sync("acme").outcome, shop.room.suppliers.get("acme").sync.fault) == ("paused", "goods: endless")


def test_a_switched_off_suppliers_skus_are_judged_by_the_others(shop: Buying) -> None:
    shop.product("a")
    shop.supplier("acme", goods("c-a", 900))
    shop.supplier("dear", goods("c-a", 1100))
    shop.offer("acme", "a", 900)
    shop.offer("dear", "a", 1100)
    shop.room.suppliers.save(shop.room.suppliers.get("acme").model_copy(update={"enabled": False, "version": 2}))
    assert shop.sku("a").halted == ""
    run(shop.room, PLENTY)
    assert shop.sku("a").halted == "below_cost"


def test_the_handler(shop: Buying, cloud: Cloud) -> None:
    shop.supplier("acme", goods("c-a", 900))
    context = LambdaContext()
    assert hourly.handler({}, context)["left"] == 1, "fifteen seconds are not enough for a step"

    class Long(LambdaContext):
        def get_remaining_time_in_millis(self) -> int:
            return 300_000

    for _ in range(2):
        assert hourly.handler({}, Long())["done"] == 1
