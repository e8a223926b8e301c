-- Who is behind a cell of `cohorts_weekly`, `cohorts_monthly` and `customers_new_returning` (by week and month).
--
--   grain, period   the week (from Monday) or month of the shop in which `buyer` bought, by its first day; the first and
--                   the last one may be cut by `$first` and `$last`
--   cohort          that in which the buyer first bought ever, in whatever channel and currency: a buyer is new where it
--                   is `period`, else returning
--   number          of the buyer (`buyers`), who came first before who came later. Who bought in several channels or
--                   currencies in a period has a row for each, one after the other: together they are one buyer
--   orders, gmv     of the buyer's purchases of the period in `channel` and `currency`, minor units
--   refunds         change nothing
-- $first, $last: the days, both included.
-- over: purchases
-- over: buyers
WITH dated AS (
    SELECT p.day, b.first_day, b.number, p.channel, p.currency, p.gmv
    FROM purchases p
    JOIN buyers b ON b.buyer = p.buyer
    WHERE p.day BETWEEN $first AND $last
),
periods AS (
    SELECT
        'week' AS grain, CAST(date_trunc('week', day) AS DATE) AS period,
        CAST(date_trunc('week', first_day) AS DATE) AS cohort, number, channel, currency, gmv
    FROM dated
    UNION ALL
    SELECT
        'month', CAST(date_trunc('month', day) AS DATE),
        CAST(date_trunc('month', first_day) AS DATE), number, channel, currency, gmv
    FROM dated
),
summed AS (
    SELECT
        grain, period, cohort, number, channel, currency, count(*) AS orders, CAST(sum(gmv) AS BIGINT) AS gmv
    FROM periods
    GROUP BY grain, period, cohort, number, channel, currency
)
SELECT s.grain, s.period, s.cohort, s.number, b.buyer, s.channel, s.currency, s.orders, s.gmv
FROM summed s
JOIN buyers b ON b.number = s.number
ORDER BY s.grain, s.period, s.number, s.channel, s.currency
