"""Bringing an order's books up to date by one call: what its providers and their files say is booked, its journal and
the ledger are completed, and what is left to do is started. Each step may be repeated."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from quanyi.callers import Caller
from quanyi.errors import Busy
from quanyi.ledger.check import journal_sum
from quanyi.ledger.model import entries_of
from quanyi.orders.books import books
from quanyi.orders.changes import settled
from quanyi.orders.journal import balances
from quanyi.orders.model import Order
from quanyi.orders.refunds import share_answered
from quanyi.orders.table import Stale
from quanyi.payments.manual import MANUAL
from quanyi.payments.port import Captured, NoSuchProvider, Provider
from quanyi.payments.receipt import book, needs_workflow, refunding, try_of
from quanyi.settlements.compare import fee_row, payment_of, same_currency
from quanyi.settlements.fees import with_fee
from quanyi.settlements.model import Settled
from reports.books.files import Files
from reports.views import RecoverView
from reports.wiring import Office


def recover(office: Office, caller: Caller, order_id: str) -> RecoverView:
    """Raises NotFound, Busy."""
    run = _Recovery(office, caller.name, office.orders.get(order_id))
    run.payments()
    run.refunds()
    run.fees()
    run.journal()
    run.work()
    order = run.order
    return RecoverView(
        order=order.id,
        state=order.state,
        books=books(order),
        done=list(dict.fromkeys(run.done)),
        unanswered=sorted(run.unanswered),
    )


def with_fees(order: Order, rows: Iterable[Settled]) -> Order:
    """The fees that these rows tell, on the payments that they are about."""
    for one in rows:
        payment = payment_of(order, one)
        if payment and same_currency(order, payment, one):
            order = with_fee(order, payment.id, fee_row(one), one.row.fee)
    return order


@dataclass
class _Recovery:
    office: Office
    by: str
    order: Order
    done: list[str] = field(default_factory=list[str])
    unanswered: set[str] = field(default_factory=set[str])

    def payments(self) -> None:
        """Asks about every try that is not known to be paid, closed ones too: a provider may have been faster."""
        for payment in self.order.payments:
            provider = self._provider(payment.provider)
            if provider is None or payment.transaction or payment.provider == MANUAL:
                continue
            answer = provider.query(try_of(payment, self.order.currency))
            if isinstance(answer, Captured):
                self.order = book(self.office.orders, self.office.workflow, payment.provider, answer, self.office.now())
                self.done.append("payment_booked")
            elif answer == "unknown":
                self.unanswered.add(payment.provider)

    def refunds(self) -> None:
        """Books refunds that their provider has done. One that it has not done is left to the workflow, or to the
        person whom it waits for."""
        for refund in self.order.refunds:
            for number, share in enumerate(refund.shares):
                payment = self.order.payment(share.payment)
                provider = self._provider(payment.provider) if payment else None
                if share.state == "succeeded" or payment is None or provider is None or provider.name == MANUAL:
                    continue
                answer = provider.query_refund(refunding(self.order, refund, number))
                if answer == "succeeded":
                    decide = partial(_succeeded, refund=refund.id, number=number, by=self.by, now=self.office.now())
                    self.order = self.office.orders.change(self.order, decide)
                    self.done.append("refund_booked")
                elif answer == "unknown":
                    self.unanswered.add(payment.provider)

    def fees(self) -> None:
        rows = Files(self.office).about(self.order)
        before = self.order
        self.order = self.office.orders.change(before, lambda it: with_fees(it, rows))
        if self.order != before:
            self.done.append("fee_booked")

    def journal(self) -> None:
        if journal_sum(self.order) != balances(self.order):
            try:
                # Saving posts whatever is missing.
                self.order = self.office.orders.save(self.order.model_copy(update={"changed_by": self.by}))
            except Stale:
                raise Busy("the order is being changed") from None
            self.done.append("journal_posted")
        self.office.ledger.put(entries_of(None, self.order))
        self.done.append("ledger_written")

    def work(self) -> None:
        if needs_workflow(self.order):
            self.office.workflow.start(self.order)
            self.done.append("workflow_started")

    def _provider(self, name: str) -> Provider | None:
        try:
            return self.office.providers.get(name)
        except NoSuchProvider:
            self.unanswered.add(name)
            return None


def _succeeded(order: Order, refund: str, number: int, by: str, now: datetime) -> Order:
    order = share_answered(order, refund, number, "succeeded", now)
    return settled(order, now).model_copy(update={"changed_by": by})
