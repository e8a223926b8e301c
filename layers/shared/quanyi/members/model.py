"""Who a buyer is, by what a channel tells about them."""

from dataclasses import dataclass
from json import dumps, loads

from quanyi.errors import Invalid
from quanyi.ids import derived_id
from quanyi.vault.kms import Keyring


@dataclass(frozen=True)
class Contact:
    """Where a buyer can be reached; personal data: it is sealed before it is kept."""

    email: str | None = None
    phone: str | None = None

    def to_text(self) -> str:
        return dumps({k: v for k, v in vars(self).items() if v})

    @classmethod
    def from_text(cls, text: str) -> "Contact":
        return cls(**loads(text))


def contact_hash(keyring: Keyring, contact: str) -> str:
    """The keyed hash that orders are found by: of the e-mail or phone, in small letters, without blanks."""
    return keyring.mac("contact", "".join(contact.split()).lower())


def member_id(keyring: Keyring, channel: str, user: str | None, contact: Contact) -> str:
    """The same member for the same channel user, else for the same contact in whatever channel. Raises Invalid when
    there is neither."""
    if user:
        return derived_id("M", keyring.mac("contact", "user", channel, user))
    reached = contact.email or contact.phone
    if not reached:
        raise Invalid("An order needs the channel's user id or a contact.", reason="buyer_unknown")
    return derived_id("M", contact_hash(keyring, reached))
