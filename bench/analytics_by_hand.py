"""The nightly reports as somebody would write them for DuckDB alone, with all that it has: over `lake`, the files,
`bought`, the orders that were paid for (`BOUGHT`), and `buyers`, since when each has bought (`BORN`). What each column
means is told where the report ships."""

from collections.abc import Mapping

from bench.analytics_by_hand_buyers import BUYERS

BOUGHT = """
    SELECT subject, any_value(buyer) AS buyer, any_value(visitor) AS visitor, any_value(channel) AS channel,
        any_value(currency) AS currency, any_value("at") AS paid_at, any_value(day) AS day, sum(amount)::BIGINT AS gmv
    FROM lake WHERE kind = 'sold' GROUP BY subject
"""

BORN = """
    SELECT buyer, min(day) AS born, row_number() OVER (ORDER BY born, buyer) AS number
    FROM bought WHERE buyer <> '' GROUP BY buyer
"""

BY_HAND: Mapping[str, str] = {
    "sales_daily": """
        WITH sold AS (
            SELECT day, channel, product, currency, sum(amount) AS gmv, count(DISTINCT subject) AS orders,
                sum(quantity) AS units, count(DISTINCT buyer) FILTER (buyer <> '') AS buyers
            FROM lake WHERE kind = 'sold' AND day BETWEEN $first AND $last GROUP BY ALL
        ),
        booked AS (
            SELECT day, channel, product, currency,
                coalesce(-sum(amount) FILTER (account LIKE 'revenue:%'), 0) AS revenue,
                coalesce(sum(amount) FILTER (account IN ('cost', 'loss')), 0) AS cost,
                coalesce(sum(amount) FILTER (account = 'fees'), 0) AS fees,
                sum(abs(amount)) FILTER (account LIKE 'revenue:%' OR account IN ('cost', 'loss', 'fees')) AS moved
            FROM lake WHERE kind = 'posted' AND day BETWEEN $first AND $last GROUP BY ALL HAVING moved > 0
        ),
        entries AS (
            SELECT day, channel, currency, min(product) AS one, max(product) AS other,
                coalesce(sum(amount) FILTER (medium = 'came_back' AND account LIKE 'provider:%'), 0) AS came_back,
                coalesce(sum(amount) FILTER (account IN ('owed', 'surplus') OR account LIKE 'revenue:%'), 0) AS debt,
                greatest(debt + came_back, 0) - came_back AS settled
            FROM lake
            WHERE kind = 'posted' AND day BETWEEN $first AND $last
                AND (account IN ('owed', 'surplus') OR account LIKE 'revenue:%' OR medium = 'came_back')
            GROUP BY day, channel, currency, subject, "at" HAVING settled <> 0
        ),
        backs AS (
            SELECT day, channel, if(one = other, one, '') AS product, currency, sum(settled) AS refunds
            FROM entries GROUP BY ALL
        )
        SELECT day, channel, product, currency, coalesce(gmv, 0), coalesce(orders, 0), coalesce(units, 0),
            coalesce(buyers, 0), coalesce(revenue, 0), coalesce(cost, 0), coalesce(fees, 0), coalesce(refunds, 0),
            coalesce(revenue - cost - fees, 0)
        FROM sold FULL JOIN booked USING (day, channel, product, currency)
        FULL JOIN backs USING (day, channel, product, currency)
        ORDER BY ALL
    """,
    "delivery_daily": """
        SELECT day, channel, product, reason, count(*), quantile_disc(seconds, 0.5), quantile_disc(seconds, 0.9),
            quantile_disc(seconds, 0.95), quantile_disc(seconds, 0.99), max(seconds)
        FROM lake WHERE kind = 'delivered' AND seconds IS NOT NULL AND day BETWEEN $first AND $last
        GROUP BY ALL ORDER BY ALL
    """,
    "payments_daily": """
        WITH happened AS (
            SELECT day, channel, provider, currency, if(kind = 'tried', kind, 'refused') AS outcome, reason, subject,
                amount
            FROM lake WHERE kind IN ('tried', 'try_refused') AND day BETWEEN $first AND $last
            UNION ALL
            SELECT day, channel, max(account[10:]) FILTER (account <> 'fees'), currency, 'paid', '', subject,
                sum(amount) AS s
            FROM lake
            WHERE kind = 'posted' AND (account LIKE 'provider:%' OR account = 'fees') AND day BETWEEN $first AND $last
                AND medium <> 'came_back'
            GROUP BY day, channel, currency, subject, "at" HAVING s > 0
        ),
        counted AS (
            SELECT day, channel, provider, currency, outcome, reason,
                count(DISTINCT subject) AS orders, count(*) AS times, sum(amount) AS amount
            FROM happened GROUP BY ALL
        )
        SELECT *, round(orders * 10000.0 / max(orders) FILTER (outcome = 'tried') OVER
            (PARTITION BY day, channel, provider, currency))::BIGINT
        FROM counted ORDER BY ALL
    """,
    "channels": """
        WITH entries AS (
            SELECT channel, currency, buyer, day,
                sum(if(starts_with(account, 'revenue:'), -amount, 0)) AS revenue,
                sum(if(account IN ('cost', 'loss'), amount, 0)) AS cost, sum(if(account = 'fees', amount, 0)) AS fees,
                sum(if(account = 'fees' OR starts_with(account, 'provider:'), amount, 0)) AS taken
            FROM lake WHERE kind = 'posted' AND day BETWEEN $first AND $last
            GROUP BY channel, currency, buyer, subject, reason, day
        ),
        money AS (
            SELECT channel, currency, sum(revenue) AS revenue, sum(cost) AS cost, sum(fees) AS fees,
                sum(greatest(-taken, 0)) AS money_back
            FROM entries GROUP BY ALL
        ),
        sales AS (
            SELECT channel, currency, count(DISTINCT subject) AS orders,
                count(DISTINCT nullif(buyer, '')) AS buyers,
                sum(amount) AS gmv
            FROM lake WHERE kind = 'sold' AND day BETWEEN $first AND $last GROUP BY ALL
        ),
        spent AS (
            SELECT channel, currency, sum(amount) AS spend FROM spend WHERE day BETWEEN $first AND $last GROUP BY ALL
        ),
        fresh AS (
            SELECT buyer, unnest(arg_min({'channel': channel, 'currency': currency, 'day': day},
                (paid_at, subject, currency)))
            FROM bought JOIN buyers USING (buyer) WHERE born >= $first AND day BETWEEN $first AND $last GROUP BY buyer
        ),
        gains AS (
            SELECT f.channel, f.currency, e.day - f.day AS age, sum(revenue - cost - fees) AS margin
            FROM fresh f JOIN entries e ON e.buyer = f.buyer AND e.currency = f.currency AND e.day >= f.day
            GROUP BY ALL
        ),
        back AS (
            SELECT channel, currency, min(age) AS payback
            FROM (SELECT *, sum(margin) OVER (PARTITION BY channel, currency ORDER BY age) AS brought FROM gains)
            JOIN spent USING (channel, currency) WHERE brought >= spend GROUP BY ALL
        ),
        joined AS (
            SELECT channel, currency, coalesce(orders, 0) AS orders, coalesce(buyers, 0) AS buyers,
                coalesce(gmv, 0) AS gmv, coalesce(revenue, 0) AS revenue, coalesce(cost, 0) AS cost,
                coalesce(fees, 0) AS fees, coalesce(revenue - cost - fees, 0) AS margin,
                coalesce(money_back, 0) AS money_back, coalesce(spend, 0) AS spend, coalesce(news, 0) AS news, payback
            FROM sales FULL JOIN money USING (channel, currency) FULL JOIN spent USING (channel, currency)
            LEFT JOIN (SELECT channel, currency, count(*) AS news FROM fresh GROUP BY ALL) USING (channel, currency)
            LEFT JOIN back USING (channel, currency)
        )
        SELECT * EXCLUDE (news, payback),
            if(spend > 0, floor((margin - spend) * 10000.0 / spend + 0.5)::BIGINT, NULL), news,
            if(spend > 0 AND news > 0, floor(spend * 1.0 / news + 0.5)::BIGINT, NULL), payback
        FROM joined ORDER BY 1, 2
    """,
    "products": """
        WITH lines AS (
            SELECT product, coalesce(sku, '*') AS sku, currency, count(DISTINCT subject) AS orders,
                sum(quantity)::BIGINT AS units, sum(amount)::BIGINT AS gmv
            FROM lake WHERE kind = 'sold' AND day BETWEEN $first AND $last
            GROUP BY GROUPING SETS ((product, sku, currency), (product, currency))
        ),
        buyers AS (
            SELECT product, sku, currency, count(*) AS buyers, count(*) FILTER (orders > 1) AS again
            FROM (
                SELECT product, coalesce(sku, '*') AS sku, currency, buyer, count(DISTINCT subject) AS orders
                FROM lake WHERE kind = 'sold' AND buyer <> '' AND day BETWEEN $first AND $last
                GROUP BY GROUPING SETS ((product, sku, currency, buyer), (product, currency, buyer))
            )
            GROUP BY ALL
        ),
        booked AS (
            SELECT product, coalesce(sku, '*') AS sku, currency,
                coalesce(-sum(amount) FILTER (account LIKE 'revenue:%' AND amount < 0), 0)::BIGINT AS delivered,
                coalesce(sum(amount) FILTER (account LIKE 'revenue:%' AND amount > 0), 0)::BIGINT AS returned,
                coalesce(sum(amount) FILTER (account = 'cost'), 0)::BIGINT AS cost,
                coalesce(sum(amount) FILTER (account = 'loss'), 0)::BIGINT AS loss
            FROM lake
            WHERE kind = 'posted' AND line IS NOT NULL AND day BETWEEN $first AND $last
                AND (account IN ('cost', 'loss') OR account LIKE 'revenue:%')
            GROUP BY GROUPING SETS ((product, sku, currency), (product, currency))
        )
        SELECT product, sku, currency, coalesce(orders, 0), coalesce(units, 0), coalesce(gmv, 0) AS gmv,
            coalesce(buyers, 0), coalesce(again, 0), again / nullif(buyers, 0), coalesce(delivered, 0),
            coalesce(returned, 0), coalesce(delivered - returned, 0), coalesce(cost, 0), coalesce(loss, 0),
            coalesce(delivered - returned - cost - loss, 0)
        FROM lines LEFT JOIN buyers USING (product, sku, currency) FULL JOIN booked USING (product, sku, currency)
        ORDER BY 3, 6 DESC, 1, 2
    """,
    "baskets": """
        WITH sold AS (
            SELECT DISTINCT subject, buyer, sku, day FROM lake WHERE kind = 'sold' AND day BETWEEN $first AND $last
        ),
        of_order AS (
            SELECT subject AS who, sku, count(*) OVER (PARTITION BY sku) AS times FROM sold
            QUALIFY times >= $at_least
        ),
        of_buyer AS (SELECT DISTINCT buyer AS who, sku, day FROM sold WHERE buyer <> ''),
        many AS (SELECT sku, count(DISTINCT who) AS times FROM of_buyer GROUP BY sku HAVING times >= $at_least),
        frequent AS (SELECT who, sku, day, times FROM of_buyer JOIN many USING (sku)),
        pairs AS (
            SELECT 'order' AS scope, x.sku AS a, y.sku AS b, count(*) AS together, any_value(x.times) AS with_a,
                any_value(y.times) AS with_b, (SELECT count(DISTINCT subject) FROM sold) AS total
            FROM of_order x JOIN of_order y ON x.who = y.who AND x.sku < y.sku GROUP BY ALL
            UNION ALL
            SELECT 'buyer', x.sku, y.sku, count(DISTINCT x.who), any_value(x.times), any_value(y.times),
                (SELECT count(DISTINCT who) FROM of_buyer)
            FROM frequent x JOIN frequent y ON x.who = y.who AND x.sku < y.sku
                AND y.day BETWEEN x.day - $days AND x.day + $days
            GROUP BY ALL
        )
        SELECT *, together / total, together / with_a, together / with_b,
            together::DOUBLE * total / (with_a::DOUBLE * with_b)
        FROM pairs WHERE together >= $at_least ORDER BY scope, together DESC, a, b
    """,
    "first_last_touch": """
        WITH firsts AS (
            SELECT buyer, arg_min(subject, (paid_at, subject)) AS subject
            FROM bought JOIN buyers USING (buyer) WHERE born >= $first AND day BETWEEN $first AND $last GROUP BY buyer
        ),
        arrivals AS (
            SELECT visitor, "at", id, source, medium, campaign FROM lake
            WHERE kind = 'touched' AND visitor <> '' AND day <= $last
        ),
        found AS (
            SELECT b.subject, arg_min((source, medium, campaign), ("at", id)) AS first,
                arg_max((source, medium, campaign), ("at", id)) AS last
            FROM bought b JOIN arrivals a ON a.visitor = b.visitor
                AND a."at" <= b.paid_at AND a."at" >= b.paid_at - to_days($days)
            WHERE b.day BETWEEN $first AND $last
            GROUP BY b.subject
        ),
        touches AS (
            SELECT unnest(['first', 'last']) AS touch, unnest([f.first, f.last]) AS way, b.currency, b.gmv,
                n.subject IS NOT NULL AS fresh
            FROM bought b LEFT JOIN found f USING (subject) LEFT JOIN firsts n USING (subject)
            WHERE b.day BETWEEN $first AND $last
        )
        SELECT touch, coalesce(way[1], '') AS source, coalesce(way[2], '') AS medium,
            coalesce(way[3], '') AS campaign, currency, count(*), sum(gmv)::BIGINT AS gmv, sum(fresh::INT)::BIGINT
        FROM touches GROUP BY ALL ORDER BY touch, currency, gmv DESC, source, medium, campaign
    """,
    **BUYERS,
}
