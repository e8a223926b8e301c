"""What is sent and answered about uses of vouchers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field, IPvAnyAddress, StringConstraints, model_validator

from quanyi.clock import NEVER, Timestamp
from quanyi.http import Body, View
from quanyi.money import Money
from quanyi.redemptions.model import NUMBER_FORM, Record, number_of
from quanyi.secret import Secret
from quanyi.stores.model import StoreId
from quanyi.table import Item
from quanyi.vouchers.model import GoodsName, Series
from quanyi.vouchers.rules import Refused, Rule, valid_from, valid_until
from quanyi.vouchers.use import Use, Voucher
from quanyi.vouchers.value import Missing, Taken

RedemptionId = Annotated[str, Path(pattern=NUMBER_FORM)]
Day = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Presentable = Annotated[Secret, Field(min_length=1, max_length=200)]
UseState = Literal["redeemed", "reversed"]


class UseBody(Body):
    """How a voucher is presented (`code`, with its `pin` where it has one, or `qr`), and what it is to be used for."""

    code: Presentable | None = None
    pin: Annotated[Secret, Field(min_length=1, max_length=16)] | None = None
    qr: Presentable | None = None
    store: Annotated[
        StoreId | None, Field(description="Where; a counter's key that is bound to one store need not say it")
    ] = None
    amount: Annotated[Money | None, Field(description="What to take of a stored amount")] = None
    sale: Annotated[
        Money | None, Field(description="What the customer pays without the voucher; `amount`, where it is not given")
    ] = None
    goods: Annotated[
        tuple[GoodsName, ...], Field(max_length=200, description="What is sold, by the merchant's own names")
    ] = ()
    member: Annotated[
        str | None,
        Field(min_length=1, max_length=128, description="The channel's own user id, or the shop's at a counter"),
    ] = None
    phone: Annotated[Secret | None, Field(min_length=3, max_length=32, description="In place of `member`")] = None
    operator: Annotated[
        str, StringConstraints(max_length=64), Field(description="Who stands at the till: a number or short name")
    ] = ""
    client_ip: Annotated[
        IPvAnyAddress | None,
        Field(description="Of the shopper, from a channel's server: guesses are counted by it"),
    ] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.code is None) == (self.qr is None):
            raise ValueError("present either `code` or `qr`")
        if self.pin and not self.code:
            raise ValueError("a PIN goes with a code")
        return self


class ConfirmBody(Body):
    """A third party's card, and what to take of it: all of it, without `amount`."""

    code: Presentable
    pin: Annotated[Secret, Field(min_length=1, max_length=64)] | None = None
    store: StoreId | None = None
    amount: Money | None = None
    operator: Annotated[str, StringConstraints(max_length=64)] = ""
    client_ip: IPvAnyAddress | None = None


class RefusedView(View):
    """A rule that says no, and the first moment at which it would not, where that is a matter of time."""

    rule: str
    passes_at: Timestamp | None = None


class VoucherView(View):
    """A voucher as a counter sees it. `left` of `whole`: uses, or minor units where `kind` is `amount`."""

    series: str
    sku: str
    title: str
    kind: str
    left: int
    whole: int
    currency: str
    valid_from: Timestamp | None
    valid_until: Timestamp | None
    uses: int

    @classmethod
    def of(cls, voucher: Voucher, series: Series) -> Self:
        until = valid_until(voucher, series)
        return cls(
            series=series.id,
            sku=series.sku,
            title=series.title,
            kind=series.terms.value.kind,
            left=voucher.left,
            whole=voucher.whole,
            currency=series.terms.currency,
            valid_from=valid_from(voucher, series),
            valid_until=None if until == NEVER else until,
            uses=sum(use.reversed_at is None for use in voucher.uses),
        )


class GoodsView(View):
    name: str
    quantity: int


@dataclass(frozen=True)
class Checked:
    """`taken` is None where the body does not say what to take: `missing` is what it would have to say, and `unjudged`
    are the rules that go by what it leaves out."""

    voucher: Voucher
    series: Series
    taken: Taken | None
    refused: list[Refused]
    missing: Missing | None = None
    unjudged: Sequence[Rule] = ()


