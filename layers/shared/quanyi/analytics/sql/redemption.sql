-- Redemption (核销): how much of what was handed out gets used, and how soon.
--
--   dimension, name   `total` (an empty name), `product`, `series` or `channel`: where the voucher was sold, empty for
--                 numbers that were given out without an order
--   handed_out    vouchers of the shop's own that reached whoever may use them in the range; one that came back unseen and
--                 went out again counts each time
--   used          of these, those of which a use stands at the end of the range: taken back, it is none
--   watched_7, used_7     of those handed out at least 7 days before the last one: all, and those used within 7 days of 24
--                 hours, the moment included; likewise 30
--   p50_seconds, p90_seconds   from being handed out to the first use, of those used (also where that was taken back
--                 later); nearest rank, null without a use
--   redemptions, reversed   uses in the range, whenever the voucher was handed out, and uses that were taken back in it;
--                 a third party's cards count here alone, under an empty series, where their issuer confirms uses
--   refunds       a voucher whose money goes back stays handed out; what was used of it stays used
-- No money: what uses are worth is in the books. Shares are of these counts.
-- $first, $last: the days, both included.
WITH given AS (
    SELECT
        subject, product, source AS series, channel, day, facts.at AS given_at, id,
        lead(facts.at) OVER (PARTITION BY subject ORDER BY facts.at, id) AS again_at
    FROM facts
    WHERE kind = 'handed_out' AND day BETWEEN $first AND $last
),
uses AS (
    SELECT subject, product, source AS series, channel, day, facts.at AS used_at, kind
    FROM facts
    WHERE kind IN ('redeemed', 'redemption_reversed') AND day <= $last
),
standing AS (
    SELECT
        g.id,
        sum(CASE WHEN u.kind = 'redeemed' THEN 1 ELSE -1 END) AS stands,
        min(CASE WHEN u.kind = 'redeemed' THEN u.used_at END) AS first_at
    FROM given g
    JOIN uses u ON u.subject = g.subject AND u.used_at >= g.given_at AND (g.again_at IS NULL OR u.used_at < g.again_at)
    GROUP BY g.id
),
vouchers AS (
    SELECT
        g.product,
        g.series,
        g.channel,
        CASE WHEN s.stands > 0 THEN 1 ELSE 0 END AS is_used,
        CASE WHEN date_diff('day', g.day, CAST($last AS DATE)) >= 7 THEN 1 ELSE 0 END AS seen_7,
        CASE WHEN date_diff('day', g.day, CAST($last AS DATE)) >= 30 THEN 1 ELSE 0 END AS seen_30,
        CASE WHEN s.stands > 0 AND date_diff('millisecond', g.given_at, s.first_at) <= 7 * 86400000 THEN 1 ELSE 0
        END AS in_7,
        CASE WHEN s.stands > 0 AND date_diff('millisecond', g.given_at, s.first_at) <= CAST(30 AS BIGINT) * 86400000
            THEN 1 ELSE 0
        END AS in_30,
        date_diff('millisecond', g.given_at, s.first_at) AS waited
    FROM given g
    LEFT JOIN standing s ON s.id = g.id
),
sliced AS (
    SELECT 'total' AS dimension, '' AS name, v.* FROM vouchers v
    UNION ALL
    SELECT 'product', product, v.* FROM vouchers v
    UNION ALL
    SELECT 'series', series, v.* FROM vouchers v
    UNION ALL
    SELECT 'channel', channel, v.* FROM vouchers v
),
ranked AS (
    SELECT
        dimension,
        name,
        waited,
        row_number() OVER (PARTITION BY dimension, name ORDER BY waited) AS place,
        count(*) OVER (PARTITION BY dimension, name) AS places
    FROM sliced
    WHERE waited IS NOT NULL
),
waits AS (
    SELECT
        dimension,
        name,
        min(CASE WHEN place * 100 >= places * 50 THEN waited END) AS p50,
        min(CASE WHEN place * 100 >= places * 90 THEN waited END) AS p90
    FROM ranked
    GROUP BY dimension, name
),
counted AS (
    SELECT
        dimension,
        name,
        count(*) AS handed_out,
        CAST(sum(is_used) AS BIGINT) AS used,
        CAST(sum(seen_7) AS BIGINT) AS watched_7,
        CAST(sum(seen_7 * in_7) AS BIGINT) AS used_7,
        CAST(sum(seen_30) AS BIGINT) AS watched_30,
        CAST(sum(seen_30 * in_30) AS BIGINT) AS used_30
    FROM sliced
    GROUP BY dimension, name
),
acts AS (
    SELECT
        product,
        series,
        channel,
        CASE WHEN kind = 'redeemed' THEN 1 ELSE 0 END AS redeemed,
        CASE WHEN kind = 'redeemed' THEN 0 ELSE 1 END AS taken_back
    FROM uses
    WHERE day >= $first
),
acts_sliced AS (
    SELECT 'total' AS dimension, '' AS name, redeemed, taken_back FROM acts
    UNION ALL
    SELECT 'product', product, redeemed, taken_back FROM acts
    UNION ALL
    SELECT 'series', series, redeemed, taken_back FROM acts
    UNION ALL
    SELECT 'channel', channel, redeemed, taken_back FROM acts
),
acted AS (
    SELECT
        dimension, name, CAST(sum(redeemed) AS BIGINT) AS redemptions, CAST(sum(taken_back) AS BIGINT) AS reversed
    FROM acts_sliced
    GROUP BY dimension, name
)
SELECT
    COALESCE(c.dimension, a.dimension) AS dimension,
    COALESCE(c.name, a.name) AS name,
    COALESCE(c.handed_out, 0) AS handed_out,
    COALESCE(c.used, 0) AS used,
    COALESCE(c.watched_7, 0) AS watched_7,
    COALESCE(c.used_7, 0) AS used_7,
    COALESCE(c.watched_30, 0) AS watched_30,
    COALESCE(c.used_30, 0) AS used_30,
    CAST(floor(w.p50 / 1000.0) AS BIGINT) AS p50_seconds,
    CAST(floor(w.p90 / 1000.0) AS BIGINT) AS p90_seconds,
    COALESCE(a.redemptions, 0) AS redemptions,
    COALESCE(a.reversed, 0) AS reversed
FROM counted c
FULL JOIN acted a ON a.dimension = c.dimension AND a.name = c.name
LEFT JOIN waits w ON w.dimension = COALESCE(c.dimension, a.dimension) AND w.name = COALESCE(c.name, a.name)
ORDER BY 1, 2
