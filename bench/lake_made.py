"""A lake of made-up orders as the daily job leaves it on the morning after `LAST`: months that are over are a file
each, the days since then too. Made by DuckDB of ranges and hashes: the same numbers give the same lake.

An order is tried, and sometimes refused first; paid, delivered, and one in twenty goes back. One in four has several
lines. The shop's base of buyers grows, and some buy far more often than others, as some goods sell far more often. Half
of the visitors of the shop's own channels came by a campaign.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir

from quanyi.analytics import dialect
from quanyi.analytics.engine import Engine

FIRST = date(2024, 12, 1)
DAYS = 730
LAST = FIRST + timedelta(days=DAYS - 1)
SETTLES = 7
"""Days after its end when a month becomes one file."""

_ORDERS = """
WITH drawn AS (
    SELECT
        i,
        CAST(DATE '{first}' AS TIMESTAMP) - INTERVAL 8 HOURS
            + to_milliseconds(CAST((i * {days} // {orders}) * 86400000 + hash(i, 1) % 86400000 AS BIGINT)) AS paid,
        -- Some buyers make many of the orders, and the base grows from a tenth of what it is in the end.
        CAST(pow(hash(i, 2) % 1000000007 / 1000000007.0, 1.4) * {buyers} * (0.1 + 0.9 * i / {orders}) AS BIGINT) AS b,
        CAST(pow(hash(i, 3) % 1000000007 / 1000000007.0, 2) * 200 AS BIGINT) AS good,
        CAST(hash(i, 4) % 100 AS BIGINT) AS luck,
        CAST(hash(i, 5) % 100 AS BIGINT) AS way
    FROM range({start}, {stop}) AS made(i)
)
SELECT
    i, paid, good, luck,
    'O' || lpad(CAST(i AS VARCHAR), 20, '0') AS subject,
    CASE WHEN way % 25 = 0 THEN '' ELSE 'M' || lpad(CAST(hash(b, 'buyer') AS VARCHAR), 20, '0') END AS buyer,
    ['site', 'app', 'mini', 'taobao', 'douyin'][1 + way % 5] AS channel,
    CASE WHEN way % 5 < 3 THEN 'V' || lpad(CAST(hash(b, 'visitor') AS VARCHAR), 20, '0') ELSE '' END AS visitor,
    ['wechat', 'alipay', 'stripe'][CAST(1 + hash(b, 6) % 3 AS BIGINT)] AS provider,
    CASE WHEN b % 33 = 0 THEN 'USD' ELSE 'CNY' END AS currency,
    CAST(CASE WHEN luck % 4 > 0 THEN 1 WHEN luck % 3 > 0 THEN 2 ELSE 3 END AS BIGINT) AS lines,
    CAST(pow(hash(i, 8) % 1009 / 1009.0, 6) * 3600 AS BIGINT) AS seconds
FROM drawn
"""

_FACTS = """
WITH orders AS MATERIALIZED ({orders}),
lines AS MATERIALIZED (
    SELECT
        o.*, n AS line,
        -- The second good of an order is often the neighbour of the first.
        (CASE WHEN n = 0 THEN good WHEN hash(i, 10) % 2 = 0 THEN good + n ELSE hash(i, 11, n) % 200 END) % 200 AS g,
        'P' || lpad(CAST(hash(g, 'good') AS VARCHAR), 20, '0') AS product,
        'card-' || CAST(g AS VARCHAR) || ['-20', '-50', '-100'][CAST(1 + hash(i, 12, n) % 3 AS BIGINT)] AS sku,
        ['cards', 'games', 'video', 'food'][CAST(1 + g % 4 AS BIGINT)] AS category,
        1 + CAST(hash(i, 13, n) % 20 = 0 AS BIGINT) AS quantity,
        quantity * (500 + 100 * CAST(hash(g, 14) % 150 AS BIGINT)) AS worth
    FROM orders o, range(0, 3) AS numbers(n)
    WHERE n < lines
),
whole AS MATERIALIZED (
    SELECT subject, sum(worth) AS total, sum(quantity) AS units FROM lines GROUP BY subject
),
entries(rev, name, of_total, of_fee, of_cost, is_back) AS (
    VALUES
        (3, 'owed', 1, 0, 0, false), (3, 'revenue:@600', -1, 0, 0, false),
        (3, 'cost', 0, 0, 1, false), (3, 'stock', 0, 0, -1, false),
        (4, 'owed', -1, 0, 0, true), (4, 'revenue:@600', 1, 0, 0, true),
        (5, 'owed', 1, 0, 0, true), (5, 'provider:', -1, 0, 0, true)
),
paying(name, of_total, of_fee) AS (VALUES ('provider:', 1, -1), ('fees', 0, 1), ('owed', -1, 0)),
facts(
    name, kind, "at", subject, channel, buyer, visitor, provider, reason, sku, product, category, line, quantity,
    amount, currency, account, seconds, source
) AS (
    SELECT
        '#posted#000002#' || name, 'posted', paid + INTERVAL 2 SECONDS, subject, channel, buyer, visitor, '', '',
        '', '', '', NULL, 0, of_total * total + of_fee * (total // 160), currency,
        CASE WHEN name = 'provider:' THEN name || provider ELSE name END, NULL, ''
    FROM orders JOIN whole USING (subject) CROSS JOIN paying
    UNION ALL
    SELECT
        '#posted#00000' || rev || '#' || line || '#' || name, 'posted',
        paid + CASE WHEN is_back THEN to_days(CAST(1 + luck % 5 AS INTEGER)) ELSE INTERVAL 0 SECONDS END
            + to_seconds(rev),
        subject, channel, buyer, visitor, '', '', sku, product, category, line, 0,
        of_total * worth + of_cost * (worth * 7 // 10), currency,
        CASE WHEN name = 'provider:' THEN name || provider ELSE name END, NULL, ''
    FROM lines CROSS JOIN entries
    WHERE NOT is_back OR luck < 5
    UNION ALL
    SELECT
        '#refund_asked#' || line, 'refund_asked', paid + to_days(CAST(1 + luck % 5 AS INTEGER)), subject, channel,
        buyer, visitor, '', 'faulty', sku, product, category, line, quantity, worth, currency, '', NULL, ''
    FROM lines WHERE luck < 5
    UNION ALL
    SELECT
        '#placed', 'placed', paid - INTERVAL 30 SECONDS, subject, channel, buyer, visitor, '', '', '', '', '', NULL,
        units, total, currency, '', NULL, ''
    FROM orders JOIN whole USING (subject)
    UNION ALL
    SELECT
        '#tried#P1', 'tried', paid - INTERVAL 20 SECONDS, subject, channel, buyer, visitor, provider, '', '', '', '',
        NULL, 0, total, currency, '', NULL, ''
    FROM orders JOIN whole USING (subject)
    UNION ALL
    SELECT
        '#try_refused#P1', 'try_refused', paid - INTERVAL 10 SECONDS, subject, channel, buyer, visitor, provider,
        ['declined', 'expired', 'limit'][1 + luck % 3], '', '', '', NULL, 0, 0, currency, '', NULL, ''
    FROM orders WHERE luck >= 92
    UNION ALL
    SELECT
        '#sold#' || line, 'sold', paid, subject, channel, buyer, visitor, '', '', sku, product, category, line,
        quantity, worth, currency, '', NULL, ''
    FROM lines
    UNION ALL
    SELECT
        '#delivered#' || line, 'delivered', paid + to_seconds(seconds), subject, channel, buyer, visitor, '', '', sku,
        product, category, line, 1, 0, currency, '', seconds, ''
    FROM lines
    UNION ALL
    SELECT
        '#touched', 'touched', paid - to_milliseconds(CAST(hash(i, 15) % 3000000000 AS BIGINT)), visitor, channel, '',
        visitor, '', '', '', '', '', NULL, 0, 0, '', '', NULL,
        ['baidu', 'douyin', 'mail', 'xhs'][CAST(1 + hash(i, 16) % 4 AS BIGINT)]
    FROM orders WHERE visitor <> '' AND hash(i, 17) % 2 = 0
)
SELECT
    CASE WHEN kind = 'touched' THEN subject || CAST(epoch_ms("at") AS VARCHAR) ELSE subject END || name AS id,
    * EXCLUDE (name), CAST("at" + INTERVAL 8 HOURS AS DATE) AS day, '' AS agent, '' AS unit,
    CASE WHEN source <> '' THEN 'cpc' ELSE '' END AS medium,
    CASE WHEN source <> '' THEN source || '-' || CAST(month("at") AS VARCHAR) ELSE '' END AS campaign, 0 AS told
FROM facts
"""


def kept(orders: int) -> Path:
    """A lake of so many orders, made once and kept among the machine's temporary files: the large one takes minutes."""
    made_by = " ".join(f"{_ORDERS}{_FACTS}{FIRST}{DAYS}{SETTLES}".split())
    named = sha256(made_by.encode()).hexdigest()[:12]
    folder = Path(gettempdir()) / f"quanyi-lake-{orders}-{named}"
    if not folder.exists():
        unfinished = Path(f"{folder}.unfinished")
        rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        make(unfinished, orders)
        unfinished.rename(folder)
    return folder


def make(folder: Path, orders: int) -> list[str]:
    """The files of a lake of so many orders by a tenth as many buyers, over two years."""
    engine = Engine(spill=str(folder / "spill"))
    return [*_files(engine, folder, orders)]


def _files(engine: Engine, folder: Path, orders: int) -> Iterator[str]:
    """Facts of an order that lie beyond the days of its file stay in it: what they say is the same. One buyer in nine
    of those that there could be never comes."""
    for first, last in _spans():
        number, after = (first - FIRST).days, (last - FIRST).days + 1
        start, stop = -(-orders * number // DAYS), -(-orders * after // DAYS)
        known = {"start": start, "stop": stop, "orders": orders, "buyers": max(1, orders * 9 // 80)}
        made = _ORDERS.format(first=FIRST, days=DAYS, **known)
        kinds = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in dialect.STORED.items())
        path = str(folder / f"{first}.parquet")
        engine.connection.execute(dialect.written(f"SELECT {kinds} FROM ({_FACTS.format(orders=made)})", path))
        yield path


def _spans() -> Iterator[tuple[date, date]]:
    day = FIRST
    while day <= LAST:
        end = (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        last = end if (LAST - end).days > SETTLES else day
        yield day, last
        day = last + timedelta(days=1)
