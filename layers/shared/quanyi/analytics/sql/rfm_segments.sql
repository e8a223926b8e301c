-- The eight segments of RFM, in each currency: who they are is `rfm`'s to say.
--
--   buyers, purchases, gmv, monetary   sums over the segment's buyers, as `rfm` has them
--   recency   the days since their last purchase, on average
--   share     of the currency's buyers; `gmv_share` of its GMV, null where that is nothing
--   refunds   are in `monetary`, as `rfm` has them
-- A segment without buyers has no row.
-- $first, $last: the days, both included.
-- over: rfm
SELECT
    currency,
    segment,
    count(*) AS buyers,
    CAST(sum(frequency) AS BIGINT) AS purchases,
    CAST(sum(gmv) AS BIGINT) AS gmv,
    CAST(sum(monetary) AS BIGINT) AS monetary,
    CAST(sum(recency) AS DOUBLE) / count(*) AS recency,
    CAST(count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY currency) AS share,
    CAST(sum(gmv) AS DOUBLE) / NULLIF(sum(sum(gmv)) OVER (PARTITION BY currency), 0) AS gmv_share
FROM rfm
GROUP BY currency, segment
ORDER BY currency, segment
