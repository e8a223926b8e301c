"""What is said about sources of past orders and their imports."""

from typing import Annotated, Any, Literal

from pydantic import Field

from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.imports.model import FileFaultCode
from quanyi.money import Currency
from quanyi.past.buyer import Known
from quanyi.past.orders import Export, ReadOrder, counted
from quanyi.past.rows import RowFault
from quanyi.past.source import Source, SourceSettings
from quanyi.past.table import ImportState
from quanyi.table import Item
from reports.past.goods import Dictionary
from reports.views import UploadLink

MOST_SHOWN = 20
MOST_FAULTS_SHOWN = 100


class SourcesView(View):
    items: list[Source]


class PresetsView(View):
    """By the platform's name; each can be sent as a source as it is, under any id and for any channel."""

    presets: dict[str, SourceSettings]


class FaultView(View):
    """In which line of the file, why, and the field whose column it is about (empty: the line as a whole)."""

    line: int
    code: RowFault
    field: str = ""


class PastImportView(View):
    """`orders` = `new` + `changed` + known before; `refused` counts faults by code, of which `faults` lists the first.
    `pending` are not paid yet. Of a file that failed as a whole, `reason` says why and `fields` what it lacks."""

    id: str
    source: str
    state: ImportState
    by: str
    created_at: Timestamp
    finished_at: Timestamp | None = None
    reason: FileFaultCode | Literal["source_gone"] | None = None
    fields: tuple[str, ...] = ()
    rows: int | None = None
    orders: int | None = None
    new: int | None = None
    changed: int | None = None
    pending: int | None = None
    without_sku: Annotated[int | None, Field(description="Lines whose product is none of this shop's")] = None
    without_buyer: Annotated[int | None, Field(description="Orders of buyers who cannot be told from others")] = None
    refused: dict[RowFault, int] = Field(default_factory=dict[RowFault, int])
    faults: tuple[FaultView, ...] = ()

    @classmethod
    def of(cls, item: Item) -> "PastImportView":
        return cls.model_validate({name: item[name] for name in cls.model_fields if name in item})


class PastAnnounced(PastImportView):
    upload: UploadLink


class PastImportsView(View):
    """Newest first."""

    items: list[PastImportView]


class PreviewLine(View):
    """`sku` is null for what this shop does not sell, or does not know by that name."""

    code: str
    title: str
    sku: str | None
    quantity: int
    amount: int
    refund: int


class PreviewOrder(View):
    line: int
    placed_at: Timestamp
    paid_at: Timestamp | None
    delivered_at: Timestamp | None
    currency: Currency
    total: int
    lines: list[PreviewLine]
    buyer: Annotated[Known, Field(description="How well it is known: only `contact` can be one of this shop's members")]

    @classmethod
    def of(cls, one: ReadOrder, words: Dictionary) -> "PreviewOrder":
        order = one.order
        lines = [
            PreviewLine(
                code=one.names[line.key][0],
                title=one.names[line.key][1],
                sku=words.goods(one.names[line.key]).sku or None,
                quantity=line.quantity,
                amount=line.amount,
                refund=one.refunds.amounts.get(line.key, 0),
            )
            for line in order.lines
        ]
        same: dict[str, Any] = {
            name: getattr(order, name) for name in ("placed_at", "paid_at", "delivered_at", "currency", "total")
        }
        return cls(line=one.line, lines=lines, buyer=one.told.known, **same)


class PastPreviewView(View):
    """What an import would understand. `reason` is why the text could not be read at all, `fields` the columns that it
    lacks; then nothing else is told."""

    reason: FileFaultCode | None = None
    fields: tuple[str, ...] = ()
    rows: int = 0
    found: int = 0
    pending: int = 0
    refused: dict[RowFault, int] = Field(default_factory=dict[RowFault, int])
    faults: tuple[FaultView, ...] = ()
    orders: tuple[PreviewOrder, ...] = ()

    @classmethod
    def of(cls, export: Export, words: Dictionary) -> "PastPreviewView":
        return cls(
            rows=export.rows,
            found=len(export.orders),
            pending=export.pending,
            refused=counted(export.faults),
            faults=tuple(FaultView(**vars(fault)) for fault in export.faults[:MOST_FAULTS_SHOWN]),
            orders=tuple(PreviewOrder.of(one, words) for one in export.orders[:MOST_SHOWN]),
        )
