-- SKUs (单品销售): how often each was ordered, and how fast its units leave the stock.
--
--   orders      different orders that it was paid for in, from $first to $last
--   delivered   units that reached buyers in the `$speed` days up to $last, in bundles or by themselves; not those that
--               replaced a bad one
--   refunds     change nothing
-- $first, $last: the days, both included.
WITH ordered AS (
    SELECT sku, COUNT(DISTINCT subject) AS orders
    FROM facts
    WHERE kind = 'sold' AND day BETWEEN $first AND $last
    GROUP BY sku
),
left_stock AS (
    SELECT sku, COUNT(*) AS delivered
    FROM facts
    WHERE
        kind = 'delivered' AND reason <> 'replacement' AND day BETWEEN $first AND $last
        AND DATE_DIFF('day', day, CAST($last AS DATE)) < $speed
    GROUP BY sku
)
SELECT
    COALESCE(o.sku, l.sku) AS sku,
    COALESCE(o.orders, 0) AS orders,
    COALESCE(l.delivered, 0) AS delivered
FROM ordered AS o
FULL OUTER JOIN left_stock AS l ON l.sku = o.sku
ORDER BY 1
