"""From the text in `Authorization` to the caller it stands for."""

from authorize.wiring import Doors
from quanyi.api_keys.model import hash_of
from quanyi.callers import Caller
from quanyi.errors import NotFound
from quanyi.orders import token

LONGEST = 256


def bearer(header: str | None) -> str | None:
    """The credential of `Authorization: Bearer ...`; None for anything else."""
    scheme, _, credential = (header or "").strip().partition(" ")
    credential = credential.strip()
    return credential if scheme.lower() == "bearer" and 0 < len(credential) <= LONGEST else None


def caller_with(doors: Doors, credential: str) -> Caller | None:
    """Who holds this credential; None when it opens nothing: malformed, unknown, revoked, or of a disabled channel.

    Text that cannot be a credential costs no look-up.
    """
    if credential.startswith(token.PREFIX):
        order = token.order_of(doors.keyring, credential)
        return Caller(role="order", order=order) if order else None
    digest = hash_of(credential)
    key = doors.api_keys.find(digest) if digest else None
    if key is None:
        return None
    caller = Caller(role=key.role, key_id=key.id, channel=key.channel, ips=key.ips, stores=key.stores)
    if not key.channel:
        return caller
    try:
        channel = doors.channels.channel(key.channel, consistent=False)
    except NotFound:
        return None
    if not channel.enabled:
        return None
    # Origins are for browsers: a server-side key has no business in one.
    origins = channel.origins if key.role == "publishable" else ()
    return caller.model_copy(update={"origins": origins, "shared_too": channel.shared_too})
