-- Of ../customers_active.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "bought" AS (
  SELECT
    "buyer",
    "channel",
    "currency",
    "day",
    COUNT(*) AS "orders",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "purchases"
  WHERE
    "buyer" <> '' AND "day" BETWEEN $first AND $last
  GROUP BY
    "buyer",
    "channel",
    "currency",
    "day"
), "firsts" AS (
  SELECT
    "buyer",
    MIN("day") AS "first_day"
  FROM "purchases"
  WHERE
    "buyer" <> '' AND "day" <= $last
  GROUP BY
    "buyer"
), "periods" AS (
  SELECT
    'week' AS "grain",
    CAST(DATE_TRUNC('WEEK', "day") AS DATE) AS "period",
    "buyer",
    "channel",
    "currency",
    "orders",
    "gmv"
  FROM "bought"
  UNION ALL
  SELECT
    'month',
    CAST(DATE_TRUNC('MONTH', "day") AS DATE),
    "buyer",
    "channel",
    "currency",
    "orders",
    "gmv"
  FROM "bought"
), "summed" AS (
  SELECT
    "grain",
    "period",
    "buyer",
    COALESCE("channel", '*') AS "channel",
    COALESCE("currency", '*') AS "currency",
    CAST(SUM("orders") AS BIGINT) AS "orders",
    CASE WHEN "currency" IS NULL THEN NULL ELSE CAST(SUM("gmv") AS BIGINT) END AS "gmv"
  FROM "periods"
  GROUP BY
    GROUPING SETS (
      ("grain", "period", "buyer", "channel", "currency"),
      ("grain", "period", "buyer", "currency"),
      ("grain", "period", "buyer")
    )
)
SELECT
  "s"."grain",
  "s"."period",
  CASE
    WHEN "s"."grain" = 'week'
    THEN CAST(DATE_TRUNC('WEEK', "f"."first_day") AS DATE)
    ELSE CAST(DATE_TRUNC('MONTH', "f"."first_day") AS DATE)
  END AS "cohort",
  "s"."channel",
  "s"."currency",
  "s"."buyer",
  "s"."orders",
  "s"."gmv"
FROM "summed" AS "s"
JOIN "firsts" AS "f"
  ON "f"."buyer" = "s"."buyer"
ORDER BY
  "s"."grain",
  "s"."period",
  "s"."channel",
  "s"."currency",
  "cohort",
  "s"."buyer"
