"""Taking what a provider tells about a case: recorded once, its orders frozen with it.

The orders are written before the case, and whenever it was, the case is written too: so of two that hear different
things at once, one must decide again on what the other wrote. What a crash between the two leaves, the same
notification or the sweep mends.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from quanyi.cases.changes import heard, opened, suits, with_words
from quanyi.cases.model import LONGEST_WORDS, MOST_WORDS, Case, Words, case_id
from quanyi.cases.sealed import CaseSeal
from quanyi.cases.table import CasesTable, from_item, key_of
from quanyi.clock import Clock, system_clock
from quanyi.errors import Busy, NotFound
from quanyi.orders.model import Order
from quanyi.orders.numbers import order_of
from quanyi.orders.table import OrdersTable
from quanyi.orders.table import from_item as order_from_item
from quanyi.payments.port import CaseDesk, CaseHint, CaseTold, Provider

TRIES = 20


@dataclass(frozen=True)
class CaseIntake:
    """`orders` and `cases` are kept in one table."""

    cases: CasesTable
    orders: OrdersTable
    seal: CaseSeal
    now: Clock = system_clock

    def take(self, provider: Provider, notice: CaseTold | CaseHint) -> Case | None:
        """Records a notification about a case. None: its provider knows no such case of ours. Raises
        ProviderUnavailable, Busy."""
        if isinstance(notice, CaseTold):
            return self.record(provider.name, notice)
        if not isinstance(provider, CaseDesk):
            return None
        asked_at = self.now()
        try:
            told = provider.case(notice.case)
        except NotFound:
            return None
        return self.record(provider.name, told, asked_at)

    def record(self, provider: str, told: CaseTold, asked_at: datetime | None = None) -> Case:
        """`asked_at` is when the provider was asked; None: it told by itself. At most four calls when nobody else
        writes, and two more for each further order. Raises Busy."""
        wanted = case_id(provider, told.case)
        for _ in range(TRIES):
            case, orders = self.together(wanted, (told.payment, *told.also))
            now = self.now()
            if case is None:
                told, order = _led_by_ours(provider, told, orders)
                case, known = opened(provider, told, order, now), None
            else:
                case, known = heard(case, told, now, asked_at), case
            case = self._listening(case, told, orders, now)
            done = self.write(case, known, filter(case.names, orders))
            if done:
                return done
        raise Busy("the case is contended")

    def unheard(self, case: Case, told: CaseTold) -> list[str]:
        """What the buyer says that is not kept yet."""
        if len(case.words) >= MOST_WORDS:
            return []
        known = {said.mark for said in case.words}
        every = (text[:LONGEST_WORDS] for text in (told.text, *told.later) if text)
        return [said for said in every if self.seal.mark(said, case.id) not in known]

    def write(self, case: Case, known: Case | None, orders: Iterable[Order]) -> Case | None:
        """Writes its orders and the case as the case wants them; `known` is the case as it was read. None: somebody
        else was faster, decide again."""
        wanted: Callable[[Order], Order] = lambda it: suits(it, case)  # noqa: E731 - what `change` applies
        moved = False
        for order in orders:
            if wanted(order) != order:
                self.orders.change(order, wanted)
                moved = True
        return self.cases.save(case) if moved or case != known else case

    def _listening(self, case: Case, told: CaseTold, orders: Iterable[Order], now: datetime) -> Case:
        member = next((order.member for order in orders if order.id == case.order), None)
        for said in self.unheard(case, told):
            sealed = self.seal.close(said, member, case.id)
            case = with_words(case, Words(mark=self.seal.mark(said, case.id), sealed=sealed, at=now))
        return case

    def together(self, case: str, payments: Iterable[str]) -> tuple[Case | None, list[Order]]:
        """A case, and the orders of these payments and of those that it names, in one consistent read; in two where it
        names more than these."""
        ids = list(dict.fromkeys(map(order_of, payments)))
        while True:
            keys = [key_of(case), *({"pk": f"ORDER#{order}", "sk": "ORDER"} for order in ids)]
            found = {item["pk"]: item for item in self.orders.table.get_many(keys)}
            item = found.pop(keys[0]["pk"], None)
            known = from_item(item) if item else None
            more = [order for order in known.orders if order not in ids] if known else []
            if not more:
                return known, [order_from_item(item) for item in found.values()]
            ids += more


def _led_by_ours(provider: str, told: CaseTold, orders: Iterable[Order]) -> tuple[CaseTold, Order | None]:
    """The payment that stands for a case is the first that was made here, where there is one."""
    ours = {payment.id: order for order in orders for payment in order.payments if payment.provider == provider}
    named = (told.payment, *told.also)
    first = next((payment for payment in named if payment in ours), told.payment)
    also = tuple(payment for payment in named if payment not in (first, ""))
    return replace(told, payment=first, also=also), ours.get(first)
