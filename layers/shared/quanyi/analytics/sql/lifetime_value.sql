-- Lifetime value (生命周期价值): what a cohort's buyers have brought by their age, in each currency.
--
--   cohort, age   as in `cohorts_monthly`: calendar months of the shop, cohorts from the month of `$first` on
--   buyers        of the cohort, whatever they paid in: what is per buyer is per each of them
--   gmv           of their purchases in the month of that age
--   margin        of their orders in that month: turnover delivered less turnover returned, less cost, loss and providers'
--                 fees, as the orders' journals have them (-revenue - cost - loss - fees). What was booked before the
--                 cohort's month (a fee on money paid in advance) counts at age 0
--   cumulative_*  from age 0 up to that age; `*_per_buyer` is that / buyers, minor units
--   complete      false for the month in which `$last` lies, unless it ends with it
--   refunds       make the margin of the month smaller in which their money started to go back; GMV stays
-- Costs in another currency than the price stand in a row of that currency.
-- $first, $last: the first day of which cohorts are told, and the last one that is looked at.
-- over: purchases
-- over: buyers
WITH chosen AS (
    SELECT buyer, CAST(date_trunc('month', first_day) AS DATE) AS cohort
    FROM buyers
    WHERE first_day <= $last AND first_day >= CAST(date_trunc('month', CAST($first AS DATE)) AS DATE)
),
sizes AS (
    SELECT cohort, count(*) AS buyers
    FROM chosen
    GROUP BY cohort
),
brought AS (
    SELECT buyer, currency, CAST(date_trunc('month', day) AS DATE) AS period, gmv, 0 AS margin
    FROM purchases
    WHERE buyer <> '' AND day <= $last
    UNION ALL
    SELECT buyer, currency, CAST(date_trunc('month', day) AS DATE), 0, -amount
    FROM facts
    WHERE
        kind = 'posted' AND buyer <> '' AND day <= $last
        AND (account IN ('cost', 'loss', 'fees') OR account LIKE 'revenue:%')
        AND strpos($without, ',' || channel || ',') = 0
),
in_periods AS (
    SELECT c.cohort, b.currency, b.period, CAST(sum(b.gmv) AS BIGINT) AS gmv, CAST(sum(b.margin) AS BIGINT) AS margin
    FROM brought b
    JOIN chosen c ON c.buyer = b.buyer
    GROUP BY c.cohort, b.currency, b.period
),
moved AS (
    SELECT
        cohort,
        currency,
        CASE WHEN period < cohort THEN 0 ELSE date_diff('month', cohort, period) END AS age,
        CAST(sum(gmv) AS BIGINT) AS gmv,
        CAST(sum(margin) AS BIGINT) AS margin
    FROM in_periods
    GROUP BY cohort, currency, CASE WHEN period < cohort THEN 0 ELSE date_diff('month', cohort, period) END
),
digits (digit) AS (
    VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)
),
ages AS (
    SELECT a.digit * 100 + b.digit * 10 + c.digit AS age
    FROM digits a
    CROSS JOIN digits b
    CROSS JOIN digits c
),
lines AS (
    SELECT m.cohort, m.currency, s.buyers, date_diff('month', m.cohort, CAST($last AS DATE)) AS oldest
    FROM (SELECT DISTINCT cohort, currency FROM moved) m
    JOIN sizes s ON s.cohort = m.cohort
),
filled AS (
    SELECT
        l.cohort,
        l.currency,
        a.age,
        l.oldest,
        l.buyers,
        COALESCE(m.gmv, 0) AS gmv,
        COALESCE(m.margin, 0) AS margin
    FROM lines l
    JOIN ages a ON a.age <= l.oldest
    LEFT JOIN moved m ON m.cohort = l.cohort AND m.currency = l.currency AND m.age = a.age
),
grown AS (
    SELECT
        *,
        CAST(sum(gmv) OVER (PARTITION BY cohort, currency ORDER BY age) AS BIGINT) AS cumulative_gmv,
        CAST(sum(margin) OVER (PARTITION BY cohort, currency ORDER BY age) AS BIGINT) AS cumulative_margin
    FROM filled
)
SELECT
    cohort,
    currency,
    age,
    buyers,
    gmv,
    margin,
    cumulative_gmv,
    cumulative_margin,
    CAST(cumulative_gmv AS DOUBLE) / buyers AS gmv_per_buyer,
    CAST(cumulative_margin AS DOUBLE) / buyers AS margin_per_buyer,
    age < oldest
        OR date_trunc('month', CAST($last AS DATE) + INTERVAL '1' DAY) > date_trunc('month', CAST($last AS DATE)) AS complete
FROM grown
ORDER BY cohort, currency, age
