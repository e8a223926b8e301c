-- Channels: what each earned, what was spent on it, and what that brought. One row for a channel and currency.
--
-- Days are the shop's, from $first to $last, both included; amounts are minor units of `currency`, never added across.
--   gmv           price of what was paid for, on the day of the payment; a refund does not change it
--   revenue       worth of what was delivered, tax included; a refund lowers it on its own day
--   cost          of the cards that buyers have, by their batches, and of those lost to refunds
--   fees          what payment providers kept
--   margin        revenue - cost - fees
--   money_back    what left a provider for buyers, on its day; a fee that a settlement corrects is none
--   spend         as the merchant told it (relation `spend`)
--   roi_bp        (margin - spend) / spend, in basis points, rounded half up; null without spend
--   buyers        who bought in it, as far as they are known
--   new_buyers    whose first purchase in any channel was in this one, on these days
--   cac           spend / new_buyers, rounded half up; null without new buyers or spend
--   payback_days  days after their first purchase by when these new buyers together had brought the spend as margin, from
--                 all channels until $last; null while they have not
-- Who bought in the channels of $without (as in `purchases`) is not known: these are resellers. All sums have them.
WITH sold AS (
    SELECT
        channel, currency, subject, day, "at", amount,
        CASE WHEN strpos($without, ',' || channel || ',') = 0 THEN buyer ELSE '' END AS buyer
    FROM facts
    WHERE kind = 'sold' AND day <= $last
),
sales AS (
    SELECT channel, currency, SUM(amount) AS gmv, COUNT(DISTINCT subject) AS orders,
        COUNT(DISTINCT CASE WHEN buyer <> '' THEN buyer END) AS buyers
    FROM sold
    WHERE day >= $first
    GROUP BY channel, currency
),
entries AS (
    SELECT
        channel, currency, buyer, subject, reason, day,
        SUM(CASE WHEN account LIKE 'revenue:%' THEN -amount ELSE 0 END) AS revenue,
        SUM(CASE WHEN account IN ('cost', 'loss') THEN amount ELSE 0 END) AS cost,
        SUM(CASE WHEN account = 'fees' THEN amount ELSE 0 END) AS fees,
        SUM(CASE WHEN account = 'fees' OR account LIKE 'provider:%' THEN amount ELSE 0 END) AS taken
    FROM facts
    WHERE kind = 'posted' AND day >= $first AND day <= $last
    GROUP BY channel, currency, buyer, subject, reason, day
),
money AS (
    SELECT
        channel, currency, SUM(revenue) AS revenue, SUM(cost) AS cost, SUM(fees) AS fees,
        SUM(CASE WHEN taken < 0 THEN -taken ELSE 0 END) AS money_back
    FROM entries
    GROUP BY channel, currency
),
spent AS (
    SELECT channel, currency, SUM(amount) AS spend
    FROM spend
    WHERE day >= $first AND day <= $last
    GROUP BY channel, currency
),
-- Who began on these days is a small part of all buyers: only their purchases are put in order.
earliest AS (
    SELECT buyer, MIN("at") AS "at" FROM sold WHERE buyer <> '' GROUP BY buyer
),
ranked AS (
    SELECT
        s.buyer, s.channel, s.currency, s.day,
        ROW_NUMBER() OVER (PARTITION BY s.buyer ORDER BY s.subject, s.currency) AS nth
    FROM sold AS s
    INNER JOIN earliest AS e ON e.buyer = s.buyer AND e."at" = s."at"
    WHERE s.day >= $first
),
firsts AS (
    SELECT buyer, channel, currency, day FROM ranked WHERE nth = 1
),
new_ones AS (
    SELECT channel, currency, COUNT(*) AS new_buyers FROM firsts GROUP BY channel, currency
),
gains AS (
    SELECT
        f.channel, f.currency, DATE_DIFF('day', f.day, e.day) AS age, SUM(e.revenue - e.cost - e.fees) AS margin
    FROM firsts AS f
    INNER JOIN entries AS e ON e.buyer = f.buyer AND e.currency = f.currency AND e.day >= f.day
    GROUP BY f.channel, f.currency, DATE_DIFF('day', f.day, e.day)
),
grown AS (
    SELECT channel, currency, age, SUM(margin) OVER (PARTITION BY channel, currency ORDER BY age) AS brought FROM gains
),
back AS (
    SELECT g.channel, g.currency, MIN(g.age) AS payback_days
    FROM grown AS g
    INNER JOIN spent AS s ON s.channel = g.channel AND s.currency = g.currency
    WHERE g.brought >= s.spend
    GROUP BY g.channel, g.currency
),
known AS (
    SELECT channel, currency FROM sales
    UNION
    SELECT channel, currency FROM money
    UNION
    SELECT channel, currency FROM spent
),
joined AS (
    SELECT
        k.channel,
        k.currency,
        COALESCE(sales.orders, 0) AS orders,
        COALESCE(sales.buyers, 0) AS buyers,
        CAST(COALESCE(sales.gmv, 0) AS BIGINT) AS gmv,
        CAST(COALESCE(money.revenue, 0) AS BIGINT) AS revenue,
        CAST(COALESCE(money.cost, 0) AS BIGINT) AS cost,
        CAST(COALESCE(money.fees, 0) AS BIGINT) AS fees,
        CAST(COALESCE(money.revenue - money.cost - money.fees, 0) AS BIGINT) AS margin,
        CAST(COALESCE(money.money_back, 0) AS BIGINT) AS money_back,
        CAST(COALESCE(spent.spend, 0) AS BIGINT) AS spend,
        COALESCE(new_ones.new_buyers, 0) AS new_buyers,
        back.payback_days
    FROM known AS k
    LEFT JOIN sales ON sales.channel = k.channel AND sales.currency = k.currency
    LEFT JOIN money ON money.channel = k.channel AND money.currency = k.currency
    LEFT JOIN spent ON spent.channel = k.channel AND spent.currency = k.currency
    LEFT JOIN new_ones ON new_ones.channel = k.channel AND new_ones.currency = k.currency
    LEFT JOIN back ON back.channel = k.channel AND back.currency = k.currency
)
SELECT
    channel, currency, orders, buyers, gmv, revenue, cost, fees, margin, money_back, spend,
    CASE WHEN spend > 0 THEN CAST(FLOOR((margin - spend) * 10000.0 / spend + 0.5) AS BIGINT) END AS roi_bp,
    new_buyers,
    CASE WHEN spend > 0 AND new_buyers > 0 THEN CAST(FLOOR(spend * 1.0 / new_buyers + 0.5) AS BIGINT) END AS cac,
    payback_days
FROM joined
ORDER BY channel, currency
