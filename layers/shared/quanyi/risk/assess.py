"""What is decided about an order or a use of a voucher: read what is known, ask the rules, record what came of it. One
entry per point.

Each entry reads in one call and writes in one (a redemption reads along with its own). The same question asked again is
answered by what was recorded, so that whoever decides may be replayed: nothing counts twice, and no rule that was
changed meanwhile turns a decision round.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from quanyi.money import Money
from quanyi.orders.model import Order, RiskState
from quanyi.orders.table import OrdersTable
from quanyi.risk import buckets
from quanyi.risk.decisions import DecisionRecord, decision_id
from quanyi.risk.facts import Bucket, Facts, Identity, Point, Value
from quanyi.risk.holds import HoldsTable, counts
from quanyi.risk.identities import main_sku, persons_of
from quanyi.risk.list_table import entries_in, listed_key
from quanyi.risk.lists import list_facts
from quanyi.risk.order_facts import order_facts, payment_facts
from quanyi.risk.passing import Asked, Gate, Wanted
from quanyi.risk.policies import delay_of
from quanyi.risk.refusals import RiskRefused, TooManyUnpaid
from quanyi.risk.review_table import ReviewsTable, held_key, review_key
from quanyi.risk.reviews import Review, review_id, review_of
from quanyi.risk.rules import Hit
from quanyi.risk.signals import by_identity, by_tally, key
from quanyi.risk.table import DecisionsTable, InForce, RulesInForce, decision_key
from quanyi.risk.tokens import counted
from quanyi.risk.told import own_names
from quanyi.risk.uses import UseAsked, tally_facts
from quanyi.table import ConditionFailed, Item, Key, Table, Write

TRIES = 3


@dataclass(frozen=True)
class Lookup:
    """What has to be read before something is decided. `force` is None where the rules are among it: it is looked at
    once, for what is cached now may not be any more when the answer comes."""

    point: Point
    force: InForce | None
    sold: Sequence[tuple[Bucket, str]]
    keys: Sequence[Key]


@dataclass(frozen=True)
class Known:
    """What was found in one read."""

    force: InForce
    facts: dict[str, Value]
    record: DecisionRecord | None
    """What the same question got before."""
    review: Review | None
    latest: str
    """Id of the last review of a request for the same, where there may be several."""


@dataclass(frozen=True)
class Verdict:
    """On the delivery of a paid order."""

    risk: RiskState
    decision: str
    not_before: datetime | None = None


@dataclass(frozen=True)
class Risk:
    """`table` is the risk table, `zone` the shop's."""

    table: Table
    zone: str
    rules: RulesInForce

    @classmethod
    def of(cls, table: Table, zone: str) -> Self:
        return cls(table, zone, RulesInForce(table))

    @property
    def holds(self) -> HoldsTable:
        return HoldsTable(self.table)

    @property
    def decisions(self) -> DecisionsTable:
        return DecisionsTable(self.table)

    @property
    def reviews(self) -> ReviewsTable:
        return ReviewsTable(self.table)

    def at_order(self, orders: OrdersTable, order: Order, now: datetime) -> DecisionRecord:
        """Whether an order may be placed; then it counts as unpaid for its buyer. `order.decision` names the question.
        Raises RiskRefused, TooManyUnpaid, Busy."""
        known = self._known("order", order, now, order.decision)
        # Under the name that the order has for it: several tries to place it under one key are several questions.
        record = known.record or known.force.decide(known.facts, subject=order.id, order=order.id, now=now).model_copy(
            update={"id": order.decision}
        )
        if record.outcome == "refuse":
            self.decisions.add(record)
            raise RiskRefused(record)
        return self._counted(orders, order, record, known)

    def at_delivery(self, order: Order, now: datetime) -> Verdict:
        """Whether, and when, what waits of a paid order is delivered. What the rules hold gets a review."""
        assert order.paid_at
        question = decision_id("delivery", order.id)
        known = self._known("delivery", order, now, question)
        record, review = known.record, known.review
        if record is None:
            record = known.force.decide(known.facts, subject=order.id, order=order.id, now=now)
        if record.outcome == "hold" and review is None:
            at_stake = Money(amount=order.total, currency=order.currency)
            record, review = self._review(record, known.force, at_stake, order.channel, now)
        elif known.record is None:
            record = self.decisions.add(record)
        until = order.paid_at + delay_of(known.force.policies, record.facts)
        return Verdict(_standing(record, review), record.id, not_before=until if until > now else None)

    def at_refund(
        self, order: Order, facts: Facts, wanted: Wanted, request: str, now: datetime, *, despite: bool = False
    ) -> None:
        """Whether money may go back, by the same request once for ever. `despite` goes on whatever the rules say: that
        too is recorded. Raises RiskRefused, ReviewNeeded, ApprovalUsed, Busy."""
        question = decision_id("refund", order.id, request)
        known = self._known("refund", order, now, question, [held_key("refund", wanted.same)])
        record = known.record or known.force.decide(
            {**known.facts, **facts}, subject=order.id, order=order.id, request=request, now=now
        )
        if not despite:
            self._must_pass(known, record, wanted, now)
        elif known.record is None:
            self.decisions.add(_insisted(record))

    def before_redemption(self, asked: UseAsked, now: datetime) -> Lookup:
        """What `at_redemption` goes by, for whoever reads other things in the same call."""
        question = decision_id("redemption", asked.number, asked.asked)
        more = [held_key("redemption", asked.same), *(key(*tally) for tally in asked.tallies.items())]
        return self._lookup("redemption", question, asked.persons, asked.sold, now, more)

    def at_redemption(
        self, lookup: Lookup, items: Sequence[Item], asked: UseAsked, facts: Facts, worth: Money, now: datetime
    ) -> None:
        """Whether a voucher may be used, by the same request once for ever. `items` are what was found under the
        lookup's keys. Raises RiskRefused, ReviewNeeded, ApprovalUsed, Busy."""
        known = self._found(lookup, items, {**facts, **tally_facts(by_tally(items), now)}, now)
        order = asked.voucher.order or ""
        record = known.record or known.force.decide(
            known.facts, subject=asked.number, order=order, request=asked.asked, now=now
        )
        self._must_pass(known, record, Wanted(asked.same, worth, asked.voucher.channel), now)

    def decided(self, order: Order) -> bool:
        """Whether the review that an order waits for is over."""
        found = self.reviews.find([review_id(order.decision)])
        return all(not review.is_open for review in found.values())

    def _must_pass(self, known: Known, record: DecisionRecord, wanted: Wanted, now: datetime) -> None:
        asked = Asked(record, known.record is not None, known.review, known.latest)
        Gate(self.table).must_pass(asked, wanted, known.force.policies.review(record.point), now)

    def _known(self, point: Point, order: Order, now: datetime, question: str, more: Sequence[Key] = ()) -> Known:
        persons = persons_of(order)
        agent: list[tuple[Bucket, str]] = [("agent", order.agent)] if order.agent else []
        sold: list[tuple[Bucket, str]] = [("channel", order.channel), *agent, ("sku", main_sku(order))]
        lookup = self._lookup(point, question, persons, sold, now, more)
        facts = order_facts(order, self.zone)
        own: Collection[str] = ()
        if point == "delivery":
            facts |= payment_facts(order)
            own = own_names(order)  # the stream may have told of it by now, or not
        return self._found(lookup, self.table.get_many(lookup.keys), facts, now, own)

    def _lookup(
        self,
        point: Point,
        question: str,
        persons: Mapping[Identity, str],
        sold: Sequence[tuple[Bucket, str]],
        now: datetime,
        more: Sequence[Key] = (),
    ) -> Lookup:
        force = self.rules.known(point)
        keys: list[Key] = [
            *([] if force else self.rules.keys(point)),
            decision_key(question),
            review_key(review_id(question)),
            *(key(*person) for person in persons.items()),
            *(listed_key(*person) for person in persons.items()),
            *buckets.keys(sold, now),
            *more,
        ]
        return Lookup(point, force, sold, keys)

    def _found(
        self, lookup: Lookup, items: Sequence[Item], facts: Facts, now: datetime, own: Collection[str] = ()
    ) -> Known:
        """`facts` are those that nothing has to be looked up for; what is known under the names in `own` is no news."""
        facts = {**facts, **list_facts(entries_in(items), now)}
        for identity, item in by_identity(items).items():
            facts |= counted(item, identity, now, own)
        facts |= buckets.counted(lookup.sold, items, now)
        by_kind: Mapping[str, Item] = {item["sk"]: item for item in items}
        record, review = by_kind.get("DECISION"), by_kind.get("REVIEW")
        return Known(
            lookup.force or self.rules.found(lookup.point, items),
            facts,
            DecisionRecord.model_validate(record) if record else None,
            Review.model_validate(review) if review else None,
            by_kind.get("HELD", {}).get("review", ""),
        )

    def _counted(self, orders: OrdersTable, order: Order, record: DecisionRecord, known: Known) -> DecisionRecord:
        """Records what was decided and counts the order as unpaid, together. An earlier call of the order that recorded
        it may have been tidied up after since: then it is counted anew."""
        cap = known.force.policies.unpaid
        capped = not known.facts.get("lists.allowed")
        if capped and len(order.units) > cap.units:
            raise TooManyUnpaid(cap.orders, cap.units)
        holds = self.holds.writes(order, cap) if capped else []
        writes = holds if known.record else [self.decisions.write(record), *holds]
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                if writes:
                    self.table.together(writes)
            except ConditionFailed as failed:
                if failed.item.get("sk") == "DECISION":
                    return DecisionRecord.model_validate(failed.item)
                if counts(failed.item, order):  # left by an earlier try of its call that was not tidied up
                    self.holds.release(order)
                elif last or not self.holds.heal(orders, order):
                    raise TooManyUnpaid(cap.orders, cap.units) from None
            else:
                return record
        raise TooManyUnpaid(cap.orders, cap.units)

    def _review(
        self, record: DecisionRecord, force: InForce, amount: Money, channel: str, now: datetime
    ) -> tuple[DecisionRecord, Review | None]:
        """Opens the review of what is held, recording both together. What was there first stands: where the same
        question was decided otherwise meanwhile, there is nothing to review."""

        def opened(held: DecisionRecord) -> Review:
            # An order that was held as it was placed is looked at only once it is paid.
            terms = force.policies.review("order" if held.facts.get("order.risk_held") else held.point)
            return review_of(held, terms, amount=amount, channel=channel, now=now)

        review = opened(record)
        both: Sequence[Write] = [self.decisions.write(record), self.reviews.write_open(review)]
        try:
            self.table.together(both)
        except ConditionFailed as failed:
            if failed.item.get("sk") == "DECISION":
                record = DecisionRecord.model_validate(failed.item)
            return record, self.reviews.open(opened(record)) if record.outcome == "hold" else None
        return record, review


def _insisted(record: DecisionRecord) -> DecisionRecord:
    """The decision stays what it was, and tells that somebody went on in spite of it."""
    if record.outcome == "approve":
        return record
    return record.model_copy(
        update={"hits": (*record.hits, Hit(rule="despite_risk", then="approve", reason="despite_risk"))}
    )


def _standing(record: DecisionRecord, review: Review | None) -> RiskState:
    if record.outcome == "hold":
        ended = review.state if review else "open"
        return "review" if ended == "open" else ended
    return "approved" if record.outcome == "approve" else "refused"
