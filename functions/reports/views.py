"""What the reports answer."""

from typing import Annotated, Any

from pydantic import Field

from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.orders.books import Books
from quanyi.orders.model import OrderState
from quanyi.settlements.differences import WHAT_TO_DO, Difference, DifferenceKind
from quanyi.settlements.model import FailedFor, ImportState, Sums
from quanyi.table import Item
from reports.books.reconcile import Report


class Call(View):
    """The API call that mends it, or shows more."""

    method: str
    path: str
    body: dict[str, Any] | None = None


class DifferenceView(View):
    """`expected` is what the other book says, `found` what this one does."""

    kind: DifferenceKind
    order: str | None
    provider: str | None
    transaction: str | None
    expected: dict[str, Any] | None
    found: dict[str, Any] | None
    what_to_do: Annotated[dict[str, str], Field(description="By language")]
    call: Call | None

    @classmethod
    def of(cls, one: Difference) -> "DifferenceView":
        chinese, english = WHAT_TO_DO[one.kind]
        same = {name: getattr(one, name) for name in ("kind", "order", "provider", "transaction", "expected", "found")}
        call = Call(method=one.call[0], path=one.call[1], body=_body(one)) if one.call else None
        return cls(**same, what_to_do={"zh-CN": chinese, "en": english}, call=call)


def _body(one: Difference) -> dict[str, Any] | None:
    return {"reason": "paid back by hand"} if one.kind == "refund_failed" else None


class ReconcileView(View):
    """`found` counts all differences; at most 1,000 are listed. A provider in `waiting_for_file` has not been compared
    yet. `accounts` is what moved on each account of the ledger, `providers` what is `booked` here and what the `file`
    says: all in minor units, by currency."""

    date: str
    as_of: Timestamp
    orders: int
    units_delivered: int
    found: int
    differences: list[DifferenceView]
    waiting_for_file: list[str]
    accounts: Sums
    providers: dict[str, dict[str, Sums]]

    @classmethod
    def of(cls, report: Report) -> "ReconcileView":
        same = {name: getattr(report, name) for name in cls.model_fields if name not in ("date", "differences")}
        return cls(date=report.day, differences=[DifferenceView.of(one) for one in report.differences], **same)


class UnderWay(View):
    """A large day is reconciled in the background: ask again after `Retry-After` seconds."""

    date: str
    state: str = "under_way"


class UploadLink(View):
    url: str
    method: str = "POST"
    fields: dict[str, str]
    """Form fields that come before the field `file`."""
    expires_at: Timestamp
    max_bytes: int


class ImportView(View):
    id: str
    state: ImportState
    reason: FailedFor | None = None
    by: str
    created_at: Timestamp
    finished_at: Timestamp | None = None
    rows: int | None = None
    sums: Sums | None = None

    @classmethod
    def of(cls, item: Item) -> "ImportView":
        return cls.model_validate({name: item[name] for name in cls.model_fields if name in item})


class Announced(ImportView):
    provider: str
    day: str
    upload: UploadLink


class FileView(View):
    imported_at: Timestamp
    rows: int
    sums: Sums


class SettlementsView(View):
    """`file` is what counts; null while there is none."""

    provider: str
    day: str
    file: FileView | None
    imports: list[ImportView]


class RecoverView(View):
    """`done` names what was mended: `payment_booked`, `refund_booked`, `fee_booked`, `journal_posted`,
    `ledger_written`, `workflow_started`; `unanswered` the providers that did not answer clearly."""

    order: str
    state: OrderState
    books: Books
    done: list[str]
    unanswered: list[str]
