-- What channels earn and cost from day to day (渠道日账), one row for a day, channel and currency with any of it.
--
-- Amounts are minor units of `currency`, never added across; each counts on the shop's day on which it happened.
--   orders, gmv   what was paid for
--   margin        revenue - cost - loss - fees, as in `channels`; a refund lowers it on its own day
--   spend         as the merchant told it (relation `spend`)
-- $first, $last: the days, both included.
WITH sold AS (
    SELECT day, channel, currency, COUNT(DISTINCT subject) AS orders, SUM(amount) AS gmv, 0 AS margin, 0 AS spend
    FROM facts
    WHERE kind = 'sold' AND day BETWEEN $first AND $last
    GROUP BY day, channel, currency
),
booked AS (
    SELECT day, channel, currency, 0 AS orders, 0 AS gmv, -SUM(amount) AS margin, 0 AS spend
    FROM facts
    WHERE
        kind = 'posted' AND day BETWEEN $first AND $last
        AND (account LIKE 'revenue:%' OR account IN ('cost', 'loss', 'fees'))
    GROUP BY day, channel, currency
),
spent AS (
    SELECT day, channel, currency, 0 AS orders, 0 AS gmv, 0 AS margin, SUM(amount) AS spend
    FROM spend
    WHERE day BETWEEN $first AND $last
    GROUP BY day, channel, currency
),
together AS (
    SELECT day, channel, currency, orders, gmv, margin, spend FROM sold
    UNION ALL
    SELECT day, channel, currency, orders, gmv, margin, spend FROM booked
    UNION ALL
    SELECT day, channel, currency, orders, gmv, margin, spend FROM spent
)
SELECT
    day,
    channel,
    currency,
    CAST(SUM(orders) AS BIGINT) AS orders,
    CAST(SUM(gmv) AS BIGINT) AS gmv,
    CAST(SUM(margin) AS BIGINT) AS margin,
    CAST(SUM(spend) AS BIGINT) AS spend
FROM together
GROUP BY day, channel, currency
ORDER BY day, channel, currency
