"""The claims that need somebody, with what their buyers said."""

from aftersales.claiming import evidence_of, said
from aftersales.messages import ClaimPage, StaffClaimView
from aftersales.wiring import Aftersales
from quanyi.callers import Caller
from quanyi.claims.model import Claim
from quanyi.claims.table import OPEN
from quanyi.errors import Malformed, NotFound
from quanyi.table import decode_cursor, encode_cursor


def open_claims(desk: Aftersales, caller: Caller, limit: int, cursor: str | None) -> ClaimPage:
    """Open ones, and granted ones that broke off: granting them again completes them. Raises Forbidden, Malformed."""
    caller.needs("support", "operator")
    start = decode_cursor(cursor, ("pk", "sk", "due", "due_at"))
    if start and start["due"] != OPEN:
        raise Malformed("The cursor cannot be read.")
    claims, after = desk.claims.needing(limit=limit, start=start)
    return ClaimPage(items=[_read(desk, claim) for claim in claims], next=encode_cursor(after))


def _read(desk: Aftersales, claim: Claim) -> StaffClaimView:
    try:
        return StaffClaimView.read(claim, said(desk, claim), evidence_of(desk, claim))
    except NotFound:  # erased: what they said cannot be opened any more
        return StaffClaimView.read(claim, None, None)
