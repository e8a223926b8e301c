-- New and returning buyers (新客与回头客), by day, week and month.
--
--   period       a day, week (from Monday) or month of the shop, by its first day; the first and the last one may be cut
--                by `$first` and `$last`
--   new          buyers whose first purchase ever, in whatever channel and currency, lies in the period
--   returning    buyers who bought in the period and before it
--   orders, gmv  of all purchases of the period, those of unknown buyers too; `new_orders` and `new_gmv` are all
--                purchases of the period by its new buyers, `known_orders` those of buyers who are known
--   channel      `*` for all channels together: who buys in two channels is one buyer there
--   currency     of the purchases; each buyer counts in each currency they pay in, so buyers of two rows are not added
--   refunds      change nothing
-- $first, $last: the days, both included.
-- over: purchases
WITH bought AS (
    SELECT buyer, channel, currency, day, count(*) AS orders, CAST(sum(gmv) AS BIGINT) AS gmv
    FROM purchases
    WHERE day BETWEEN $first AND $last
    GROUP BY buyer, channel, currency, day
),
firsts AS (
    SELECT buyer, min(day) AS first_day
    FROM purchases
    WHERE buyer <> '' AND day <= $last
    GROUP BY buyer
),
dated AS (
    SELECT b.*, f.first_day
    FROM bought b
    LEFT JOIN firsts f ON f.buyer = b.buyer
),
periods AS (
    SELECT 'day' AS grain, day AS period, buyer, channel, currency, first_day, orders, gmv
    FROM dated
    UNION ALL
    SELECT
        'week', CAST(date_trunc('week', day) AS DATE), buyer, channel, currency,
        CAST(date_trunc('week', first_day) AS DATE), orders, gmv
    FROM dated
    UNION ALL
    SELECT
        'month', CAST(date_trunc('month', day) AS DATE), buyer, channel, currency,
        CAST(date_trunc('month', first_day) AS DATE), orders, gmv
    FROM dated
),
each_buyer AS (
    SELECT
        grain, period, channel, currency, buyer, min(first_day) AS first_day,
        CAST(sum(orders) AS BIGINT) AS orders, CAST(sum(gmv) AS BIGINT) AS gmv
    FROM periods
    GROUP BY GROUPING SETS ((grain, period, channel, currency, buyer), (grain, period, currency, buyer))
)
SELECT
    grain,
    period,
    COALESCE(channel, '*') AS channel,
    currency,
    count(CASE WHEN first_day = period THEN 1 END) AS new,
    count(CASE WHEN first_day < period THEN 1 END) AS returning,
    CAST(sum(orders) AS BIGINT) AS orders,
    CAST(sum(gmv) AS BIGINT) AS gmv,
    CAST(sum(CASE WHEN first_day = period THEN orders ELSE 0 END) AS BIGINT) AS new_orders,
    CAST(sum(CASE WHEN first_day = period THEN gmv ELSE 0 END) AS BIGINT) AS new_gmv,
    CAST(sum(CASE WHEN first_day IS NULL THEN 0 ELSE orders END) AS BIGINT) AS known_orders
FROM each_buyer
GROUP BY grain, period, COALESCE(channel, '*'), currency
ORDER BY grain, period, channel, currency
