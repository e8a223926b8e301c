-- Suppliers (供应商): what became of what was bought from each, over the days that their health is judged by.
--
--   sent          purchases sent to the supplier in the range; `unknown` those that it left open in the range
--   ended         purchases that ended in the range: `received` in full, `short`, `failed` (nothing came). What comes
--                 after the end does not count. As in the suppliers' room, `succeeded` = received + short
--   ordered_cards, received_cards   of the ended ones that succeeded, without top-ups
--   p50_seconds, p90_seconds, p99_seconds   from sending to the end, nearest rank; `latency_seconds` is their sum
--   bad_cards     cards of this supplier that buyers had replaced in the range; bad_bp = bad_cards / received_cards, in
--                 basis points, rounded half up, null where none came
--   refunds       of buyers change nothing; what suppliers are to credit is in `charge_backs`
-- No money here: see `charge_backs`, by currency.
-- $first, $last: the days, both included.
WITH acts AS (
    SELECT provider, kind, reason, source, quantity, seconds, subject
    FROM facts
    WHERE
        day BETWEEN $first AND $last AND provider <> ''
        AND kind IN ('purchase_sent', 'purchase_unknown', 'purchase_ended', 'purchase_missed', 'charged_back')
),
counted AS (
    SELECT
        provider AS supplier,
        count(CASE WHEN kind = 'purchase_sent' THEN 1 END) AS sent,
        count(CASE WHEN kind = 'purchase_unknown' THEN 1 END) AS unknown,
        count(CASE WHEN kind = 'purchase_ended' THEN 1 END) AS ended,
        count(CASE WHEN kind = 'purchase_ended' AND reason = 'received' THEN 1 END) AS received,
        count(CASE WHEN kind = 'purchase_ended' AND reason = 'short' THEN 1 END) AS short,
        count(CASE WHEN kind = 'purchase_ended' AND reason = 'failed' THEN 1 END) AS failed,
        CAST(
            sum(CASE WHEN kind = 'purchase_ended' AND reason <> 'failed' AND source <> 'topup' THEN quantity ELSE 0 END)
            AS BIGINT
        ) AS ordered_cards,
        CAST(
            sum(CASE WHEN kind = 'purchase_missed' AND reason <> 'failed' AND source <> 'topup' THEN quantity ELSE 0 END)
            AS BIGINT
        ) AS missed_cards,
        count(CASE WHEN kind = 'charged_back' THEN 1 END) AS bad_cards,
        CAST(sum(CASE WHEN kind = 'purchase_ended' THEN seconds ELSE 0 END) AS BIGINT) AS latency_seconds
    FROM acts
    GROUP BY provider
),
ranked AS (
    SELECT
        provider,
        seconds,
        row_number() OVER (PARTITION BY provider ORDER BY seconds) AS place,
        count(*) OVER (PARTITION BY provider) AS places
    FROM acts
    WHERE kind = 'purchase_ended'
),
waits AS (
    SELECT
        provider,
        min(CASE WHEN place * 100 >= places * 50 THEN seconds END) AS p50_seconds,
        min(CASE WHEN place * 100 >= places * 90 THEN seconds END) AS p90_seconds,
        min(CASE WHEN place * 100 >= places * 99 THEN seconds END) AS p99_seconds
    FROM ranked
    GROUP BY provider
)
SELECT
    c.supplier,
    c.sent,
    c.unknown,
    c.ended,
    c.received,
    c.short,
    c.failed,
    c.ordered_cards,
    c.ordered_cards - c.missed_cards AS received_cards,
    c.bad_cards,
    CAST(floor(c.bad_cards * 10000.0 / NULLIF(c.ordered_cards - c.missed_cards, 0) + 0.5) AS BIGINT) AS bad_bp,
    w.p50_seconds,
    w.p90_seconds,
    w.p99_seconds,
    c.latency_seconds
FROM counted c
LEFT JOIN waits w ON w.provider = c.supplier
ORDER BY c.supplier
