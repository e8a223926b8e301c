-- Service level (供货满足率): of what buyers paid for, how much they got as soon as was promised, by SKU.
--
--   product, sku, channel   of the unit; of a bundle its components. `*` in `sku` and an empty product: all together, by
--                 channel; `*` in `channel`: all channels
--   in_time       units that reached their buyer for the first time in the range, within what their SKU promised when they
--                 were ordered: at once (ten minutes), or within its hours of backlog or of work by hand
--   late          those that came later than that, a review's time among it
--   unserved      paid units that never came since there were none: their money goes back from a day of the range on
--   demand        in_time + late + unserved; units that still wait, or that somebody cancelled, are in none
--   service_bp    in_time / demand, in basis points, rounded half up
--   bought        units of purchases for buyers' orders or top-ups that ended in the range with what was ordered; their
--                 channel is not known, so it stands in rows of all channels alone
--   refunds       of what had been delivered change nothing
-- No money. A replacement of a bad unit is no demand.
-- $first, $last: the days, both included.
WITH units AS (
    SELECT
        product,
        sku,
        channel,
        CASE WHEN kind = 'delivered' AND medium = 'in_time' THEN quantity ELSE 0 END AS in_time,
        CASE WHEN kind = 'delivered' AND medium = 'late' THEN quantity ELSE 0 END AS late,
        CASE WHEN kind = 'undelivered' THEN quantity ELSE 0 END AS unserved,
        0 AS bought
    FROM facts
    WHERE
        day BETWEEN $first AND $last
        AND ((kind = 'delivered' AND medium IN ('in_time', 'late')) OR (kind = 'undelivered' AND reason = 'out of stock'))
),
purchased AS (
    SELECT
        product,
        sku,
        0 AS in_time,
        0 AS late,
        0 AS unserved,
        CASE WHEN kind = 'purchase_ended' THEN quantity ELSE -quantity END AS bought
    FROM facts
    WHERE
        day BETWEEN $first AND $last AND kind IN ('purchase_ended', 'purchase_missed') AND source IN ('order', 'topup')
),
sliced AS (
    SELECT product, sku, channel, in_time, late, unserved, bought FROM units
    UNION ALL
    SELECT product, sku, '*', in_time, late, unserved, bought FROM units
    UNION ALL
    SELECT '', '*', channel, in_time, late, unserved, bought FROM units
    UNION ALL
    SELECT '', '*', '*', in_time, late, unserved, bought FROM units
    UNION ALL
    SELECT product, sku, '*', in_time, late, unserved, bought FROM purchased
    UNION ALL
    SELECT '', '*', '*', in_time, late, unserved, bought FROM purchased
),
summed AS (
    SELECT
        product,
        sku,
        channel,
        CAST(sum(in_time) AS BIGINT) AS in_time,
        CAST(sum(late) AS BIGINT) AS late,
        CAST(sum(unserved) AS BIGINT) AS unserved,
        CAST(sum(bought) AS BIGINT) AS bought
    FROM sliced
    GROUP BY product, sku, channel
)
SELECT
    product,
    sku,
    channel,
    in_time + late + unserved AS demand,
    in_time,
    late,
    unserved,
    CAST(floor(in_time * 10000.0 / NULLIF(in_time + late + unserved, 0) + 0.5) AS BIGINT) AS service_bp,
    CASE WHEN channel = '*' THEN bought END AS bought
FROM summed
ORDER BY sku, product, channel
