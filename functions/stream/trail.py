"""The audit trail, for the shop's people."""

from collections.abc import Sequence
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from quanyi.audit.model import card_subject, order_subject, series_subject
from quanyi.audit.of_supply import offer_subject, policy_subject, purchase_subject, supplier_subject
from quanyi.callers import Caller
from quanyi.clock import Timestamp
from quanyi.errors import Invalid
from quanyi.http import CallerParam, Cursor, Limit, View, entry, rest_api
from quanyi.mail.outbox import MailState
from quanyi.table import decode_cursor, encode_cursor
from stream.wiring import audit, outbox

app = rest_api()
PAIR = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}#[a-z0-9][a-z0-9_-]{0,31}$"


class EntryView(View):
    """One write. `facts` tell what happened, each with its `what`; money is in minor units."""

    at: Timestamp
    by: Annotated[str, Field(examples=["support:K1", "system", "buyer"])]
    before: str | None = None
    after: str | None = None
    facts: list[dict[str, Any]]


class MailView(View):
    """One mail about an order: what it was about, when it was first tried, and how it went."""

    kind: str
    occasion: str
    state: MailState
    at: Timestamp
    tries: int
    reason: str | None = None


class TrailPage(View):
    """Oldest first. `mail` stands on the first page of an order."""

    entries: list[EntryView]
    mail: tuple[MailView, ...] = ()
    next: str | None = None


@app.get("/v1/admin/audit", summary="Who did what to an order, a card or the supply", tags=["admin"])
def trail(
    caller: CallerParam,
    order: Annotated[str | None, Query(pattern=r"^O[0-9A-Z]{20}$")] = None,
    card: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{43}$")] = None,
    series: Annotated[str | None, Query(pattern=r"^VS[0-9A-Z]{20}$", description="Of vouchers")] = None,
    purchase: Annotated[str | None, Query(pattern=r"^P[0-9A-Z]{16,20}$")] = None,
    supplier: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_-]{1,31}$")] = None,
    offer: Annotated[str | None, Query(pattern=PAIR, description="`<sku>#<supplier>`")] = None,
    policy: Annotated[str | None, Query(pattern=PAIR, description="`<sku>#<channel>`, or `<sku>#shared`")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TrailPage:
    supply = [
        *([purchase_subject(purchase)] if purchase else []),
        *([supplier_subject(supplier)] if supplier else []),
        *([offer_subject(*offer.split("#"))] if offer else []),
        *([policy_subject(*policy.split("#"))] if policy else []),
    ]
    return read_trail(caller, order, card, limit, cursor, series, supply)


def read_trail(
    caller: Caller,
    order: str | None,
    card: str | None,
    limit: int,
    cursor: str | None,
    series: str | None = None,
    supply: Sequence[str] = (),
) -> TrailPage:
    """Exactly one of `order`, `card`, `series` and the subjects of `supply`. One that nothing happened to has an
    empty trail.
    Raises Forbidden, Invalid, Malformed."""
    caller.needs("operator", "support")
    subjects = [
        *([order_subject(order)] if order else []),
        *([card_subject(card)] if card else []),
        *([series_subject(series)] if series else []),
        *supply,
    ]
    if len(subjects) != 1:
        raise Invalid("Ask for the trail of exactly one thing.", reason="subject")
    (subject,) = subjects
    start = decode_cursor(cursor, ("pk", "sk"))
    if start and start["pk"] != f"AUDIT#{subject}":
        raise Invalid("The cursor belongs to another trail.", reason="cursor")
    page = audit().of(subject, limit=limit, start=start)
    return TrailPage(
        entries=[EntryView.model_validate(item) for item in page.items],
        mail=tuple(MailView(**vars(mail)) for mail in outbox().of(order)) if order and not start else (),
        next=encode_cursor(page.next),
    )


handler = entry(app)
