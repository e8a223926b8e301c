"""Who a buyer is, by what a channel tells about them."""

from quanyi.errors import Invalid
from quanyi.ids import derived_id
from quanyi.members.contact import Contact, hashed
from quanyi.vault.keys import NamedKeys


def member_id(keyring: NamedKeys, channel: str, user: str | None, contact: Contact) -> str:
    """The same member for the same channel user, else for the same contact in whatever channel. Raises Invalid when
    there is neither."""
    if user:
        return derived_id("M", keyring.mac("contact", "user", channel, user))
    reached = contact.email or contact.phone
    if not reached:
        raise Invalid("An order needs the channel's user id or a contact.", reason="buyer_unknown")
    return derived_id("M", hashed(keyring, reached).value)
