"""What a policy wants done about its stock now, with which offer, and the purchase order for it."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    """With the best offer there is now: two or three reads, and one more each for a daily limit and a budget."""
    try:
        sku = work.buying.catalog.sku(policy.sku)
    except NotFound:
        return Wanted(proposed(policy, plan.levels, stock, None))
    if sku.kind != "card":
        return Wanted(proposed(policy, plan.levels, stock, None))
    choice, most = _choice(work, sku, need)
    if not choice.candidates:
        return Wanted(proposed(policy, plan.levels, stock, None), most=most, why_not=choice.refused)
    best = choice.candidates[0]
    at_hand = _at_hand(work, policy, best, need)
    return Wanted(proposed(policy, plan.levels, stock, at_hand), best, most, choice.refused)


def _choice(work: Restocking, sku: Sku, need: Need) -> tuple[Choice, int]:
    """Not the supplier that failed last, unless there is no other."""
    offered, most = work.buying.offered(sku.id), highest_cost(sku)
    for tried in ([need.failed] if need.failed else []), []:
        choice = choose(offered.offers, offered.health, wanted=1, most=most, currency=sku.currency, tried=tried)
        if choice.candidates or not tried:
            break
    return choice, most


def _at_hand(work: Restocking, policy: KeptPolicy, best: Candidate, need: Need) -> OfferAtHand:
    offer, currency = best.offer, best.supplier.currency
    limits = [offer.most, *([] if offer.stock is None else [offer.stock])]
    if offer.daily_limit is not None:
        taken = work.buying.purchases.taken(best.supplier.id, policy.sku, work.buying.today())
        limits.append(max(0, offer.daily_limit - taken))
    budget = None
    if policy.monthly_budget and policy.monthly_budget.currency == currency:
        committed = work.buying.purchases.committed(budget_of(work, policy), currency)
        budget = max(0, policy.monthly_budget.amount - committed)
    last = None if need.paid is None else Money.model_validate({"amount": need.paid, "currency": need.currency})
    return OfferAtHand(
        unit_cost=Money(amount=offer.cost, currency=currency),
        minimum=offer.minimum,
        pack=offer.pack,
        left_today=min(limits),
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
