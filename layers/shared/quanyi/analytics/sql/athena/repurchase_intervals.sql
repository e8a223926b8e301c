-- Of ../repurchase_intervals.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "steps" AS (
  SELECT
    "day",
    LAG("day") OVER (PARTITION BY "buyer" ORDER BY "day") AS "before"
  FROM "purchases"
  WHERE
    "buyer" <> '' AND "day" <= $last
), "counted" AS (
  SELECT
    DATE_DIFF('DAY', DATE_TRUNC('DAY', "before"), DATE_TRUNC('DAY', "day")) AS "days",
    COUNT(*) AS "intervals"
  FROM "steps"
  WHERE
    NOT "before" IS NULL AND "day" >= $first
  GROUP BY
    DATE_DIFF('DAY', DATE_TRUNC('DAY', "before"), DATE_TRUNC('DAY', "day"))
)
SELECT
  "days",
  "intervals",
  CAST(SUM("intervals") OVER (ORDER BY "days") AS BIGINT) AS "so_far",
  CAST(SUM("intervals") OVER (ORDER BY "days") AS DOUBLE) / SUM("intervals") OVER () AS "share"
FROM "counted"
ORDER BY
  "days"
