-- First and last touch (首次与末次触点): which campaigns brought the purchases from `$first` to `$last`.
--
--   touch      `first` and `last`: a purchase belongs to the first, and to the last, arrival (`touched`) of its visitor in
--              the `$days` days (of 24 hours) before it was paid, that moment included. Each purchase is counted once in
--              either, so rows of one touch add up to all purchases
--   source, medium, campaign   of that arrival; all empty for purchases without one in that time, or without a visitor
--   orders, gmv   of those purchases, in `currency`
--   new_orders    of them, those that are the first of their buyer ever, in whatever channel and currency; of several at
--                 one moment the one with the smallest number
--   refunds    change nothing
-- Arrivals at one moment stand in the order of their facts' ids.
-- $first, $last: the days, both included.
-- over: purchases
-- over: buyers
WITH fresh AS (
    SELECT p.buyer, p.paid_at, p.subject
    FROM purchases p
    JOIN buyers b ON b.buyer = p.buyer
    WHERE b.first_day >= $first AND p.day BETWEEN $first AND $last
),
earliest AS (
    SELECT buyer, min(paid_at) AS paid_at
    FROM fresh
    GROUP BY buyer
),
firsts AS (
    SELECT f.buyer, min(f.subject) AS subject
    FROM fresh f
    JOIN earliest e ON e.buyer = f.buyer AND e.paid_at = f.paid_at
    GROUP BY f.buyer
),
chosen AS (
    SELECT
        p.subject, p.visitor, p.currency, p.paid_at, p.gmv, CASE WHEN f.subject IS NULL THEN 0 ELSE 1 END AS is_new
    FROM purchases p
    LEFT JOIN firsts f ON f.subject = p.subject
    WHERE p.day BETWEEN $first AND $last
),
touches AS (
    SELECT
        visitor, facts.at AS touched_at, source, medium, campaign,
        row_number() OVER (PARTITION BY visitor ORDER BY facts.at, id) AS turn
    FROM facts
    WHERE
        kind = 'touched' AND visitor <> '' AND day <= $last
        -- A day more: 24 hours before a moment may lie two of the shop's days back, where its clocks are changed.
        AND date_diff('day', day, CAST($first AS DATE)) <= CAST($days AS BIGINT) + 1
),
found AS (
    SELECT c.subject, min(t.turn) AS first_turn, max(t.turn) AS last_turn
    FROM chosen c
    JOIN touches t ON t.visitor = c.visitor
    WHERE date_diff('millisecond', t.touched_at, c.paid_at) BETWEEN 0 AND CAST($days AS BIGINT) * 86400000
    GROUP BY c.subject
),
belonging AS (
    SELECT 'first' AS touch, c.*, f.first_turn AS turn
    FROM chosen c
    LEFT JOIN found f ON f.subject = c.subject
    UNION ALL
    SELECT 'last', c.*, f.last_turn
    FROM chosen c
    LEFT JOIN found f ON f.subject = c.subject
)
SELECT
    b.touch,
    COALESCE(t.source, '') AS source,
    COALESCE(t.medium, '') AS medium,
    COALESCE(t.campaign, '') AS campaign,
    b.currency,
    count(*) AS orders,
    CAST(sum(b.gmv) AS BIGINT) AS gmv,
    CAST(sum(b.is_new) AS BIGINT) AS new_orders
FROM belonging b
LEFT JOIN touches t ON t.visitor = b.visitor AND t.turn = b.turn
GROUP BY b.touch, COALESCE(t.source, ''), COALESCE(t.medium, ''), COALESCE(t.campaign, ''), b.currency
ORDER BY touch, currency, gmv DESC, source, medium, campaign
