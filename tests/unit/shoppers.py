"""Buyers of made-up shops, told as facts: what reports on customers and products are tried on.

Every shop is drawn from a seed, so each is the same in every run.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from quanyi.analytics.engine import Engine
from quanyi.analytics.rows import COLUMNS, rows_of
from quanyi.facts.model import Fact

ZONE = "Asia/Shanghai"
START = datetime(2025, 1, 1, tzinfo=UTC)
_ARROW: dict[str, Any] = {
    "VARCHAR": pa.string(),
    "TIMESTAMP": pa.timestamp("us"),
    "DATE": pa.date32(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
}
SCHEMA = pa.schema([(name, _ARROW[kind]) for name, kind in COLUMNS.items()])


@dataclass(frozen=True)
class Back:
    """Money that goes back `after` the order was paid; of a `surplus`, it pays for nothing."""

    after: timedelta
    amount: int
    surplus: bool = False


@dataclass(frozen=True)
class Sale:
    """An order that was paid: `lines` are SKU, quantity and price. The goods cost half of it, in `cost_currency`."""

    order: str
    buyer: str
    at: datetime
    lines: tuple[tuple[str, int, int], ...]
    channel: str = "site"
    currency: str = "CNY"
    cost_currency: str = "CNY"
    visitor: str = ""
    fee: int = 0
    fee_before: timedelta = timedelta(0)
    backs: tuple[Back, ...] = ()

    def facts(self) -> Iterator[Fact]:
        for number, (sku, quantity, price) in enumerate(self.lines):
            known = {"line": number, "sku": sku, "product": product_of(sku)}
            yield self._fact("sold", self.at, f"{number}", quantity=quantity, amount=price, **known)
            moved = {"revenue:@0": -price, "owed": price, "cost:USD" if self._abroad else "cost": price // 2}
            yield self._fact("posted", self.at + timedelta(seconds=9), f"d{number}", accounts=moved, **known)
        if self.fee:
            moved = {"fees": self.fee, "provider:alipay": -self.fee}
            yield self._fact("posted", self.at - self.fee_before, "fee", accounts=moved)
        for number, back in enumerate(self.backs):
            at, reason = self.at + back.after, "surplus" if back.surplus else "support"
            yield self._fact("refund_asked", at, f"R{number}", amount=back.amount, reason=reason)
            if not back.surplus:
                sku = self.lines[0][0]
                moved = {"revenue:@0": back.amount, "owed": -back.amount, "cost": -1, "loss": 1}
                known = {"line": 0, "sku": sku, "product": product_of(sku)}
                yield self._fact("posted", at, f"r{number}", accounts=moved, **known)

    @property
    def _abroad(self) -> bool:
        return self.cost_currency != self.currency

    def _fact(self, kind: Any, at: datetime, which: str, **fields: Any) -> Fact:
        known = {"channel": self.channel, "buyer": self.buyer, "visitor": self.visitor, "currency": self.currency}
        return Fact(f"{self.order}#{kind}#{which}", kind, at, self.order, **known, **fields)


def product_of(sku: str) -> str:
    """SKUs of one letter are one product: `a1` and `a2`."""
    return f"P{sku[0]}"


def touched(visitor: str, at: datetime, source: str, number: int = 0) -> Fact:
    name = f"{visitor}#touched#{at.isoformat()}#{number}"
    return Fact(
        name,
        "touched",
        at,
        visitor,
        visitor=visitor,
        source=source,
        medium="cpc",
        campaign=f"{source}-1",
        channel="site",
    )


@dataclass(frozen=True)
class Shop:
    """`rows` as the lake has them; reports are asked `first` to `last`."""

    name: str
    rows: list[dict[str, Any]]
    first: date
    last: date
    without: str = ""

    def write(self, folder: Path) -> str:
        path = folder / f"{self.name}.parquet"
        rows = [{**row, "day": date.fromisoformat(row["day"])} for row in self.rows]
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
        return str(path)


def told(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    return [row for fact in facts for row in rows_of(fact, ZONE)]


def opened(rows: list[dict[str, Any]], folder: Path) -> Engine:
    """An engine over these facts."""
    shop = Shop("facts", rows, date.min, date.max)
    engine = Engine(memory_mib=512, spill=str(folder))
    engine.read([shop.write(folder)] if rows else [])
    return engine


def steady() -> Shop:
    """Buyers who each come back at a pace of their own, all year round."""
    rng = random.Random(1)
    sales = [
        sale
        for number in range(150)
        for sale in _visits(rng, f"M{number:03d}", rng.uniform(0, 380), lambda: rng.expovariate(1 / 35), 400)
    ]
    return Shop("steady", told(_all(rng, sales)), date(2025, 1, 1), date(2026, 1, 31))


def seasonal() -> Shop:
    """Most buyers come for two festivals, and half of them only once; the range begins in the middle."""
    rng = random.Random(2)
    sales: list[Sale] = []
    for number in range(400):
        festival = rng.choice((168, 314))
        pace = (lambda: 999.0) if rng.random() < 0.5 else (lambda: rng.choice((0.1, 3.0, 60.0, 146.0)))
        sales += _visits(rng, f"M{number:03d}", festival + rng.gauss(0, 1.5), pace, 420)
    return Shop("seasonal", told(_all(rng, sales)), date(2025, 6, 10), date(2026, 2, 14), ",wholesale,")


def edges() -> Shop:
    """Few buyers and few days, so that everything falls together: days that begin at the shop's midnight, moments that
    are the same, equal values, two currencies, nobody's orders, refunds of all and of more than was bought."""
    rng = random.Random(3)
    midnight = datetime(2025, 2, 28, 16, tzinfo=UTC)
    moments = [
        midnight,
        midnight - timedelta(milliseconds=1),
        midnight + timedelta(days=1),
        midnight - timedelta(days=28),
    ]
    sales: list[Sale] = []
    for number in range(160):
        backs = tuple(
            Back(rng.choice((timedelta(0), timedelta(days=3), timedelta(days=40))), rng.choice((1000, 2000, 5000)), of)
            for of in rng.choices((False, True), k=rng.choice((0, 0, 0, 1, 2)))
        )
        currency = rng.choice(("CNY", "CNY", "USD"))
        sales.append(
            Sale(
                f"O{number:03d}",
                f"M{rng.randrange(25)}" if rng.random() < 0.9 else "",
                rng.choice(moments) + timedelta(days=rng.choice((0, 0, 1, 7, 30, 31, 60, 90))),
                tuple(
                    (sku, rng.choice((1, 2)), rng.choice((1000, 2000)))
                    for sku in rng.choices("ab", k=rng.choice((1, 1, 2)))
                ),
                channel=rng.choice(("site", "taobao", "wholesale")),
                currency=currency,
                cost_currency=rng.choice((currency, "USD")),
                visitor=rng.choice(("", "V0", "V1", "V2")),
                fee=rng.choice((0, 6)),
                fee_before=rng.choice((timedelta(0), timedelta(days=35))),
                backs=backs,
            )
        )
    arrivals = [
        touched(
            f"V{number % 3}",
            rng.choice(moments) - timedelta(days=rng.choice((0, 1, 30, 31))),
            rng.choice("xyz"),
            number,
        )
        for number in range(30)
    ]
    rows = told([*(fact for sale in sales for fact in sale.facts()), *arrivals])
    return Shop("edges", rows, date(2025, 2, 10), date(2025, 5, 31), ",wholesale,other,")


