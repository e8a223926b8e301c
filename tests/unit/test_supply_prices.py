"""Prices that follow cost, SKUs that go off sale below it, and catalogues that are not believed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.catalog.model import Sku
from quanyi.supply.halting import halted, verdict
from quanyi.supply.markup import price_of, priced
from quanyi.supply.model import MarkUp, Offer, Supplier

NOW = datetime(2026, 11, 26, tzinfo=UTC)
COSTS = st.integers(0, 10**9)
RULES = st.builds(
    MarkUp,
    percent=st.integers(0, 100_000),
    fixed=st.integers(0, 10**6),
    step=st.integers(1, 100_000),
    ending=st.none() | st.integers(0, 99),
)


def sku(**more: Any) -> Sku:
    known = {"id": "a", "product_id": "P", "product_state": "published", "version": 1, "kind": "card"}
    return Sku.model_validate({**known, "titles": {"en": "A"}, "price": 1000, "sourcing": "on_demand", **more})


def offer(supplier: str, cost: int, **more: Any) -> tuple[Offer, Supplier]:
    of = {key.removeprefix("by_"): more.pop(key) for key in list(more) if key.startswith("by_")}
    known = {"title": supplier, "adapter": "quanyi", "endpoint": "https://s.test", "created_at": NOW, "updated_at": NOW}
    seller = Supplier.model_validate({"id": supplier, **known, **of})
    return Offer(sku="a", supplier=supplier, code="c", cost=cost, updated_at=NOW, **more), seller


@given(COSTS, RULES)
def test_a_price_is_never_below_cost(cost: int, rule: MarkUp) -> None:
    price = price_of(cost, rule)
    assert price >= max(1, cost + rule.fixed)
    if rule.ending is None:
        assert price % rule.step == 0
    else:
        assert price % 100 == rule.ending
    assert price * 10_000 >= cost * (10_000 + rule.percent)


@given(COSTS, COSTS, RULES)
def test_a_higher_cost_never_makes_a_lower_price(one: int, other: int, rule: MarkUp) -> None:
    low, high = sorted((one, other))
    assert price_of(low, rule) <= price_of(high, rule)


@given(COSTS, RULES)
def test_a_price_is_the_lowest_that_the_rule_allows(cost: int, rule: MarkUp) -> None:
    least = max(1, cost + -(-cost * rule.percent // 10_000) + rule.fixed)
    assert price_of(cost, rule) - least < rule.step + 100


@pytest.mark.parametrize(
    ("cost", "rule", "price"),
    [
        (1000, {}, 1000),
        (1000, {"percent": 1000}, 1100),
        (1001, {"percent": 1000}, 1102),
        (1000, {"percent": 1000, "fixed": 30, "step": 50}, 1150),
        (1850, {"ending": 99}, 1899),
        (1900, {"ending": 99}, 1999),
        (1899, {"ending": 99}, 1899),
        (0, {}, 1),
        (0, {"ending": 0}, 100),
    ],
)
def test_prices_by_example(cost: int, rule: dict[str, Any], price: int) -> None:
    assert price_of(cost, MarkUp(**rule)) == price


def test_the_first_offer_with_a_rule_that_applies_sets_the_price() -> None:
    always, up = MarkUp(percent=1000, apply="always"), MarkUp(percent=1000, apply="up")
    plain = offer("one", 500)
    assert priced(sku(), [plain]) is None
    found = priced(sku(), [plain, offer("two", 800, by_mark_up=always), offer("three", 850, mark_up=always)])
    assert found is not None
    assert (found.price, found.supplier) == (880, "two")
    found = priced(sku(), [offer("two", 800, by_mark_up=always), offer("three", 850, mark_up=always, priority=1)])
    assert found is not None
    assert (found.price, found.supplier) == (935, "three"), "priority before cost"
    assert priced(sku(), [offer("two", 800, mark_up=up)]) is None, "only up"
    assert priced(sku(price=700), [offer("two", 800, mark_up=up)]) is not None
    assert priced(sku(price=880), [offer("two", 800, mark_up=always)]) is None, "it is that already"
    for shut in ({"enabled": False}, {"on_sale": False}, {"by_enabled": False}, {"by_currency": "USD"}, {"minimum": 2}):
        assert priced(sku(), [offer("two", 800, mark_up=always, **shut)]) is None


@pytest.mark.parametrize(("cost", "bounded"), [(1500, False), (1501, True), (500, False), (499, True)])
def test_a_price_does_not_move_far_by_itself(cost: int, bounded: bool) -> None:
    found = priced(sku(), [offer("two", cost, mark_up=MarkUp(apply="always"))])
    assert found is not None
    assert (found.price, found.bounded) == (cost, bounded)


@pytest.mark.parametrize("sourcing", ["on_demand", "stock_then_supplier"])
def test_a_sku_that_no_offer_fits_is_halted_and_comes_back(sourcing: str) -> None:
    mine = sku(sourcing=sourcing, least_margin=1000)
    assert halted(mine, [offer("one", 901), offer("two", 950)]) == "below_cost"
    assert halted(mine, [offer("one", 900), offer("two", 950)]) == ""
    off = mine.model_copy(update={"halted": "below_cost"})
    assert not off.sold_in("site", NOW)
    assert mine.sold_in("site", NOW)
    assert halted(off, [offer("one", 901)]) == "below_cost"
    assert halted(off, [offer("one", 901), offer("two", 900)]) == ""


def test_it_is_judged_at_its_lowest_price() -> None:
    assert halted(sku(), [offer("one", 850)]) == ""
    tiers = [{"from_quantity": 10, "price": 800}]
    assert halted(sku(tiers=tiers), [offer("one", 850)]) == "below_cost"
    assert halted(sku(channels={"taobao": {"price": 840}}), [offer("one", 850)]) == "below_cost"
    assert halted(sku(channels={"taobao": {"price": 840, "visible": False}}), [offer("one", 850)]) == ""
    only = {"only_listed_channels": True, "price": 500}
    assert halted(sku(**only, channels={"taobao": {"price": 900}}), [offer("one", 850)]) == ""
    assert halted(sku(**only), [offer("one", 850)]) == "below_cost", "sold nowhere: by its list price"
    own = {"taobao": {"tiers": tiers}}
    assert halted(sku(channels=own), [offer("one", 850)]) == "below_cost"


def test_without_an_open_offer_it_stays_as_it_is() -> None:
    for state in ("", "below_cost"):
        mine = sku(halted=state)
        for offers in ([], [offer("one", 1, enabled=False)], [offer("one", 1, minimum=5)]):
            assert halted(mine, offers) == state
            assert verdict(mine, offers) is None


def test_stock_is_never_halted_but_judged() -> None:
    mine = sku(sourcing="stock")
    assert halted(mine, [offer("one", 2000)]) == ""
    found = verdict(mine, [offer("one", 2000)])
    assert found is not None
    assert (found.fits, found.halts, found.cost, found.most, found.supplier) == (False, False, 2000, 1000, "one")
    assert halted(mine.model_copy(update={"halted": "below_cost"}), []) == "", "it is no longer bought"
    form = {"fields": [{"name": "phone", "kind": "phone", "titles": {"zh-CN": "手机号"}}]}
    recharge = sku(kind="topup", sourcing="on_demand", topup=form, face_value=1000)
    assert halted(recharge, [offer("one", 2000)]) == "below_cost"
