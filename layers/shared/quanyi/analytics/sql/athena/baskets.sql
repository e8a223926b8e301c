-- Of ../baskets.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "bought" AS (
  SELECT DISTINCT
    "subject",
    "buyer",
    "sku",
    "day"
  FROM "facts"
  WHERE
    "kind" = 'sold'
    AND "day" BETWEEN $first AND $last
    AND STRPOS(
      $without,
      CONCAT(CAST(',' AS VARCHAR), CAST("channel" AS VARCHAR), CAST(',' AS VARCHAR))
    ) = 0
), "days" AS (
  SELECT DISTINCT
    "buyer",
    "sku",
    "day"
  FROM "bought"
  WHERE
    "buyer" <> ''
), "totals" AS (
  SELECT
    'order' AS "scope",
    COUNT(DISTINCT "subject") AS "total"
  FROM "bought"
  UNION ALL
  SELECT
    'buyer',
    COUNT(DISTINCT "buyer")
  FROM "days"
), "singles" AS (
  SELECT
    'order' AS "scope",
    "sku",
    COUNT(*) AS "times"
  FROM "bought"
  GROUP BY
    "sku"
  UNION ALL
  SELECT
    'buyer',
    "sku",
    COUNT(DISTINCT "buyer")
  FROM "days"
  GROUP BY
    "sku"
), "often" AS (
  SELECT
    "scope",
    "sku",
    "times"
  FROM "singles"
  WHERE
    "times" >= $at_least
), "in_orders" AS (
  SELECT
    "b"."subject",
    "b"."sku"
  FROM "bought" AS "b"
  JOIN "often" AS "o"
    ON "o"."scope" = 'order' AND "o"."sku" = "b"."sku"
), "many_in_order" AS (
  SELECT
    "subject"
  FROM "in_orders"
  GROUP BY
    "subject"
  HAVING
    COUNT(*) > 1
), "order_lists" AS (
  SELECT
    "i"."subject",
    "i"."sku"
  FROM "in_orders" AS "i"
  JOIN "many_in_order" AS "m"
    ON "m"."subject" = "i"."subject"
), "of_buyers" AS (
  SELECT
    "d"."buyer",
    "d"."sku",
    "d"."day"
  FROM "days" AS "d"
  JOIN "often" AS "o"
    ON "o"."scope" = 'buyer' AND "o"."sku" = "d"."sku"
), "buyer_pairs" AS (
  SELECT DISTINCT
    "x"."buyer",
    "x"."sku" AS "a",
    "y"."sku" AS "b"
  FROM "of_buyers" AS "x"
  JOIN "of_buyers" AS "y"
    ON "y"."buyer" = "x"."buyer" AND "y"."sku" > "x"."sku"
  WHERE
    ABS(DATE_DIFF('DAY', DATE_TRUNC('DAY', "x"."day"), DATE_TRUNC('DAY', "y"."day"))) <= $days
), "pairs" AS (
  SELECT
    'order' AS "scope",
    "x"."sku" AS "a",
    "y"."sku" AS "b",
    COUNT(*) AS "together"
  FROM "order_lists" AS "x"
  JOIN "order_lists" AS "y"
    ON "y"."subject" = "x"."subject" AND "y"."sku" > "x"."sku"
  GROUP BY
    "x"."sku",
    "y"."sku"
  UNION ALL
  SELECT
    'buyer',
    "a",
    "b",
    COUNT(*)
  FROM "buyer_pairs"
  GROUP BY
    "a",
    "b"
)
SELECT
  "p"."scope",
  "p"."a",
  "p"."b",
  "p"."together",
  "x"."times" AS "with_a",
  "y"."times" AS "with_b",
  "t"."total",
  CAST("p"."together" AS DOUBLE) / "t"."total" AS "support",
  CAST("p"."together" AS DOUBLE) / "x"."times" AS "a_to_b",
  CAST("p"."together" AS DOUBLE) / "y"."times" AS "b_to_a",
  CAST(CAST("p"."together" AS DOUBLE) * "t"."total" AS DOUBLE) / (
    CAST("x"."times" AS DOUBLE) * "y"."times"
  ) AS "lift"
FROM "pairs" AS "p"
JOIN "often" AS "x"
  ON "x"."scope" = "p"."scope" AND "x"."sku" = "p"."a"
JOIN "often" AS "y"
  ON "y"."scope" = "p"."scope" AND "y"."sku" = "p"."b"
JOIN "totals" AS "t"
  ON "t"."scope" = "p"."scope"
WHERE
  "p"."together" >= $at_least
ORDER BY
  "p"."scope",
  "p"."together" DESC,
  "p"."a",
  "p"."b"
