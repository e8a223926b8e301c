"""Accounts to be topped up: what a buyer filled in, in one form, or every field that is wrong; and how an account is
shown to people who need not know it.

An account is personal data. It is sealed before it is kept (`orders.accounts`), and only its masked text is not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from json import dumps, loads
from typing import Literal
from unicodedata import category, normalize

from pydantic import BaseModel

from quanyi.catalog.texts import Language, said
from quanyi.catalog.topup import MAINLAND, AccountField, Characters, TopupTerms
from quanyi.errors import Invalid

Fault = Literal["missing", "unknown", "format", "length", "country", "option", "region", "count", "refused"]
"""`missing`: it is required. `unknown`: no such field. `format`, `length`: it cannot be one. `country`: that country's
numbers are not served. `option`: no such option; `region`: that one is not served. `count`: not one account for all
units, nor one for each. `refused`: the supplier says that it cannot be topped up."""


class FieldFault(BaseModel):
    """`field` names the field by its place in the request; what it held is not repeated."""

    field: str
    reason: Fault


class AccountInvalid(Invalid):
    """Accounts to be topped up are missing or wrong; `extra["errors"]` names every field."""

    code, title = "account_invalid", "An account to be topped up is missing or wrong"

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__("Some accounts cannot be topped up.", errors=[fault.model_dump() for fault in faults])


@dataclass(frozen=True)
class Account:
    """Values by field, in one form each."""

    values: Mapping[str, str] = field(repr=False)

    def to_text(self) -> str:
        return dumps(dict(self.values), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "Account":
        return cls(loads(text))


def account_of(terms: TopupTerms, given: Mapping[str, str], place: str = "") -> Account:
    """Raises AccountInvalid; its fields stand below `place`."""
    account, faults = read_account(terms, given)
    if faults:
        raise AccountInvalid([FieldFault(field=f"{place}{name}", reason=fault) for name, fault in faults.items()])
    return account


def read_account(terms: TopupTerms, given: Mapping[str, str]) -> tuple[Account, dict[str, Fault]]:
    """What was filled in, and by field what is wrong. An empty field counts as not filled in."""
    known = {field.name for field in terms.fields}
    values: dict[str, str] = {}
    faults: dict[str, Fault] = {name: "unknown" for name in given if name not in known}
    for each in terms.fields:
        typed = given.get(each.name, "").strip()
        if not typed:
            if each.required:
                faults[each.name] = "missing"
            continue
        value, fault = _read(terms, each, typed)
        if fault:
            faults[each.name] = fault
        else:
            values[each.name] = value
    return Account(values), faults


MOST_HINT = 100
"""Characters of an account's masked text."""


def masked(terms: TopupTerms, account: Account, language: Language = "zh-CN") -> str:
    """`138****8888`, or `QQ 12***89 · 电信一区`: enough for its owner to know it again."""
    shown = [_shown(each, account.values[each.name], language) for each in terms.fields if each.name in account.values]
    return " · ".join(shown)[:MOST_HINT]


# How a value is read.

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
"""China's mobile numbers (《电信网编号计划》: eleven digits, from 13 to 19)."""
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164: at most fifteen digits, the country's among them."""
_QQ = re.compile(r"[1-9][0-9]{4,10}")
_WECHAT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{5,19}")
"""A 微信号: 6 to 20 characters, a letter first."""
_EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")
_DIGITS = re.compile(r"[0-9]+")
_CHARACTERS: dict[Characters, re.Pattern[str]] = {
    "letters": re.compile(r"[A-Za-z]+"),
    "letters_digits": re.compile(r"[A-Za-z0-9_-]+"),
    "ascii": re.compile(r"[\x21-\x7e]+"),
}

Read = tuple[str, Fault | None]


def _read(terms: TopupTerms, field: AccountField, typed: str) -> Read:
    # Half width for what has no other meaning in full width; a name in a game keeps its characters.
    plain = normalize("NFKC", typed)
    match field.kind:
        case "phone":
            return _phone(field, plain)
        case "choice":
            return _choice(terms, field, typed)
        case "digits":
            return _sized(field, plain, fits=bool(_DIGITS.fullmatch(plain)))
        case "text":
            return _text(field, normalize("NFC", typed))
        case "qq":
            return plain, None if _QQ.fullmatch(plain) else "format"
        case "wechat":
            return plain, None if _WECHAT.fullmatch(plain) else "format"
        case "email":
            name, _, domain = plain.rpartition("@")
            return f"{name}@{domain.lower()}", None if _EMAIL.fullmatch(plain) else "format"


def _phone(field: AccountField, typed: str) -> Read:
    """A mainland number as its eleven digits, any other as E.164 has it."""
    number = re.sub(r"[\s().\-]", "", typed)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if _MOBILE.fullmatch(number):
        number = f"+{MAINLAND}{number}"
    elif number.startswith(MAINLAND) and _MOBILE.fullmatch(number.removeprefix(MAINLAND)):
        number = f"+{number}"
    if not _NUMBER.fullmatch(number):
        return "", "format"
    country = next((code for code in field.countries if number.startswith(f"+{code}")), None)
    if country is None:
        return "", "country"
    if country != MAINLAND:
        return number, None
    mobile = number.removeprefix(f"+{MAINLAND}")
    return mobile, None if _MOBILE.fullmatch(mobile) else "format"


def _choice(terms: TopupTerms, field: AccountField, value: str) -> Read:
    if value not in {option.value for option in field.options}:
        return "", "option"
    return value, None if value in {option.value for option in terms.offered(field)} else "region"


def _text(field: AccountField, value: str) -> Read:
    allowed = _CHARACTERS.get(field.characters)
    fits = bool(allowed.fullmatch(value)) if allowed else not any(category(c)[0] == "C" for c in value)
    return _sized(field, value, fits=fits)


def _sized(field: AccountField, value: str, *, fits: bool) -> Read:
    if not fits:
        return "", "format"
    return value, None if field.least <= len(value) <= field.most else "length"


# How a value is shown.

_HIDDEN = "***"
_NAMES: dict[str, dict[Language, str]] = {
    "qq": {"zh-CN": "QQ ", "en": "QQ "},
    "wechat": {"zh-CN": "微信 ", "en": "WeChat "},
}


def _shown(field: AccountField, value: str, language: Language) -> str:
    if field.secret:
        return _HIDDEN
    if field.kind == "choice":
        return next((said(one.titles, language) for one in field.options if one.value == value), value)
    return _NAMES.get(field.kind, {}).get(language, "") + _masked(field, value)


def _masked(field: AccountField, value: str) -> str:
    if field.kind == "phone":
        head, tail = (3, 4) if _MOBILE.fullmatch(value) else (min(4, len(value) // 3), len(value) // 4)
        return f"{value[:head]}****{value[len(value) - tail :]}"
    if field.kind == "email":
        name, _, domain = value.rpartition("@")
        return f"{name[:1]}{_HIDDEN}@{domain}"
    ends = min(2, len(value) // 4)
    return f"{value[:ends]}{_HIDDEN}{value[len(value) - ends :]}"
