-- Products and their SKUs, from `$first` to `$last`, in each currency.
--
--   sku            `*` for all SKUs of the product together; goods that have no product in the catalogue stand under an
--                  empty one
--   orders, units, gmv   of the lines paid for in the range; GMV is what they cost the buyer, discounts taken off
--   buyers         who are known and bought it in the range; `repeat_buyers` of them in two orders or more; their share is
--                  the `repurchase_rate`, null without buyers
--   delivered      turnover of what reached its buyer in the range, tax included; `returned` is turnover that was
--                  reversed in the range, whenever it had been delivered: a replaced card is returned and delivered
--                  again. `revenue` = delivered - returned (as in docs/tax.md)
--   cost, loss     of the cards that buyers have, and of those whose money went back after somebody had seen them
--   margin         revenue - cost - loss. Providers' fees belong to orders, not to products, and are not in it
--   refunds        change units and GMV of no day; they are in `returned` on the day on which the money starts to go back
-- Costs in another currency than the price stand in a row of that currency. `$without` as in `purchases`.
-- $first, $last: the days, both included.
WITH lines AS (
    SELECT
        subject, buyer, product, sku, currency, CAST(sum(quantity) AS BIGINT) AS units, CAST(sum(amount) AS BIGINT) AS gmv
    FROM facts
    WHERE kind = 'sold' AND day BETWEEN $first AND $last AND strpos($without, ',' || channel || ',') = 0
    GROUP BY subject, buyer, product, sku, currency
),
each_buyer AS (
    SELECT
        product, sku, currency, buyer, count(*) AS orders, CAST(sum(units) AS BIGINT) AS units,
        CAST(sum(gmv) AS BIGINT) AS gmv
    FROM lines
    GROUP BY product, sku, currency, buyer
    UNION ALL
    SELECT
        product, '*', currency, buyer, count(DISTINCT subject), CAST(sum(units) AS BIGINT), CAST(sum(gmv) AS BIGINT)
    FROM lines
    GROUP BY product, currency, buyer
),
sold AS (
    SELECT
        product, sku, currency,
        CAST(sum(orders) AS BIGINT) AS orders,
        CAST(sum(units) AS BIGINT) AS units,
        CAST(sum(gmv) AS BIGINT) AS gmv,
        count(CASE WHEN buyer <> '' THEN 1 END) AS buyers,
        count(CASE WHEN buyer <> '' AND orders > 1 THEN 1 END) AS repeat_buyers
    FROM each_buyer
    GROUP BY product, sku, currency
),
booked AS (
    SELECT
        product,
        COALESCE(sku, '*') AS sku,
        currency,
        CAST(sum(CASE WHEN account LIKE 'revenue:%' AND amount < 0 THEN -amount ELSE 0 END) AS BIGINT) AS delivered,
        CAST(sum(CASE WHEN account LIKE 'revenue:%' AND amount > 0 THEN amount ELSE 0 END) AS BIGINT) AS returned,
        CAST(sum(CASE WHEN account = 'cost' THEN amount ELSE 0 END) AS BIGINT) AS cost,
        CAST(sum(CASE WHEN account = 'loss' THEN amount ELSE 0 END) AS BIGINT) AS loss
    FROM facts
    WHERE
        kind = 'posted' AND line IS NOT NULL AND day BETWEEN $first AND $last
        AND (account IN ('cost', 'loss') OR account LIKE 'revenue:%')
        AND strpos($without, ',' || channel || ',') = 0
    GROUP BY GROUPING SETS ((product, sku, currency), (product, currency))
)
SELECT
    COALESCE(s.product, b.product) AS product,
    COALESCE(s.sku, b.sku) AS sku,
    COALESCE(s.currency, b.currency) AS currency,
    COALESCE(s.orders, 0) AS orders,
    COALESCE(s.units, 0) AS units,
    COALESCE(s.gmv, 0) AS gmv,
    COALESCE(s.buyers, 0) AS buyers,
    COALESCE(s.repeat_buyers, 0) AS repeat_buyers,
    CAST(s.repeat_buyers AS DOUBLE) / NULLIF(s.buyers, 0) AS repurchase_rate,
    COALESCE(b.delivered, 0) AS delivered,
    COALESCE(b.returned, 0) AS returned,
    COALESCE(b.delivered - b.returned, 0) AS revenue,
    COALESCE(b.cost, 0) AS cost,
    COALESCE(b.loss, 0) AS loss,
    COALESCE(b.delivered - b.returned - b.cost - b.loss, 0) AS margin
FROM sold s
FULL JOIN booked b ON b.product = s.product AND b.sku = s.sku AND b.currency = s.currency
ORDER BY 3, 6 DESC, 1, 2
