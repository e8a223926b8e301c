"""A product and its SKUs: what may change, what publishing needs, how it is found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from quanyi.catalog.listing import fold, rows, search_text, words
from quanyi.catalog.model import Sku, SkuTerms
from quanyi.catalog.product import Product, ProductTerms, check_bundles, in_state, new_product, revised, terms_of
from quanyi.errors import Conflict, Invalid

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def sku_terms(**terms: Any) -> SkuTerms:
    return SkuTerms.model_validate({"kind": "card", "titles": {"zh-CN": "月卡"}, "price": 2000, **terms})


def product(*skus: tuple[str, SkuTerms], **terms: Any) -> Product:
    told = ProductTerms.model_validate({"titles": {"zh-CN": "黄金会员", "en": "Gold"}, **terms})
    return new_product("P1", told, skus, NOW, "hash")


def published(*skus: tuple[str, SkuTerms], **terms: Any) -> Product:
    return in_state(product(*skus, **terms), "published", NOW)


def reason(refusal: pytest.ExceptionInfo[Conflict] | pytest.ExceptionInfo[Invalid]) -> str:
    return refusal.value.extra["reason"]


def test_a_changed_sku_alone_gets_a_new_version() -> None:
    old = product(("a", sku_terms()), ("b", sku_terms()))
    new = revised(old, LATER, skus={"a": sku_terms(price=1), "b": sku_terms()})
    assert [(sku.id, sku.version, sku.price) for sku in new.skus] == [("a", 2, 1), ("b", 1, 2000)]
    assert (new.version, new.updated_at, new.created_at) == (2, LATER, NOW)


def test_the_same_terms_again_change_nothing() -> None:
    old = product(("a", sku_terms()))
    assert revised(old, LATER, terms=old.terms, skus={"a": terms_of(old.skus[0])}) is old
    assert in_state(old, "draft", LATER) is old


def test_a_sku_can_be_added_but_not_removed_or_become_another_thing() -> None:
    old = product(("a", sku_terms()))
    assert [sku.id for sku in revised(old, LATER, skus={"b": sku_terms(), "a": sku_terms()}).skus] == ["b", "a"]
    with pytest.raises(Invalid) as missing:
        revised(old, LATER, skus={})
    assert reason(missing) == "sku_missing"
    for other in ({"kind": "manual"}, {"currency": "USD"}, {"issuer": "other"}, {"card_format": "link"}):
        with pytest.raises(Invalid) as fixed:
            revised(old, LATER, skus={"a": sku_terms(**other)})
        assert reason(fixed) == "sku_fixed"


def test_a_products_state_stands_on_its_skus() -> None:
    old = product(("a", sku_terms()))
    new = in_state(old, "published", LATER)
    assert (new.state, new.skus[0].product_state, new.skus[0].version) == ("published", "published", 2)
    added = revised(new, LATER, skus={"a": terms_of(new.skus[0]), "b": sku_terms()})
    assert added.skus[1].product_state == "published"
    with pytest.raises(Conflict) as empty:
        in_state(product(), "published", LATER)
    assert reason(empty) == "no_skus"


def test_bundles_consist_of_known_cards_and_services_in_one_currency() -> None:
    part = {"components": [{"sku": "x", "quantity": 2}], "kind": "bundle"}
    bundle = product(("pack", sku_terms(**part)))

    def other(**terms: Any) -> dict[str, Sku]:
        kept = {"id": "x", "product_id": "P2", "product_state": "published", "version": 1}
        return {"x": Sku.model_validate({**sku_terms(**terms).model_dump(), **kept})}

    check_bundles(bundle, other())
    check_bundles(bundle, other(kind="manual"))
    for parts, problem in (
        ({}, "unknown"),
        (other(currency="USD"), "currency"),
        (other(kind="bundle", components=[{"sku": "y", "quantity": 1}]), "kind"),
    ):
        with pytest.raises(Invalid) as wrong:
            check_bundles(bundle, parts)
        assert wrong.value.extra["components"][0]["problem"] == problem
    check_bundles(product(("pack", sku_terms(**part)), ("x", sku_terms())), {})


def test_a_product_is_bounded() -> None:
    with pytest.raises(Invalid) as many:
        product(*[(f"s{i}", sku_terms()) for i in range(51)])
    assert reason(many) == "too_many_skus"
    with pytest.raises(Invalid) as large:
        product(*[(f"s{i}", sku_terms(tutorial={"en": "x" * 20_000})) for i in range(20)])
    assert reason(large) == "too_large"
    with pytest.raises(Invalid) as twice:
        product(("a", sku_terms()), ("a", sku_terms()))
    assert reason(twice) == "sku_twice"


def test_text_is_found_in_any_language_width_and_case() -> None:
    text = search_text(product(("iqiyi-month", sku_terms(titles={"zh-CN": "爱奇艺ＶＩＰ月卡"}))))
    for q in ("奇艺", "vip", "ＧＯＬＤ", "黄金 月卡", "GOLD 月"):
        assert all(word in text for word in words(q)), q
    assert fold("  Ａ  b\tÇ ") == "a b ç"
    with pytest.raises(Invalid):
        words("a b c d e f")


def test_only_published_products_have_shop_rows() -> None:
    assert set(rows(product(("a", sku_terms())))) == {"all"}
    assert set(rows(published(("a", sku_terms())))) == {"all", "rank", "newest", "price"}


SIEVES: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([{}], {}),
    ([{"channels": {"h5": {"visible": False}}}], {"hidden_in": ["h5"]}),
    ([{"channels": {"h5": {"visible": False}}}, {}], {}),
    ([{"only_listed_channels": True, "channels": {"h5": {}, "app": {"visible": False}}}], {"only_in": ["h5"]}),
    ([{"only_listed_channels": True}], {"only_in": []}),
    ([{"only_listed_channels": True, "channels": {"h5": {}}}, {"channels": {"h5": {"visible": False}}}], {}),
]


@pytest.mark.parametrize(("channels", "row"), SIEVES)
def test_the_sieve_never_hides_what_a_channel_sells(channels: list[dict[str, Any]], row: dict[str, Any]) -> None:
    shown = published(*[(f"s{i}", sku_terms(**terms)) for i, terms in enumerate(channels)])
    kept = rows(shown)["rank"]
    assert {name: kept[name] for name in ("only_in", "hidden_in") if name in kept} == row
    for channel in ("h5", "app", "taobao"):
        passes = channel in kept.get("only_in", [channel]) and channel not in kept.get("hidden_in", [])
        assert passes or shown.sold_in(channel, NOW) is None


def voucher_terms(**terms: Any) -> SkuTerms:
    return sku_terms(**{"kind": "voucher", "voucher": {}, **terms})


@pytest.mark.parametrize(
    "terms",
    [
        {"voucher": None},
        {"kind": "card"},
        {"voucher": {"currency": "USD"}},
        {"issuer": "acme"},
        {"card_format": "number_pin"},
        {"validity": {"days_from_delivery": 30}},
        {"replace_with": ["b"]},
        {"reusable_uses": 3},
        {"voucher": {"code_template": "****-***?"}},
        {"voucher": {"value": {"kind": "times", "times": 1}}},
        {"voucher": {"ways": []}},
    ],
)
def test_a_voucher_whose_terms_do_not_fit(terms: dict[str, Any]) -> None:
    assert voucher_terms().voucher
    with pytest.raises(ValidationError):
        voucher_terms(**terms)


def test_what_a_voucher_is_worth_may_change_but_not_how_it_is_issued() -> None:
    old = product(("a", voucher_terms()))
    new = revised(old, LATER, skus={"a": voucher_terms(voucher={"value": {"kind": "times", "times": 5}})})
    assert (new.skus[0].version, new.skus[0].own) == (2, "mint")
    with pytest.raises(Invalid) as fixed:
        revised(old, LATER, skus={"a": voucher_terms(voucher={"issue": "stock"})})
    assert (reason(fixed), fixed.value.extra["fields"]) == ("sku_fixed", ["voucher.issue"])


def test_bundles_may_hold_vouchers_but_no_bundles() -> None:
    pack = {"kind": "bundle", "components": [{"sku": "a", "quantity": 2}]}
    check_bundles(product(("a", voucher_terms()), ("pack", sku_terms(**pack))), {})
    twice = product(("a", voucher_terms()), ("pack", sku_terms(**pack)))
    nested = {"kind": "bundle", "components": [{"sku": "pack", "quantity": 1}]}
    with pytest.raises(Invalid):
        check_bundles(product(*((s.id, terms_of(s)) for s in twice.skus), ("packs", sku_terms(**nested))), {})
