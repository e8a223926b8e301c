"""Who bought, by what an export still tells: most platforms mask it.

A phone number or an address in clear is the member that a sale in our own shop would have made of it. Whatever is
masked stays what it is: a pseudonym of this source, which never joins anybody else's. Nothing of it is kept.
"""

import re
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import normalize

from quanyi.ids import derived_id
from quanyi.members.contact import Contact
from quanyi.members.model import member_id
from quanyi.vault.keys import NamedKeys

Known = Literal["contact", "account", "masked", "nobody"]
"""How well a buyer is known."""

LEAST_VISIBLE = 6
"""Digits of a masked number that must be left: with fewer it is many people's."""

_MASK = re.compile(r"[*•●×]")
_PHONE = re.compile(r"\+?[0-9]{7,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PLACEHOLDER = re.compile(r"匿名.*|[-—/]+|无|null|none|n/a", re.IGNORECASE)
"""What stands where an account is not told: the same for everybody."""
_MADE_UP = re.compile(r"\+?[0-9]*?([0-9])\1{7}")
"""A number that ends with one digit eight times stands for any: goods without a parcel need none."""
_RELAYED = re.compile(r"1[3-9][0-9]{9,10}[^0-9]+[0-9]{1,6}")
"""A number that the platform lends for one order (隐私号), with its extension: `13800138001-1234`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a row tells of its buyer; personal data, for as long as the row is read."""

    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    nick: str = field(default="", repr=False)

    @property
    def contact(self) -> Contact | None:
        """What is there in clear."""
        email, phone = "".join(normalize("NFKC", self.email).split()), normalize("NFKC", self.phone)
        digits = re.sub(r"[ ()-]", "", phone)
        contact = Contact(
            email=email if _EMAIL.fullmatch(email) and not _MASK.search(email) else None,
            phone=digits if _PHONE.fullmatch(digits) and not _not_theirs(phone, digits) else None,
        )
        return contact if contact.email or contact.phone else None

    @property
    def masked_phone(self) -> str:
        """Empty unless enough of it is left."""
        phone = "".join(normalize("NFKC", self.phone).split())
        return phone if _MASK.search(phone) and sum(c.isdigit() for c in phone) >= LEAST_VISIBLE else ""

    @property
    def account(self) -> str:
        """The buyer's account on the platform, if it is told in full."""
        nick = normalize("NFKC", self.nick).strip()
        return "" if _MASK.search(nick) or _PLACEHOLDER.fullmatch(nick) else self.nick

    @property
    def known(self) -> Known:
        if self.contact:
            return "contact"
        return "account" if self.account else "masked" if self.masked_phone else "nobody"


def _not_theirs(phone: str, digits: str) -> bool:
    return bool(_RELAYED.fullmatch(phone) or _MADE_UP.fullmatch(digits))


def buyer_of(keyring: NamedKeys, source: str, told: Told) -> str:
    """A member's id (`M...`), a pseudonym within the source (`X...`), or nothing for a buyer who cannot be told from
    others. An account names a buyer better than a masked number, so with one the number is left out."""
    if contact := told.contact:
        return member_id(keyring, "", None, contact)
    if told.account:
        return derived_id("X", keyring.mac("contact", "past", source, "account", told.account))
    if told.masked_phone:
        return derived_id("X", keyring.mac("contact", "past", source, "masked", told.masked_phone, told.nick))
    return ""
