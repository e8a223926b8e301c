-- Of ../service_level.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "units" AS (
  SELECT
    "product",
    "sku",
    "channel",
    CASE WHEN "kind" = 'delivered' AND "medium" = 'in_time' THEN "quantity" ELSE 0 END AS "in_time",
    CASE WHEN "kind" = 'delivered' AND "medium" = 'late' THEN "quantity" ELSE 0 END AS "late",
    CASE WHEN "kind" = 'undelivered' THEN "quantity" ELSE 0 END AS "unserved",
    0 AS "bought"
  FROM "facts"
  WHERE
    "day" BETWEEN $first AND $last
    AND (
      (
        "kind" = 'delivered' AND "medium" IN ('in_time', 'late')
      )
      OR (
        "kind" = 'undelivered' AND "reason" = 'out of stock'
      )
    )
), "purchased" AS (
  SELECT
    "product",
    "sku",
    0 AS "in_time",
    0 AS "late",
    0 AS "unserved",
    CASE WHEN "kind" = 'purchase_ended' THEN "quantity" ELSE -"quantity" END AS "bought"
  FROM "facts"
  WHERE
    "day" BETWEEN $first AND $last
    AND "kind" IN ('purchase_ended', 'purchase_missed')
    AND "source" IN ('order', 'topup')
), "sliced" AS (
  SELECT
    "product",
    "sku",
    "channel",
    "in_time",
    "late",
    "unserved",
    "bought"
  FROM "units"
  UNION ALL
  SELECT
    "product",
    "sku",
    '*',
    "in_time",
    "late",
    "unserved",
    "bought"
  FROM "units"
  UNION ALL
  SELECT
    '',
    '*',
    "channel",
    "in_time",
    "late",
    "unserved",
    "bought"
  FROM "units"
  UNION ALL
  SELECT
    '',
    '*',
    '*',
    "in_time",
    "late",
    "unserved",
    "bought"
  FROM "units"
  UNION ALL
  SELECT
    "product",
    "sku",
    '*',
    "in_time",
    "late",
    "unserved",
    "bought"
  FROM "purchased"
  UNION ALL
  SELECT
    '',
    '*',
    '*',
    "in_time",
    "late",
    "unserved",
    "bought"
  FROM "purchased"
), "summed" AS (
  SELECT
    "product",
    "sku",
    "channel",
    CAST(SUM("in_time") AS BIGINT) AS "in_time",
    CAST(SUM("late") AS BIGINT) AS "late",
    CAST(SUM("unserved") AS BIGINT) AS "unserved",
    CAST(SUM("bought") AS BIGINT) AS "bought"
  FROM "sliced"
  GROUP BY
    "product",
    "sku",
    "channel"
)
SELECT
  "product",
  "sku",
  "channel",
  "in_time" + "late" + "unserved" AS "demand",
  "in_time",
  "late",
  "unserved",
  CAST(FLOOR(
    CAST("in_time" * 10000.0 AS DOUBLE) / NULLIF("in_time" + "late" + "unserved", 0) + 0.5
  ) AS BIGINT) AS "service_bp",
  CASE WHEN "channel" = '*' THEN "bought" END AS "bought"
FROM "summed"
ORDER BY
  "sku",
  "product",
  "channel"
