-- Of ../customers_new_returning.sql, whose header tells the definition, by `python -m tools.athena_sql`.
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
    "day" BETWEEN $first AND $last
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
), "dated" AS (
  SELECT
    "b".*,
    "f"."first_day"
  FROM "bought" AS "b"
  LEFT JOIN "firsts" AS "f"
    ON "f"."buyer" = "b"."buyer"
), "periods" AS (
  SELECT
    'day' AS "grain",
    "day" AS "period",
    "buyer",
    "channel",
    "currency",
    "first_day",
    "orders",
    "gmv"
  FROM "dated"
  UNION ALL
  SELECT
    'week',
    CAST(DATE_TRUNC('WEEK', "day") AS DATE),
    "buyer",
    "channel",
    "currency",
    CAST(DATE_TRUNC('WEEK', "first_day") AS DATE),
    "orders",
    "gmv"
  FROM "dated"
  UNION ALL
  SELECT
    'month',
    CAST(DATE_TRUNC('MONTH', "day") AS DATE),
    "buyer",
    "channel",
    "currency",
    CAST(DATE_TRUNC('MONTH', "first_day") AS DATE),
    "orders",
    "gmv"
  FROM "dated"
), "each_buyer" AS (
  SELECT
    "grain",
    "period",
    "channel",
    "currency",
    "buyer",
    MIN("first_day") AS "first_day",
    CAST(SUM("orders") AS BIGINT) AS "orders",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "periods"
  GROUP BY
    GROUPING SETS (
      ("grain", "period", "channel", "currency", "buyer"),
      ("grain", "period", "currency", "buyer")
    )
)
SELECT
  "grain",
  "period",
  COALESCE("channel", '*') AS "channel",
  "currency",
  COUNT(CASE WHEN "first_day" = "period" THEN 1 END) AS "new",
  COUNT(CASE WHEN "first_day" < "period" THEN 1 END) AS "returning",
  CAST(SUM("orders") AS BIGINT) AS "orders",
  CAST(SUM("gmv") AS BIGINT) AS "gmv",
  CAST(SUM(CASE WHEN "first_day" = "period" THEN "orders" ELSE 0 END) AS BIGINT) AS "new_orders",
  CAST(SUM(CASE WHEN "first_day" = "period" THEN "gmv" ELSE 0 END) AS BIGINT) AS "new_gmv",
  CAST(SUM(CASE WHEN "first_day" IS NULL THEN 0 ELSE "orders" END) AS BIGINT) AS "known_orders"
FROM "each_buyer"
GROUP BY
  "grain",
  "period",
  COALESCE("channel", '*'),
  "currency"
ORDER BY
  "grain",
  "period",
  "channel",
  "currency"
