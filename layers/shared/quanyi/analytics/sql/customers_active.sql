-- Who is behind a cell of `cohorts_weekly`, `cohorts_monthly` and `customers_new_returning` (by week and month).
--
--   grain, period   the week (from Monday) or month of the shop in which `buyer` bought, by its first day; the first and
--                   the last one may be cut by `$first` and `$last`
--   cohort          that in which the buyer first bought ever, in whatever channel and currency: a buyer is new where it
--                   is `period`, else returning
--   channel         `*` for all channels together; `currency` is `*` for all currencies together, then `gmv` is null
--   orders, gmv     of the buyer's purchases of the period, minor units
--   refunds         change nothing
-- $first, $last: the days, both included.
-- over: purchases
WITH bought AS (
    SELECT buyer, channel, currency, day, count(*) AS orders, CAST(sum(gmv) AS BIGINT) AS gmv
    FROM purchases
    WHERE buyer <> '' AND day BETWEEN $first AND $last
    GROUP BY buyer, channel, currency, day
),
firsts AS (
    SELECT buyer, min(day) AS first_day
    FROM purchases
    WHERE buyer <> '' AND day <= $last
    GROUP BY buyer
),
periods AS (
    SELECT 'week' AS grain, CAST(date_trunc('week', day) AS DATE) AS period, buyer, channel, currency, orders, gmv
    FROM bought
    UNION ALL
    SELECT 'month', CAST(date_trunc('month', day) AS DATE), buyer, channel, currency, orders, gmv
    FROM bought
),
summed AS (
    SELECT
        grain,
        period,
        buyer,
        COALESCE(channel, '*') AS channel,
        COALESCE(currency, '*') AS currency,
        CAST(sum(orders) AS BIGINT) AS orders,
        CASE WHEN currency IS NULL THEN NULL ELSE CAST(sum(gmv) AS BIGINT) END AS gmv
    FROM periods
    GROUP BY GROUPING SETS (
        (grain, period, buyer, channel, currency), (grain, period, buyer, currency), (grain, period, buyer)
    )
)
SELECT
    s.grain,
    s.period,
    CASE WHEN s.grain = 'week' THEN CAST(date_trunc('week', f.first_day) AS DATE)
        ELSE CAST(date_trunc('month', f.first_day) AS DATE)
    END AS cohort,
    s.channel,
    s.currency,
    s.buyer,
    s.orders,
    s.gmv
FROM summed s
JOIN firsts f ON f.buyer = s.buyer
ORDER BY s.grain, s.period, s.channel, s.currency, cohort, s.buyer
