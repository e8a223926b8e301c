-- How long buyers wait before they buy again (复购间隔): the distribution of days between two purchases of one buyer.
--
--   days       from the shop's day of a purchase to that of the same buyer's next one, in whatever channel and currency;
--              0 on the same day. An interval counts where the later purchase lies from `$first` to `$last`
--   intervals  of that length; `so_far` of that length or shorter; `share` is so_far / all
--   refunds    change nothing
-- $first, $last: the days, both included.
-- over: purchases
WITH steps AS (
    SELECT day, lag(day) OVER (PARTITION BY buyer ORDER BY day) AS before
    FROM purchases
    WHERE buyer <> '' AND day <= $last
),
counted AS (
    SELECT date_diff('day', before, day) AS days, count(*) AS intervals
    FROM steps
    WHERE before IS NOT NULL AND day >= $first
    GROUP BY date_diff('day', before, day)
)
SELECT
    days,
    intervals,
    CAST(sum(intervals) OVER (ORDER BY days) AS BIGINT) AS so_far,
    CAST(sum(intervals) OVER (ORDER BY days) AS DOUBLE) / sum(intervals) OVER () AS share
FROM counted
ORDER BY days
