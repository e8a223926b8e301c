"""A labelled week lived through by the shop's own risk control: the rules, windows, caps and reviews that ship, over a
table in memory.

The shop sees what it would see: hashes, its own orders as they change, never a label. A person decides what is held,
and is taken to be right: an honest buyer is only delayed by it, an abuser stopped.
"""

from base64 import urlsafe_b64encode
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal
from unittest.mock import patch

from bench.risk_memory import RiskMemory
from bench.shop_week.facts import (
    Complained,
    Expired,
    Fact,
    Paid,
    PaymentFailed,
    Placed,
    Redeemed,
    RefundAsked,
    Revealed,
)
from bench.shop_week.shop import GOODS, HOLD, STORES
from bench.shop_week.week import Week
from quanyi.clock import stamp
from quanyi.ids import derived_id
from quanyi.members.contact import Contact, hashed
from quanyi.members.model import member_id
from quanyi.money import Money
from quanyi.orders import changes, refunds
from quanyi.orders.model import Line, Order, Payment, Unit
from quanyi.orders.numbers import payment_number
from quanyi.orders.table import OrdersTable
from quanyi.risk import buckets, signals, tokens
from quanyi.risk.assess import Risk
from quanyi.risk.buckets import LASTS
from quanyi.risk.decisions import decision_id
from quanyi.risk.facts import Bucket, Point, Value
from quanyi.risk.identities import traced, traces
from quanyi.risk.order_facts import refund_facts
from quanyi.risk.passing import Wanted
from quanyi.risk.refusals import ReviewNeeded, RiskRefused, TooManyUnpaid
from quanyi.risk.rules import Outcome
from quanyi.risk.signals import SignalsTable
from quanyi.risk.table import RulesInForce
from quanyi.risk.told import Sign, told
from quanyi.stats.once import OnceCounter
from quanyi.vault.keys import Purpose

ZONE = "Asia/Shanghai"
CURRENCY = "CNY"
Said = Outcome | Literal["cap"]
"""What was decided; `cap` is a refusal because too much is held unpaid."""


@dataclass(frozen=True)
class Judged:
    """One decision on one fact; `rules` are those that applied."""

    point: Point
    fact: Fact
    said: Said
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lived:
    """What a week came to: every decision, and the facts that happened all the same."""

    judged: tuple[Judged, ...]
    happened: tuple[Fact, ...]


@dataclass(frozen=True)
class Keys:
    """Stands in for the keyring: as many different hashes, and no key."""

    def key(self, purpose: Purpose) -> bytes:
        return sha256(purpose.encode()).digest()

    def mac(self, purpose: Purpose, *parts: str) -> str:
        return urlsafe_b64encode(sha256("\x1f".join((purpose, *parts)).encode()).digest()).decode().rstrip("=")


@dataclass(frozen=True)
class Open(OrdersTable):
    """Finds the shop's orders, as the table would."""

    known: dict[str, Order] = field(default_factory=dict[str, Order])

    def find(self, order_ids: Sequence[str]) -> dict[str, Order]:
        return {each: self.known[each] for each in order_ids if each in self.known}


class InTurn(Executor):
    """Does at once what it is given."""

    def __init__(self, max_workers: int) -> None: ...

    def map(self, fn: Callable[..., Any], *iterables: Any, **how: Any) -> Iterator[Any]:
        return map(fn, *iterables)


def lived(week: Week) -> Lived:
    """The week with the built-in rules and policies."""
    shop = Shop()
    # Threads would wait for a table that answers at once: they cost more than all the rest.
    with patch("quanyi.risk.signals.ThreadPoolExecutor", InTurn):
        happened = [fact for fact in week.facts if shop.sees(fact)]
    return Lived(tuple(shop.judged), tuple(happened))


