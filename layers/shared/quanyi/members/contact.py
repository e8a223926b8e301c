"""Where a buyer can be reached, and where they ordered from; personal data: it is sealed before it is kept, and a
contact is found by keyed hashes."""

from dataclasses import dataclass
from json import dumps, loads
from typing import Literal

from quanyi.vault.keys import NamedKeys


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
    """Of an e-mail (in small letters) or a phone number (digits and a leading plus only), however it is typed."""
    if "@" in contact:
        return ContactHash("email", keyring.mac("contact", "".join(contact.split()).lower()))
    return ContactHash("phone", keyring.mac("contact", "".join(c for c in contact if c.isdigit() or c == "+")))
