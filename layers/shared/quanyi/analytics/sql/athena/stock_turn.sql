-- Of ../stock_turn.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "counts" AS (
  SELECT
    "day",
    "product",
    "sku",
    "currency",
    "quantity",
    "amount"
  FROM "facts"
  WHERE
    "kind" = 'stocked' AND "day" BETWEEN $first AND $last
), "known" AS (
  SELECT
    COUNT(DISTINCT "day") AS "counted_days",
    MAX("day") AS "last_day"
  FROM "counts"
), "stocks" AS (
  SELECT
    "c"."sku",
    "c"."currency",
    MAX("c"."product") AS "product",
    CAST(SUM("c"."quantity") AS BIGINT) AS "unit_days",
    CAST(SUM("c"."amount") AS BIGINT) AS "value_days",
    CAST(SUM(CASE WHEN "c"."day" = "k"."last_day" THEN "c"."quantity" ELSE 0 END) AS BIGINT) AS "units",
    CAST(SUM(CASE WHEN "c"."day" = "k"."last_day" THEN "c"."amount" ELSE 0 END) AS BIGINT) AS "value"
  FROM "counts" AS "c"
  CROSS JOIN "known" AS "k"
  WHERE
    "c"."sku" <> ''
  GROUP BY
    "c"."sku",
    "c"."currency"
), "losses" AS (
  SELECT
    "sku",
    "currency",
    MAX("product") AS "product",
    CAST(SUM("quantity") AS BIGINT) AS "expired_units",
    CAST(SUM("amount") AS BIGINT) AS "expired_cost"
  FROM "facts"
  WHERE
    "kind" = 'expired' AND "day" BETWEEN $first AND $last
  GROUP BY
    "sku",
    "currency"
), "moved" AS (
  SELECT
    "sku",
    CAST(SUM("quantity") AS BIGINT) AS "units_out"
  FROM "facts"
  WHERE
    "kind" = 'delivered' AND "day" BETWEEN $first AND $last
  GROUP BY
    "sku"
), "whole" AS (
  SELECT
    "sku",
    CAST(SUM("unit_days") AS BIGINT) AS "unit_days"
  FROM "stocks"
  GROUP BY
    "sku"
), "joined" AS (
  SELECT
    COALESCE("s"."product", "l"."product") AS "product",
    COALESCE("s"."sku", "l"."sku") AS "sku",
    COALESCE("s"."currency", "l"."currency") AS "currency",
    COALESCE("s"."units", 0) AS "units",
    COALESCE("s"."value", 0) AS "value",
    COALESCE("s"."value_days", 0) AS "value_days",
    COALESCE("l"."expired_units", 0) AS "expired_units",
    COALESCE("l"."expired_cost", 0) AS "expired_cost"
  FROM "stocks" AS "s"
  FULL JOIN "losses" AS "l"
    ON "l"."sku" = "s"."sku" AND "l"."currency" = "s"."currency"
)
SELECT
  "j"."product",
  "j"."sku",
  "j"."currency",
  "k"."counted_days",
  COALESCE(CAST("w"."unit_days" AS DOUBLE) / NULLIF("k"."counted_days", 0), 0) AS "average_units",
  COALESCE("m"."units_out", 0) AS "units_out",
  CAST(CAST("m"."units_out" AS DOUBLE) * "k"."counted_days" AS DOUBLE) / NULLIF("w"."unit_days", 0) AS "turn",
  CAST(CAST(DATE_DIFF(
    'DAY',
    DATE_TRUNC('DAY', CAST($first AS DATE)),
    DATE_TRUNC('DAY', CAST($last AS DATE))
  ) + 1 AS DOUBLE) * "w"."unit_days" AS DOUBLE) / NULLIF(CAST("m"."units_out" AS DOUBLE) * "k"."counted_days", 0) AS "turnover_days",
  "j"."units",
  "j"."value",
  COALESCE(CAST("j"."value_days" AS DOUBLE) / NULLIF("k"."counted_days", 0), 0) AS "average_value",
  "j"."expired_units",
  "j"."expired_cost"
FROM "joined" AS "j"
CROSS JOIN "known" AS "k"
LEFT JOIN "whole" AS "w"
  ON "w"."sku" = "j"."sku"
LEFT JOIN "moved" AS "m"
  ON "m"."sku" = "j"."sku"
ORDER BY
  "j"."product",
  "j"."sku",
  "j"."currency"
