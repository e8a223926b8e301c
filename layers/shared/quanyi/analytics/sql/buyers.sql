-- A buyer (买家): a member's pseudonym that something was bought under, and since when.
--
--   first_day  the shop's day of their first purchase ever, in whatever channel and currency
--   number     of the buyer, from 1 on: who came first, by `first_day` and then `buyer`, so that nobody's depends on who
--              comes later. It tells rows of one buyer from others' where a list masks them, and is no name: facts of
--              earlier days that come late make it another
--   refunds    change nothing
-- `$without` as in `purchases`.
-- $first, $last: not its own. Whoever bought until a day had their first purchase until then too.
-- over: purchases
SELECT buyer, min(day) AS first_day, row_number() OVER (ORDER BY min(day), buyer) AS number
FROM purchases
WHERE buyer <> ''
GROUP BY buyer
