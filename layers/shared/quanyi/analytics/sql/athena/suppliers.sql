-- Of ../suppliers.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "acts" AS (
  SELECT
    "provider",
    "kind",
    "reason",
    "source",
    "quantity",
    "seconds",
    "subject"
  FROM "facts"
  WHERE
    "day" BETWEEN $first AND $last
    AND "provider" <> ''
    AND "kind" IN (
      'purchase_sent',
      'purchase_unknown',
      'purchase_ended',
      'purchase_missed',
      'charged_back'
    )
), "counted" AS (
  SELECT
    "provider" AS "supplier",
    COUNT(CASE WHEN "kind" = 'purchase_sent' THEN 1 END) AS "sent",
    COUNT(CASE WHEN "kind" = 'purchase_unknown' THEN 1 END) AS "unknown",
    COUNT(CASE WHEN "kind" = 'purchase_ended' THEN 1 END) AS "ended",
    COUNT(CASE WHEN "kind" = 'purchase_ended' AND "reason" = 'received' THEN 1 END) AS "received",
    COUNT(CASE WHEN "kind" = 'purchase_ended' AND "reason" = 'short' THEN 1 END) AS "short",
    COUNT(CASE WHEN "kind" = 'purchase_ended' AND "reason" = 'failed' THEN 1 END) AS "failed",
    CAST(SUM(
      CASE
        WHEN "kind" = 'purchase_ended' AND "reason" <> 'failed' AND "source" <> 'topup'
        THEN "quantity"
        ELSE 0
      END
    ) AS BIGINT) AS "ordered_cards",
    CAST(SUM(
      CASE
        WHEN "kind" = 'purchase_missed' AND "reason" <> 'failed' AND "source" <> 'topup'
        THEN "quantity"
        ELSE 0
      END
    ) AS BIGINT) AS "missed_cards",
    COUNT(CASE WHEN "kind" = 'charged_back' THEN 1 END) AS "bad_cards",
    CAST(SUM(CASE WHEN "kind" = 'purchase_ended' THEN "seconds" ELSE 0 END) AS BIGINT) AS "latency_seconds"
  FROM "acts"
  GROUP BY
    "provider"
), "ranked" AS (
  SELECT
    "provider",
    "seconds",
    ROW_NUMBER() OVER (PARTITION BY "provider" ORDER BY "seconds") AS "place",
    COUNT(*) OVER (PARTITION BY "provider") AS "places"
  FROM "acts"
  WHERE
    "kind" = 'purchase_ended'
), "waits" AS (
  SELECT
    "provider",
    MIN(CASE WHEN "place" * 100 >= "places" * 50 THEN "seconds" END) AS "p50_seconds",
    MIN(CASE WHEN "place" * 100 >= "places" * 90 THEN "seconds" END) AS "p90_seconds",
    MIN(CASE WHEN "place" * 100 >= "places" * 99 THEN "seconds" END) AS "p99_seconds"
  FROM "ranked"
  GROUP BY
    "provider"
)
SELECT
  "c"."supplier",
  "c"."sent",
  "c"."unknown",
  "c"."ended",
  "c"."received",
  "c"."short",
  "c"."failed",
  "c"."ordered_cards",
  "c"."ordered_cards" - "c"."missed_cards" AS "received_cards",
  "c"."bad_cards",
  CAST(FLOOR(
    CAST("c"."bad_cards" * 10000.0 AS DOUBLE) / NULLIF("c"."ordered_cards" - "c"."missed_cards", 0) + 0.5
  ) AS BIGINT) AS "bad_bp",
  "w"."p50_seconds",
  "w"."p90_seconds",
  "w"."p99_seconds",
  "c"."latency_seconds"
FROM "counted" AS "c"
LEFT JOIN "waits" AS "w"
  ON "w"."provider" = "c"."supplier"
ORDER BY
  "c"."supplier"