def cdnow() -> Shop:
    """23,570 customers of CDNOW who first bought early in 1997, and all that they bought until mid-1998: the data set
    of P. Fader and B. Hardie that the `lifetimes` package ships."""
    package = find_spec("lifetimes")  # importing it takes seconds, and changes how pandas warns
    assert package
    assert package.origin
    path = Path(package.origin).parent / "datasets" / "CDNOW_master.txt"
    facts: list[Fact] = []
    for number, line in enumerate(path.read_text().splitlines()[1:]):
        customer, day, cds, dollars = line.split()
        at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
        order, price = f"O{number:05d}", round(float(dollars) * 100)
        known: dict[str, Any] = {"buyer": f"M{customer}", "channel": "site", "currency": "USD", "quantity": int(cds)}
        sku = "abc"[min(int(cds), 3) - 1]
        facts.append(Fact(f"{order}#sold#0", "sold", at, order, line=0, sku=sku, product="PCD", amount=price, **known))
    return Shop("cdnow", told(facts), date(1997, 1, 1), date(1998, 6, 30))


MADE_UP: tuple[Callable[[], Shop], ...] = (steady, seasonal, edges)
SHOPS = (*MADE_UP, cdnow)


def _visits(rng: random.Random, buyer: str, begin: float, pace: Callable[[], float], end: int) -> list[Sale]:
    sales: list[Sale] = []
    day, likes = max(begin, 0.0), rng.sample(("a1", "a2", "b1", "c1", "c2", "d1"), 3)
    while day < end:
        lines = tuple(
            (sku, rng.randint(1, 3), rng.randint(500, 20000)) for sku in rng.sample(likes, rng.choice((1, 1, 2, 3)))
        )
        back = (
            (Back(timedelta(days=rng.choice((0, 2, 20))), rng.randint(1, lines[0][2])),) if rng.random() < 0.1 else ()
        )
        sales.append(
            Sale(
                f"O{buyer}-{len(sales)}",
                buyer if rng.random() < 0.95 else "",
                START + timedelta(milliseconds=int(day * 86_400_000)),
                lines,
                channel=rng.choice(("site", "site", "taobao", "wholesale")),
                currency="CNY" if rng.random() < 0.9 else "USD",
                visitor=f"V{buyer}" if rng.random() < 0.7 else "",
                fee=rng.randint(0, 60),
                backs=back,
            )
        )
        day += pace()
    return sales


def _all(rng: random.Random, sales: list[Sale]) -> Iterator[Fact]:
    """With what brought some of the visitors."""
    for number, sale in enumerate(sales):
        yield from sale.facts()
        for again in range(rng.choice((0, 0, 1, 3)) if sale.visitor else 0):
            before = timedelta(milliseconds=rng.randrange(45 * 86_400_000))
            yield touched(sale.visitor, sale.at - before, rng.choice(("baidu", "douyin", "mail")), number * 10 + again)
