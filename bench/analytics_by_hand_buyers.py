"""The nightly reports on buyers for DuckDB alone, as `bench.analytics_by_hand` has the others."""

from collections.abc import Mapping

_COHORTS = """
    WITH known AS (
        SELECT number, currency, gmv, date_trunc('{grain}', born) AS cohort,
            date_diff('{grain}', cohort, date_trunc('{grain}', day)) AS age
        FROM bought JOIN buyers USING (buyer) WHERE day <= $last AND born >= date_trunc('{grain}', $first)
    ),
    ages AS (SELECT cohort, age, count(DISTINCT number) AS active FROM known GROUP BY ALL),
    sums AS (SELECT cohort, currency, age, count(*) AS orders, sum(gmv) AS gmv FROM known GROUP BY ALL),
    lines AS (
        SELECT cohort, currency, active AS buyers, date_diff('{grain}', cohort, $last) AS oldest,
            unnest(range(oldest + 1)) AS age
        FROM (SELECT DISTINCT cohort, currency FROM sums) JOIN (FROM ages WHERE age = 0) USING (cohort)
    )
    SELECT cohort, currency, age, buyers, coalesce(active, 0), coalesce(active, 0) / buyers,
        coalesce(orders, 0)::BIGINT, coalesce(gmv, 0)::BIGINT,
        age < oldest OR date_trunc('{grain}', $last + 1) > date_trunc('{grain}', $last)
    FROM lines LEFT JOIN ages USING (cohort, age) LEFT JOIN sums USING (cohort, currency, age)
    ORDER BY 1, 2, 3
"""

_RFM = """
    WITH spent AS (
        SELECT buyer, currency, $last - max(day) AS recency, count(*) AS frequency, sum(gmv)::BIGINT AS gmv
        FROM bought WHERE buyer <> '' AND day BETWEEN $first AND $last GROUP BY ALL
    ),
    back AS (
        SELECT buyer, currency, sum(amount)::BIGINT AS amount FROM lake
        WHERE kind = 'refund_asked' AND reason <> 'surplus' AND day BETWEEN $first AND $last GROUP BY ALL
    ),
    valued AS (
        SELECT spent.*, gmv - coalesce(amount, 0) AS monetary FROM spent LEFT JOIN back USING (buyer, currency)
    ),
    scored AS (
        SELECT *,
            1 + (rank() OVER (PARTITION BY currency ORDER BY recency DESC) - 1) * 5 // n AS r,
            1 + (rank() OVER (PARTITION BY currency ORDER BY frequency) - 1) * 5 // n AS f,
            1 + (rank() OVER (PARTITION BY currency ORDER BY monetary) - 1) * 5 // n AS m
        FROM (SELECT *, count(*) OVER (PARTITION BY currency) AS n FROM valued)
    ),
    judged AS (
        SELECT scored.*, r > mean_r AS high_r, f > mean_f AS high_f, m > mean_m AS high_m
        FROM scored JOIN (
            SELECT currency, avg(r) AS mean_r, avg(f) AS mean_f, avg(m) AS mean_m FROM scored GROUP BY currency
        ) USING (currency)
    ),
    rfm AS (
        SELECT buyer, currency, recency, frequency, gmv, monetary, r, f, m,
            if(high_m, 'important_', 'general_') || if(high_r, if(high_f, 'value', 'growth'),
                if(high_f, 'keep', 'win_back')) AS segment
        FROM judged
    )
"""

