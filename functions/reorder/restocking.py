"""What a policy wants done about its stock now, with which offer, and the purchase order for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from quanyi.catalog.model import Sku
from quanyi.errors import NotFound
from quanyi.ids import derived_id
from quanyi.money import Money
from quanyi.purchases.changes import approved
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import Bounds, Need
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.model import SHARED
from quanyi.restock.planning import Plan
from quanyi.restock.proposal import Buying as OfferAtHand
from quanyi.restock.proposal import Proposal, Stock, proposed
from quanyi.supply.choosing import Candidate, Choice, Why, choose
from reorder.placing import highest_cost, started
from reorder.telling import tell
from reorder.wiring import Restocking

BY = "policy"
"""Who made and approved a purchase that no person did."""
PROMPT = timedelta(hours=1)
"""What is here by then takes no day (`restock.planning`)."""
MOST_BACKLOG = 1000
"""Units waiting that are counted at most."""


@dataclass(frozen=True)
class Wanted:
    """`best` is the offer to buy from, `why_not` why others do not, by supplier; both empty where none was asked
    for."""

    proposal: Proposal
    best: Candidate | None = None
    most: int = 0
    why_not: Mapping[str, Why] | None = None

    @property
    def buys(self) -> bool:
        return self.proposal.act in ("propose", "buy") and self.best is not None


def wanted(work: Restocking, policy: KeptPolicy, plan: Plan, stock: Stock, need: Need) -> Wanted:
    """With the best offer there is now: two or three reads, and one more for a budget."""
    try:
        sku = work.buying.catalog.sku(policy.sku)
    except NotFound:
        return Wanted(proposed(policy, plan.levels, stock, None))
    if sku.kind != "card":
        return Wanted(proposed(policy, plan.levels, stock, None))
    choice, most = _choice(work, sku, need)
    if not choice.candidates:
        return Wanted(proposed(policy, plan.levels, stock, None), most=most, why_not=choice.refused)
    budget = _budget_left(work, policy, sku.currency)
    best, proposal = _best(policy, plan, stock, need, choice.candidates, budget)
    return Wanted(proposal, best, most, choice.refused)


def _choice(work: Restocking, sku: Sku, need: Need) -> tuple[Choice, int]:
    """Not the supplier that failed last, unless there is no other."""
    offered, most = work.buying.offered(sku.id), highest_cost(sku)
    for tried in ([need.failed] if need.failed else []), []:
        choice = choose(offered, wanted=1, most=most, currency=sku.currency, tried=tried)
        if choice.candidates or not tried:
            break
    return choice, most


def _best(
    policy: KeptPolicy, plan: Plan, stock: Stock, need: Need, candidates: Sequence[Candidate], budget: int | None
) -> tuple[Candidate, Proposal]:
    """The best offer of which something can be bought, and what. A need has one open purchase: where an offer has only
    a part, the rest is bought once that is here. So what takes long and leaves the stock low comes after what does
    not."""
    found = [(one, proposed(policy, plan.levels, stock, _at_hand(one, need, budget))) for one in candidates]
    buying = [pair for pair in found if pair[1].quantity]
    prompt = (pair for pair in buying if pair[0].lead <= PROMPT or stock.position + pair[1].quantity >= plan.levels.low)
    return next(prompt, (buying or found)[0])


def _budget_left(work: Restocking, policy: KeptPolicy, currency: str) -> int | None:
    """Minor units; offers that are chosen from are all in the SKU's currency."""
    if policy.monthly_budget is None or policy.monthly_budget.currency != currency:
        return None
    return max(0, policy.monthly_budget.amount - work.buying.purchases.committed(budget_of(work, policy), currency))


def _at_hand(one: Candidate, need: Need, budget: int | None) -> OfferAtHand:
    last = None if need.paid is None else Money.model_validate({"amount": need.paid, "currency": need.currency})
    return OfferAtHand(
        unit_cost=Money(amount=one.offer.cost, currency=one.supplier.currency),
        minimum=one.offer.minimum,
        pack=one.offer.pack,
        left_today=one.left,
        budget_left=budget,
        last_cost=last,
    )


def backlog_of(work: Restocking, policy: KeptPolicy) -> int:
    """Paid units that wait for such cards: what all share serves everybody, an allocation its channel."""
    return sum(policy.channel in (SHARED, entry.channel) for entry in work.backlog.waiting(policy.sku, MOST_BACKLOG))


def budget_of(work: Restocking, policy: KeptPolicy) -> str:
    """The name of the policy's budget of this month."""
    return f"{work.buying.today()[:7]}#{policy.need}"


def place_purchase(work: Restocking, policy: KeptPolicy, need: Need, it: Wanted) -> PurchaseOrder:
    """Makes the purchase order that the policy wants, once: its id follows from how many its need ever had. Sent by its
    workflow where the policy may buy by itself, else a draft for a person. Repeatable. Raises Taken, OverBudget."""
    assert it.best
    buying, now = work.buying, work.buying.now()
    offer, supplier, proposal = it.best.offer, it.best.supplier, it.proposal
    guard = policy.price_guard.most_cost
    po = PurchaseOrder(
        id=derived_id("P", "restock", policy.need, str(need.made + 1)),
        purpose="stock",
        supplier=supplier.id,
        sku=policy.sku,
        code=offer.code,
        channel=None if policy.channel == SHARED else policy.channel,
        quantity=proposal.quantity,
        unit_cost=offer.cost,
        currency=supplier.currency,
        most=min(it.most, guard.amount) if guard and proposal.act == "buy" else it.most,
        need=policy.need,
        budget=budget_of(work, policy) if policy.monthly_budget else "",
        quota_day=buying.today() if offer.daily_limit else "",
        created_at=now,
        created_by=BY,
        changed_by=BY,
        reason=", ".join(proposal.doubts),
        explanation={
            **proposal.explanation.model_dump(mode="json"),
            "policy": policy.version,
            "doubts": [*proposal.doubts],
            **({"limit": policy.approval_above.amount} if policy.approval_above else {}),
        },
    )
    if proposal.act == "buy":
        po = approved(po, BY, now)
    budget = policy.monthly_budget.amount if policy.monthly_budget else None
    made = started(buying, buying.purchases.add(po, Bounds(budget=budget, daily=offer.daily_limit)))
    tell(buying, made)
    return made
