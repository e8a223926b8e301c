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
-- over: buyers
WITH dated AS (
    SELECT p.day, b.first_day, b.number, p.channel, p.currency, p.gmv
    FROM purchases p
    LEFT JOIN buyers b ON b.buyer = p.buyer
    WHERE p.day BETWEEN $first AND $last
),
periods AS (
    SELECT 'day' AS grain, day AS period, first_day AS first_period, number, channel, currency, gmv
    FROM dated
    UNION ALL
    SELECT
        'week', CAST(date_trunc('week', day) AS DATE), CAST(date_trunc('week', first_day) AS DATE), number, channel,
        currency, gmv
    FROM dated
    UNION ALL
    SELECT
        'month', CAST(date_trunc('month', day) AS DATE), CAST(date_trunc('month', first_day) AS DATE), number, channel,
        currency, gmv
    FROM dated
),
-- Who bought is looked at once for each buyer, channel and period; unknown buyers are one of them.
in_channels AS (
    SELECT
        grain, period, first_period, number, channel, currency, count(*) AS orders, CAST(sum(gmv) AS BIGINT) AS gmv
    FROM periods
    GROUP BY grain, period, first_period, number, channel, currency
),
in_all AS (
    SELECT
        grain, period, first_period, number, currency, CAST(sum(orders) AS BIGINT) AS orders,
        CAST(sum(gmv) AS BIGINT) AS gmv
    FROM in_channels
    GROUP BY grain, period, first_period, number, currency
),
each_buyer AS (
    SELECT grain, period, first_period, channel, currency, orders, gmv
    FROM in_channels
    UNION ALL
    SELECT grain, period, first_period, '*', currency, orders, gmv
    FROM in_all
)
SELECT
    grain,
    period,
    channel,
    currency,
    count(CASE WHEN first_period = period THEN 1 END) AS new,
    count(CASE WHEN first_period < period THEN 1 END) AS returning,
    CAST(sum(orders) AS BIGINT) AS orders,
    CAST(sum(gmv) AS BIGINT) AS gmv,
    CAST(sum(CASE WHEN first_period = period THEN orders ELSE 0 END) AS BIGINT) AS new_orders,
    CAST(sum(CASE WHEN first_period = period THEN gmv ELSE 0 END) AS BIGINT) AS new_gmv,
    CAST(sum(CASE WHEN first_period IS NULL THEN 0 ELSE orders END) AS BIGINT) AS known_orders
FROM each_buyer
GROUP BY grain, period, channel, currency
ORDER BY grain, period, channel, currency
