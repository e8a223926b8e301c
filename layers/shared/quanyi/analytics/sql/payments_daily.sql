-- What became of payments, by day, channel, provider and currency (支付成功率).
--
-- Each outcome counts on the shop's day on which it happened: `tried` when an order began to be paid at the provider,
-- `refused` (with the provider's `reason`) when it said no, `paid` when money was captured. `orders` are different
-- ones; `times` counts tries, refusals and captures. `share_bp` is `orders` in 1/10,000 of the orders tried on the same
-- day: of `paid` it is the success rate. An order that was tried before midnight and paid after it is paid on the
-- second day, so that no day that is over changes; null where none was tried that day. Amounts are minor units of
-- `currency`. A refund changes nothing here, nor does one that comes back: that is no payment.
--
-- $first, $last: the days, both included.
WITH entries AS (
    SELECT
        day, channel, subject, "at", currency,
        MAX(CASE WHEN account LIKE 'provider:%' THEN SUBSTR(account, 10) END) AS provider,
        SUM(amount) AS amount
    FROM facts
    WHERE
        kind = 'posted' AND day BETWEEN $first AND $last
        AND (account LIKE 'provider:%' OR account = 'fees') AND medium <> 'came_back'
    GROUP BY day, channel, subject, "at", currency
),
happened AS (
    SELECT
        day, channel, provider, currency,
        CASE WHEN kind = 'tried' THEN 'tried' ELSE 'refused' END AS outcome,
        reason, subject, amount
    FROM facts
    WHERE kind IN ('tried', 'try_refused') AND day BETWEEN $first AND $last
    UNION ALL
    SELECT day, channel, provider, currency, 'paid', '', subject, amount
    FROM entries
    WHERE amount > 0 AND provider IS NOT NULL
),
counted AS (
    SELECT
        day, channel, provider, currency, outcome, reason,
        COUNT(DISTINCT subject) AS orders, COUNT(*) AS times, SUM(amount) AS amount
    FROM happened
    GROUP BY day, channel, provider, currency, outcome, reason
),
beside AS (
    SELECT
        *, MAX(CASE WHEN outcome = 'tried' THEN orders END) OVER (PARTITION BY day, channel, provider, currency) AS tried
    FROM counted
)
SELECT
    day, channel, provider, currency, outcome, reason, orders, times,
    CAST(amount AS BIGINT) AS amount,
    CAST(ROUND(orders * 10000.0 / tried) AS BIGINT) AS share_bp
FROM beside
ORDER BY 1, 2, 3, 4, 5, 6
