-- Of ../payments_daily.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "entries" AS (
  SELECT
    "day",
    "channel",
    "subject",
    "at",
    "currency",
    MAX(CASE WHEN "account" LIKE 'provider:%' THEN SUBSTR("account", 10) END) AS "provider",
    SUM("amount") AS "amount"
  FROM "facts"
  WHERE
    "kind" = 'posted'
    AND "day" BETWEEN $first AND $last
    AND (
      "account" LIKE 'provider:%' OR "account" = 'fees'
    )
    AND "medium" <> 'came_back'
  GROUP BY
    "day",
    "channel",
    "subject",
    "at",
    "currency"
), "happened" AS (
  SELECT
    "day",
    "channel",
    "provider",
    "currency",
    CASE WHEN "kind" = 'tried' THEN 'tried' ELSE 'refused' END AS "outcome",
    "reason",
    "subject",
    "amount"
  FROM "facts"
  WHERE
    "kind" IN ('tried', 'try_refused') AND "day" BETWEEN $first AND $last
  UNION ALL
  SELECT
    "day",
    "channel",
    "provider",
    "currency",
    'paid',
    '',
    "subject",
    "amount"
  FROM "entries"
  WHERE
    "amount" > 0 AND NOT "provider" IS NULL
), "counted" AS (
  SELECT
    "day",
    "channel",
    "provider",
    "currency",
    "outcome",
    "reason",
    COUNT(DISTINCT "subject") AS "orders",
    COUNT(*) AS "times",
    SUM("amount") AS "amount"
  FROM "happened"
  GROUP BY
    "day",
    "channel",
    "provider",
    "currency",
    "outcome",
    "reason"
), "beside" AS (
  SELECT
    *,
    MAX(CASE WHEN "outcome" = 'tried' THEN "orders" END) OVER (PARTITION BY "day", "channel", "provider", "currency") AS "tried"
  FROM "counted"
)
SELECT
  "day",
  "channel",
  "provider",
  "currency",
  "outcome",
  "reason",
  "orders",
  "times",
  CAST("amount" AS BIGINT) AS "amount",
  CAST(ROUND(CAST("orders" * 10000.0 AS DOUBLE) / "tried") AS BIGINT) AS "share_bp"
FROM "beside"
ORDER BY
  1,
  2,
  3,
  4,
  5,
  6