@dataclass
class Shop:
    """`orders` are those that were placed and not stopped."""

    table: RiskMemory = field(default_factory=RiskMemory)
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    judged: list[Judged] = field(default_factory=list[Judged])
    _revealed: dict[str, datetime] = field(default_factory=dict[str, datetime])
    _uses: defaultdict[tuple[str, str], list[datetime]] = field(
        default_factory=lambda: defaultdict[tuple[str, str], list[datetime]](list)
    )
    _keys: Keys = field(default_factory=Keys)
    _asked: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        # Rules do not change within a week, so that they need not be read again.
        self._risk = Risk(self.table, ZONE, RulesInForce(self.table, monotonic=lambda: 0.0))
        self._signals = SignalsTable(self.table)
        self._counters = OnceCounter(self.table, LASTS)
        self._open = Open(self.table, ZONE, known=self.orders)

    def sees(self, fact: Fact) -> bool:
        """Whether it happens, given what was decided before; decides where something is to be decided."""
        if isinstance(fact, Placed):
            return self._place(fact)
        order = self.orders.get(_id(fact.order))
        if order is None:
            return False
        match fact:
            case PaymentFailed():
                self._written(order, self._tried(order, fact.at, failed=True), fact.at)
            case Paid():
                return self._pay(order, fact)
            case Expired():
                self._written(order, changes.ended(order, "expired", "unpaid"), fact.at)
            case Revealed():
                self._revealed[fact.order] = fact.at
            case RefundAsked():
                return self._refund(order, fact)
            case Redeemed():
                return self._redeem(order, fact)
            case Complained():
                case_ = f"C{len(order.cases)}"
                self._written(order, order.model_copy(update={"cases": (*order.cases, case_)}), fact.at)
            case _:
                raise AssertionError(fact)
        return True

    # Order and delivery.

    def _place(self, fact: Placed) -> bool:
        order = _order(fact, self._keys)
        try:
            record = self._risk.at_order(self._open, order, fact.at)
        except RiskRefused as refused:
            self._judge("order", fact, "refuse", refused.extra["decision"])
            return False
        except TooManyUnpaid:
            self._judge("order", fact, "cap")
            return False
        self._judge("order", fact, record.outcome, record.id)
        if record.outcome == "hold":
            order = order.model_copy(update={"risk": "held"})
        cards = {unit.id: f"{order.id}/{unit.id}" for unit in order.units}
        self._written(None, changes.placed(order, cards), fact.at)
        return True

    def _pay(self, order: Order, fact: Paid) -> bool:
        """False when its delivery was refused, at once or by the person who looked at it."""
        tried = self._tried(order, fact.at)
        last = tried.payments[-1]
        payer = traced(self._keys, "payer", fact.payer)
        paid = changes.captured(tried, last.id, f"T{last.id}", tried.total, fact.at, paid_by=payer)
        order = self._written(order, paid, fact.at)
        verdict = self._risk.at_delivery(order, fact.at)
        said: Said = "hold" if verdict.risk == "review" else "refuse" if verdict.risk == "refused" else "approve"
        self._judge("delivery", fact, said, verdict.decision)
        if said == "refuse" or (said == "hold" and fact.actor.abuse):
            del self.orders[order.id]
            return False
        done = changes.delivered(order.model_copy(update={"risk": "approved"}), [u.id for u in order.units], fact.at)
        self._written(order, changes.settled(done, fact.at), fact.at)
        return True

    def _tried(self, order: Order, at: datetime, *, failed: bool = False) -> Order:
        """Another try to pay."""
        number = payment_number(order.id, "sandbox", str(len(order.payments)))
        failures = ("declined",) if failed else ()
        payment = Payment(id=number, provider="sandbox", amount=order.total, created_at=at, failures=failures)
        return changes.with_payment(order, payment, at)

    # After the sale.

    def _refund(self, order: Order, fact: RefundAsked) -> bool:
        units = [unit.id for unit in order.units if unit.state == "delivered"][: fact.units]
        seen = self._revealed.get(fact.order)
        revealed = {"revealed_at": stamp(seen)} if seen else {}
        cards = {
            unit.card: {"order": order.id, "unit": unit.id, "state": "delivered", **revealed}
            for unit in order.units
            if unit.card
        }
        amount = sum(order.unit(unit).value for unit in units)
        facts = refund_facts(order, units, amount, cards, "support", fact.at)
        self._asked[order.id] += 1
        request = str(self._asked[order.id])
        said: Said = "approve"
        try:
            same = derived_id("", order.id, str(amount), *units)
            wanted = Wanted(same, Money(amount=amount, currency=CURRENCY), order.channel)
            self._risk.at_refund(order, facts, wanted, request, fact.at)
        except ReviewNeeded:
            said = "hold"
        except RiskRefused:
            said = "refuse"
        self._judge("refund", fact, said, decision_id("refund", order.id, request))
        if said == "refuse" or (said == "hold" and fact.actor.abuse):
            return False
        asked = refunds.with_refund(order, units, reason="asked", by="support", now=fact.at, of=("delivered",))
        known = refunds.goods_known(asked, dict.fromkeys(units, "lost" if seen else "returned"))
        sent = refunds.share_answered(known, known.refunds[-1].id, 0, "succeeded", fact.at)
        self._written(order, changes.settled(sent, fact.at), fact.at)
        return True

    def _redeem(self, order: Order, fact: Redeemed) -> bool:
        goods = GOODS[order.lines[0].sku]
        member = member_id(self._keys, "counter", fact.by, Contact())
        mine, terminal = self._uses[goods.sku, member], self._uses["terminal", fact.store]
        unit = order.units[fact.unit]
        assert unit.delivered_at
        own: dict[str, Value] = {
            "voucher.kind": "once",
            "voucher.amount": goods.price,
            "voucher.currency": CURRENCY,
            "voucher.left_percent": 100,
            "voucher.foreign_region": STORES[fact.store] != goods.region,
            "voucher.below_floor": unit.amount < (goods.floor or 0),
            "voucher.agent": order.agent,
            "voucher.days_since_delivery": (fact.at - unit.delivered_at).days,
            "voucher.same_person_1d": _since(mine, fact.at - timedelta(days=1)),
            "terminal.redeemed_10m": _since(terminal, fact.at - timedelta(minutes=10)),
        }
        agent: list[tuple[Bucket, str]] = [("agent", order.agent)] if order.agent else []
        sold: list[tuple[Bucket, str]] = [("channel", order.channel), *agent, ("sku", goods.sku)]
        items = self.table.get_many([signals.key("member", member), *buckets.keys(sold, fact.at)])
        facts = own | buckets.counted(sold, items, fact.at)
        for identity, item in signals.by_identity(items).items():
            facts |= tokens.counted(item, identity, fact.at)
        record = self._risk.rules.of("redemption").decide(facts, subject=f"{order.id}/{unit.id}", now=fact.at)
        self.judged.append(Judged("redemption", fact, record.outcome, tuple(hit.rule for hit in record.hits)))
        if record.outcome == "refuse" or (record.outcome == "hold" and fact.actor.abuse):
            return False
        mine.append(fact.at)
        terminal.append(fact.at)
        self._signals.add([Sign("member", member, "redeemed", tokens.token(fact.at, order.id, unit.id))])
        return True

    # What every write of an order tells.

    def _written(self, old: Order | None, new: Order, at: datetime) -> Order:
        found = told(old, new, at)
        self._signals.add(found.signs)
        self._counters.add(found.noted)
        if found.released:
            self._risk.holds.release(found.released)
        self.orders[new.id] = new
        return new

    def _judge(self, point: Point, fact: Fact, said: Said, decision: str = "") -> None:
        found = self._risk.decisions.find([decision]) if decision else []
        self.judged.append(Judged(point, fact, said, tuple(hit.rule for record in found for hit in record.hits)))


