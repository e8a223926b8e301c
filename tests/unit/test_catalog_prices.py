"""What a SKU costs and where it is sold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quanyi.catalog.model import Sku, SkuTerms

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def sku(**terms: Any) -> Sku:
    known = {"kind": "card", "titles": {"zh-CN": "月卡"}, "price": 2000}
    kept = {"id": "month", "product_id": "P1", "product_state": "published", "version": 1}
    return Sku.model_validate({**known, **kept, **terms})


quantities = st.integers(1, 1000)
tier_lists = st.dictionaries(st.integers(2, 1000), st.integers(1, 10**6), max_size=6).map(
    lambda steps: [{"from_quantity": q, "price": p} for q, p in sorted(steps.items())]
)


@given(tiers=tier_lists, quantity=quantities)
def test_the_highest_tier_reached_sets_the_price(tiers: list[dict[str, int]], quantity: int) -> None:
    reached = [tier["price"] for tier in tiers if tier["from_quantity"] <= quantity]
    assert sku(tiers=tiers).unit_price("h5", quantity) == (reached[-1] if reached else 2000)


@given(tiers=tier_lists, own=st.integers(1, 10**6), quantity=quantities)
def test_a_channels_own_price_leaves_no_other_tier(tiers: list[dict[str, int]], own: int, quantity: int) -> None:
    priced = sku(tiers=tiers, channels={"h5": {"price": own}})
    assert priced.unit_price("h5", quantity) == own
    assert priced.unit_price("app", quantity) == sku(tiers=tiers).unit_price("app", quantity)


@given(tiers=tier_lists, own=tier_lists.filter(bool), quantity=quantities)
def test_a_channels_own_tiers_replace_the_skus(
    tiers: list[dict[str, int]], own: list[dict[str, int]], quantity: int
) -> None:
    priced = sku(tiers=tiers, channels={"h5": {"tiers": own}})
    assert priced.unit_price("h5", quantity) == sku(tiers=own).unit_price("app", quantity)


@pytest.mark.parametrize(
    ("terms", "sold"),
    [
        ({}, True),
        ({"product_state": "draft"}, False),
        ({"product_state": "archived"}, False),
        ({"channels": {"h5": {"visible": False}}}, False),
        ({"channels": {"app": {"visible": False}}}, True),
        ({"only_listed_channels": True}, False),
        ({"only_listed_channels": True, "channels": {"h5": {}}}, True),
        ({"on_sale_from": NOW}, True),
        ({"on_sale_from": NOW + timedelta(seconds=1)}, False),
        ({"on_sale_until": NOW}, False),
        ({"on_sale_until": NOW + timedelta(seconds=1)}, True),
    ],
)
def test_where_and_when_it_is_sold(terms: dict[str, Any], sold: bool) -> None:
    assert sku(**terms).sold_in("h5", NOW) is sold


@pytest.mark.parametrize(
    "terms",
    [
        {"price": 0},
        {"price": -1},
        {"price": 10**13},
        {"price": 19.99},
        {"price": "1999"},
        {"price": True},
        {"currency": "yuan"},
        {"titles": {}},
        {"titles": {"zh-CN": "  "}},
        {"titles": {"fr": "Carte"}},
        {"kind": "bundle"},
        {"components": [{"sku": "other", "quantity": 1}]},
        {"kind": "bundle", "components": [{"sku": "a", "quantity": 1}, {"sku": "a", "quantity": 2}]},
        {"kind": "manual", "reusable_uses": 5},
        {"tiers": [{"from_quantity": 10, "price": 5}, {"from_quantity": 5, "price": 6}]},
        {"tiers": [{"from_quantity": 1, "price": 5}]},
        {"on_sale_from": "2026-02-01T00:00:00Z", "on_sale_until": "2026-01-01T00:00:00Z"},
        {"on_sale_from": "2026-02-01T00:00:00"},
        {"validity": {"until": "2027-01-01T00:00:00Z", "days_from_delivery": 30}},
        {"images": ["javascript:alert(1)"]},
        {"channels": {"Not A Channel": {}}},
        {"colour": "red"},
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any]) -> None:
    known = {"kind": "card", "titles": {"zh-CN": "月卡"}, "price": 2000}
    with pytest.raises(ValidationError):
        SkuTerms.model_validate({**known, **terms})


def test_a_title_falls_back_to_another_language() -> None:
    assert sku(titles={"en": "Month"}).title("zh-CN") == "Month"
    assert sku(titles={"en": "Month", "zh-CN": "月卡"}).title("zh-CN") == "月卡"
