-- RFM: how recently, how often and for how much each buyer bought, from `$first` to `$last`, in each currency.
--
--   recency    days from the shop's day of the buyer's last purchase to `$last`
--   frequency  purchases
--   gmv        what they cost; `monetary` is that less what was asked back from `$first` to `$last` (`refund_asked`, on
--              its own day, whether its money has arrived or not; not what had been paid too much). It is negative
--              where more went back than was bought in the range
--   r, f, m    scores from 1 (worst) on, among the buyers of one currency. Of `$bands` bands of equal size: one plus the
--              whole part of bands * (buyers with a worse value) / (all buyers), so that equal values share the lower
--              band. Or, where `$r_1` (`$f_1`, `$m_1`) is given, one plus how many of its four edges were reached:
--              recency in days, at most; frequency, at least; monetary in minor units of `$m_currency`, at least, while
--              other currencies keep their quantiles. Edges from the loosest to the strictest; those left out are null
--   segment    by R, F and M being high: above the average score of the buyers of its currency
--              (`quanyi.analytics.customers` names them)
-- $first, $last: the days, both included.
-- over: purchases
WITH edges AS (
    SELECT
        CAST($bands AS BIGINT) AS bands,
        CAST($r_1 AS BIGINT) AS r_1, CAST($r_2 AS BIGINT) AS r_2, CAST($r_3 AS BIGINT) AS r_3, CAST($r_4 AS BIGINT) AS r_4,
        CAST($f_1 AS BIGINT) AS f_1, CAST($f_2 AS BIGINT) AS f_2, CAST($f_3 AS BIGINT) AS f_3, CAST($f_4 AS BIGINT) AS f_4,
        CAST($m_1 AS BIGINT) AS m_1, CAST($m_2 AS BIGINT) AS m_2, CAST($m_3 AS BIGINT) AS m_3, CAST($m_4 AS BIGINT) AS m_4,
        CAST($m_currency AS VARCHAR) AS m_currency
),
bought AS (
    SELECT
        buyer, currency, date_diff('day', max(day), CAST($last AS DATE)) AS recency, count(*) AS frequency,
        CAST(sum(gmv) AS BIGINT) AS gmv
    FROM purchases
    WHERE buyer <> '' AND day BETWEEN $first AND $last
    GROUP BY buyer, currency
),
asked_back AS (
    SELECT buyer, currency, CAST(sum(amount) AS BIGINT) AS amount
    FROM facts
    WHERE
        kind = 'refund_asked' AND reason <> 'surplus' AND buyer <> '' AND day BETWEEN $first AND $last
        AND strpos($without, ',' || channel || ',') = 0
    GROUP BY buyer, currency
),
valued AS (
    SELECT b.buyer, b.currency, b.recency, b.frequency, b.gmv, b.gmv - COALESCE(a.amount, 0) AS monetary
    FROM bought b
    LEFT JOIN asked_back a ON a.buyer = b.buyer AND a.currency = b.currency
),
ranked AS (
    SELECT
        *,
        rank() OVER (PARTITION BY currency ORDER BY recency DESC) - 1 AS longer_ago,
        rank() OVER (PARTITION BY currency ORDER BY frequency) - 1 AS less_often,
        rank() OVER (PARTITION BY currency ORDER BY monetary) - 1 AS for_less,
        count(*) OVER (PARTITION BY currency) AS buyers
    FROM valued
),
scored AS (
    SELECT
        v.*,
        1 + CASE
            WHEN e.r_1 IS NULL THEN CAST(floor(CAST(v.longer_ago * e.bands AS DOUBLE) / v.buyers) AS BIGINT)
            ELSE CASE WHEN v.recency <= e.r_1 THEN 1 ELSE 0 END + CASE WHEN v.recency <= e.r_2 THEN 1 ELSE 0 END
                + CASE WHEN v.recency <= e.r_3 THEN 1 ELSE 0 END + CASE WHEN v.recency <= e.r_4 THEN 1 ELSE 0 END
        END AS r,
        1 + CASE
            WHEN e.f_1 IS NULL THEN CAST(floor(CAST(v.less_often * e.bands AS DOUBLE) / v.buyers) AS BIGINT)
            ELSE CASE WHEN v.frequency >= e.f_1 THEN 1 ELSE 0 END + CASE WHEN v.frequency >= e.f_2 THEN 1 ELSE 0 END
                + CASE WHEN v.frequency >= e.f_3 THEN 1 ELSE 0 END + CASE WHEN v.frequency >= e.f_4 THEN 1 ELSE 0 END
        END AS f,
        1 + CASE
            WHEN e.m_1 IS NULL OR v.currency <> e.m_currency
                THEN CAST(floor(CAST(v.for_less * e.bands AS DOUBLE) / v.buyers) AS BIGINT)
            ELSE CASE WHEN v.monetary >= e.m_1 THEN 1 ELSE 0 END + CASE WHEN v.monetary >= e.m_2 THEN 1 ELSE 0 END
                + CASE WHEN v.monetary >= e.m_3 THEN 1 ELSE 0 END + CASE WHEN v.monetary >= e.m_4 THEN 1 ELSE 0 END
        END AS m
    FROM ranked v
    CROSS JOIN edges e
),
judged AS (
    SELECT
        *,
        r * buyers > sum(r) OVER (PARTITION BY currency) AS high_r,
        f * buyers > sum(f) OVER (PARTITION BY currency) AS high_f,
        m * buyers > sum(m) OVER (PARTITION BY currency) AS high_m
    FROM scored
)
SELECT
    buyer,
    currency,
    recency,
    frequency,
    gmv,
    monetary,
    r,
    f,
    m,
    CASE WHEN high_m THEN 'important_' ELSE 'general_' END || CASE
        WHEN high_r AND high_f THEN 'value'
        WHEN high_r THEN 'growth'
        WHEN high_f THEN 'keep'
        ELSE 'win_back'
    END AS segment
FROM judged
ORDER BY currency, segment, monetary DESC, buyer
