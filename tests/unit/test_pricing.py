"""What a basket costs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.catalog.model import Sku
from quanyi.errors import Invalid, NotOnSale, OverLimit
from quanyi.ids import base32, derived_id
from quanyi.money import split
from quanyi.orders.pricing import Wanted, components_of, merged, quote

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def sku(sku_id: str, **terms: object) -> Sku:
    known = {"id": sku_id, "product_id": "P", "product_state": "published", "version": 1, "kind": "card"}
    return Sku.model_validate({**known, "titles": {"en": sku_id}, "price": 1000, **terms})


def test_tiers_see_the_whole_quantity_of_a_sku() -> None:
    tiers = [{"from_quantity": 3, "price": 900}, {"from_quantity": 10, "price": 800}]
    skus = {"a": sku("a", tiers=tiers)}
    for quantity, total in ((2, 2000), (3, 2700), (9, 8100), (10, 8000)):
        assert quote([Wanted("a", quantity)], skus, "site", NOW).total == total
    assert quote(merged([Wanted("a", 2), Wanted("a", 1)]), skus, "site", NOW).total == 2700


def test_a_channels_price_replaces_price_and_tiers() -> None:
    terms = {"tiers": [{"from_quantity": 2, "price": 500}], "channels": {"taobao": {"price": 950}}}
    assert quote([Wanted("a", 2)], {"a": sku("a", **terms)}, "taobao", NOW).total == 1900


def test_what_is_below_cost_is_not_sold_alone_or_in_a_bundle() -> None:
    halted = sku("a", halted="below_cost", sourcing="on_demand")
    skus = {"a": halted, "x": sku("x", kind="bundle", components=[{"sku": "a", "quantity": 2}])}
    with pytest.raises(NotOnSale) as refused:
        quote([Wanted("x", 1), Wanted("a", 1)], skus, "site", NOW)
    assert refused.value.extra["skus"] == ["a", "x"]


def test_a_bundle_is_split_pro_rata_to_the_last_fen() -> None:
    parts = [{"sku": "a", "quantity": 2}, {"sku": "b", "quantity": 1}]
    skus = {"a": sku("a", price=1), "b": sku("b", price=3), "x": sku("x", kind="bundle", price=999, components=parts)}
    assert components_of({"x": skus["x"]}) == ["a", "b"]
    priced = quote([Wanted("x", 2)], skus, "site", NOW)
    assert [u.sku for u in priced.units] == ["a", "a", "b"] * 2
    assert [u.amount for u in priced.units] == [200, 200, 599] * 2
    assert len({u.id for u in priced.units}) == 6


def test_the_version_changes_with_price_and_content_only() -> None:
    one = quote([Wanted("a", 1)], {"a": sku("a")}, "site", NOW).version
    assert quote([Wanted("a", 1)], {"a": sku("a")}, "site", NOW).version == one
    assert quote([Wanted("a", 1)], {"a": sku("a", price=1001)}, "site", NOW).version != one
    assert quote([Wanted("a", 2)], {"a": sku("a")}, "site", NOW).version != one


def test_limits_are_named_all_at_once() -> None:
    skus = {"a": sku("a", limit_per_order=2), "b": sku("b", limit_per_order=1)}
    with pytest.raises(OverLimit) as refusal:
        quote([Wanted("a", 3), Wanted("b", 2)], skus, "site", NOW)
    assert [limit["sku"] for limit in refusal.value.extra["limits"]] == ["a", "b"]
    with pytest.raises(Invalid):
        quote([Wanted("a", 1001)], {"a": sku("a")}, "site", NOW)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_shares_add_up_and_stray_less_than_one_unit(total: int, weights: list[int]) -> None:
    shares = split(total, weights)
    assert sum(shares) == total
    whole = sum(weights) or len(weights)
    used = weights if sum(weights) else [1] * len(weights)
    assert all(abs(share * whole - total * weight) < whole for share, weight in zip(shares, used, strict=True))


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40))
def test_ids_of_different_bytes_differ(one: bytes, two: bytes) -> None:
    if len(one) == len(two) and one != two:
        assert base32(one) != base32(two)
    assert len(base32(one)) == (len(one) * 8 + 4) // 5
    assert derived_id("O", "a", "bc") != derived_id("O", "ab", "c")
