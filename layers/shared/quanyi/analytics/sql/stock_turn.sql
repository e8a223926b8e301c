-- Stock (库存周转与过期损失): how often it turns over and what ran out unsold, by SKU and the currency that it had cost.
--
--   counted_days    days of the range on which stock was counted (once a night); averages are over these
--   average_units   units in stock, of all currencies together: the sum of the counts / counted_days. In stock is what can
--                   be sold and what is held for an order
--   units_out       units that reached their buyers in the range, replacements too
--   turn            units_out / average_units; turnover_days = days of the range / turn. Both are null without stock, or
--                   where nothing went out. They say nothing of what is bought for each order
--   units, value    in stock at the last count of the range, and what it had cost; `average_value` over the counted days
--   expired_units, expired_cost   cards whose last moment of sale passed in the range while nobody had bought them, and
--                   what they had cost: the loss
--   refunds         change nothing here: a card that comes back is in the counts of the days after
-- One row for a SKU and each currency that its cards had cost; SKUs without stock or expiry in the range have none.
-- $first, $last: the days, both included.
WITH counts AS (
    SELECT day, product, sku, currency, quantity, amount
    FROM facts
    WHERE kind = 'stocked' AND day BETWEEN $first AND $last
),
known AS (
    SELECT count(DISTINCT day) AS counted_days, max(day) AS last_day
    FROM counts
),
stocks AS (
    SELECT
        c.sku,
        c.currency,
        max(c.product) AS product,
        CAST(sum(c.quantity) AS BIGINT) AS unit_days,
        CAST(sum(c.amount) AS BIGINT) AS value_days,
        CAST(sum(CASE WHEN c.day = k.last_day THEN c.quantity ELSE 0 END) AS BIGINT) AS units,
        CAST(sum(CASE WHEN c.day = k.last_day THEN c.amount ELSE 0 END) AS BIGINT) AS value
    FROM counts c
    CROSS JOIN known k
    WHERE c.sku <> ''
    GROUP BY c.sku, c.currency
),
losses AS (
    SELECT
        sku, currency, max(product) AS product, CAST(sum(quantity) AS BIGINT) AS expired_units,
        CAST(sum(amount) AS BIGINT) AS expired_cost
    FROM facts
    WHERE kind = 'expired' AND day BETWEEN $first AND $last
    GROUP BY sku, currency
),
moved AS (
    SELECT sku, CAST(sum(quantity) AS BIGINT) AS units_out
    FROM facts
    WHERE kind = 'delivered' AND day BETWEEN $first AND $last
    GROUP BY sku
),
whole AS (
    SELECT sku, CAST(sum(unit_days) AS BIGINT) AS unit_days
    FROM stocks
    GROUP BY sku
),
joined AS (
    SELECT
        COALESCE(s.product, l.product) AS product,
        COALESCE(s.sku, l.sku) AS sku,
        COALESCE(s.currency, l.currency) AS currency,
        COALESCE(s.units, 0) AS units,
        COALESCE(s.value, 0) AS value,
        COALESCE(s.value_days, 0) AS value_days,
        COALESCE(l.expired_units, 0) AS expired_units,
        COALESCE(l.expired_cost, 0) AS expired_cost
    FROM stocks s
    FULL JOIN losses l ON l.sku = s.sku AND l.currency = s.currency
)
SELECT
    j.product,
    j.sku,
    j.currency,
    k.counted_days,
    COALESCE(CAST(w.unit_days AS DOUBLE) / NULLIF(k.counted_days, 0), 0) AS average_units,
    COALESCE(m.units_out, 0) AS units_out,
    CAST(m.units_out AS DOUBLE) * k.counted_days / NULLIF(w.unit_days, 0) AS turn,
    CAST(date_diff('day', CAST($first AS DATE), CAST($last AS DATE)) + 1 AS DOUBLE) * w.unit_days
    / NULLIF(CAST(m.units_out AS DOUBLE) * k.counted_days, 0) AS turnover_days,
    j.units,
    j.value,
    COALESCE(CAST(j.value_days AS DOUBLE) / NULLIF(k.counted_days, 0), 0) AS average_value,
    j.expired_units,
    j.expired_cost
FROM joined j
CROSS JOIN known k
LEFT JOIN whole w ON w.sku = j.sku
LEFT JOIN moved m ON m.sku = j.sku
ORDER BY j.product, j.sku, j.currency
