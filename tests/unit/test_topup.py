"""What a top-up's SKU says, and the accounts that its buyers name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quanyi.catalog.account_form import form_of
from quanyi.catalog.accounts import Account, AccountInvalid, account_of, masked
from quanyi.catalog.model import Sku, SkuTerms
from quanyi.catalog.topup import TopupTerms

PHONE: dict[str, Any] = {"name": "phone", "kind": "phone", "titles": {"zh-CN": "手机号", "en": "Phone"}}
QQ: dict[str, Any] = {"name": "qq", "kind": "qq", "titles": {"zh-CN": "QQ号"}}
ZONE: dict[str, Any] = {
    "name": "zone",
    "kind": "choice",
    "titles": {"zh-CN": "大区"},
    "options": [
        {"value": "dx1", "titles": {"zh-CN": "电信一区", "en": "Telecom 1"}},
        {"value": "wt1", "titles": {"zh-CN": "网通一区"}},
    ],
}


def field(**terms: Any) -> dict[str, Any]:
    return {"name": "account", "titles": {"en": "Account"}, **terms}


def terms(*fields: dict[str, Any], **more: Any) -> TopupTerms:
    return TopupTerms.model_validate({"fields": fields or (PHONE,), **more})


def sku(sku_id: str = "phone-50", **more: Any) -> Sku:
    known: dict[str, Any] = {"id": sku_id, "product_id": "P", "product_state": "published", "version": 1}
    mine: dict[str, Any] = {"kind": "topup", "titles": {"en": sku_id}, "price": 4980, "face_value": 5000}
    return Sku.model_validate({**known, **mine, "topup": {"fields": [PHONE]}, **more})


def faults(given: dict[str, str], *fields: dict[str, Any], **more: Any) -> dict[str, str]:
    with pytest.raises(AccountInvalid) as refusal:
        account_of(terms(*fields, **more), given)
    return {error["field"]: error["reason"] for error in refusal.value.extra["errors"]}


def read(kind: str, typed: str, **more: Any) -> str:
    return account_of(terms(field(kind=kind, **more)), {"account": typed}).values["account"]


# The SKU.


def test_a_topup_is_bought_on_demand_whether_it_says_so_or_not() -> None:
    assert sku().sourcing == "on_demand"
    with pytest.raises(ValidationError, match="on demand"):
        sku(sourcing="stock_then_supplier")


@pytest.mark.parametrize(
    "more",
    [
        {"topup": None},
        {"face_value": None},
        {"face_value": 0},
        {"shards": 2},
        {"issuer": "acme"},
        {"card_format": "number_pin"},
        {"warranty_days": 7},
        {"free_replacements": 1},
        {"replace_with": ["b"]},
        {"reusable_uses": 3},
        {"validity": {"days_from_delivery": 30}},
        {"prepaid": {"industry": "retail", "registered": False}},
    ],
)
def test_a_topup_has_nothing_that_only_cards_have(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        sku(**more)


def test_only_cards_and_topups_are_bought() -> None:
    same: dict[str, Any] = {"titles": {"en": "x"}, "price": 1}
    for sourcing in ("stock", "on_demand", "stock_then_supplier"):
        assert SkuTerms.model_validate({**same, "kind": "card", "sourcing": sourcing}).sourcing == sourcing
    for kind, parts in (("manual", []), ("bundle", [{"sku": "a", "quantity": 1}])):
        with pytest.raises(ValidationError, match="bought"):
            SkuTerms.model_validate({**same, "kind": kind, "components": parts, "sourcing": "on_demand"})
    with pytest.raises(ValidationError, match="top-up"):
        SkuTerms.model_validate({**same, "kind": "card", "topup": {"fields": [PHONE]}})


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ([], {}),
        ([PHONE, PHONE], {}),
        ([{**PHONE, "required": False}], {}),
        ([{**PHONE, "options": ZONE["options"]}], {}),
        ([{**ZONE, "options": []}], {}),
        ([{**ZONE, "options": [ZONE["options"][0]] * 2}], {}),
        ([{**PHONE, "least": 3}], {}),
        ([{**QQ, "countries": ["1"]}], {}),
        ([{**QQ, "characters": "ascii"}], {}),
        ([field(kind="text", least=9, most=8)], {}),
        ([field(kind="text", most=65)], {}),
        ([field(kind="text", pattern="(a+)+$")], {}),
        ([{**PHONE, "name": "a.b"}], {}),
        ([ZONE], {"regions": {"zone": ["dx9"]}}),
        ([ZONE], {"regions": {"zone": []}}),
        ([ZONE], {"regions": {"other": ["dx1"]}}),
        ([PHONE], {"regions": {"phone": ["138"]}}),
    ],
)
def test_a_form_that_cannot_be_filled_in_is_refused(fields: list[Any], more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TopupTerms.model_validate({"fields": fields, **more})


# Accounts.


@pytest.mark.parametrize(
    "typed",
    [
        "13800138888",
        "138-0013-8888",
        " 138 0013 8888 ",
        "+86 13800138888",
        "008613800138888",
        "8613800138888",
        "１３８００１３８８８８",
    ],
)
def test_a_mainland_number_has_one_form(typed: str) -> None:
    assert account_of(terms(), {"phone": typed}).values == {"phone": "13800138888"}


def test_other_countries_are_served_where_the_field_says_so() -> None:
    for typed in ("+852 9123 4567", "0085291234567", "+1 212 555 0100"):
        assert faults({"phone": typed}) == {"phone": "country"}
    both = terms({**PHONE, "countries": ["86", "852"]})
    assert account_of(both, {"phone": "+852 9123-4567"}).values == {"phone": "+85291234567"}
    assert account_of(both, {"phone": "13800138888"}).values == {"phone": "13800138888"}
    assert faults({"phone": "13800138888"}, {**PHONE, "countries": ["852"]}) == {"phone": "country"}
    for typed in ("12345678901", "1380013888", "138001388889", "+86 12345678901", "+8613800", "abc", "+", "12"):
        assert faults({"phone": typed}) in ({"phone": "format"}, {"phone": "country"})


def test_each_kind_of_field_takes_what_can_be_one() -> None:
    assert read("qq", "１２３４５") == "12345"
    assert read("wechat", "wxid_abc-1") == "wxid_abc-1"
    assert read("email", "Ann.Lee@Example.COM") == "Ann.Lee@example.com"
    assert read("digits", "００１２", least=4, most=4) == "0012"
    assert read("text", " 战神★ ") == "战神★"
    assert read("text", "Ab", characters="letters") == "Ab"
    assert read("choice", "dx1", options=ZONE["options"]) == "dx1"


@pytest.mark.parametrize(
    ("kind", "more", "typed", "reason"),
    [
        ("qq", {}, "0123456", "format"),
        ("qq", {}, "1234", "format"),
        ("qq", {}, "123456789012", "format"),
        ("wechat", {}, "1abcdef", "format"),
        ("wechat", {}, "abc", "format"),
        ("email", {}, "a@b", "format"),
        ("email", {}, "a b@example.com", "format"),
        ("digits", {"least": 4}, "123", "length"),
        ("digits", {"most": 4}, "12345", "length"),
        ("digits", {}, "12a", "format"),
        ("text", {"most": 3}, "abcd", "length"),
        ("text", {}, "a\u0000b", "format"),
        ("text", {}, "a\u202eb", "format"),
        ("text", {"characters": "letters_digits"}, "a b", "format"),
        ("text", {"characters": "ascii"}, "é", "format"),
        ("choice", {"options": ZONE["options"]}, "dx2", "option"),
    ],
)
def test_what_cannot_be_one_is_refused(kind: str, more: dict[str, Any], typed: str, reason: str) -> None:
    assert faults({"account": typed}, field(kind=kind, **more)) == {"account": reason}


def test_every_wrong_field_is_named_and_none_of_its_text() -> None:
    with pytest.raises(AccountInvalid) as refusal:
        account_of(
            terms(PHONE, QQ, ZONE, regions={"zone": ["dx1"]}), {"qq": "7777-secret", "zone": "wt1", "server": "9"}
        )
    named = {error["field"]: error["reason"] for error in refusal.value.extra["errors"]}
    assert named == {"phone": "missing", "qq": "format", "zone": "region", "server": "unknown"}
    assert "7777" not in f"{refusal.value}{refusal.value.extra}"


def test_an_optional_field_may_stay_empty() -> None:
    form = terms(PHONE, {**QQ, "required": False})
    assert account_of(form, {"phone": "13800138888", "qq": "  "}).values == {"phone": "13800138888"}


def test_an_account_is_shown_masked() -> None:
    form = terms(QQ, ZONE, field(kind="text", secret=True))
    account = account_of(form, {"qq": "12345689", "zone": "dx1", "account": "hush"})
    assert masked(form, account) == "QQ 12***89 · 电信一区 · ***"
    assert masked(form, account, "en") == "QQ 12***89 · Telecom 1 · ***"
    assert masked(terms(), Account({"phone": "13800138888"})) == "138****8888"
    assert masked(terms(field(kind="email")), Account({"account": "ann@example.com"})) == "a***@example.com"
    assert masked(terms(field(kind="text")), Account({"account": "战神"})) == "***"
    assert "12345689" not in repr(account)


@given(st.sampled_from(["text", "digits", "email", "phone", "qq"]), st.text("0123456789", min_size=7, max_size=15))
def test_a_masked_text_hides_at_least_a_third(kind: str, digits: str) -> None:
    value = {"email": f"{digits}@example.com", "phone": f"+{digits}"}.get(kind, digits)
    form = terms(field(kind=kind))
    shown = masked(form, Account({"account": value})).replace("@example.com", "")
    assert sum(c.isdigit() for c in shown) <= 2 * len(digits) // 3 + 1
    assert digits not in shown


@given(st.dictionaries(st.sampled_from(["phone", "qq", "zone", "x"]), st.text(max_size=80), max_size=4))
def test_whatever_is_typed_is_an_account_or_refused(typed: dict[str, str]) -> None:
    form = terms(PHONE, {**QQ, "required": False}, ZONE)
    try:
        account = account_of(form, typed)
    except AccountInvalid:
        return
    assert account_of(form, account.values) == account
    assert Account.from_text(account.to_text()) == account


# Forms.


def test_a_bundle_asks_for_all_its_accounts_in_one_form() -> None:
    card = sku("card", kind="card", topup=None)
    parts = [{"sku": name, "quantity": 1} for name in ("phone-50", "card", "qq.coins")]
    bundle = sku("pack", kind="bundle", topup=None, components=parts)
    confirm = {"zh-CN": "充值不可退"}
    coins = {"fields": [QQ, ZONE], "regions": {"zone": ["wt1"]}, "confirm_text": confirm}
    known = {
        "phone-50": sku(topup={"fields": [PHONE], "confirm_text": confirm}),
        "card": card,
        "qq.coins": sku("qq.coins", topup=coins),
    }
    form = form_of(bundle, known)
    assert [each.name for each in form.fields] == ["phone-50.phone", "qq.coins.qq", "qq.coins.zone"]
    assert [option.value for option in form.fields[2].options] == ["wt1"]
    assert form.confirm_texts == [confirm]
    given = {"phone-50.phone": "13800138888", "qq.coins.qq": "12345", "qq.coins.zone": "wt1"}
    accounts, wrong = form.read(given, "lines.0")
    assert not wrong
    assert {name: one.values for name, one in accounts.items()} == {
        "phone-50": {"phone": "13800138888"},
        "qq.coins": {"qq": "12345", "zone": "wt1"},
    }
    _, wrong = form.read({"phone": "13800138888"}, "lines.0")
    assert {fault.field for fault in wrong} == {f"lines.0.{name}" for name in (*given, "phone")}
    assert form_of(card, {}).fields == []
