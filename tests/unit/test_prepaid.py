"""Single-purpose prepaid cards: what the law does not allow is not published, and the article is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quanyi.catalog.model import SkuTerms
from quanyi.catalog.prepaid import BEARER_DAYS
from quanyi.catalog.product import Product, ProductTerms, check_bundles, in_state, new_product, revised
from quanyi.errors import Invalid

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LEAP = datetime(2028, 2, 29, tzinfo=UTC)
BEARER = {"industry": "retail", "registered": False}
REGISTERED = {"industry": "catering_hotel", "registered": True}


def terms(prepaid: dict[str, Any] | None, face_value: int | None = 500_00, **more: Any) -> SkuTerms:
    known = {
        "kind": "card",
        "titles": {"zh-CN": "购物卡"},
        "price": 48_000,
        "face_value": face_value,
        "prepaid": prepaid,
    }
    return SkuTerms.model_validate({**known, **more})


def stored(
    prepaid: dict[str, Any], amount: int = 500_00, *, value: Any = None, face_value: int | None = None, **rules: Any
) -> dict[str, Any]:
    """A SKU of vouchers; what else it has is up to the test."""
    value = value or {"kind": "amount", "amount": amount}
    terms = {"value": value, "rules": rules}
    return {"prepaid": prepaid, "face_value": face_value, "kind": "voucher", "voucher": terms}


def draft(*skus: SkuTerms) -> Product:
    about = ProductTerms.model_validate({"titles": {"zh-CN": "购物卡"}})
    return new_product("P1", about, [(f"s{i}", sku) for i, sku in enumerate(skus)], NOW, "hash")


def problems(refusal: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, int, str]]:
    assert refusal.value.extra["reason"] == "prepaid_rule"
    return [(p["sku"], p["article"], p["problem"]) for p in refusal.value.extra["problems"]]


def fault(sku: SkuTerms) -> list[tuple[int, str]]:
    with pytest.raises(Invalid) as refusal:
        in_state(draft(sku), "published", NOW)
    return [found[1:] for found in problems(refusal)]


@pytest.mark.parametrize(
    "sku",
    [
        terms(BEARER, 1_000_00),
        terms(REGISTERED, 5_000_00),
        terms(BEARER, validity={"days_from_delivery": BEARER_DAYS}),
        terms(BEARER, validity={"until": NOW.replace(year=2029)}, on_sale_until=NOW),
        terms(BEARER, validity={"until": datetime(2031, 3, 1, tzinfo=UTC)}, on_sale_until=LEAP),
        terms(None, 9_999_00, currency="USD", validity={"days_from_delivery": 1}),
        terms(**stored(BEARER, 1_000_00)),
        terms(**stored(REGISTERED, 5_000_00)),
        terms(**stored(BEARER, days_from_delivery=BEARER_DAYS)),
        terms(**stored(BEARER, valid_until=NOW.replace(year=2029)), on_sale_until=NOW),
        terms(**stored(BEARER, days_from_delivery=BEARER_DAYS, valid_from=NOW), on_sale_from=NOW),
        terms(
            **stored(BEARER, days_from_delivery=BEARER_DAYS + 9, valid_from=NOW + timedelta(days=9)), on_sale_from=NOW
        ),
        terms(**stored(BEARER, value={"kind": "times", "times": 10}, face_value=1_000_00)),
        *(terms({"industry": name, "registered": True}) for name in ("retail", "catering_hotel", "resident_services")),
    ],
)
def test_what_the_law_allows_is_published(sku: SkuTerms) -> None:
    assert in_state(draft(sku), "published", NOW).state == "published"


@pytest.mark.parametrize(
    ("sku", "faults"),
    [
        (terms(BEARER, 1_000_01), [(18, "above_1000_yuan")]),
        (terms(REGISTERED, 5_000_01), [(18, "above_5000_yuan")]),
        (terms(BEARER, None), [(18, "face_value_missing")]),
        (terms(REGISTERED, 0), [(18, "face_value_missing")]),
        (terms(BEARER, currency="USD"), [(18, "currency")]),
        (terms(REGISTERED, validity={"days_from_delivery": 3650}), [(19, "registered_card_expires")]),
        (terms(REGISTERED, validity={"until": NOW.replace(year=2099)}), [(19, "registered_card_expires")]),
        (terms(BEARER, validity={"days_from_delivery": BEARER_DAYS - 1}), [(19, "shorter_than_three_years")]),
        (terms(BEARER, validity={"until": NOW.replace(year=2099)}), [(19, "end_of_sale_missing")]),
        (terms(**stored(BEARER, 1_000_01, face_value=500_00)), [(18, "above_1000_yuan")]),
        (terms(**stored(REGISTERED, 5_000_01)), [(18, "above_5000_yuan")]),
        (terms(**stored(REGISTERED, days_from_delivery=3650)), [(19, "registered_card_expires")]),
        (terms(**stored(BEARER, days_from_delivery=BEARER_DAYS - 1)), [(19, "shorter_than_three_years")]),
        (terms(**stored(BEARER, valid_until=NOW.replace(year=2099))), [(19, "end_of_sale_missing")]),
        (
            terms(
                **stored(BEARER, valid_from=NOW + timedelta(days=1), valid_until=NOW.replace(year=2029)),
                on_sale_until=NOW,
            ),
            [(19, "shorter_than_three_years")],
        ),
        (
            terms(
                **stored(BEARER, days_from_delivery=BEARER_DAYS, valid_from=NOW + timedelta(days=9)), on_sale_from=NOW
            ),
            [(19, "shorter_than_three_years")],
        ),
        (
            terms(**stored(BEARER, days_from_delivery=BEARER_DAYS, valid_from=NOW)),
            [(19, "start_of_sale_missing")],
        ),
        (terms(**stored(BEARER, value={"kind": "times", "times": 10})), [(18, "face_value_missing")]),
        (
            terms(BEARER, 2_000_00, validity={"days_from_delivery": 30}),
            [(18, "above_1000_yuan"), (19, "shorter_than_three_years")],
        ),
    ],
)
def test_what_it_does_not_is_refused_with_the_article(sku: SkuTerms, faults: list[tuple[int, str]]) -> None:
    assert fault(sku) == faults


def test_a_fixed_end_leaves_three_years_to_the_last_buyer() -> None:
    ends = NOW.replace(year=2029)
    short = {"until": ends - timedelta(milliseconds=1)}
    assert fault(terms(BEARER, validity=short, on_sale_until=NOW)) == [(19, "shorter_than_three_years")]
    # From a 29 February three years end with the following 28 February.
    short = {"until": datetime(2031, 2, 28, tzinfo=UTC)}
    assert fault(terms(BEARER, validity=short, on_sale_until=LEAP)) == [(19, "shorter_than_three_years")]
    # Who waits for stock is delivered later.
    waits: dict[str, Any] = {"on_shortage": "backlog", "backlog_hours": 48}
    late = terms(BEARER, validity={"until": ends}, on_sale_until=NOW, **waits)
    assert fault(late) == [(19, "shorter_than_three_years")]
    in_state(
        draft(terms(BEARER, validity={"until": ends + timedelta(days=2)}, on_sale_until=NOW, **waits)), "published", NOW
    )


def test_all_problems_of_all_skus_are_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        in_state(draft(terms(BEARER, 1_000_01), terms(BEARER), terms(REGISTERED, None)), "published", NOW)
    assert problems(refusal) == [("s0", 18, "above_1000_yuan"), ("s2", 18, "face_value_missing")]


def test_a_draft_may_be_unfinished_but_a_published_product_may_not_become_wrong() -> None:
    wrong = {"s0": terms(BEARER, 1_000_01)}
    assert revised(draft(terms(BEARER)), NOW, skus=wrong).version == 2
    shown = in_state(draft(terms(BEARER)), "published", NOW)
    with pytest.raises(Invalid) as refusal:
        revised(shown, NOW, skus=wrong)
    assert problems(refusal) == [("s0", 18, "above_1000_yuan")]
    assert revised(shown, NOW, skus={"s0": terms(BEARER, 900_00)}).version == 3
    archived = in_state(shown, "archived", NOW)
    assert revised(archived, NOW, skus=wrong).state == "archived"


@pytest.mark.parametrize(
    "more",
    [
        {"prepaid": {"industry": "education", "registered": True}},
        {"prepaid": {"industry": "retail"}},
        {"prepaid": BEARER, "kind": "manual"},
        stored(BEARER, value={"kind": "once"}),
        stored(BEARER, value={"kind": "goods", "goods": [{"name": "tea"}]}),
        {"prepaid": BEARER, "kind": "bundle", "components": [{"sku": "x", "quantity": 1}]},
    ],
)
def test_what_is_no_prepaid_card_of_the_measures(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="prepaid"):
        terms(**{"prepaid": None, **more})


def test_a_bundle_sells_its_cards_as_long_as_it_is_on_sale_itself() -> None:
    validity = {"until": NOW.replace(year=2029)}
    fits, other = terms(BEARER, validity=validity, on_sale_until=NOW), terms(REGISTERED)
    cards = {sku.id: sku for sku in in_state(draft(fits, other), "published", NOW).skus}

    def bundle(**more: Any) -> Product:
        parts = [{"sku": "s0", "quantity": 1}, {"sku": "s1", "quantity": 1}]
        sku = terms(None, None, kind="bundle", components=parts, **more)
        about = ProductTerms.model_validate({"titles": {"zh-CN": "礼包"}})
        return new_product("P2", about, [("b", sku)], NOW, "hash")

    check_bundles(bundle(), cards)
    check_bundles(in_state(bundle(on_sale_until=NOW), "published", NOW), cards)
    for more, problem in (
        ({}, "end_of_sale_missing"),
        ({"on_sale_until": NOW + timedelta(days=1)}, "shorter_than_three_years"),
    ):
        with pytest.raises(Invalid) as refusal:
            check_bundles(in_state(bundle(**more), "published", NOW), cards)
        assert problems(refusal) == [("s0", 19, problem)]
        assert refusal.value.extra["problems"][0]["bundle"] == "b"
