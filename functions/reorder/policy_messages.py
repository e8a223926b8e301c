"""What is sent and answered about stock policies."""

from datetime import date
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Money
from quanyi.restock.explanation import Explanation, Step
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.model import PolicyTerms
from quanyi.restock.planning import Plan
from quanyi.restock.proposal import Act, Doubt, Proposal, Stock, StockAlert
from quanyi.supply.choosing import Why
from reorder.restocking import Wanted

_SKU = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
PathSku = Annotated[str, Path(pattern=_SKU)]
OfSku = Annotated[str | None, Query(pattern=_SKU, description="Of this SKU; of all when left out")]
PathChannel = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="A channel, or `shared`")]
Version = Annotated[int, Query(ge=1, description="As last read")]


class PolicyBody(PolicyTerms):
    """Replaces the policy's terms; makes it where `version` is 0."""

    version: Annotated[int, Field(ge=0, strict=True, description="As last read; 0 where there is none yet")] = 0

    @property
    def terms(self) -> PolicyTerms:
        return PolicyTerms.model_validate(self.model_dump(include=set(PolicyTerms.model_fields)))


class ExplainedView(View):
    """Each step a number, in the order that it was come by, and in words."""

    steps: tuple[Step, ...]
    zh_cn: list[str]
    en: list[str]

    @classmethod
    def of(cls, why: Explanation) -> Self:
        return cls(steps=why.steps, zh_cn=why.words("zh-CN"), en=why.words("en"))


class PlanView(View):
    """What the last night found. `daily`: what an ordinary day asks for, in thousandths of a card."""

    computed_at: Timestamp
    lead_days: int
    daily: int
    low: int = Field(description="The reorder point: below it is bought")
    order_up_to: int
    sells_before_expiry: int | None
    lasts_too_long: int | None
    expiring: int
    why: ExplainedView

    @classmethod
    def of(cls, plan: Plan) -> Self:
        numbers = plan.model_dump(include={"computed_at", "lead_days", "daily", "expiring"})
        return cls(
            **numbers,
            low=plan.levels.low,
            order_up_to=plan.levels.order_up_to,
            sells_before_expiry=plan.levels.sells_before_expiry,
            lasts_too_long=plan.levels.lasts_too_long,
            why=ExplainedView.of(plan.levels.explanation),
        )


class PolicyView(PolicyTerms, View):
    sku: str
    channel: str
    version: int
    created_at: Timestamp
    updated_at: Timestamp
    changed_by: str
    plan: PlanView | None = Field(description="Null until it was planned since its last change")

    @classmethod
    def of(cls, policy: KeptPolicy) -> Self:
        own = policy.model_dump(exclude={"plan"})
        return cls(**own, plan=PlanView.of(policy.current) if policy.current else None)


class PolicyPage(View):
    items: list[PolicyView]
    next: str | None


class StockNowView(View):
    """`position` is what counts: in stock and on order, without what waits."""

    available: int
    on_order: int
    backlog: int
    expiring: int
    position: int

    @classmethod
    def of(cls, stock: Stock) -> Self:
        return cls(**vars(stock), position=stock.position)


class PreviewView(View):
    """`act`: nothing, tell people (`alert`), a draft for a person (`propose`), or buy (`buy`). `waits_for`: why nothing
    would be bought right now although it is low: the purchase order that is open, or until when its last one rests."""

    plan: PlanView
    stock: StockNowView
    act: Act
    alerts: tuple[StockAlert, ...]
    supplier: str | None
    unit_cost: Money | None
    quantity: int
    cost: Money | None
    doubts: tuple[Doubt, ...] = Field(description="Why a person decides although the policy buys by itself")
    why: ExplainedView
    why_not: dict[str, Why] = Field(description="Why other suppliers would not be asked")
    waits_for: str | None

    @classmethod
    def of_wanted(cls, plan: Plan, stock: Stock, it: Wanted, waits_for: str) -> Self:
        proposal: Proposal = it.proposal
        best = it.best
        cost = Money(amount=best.offer.cost, currency=best.supplier.currency) if best else None
        return cls(
            plan=PlanView.of(plan),
            stock=StockNowView.of(stock),
            supplier=best.supplier.id if best else None,
            unit_cost=cost,
            why=ExplainedView.of(proposal.explanation),
            why_not=dict(it.why_not or {}),
            waits_for=waits_for or None,
            **proposal.model_dump(exclude={"explanation"}),
        )


class CountBody(Body):
    first: date
    last: date | None = None


class Counted(View):
    """`days` were counted; `next` is where to go on, null at the end."""

    days: int
    next: date | None
