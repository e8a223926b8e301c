-- Of ../products.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "lines" AS (
  SELECT
    "subject",
    "buyer",
    "product",
    "sku",
    "currency",
    CAST(SUM("quantity") AS BIGINT) AS "units",
    CAST(SUM("amount") AS BIGINT) AS "gmv"
  FROM "facts"
  WHERE
    "kind" = 'sold'
    AND "day" BETWEEN $first AND $last
    AND STRPOS(
      $without,
      CONCAT(CAST(',' AS VARCHAR), CAST("channel" AS VARCHAR), CAST(',' AS VARCHAR))
    ) = 0
  GROUP BY
    "subject",
    "buyer",
    "product",
    "sku",
    "currency"
), "each_buyer" AS (
  SELECT
    "product",
    "sku",
    "currency",
    "buyer",
    COUNT(*) AS "orders",
    CAST(SUM("units") AS BIGINT) AS "units",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "lines"
  GROUP BY
    "product",
    "sku",
    "currency",
    "buyer"
  UNION ALL
  SELECT
    "product",
    '*',
    "currency",
    "buyer",
    COUNT(DISTINCT "subject"),
    CAST(SUM("units") AS BIGINT),
    CAST(SUM("gmv") AS BIGINT)
  FROM "lines"
  GROUP BY
    "product",
    "currency",
    "buyer"
), "sold" AS (
  SELECT
    "product",
    "sku",
    "currency",
    CAST(SUM("orders") AS BIGINT) AS "orders",
    CAST(SUM("units") AS BIGINT) AS "units",
    CAST(SUM("gmv") AS BIGINT) AS "gmv",
    COUNT(CASE WHEN "buyer" <> '' THEN 1 END) AS "buyers",
    COUNT(CASE WHEN "buyer" <> '' AND "orders" > 1 THEN 1 END) AS "repeat_buyers"
  FROM "each_buyer"
  GROUP BY
    "product",
    "sku",
    "currency"
), "booked" AS (
  SELECT
    "product",
    COALESCE("sku", '*') AS "sku",
    "currency",
    CAST(SUM(CASE WHEN "account" LIKE 'revenue:%' AND "amount" < 0 THEN -"amount" ELSE 0 END) AS BIGINT) AS "delivered",
    CAST(SUM(CASE WHEN "account" LIKE 'revenue:%' AND "amount" > 0 THEN "amount" ELSE 0 END) AS BIGINT) AS "returned",
    CAST(SUM(CASE WHEN "account" = 'cost' THEN "amount" ELSE 0 END) AS BIGINT) AS "cost",
    CAST(SUM(CASE WHEN "account" = 'loss' THEN "amount" ELSE 0 END) AS BIGINT) AS "loss"
  FROM "facts"
  WHERE
    "kind" = 'posted'
    AND NOT "line" IS NULL
    AND "day" BETWEEN $first AND $last
    AND (
      "account" IN ('cost', 'loss') OR "account" LIKE 'revenue:%'
    )
    AND STRPOS(
      $without,
      CONCAT(CAST(',' AS VARCHAR), CAST("channel" AS VARCHAR), CAST(',' AS VARCHAR))
    ) = 0
  GROUP BY
    GROUPING SETS (
      ("product", "sku", "currency"),
      ("product", "currency")
    )
)
SELECT
  COALESCE("s"."product", "b"."product") AS "product",
  COALESCE("s"."sku", "b"."sku") AS "sku",
  COALESCE("s"."currency", "b"."currency") AS "currency",
  COALESCE("s"."orders", 0) AS "orders",
  COALESCE("s"."units", 0) AS "units",
  COALESCE("s"."gmv", 0) AS "gmv",
  COALESCE("s"."buyers", 0) AS "buyers",
  COALESCE("s"."repeat_buyers", 0) AS "repeat_buyers",
  CAST("s"."repeat_buyers" AS DOUBLE) / NULLIF("s"."buyers", 0) AS "repurchase_rate",
  COALESCE("b"."delivered", 0) AS "delivered",
  COALESCE("b"."returned", 0) AS "returned",
  COALESCE("b"."delivered" - "b"."returned", 0) AS "revenue",
  COALESCE("b"."cost", 0) AS "cost",
  COALESCE("b"."loss", 0) AS "loss",
  COALESCE("b"."delivered" - "b"."returned" - "b"."cost" - "b"."loss", 0) AS "margin"
FROM "sold" AS "s"
FULL JOIN "booked" AS "b"
  ON "b"."product" = "s"."product"
  AND "b"."sku" = "s"."sku"
  AND "b"."currency" = "s"."currency"
ORDER BY
  3,
  6 DESC,
  1,
  2
