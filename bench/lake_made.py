"""A lake of made-up orders: compact files as the daily job writes them, one a day, made by DuckDB of ranges and hashes.

An order is tried, and sometimes refused first; paid, delivered, and one in twenty goes back. Buyers and products are
skewed: a few of them make most of the orders. The same numbers give the same lake.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from quanyi.analytics import dialect
from quanyi.analytics.engine import Engine

FIRST = date(2024, 12, 1)
DAYS = 730
LAST = FIRST + timedelta(days=DAYS - 1)

_ORDERS = """
SELECT
    'O' || lpad(CAST(i AS VARCHAR), 20, '0') AS subject,
    -- The square of an even share: a tenth of the buyers make a third of the orders.
    'M' || lpad(CAST(CAST(floor(pow(hash(i, 1) % 1000003 / 1000003.0, 2) * {buyers}) AS BIGINT) AS VARCHAR), 16, '0')
        AS buyer,
    'P' || lpad(CAST(CAST(floor(pow(hash(i, 2) % 10007 / 10007.0, 2) * 200) AS BIGINT) AS VARCHAR), 16, '0') AS product,
    ['site', 'app', 'mini', 'taobao', 'douyin'][CAST(1 + hash(i, 3) % 5 AS BIGINT)] AS channel,
    ['wechat', 'alipay', 'stripe'][CAST(1 + hash(i, 4) % 3 AS BIGINT)] AS provider,
    1 + CAST(hash(i, 6) % 20 = 0 AS BIGINT) AS quantity,
    quantity * (500 + 100 * CAST(hash(i, 5) % 150 AS BIGINT)) AS total,
    total // 160 AS fee,
    total * 7 // 10 AS cost,
    CAST(hash(i, 7) % 100 AS BIGINT) AS luck,
    CAST(pow(hash(i, 8) % 1009 / 1009.0, 6) * 3600 AS BIGINT) AS seconds,
    CAST(DATE '{day}' AS TIMESTAMP) - INTERVAL 7 HOURS + to_milliseconds(CAST(hash(i, 9) % 82000000 AS BIGINT)) AS paid
FROM range({start}, {stop}) AS made(i)
"""

_FACTS = """
WITH orders AS MATERIALIZED ({orders}),
entries(rev, name, of_total, of_fee, of_cost, is_back) AS (
    VALUES
        (2, 'provider:', 1, -1, 0, false), (2, 'fees', 0, 1, 0, false), (2, 'owed', -1, 0, 0, false),
        (3, 'owed', 1, 0, 0, false), (3, 'revenue:@600', -1, 0, 0, false),
        (3, 'cost', 0, 0, 1, false), (3, 'stock', 0, 0, -1, false),
        (4, 'owed', -1, 0, 0, true), (4, 'revenue:@600', 1, 0, 0, true),
        (5, 'owed', 1, 0, 0, true), (5, 'provider:', -1, 0, 0, true)
),
moved AS (
    SELECT
        *, CASE WHEN name = 'provider:' THEN name || provider ELSE name END AS account,
        of_total * total + of_fee * fee + of_cost * cost AS amount
    FROM orders CROSS JOIN entries
    WHERE NOT is_back OR luck < 5
),
facts(name, kind, "at", subject, channel, buyer, product, provider, reason, quantity, amount, account, seconds) AS (
    SELECT
        '#posted#00000' || rev || '#' || account, 'posted', paid + to_seconds(rev),
        subject, channel, buyer, product, '', '', 0, amount, account, NULL
    FROM moved
    UNION ALL
    SELECT
        '#placed', 'placed', paid - INTERVAL 30 SECONDS, subject, channel, buyer, '', '', '', quantity, total, '', NULL
    FROM orders
    UNION ALL
    SELECT
        '#tried#P1', 'tried', paid - INTERVAL 20 SECONDS, subject, channel, buyer, '', provider, '', 0, total, '', NULL
    FROM orders
    UNION ALL
    SELECT
        '#try_refused#P1', 'try_refused', paid - INTERVAL 10 SECONDS, subject, channel, buyer, '', provider,
        ['declined', 'expired', 'limit'][1 + luck % 3], 0, 0, '', NULL
    FROM orders WHERE luck >= 92
    UNION ALL
    SELECT '#sold#0', 'sold', paid, subject, channel, buyer, product, '', '', quantity, total, '', NULL
    FROM orders
    UNION ALL
    SELECT '#delivered#0', 'delivered', paid, subject, channel, buyer, product, '', '', 1, 0, '', seconds
    FROM orders
)
SELECT
    subject || name AS id, * EXCLUDE (name), DATE '{day}' AS day, '' AS visitor, '' AS agent,
    CASE WHEN product <> '' THEN 'sku-' || product ELSE '' END AS sku, '' AS category,
    CASE WHEN product <> '' THEN 0 END AS line, '' AS unit, 'CNY' AS currency,
    '' AS source, '' AS medium, '' AS campaign, 0 AS told
FROM facts
"""


def make(folder: Path, orders: int) -> list[str]:
    """The files of a lake of so many orders by a tenth as many buyers, over two years."""
    engine = Engine(spill=str(folder))
    return [*_days(engine, folder, orders)]


def _days(engine: Engine, folder: Path, orders: int) -> Iterator[str]:
    for number in range(DAYS):
        day, path = FIRST + timedelta(days=number), folder / f"{FIRST + timedelta(days=number)}.parquet"
        start, stop = orders * number // DAYS, orders * (number + 1) // DAYS
        made = _ORDERS.format(day=day, start=start, stop=stop, buyers=max(1, orders // 10))
        facts = _FACTS.format(orders=made, day=day)
        kinds = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in dialect.STORED.items())
        engine.connection.execute(dialect.written(f"SELECT {kinds} FROM ({facts})", str(path)))
        yield str(path)
