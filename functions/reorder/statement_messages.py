"""What is sent and answered about suppliers' statements."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field, StringConstraints

from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Currency, Money
from quanyi.purchases.statement import WHAT_TO_DO, Line, LineKind, Row
from quanyi.supply.model import SupplierId
from quanyi.table import Item

OfStatement = Annotated[str, Query(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]
OfDay = Annotated[date, Query(description="By the supplier's clock")]
Number = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]


class RowBody(Body):
    """A line of the supplier's statement. `purchase` is our id of it, `number` the supplier's."""

    purchase: Number = ""
    number: Number = ""
    amount: Annotated[
        int, Field(ge=-(10**12), le=10**12, strict=True, description="Minor units taken; negative: given back")
    ]
    currency: Currency = "CNY"

    def to_row(self) -> Row:
        return Row(**self.model_dump())


class StatementBody(Body):
    """Without `rows` the supplier is asked, where it can be."""

    supplier: SupplierId
    day: date
    rows: Annotated[tuple[RowBody, ...], Field(max_length=2000)] | None = None


class LineView(View):
    kind: LineKind
    purchase: str | None
    number: str | None
    charged: Money
    owed: Money
    claim: Money
    what_to_do: str

    @classmethod
    def of(cls, line: Line, currency: str) -> Self:
        def money(amount: int) -> Money:
            return Money.model_validate({"amount": amount, "currency": currency})

        return cls(
            kind=line.kind,
            purchase=line.purchase or None,
            number=line.number or None,
            charged=money(line.charged),
            owed=money(line.owed),
            claim=money(line.claim),
            what_to_do=WHAT_TO_DO[line.kind],
        )


class StatementView(View):
    """`lines` are what differs or is not known yet. `bad_cards`: cards of this supplier that were found bad that day;
    `bad_cost` is what it is to credit for them (`/v1/admin/charge-backs`)."""

    supplier: str
    day: date
    compared_at: Timestamp
    compared_by: str
    rows: int
    matched: int
    differences: int
    claim: Money
    lines: list[LineView]
    bad_cards: int
    bad_cost: list[Money]

    @classmethod
    def of(cls, item: Item, bad: Sequence[Money]) -> Self:
        currency = item["currency"]
        sums: dict[str, int] = {}
        for cost in bad:
            sums[cost.currency] = sums.get(cost.currency, 0) + cost.amount
        same = ("supplier", "day", "compared_at", "compared_by", "rows", "matched", "differences")
        return cls.model_validate(
            {name: item[name] for name in same}
            | {
                "claim": {"amount": item["claim"], "currency": currency},
                "lines": [LineView.of(Line.model_validate(line), currency) for line in item["lines"]],
                "bad_cards": len(bad),
                "bad_cost": [{"amount": amount, "currency": name} for name, amount in sorted(sums.items())],
            }
        )
