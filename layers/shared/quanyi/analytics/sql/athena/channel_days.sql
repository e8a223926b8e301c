-- Of ../channel_days.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "sold" AS (
  SELECT
    "day",
    "channel",
    "currency",
    COUNT(DISTINCT "subject") AS "orders",
    SUM("amount") AS "gmv",
    0 AS "margin",
    0 AS "spend"
  FROM "facts"
  WHERE
    "kind" = 'sold' AND "day" BETWEEN $first AND $last
  GROUP BY
    "day",
    "channel",
    "currency"
), "booked" AS (
  SELECT
    "day",
    "channel",
    "currency",
    0 AS "orders",
    0 AS "gmv",
    -SUM("amount") AS "margin",
    0 AS "spend"
  FROM "facts"
  WHERE
    "kind" = 'posted'
    AND "day" BETWEEN $first AND $last
    AND (
      "account" LIKE 'revenue:%' OR "account" IN ('cost', 'loss', 'fees')
    )
  GROUP BY
    "day",
    "channel",
    "currency"
), "spent" AS (
  SELECT
    "day",
    "channel",
    "currency",
    0 AS "orders",
    0 AS "gmv",
    0 AS "margin",
    SUM("amount") AS "spend"
  FROM "spend"
  WHERE
    "day" BETWEEN $first AND $last
  GROUP BY
    "day",
    "channel",
    "currency"
), "together" AS (
  SELECT
    "day",
    "channel",
    "currency",
    "orders",
    "gmv",
    "margin",
    "spend"
  FROM "sold"
  UNION ALL
  SELECT
    "day",
    "channel",
    "currency",
    "orders",
    "gmv",
    "margin",
    "spend"
  FROM "booked"
  UNION ALL
  SELECT
    "day",
    "channel",
    "currency",
    "orders",
    "gmv",
    "margin",
    "spend"
  FROM "spent"
)
SELECT
  "day",
  "channel",
  "currency",
  CAST(SUM("orders") AS BIGINT) AS "orders",
  CAST(SUM("gmv") AS BIGINT) AS "gmv",
  CAST(SUM("margin") AS BIGINT) AS "margin",
  CAST(SUM("spend") AS BIGINT) AS "spend"
FROM "together"
GROUP BY
  "day",
  "channel",
  "currency"
ORDER BY
  "day",
  "channel",
  "currency"
