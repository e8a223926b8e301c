"""Which mail is due: read off a domain event that came by the bus, or off a person's request."""

from json import loads
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quanyi.events.model import DomainEvent, RefundSucceeded, UnitsDelivered
from quanyi.mail.model import MailKind


class Due(BaseModel):
    """One mail. The same event or request always names the same `occasion`.

    `units` are those a delivery is about (all that are delivered, when there are none); `amount` is a refund's, in
    minor units.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    v: Literal[1] = 1
    kind: MailKind
    order: Annotated[str, Field(pattern=r"^O[0-9A-Z]{20}$")]
    occasion: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,32}$")]
    units: tuple[str, ...] = ()
    amount: int = 0


def due_of(body: str) -> Due | None:
    """From a queue's message; None for an event that no mail belongs to."""
    message: dict[str, Any] = loads(body)
    if "detail-type" not in message:
        return Due.model_validate(message)
    kinds: dict[str, type[DomainEvent]] = {kind.__name__: kind for kind in (UnitsDelivered, RefundSucceeded)}
    kind = kinds.get(message["detail-type"])
    event = kind.model_validate(message["detail"]) if kind else None
    if isinstance(event, UnitsDelivered):
        return Due(kind="delivery", order=event.order, occasion=f"R{event.rev:06d}", units=event.units)
    # What a bank took back is no refund of the shop's, and goods that come back move no money.
    if isinstance(event, RefundSucceeded) and event.amount and not event.outside:
        return Due(kind="refund", order=event.order, occasion=event.refund, amount=event.amount)
    return None
