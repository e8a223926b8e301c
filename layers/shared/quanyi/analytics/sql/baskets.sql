-- Bought together (连带购买): pairs of SKUs, from `$first` to `$last`.
--
--   scope       `order`: both SKUs in one order, among all orders. `buyer`: one buyer bought both within `$days` days of
--               each other, in one order or in two, among all buyers who are known
--   a, b        two SKUs; `a` stands first in the alphabet
--   together    orders (or buyers) with both; pairs with less than `$at_least` are left out
--   with_a, with_b   orders (buyers) with each; `total` all of them
--   support     together / total
--   a_to_b, b_to_a   confidence: together / with_a (with_b), how many of those who bought the one bought the other
--   lift        together * total / (with_a * with_b): above 1, they are bought together more often than by chance
--   refunds     change nothing. Quantities do not count, nor does the currency
-- `$without` as in `purchases`. A pair is no more frequent than each of its SKUs, so rare ones need not be looked at
-- (R. Agrawal, R. Srikant: Fast Algorithms for Mining Association Rules, VLDB 1994).
-- $first, $last: the days, both included.
WITH bought AS (
    SELECT DISTINCT subject, buyer, sku, day
    FROM facts
    WHERE kind = 'sold' AND day BETWEEN $first AND $last AND strpos($without, ',' || channel || ',') = 0
),
days AS (
    SELECT DISTINCT buyer, sku, day
    FROM bought
    WHERE buyer <> ''
),
totals AS (
    SELECT 'order' AS scope, count(DISTINCT subject) AS total FROM bought
    UNION ALL
    SELECT 'buyer', count(DISTINCT buyer) FROM days
),
singles AS (
    SELECT 'order' AS scope, sku, count(*) AS times
    FROM bought
    GROUP BY sku
    UNION ALL
    SELECT 'buyer', sku, count(DISTINCT buyer)
    FROM days
    GROUP BY sku
),
often AS (
    SELECT scope, sku, times
    FROM singles
    WHERE times >= $at_least
),
in_orders AS (
    SELECT b.subject, b.sku
    FROM bought b
    JOIN often o ON o.scope = 'order' AND o.sku = b.sku
),
many_in_order AS (
    SELECT subject
    FROM in_orders
    GROUP BY subject
    HAVING count(*) > 1
),
order_lists AS (
    SELECT i.subject, i.sku
    FROM in_orders i
    JOIN many_in_order m ON m.subject = i.subject
),
of_buyers AS (
    SELECT d.buyer, d.sku, d.day
    FROM days d
    JOIN often o ON o.scope = 'buyer' AND o.sku = d.sku
),
buyer_pairs AS (
    SELECT DISTINCT x.buyer, x.sku AS a, y.sku AS b
    FROM of_buyers x
    JOIN of_buyers y ON y.buyer = x.buyer AND y.sku > x.sku
    WHERE abs(date_diff('day', x.day, y.day)) <= $days
),
pairs AS (
    SELECT 'order' AS scope, x.sku AS a, y.sku AS b, count(*) AS together
    FROM order_lists x
    JOIN order_lists y ON y.subject = x.subject AND y.sku > x.sku
    GROUP BY x.sku, y.sku
    UNION ALL
    SELECT 'buyer', a, b, count(*)
    FROM buyer_pairs
    GROUP BY a, b
)
SELECT
    p.scope,
    p.a,
    p.b,
    p.together,
    x.times AS with_a,
    y.times AS with_b,
    t.total,
    CAST(p.together AS DOUBLE) / t.total AS support,
    CAST(p.together AS DOUBLE) / x.times AS a_to_b,
    CAST(p.together AS DOUBLE) / y.times AS b_to_a,
    CAST(p.together AS DOUBLE) * t.total / (CAST(x.times AS DOUBLE) * y.times) AS lift
FROM pairs p
JOIN often x ON x.scope = p.scope AND x.sku = p.a
JOIN often y ON y.scope = p.scope AND y.sku = p.b
JOIN totals t ON t.scope = p.scope
WHERE p.together >= $at_least
ORDER BY p.scope, p.together DESC, p.a, p.b
