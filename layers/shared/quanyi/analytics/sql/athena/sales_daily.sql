-- Of ../sales_daily.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "sold" AS (
  SELECT
    "day",
    "channel",
    "product",
    "currency",
    SUM("amount") AS "gmv",
    COUNT(DISTINCT "subject") AS "orders",
    SUM("quantity") AS "units",
    COUNT(DISTINCT CASE WHEN "buyer" <> '' THEN "buyer" END) AS "buyers"
  FROM "facts"
  WHERE
    "kind" = 'sold' AND "day" BETWEEN $first AND $last
  GROUP BY
    "day",
    "channel",
    "product",
    "currency"
), "entries" AS (
  SELECT
    "day",
    "channel",
    "subject",
    "at",
    "product",
    "currency",
    SUM(CASE WHEN "account" LIKE 'revenue:%' THEN -"amount" ELSE 0 END) AS "revenue",
    SUM(CASE WHEN "account" IN ('cost', 'loss') THEN "amount" ELSE 0 END) AS "cost",
    SUM(CASE WHEN "account" = 'fees' THEN "amount" ELSE 0 END) AS "fees",
    SUM(
      CASE
        WHEN "account" IN ('owed', 'surplus') OR "account" LIKE 'revenue:%'
        THEN "amount"
        ELSE 0
      END
    ) AS "settled",
    SUM(
      CASE
        WHEN "medium" = 'came_back' AND "account" LIKE 'provider:%'
        THEN "amount"
        ELSE 0
      END
    ) AS "came_back"
  FROM "facts"
  WHERE
    "kind" = 'posted' AND "day" BETWEEN $first AND $last
  GROUP BY
    "day",
    "channel",
    "subject",
    "at",
    "product",
    "currency"
), "backs" AS (
  SELECT
    "day",
    "channel",
    "currency",
    CASE WHEN MIN("product") = MAX("product") THEN MIN("product") ELSE '' END AS "product",
    CASE
      WHEN SUM("settled" + "came_back") > 0
      THEN SUM("settled" + "came_back")
      ELSE 0
    END - SUM("came_back") AS "refunds"
  FROM "entries"
  GROUP BY
    "day",
    "channel",
    "subject",
    "at",
    "currency"
), "money" AS (
  SELECT
    "day",
    "channel",
    "product",
    "currency",
    "revenue",
    "cost",
    "fees",
    0 AS "refunds"
  FROM "entries"
  UNION ALL
  SELECT
    "day",
    "channel",
    "product",
    "currency",
    0,
    0,
    0,
    "refunds"
  FROM "backs"
  WHERE
    "refunds" <> 0
), "booked" AS (
  SELECT
    "day",
    "channel",
    "product",
    "currency",
    SUM("revenue") AS "revenue",
    SUM("cost") AS "cost",
    SUM("fees") AS "fees",
    SUM("refunds") AS "refunds"
  FROM "money"
  GROUP BY
    "day",
    "channel",
    "product",
    "currency"
  HAVING
    SUM(ABS("revenue") + ABS("cost") + ABS("fees") + ABS("refunds")) > 0
)
SELECT
  COALESCE("sold"."day", "booked"."day") AS "day",
  COALESCE("sold"."channel", "booked"."channel") AS "channel",
  COALESCE("sold"."product", "booked"."product") AS "product",
  COALESCE("sold"."currency", "booked"."currency") AS "currency",
  CAST(COALESCE("gmv", 0) AS BIGINT) AS "gmv",
  COALESCE("orders", 0) AS "orders",
  CAST(COALESCE("units", 0) AS BIGINT) AS "units",
  COALESCE("buyers", 0) AS "buyers",
  CAST(COALESCE("revenue", 0) AS BIGINT) AS "revenue",
  CAST(COALESCE("cost", 0) AS BIGINT) AS "cost",
  CAST(COALESCE("fees", 0) AS BIGINT) AS "fees",
  CAST(COALESCE("refunds", 0) AS BIGINT) AS "refunds",
  CAST(COALESCE("revenue", 0) - COALESCE("cost", 0) - COALESCE("fees", 0) AS BIGINT) AS "margin"
FROM "sold"
FULL OUTER JOIN "booked"
  ON "sold"."day" = "booked"."day"
  AND "sold"."channel" = "booked"."channel"
  AND "sold"."product" = "booked"."product"
  AND "sold"."currency" = "booked"."currency"
ORDER BY
  1,
  2,
  3,
  4
