-- Cohorts and their retention (月同期群与留存), by the shop's calendar months.
--
--   cohort    buyers whose first purchase ever, in whatever channel and currency, lies in the month that begins on `cohort`;
--             cohorts from the month of `$first` on
--   age       months since then; 0 is the cohort's own month
--   buyers    of the cohort; `active` of them bought in the month of that age, in whatever currency
--   retention active / buyers: 1 at age 0
--   orders, gmv   of their purchases of that month in `currency`, minor units
--   complete  false for the month in which `$last` lies, unless it ends with it: its numbers still grow
--   refunds   change nothing
-- $first, $last: the first day of which cohorts are told, and the last one that is looked at.
-- over: purchases
-- over: buyers
WITH dated AS (
    SELECT
        b.number, p.currency, p.gmv, CAST(date_trunc('month', b.first_day) AS DATE) AS cohort,
        CAST(date_trunc('month', p.day) AS DATE) AS period
    FROM purchases p
    JOIN buyers b ON b.buyer = p.buyer
    WHERE p.day <= $last AND b.first_day >= CAST(date_trunc('month', CAST($first AS DATE)) AS DATE)
),
known AS (
    SELECT cohort, date_diff('month', cohort, period) AS age, number, currency, gmv
    FROM dated
),
moved AS (
    SELECT cohort, age, currency, count(*) AS orders, CAST(sum(gmv) AS BIGINT) AS gmv
    FROM known
    GROUP BY cohort, age, currency
),
came AS (
    SELECT cohort, age, count(DISTINCT number) AS active
    FROM known
    GROUP BY cohort, age
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
    SELECT c.cohort, c.currency, s.active AS buyers, date_diff('month', c.cohort, CAST($last AS DATE)) AS oldest
    FROM (SELECT DISTINCT cohort, currency FROM moved) c
    JOIN came s ON s.cohort = c.cohort AND s.age = 0
)
SELECT
    l.cohort,
    l.currency,
    a.age,
    l.buyers,
    COALESCE(c.active, 0) AS active,
    CAST(COALESCE(c.active, 0) AS DOUBLE) / l.buyers AS retention,
    COALESCE(m.orders, 0) AS orders,
    COALESCE(m.gmv, 0) AS gmv,
    a.age < l.oldest
        OR date_trunc('month', CAST($last AS DATE) + INTERVAL '1' DAY) > date_trunc('month', CAST($last AS DATE)) AS complete
FROM lines l
JOIN ages a ON a.age <= l.oldest
LEFT JOIN came c ON c.cohort = l.cohort AND c.age = a.age
LEFT JOIN moved m ON m.cohort = l.cohort AND m.age = a.age AND m.currency = l.currency
ORDER BY l.cohort, l.currency, a.age
