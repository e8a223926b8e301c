-- Of ../customers_new_returning.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "dated" AS (
  SELECT
    "p"."day",
    "b"."first_day",
    "b"."number",
    "p"."channel",
    "p"."currency",
    "p"."gmv"
  FROM "purchases" AS "p"
  LEFT JOIN "buyers" AS "b"
    ON "b"."buyer" = "p"."buyer"
  WHERE
    "p"."day" BETWEEN $first AND $last
), "periods" AS (
  SELECT
    'day' AS "grain",
    "day" AS "period",
    "first_day" AS "first_period",
    "number",
    "channel",
    "currency",
    "gmv"
  FROM "dated"
  UNION ALL
  SELECT
    'week',
    CAST(DATE_TRUNC('WEEK', "day") AS DATE),
    CAST(DATE_TRUNC('WEEK', "first_day") AS DATE),
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
), "in_channels" AS (
  SELECT
    "grain",
    "period",
    "first_period",
    "number",
    "channel",
    "currency",
    COUNT(*) AS "orders",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "periods"
  GROUP BY
    "grain",
    "period",
    "first_period",
    "number",
    "channel",
    "currency"
), "in_all" AS (
  SELECT
    "grain",
    "period",
    "first_period",
    "number",
    "currency",
    CAST(SUM("orders") AS BIGINT) AS "orders",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "in_channels"
  GROUP BY
    "grain",
    "period",
    "first_period",
    "number",
    "currency"
), "each_buyer" AS (
  SELECT
    "grain",
    "period",
    "first_period",
    "channel",
    "currency",
    "orders",
    "gmv"
  FROM "in_channels"
  UNION ALL
  SELECT
    "grain",
    "period",
    "first_period",
    '*',
    "currency",
    "orders",
    "gmv"
  FROM "in_all"
)
SELECT
  "grain",
  "period",
  "channel",
  "currency",
  COUNT(CASE WHEN "first_period" = "period" THEN 1 END) AS "new",
  COUNT(CASE WHEN "first_period" < "period" THEN 1 END) AS "returning",
  CAST(SUM("orders") AS BIGINT) AS "orders",
  CAST(SUM("gmv") AS BIGINT) AS "gmv",
  CAST(SUM(CASE WHEN "first_period" = "period" THEN "orders" ELSE 0 END) AS BIGINT) AS "new_orders",
  CAST(SUM(CASE WHEN "first_period" = "period" THEN "gmv" ELSE 0 END) AS BIGINT) AS "new_gmv",
  CAST(SUM(CASE WHEN "first_period" IS NULL THEN 0 ELSE "orders" END) AS BIGINT) AS "known_orders"
FROM "each_buyer"
GROUP BY
  "grain",
  "period",
  "channel",
  "currency"
ORDER BY
  "grain",
  "period",
  "channel",
  "currency"
