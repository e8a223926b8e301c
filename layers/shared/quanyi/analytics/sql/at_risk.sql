-- Valuable regulars who seem to be lost (高价值流失客户), by currency and segment of `rfm`.
--
--   Tested are buyers of the `important_` segments with `$least` purchases or more. Somebody who goes on buying as in the
--   range buys on days that lie anywhere in it: that all of their F purchases lie as long ago as R days or longer has the
--   chance ((days - R) / days) ^ F then. Those for whom that is too unlikely are lost, with at most `$false_bp` basis
--   points of them wrongly (Y. Benjamini, Y. Hochberg, J. Royal Statistical Society B 57, 1995).
--   buyers      of the segment who are lost; a segment with none has no row
--   monetary    of them, as `rfm` has it; refunds are in that
--   recency     days since the last purchase, the average, rounded down
--   tested      buyers of the currency who were tested
-- $first, $last: the days, both included.
-- over: rfm
WITH tested AS (
    SELECT
        buyer, currency, segment, monetary, recency,
        POWER(
            1.0 - CAST(recency AS DOUBLE) / (DATE_DIFF('day', CAST($first AS DATE), CAST($last AS DATE)) + 1), frequency
        ) AS chance
    FROM rfm
    WHERE segment LIKE 'important%' AND frequency >= $least
),
ranked AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY currency ORDER BY chance, buyer) AS nth,
        COUNT(*) OVER (PARTITION BY currency) AS among
    FROM tested
),
judged AS (
    SELECT *, MAX(CASE WHEN chance <= nth * $false_bp / (10000.0 * among) THEN nth END) OVER (PARTITION BY currency) AS most
    FROM ranked
)
SELECT
    currency,
    segment,
    COUNT(*) AS buyers,
    CAST(SUM(monetary) AS BIGINT) AS monetary,
    CAST(FLOOR(AVG(recency)) AS BIGINT) AS recency,
    MAX(among) AS tested
FROM judged
WHERE nth <= most
GROUP BY currency, segment
ORDER BY currency, segment
