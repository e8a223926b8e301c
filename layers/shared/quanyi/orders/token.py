"""A shopper's right to one order: `qo_<order id>_<mac>`. Recomputed when needed, never stored."""

import hmac

from quanyi.secret import Secret
from quanyi.vault.keys import NamedKeys

PREFIX = "qo_"
MAC_LENGTH = 32


def issue(keyring: NamedKeys, order_id: str) -> Secret:
    return Secret(f"{PREFIX}{order_id}_{_mac(keyring, order_id)}")


def order_of(keyring: NamedKeys, token: str) -> str | None:
    """The order that a genuine token is for; None for any other text."""
    order_id, mark, mac = (
        token[len(PREFIX) : -MAC_LENGTH - 1],
        token[-MAC_LENGTH - 1 : -MAC_LENGTH],
        token[-MAC_LENGTH:],
    )
    if not token.startswith(PREFIX) or not order_id.isalnum() or not order_id.isascii() or mark != "_":
        return None
    return order_id if hmac.compare_digest(mac.encode(), _mac(keyring, order_id).encode()) else None


def _mac(keyring: NamedKeys, order_id: str) -> str:
    return keyring.mac("order-token", order_id)[:MAC_LENGTH]
