-- Of ../customers_active.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "dated" AS (
  SELECT
    "p"."day",
    "b"."first_day",
    "b"."number",
    "p"."channel",
    "p"."currency",
    "p"."gmv"
  FROM "purchases" AS "p"
  JOIN "buyers" AS "b"
    ON "b"."buyer" = "p"."buyer"
  WHERE
    "p"."day" BETWEEN $first AND $last
), "periods" AS (
  SELECT
    'week' AS "grain",
    CAST(DATE_TRUNC('WEEK', "day") AS DATE) AS "period",
    CAST(DATE_TRUNC('WEEK', "first_day") AS DATE) AS "cohort",
    "number",
    "channel",
    "currency",
    "gmv"
  FROM "dated"
  UNION ALL
  SELECT
    'month',
    CAST(DATE_TRUNC('MONTH', "day") AS DATE),
    CAST(DATE_TRUNC('MONTH', "first_day") AS DATE),
    "number",
    "channel",
    "currency",
    "gmv"
  FROM "dated"
), "summed" AS (
  SELECT
    "grain",
    "period",
    "cohort",
    "number",
    "channel",
    "currency",
    COUNT(*) AS "orders",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "periods"
  GROUP BY
    "grain",
    "period",
    "cohort",
    "number",
    "channel",
    "currency"
)
SELECT
  "s"."grain",
  "s"."period",
  "s"."cohort",
  "s"."number",
  "b"."buyer",
  "s"."channel",
  "s"."currency",
  "s"."orders",
  "s"."gmv"
FROM "summed" AS "s"
JOIN "buyers" AS "b"
  ON "b"."number" = "s"."number"
ORDER BY
  "s"."grain",
  "s"."period",
  "s"."number",
  "s"."channel",
  "s"."currency"
