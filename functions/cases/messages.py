"""What the shop's people send and see about cases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, StringConstraints, model_validator

from quanyi.cases.model import Action, Case, CaseState
from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Money
from quanyi.payments.port import CaseEnd, CaseKind, Outcome

CaseId = Annotated[str, Path(pattern=r"^C[0-9A-Z]{20}$")]
InState = Annotated[CaseState | None, Query(description="All that are open, when left out")]


class AnswerBody(Body):
    """`reply` sends the text with the evidence. `refund` gives back what is left of the order, or `amount` of what was
    delivered, and tells the provider (a text of ours stands in when there is none). `accept` gives in: a dispute is
    lost by it, a complaint is reported as solved. `decline` refuses the refund that a complaint asks for; the text is
    the reason. `despite_risk` refunds whatever the shop's risk rules say; only an operator may."""

    action: Action
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    amount: Annotated[Money | None, Field(description="Of a refund; left out, all that is left")] = None
    despite_risk: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.action in ("reply", "decline") and not self.text) or (self.action == "accept" and self.text):
            raise ValueError("`text` goes with `reply` and `decline`, where it must be, and `refund`, where it may be")
        if (self.amount or self.despite_risk) and self.action != "refund":
            raise ValueError("`amount` and `despite_risk` go with `refund`")
        if self.amount and not self.amount.amount:
            raise ValueError("nothing is nothing to refund")
        return self


class AnswerView(View):
    """`outcome` is `unknown` until the provider has said clearly how it took it: the shop goes on asking, and the same
    call again is safe. `text` stands in the whole case only. With a `review`, nothing was done: the refund waits for
    that (`unknown`), or it ended against it (`failed`)."""

    id: str
    action: Action
    by: str
    at: Timestamp
    outcome: Outcome
    amount: Money | None
    text: str | None = None
    review: str | None = None


class StepView(View):
    what: str
    by: str
    at: Timestamp


class CaseView(View):
    """A complaint or dispute. `number` is the provider's; `order` is null for one about no order of this shop, and
    `also` are further orders that it is about: they are frozen with it, but a refund is of `order` alone. An `inquiry`
    is a dispute whose bank has taken no money yet: a refund answers it."""

    id: str
    provider: str
    number: str
    kind: CaseKind
    inquiry: bool
    state: CaseState
    end: CaseEnd
    order: str | None
    also: list[str]
    channel: str
    payment: str
    transaction: str | None
    amount: Money
    reason: str
    opened_at: Timestamp
    due_at: Timestamp | None
    ended_at: Timestamp | None
    answers: list[AnswerView]

    @classmethod
    def of(cls, case: Case, texts: dict[str, str] | None = None) -> "CaseView":
        return cls.model_validate(_fields(case, texts or {}))


class WordsView(View):
    """`at` is when the shop heard of it."""

    text: str
    at: Timestamp


class FullCase(CaseView):
    """With what was said: `text` is the buyer's first words, null where there are none or the member was erased;
    `words` all of them, oldest first."""

    text: str | None
    words: list[WordsView]
    history: list[StepView]

    @classmethod
    def with_texts(cls, case: Case, words: Sequence[tuple[datetime, str]], texts: dict[str, str]) -> "FullCase":
        history = [step.model_dump() for step in case.history]
        said = [{"text": text, "at": at} for at, text in words]
        first = words[0][1] if words else None
        return cls.model_validate({**_fields(case, texts), "text": first, "words": said, "history": history})


class CasePage(View):
    """A page may be short, or empty, and still have a `next`."""

    items: list[CaseView]
    next: str | None


def _fields(case: Case, texts: dict[str, str]) -> dict[str, object]:
    def money(amount: int | None) -> Money | None:
        return None if amount is None else Money(amount=amount, currency=case.currency)

    answers = [
        {
            **answer.model_dump(exclude={"asked", "seen"}),
            "amount": money(answer.amount),
            "text": texts.get(answer.id),
            "review": answer.review or None,
        }
        for answer in case.answers
    ]
    same = case.model_dump(include=set(CaseView.model_fields) - {"also", "amount", "answers"})
    also = [order for order in case.orders if order != case.order] if case.order else []
    return {**same, "also": also, "amount": money(case.amount), "answers": answers}