class CheckView(View):
    """Whether the same body would redeem now. `takes` is what it would take off the voucher; `off` the discount it
    gives, in minor units, and `goods` what it is exchanged for.

    Where the body leaves out what a redemption demands, `missing` is what: the answer tells what is left on the
    voucher, and whether anything but the sale stands in the way."""

    usable: bool = Field(description="Where something is `missing`: as far as can be told without it")
    refused: list[RefusedView]
    missing: Missing | None = Field(None, description="What `POST /v1/redemptions` would demand besides")
    unjudged: list[str] = Field([], description="Rules that go by what is missing, and were not asked")
    voucher: VoucherView
    takes: int | None = Field(description="Null where something is `missing`")
    off: int | None = None
    goods: tuple[GoodsView, ...] = ()

    @classmethod
    def of(cls, checked: Checked) -> Self:
        takes, series = checked.taken, checked.series
        return cls(
            usable=not checked.refused,
            refused=[RefusedView(rule=one.rule, passes_at=one.passes_at) for one in checked.refused],
            missing=checked.missing,
            unjudged=list(checked.unjudged),
            voucher=VoucherView.of(checked.voucher, series),
            takes=takes.amount if takes else None,
            **_given(takes.details if takes else {}, series),
        )


class RedemptionView(View):
    """One use. `left` is what the voucher holds now, whatever happened since; `reversible_until` is absent where a
    counter cannot reverse it."""

    id: str
    state: UseState
    amount: int
    off: int | None = None
    goods: tuple[GoodsView, ...] = ()
    at: Timestamp
    store: str
    operator: str
    reversible_until: Timestamp | None = None
    reversed_at: Timestamp | None = None
    voucher: VoucherView

    @classmethod
    def of(cls, voucher: Voucher, series: Series, use: Use) -> Self:
        return cls(
            id=number_of(voucher.card_id, use.id),
            state="reversed" if use.reversed_at else "redeemed",
            amount=use.amount,
            at=use.at,
            store=use.store,
            operator=use.operator,
            reversible_until=reversible_until(series, use),
            reversed_at=use.reversed_at,
            voucher=VoucherView.of(voucher, series),
            **_given(use.details, series),
        )


@dataclass(frozen=True)
class UseConfirmed:
    """A use of a third party's card. `known`: its issuer has said yes; else it has not answered clearly yet."""

    card: Item
    use: Use
    known: bool
    currency: str


class ConfirmationView(View):
    """`confirming`: the issuer has not answered clearly; the same request again asks it. `amount` 0 is the whole card;
    `left` is what the issuer says that it holds."""

    id: str
    state: Literal["confirming", "redeemed"]
    amount: int
    currency: str
    left: int | None
    at: Timestamp
    store: str
    operator: str

    @classmethod
    def of(cls, done: UseConfirmed) -> Self:
        use = done.use
        return cls(
            id=number_of(done.card["card_id"], use.id),
            state="redeemed" if done.known else "confirming",
            amount=use.amount,
            currency=done.currency,
            left=done.card.get("left") if done.known else None,
            at=use.at,
            store=use.store,
            operator=use.operator,
        )


class RecordView(View):
    """One use, as a store's list has it. `kind` is the voucher's (`amount` is uses, or minor units where it is
    `amount`); null for a third party's card, of which `amount` is minor units, 0 all of it. `reversible_until` as in
    the answer to the redemption."""

    id: str
    state: UseState
    series: str
    sku: str
    title: str
    kind: str | None
    amount: int
    currency: str
    off: int | None = None
    goods: tuple[GoodsView, ...] = ()
    at: Timestamp
    store: str
    terminal: str
    operator: str
    reversible_until: Timestamp | None = None
    reversed_at: Timestamp | None = None

    @classmethod
    def of(cls, record: Record, series: Series | None) -> Self:
        """`series`: that of a voucher of ours."""
        use = record.use
        return cls(
            id=record.number,
            state="reversed" if use.reversed_at else "redeemed",
            series=record.series,
            sku=record.sku,
            title=series.title if series else record.sku,
            kind=series.terms.value.kind if series else None,
            amount=use.amount,
            currency=record.currency,
            at=use.at,
            store=use.store,
            terminal=use.key_id,
            operator=use.operator,
            reversible_until=reversible_until(series, use) if series else None,
            reversed_at=use.reversed_at,
            **_given(use.details, series),
        )


class RecordPage(View):
    """Newest first; some seconds behind."""

    items: list[RecordView]
    next: str | None = None


def reversible_until(series: Series, use: Use) -> datetime | None:
    minutes = series.terms.reversal_minutes
    return use.at + timedelta(minutes=minutes) if minutes and not use.reversed_at else None


def _given(details: Mapping[str, Any], series: Series | None) -> dict[str, Any]:
    goods = series.terms.exchanged_for if series else ()
    return {"off": details.get("off"), "goods": [GoodsView(name=one.name, quantity=one.quantity) for one in goods]}
