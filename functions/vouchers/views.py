"""What the voucher routes answer. Only the export, and a QR code of what was not sold, hold a secret."""

from typing import Any, Self

from pydantic import Field

from quanyi.cards.model import CardState
from quanyi.clock import NEVER, Timestamp
from quanyi.http import View
from quanyi.table import Item
from quanyi.vouchers.model import Series, VoucherTerms
from quanyi.vouchers.rules import valid_from, valid_until
from quanyi.vouchers.runs import Run
from quanyi.vouchers.table import MOST_TRIES
from quanyi.vouchers.use import Use, Voucher


class RunView(View):
    """Numbers that were generated; `GET /v1/admin/imports/{id}` tells how far that got."""

    id: str
    first: int
    last: int
    handed_out: bool
    at: Timestamp
    by: str

    @classmethod
    def of(cls, run: Run) -> Self:
        return cls(id=run.id, first=run.first, last=run.last, handed_out=run.handed_out, at=run.at, by=run.by)


class SeriesView(View):
    id: str
    sku: str
    title: str
    terms: VoucherTerms
    valid_from: Timestamp | None
    valid_until: Timestamp | None = Field(description="Of the series; a voucher's may be earlier, or its own")
    frozen: str = Field(description="Why nothing of it can be used at the moment; empty: it can")
    cancelled: str = Field(description="Why nothing of it can be used any more; empty: it can")
    made_by: str = Field(description="`system`: made of a SKU's terms, for vouchers that are made when they are sold")
    created_at: Timestamp
    changed_by: str
    changed_at: Timestamp | None

    @classmethod
    def of(cls, series: Series) -> Self:
        same = {name: getattr(series, name) for name in cls.model_fields if name in Series.model_fields}
        return cls(**same, valid_from=series.valid_from, valid_until=series.valid_until)


class SeriesWithRuns(SeriesView):
    runs: list[RunView]

    @classmethod
    def with_runs(cls, series: Series, runs: list[Run]) -> Self:
        return cls(**dict(SeriesView.of(series)), runs=[RunView.of(run) for run in runs])


class SeriesPage(View):
    """Newest first."""

    items: list[SeriesView]
    next: str | None = None


class UseView(View):
    """`amount` counts uses, or minor units of a stored amount."""

    id: str
    amount: int
    at: Timestamp
    terminal: str
    store: str
    operator: str
    details: dict[str, Any]
    reversed_at: Timestamp | None
    reversed_by: str

    @classmethod
    def of(cls, use: Use, series: Series) -> Self:
        goods = [item.model_dump() for item in series.terms.exchanged_for]
        return cls(
            id=use.id,
            amount=use.amount,
            at=use.at,
            terminal=use.key_id,
            store=use.store,
            operator=use.operator,
            details={**use.details, "goods": goods} if goods else dict(use.details),
            reversed_at=use.reversed_at,
            reversed_by=use.reversed_by,
        )


class VoucherView(View):
    """A voucher without its code. `left` of `whole`: uses, or minor units of a stored amount."""

    id: str
    series: str
    sku: str
    state: CardState
    number: int | None = Field(description="In its series; null: made when it was sold")
    left: int
    whole: int
    valid_from: Timestamp | None
    valid_until: Timestamp | None
    frozen: str
    locked: bool = Field(description="After wrong PINs; `unfreeze` unlocks it")
    order: str | None
    unit: str | None
    price: int | None = Field(description="What it was sold for, minor units")
    sold_in: str = Field(description="The channel")
    delivered_at: Timestamp | None
    uses: int

    @classmethod
    def of(cls, item: Item, series: Series) -> Self:
        voucher = Voucher.from_item(item)
        until = valid_until(voucher, series)
        return cls(
            id=voucher.card_id,
            series=voucher.series,
            sku=voucher.sku,
            state=voucher.state,
            number=item.get("number"),
            left=voucher.left,
            whole=voucher.whole,
            valid_from=valid_from(voucher, series),
            valid_until=None if until == NEVER else until,
            frozen=voucher.frozen,
            locked=len(item.get("pins_tried", ())) >= MOST_TRIES,
            order=voucher.order,
            unit=voucher.unit,
            price=voucher.price,
            sold_in=voucher.channel,
            delivered_at=voucher.delivered_at,
            uses=len(voucher.uses),
        )


class VoucherWithUses(VoucherView):
    history: list[UseView] = Field(description="Oldest first")

    @classmethod
    def with_uses(cls, item: Item, series: Series) -> Self:
        uses = sorted(Voucher.from_item(item).uses, key=lambda use: (use.at, use.id))
        return cls(**dict(VoucherView.of(item, series)), history=[UseView.of(use, series) for use in uses])


class VoucherPage(View):
    items: list[VoucherView]
    next: str | None = None


class FoundVouchers(View):
    """In the order in which the codes were given, since a code is never repeated; null: no voucher of ours."""

    items: list[VoucherView | None]


class QrView(View):
    """`svg` draws `text`."""

    text: str
    svg: str


class BuyerQrView(QrView):
    expires_at: Timestamp | None
    """Show a new one by then; null: it lasts as long as the voucher."""
