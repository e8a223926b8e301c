"""Taking what a provider tells about a case: recorded once, its order frozen with it.

The order is written before the case, and whenever it was, the case is written too: so of two that hear different
things at once, one must decide again on what the other wrote. What a crash between the two leaves, the same
notification or the sweep mends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from quanyi.cases.changes import heard, opened, suits
from quanyi.cases.model import Case, case_id
from quanyi.cases.sealed import CaseSeal
from quanyi.cases.table import CasesTable, from_item, key_of
from quanyi.clock import Clock, system_clock
from quanyi.errors import Busy, NotFound
from quanyi.orders.model import Order
from quanyi.orders.numbers import order_of
from quanyi.orders.table import OrdersTable
from quanyi.orders.table import from_item as order_from_item
from quanyi.payments.port import CaseDesk, CaseHint, CaseTold, Provider
from quanyi.table import Item

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
        writes. Raises Busy."""
        wanted = case_id(provider, told.case)
        for _ in range(TRIES):
            case, order = self.together(wanted, order_of(told.payment))
            if order and not any(p.id == told.payment and p.provider == provider for p in order.payments):
                order = None
            now = self.now()
            if case is None:
                case, known = opened(provider, told, order, now), None
                if told.text:
                    member = order.member if order else None
                    case = case.model_copy(update={"sealed": self.seal.close(told.text, member, case.id)})
            else:
                case, known = heard(case, told, now, asked_at), case
            done = self.write(case, known, order if order and order.id == case.order else None)
            if done:
                return done
        raise Busy("the case is contended")

    def write(self, case: Case, known: Case | None, order: Order | None) -> Case | None:
        """Writes order and case as the case wants them; `known` is the case as it was read. None: somebody else was
        faster, decide again."""
        wanted: Callable[[Order], Order] = lambda it: suits(it, case)  # noqa: E731 - what `change` applies
        moved = False
        if order and wanted(order) != order:
            self.orders.change(order, wanted)
            moved = True
        return self.cases.save(case) if moved or case != known else case

    def together(self, case: str, order: str) -> tuple[Case | None, Order | None]:
        """A case and an order in one consistent read."""
        keys = [key_of(case), {"pk": f"ORDER#{order}", "sk": "ORDER"}]
        found: dict[str, Item] = {item["sk"]: item for item in self.orders.table.get_many(keys)}
        return (
            from_item(found["CASE"]) if "CASE" in found else None,
            order_from_item(found["ORDER"]) if "ORDER" in found else None,
        )
