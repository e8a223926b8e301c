-- Of ../sku_sales.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "ordered" AS (
  SELECT
    "sku",
    COUNT(DISTINCT "subject") AS "orders"
  FROM "facts"
  WHERE
    "kind" = 'sold' AND "day" BETWEEN $first AND $last
  GROUP BY
    "sku"
), "left_stock" AS (
  SELECT
    "sku",
    COUNT(*) AS "delivered"
  FROM "facts"
  WHERE
    "kind" = 'delivered'
    AND "reason" <> 'replacement'
    AND "day" BETWEEN $first AND $last
    AND DATE_DIFF('DAY', DATE_TRUNC('DAY', "day"), DATE_TRUNC('DAY', CAST($last AS DATE))) < $speed
  GROUP BY
    "sku"
)
SELECT
  COALESCE("o"."sku", "l"."sku") AS "sku",
  COALESCE("o"."orders", 0) AS "orders",
  COALESCE("l"."delivered", 0) AS "delivered"
FROM "ordered" AS "o"
FULL OUTER JOIN "left_stock" AS "l"
  ON "l"."sku" = "o"."sku"
ORDER BY
  1
