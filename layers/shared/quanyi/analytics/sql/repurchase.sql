-- Repurchase (复购): how soon buyers come back, and how many do; one row, none where nobody bought.
--
--   intervals      between two purchases of one buyer, as `repurchase_intervals` has them
--   p25, median, p75   of their days: the shortest length that at least that part of the intervals do not exceed
--                  (nearest rank, no interpolation); null where there is no interval
--   buyers         who are known and bought from `$first` to `$last`
--   buyers_30      of them, those whose first purchase in that time lies at least 30 days before `$last`: each could be watched
--                  for 30 whole days after it
--   repeated_30    of them, those who bought again within 30 days of it, on the same day too; `rate_30` is their share,
--                  null where there are no buyers. So for 60 and 90 days
--   refunds        change nothing
-- $first, $last: the days, both included.
-- over: purchases
-- over: repurchase_intervals
WITH lengths AS (
    SELECT
        CAST(max(so_far) AS BIGINT) AS intervals,
        min(CASE WHEN share >= 0.25 THEN days END) AS p25,
        min(CASE WHEN share >= 0.5 THEN days END) AS median,
        min(CASE WHEN share >= 0.75 THEN days END) AS p75
    FROM repurchase_intervals
),
numbered AS (
    SELECT
        buyer,
        day,
        row_number() OVER (PARTITION BY buyer ORDER BY day) AS turn,
        lead(day) OVER (PARTITION BY buyer ORDER BY day) AS next_day
    FROM purchases
    WHERE buyer <> '' AND day BETWEEN $first AND $last
),
watched AS (
    SELECT date_diff('day', day, CAST($last AS DATE)) AS seen, date_diff('day', day, next_day) AS waited
    FROM numbered
    WHERE turn = 1
),
counted AS (
    SELECT
        count(*) AS buyers,
        count(CASE WHEN seen >= 30 THEN 1 END) AS buyers_30,
        count(CASE WHEN seen >= 30 AND waited <= 30 THEN 1 END) AS repeated_30,
        count(CASE WHEN seen >= 60 THEN 1 END) AS buyers_60,
        count(CASE WHEN seen >= 60 AND waited <= 60 THEN 1 END) AS repeated_60,
        count(CASE WHEN seen >= 90 THEN 1 END) AS buyers_90,
        count(CASE WHEN seen >= 90 AND waited <= 90 THEN 1 END) AS repeated_90
    FROM watched
)
SELECT
    COALESCE(l.intervals, 0) AS intervals,
    l.p25,
    l.median,
    l.p75,
    c.buyers,
    c.buyers_30,
    c.repeated_30,
    CAST(c.repeated_30 AS DOUBLE) / NULLIF(c.buyers_30, 0) AS rate_30,
    c.buyers_60,
    c.repeated_60,
    CAST(c.repeated_60 AS DOUBLE) / NULLIF(c.buyers_60, 0) AS rate_60,
    c.buyers_90,
    c.repeated_90,
    CAST(c.repeated_90 AS DOUBLE) / NULLIF(c.buyers_90, 0) AS rate_90
FROM lengths l
CROSS JOIN counted c
WHERE c.buyers > 0
