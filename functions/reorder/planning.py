"""Makes policies' plans: from what was asked for, how long suppliers take, and which cards expire soon."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice, repeat

from quanyi.restock.demand import EVERYWHERE, Asked
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.model import SHARED
from quanyi.restock.planning import HISTORY, Calendar, Plan, calendar, lead_days, planned
from quanyi.restock.table import by_sku
from quanyi.supply.health import Health
from quanyi.supply.model import Offer, Supplier
from reorder.wiring import Restocking

AT_ONCE = 8
SKUS = 100
"""Whose demand is read together."""
EXPIRING_COUNTED = 10_000
"""Cards of a pool that are counted at most: as many again would say no more."""


@dataclass(frozen=True)
class Offers:
    """Who offers what, and how well they serve."""

    by_sku: Mapping[str, Sequence[tuple[Offer, Supplier]]]
    health: Mapping[str, Health]

    def lead(self, sku: str) -> int:
        return lead_days(self.by_sku.get(sku, ()), self.health)


@dataclass(frozen=True)
class Planner:
    """Of one run: its day, its calendar."""

    work: Restocking
    today: date
    days: Calendar = field(repr=False)

    @classmethod
    def of(cls, work: Restocking) -> "Planner":
        today = date.fromisoformat(work.buying.today())
        return cls(work, today, calendar(today - timedelta(days=HISTORY)))

    def plan(self, policy: KeptPolicy) -> Plan:
        """Of one policy, with what is read for it alone."""
        of_sku = self.work.policies.of_sku(policy.sku)
        found = self.work.buying.offered(policy.sku)
        offers = Offers({policy.sku: found.offers}, found.health)
        mine = [policy, *(other for other in of_sku if other.channel != policy.channel)]
        demand = self._demand([mine])
        return self._planned(policy, demand_of(policy, mine, demand), offers)

    def plan_all(self, policies: Iterable[KeptPolicy]) -> Iterator[list[KeptPolicy]]:
        """Plans policies that come sorted by SKU, and writes each one's plan; yields what is done, piece by piece."""
        offers = every_offer(self.work)
        groups = by_sku(policies)
        with ThreadPoolExecutor(AT_ONCE) as several:
            while some := list(islice(groups, SKUS)):
                demand = self._demand(some)
                done = [policy for mine in some for policy in mine]
                asked = [demand_of(policy, mine, demand) for mine in some for policy in mine]
                list(several.map(self._write, done, asked, repeat(offers)))
                yield done

    def _write(self, policy: KeptPolicy, demand: Sequence[int], offers: Offers) -> None:
        self.work.policies.note_plan(policy, self._planned(policy, demand, offers))

    def _planned(self, policy: KeptPolicy, demand: Sequence[int], offers: Offers) -> Plan:
        count, first = self._expiring(policy)
        lead = policy.lead_days(offers.lead(policy.sku))
        now = self.work.buying.now()
        return planned(policy.terms, policy.version, demand, self.days, lead, now, expiring=count, expires_first=first)

    def _demand(self, groups: Sequence[Sequence[KeptPolicy]]) -> dict[Asked, list[int]]:
        asked = [(mine[0].sku, channel) for mine in groups for channel in _channels(mine)]
        first, last = self.today - timedelta(days=HISTORY), self.today - timedelta(days=1)
        return self.work.demand.between(asked, first, last)

    def _expiring(self, policy: KeptPolicy) -> tuple[int, str]:
        """How many available cards' last day is near, and the first such day."""
        if policy.expiring_days is None:
            return 0, ""
        today, until = self.today.isoformat(), (self.today + timedelta(days=policy.expiring_days)).isoformat()
        count, first = 0, ""
        for pool in self.work.pools.every(policy.sku, fresh=True):
            if pool.channel != policy.channel or not today <= pool.sell_by_day <= until:
                continue
            names = [pool.name(shard) for shard in range(pool.shards)]
            cards = sum(len(self.work.cards.candidates(name, start="-", limit=EXPIRING_COUNTED)) for name in names)
            count, first = count + cards, first or (pool.sell_by_day if cards else "")
        return count, first


def demand_of(policy: KeptPolicy, of_sku: Sequence[KeptPolicy], demand: Mapping[Asked, list[int]]) -> list[int]:
    """What a policy's stock is there for: its channel, or all channels without a policy of their own."""
    if policy.channel != SHARED:
        return demand[policy.sku, policy.channel]
    others = [demand[policy.sku, other.channel] for other in of_sku if other.channel != SHARED]
    return [max(0, whole - sum(own)) for whole, *own in zip(demand[policy.sku, EVERYWHERE], *others, strict=True)]


def every_offer(work: Restocking) -> Offers:
    """A call for 500 offers, and one for the record of six suppliers."""
    suppliers = work.suppliers.every()
    found: dict[str, list[tuple[Offer, Supplier]]] = {}
    for supplier in suppliers:
        for offer in work.offers.every_of_supplier(supplier.id):
            found.setdefault(offer.sku, []).append((offer, supplier))
    return Offers(found, work.health.of([supplier.id for supplier in suppliers], work.buying.today()))


def _channels(of_sku: Sequence[KeptPolicy]) -> list[str]:
    return [EVERYWHERE if policy.channel == SHARED else policy.channel for policy in of_sku]
