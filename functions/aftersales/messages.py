"""What is sent and answered about refunds and replacements."""

from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field, StringConstraints

from quanyi.catalog.model import SkuId
from quanyi.claims.model import Claim, ClaimReason, ClaimState
from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Money
from quanyi.orders.model import MAX_UNITS, Goods, Order, OrderState
from quanyi.orders.returns import Refund, RefundState
from quanyi.secret import Secret

OrderId = Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")]
ClaimId = Annotated[str, Path(pattern=r"^C[0-9A-Z]{20}\.[0-9-]{3,20}\.[A-Za-z0-9_-]{8}$")]
UnitId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(-[0-9]{1,4}){1,3}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Evidence = Annotated[Secret, Field(min_length=1, max_length=2000)]
"""What somebody says about the card. It may hold personal data, or the card itself: it is kept sealed."""


class RefundBody(Body):
    """`lines` (numbers from 0) and `units` choose what goes back; without both, all that waits or is delivered does.
    With `amount` the chosen delivered units stay, and that much of their price goes back. `despite_case` refunds an
    order whose payment is disputed: the bank may take the same money a second time. `despite_risk` refunds whatever the
    shop's risk rules say; only an operator may."""

    reason: Reason
    lines: Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_UNITS)], ...], Field(max_length=MAX_UNITS)] = ()
    units: Annotated[tuple[UnitId, ...], Field(max_length=MAX_UNITS)] = ()
    amount: Money | None = None
    despite_case: bool = False
    despite_risk: bool = False


class PartView(View):
    """Of a unit that stays, what goes back."""

    unit: str
    amount: Money


class RefundView(View):
    """`goods` tells by unit what became of its card: `out` until it is known, then `returned` to stock unseen,
    `cancelled` (a voucher of the shop's that nobody had used) or `lost`; `none` where there was none."""

    id: str
    order: str
    state: RefundState
    order_state: OrderState
    amount: Money
    units: list[str]
    parts: list[PartView]
    goods: dict[str, Goods]
    reason: str
    by: str
    created_at: Timestamp

    @classmethod
    def of(cls, order: Order, refund: Refund) -> Self:
        currency = refund.currency or order.currency
        return cls(
            id=refund.id,
            order=order.id,
            state=refund.state,
            order_state=order.state,
            amount=Money(amount=refund.amount, currency=currency),
            units=list(refund.units),
            parts=[PartView(unit=u, amount=Money(amount=part, currency=currency)) for u, part in refund.parts],
            goods={unit: order.unit(unit).goods for unit in refund.units},
            reason=refund.reason,
            by=refund.by,
            created_at=refund.created_at,
        )


ReplacedBefore = Annotated[int, Field(ge=0, le=10_000)]
"""Which of a unit's cards it is about: how many the unit had before that one, as its caller saw it. So what two people
say of one card never costs two."""


class ReplacementBody(Body):
    """`replaced_before`: how many cards the unit had before the bad one (the length of its `replaced`): where it has
    another by now, nothing is replaced. `sku`: the unit's own, or one that its SKU names in `replace_with`; chosen by
    what has stock when left out."""

    unit: UnitId
    replaced_before: ReplacedBefore
    reason: ClaimReason
    evidence: Evidence | None = None
    sku: SkuId | None = None


class ClaimBody(Body):
    """`replaced_before` as the delivery shows it with the bad card."""

    unit: UnitId
    replaced_before: ReplacedBefore
    reason: ClaimReason
    text: Evidence | None = None


class DecisionBody(Body):
    """`reason` is told to the buyer. `sku` as in a replacement."""

    grant: bool
    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    sku: SkuId | None = None


class ClaimView(View):
    """`granting` will be `granted` soon; then the unit has another card, or waits for one."""

    id: str
    order: str
    unit: str
    reason: ClaimReason
    state: ClaimState
    automatic: bool
    created_at: Timestamp
    decided_at: Timestamp | None
    answer: str

    @classmethod
    def of(cls, claim: Claim) -> Self:
        return cls.model_validate(claim.model_dump(include=set(ClaimView.model_fields)))


class ClaimsView(View):
    claims: list[ClaimView]

    @classmethod
    def of(cls, claims: list[Claim]) -> Self:
        return cls(claims=[ClaimView.of(claim) for claim in sorted(claims, key=lambda c: (c.created_at, c.id))])


class StaffClaimView(ClaimView):
    """`card` is the bad card's id. `text` is what its claimant said, `evidence` what support added to a buyer's claim;
    null where nothing was said, and where the member was erased."""

    card: str
    sku: str
    by: str
    decided_by: str
    text: str | None
    evidence: str | None

    @classmethod
    def read(cls, claim: Claim, text: str | None, evidence: str | None) -> Self:
        known = claim.model_dump(include=set(cls.model_fields) - {"text", "evidence"})
        return cls.model_validate({**known, "text": text, "evidence": evidence})


class ClaimPage(View):
    """Oldest first."""

    items: list[StaffClaimView]
    next: str | None
