"""Where a buyer can be reached, and where they ordered from; personal data: it is sealed before it is kept, and a
contact is found by keyed hashes."""

import re
from dataclasses import dataclass
from json import dumps, loads
from typing import Literal
from unicodedata import normalize

from quanyi.vault.keys import NamedKeys

_MAINLAND_MOBILE = re.compile(r"(?:\+|00)?86(1[3-9][0-9]{9})")
"""China's mobile numbers (《电信网编号计划》: eleven digits, from 13 to 19), their country named."""


@dataclass(frozen=True)
class Contact:
    email: str | None = None
    phone: str | None = None
    ip: str | None = None
    """The address that the order was placed from: evidence in a dispute."""

    def to_text(self) -> str:
        return dumps({k: v for k, v in vars(self).items() if v})

    @classmethod
    def from_text(cls, text: str) -> "Contact":
        return cls(**loads(text))


@dataclass(frozen=True)
class ContactHash:
    """What an order is found by: which kind of contact, and its keyed hash."""

    kind: Literal["email", "phone"]
    value: str


def hashed(keyring: NamedKeys, contact: str) -> ContactHash:
    """Of an e-mail (in small letters) or a phone number (digits and a leading plus only), however it is typed: nobody
    becomes another by adding the country."""
    typed = normalize("NFKC", contact)
    if "@" in typed:
        return ContactHash("email", keyring.mac("contact", "".join(typed.split()).lower()))
    digits = "".join(c for c in typed if c in "+0123456789")
    mobile = _MAINLAND_MOBILE.fullmatch(digits)
    return ContactHash("phone", keyring.mac("contact", mobile[1] if mobile else digits))