BUYERS: Mapping[str, str] = {
    "customers_new_returning": """
        WITH periods AS (
            SELECT unnest(['day', 'week', 'month']) AS grain,
                unnest([day, date_trunc('week', day), date_trunc('month', day)])::DATE AS period,
                unnest([born, date_trunc('week', born), date_trunc('month', born)])::DATE AS born,
                number, channel, currency, gmv
            FROM bought LEFT JOIN buyers USING (buyer) WHERE day BETWEEN $first AND $last
        ),
        in_channels AS (
            SELECT grain, period, born, number, channel, currency, count(*) AS orders, sum(gmv)::BIGINT AS gmv
            FROM periods GROUP BY ALL
        ),
        each AS (
            FROM in_channels
            UNION ALL
            SELECT grain, period, born, number, '*', currency, sum(orders)::BIGINT, sum(gmv)::BIGINT
            FROM in_channels GROUP BY ALL
        )
        SELECT grain, period, channel, currency, count(*) FILTER (born = period),
            count(*) FILTER (born < period), sum(orders)::BIGINT, sum(gmv)::BIGINT,
            coalesce(sum(orders) FILTER (born = period), 0)::BIGINT,
            coalesce(sum(gmv) FILTER (born = period), 0)::BIGINT,
            coalesce(sum(orders) FILTER (born IS NOT NULL), 0)::BIGINT
        FROM each GROUP BY ALL ORDER BY 1, 2, 3, 4
    """,
    "customers_active": """
        WITH periods AS (
            SELECT unnest(['week', 'month']) AS grain,
                unnest([date_trunc('week', day), date_trunc('month', day)])::DATE AS period, number, channel, currency,
                gmv
            FROM bought JOIN buyers USING (buyer) WHERE day BETWEEN $first AND $last
        ),
        summed AS (
            SELECT grain, period, number, channel, currency, count(*) AS orders, sum(gmv)::BIGINT AS gmv
            FROM periods GROUP BY ALL
        )
        SELECT grain, period, date_trunc(grain, born)::DATE AS cohort, number, buyer, channel, currency, orders, gmv
        FROM summed JOIN buyers USING (number)
        ORDER BY grain, period, number, channel, currency
    """,
    "cohorts_weekly": _COHORTS.format(grain="week"),
    "cohorts_monthly": _COHORTS.format(grain="month"),
    "rfm": f"{_RFM} SELECT * FROM rfm ORDER BY currency, segment, monetary DESC, buyer",
    "rfm_segments": f"""{_RFM}
        SELECT currency, segment, count(*), sum(frequency)::BIGINT, sum(gmv)::BIGINT, sum(monetary)::BIGINT,
            avg(recency), count(*) / sum(count(*)) OVER one, sum(gmv) / sum(sum(gmv)) OVER one
        FROM rfm GROUP BY currency, segment WINDOW one AS (PARTITION BY currency) ORDER BY 1, 2
    """,
    "repurchase_intervals": """
        WITH waits AS (
            SELECT day, day - lag(day) OVER (PARTITION BY buyer ORDER BY day) AS days
            FROM bought WHERE buyer <> '' AND day <= $last
        )
        SELECT days, count(*) AS n, sum(n) OVER so_far::BIGINT, sum(n) OVER so_far / sum(n) OVER ()
        FROM waits WHERE days IS NOT NULL AND day >= $first
        GROUP BY days WINDOW so_far AS (ORDER BY days) ORDER BY days
    """,
    "repurchase": """
        WITH visits AS (
            SELECT buyer, day, lag(day) OVER w AS before, lead(day) OVER w AS next
            FROM bought WHERE buyer <> '' AND day <= $last WINDOW w AS (PARTITION BY buyer ORDER BY day)
        ),
        waits AS (
            SELECT count(*) AS n, quantile_disc(day - before, [0.25, 0.5, 0.75]) AS q
            FROM visits WHERE before IS NOT NULL AND day >= $first
        ),
        starts AS (
            SELECT $last - day AS seen, next - day AS waited FROM visits
            WHERE day >= $first QUALIFY row_number() OVER (PARTITION BY buyer ORDER BY day, next) = 1
        ),
        counted AS (
            SELECT count(*) AS buyers, count(*) FILTER (seen >= 30) AS a,
                count(*) FILTER (seen >= 30 AND waited <= 30) AS b, count(*) FILTER (seen >= 60) AS c,
                count(*) FILTER (seen >= 60 AND waited <= 60) AS d, count(*) FILTER (seen >= 90) AS e,
                count(*) FILTER (seen >= 90 AND waited <= 90) AS f
            FROM starts
        )
        SELECT n, q[1], q[2], q[3], buyers, a, b, b / nullif(a, 0), c, d, d / nullif(c, 0), e, f, f / nullif(e, 0)
        FROM waits, counted WHERE buyers > 0
    """,
    "lifetime_value": """
        WITH firsts AS (
            SELECT buyer, date_trunc('month', born) AS cohort
            FROM buyers WHERE born <= $last AND cohort >= date_trunc('month', $first)
        ),
        sizes AS (SELECT cohort, count(*) AS buyers FROM firsts GROUP BY cohort),
        moved AS (
            SELECT buyer, currency, day, gmv, 0 AS margin FROM bought WHERE buyer <> '' AND day <= $last
            UNION ALL
            SELECT buyer, currency, day, 0, -amount
            FROM lake
            WHERE kind = 'posted' AND buyer <> '' AND day <= $last
                AND (account IN ('cost', 'loss', 'fees') OR account LIKE 'revenue:%')
        ),
        sums AS (
            SELECT cohort, currency, greatest(0, date_diff('month', cohort, day)) AS age, sum(gmv) AS gmv,
                sum(margin) AS margin
            FROM moved JOIN firsts USING (buyer) GROUP BY ALL
        ),
        lines AS (
            SELECT cohort, currency, buyers, date_diff('month', cohort, $last) AS oldest,
                unnest(range(oldest + 1)) AS age
            FROM (SELECT DISTINCT cohort, currency FROM sums) JOIN sizes USING (cohort)
        )
        SELECT cohort, currency, age, buyers, coalesce(gmv, 0)::BIGINT, coalesce(margin, 0)::BIGINT,
            (sum(gmv) OVER up)::BIGINT, coalesce(sum(margin) OVER up, 0)::BIGINT, sum(gmv) OVER up / buyers,
            coalesce(sum(margin) OVER up, 0) / buyers,
            age < oldest OR date_trunc('month', $last + 1) > date_trunc('month', $last)
        FROM lines LEFT JOIN sums USING (cohort, currency, age)
        WINDOW up AS (PARTITION BY cohort, currency ORDER BY age) ORDER BY 1, 2, 3
    """,
}
