"""How an invoice may change: each function answers the changed one, the same one where it was done already, or refuses.

None of them looks at a clock or a table; the caller writes the answer under the revision that it read.
"""

from dataclasses import dataclass
from datetime import datetime

from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.invoices.model import Invoice, InvoiceKind, Issued, lines_of, standing
from quanyi.orders.model import Order
from quanyi.replay import must_repeat

MOST_REQUESTS = 20
"""Of one order, the replaced ones with them."""


@dataclass(frozen=True)
class Asked:
    """A buyer's request: `key` and `body` are keyed hashes of its Idempotency-Key and of what it said."""

    key: str
    body: str
    kind: InvoiceKind
    sealed: bytes


def requested(old: Invoice | None, order: Order, asked: Asked, now: datetime) -> Invoice:
    """A new request, or another in place of one that nobody has acted on. After a refusal or a reversal the buyer may
    ask again. The same key again changes nothing.

    Raises KeyReused, Conflict: nothing is paid, nothing is left to invoice (`nothing_to_invoice`), or it is issued;
    Invalid (`too_many_requests`).
    """
    if old and asked.key in old.asked:
        must_repeat(old.asked[asked.key], asked.body)
        return old
    if not order.paid_at:
        raise Conflict("Only a paid order is invoiced.", state=order.state)
    if not any(unit.value and unit.state in ("waiting", "delivered") for unit in order.units):
        raise Conflict("Nothing is left to invoice.", reason="nothing_to_invoice", state=order.state)
    fields = {"kind": asked.kind, "sealed": asked.sealed, "asked": {asked.key: asked.body}}
    if old is None:
        return Invoice.model_validate({"order": order.id, "member": order.member, "since": now, **fields})
    if old.state in ("issued", "to_reverse"):
        raise Conflict("The invoice is issued.", state=standing(old, order).state)
    if len(old.asked) >= MOST_REQUESTS:
        raise Invalid("Too many requests for this order's invoice.", reason="too_many_requests")
    fields["asked"] = {**old.asked, asked.key: asked.body}
    if old.state == "requested":  # it keeps its place in the shop's list
        return old.model_copy(update=fields)
    earlier = (*old.earlier, old.issue) if old.issue else old.earlier
    again = {"state": "requested", "since": now, "reason": "", "by": "", "issue": None, "earlier": earlier}
    return old.model_copy(update={**fields, **again})


def issued(
    old: Invoice | None, order: Order, number: str, url: str | None, amount: int | None, *, by: str, now: datetime
) -> Invoice:
    """The shop issued it, for what is delivered and not refunded now; `amount` is what it was issued for, if told.

    Raises NotFound, Conflict: it does not wait, there is nothing to invoice (`nothing_to_invoice`), or the order is
    worth another amount by now (`amount_changed`).
    """
    known = _known(old)
    if known.issue and known.issue.number == number and known.state in ("issued", "to_reverse"):
        return known
    if known.state != "requested":
        raise Conflict("This invoice is not waiting to be issued.", state=known.state)
    lines = lines_of(order)
    worth = sum(line.amount for line in lines)
    if not worth:
        raise Conflict("Nothing is delivered that could be invoiced.", reason="nothing_to_invoice")
    if amount not in (None, worth):
        raise Conflict("The order is worth another amount now.", reason="amount_changed", amount=worth)
    done = Issued(number=number, url=url, by=by, at=now, lines=lines)
    return known.model_copy(update={"state": "issued", "since": now, "by": by, "issue": done})


def refused(old: Invoice | None, reason: str, *, by: str, now: datetime) -> Invoice:
    """The shop cannot issue it as asked. Raises NotFound, Conflict."""
    known = _known(old)
    if known.state == "refused" and known.reason == reason:
        return known
    if known.state != "requested":
        raise Conflict("This invoice is not waiting to be issued.", state=known.state)
    return known.model_copy(update={"state": "refused", "since": now, "by": by, "reason": reason})


def reversed_by(old: Invoice | None, number: str | None, *, by: str, now: datetime) -> Invoice:
    """The shop issued the red invoice `number` against it. Raises NotFound, Conflict."""
    known = _known(old)
    if known.issue and known.state == "reversed" and known.issue.reversal == number:
        return known
    if known.issue is None or known.state not in ("issued", "to_reverse"):
        raise Conflict("Only an issued invoice can be reversed.", state=known.state)
    done = known.issue.model_copy(update={"reversal": number, "reversed_at": now, "reversed_by": by})
    return known.model_copy(update={"state": "reversed", "since": now, "by": by, "issue": done})


def flagged(old: Invoice | None, order: Order, now: datetime) -> Invoice | None:
    """To be reversed, if the order became worth less than what was invoiced; else as it was."""
    seen = standing(old, order) if old else None
    return seen.model_copy(update={"since": now}) if old and seen and seen.state != old.state else old


def _known(invoice: Invoice | None) -> Invoice:
    if invoice is None:
        raise NotFound("invoice")
    return invoice