def _id(order: str) -> str:
    return derived_id("O", order)


def _order(fact: Placed, keys: Keys) -> Order:
    """As `POST /v1/orders` makes it."""
    person, contact = fact.person, Contact(fact.person.email, fact.person.phone)
    line = Line(
        sku=fact.sku,
        version=1,
        kind="card",
        titles={"en": fact.sku},
        quantity=fact.units,
        unit_price=fact.unit_price,
        total=fact.total,
    )
    return Order(
        id=_id(fact.order),
        channel=fact.channel,
        member=member_id(keys, fact.channel, person.member, contact),
        lines=(line,),
        units=tuple(
            Unit(id=f"0-{number}", line=0, sku=fact.sku, kind="card", amount=fact.unit_price)
            for number in range(fact.units)
        ),
        currency=CURRENCY,
        total=fact.total,
        created_at=fact.at,
        expires_at=fact.at + HOLD,
        body_hash="",
        agent=fact.agent or "",
        traces=traces(keys, device=person.device or "", ip=person.ip or ""),
        decision=decision_id("order", _id(fact.order), stamp(fact.at)),
        email=hashed(keys, contact.email).value if contact.email else None,
        phone=hashed(keys, contact.phone).value if contact.phone else None,
    )


def _since(moments: list[datetime], start: datetime) -> int:
    """How many of them, which are in order, are later."""
    return len(moments) - bisect_right(moments, start)
