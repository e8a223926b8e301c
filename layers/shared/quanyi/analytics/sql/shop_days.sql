-- The shop's days (每日成交), one row for each day and currency on which something was paid for.
--
--   orders   different orders that were paid for on the day
--   gmv      what they cost the buyers, minor units of `currency`
--   refunds  change nothing: a day that is over stays what it was
-- $first, $last: the days, both included.
SELECT day, currency, COUNT(DISTINCT subject) AS orders, CAST(SUM(amount) AS BIGINT) AS gmv
FROM facts
WHERE kind = 'sold' AND day BETWEEN $first AND $last
GROUP BY day, currency
ORDER BY day, currency
