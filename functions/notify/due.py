"""Which mail is due: read off a domain event that came by the bus, or off a person's request."""

from json import loads
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from quanyi.events.model import (
    AccountsWanted,
    AlertRaised,
    AlertRecovered,
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
AlertNews: TypeAlias = AlertRaised | AlertRecovered
StaffNews: TypeAlias = CaseNews | ReviewNews | BooksDiffered | AlertNews


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
    """What the shop's people are told about a case, a review, an alert or a day's books; the event is its occasion."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    kind: StaffMail
    about: str
    event: StaffNews

    @property
    def occasion(self) -> str:
        return self.event.id


_BUYERS: tuple[type[ShopEvent], ...] = (UnitsDelivered, AccountsWanted, RefundSucceeded)
_STAFFS: dict[type[ShopEvent], tuple[StaffMail, str]] = {
    CaseOpened: ("case_opened", "case"),
    CaseDueSoon: ("case_due_soon", "case"),
    ReviewOpened: ("review_opened", "review"),
    ReviewDueSoon: ("review_due_soon", "review"),
    BooksDiffered: ("books_differed", "day"),
    AlertRaised: ("alert_raised", "alert"),
    AlertRecovered: ("alert_recovered", "alert"),
}
"""What the shop's people hear of, and which of its fields says what it is about."""


def due_of(body: str) -> Due | StaffDue | None:
    """From a queue's message; None for an event that no mail belongs to."""
    message: dict[str, Any] = loads(body)
    if "detail-type" not in message:
        return Due.model_validate(message)
    kinds = {kind.__name__: kind for kind in (*_BUYERS, *_STAFFS)}
    kind = kinds.get(message["detail-type"])
    match kind.model_validate(message["detail"]) if kind else None:
        case UnitsDelivered() as event:
            return Due(kind="delivery", order=event.order, occasion=f"R{event.rev:06d}", units=event.units)
        case AccountsWanted() as event:
            return Due(kind="accounts_wanted", order=event.order, occasion=f"R{event.rev:06d}")
        # What a bank took back is no refund of the shop's, and goods that come back move no money.
        case RefundSucceeded() as event if event.amount and not event.outside:
            return Due(kind="refund", order=event.order, occasion=event.refund, amount=event.amount)
        case event:
            return staff_due(event) if event else None


def staff_due(event: ShopEvent) -> StaffDue | None:
    """None for an event that the shop's people are not told of."""
    if type(event) not in _STAFFS:
        return None
    kind, about = _STAFFS[type(event)]
    return StaffDue.model_validate({"kind": kind, "about": getattr(event, about), "event": event})
