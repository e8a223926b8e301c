"""Any sequence of what shoppers, providers, support, time and crashes can do, generated: after each step the books of
every order balance and no card is with two; in the end every paid unit is settled once, and the shop's books are the
provider's.

`make test` runs some sequences; `make prove` runs 10,000 (`PROVE` says how many).
"""

import os
import random
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Self

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import checkout.place
import checkout.sweep
import fulfill.fulfil
import fulfill.reveal
import fulfill.sweep
from aftersales.claiming import replace_card
from aftersales.messages import RefundBody, ReplacementBody
from aftersales.refunding import refund_order
from checkout.messages import PaymentBody
from checkout.pay import start_payment
from fulfill.reveal import reveal
from quanyi.errors import Refusal
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.journal import balances
from quanyi.orders.model import Order
from quanyi.orders.returns import Share
from quanyi.payments.port import Captured, RefundTold, TakenBack
from quanyi.payments.receipt import book, book_refund, book_taken_back
from tests.aws.after_sale import SUPPORT, desk_of
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud
from tests.aws.psp import Psp

SEQUENCES = int(os.environ.get("PROVE", "60"))
PRICE = 1999
some = st.integers(0, 10**6)


class InOrder:
    """A thread pool that does one thing after the other, so that a sequence is the same whenever it is played."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, act: Callable[..., Any], *over: Iterable[Any]) -> Iterator[Any]:
        return map(act, *over)


@pytest.fixture(autouse=True)
def _the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (checkout.place, checkout.sweep, fulfill.fulfil, fulfill.reveal, fulfill.sweep):
        monkeypatch.setattr(module, "ThreadPoolExecutor", InOrder)


class Crash(BaseException):
    """The process is gone: nothing catches it, nothing is cleaned up."""


class Shop(RuleBasedStateMachine):
    """`fuse` counts AWS calls down to the one that fails."""

    @initialize(
        short=st.sampled_from(["refund", "backlog"]),
        cards=st.integers(2, 8),
        sold=st.integers(0, 3),
        seen=st.booleans(),
    )
    def opens(self, short: str, cards: int, sold: int, seen: bool) -> None:
        """A shop with stock and, mostly, a first order that is paid and delivered."""
        drawn = random.Random(7)
        secrets.token_bytes = drawn.randbytes  # type: ignore[assignment]
        secrets.token_hex = lambda size=16: drawn.randbytes(size or 16).hex()
        self.cloud = MemoryCloud()
        self.fuse, self.applied, self.armed = -1, False, False
        self.cloud.dynamo.before = lambda _: self._burn(late=False)
        self.cloud.dynamo.after = lambda _: self._burn(late=True)
        self.market = Market(self.cloud)  # type: ignore[arg-type]
        self.market.shop = replace(self.market.shop, draw=drawn.randbytes)
        self.market.works = replace(self.market.works, draw=drawn.randbytes)
        self.psp = Psp()
        self.market.offer(self.psp)
        self.market.sku(on_shortage=short, backlog_hours=2)
        self.market.stock("ik-month", cards)
        self.orders: list[str] = []
        self.checked = -1
        self.seen: dict[str, str] = {}
        self.settled_once: dict[tuple[str, str], str] = {}
        if sold:
            self.buys(sold, seen)

    def _burn(self, *, late: bool) -> None:
        if not self.armed or self.fuse < 0 or late != self.applied:
            return
        self.fuse -= 1
        if self.fuse < 0:
            raise Crash if self.applied else ReadTimeoutError(endpoint_url="dynamodb")

    def _try(self, act: Callable[[], Any]) -> Any:
        """What a caller may see: an answer, a refusal, or nothing because the process died."""
        self.armed = True
        try:
            return act()
        except (Refusal, Crash, ReadTimeoutError):
            return None
        finally:
            self.armed = False

    def _order(self, which: int) -> str:
        return self.orders[which % len(self.orders)]

    def _facts(self) -> list[Captured]:
        return list(self.psp.taken.values())

    # What may happen.

    @rule(after=st.integers(0, 12), applied=st.booleans())
    def crashes_soon(self, after: int, applied: bool) -> None:
        self.fuse, self.applied = after, applied

    @precondition(lambda self: len(self.orders) < 4)
    @rule(quantity=st.integers(1, 3))
    def places(self, quantity: int) -> None:
        key = f"order {len(self.orders)}"
        for _ in range(2):  # a storefront that got no answer asks again
            order = self._try(lambda: self.market.place(quantity=quantity, key=key))
            if order is not None:
                self.orders.append(order.id)
                return
            self.market.later(seconds=31)

    @precondition(lambda self: len(self.orders) < 4)
    @rule(quantity=st.integers(1, 3), reveal_too=st.booleans())
    def buys(self, quantity: int, reveal_too: bool) -> None:
        """A whole purchase, so that what comes after the sale is met often."""
        self.places(quantity)
        if not self.orders:
            return
        self.opens_a_payment(len(self.orders) - 1, "a", "quick")
        self.market.run()
        known = self.market.order(self.orders[-1])
        if known.open_tries and self.psp.tries.get(known.open_tries[-1].id) == "open":
            fact = self.psp.pay(known.open_tries[-1].id, known.open_tries[-1].amount)
            self._try(lambda: self._hear(fact))
            self.works()
        if reveal_too:
            self.reveals(len(self.orders) - 1)

    @precondition(lambda self: self.orders)
    @rule(which=some, key=st.sampled_from(["a", "b", "c"]), method=st.sampled_from(["quick", "slow"]))
    def opens_a_payment(self, which: int, key: str, method: str) -> None:
        body = PaymentBody(provider="psp", method=method)
        self._try(lambda: start_payment(self.market.shop, SITE, self._order(which), key, body))

    @precondition(lambda self: any(state != "captured" for state in self.psp.tries.values()))
    @rule(which=some, how=st.sampled_from(["exact", "exact", "exact", "less", "more", "foreign"]), tell=st.booleans())
    def pays(self, which: int, how: str, tell: bool) -> None:
        """Even a try that was closed a moment ago."""
        tries = [payment for payment, state in self.psp.tries.items() if state != "captured"]
        payment = tries[which % len(tries)]
        known = self.market.shop.orders.get(Captured(payment, "", 0, "").order).payment(payment)
        assert known
        amount = {"less": max(1, known.amount // 2), "more": known.amount + 500}.get(how, known.amount)
        fact = self.psp.pay(payment, amount, "USD" if how == "foreign" else "CNY")
        if tell:
            self._try(lambda: self._hear(fact))

    @precondition(lambda self: self.psp.taken)
    @rule(which=some, times=st.integers(1, 3))
    def hears(self, which: int, times: int) -> None:
        """Late, or again."""
        fact = self._facts()[which % len(self.psp.taken)]
        for _ in range(times):
            self._try(lambda: self._hear(fact))

    def _hear(self, fact: Captured) -> Order:
        return book(self.market.shop.orders, self.market.workflow, "psp", fact, self.market.now)  # type: ignore[arg-type]

    @rule(minutes=st.sampled_from([1, 3, 16, 47, 130]))
    def time_passes(self, minutes: int) -> None:
        self.market.later(minutes=minutes)

    @rule()
    def sweeps(self) -> None:
        self._try(self.market.sweep)

    @rule()
    def works(self) -> None:
        """The workflow runs; Step Functions tries a task again that broke off."""
        if self._try(self.market.run) is None:
            self._try(self.market.run)

    @rule(cards=st.integers(1, 3))
    def cards_arrive(self, cards: int) -> None:
        self.market.stock("ik-month", cards)

    @precondition(lambda self: self.orders)
    @rule(which=some)
    def cancels(self, which: int) -> None:
        order = self.market.shop.orders.get(self._order(which))
        self._try(lambda: self.market.cancel(order))

    @precondition(lambda self: self.orders)
    @rule(which=some)
    def reveals(self, which: int) -> None:
        order_id = self._order(which)
        shown = self._try(lambda: reveal(self.market.works, SITE, order_id))
        for delivery in shown.deliveries if shown else ():
            for unit in delivery.units:
                if unit.number:
                    assert self.seen.setdefault(unit.number, order_id) == order_id, "one card, one buyer"

    @precondition(lambda self: self.orders)
    @rule(
        which=some,
        units=st.integers(0, 7),
        amount=st.sampled_from([0, 0, 0, 1, 500, 2500]),
        key=st.sampled_from("abcd"),
        unclear=st.sampled_from(["", "", "lost", "never", "refused"]),
        sent=st.booleans(),
    )
    def refunds(self, which: int, units: int, amount: int, key: str, unclear: str, sent: bool) -> None:
        """Everything, some units, or part of their price; a key may come again, and the provider may be unclear."""
        self.psp.unclear += [unclear] if unclear else []
        order = self.market.order(self._order(which))
        chosen = tuple(u.id for i, u in enumerate(order.units) if units >> i & 1)
        money = Money(amount=amount, currency="CNY") if amount else None
        body = RefundBody(reason="r", units=chosen, amount=money)
        for _ in range(2):
            self._try(lambda: refund_order(desk_of(self.market), SUPPORT, order.id, key, body))
        if sent:
            self.works()

    @precondition(lambda self: self.orders)
    @rule(which=some, unit=st.integers(0, 2), key=st.sampled_from("abcd"))
    def replaces(self, which: int, unit: int, key: str) -> None:
        """A bad card; whoever asked for it asks again where the call broke off."""
        order = self.market.order(self._order(which))
        had = next((len(u.replaced) for u in order.units if u.id == f"0-{unit}"), 0)
        body = ReplacementBody(unit=f"0-{unit}", replaced_before=had, reason="used")
        for _ in range(2):
            self._try(lambda: replace_card(desk_of(self.market), SUPPORT, order.id, key, body))

    @rule(down=st.sampled_from([True, False, False]))
    def the_provider_goes(self, down: bool) -> None:
        self.psp.down = down

    @precondition(lambda self: self.psp.sent)
    @rule(which=some)
    def hears_of_a_refund(self, which: int) -> None:
        sent = list(self.psp.sent.values())[which % len(self.psp.sent)]
        told = RefundTold(sent.payment, sent.refund, "succeeded")
        self._try(lambda: book_refund(self.market.shop.orders, self.psp, told, self.market.now))

    @precondition(lambda self: self.psp.taken)
    @rule(which=some, part=st.integers(1, 4), times=st.integers(1, 2))
    def loses_a_dispute(self, which: int, part: int, times: int) -> None:
        """Or somebody sends money back in the provider's console."""
        fact = self._facts()[which % len(self.psp.taken)]
        sent = sum(r.amount for r in self.psp.sent.values() if r.transaction == fact.transaction)
        amount = min(fact.amount // part, fact.amount - sent - self.psp.pulled_of(fact.transaction))
        if amount <= 0 or fact.payment not in {p.id for o in self.orders for p in self.market.order(o).payments}:
            return
        told = TakenBack(fact.payment, f"dp{len(self.psp.pulled)}", amount, fact.currency, "dispute")
        done = [self._try(lambda: self._hear_taken_back(told)) for _ in range(times)]
        booked = any(s.outside == f"psp:{told.reference}" for s in self._shares(fact.order))
        assert booked or done[-1] is None
        if booked:
            self.psp.pulled.append((fact.transaction, amount))

    def _shares(self, order_id: str) -> list[Share]:
        return [share for refund in self.market.order(order_id).refunds for share in refund.shares]

    def _hear_taken_back(self, told: TakenBack) -> Order:
        workflow: Any = self.market.workflow
        return book_taken_back(self.market.shop.orders, workflow, "psp", told, self.market.now)

    # What must hold after each step.

    @invariant()
    def nothing_is_wrong(self) -> None:
        if not hasattr(self, "market") or self.checked == self.cloud.dynamo.writes:
            return
        self.checked = self.cloud.dynamo.writes
        self.market.check_nothing_is_wrong()
        for card in self.cloud.contents("CardsTable")["CardsTable"]:
            assert "revealed_at" not in card or card["state"] not in ("available", "reserved"), "seen and sold again"
        for order_id in self.orders:
            self._check(self.market.order(order_id))

    def _check(self, order: Order) -> None:
        total: dict[str, int] = {}
        for posting in order.journal:
            per_currency: dict[str, int] = {}
            for account, amount in posting.lines.items():
                total[account] = total.get(account, 0) + amount
                currency = account.rsplit(":", 1)[-1] if account[-4:].lstrip(":").isupper() else ""
                per_currency[currency] = per_currency.get(currency, 0) + amount
            assert set(per_currency.values()) <= {0}, posting
        assert {a: n for a, n in total.items() if n} == balances(order)
        money = books(order)
        assert money.captured == money.delivered + money.refunded + money.owed
        for unit in order.units:
            seen = self.settled_once.get((order.id, unit.id))
            assert seen != "refunded" or unit.state == "refunded", "what was refunded stays so"
            self.settled_once[order.id, unit.id] = unit.state

    def teardown(self) -> None:
        """Faults end, time passes: everything that is owed is done, and the provider's books are ours."""
        if not hasattr(self, "market"):
            return
        self.fuse, self.psp.down, self.psp.unclear = -1, False, []
        for hours in (1, 1, 1, 5, 25, 25, 25, 1, 1, 1):
            self.market.run()
            self.market.later(hours=hours, seconds=1)
            self.market.sweep()
        self.market.run()
        self.market.check_nothing_is_wrong()
        ours: dict[str, int] = {}
        for order_id in self.orders:
            order = self.market.order(order_id)
            self._check(order)
            assert order.state not in ("placing", "awaiting_payment", "paid")
            assert order.waits_for_person or books(order).owed == 0, order
            assert order.waits_for_person or not order.paid_at or order.settled
            for payment in order.payments:
                if payment.transaction:
                    ours[payment.transaction] = payment.captured
        taken_back = sum(s.amount + s.excess for o in self.orders for s in self._shares(o) if s.outside)
        assert taken_back == sum(amount for _, amount in self.psp.pulled), "taken back once"
        heard = {t: f.amount for t, f in self.psp.taken.items() if t in ours}
        assert ours == heard
        for transaction, fact in self.psp.taken.items():
            late_try = self.market.order(fact.order).payment(fact.payment)
            assert transaction in ours or (late_try and late_try.state == "closed"), "only a closed try was forgotten"
        assert not self.market.cards_in("reserved")


Shop.TestCase.settings = settings(
    max_examples=SEQUENCES,
    stateful_step_count=30,
    deadline=None,
    derandomize=SEQUENCES < 1000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestShop = Shop.TestCase
