"""The daily digest: what it says, as it is kept and answered. Its numbers are those of the trading report
(`docs/metrics/trading.md`), each of one whole day."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from quanyi.alerts.kinds import AlertKind, Severity
from quanyi.catalog.model import Language
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.rollups.delivery import percentiles
from quanyi.rollups.measures import TOTAL, Counts
from quanyi.rollups.roll import Roll
from reports.trading_views import Amounts, BasisPoints, Change, Figures, share

Words = Annotated[dict[Language, str], Field(description="By language")]


class Waits(View):
    """Seconds from paid to delivered, rounded up to two significant digits; null where nothing was delivered."""

    p50: int | None
    p95: int | None

    @classmethod
    def of(cls, counts: Counts) -> "Waits":
        p50, p95 = percentiles(counts, (50, 95))
        return cls(p50=p50, p95=p95)


class Tries(View):
    """Payments begun, and those that arrived."""

    tried: int
    arrived: int
    success: BasisPoints

    @classmethod
    def of(cls, counts: Counts) -> "Tries":
        return cls(
            tried=counts["tried"], arrived=counts["captures"], success=share(counts["captures"], counts["tried"])
        )


class DigestDay(View):
    day: date
    figures: Figures
    delivery_seconds: Waits
    payments: Tries

    @classmethod
    def of(cls, day: date, roll: Roll) -> "DigestDay":
        counts = roll.of(TOTAL)
        return cls(
            day=day,
            figures=Figures.of(counts, TOTAL, day),
            delivery_seconds=Waits.of(counts),
            payments=Tries.of(counts),
        )

    @property
    def is_quiet(self) -> bool:
        """Nothing was ordered, nobody tried to pay, and no money moved."""
        return not (self.figures.orders_placed or self.payments.tried or self.figures.money)


class Earlier(View):
    """An earlier day, and how much more the digest's day has than that one."""

    day: DigestDay
    change: Change


class ChannelPart(View):
    """`name` is the merchant's; the channel's id where it is none of the shop's."""

    channel: str
    name: str
    orders_paid: int
    money: dict[str, Amounts]


class ProductPart(View):
    product: str
    titles: Words
    orders_paid: int
    units_sold: int
    money: dict[str, Amounts]


class ProviderPart(Tries):
    """`series` has the same days as the digest's; `reasons` are of the day's refusals, in the provider's words."""

    provider: str
    reasons: dict[str, int]
    series: list[Tries]


class AlertPart(View):
    """What is wrong with the supply, worst first, as it stood when the digest was made."""

    alert: str
    kind: AlertKind
    severity: Severity
    said: Words


class Step(View):
    """What one of the night's insights says, and what to do about it; `GET /v1/reports/insights` has its evidence and
    the calls that do it."""

    insight: str
    severity: Severity
    title: Words
    todo: Words


PictureKind = Literal["trade", "channels", "payments", "delivery"]


class Picture(View):
    """A PNG in twice the size in which it is shown. `currency` is of charts of money."""

    name: str
    kind: PictureKind
    currency: str = ""
    width: int
    height: int
    alt: Words


class Digest(View):
    """`series` are up to 30 days, the digest's own the last, none before the shop began to tell facts. `before` is the
    day before, `week_before` the same weekday of the week before; null where the shop had not begun. `currencies` are
    in the order of orders paid in them. `more_alerts` are open and not listed."""

    v: Literal[1] = 1
    day: date
    zone: str
    made_at: Timestamp
    currencies: list[str]
    own: DigestDay
    before: Earlier | None
    week_before: Earlier | None
    series: list[DigestDay]
    channels: list[ChannelPart]
    products: list[ProductPart]
    providers: list[ProviderPart]
    alerts: list[AlertPart]
    more_alerts: int
    steps: list[Step]
    pictures: tuple[Picture, ...] = ()
