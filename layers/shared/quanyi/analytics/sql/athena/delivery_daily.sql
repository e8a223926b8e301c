-- Of ../delivery_daily.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "waits" AS (
  SELECT
    "day",
    "channel",
    "product",
    "reason",
    "seconds",
    COUNT(*) AS "units"
  FROM "facts"
  WHERE
    "kind" = 'delivered' AND NOT "seconds" IS NULL AND "day" BETWEEN $first AND $last
  GROUP BY
    "day",
    "channel",
    "product",
    "reason",
    "seconds"
), "ranked" AS (
  SELECT
    "day",
    "channel",
    "product",
    "reason",
    "seconds",
    "units",
    SUM("units") OVER (PARTITION BY "day", "channel", "product", "reason" ORDER BY "seconds") AS "up_to",
    SUM("units") OVER (PARTITION BY "day", "channel", "product", "reason") AS "whole"
  FROM "waits"
)
SELECT
  "day",
  "channel",
  "product",
  "reason",
  CAST(SUM("units") AS BIGINT) AS "units",
  MIN(CASE WHEN "up_to" * 100 >= "whole" * 50 THEN "seconds" END) AS "p50_seconds",
  MIN(CASE WHEN "up_to" * 100 >= "whole" * 90 THEN "seconds" END) AS "p90_seconds",
  MIN(CASE WHEN "up_to" * 100 >= "whole" * 95 THEN "seconds" END) AS "p95_seconds",
  MIN(CASE WHEN "up_to" * 100 >= "whole" * 99 THEN "seconds" END) AS "p99_seconds",
  MAX("seconds") AS "most_seconds"
FROM "ranked"
GROUP BY
  "day",
  "channel",
  "product",
  "reason"
ORDER BY
  1,
  2,
  3,
  4
