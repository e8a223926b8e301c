"""Which mail is due: read off a domain event that came by the bus, or off a person's request."""

from json import loads
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from quanyi.events.model import (
    BooksDiffered,
    CaseDueSoon,
    CaseOpened,
    RefundSucceeded,
    ReviewDueSoon,
    ReviewOpened,
    ShopEvent,
    UnitsDelivered,
)
from quanyi.mail.model import BuyerMail, StaffMail

CaseNews: TypeAlias = CaseOpened | CaseDueSoon
ReviewNews: TypeAlias = ReviewOpened | ReviewDueSoon


class Due(BaseModel):
    """One mail to a buyer. The same event or request always names the same `occasion`.

    `units` are those a delivery is about (all that are delivered, when there are none); `amount` is a refund's, in
    minor units.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    v: Literal[1] = 1
    kind: BuyerMail
    order: Annotated[str, Field(pattern=r"^O[0-9A-Z]{20}$")]
    occasion: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,32}$")]
    units: tuple[str, ...] = ()
    amount: int = 0

    @property
    def about(self) -> str:
        return self.order


class StaffDue(BaseModel):
    """One mail to the shop's people about a case, a review, or a day's books; the event is its occasion."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    kind: StaffMail
    about: str
    event: CaseNews | ReviewNews | BooksDiffered

    @property
    def occasion(self) -> str:
        return self.event.id


_HEARD: tuple[type[ShopEvent], ...] = (
    *(UnitsDelivered, RefundSucceeded),
    *(CaseOpened, CaseDueSoon, ReviewOpened, ReviewDueSoon, BooksDiffered),
)


def due_of(body: str) -> Due | StaffDue | None:
    """From a queue's message; None for an event that no mail belongs to."""
    message: dict[str, Any] = loads(body)
    if "detail-type" not in message:
        return Due.model_validate(message)
    kinds = {kind.__name__: kind for kind in _HEARD}
    kind = kinds.get(message["detail-type"])
    match kind.model_validate(message["detail"]) if kind else None:
        case UnitsDelivered() as event:
            return Due(kind="delivery", order=event.order, occasion=f"R{event.rev:06d}", units=event.units)
        # What a bank took back is no refund of the shop's, and goods that come back move no money.
        case RefundSucceeded() as event if event.amount and not event.outside:
            return Due(kind="refund", order=event.order, occasion=event.refund, amount=event.amount)
        case CaseOpened() as event:
            return StaffDue(kind="case_opened", about=event.case, event=event)
        case CaseDueSoon() as event:
            return StaffDue(kind="case_due_soon", about=event.case, event=event)
        case ReviewOpened() as event:
            return StaffDue(kind="review_opened", about=event.review, event=event)
        case ReviewDueSoon() as event:
            return StaffDue(kind="review_due_soon", about=event.review, event=event)
        case BooksDiffered() as event:
            return StaffDue(kind="books_differed", about=event.day, event=event)
        case _:
            return None
